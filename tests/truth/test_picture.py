"""Correct streams of many windows, scales and alignments have no finding; what is wrong in others is named."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.truth.comparison import Row
from support.truth.convention import ALIGNMENTS, EMBEDDED, ENDS, FORMS, GAINS, UNITS, WINDOWS, Alignment, Convention
from support.truth.oracle import Oracle
from support.truth.picture import _VAIN
from support.truth.range import Range
from support.truth.recording import Recording
from tests.truth.past import BEGIN, Played, judged, like, noise, oracle_of, write

PLAYED = Played(noise(5, 16, 1000))
ALIGNED = like(PLAYED, begin=Fraction(10_003, 10_000))

LATE_TO_TELL = like(
    PLAYED,
    nfft=128,
    bins=range(65),
    channels=range(1),
    begin=Fraction(1, 100),
    line=Fraction(5, 452),
    way=Convention(alignment=Alignment("before")),
)

WAYS = [
    EMBEDDED,
    Convention("Hann, symmetric", "amplitude", "RMS", at_zero=1.0),
    Convention("Hamming", "power", "density"),
    Convention("Blackman", "decibels", "peak"),
    Convention("flat top", "natural logarithm", "over NFFT"),
    Convention("rectangular", "amplitude", "unscaled", unit=1e9),
    Convention("Kaiser 8.6", "decibels", "two-sided density", at_zero=math.sqrt(0.5)),
]


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return oracle_of(tmp_path_factory.mktemp("recording") / "fibre.h5", PLAYED)


def new(oracle: Oracle, *known: Convention) -> Oracle:
    return Oracle(oracle.recording, 0, known)


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("bins", [range(1, 100), range(129)])
def test_a_way_that_is_usual_is_found_out_and_has_no_finding(oracle: Oracle, way: Convention, bins: range) -> None:
    fresh = new(oracle)
    assert judged(fresh, like(PLAYED, way=way, bins=bins)) == []
    assert fresh.compared == PLAYED.lines * len(PLAYED.channels) * len(bins)
    assert way.window in str(fresh)
    assert way.gain in str(fresh)


@pytest.mark.parametrize("way", [Alignment(), Alignment("before"), Alignment("after"), Alignment("before", -1)])
def test_the_sample_that_a_line_begins_with_is_found_out_and_held(oracle: Oracle, way: Alignment) -> None:
    fresh = new(oracle)
    assert judged(fresh, like(ALIGNED, way=Convention(alignment=way))) == []
    other = Convention(alignment=Alignment("before", 3))
    assert judged(fresh, like(ALIGNED, way=other, channels=range(3)))


class Asked(Oracle):
    """Counts the rows whose way is asked for."""

    rows = 0

    def way_of(self, shown: Range, row: Row) -> Convention | None:
        self.rows += 1
        return super().way_of(shown, row)


@pytest.mark.parametrize(
    ("played", "at_most"),
    [
        (PLAYED, 0),  # each row begins at a sample, and tells no ways apart
        (LATE_TO_TELL, 2),  # the first that does not, the tenth, tells them apart
        (like(PLAYED, late=40), _VAIN),  # no row is explained by any way
    ],
    ids=["no row tells", "one row tells", "nothing explains"],
)
def test_the_way_is_asked_for_where_a_row_can_tell(oracle: Oracle, played: Played, at_most: int) -> None:
    asked = Asked(oracle.recording, 0)
    assert judged(asked, PLAYED) == []
    judged(asked, played)
    assert asked.rows <= at_most
    assert (asked.rows > 0) == (at_most > 0)


def test_a_way_is_held_to_over_jobs_of_other_sizes(oracle: Oracle) -> None:
    fresh = new(oracle)
    assert judged(fresh, PLAYED) == []
    assert judged(fresh, like(PLAYED, nfft=512, bins=range(257), channels=range(1))) == []
    assert judged(fresh, like(PLAYED, way=Convention("Hamming")))
    assert judged(fresh, like(PLAYED, nfft=512, way=Convention(gain="RMS")))
    assert judged(fresh, like(PLAYED, line=Fraction(1, 30), begin=Fraction(0))) == []


def test_a_way_that_is_not_usual_is_a_finding_with_the_nearest(oracle: Oracle) -> None:
    (finding,) = judged(new(oracle), PLAYED, lambda _, row: row * 10**0.05)
    assert "1 dB too high everywhere, as rows made in the commonest" in finding.sentence

    for way in (EMBEDDED, Convention(form="decibels")):  # which would be nothing at all, as logarithms of another kind
        (finding,) = judged(new(oracle), like(PLAYED, way=way, channels=range(12)), lambda _, row: row**0.9)
        assert "rows are made in none of the usual ways; the nearest is " in finding.sentence


def test_one_wrong_value_is_told_with_its_place(oracle: Oracle) -> None:
    def bend(line: int, row: np.ndarray) -> np.ndarray:
        if line == 30:
            row[3, 20] *= 1.001
        return row

    kind, first = judged(new(oracle), PLAYED, bend)
    assert kind.rule == "kind of error"
    assert kind.sentence.startswith("1 value in 1 row differ")
    assert (first.where.row, first.where.sensor, first.where.bin) == (30, 5, 20)
    assert "(+0.00868 dB)" in first.sentence


def test_values_that_are_rounded_are_as_right_as_they_can_be(oracle: Oracle) -> None:
    def bend(_: int, row: np.ndarray) -> np.ndarray:
        step = row.max(axis=1, keepdims=True) / 64
        rounded: np.ndarray = np.round(row / step) * step
        return rounded

    assert judged(new(oracle, EMBEDDED), like(PLAYED, channels=range(6, 16)), bend) == []


def test_shades_of_one_byte_are_not_judged(oracle: Oracle) -> None:
    fresh = new(oracle)
    assert judged(fresh, PLAYED, lambda _, row: np.clip(np.round(30 * np.log10(row) + 120), 0, 255)) == []
    assert fresh.compared == 0


def test_a_hole_is_a_hole(tmp_path: Path) -> None:
    parts = [(BEGIN, PLAYED.samples[:1500]), (BEGIN + 1.7, PLAYED.samples[1700:])]
    recording = Recording(write(tmp_path / "hole.h5", parts, 1000))
    assert [one.count for one in recording.stretches] == [1500, 3300]
    assert judged(Oracle(recording, 0, [EMBEDDED]), PLAYED) == []


def test_what_was_not_measured_tells_no_way(tmp_path: Path) -> None:
    samples = PLAYED.samples.copy()
    samples[:1700] = np.nan
    played = like(PLAYED, samples=samples)
    oracle = oracle_of(tmp_path / "gap.h5", played)
    assert judged(oracle, played) == []
    assert 0 < oracle.compared < played.lines * len(played.channels) * len(played.bins), "what was measured is compared"


@given(
    nfft=st.sampled_from([128, 256, 512, 1024]),
    low=st.floats(0, 0.5),
    high=st.floats(0.6, 1),
    first=st.integers(0, 10),
    count=st.integers(1, 6),
    begin=st.fractions(Fraction(1, 100), 2, max_denominator=1000),
    line=st.fractions(Fraction(1, 100), Fraction(1, 10), max_denominator=1000),
    way=st.builds(
        Convention,
        st.sampled_from(list(WINDOWS)),
        st.sampled_from(FORMS),
        st.sampled_from(list(GAINS)),
        st.sampled_from(UNITS),
        st.sampled_from(ENDS),
        st.sampled_from(ENDS),
        st.sampled_from(ALIGNMENTS),
    ),
)
@example(  # its first two rows begin with the sample that is the nearest one, too, and later ones do not
    nfft=1024,
    low=0.28,
    high=1.0,
    first=4,
    count=5,
    begin=Fraction(1447, 1501),
    line=Fraction(13, 977),
    way=Convention("flat top", "natural logarithm", "density", alignment=Alignment("before")),
)
@example(  # so do its first nine
    nfft=128,
    low=0.0,
    high=1.0,
    first=0,
    count=1,
    begin=Fraction(1, 100),
    line=Fraction(5, 452),
    way=Convention(alignment=Alignment("before")),
)
@example(  # its forty-third row begins between two samples, as far as epoch seconds can say
    nfft=256,
    low=0.0,
    high=0.6,
    first=0,
    count=1,
    begin=Fraction(9, 688),
    line=Fraction(9, 688),
    way=Convention("Kaiser 14", "decibels", "density", 1000.0),
)
@settings(max_examples=1000 if settings.default and settings.default.max_examples > 1000 else 5, derandomize=True)
def test_random_correct_requests_have_no_finding(
    oracle: Oracle,
    nfft: int,
    low: float,
    high: float,
    first: int,
    count: int,
    begin: Fraction,
    line: Fraction,
    way: Convention,
) -> None:
    played = like(
        PLAYED,
        nfft=nfft,
        bins=range(int(low * nfft / 2), int(high * nfft / 2) + 1),
        channels=range(first, first + count),
        begin=begin,
        line=line,
        way=way,
    )
    assert judged(new(oracle), played) == []
