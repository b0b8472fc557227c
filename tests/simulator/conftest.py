"""Simulators to test against: one for the whole session where a test leaves nothing behind."""

from collections.abc import Iterator

import pytest

from tests.simulator.driver import Simulator, in_process, in_thread


@pytest.fixture(scope="session", params=["process", "thread"])
def simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A simulator with its defaults, once as the real process and once on a thread, where coverage sees it."""
    with in_process("--exit-on-stdin-eof") if request.param == "process" else in_thread() as running:
        yield running


@pytest.fixture(scope="session")
def threaded() -> Iterator[Simulator]:
    """A simulator with its defaults on a thread."""
    with in_thread() as running:
        yield running
