"""A job of several streams, as the embedded Focus Server has them in production's dialect: one picture in a window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from support.contract import JobRequest
from support.errors import APIError
from support.focus_server_api import FocusServerAPI
from support.screen.window import Window, open_window
from support.server.embedded import EmbeddedServer
from support.settings import Settings
from support.validation.finding import Topic
from tests.patience import PATIENCE

SETTINGS = Settings(
    dialect="production", max_pause=PATIENCE, frame_rate_above=0.1, data_age_within=PATIENCE, idle_timeout=PATIENCE
)
"""The pace of a machine that runs other tests, too, is not what is tested here."""

FRAMES = 20


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FocusServerAPI]:
    """The REST side of a server as production runs it."""
    log_file: Path = tmp_path_factory.mktemp("production") / "simulator.log"
    server = EmbeddedServer(["--dialect", "production"], log_file=log_file)
    try:
        with FocusServerAPI(server.rest_url) as api:
            yield api
    finally:
        server.stop()


@contextmanager
def window_of(api: FocusServerAPI, channels: int, first: int = 1) -> Iterator[Window]:
    request = JobRequest(channels_min=first, channels_max=first + channels - 1)
    with open_window(SETTINGS, api, request, api.live_metadata().prr, patience=PATIENCE) as window:
        window.connect()
        yield window


@pytest.mark.parametrize(("channels", "streams"), [(1, 1), (8, 3), (50, 3)])
def test_it_is_judged_as_one_picture(production: FocusServerAPI, channels: int, streams: int) -> None:
    with window_of(production, channels) as window:
        assert window.job.answer.stream_amount == streams

        verdict = window.receive(FRAMES)

        assert [one for one in verdict.findings() if one.topic is not Topic.PACE] == []
        assert {ids for frame in window.frames for ids in frame.sensor_ids} == {tuple(range(1, channels + 1))}
        assert verdict.ending is not None
        assert (verdict.frames, verdict.ending.by_server, verdict.ending.had_enough) == (FRAMES, False, True)
        assert [part.of for part in verdict.ending.streams] == ([3, 3, 3] if streams == 3 else [])


def test_a_stream_that_the_server_does_not_have_is_named(production: FocusServerAPI) -> None:
    with window_of(production, 8) as window:
        job = window.job
        window.job = replace(job, answer=job.answer.model_copy(update={"stream_amount": 4}))

        with pytest.raises(APIError, match=r"^stream 4 of 4 of job"):
            window.receive(FRAMES)

        assert window.verdict is not None
        assert any(one.sentence.startswith("stream 4 of 4 of job") for one in window.verdict.findings())


def test_where_a_stream_cannot_be_asked_for_the_job_is_asked_for_whole(embedded: EmbeddedServer) -> None:
    request = JobRequest(channels_min=0, channels_max=7)
    spread = {channel: channel % 2 for channel in range(8)}
    settings = SETTINGS.speaking("story")
    with (
        FocusServerAPI(embedded.rest_url) as api,
        open_window(settings, api, request, api.live_metadata().prr) as window,
    ):
        job = window.job
        changed = {"stream_amount": 2, "channel_to_stream_index": spread}
        window.job = replace(job, answer=job.answer.model_copy(update=changed))
        window.connect()
        verdict = window.receive(FRAMES)
    assert [one for one in verdict.findings() if one.topic is not Topic.PACE] == []
    assert window.job.findings == []


@pytest.mark.parametrize(
    ("variant", "first", "told"),
    [
        ((), 1, "stream 1 of 3 is in part that of another job: it brought frames of job 1, and this is '0-2'"),
        (
            ("--variant", "no-job-number"),
            40,
            "stream 1 of 3 did not bring its channels in all frames: sensor 40, 41, 42 are missing, sensor 1, 2, 3 are "
            "not configured",
        ),
    ],
)
def test_frames_of_the_job_before_are_told_though_no_other_stream_has_their_lines(
    tmp_path: Path, variant: Sequence[str], first: int, told: str
) -> None:
    one_port = ("--windows", "1", "--idle-removal", "0.5", "--fault", "stream-of-job-before@once")
    server = EmbeddedServer(["--dialect", "production", *one_port, *variant], log_file=tmp_path / "simulator.log")
    try:
        with FocusServerAPI(server.rest_url) as api:
            for channel, sentences in ((1, []), (first, [told])):
                with window_of(api, 8, channel) as window:
                    verdict = window.receive(FRAMES)
                assert [one.sentence for one in verdict.findings() if one.topic is not Topic.PACE] == sentences
    finally:
        server.stop()
