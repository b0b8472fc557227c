"""What a stream asks for next, and what of it is new: from frames and times alone, without a server."""

from __future__ import annotations

import pytest

from support.stream.block import Block, Message
from support.stream.progress import Progress
from support.stream.story import STORY, Story
from support.stream.unsaid import Unsaid
from tests.stream.test_resume import DT, T0, lines

BROKE = "UNAVAILABLE: the network is down"


def came(progress: Progress, *frames: tuple[int, ...], at: float = 1.0) -> list[list[int]]:
    """Frames of these lines come; the lines of those that are new."""
    messages = [Message(data, len(data), at, at) for data in (lines(*frame).SerializeToString() for frame in frames)]
    new = [one for block in STORY.reader().blocks(messages) for one in progress.take(block)]
    return [_numbers(block, position) for block in new for position in range(len(block))]


def _numbers(block: Block, position: int) -> list[int]:
    return [int(start - T0) // 10 for start in block.starts[position]]


def test_a_stream_that_ends_is_over() -> None:
    progress = Progress(STORY, 2)
    assert progress.ask() == 2
    assert came(progress, (0,), (1,)) == [[0], [1]]
    progress.ended(at=2.0)
    assert not progress.goes_on
    assert progress.interruptions == []


def test_an_end_that_comes_early_is_the_servers_and_is_no_interruption() -> None:
    progress = Progress(STORY, 5)
    progress.ask()
    came(progress, (0,))
    progress.ended(at=2.0)
    assert not progress.goes_on


def test_what_came_before_a_break_is_left_out_after_it() -> None:
    progress = Progress(STORY, lines_dt=DT)
    progress.ask()
    assert came(progress, (0, 1)) == [[0, 1]]
    progress.broke(at=1.5, reason=BROKE)
    assert progress.goes_on
    assert progress.ask() == 0
    assert came(progress, (0, 1), (1, 4), (5, 6), at=4.0) == [[4], [5, 6]]
    (broken,) = progress.interruptions
    assert (broken.began, broken.duration, broken.lines_lost) == (1.5, 2.5, 2)
    assert (broken.after, broken.before) == (T0 + 10, T0 + 40)


def test_the_rest_is_asked_for_and_room_for_what_had_come() -> None:
    progress = Progress(STORY, 4)
    progress.ask()
    came(progress, (0,), (1,))
    progress.broke(at=1.0, reason=BROKE)
    assert progress.ask() == 2
    assert came(progress, (0,), (1,)) == []
    progress.ended(at=2.0)
    assert progress.goes_on, "two of the frames asked for had come before"
    assert progress.interruptions[-1].reason == "2 frames of those asked for had come before"
    assert progress.ask() == 4
    assert came(progress, (0,), (1,), (2,)) == [[2]]
    assert not progress.call_is_done
    assert came(progress, (3,), (4,)) == [[3]], "what makes up for stale frames is not needed"
    assert progress.call_is_done
    progress.ended(at=3.0)
    assert not progress.goes_on


def test_an_attempt_that_failed_asks_for_the_same_again() -> None:
    progress = Progress(STORY, 3)
    progress.ask()
    came(progress, (0,))
    progress.broke(at=1.0, reason=BROKE)
    progress.ask()
    came(progress, (0,), (0,))
    progress.ended(at=2.0)
    assert [progress.ask(), progress.ask()] == [4, 4]


def test_a_break_after_the_last_frame_asks_for_nothing() -> None:
    progress = Progress(STORY, 1)
    progress.ask()
    came(progress, (0,))
    progress.broke(at=1.0, reason=BROKE)
    assert not progress.goes_on


@pytest.mark.parametrize("frames", [[()], [(), (1,)]])
def test_an_empty_frame_does_not_end_an_interruption(frames: list[tuple[int, ...]]) -> None:
    progress = Progress(STORY)
    progress.ask()
    came(progress, (0,))
    progress.broke(at=1.0, reason=BROKE)
    progress.ask()
    assert came(progress, *frames, at=3.0) == [list(frame) for frame in frames]
    assert progress.interruptions[0].before == (T0 + 10 if (1,) in frames else None)


def test_it_says_how_far_the_stream_came() -> None:
    progress = Progress(STORY)
    progress.ask()
    assert str(progress) == "in all 0 frames came, with 0 interruptions"
    came(progress, (0,), (1,))
    progress.broke(at=1.0, reason=BROKE)
    assert str(progress) == "in all 2 frames came, the newest line of 22:13:20.010, with 1 interruption"


class Unlimited(Story):
    """A dialect in which a stream of so many frames cannot be asked for."""

    cannot = frozenset({Unsaid.FRAME_LIMIT})


def test_where_no_limit_can_be_asked_for_the_client_has_enough() -> None:
    progress = Progress(Unlimited(), 2)
    progress.ask()
    assert came(progress, (0,)) == [[0]]
    assert not progress.call_is_done
    assert not progress.had_enough
    assert came(progress, (1,), (2,)) == [[1]]
    assert progress.call_is_done
    assert progress.had_enough
    progress.ended(at=2.0)
    assert not progress.goes_on


def test_without_a_limit_there_is_never_enough() -> None:
    progress = Progress(Unlimited())
    progress.ask()
    assert came(progress, (0,), (1,)) == [[0], [1]]
    assert not progress.call_is_done
    assert not progress.had_enough
