"""The ranges of a recording that scenarios name: between whole seconds, without a hole where none is asked for."""

from __future__ import annotations

import pytest

from support.contract import ChannelRange
from support.screen.past import NothingRecordedError, Piece, Recorded, Span

RECORDED = Recorded(((1000.4, 1040.9), (1043.0, 1060.2)), ChannelRange(lowest_channel=0, highest_channel=9))


@pytest.mark.parametrize(
    ("piece", "span"),
    [
        (Piece.BEGINNING, (1001, 1003)),
        (Piece.BEFORE, (1000, 1002)),
        (Piece.MIDDLE, (1019, 1021)),
        (Piece.END, (1058, 1060)),
        (Piece.UNSEEN, (1018, 1019)),
    ],
)
def test_a_piece_lies_between_whole_seconds(piece: Piece, span: tuple[float, float]) -> None:
    assert RECORDED.piece(piece, window=0.5) == span


@pytest.mark.parametrize(("seconds", "span"), [(1.5, (1058, 1060)), (17, (1043, 1060)), (17.5, (1022, 1040))])
def test_a_range_of_some_length_has_no_hole(seconds: float, span: tuple[float, float]) -> None:
    assert RECORDED.lasting(seconds) == span


def test_what_was_not_recorded_for_so_long_cannot_be_asked_for() -> None:
    with pytest.raises(NothingRecordedError, match=r"has recorded nothing of 41\.0 seconds without a hole"):
        RECORDED.lasting(41)


@pytest.mark.parametrize(
    ("stretch", "seconds", "window", "span"),
    [
        ((0.0, 8.0), 3.0, 0.5, (5, 8)),
        ((0.0, 8.0), 3.0, 4.096, (0, 8)),
        ((0.0, 8.0), 2.0, 4.096, (1, 8)),
        ((0.2, 2.9), 3.0, 0.5, (0.2, 2.9)),
        ((0.2, 5.9), 3.0, 4.096, (0.2, 5.9)),
    ],
)
def test_the_end_of_a_recording_has_room_for_a_window(stretch: Span, seconds: float, window: float, span: Span) -> None:
    assert Recorded((stretch,), RECORDED.channels).last(seconds, window) == span


def test_what_is_shorter_than_a_window_is_told() -> None:
    with pytest.raises(NothingRecordedError, match=r"nothing of 8\.2 seconds without a hole"):
        Recorded(((0.0, 8.0),), RECORDED.channels).last(3.0, 8.192)
    with pytest.raises(NothingRecordedError, match="nothing was said"):
        Recorded((), RECORDED.channels, "nothing was said").last(3.0, 0.5)


def test_a_recording_too_short_for_pieces_is_told() -> None:
    with pytest.raises(NothingRecordedError, match=r"nothing of 4\.0 seconds"):
        Recorded(((0.1, 4.9),), RECORDED.channels).piece(Piece.END, window=0.5)
    with pytest.raises(NothingRecordedError, match=r"a line looks at 1\.3 seconds"):
        RECORDED.piece(Piece.END, window=1.28)


def test_what_lies_inside_lies_in_the_longest_stretch() -> None:
    recorded = Recorded(((0.0, 2.0), (3.0, 13.0), (14.0, 15.0)), RECORDED.channels)
    assert recorded.piece(Piece.MIDDLE, window=0.5) == (7, 9)
    assert recorded.piece(Piece.UNSEEN, window=0.5) == (6, 7)


def test_a_hole_is_asked_for_with_both_of_its_sides() -> None:
    assert RECORDED.around_hole(1) == (1039, 1044)
    with pytest.raises(NothingRecordedError, match="has no hole"):
        RECORDED.around_hole(30)
    gapless = Recorded(((0.0, 10.0), (10.001, 20.0)), RECORDED.channels)
    with pytest.raises(NothingRecordedError, match="has no hole"):
        gapless.around_hole(1)
