"""The ranges of a recording that scenarios name: between whole seconds, without a hole where none is asked for."""

from __future__ import annotations

import pytest

from support.contract import ChannelRange
from support.screen.past import Piece, Recorded

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
    assert RECORDED.piece(piece) == span


@pytest.mark.parametrize(("seconds", "span"), [(1.5, (1058, 1060)), (17, (1043, 1060)), (17.5, (1022, 1040))])
def test_a_range_of_some_length_has_no_hole(seconds: float, span: tuple[float, float]) -> None:
    assert RECORDED.lasting(seconds) == span


def test_what_was_not_recorded_for_so_long_cannot_be_asked_for() -> None:
    assert RECORDED.lasting(41) is None


def test_a_hole_is_asked_for_with_both_of_its_sides() -> None:
    assert RECORDED.around_hole(1) == (1039, 1044)
    assert RECORDED.around_hole(30) is None
    gapless = Recorded(((0.0, 10.0), (10.001, 20.0)), RECORDED.channels)
    assert gapless.around_hole(1) is None
