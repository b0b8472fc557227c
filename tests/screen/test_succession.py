"""Jobs one after the other: a window that stays in use is told, one that is free again is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hamcrest import assert_that

from support.contract import JobRequest
from support.errors import APIError
from support.focus_server_api import FocusServerAPI
from support.matchers import was_free_within
from support.screen.succession import Succession, one_after_the_other
from support.server.embedded import EmbeddedServer
from tests.patience import PATIENCE

REQUEST = JobRequest(
    channels_min=0,
    channels_max=0,
    nfft=128,
    frequency_min=0,
    frequency_max=500,
    display_duration=10,
    display_height=1000,
)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server whose windows nobody else uses."""
    started = EmbeddedServer(log_file=tmp_path_factory.mktemp("succession") / "simulator.log")
    yield started
    started.stop()


def test_cancelled_jobs_leave_their_windows(server: EmbeddedServer) -> None:
    with FocusServerAPI(server.rest_url) as api:
        succession = one_after_the_other(api, REQUEST, 31, PATIENCE)
    assert len(set(succession.job_ids)) == 31
    assert_that(succession, was_free_within(PATIENCE))


def test_windows_that_stay_in_use_are_told(server: EmbeddedServer) -> None:
    server.deviate(faults=["window-kept=60"])
    with FocusServerAPI(server.rest_url) as api:
        succession = one_after_the_other(api, REQUEST, 31, 0.5)
    assert len(succession.job_ids) == 30
    with pytest.raises(AssertionError, match=r"job 31 waited \d\.\d s in vain: POST .* all 30 windows are in use"):
        assert_that(succession, was_free_within(5))


def test_a_window_that_is_free_too_late_is_told() -> None:
    with pytest.raises(AssertionError, match=r"job 2 waited 7\.0 s"):
        assert_that(Succession([0.1, 7.0, 0.1], ["0-1", "0-2", "0-3"]), was_free_within(5))
    with pytest.raises(AssertionError, match="there were no jobs"):
        assert_that(Succession([], []), was_free_within(5))


def test_a_server_that_cannot_cancel_ends_it(server: EmbeddedServer) -> None:
    server.deviate(variants=["no-cancel"])
    with FocusServerAPI(server.rest_url) as api:
        succession = one_after_the_other(api, REQUEST, 31, 0.5)
    assert (succession.can_cancel, len(succession.job_ids)) == (False, 1)


def test_another_refusal_is_none_for_want_of_a_window(server: EmbeddedServer) -> None:
    with FocusServerAPI(server.rest_url) as api, pytest.raises(APIError, match="refused with 400"):
        one_after_the_other(api, REQUEST.model_copy(update={"nfft": 100}), 31, PATIENCE)
