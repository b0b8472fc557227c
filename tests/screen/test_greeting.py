"""The dialect of a run: as the settings say, found out with a job of its own, or a reason not to run."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from support.errors import NotReadyError, SettingsError
from support.run import Run
from support.server.embedded import EmbeddedServer
from tests.conftest import Http
from tests.http_server import Answer
from tests.stream.servers import serving

FIBRE = [Answer(body={"prr": 2000}), Answer(body={"lowest_channel": 1, "highest_channel": 11})]


def job(port: int) -> Answer:
    frequencies = [k * 2000 / 1024 for k in range(256)]
    return Answer(
        body={
            "job_id": "1-2",
            "stream_url": "127.0.0.1",
            "stream_port": port,
            "channel_amount": 11,
            "channel_to_stream_index": dict.fromkeys(range(1, 12), 0),
            "frequencies_amount": len(frequencies),
            "frequencies_list": frequencies,
            "lines_dt": 0.01,
        }
    )


def test_it_is_found_out_with_a_job_that_is_over_then(embedded: EmbeddedServer) -> None:
    with closing(Run({"focus_server_url": embedded.rest_url}, {})) as run:
        assert run.describe()["dialect"] == "story (the server offers it, by reflection)"
        assert run.environment()["dialect"] == run.describe()["dialect"]
        assert run.settings.dialect == "story"
        [job_id] = run.server.job_ids
        assert run.server.api.metadata(job_id).status == "cancelled"


@pytest.mark.parametrize(
    ("dialect", "deviation", "found"),
    [
        ("story", "--fault=nan-value@job=1", "not finite"),
        ("production", "--fault=nan-value@job=1", "not finite"),
        ("story", "--fault=abort-in-mid-stream@job=1", "UNAVAILABLE"),
        ("production", "--fault=nan-value@job=2", ""),
        ("story", "--variant=fifty-row-frames", ""),
    ],
)
def test_the_first_job_is_judged_as_any_other(tmp_path: Path, dialect: str, deviation: str, found: str) -> None:
    server = EmbeddedServer(["--dialect", dialect, deviation], log_file=tmp_path / "simulator.log")
    try:
        with closing(Run({"focus_server_url": server.rest_url}, {})) as run:
            sentences = run.overlooked.sentences()
    finally:
        server.stop()
    assert [found in sentence for sentence in sentences] == ([True] if found else []), sentences
    assert all("in 'the first job of the run'" in sentence for sentence in sentences)


def test_the_first_job_has_to_be_over_as_any_other(embedded: EmbeddedServer) -> None:
    with closing(Run({"focus_server_url": embedded.rest_url, "dialect": "story"}, {})) as run:
        cancelled = run.overlooked.cancelled(run.server.url, time.monotonic())
        assert [job.answer.job_id for job in cancelled] == run.server.job_ids


def test_the_settings_may_say_it(embedded: EmbeddedServer) -> None:
    with closing(Run({"focus_server_url": embedded.rest_url, "dialect": "story"}, {})) as run:
        assert run.describe()["dialect"] == "story (from -D)"
        assert run.describe()["schema of the server"] == "the same (by reflection)"
        [job_id] = run.server.job_ids
        assert run.server.api.metadata(job_id).status == "cancelled"


def test_the_settings_cannot_say_another() -> None:
    with pytest.raises(SettingsError, match=r"'dialect' = 'esperanto' \(from -D\): expected auto, story"):
        Run({"dialect": "esperanto"}, {})


def test_the_embedded_server_is_not_asked() -> None:
    with closing(Run({}, {})) as run:
        assert run.describe()["dialect"] == "story (as the embedded server was started)"
        assert run.server.job_ids == []


def test_a_server_that_speaks_another_is_not_tested(http: Http) -> None:
    with serving({"/other.Service/Stream": b""}, ["other.Service"]) as target:
        server = http(*FIBRE, job(int(target.rpartition(":")[2])), Answer(body={"status": "cancelled"}))
        with pytest.raises(NotReadyError) as caught:
            Run({"focus_server_url": server.url}, {})
    assert "cannot be tested: 127.0.0.1:" in str(caught.value)
    assert "speaks none of the dialects that are known here: " in str(caught.value)
    assert server.requests[-1].path == "/job/1-2", "the job is cancelled"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda closed: job(closed), "nothing at 127.0.0.1:"),
        (lambda closed: Answer(503, {"error": "all windows are in use"}), "all windows are in use"),  # noqa: ARG005
    ],
    ids=["no port", "no job"],
)
def test_what_is_wrong_with_a_server_that_cannot_be_asked_is_kept_for_the_last_scenario(
    http: Http, closed_port: int, answer: Callable[[int], Answer], words: str
) -> None:
    server = http(*FIBRE, answer(closed_port), answer(closed_port), Answer(body={"status": "cancelled"}))
    with closing(Run({"focus_server_url": server.url, "connection_timeout": "1", "idle_removal": "0.1"}, {})) as run:
        told = run.describe()["dialect"]
        [sentence] = run.overlooked.sentences()
    assert sentence.startswith("first job: ")
    assert words in sentence
    assert told.startswith("story (taken as given, for it cannot be found out: ")
    assert words in told
