"""A job that fits the fibre, whatever the fibre is like; and mistakes that are one mistake each."""

from __future__ import annotations

import pytest

from support.contract import ChannelRange, JobRequest, LiveMetadata
from support.errors import SettingsError
from support.screen.job import Mistake, Part, Relation, live_job_request, two_live_job_requests
from support.settings import Settings

FIBRE = ChannelRange(lowest_channel=1, highest_channel=100)
METADATA = LiveMetadata(prr=2000)


def request(**arguments: object) -> JobRequest:
    return live_job_request(Settings(), METADATA, FIBRE, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "first", "last"), [(Part.BEGINNING, 1, 11), (Part.MIDDLE, 45, 55), (Part.END, 90, 100)]
)
def test_a_part_of_the_fibre(part: Part, first: int, last: int) -> None:
    asked = request(part=part)
    assert (asked.channels_min, asked.channels_max) == (first, last)


def test_a_short_fibre_is_used_whole() -> None:
    asked = request(channels=500)
    assert (asked.channels_min, asked.channels_max) == (1, 100)


def test_the_band_ends_at_nyquist() -> None:
    assert live_job_request(Settings(), LiveMetadata(prr=600), FIBRE).frequency_max == 300
    assert request(band=(0.1, 0.3)).frequency_max == pytest.approx(300)


def test_a_band_that_begins_above_nyquist_is_told() -> None:
    with pytest.raises(
        SettingsError, match=r"frequency_min 400 Hz \(default\) is not below the 300 Hz that this server"
    ):
        live_job_request(Settings(frequency_min=400), LiveMetadata(prr=600), FIBRE)


@pytest.mark.parametrize(
    ("relation", "highest", "expected"),
    [
        (Relation.OVERLAP, 100, [(1, 11), (6, 16)]),
        (Relation.APART, 100, [(1, 11), (12, 22)]),
        (Relation.OVERLAP, 7, [(1, 3), (2, 4)]),
        (Relation.APART, 7, [(1, 3), (4, 6)]),
        (Relation.APART, 2, [(1, 1), (2, 2)]),
    ],
)
def test_two_jobs_lie_as_they_should(relation: Relation, highest: int, expected: list[tuple[int, int]]) -> None:
    fibre = ChannelRange(lowest_channel=1, highest_channel=highest)
    asked = two_live_job_requests(Settings(), METADATA, fibre, relation)
    assert [(one.channels_min, one.channels_max) for one in asked] == expected
    assert [one.display_height for one in asked] == [1000, 1250]


def test_two_jobs_have_lines_at_other_times_which_are_never_too_close() -> None:
    dense = Settings(display_height=9000)
    asked = two_live_job_requests(dense, METADATA, FIBRE, Relation.APART)
    assert [one.display_height for one in asked] == [9000, 7200]


def test_a_fibre_of_one_channel_has_no_two_jobs_of_their_own() -> None:
    with pytest.raises(SettingsError, match="the fibre has one channel alone"):
        two_live_job_requests(Settings(), METADATA, ChannelRange(lowest_channel=1, highest_channel=1), Relation.OVERLAP)


@pytest.mark.parametrize("mistake", Mistake)
def test_a_mistake_changes_nothing_but_itself(mistake: Mistake) -> None:
    right = request()
    wrong = mistake.made_in(right, FIBRE, METADATA.nyquist)
    changed = {field for field in JobRequest.model_fields if getattr(wrong, field) != getattr(right, field)}
    topics = {"channels": 2, "frequency": 2, "nfft": 1, "display_duration": 1, "display_height": 1, "start_time": 1}
    assert changed
    assert any(len(changed) <= most and all(f.startswith(topic) for f in changed) for topic, most in topics.items())
