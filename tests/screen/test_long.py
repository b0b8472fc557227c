"""A stream that is watched for long: what is slow, and here twenty times as quick, is found; the correct one is not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from support.contract import JobRequest
from support.focus_server_api import FocusServerAPI
from support.machine.usage import Memory
from support.screen.long import LEAK, Long
from support.screen.window import open_window
from support.server.embedded import EmbeddedServer
from support.settings import Settings

SECONDS, LONGER = 24.0, 60.0
"""The second for what shows in a rate, which the jitter of a busy machine moves by more in a second than in three."""

FOUND = {
    "": [],
    "frames-get-fewer=0.65": ["the frame rate fell steadily from"],
    "slow-lag=2.5": ["live data fall behind: their age grew by 0."],
    "picture-fades=2": ["the level of all sensors together fell steadily to 0.6"],
    "sensor-fades=5": ["the level of sensor 2 fell steadily to 0.3"],
}
"""What is told of servers with these faults."""

SETTINGS = Settings(max_pause=5, data_age_within=5, frame_rate_above=1)


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Long]]:
    """A long look at each of these servers, all at the same time."""
    with ExitStack() as cleanup:
        server = EmbeddedServer(log_file=tmp_path_factory.mktemp("long") / "simulator.log")
        cleanup.callback(server.stop)
        api = cleanup.enter_context(FocusServerAPI(server.rest_url))
        made = {}
        for fault in FOUND:
            server.deviate(faults=[fault] if fault else [])
            request = JobRequest(
                channels_min=0,
                channels_max=10,
                nfft=256,
                frequency_min=0,
                frequency_max=1000,
                display_duration=10,
                display_height=1000,
            )
            window = cleanup.enter_context(open_window(SETTINGS, api, request, 2000.0))
            window.connect()
            made[fault] = Long(window, LONGER) if "frames" in fault else Long(window, SECONDS, server.pid)
        with ThreadPoolExecutor(len(made)) as pool:
            for watching in [pool.submit(long.watch) for long in made.values()]:
                watching.result()
        yield made


@pytest.mark.parametrize("fault", FOUND)
def test_what_grows_slowly_is_told(looks: dict[str, Long], fault: str) -> None:
    told = [str(finding) for finding in looks[fault].findings]
    assert len(told) == len(FOUND[fault]), told
    assert all(words in sentence for words, sentence in zip(FOUND[fault], told, strict=True)), told


def test_memory_is_flat(looks: dict[str, Long]) -> None:
    for long in looks.values():
        if long.seconds == LONGER:  # for a minute the server fills what it keeps
            continue
        assert set(long.memory.growth) == {"this client", "the server"}
        long.check_memory()


def test_a_leak_is_ours_and_told(looks: dict[str, Long]) -> None:
    memory, kept = Memory({"this client": None}, every=0.0), []
    for _ in range(16):
        kept.append(bytearray(b"x" * (LEAK // 4)))
        memory.look()
    long = looks[""]
    before, long.memory = long.memory, memory
    with pytest.raises(RuntimeError, match=r"this client needs more and more memory: \d+ MiB in 24 s"):
        long.check_memory()
    long.memory = before


@pytest.mark.parametrize("when", range(16))
def test_a_single_step_is_no_leak(looks: dict[str, Long], when: int) -> None:
    memory, kept = Memory({"this client": None}, every=0.0), []
    for look in range(16):
        kept.append(bytearray(b"x" * 2 * LEAK if look == when else b""))
        memory.look()
    long = looks[""]
    before, long.memory = long.memory, memory
    long.check_memory()
    long.memory = before
