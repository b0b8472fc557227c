"""For teams on pytest: fixtures of a server, a job and its stream, on which every rule has judged when the test ends.

``pytest_plugins = ["support.pytest_plugin"]`` in a ``conftest.py`` gets them: docs/PYTEST.md. It is no entry point:
nothing of it runs where nobody has asked for it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Generator, Iterator

import pytest

from support.errors import FocusError, MachineStoodStillError
from support.run import Run
from support.screen.job import Job
from support.screen.overlooked import Overlooked
from support.screen.past import NothingRecordedError
from support.screen.streaming import Streaming
from support.server.under_test import ServerUnderTest
from support.world import World

_STREAMS = ("live_stream", "historic_stream")
"""Fixtures of a stream: a test that has one of them has to receive something."""

_PAST = 3.0
"""Seconds of a recording that are shown where a test does not say."""

_OF_TEST = pytest.StashKey[tuple[Run, World]]()
_TOLD = pytest.StashKey[int]()
"""How much of what was found in the run has been told by a test."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings on the command line."""
    parser.getgroup("focus", "Focus Server").addoption(
        "--focus",
        action="append",
        default=[],
        metavar="SETTING=VALUE",
        help="a setting of the acceptance suite, as `behave -D` has it; can be given again",
    )


@pytest.fixture(scope="session")
def focus_run(pytestconfig: pytest.Config) -> Iterator[Run]:
    """Settings and server of the session: from ``--focus``, then ``FOCUS_...``, then a file in ``environments/``.

    Where they allow no verdict, every test that needs them ends as an error with the reason in a sentence.
    """
    try:
        run = Run(dict(_pair(text) for text in pytestconfig.getoption("focus")), os.environ)
    except FocusError as error:
        pytest.fail(f"NOT READY: {error}", pytrace=False)
    run.overlooked.add_of_server(run.server.unasked())
    yield run
    for sentence in run.close(alone=False):
        warnings.warn(f"left behind: {sentence}", stacklevel=1)


@pytest.fixture(scope="session")
def focus_server(focus_run: Run) -> ServerUnderTest:
    """The server under test: the one of the settings, or else the embedded one."""
    return focus_run.server


@pytest.fixture
def focus_world(focus_run: Run, request: pytest.FixtureRequest) -> Iterator[World]:
    """All that a scenario can do with the server; its jobs end with the test.

    Whatever the rules found about its jobs and streams, and the test has not asked about, fails the test.
    """
    world = focus_run.world()
    request.node.stash[_OF_TEST] = (focus_run, world)
    yield world
    world.close()


@pytest.fixture
def live_job(focus_world: World) -> Job:
    """A live job of the size that the settings say."""
    focus_world.configure_live_job()
    return focus_world.job


@pytest.fixture
def live_stream(focus_world: World, live_job: Job) -> Streaming:  # noqa: ARG001 - it is the job that is streamed
    """That job in a window: its client is connected, and what is streamed is judged."""
    focus_world.streaming.connect()
    return focus_world.streaming


@pytest.fixture
def historic_job(focus_world: World) -> Job:
    """A job that shows the last seconds of what the server has recorded; without a recording the test is skipped."""
    try:
        focus_world.configure_historic_job(focus_world.end_of_recording(_PAST))
    except NothingRecordedError as error:
        pytest.skip(str(error))
    return focus_world.job


@pytest.fixture
def historic_stream(focus_world: World, historic_job: Job) -> Streaming:  # noqa: ARG001 - likewise
    """That job in a window: its client is connected, and what is streamed is judged."""
    focus_world.streaming.connect()
    return focus_world.streaming


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """The verdict: in the test itself, so that what was found is its failure, and no error while it is cleaned up."""
    if _OF_TEST not in item.stash:
        yield
        return
    run, world = item.stash[_OF_TEST]
    try:
        yield
    except (Exception, pytest.fail.Exception):
        item.add_report_section("call", "found by the rules", "\n".join(_found(item, run, world).sentences()))
        raise
    found = _found(item, run, world)
    if sentences := found.sentences():
        pytest.fail("\n  - ".join(["the server breaks its promises:", *sentences]), pytrace=False)
    if doubtful := found.sentences(doubtful=True):
        raise MachineStoodStillError(f"the server cannot be judged by what this machine explains: {doubtful}")
    streams = isinstance(item, pytest.Function) and set(_STREAMS) & set(item.fixturenames)
    if streams and not any(one.verdict.rows for one in world.streaming.streams):
        pytest.fail("no row was received, so there is nothing to judge", pytrace=False)


def _found(item: pytest.Item, run: Run, world: World) -> Overlooked:
    """What was found in the run since the last test told it, and no test has asked about."""
    world.leave_unasked(item.name)
    found = run.overlooked.since(item.config.stash.get(_TOLD, 0))
    item.config.stash[_TOLD] = len(run.overlooked)
    return found


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
