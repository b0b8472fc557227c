"""Each kind of error is called what it is, seen on streams that are bent so."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from support.truth.convention import EMBEDDED, Convention, values_of
from support.truth.oracle import Oracle
from tests.truth.past import Bend, Played, Values, judged, like, noise, oracle_of

PLAYED = Played(noise(12, 16, 1000), begin=Fraction(4), seconds=Fraction(4))
SECOND = 50
"""Lines."""


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return oracle_of(tmp_path_factory.mktemp("recording") / "fibre.h5", PLAYED)


def kind(oracle: Oracle, bend: Bend | None, played: Played = PLAYED, known: Convention | None = EMBEDDED) -> str:
    fresh = Oracle(oracle.recording, 0, [known] if known else [])
    found = [one for one in judged(fresh, played, bend) if one.rule == "kind of error"]
    return found[0].sentence.partition(": ")[2] if found else ""


def swapped(_: int, row: Values) -> Values:
    return row[[0, 2, 1, *range(3, len(row))]]


def sensor(number: int, change: Callable[[int, Values], Values]) -> Bend:
    def bend(line: int, row: Values) -> Values:
        row[number] = change(line, row[number])
        return row

    return bend


def one_value(line: int, row: Values) -> Values:
    row[1, 7] *= 1.5 if line == 60 else 1
    return row


def late(samples: int) -> Bend:
    return lambda line, _: PLAYED.row(line, late=samples)


def dropped(line: int, row: Values) -> Values:
    """Sixteen samples are missing from 6 s on, in windows that reach over that moment."""
    first = round(float(PLAYED.begin + line * PLAYED.line) * 1000)
    if not first < 6000 < first + PLAYED.nfft:
        return row
    samples = np.concatenate((PLAYED.samples[first:6000], PLAYED.samples[6016 : first + PLAYED.nfft + 16]))
    return like(PLAYED, samples=samples, begin=Fraction(0)).row(0)


BENDS: list[tuple[Bend, str]] = [
    (lambda _, row: row * 10 ** (1 / 20), "1 dB too high everywhere"),
    (lambda _, row: row * 0.99995, "0.000434 dB too low everywhere"),
    (sensor(3, lambda _, one: one * 0.5), "6.02 dB too low everywhere, of sensor 5 alone"),
    (sensor(3, lambda line, one: one * 1.01 ** (line / SECOND)), "the gain drifts by +1 % a second, of sensor 5 alone"),
    (lambda _, row: row**2, "magnitudes are squared"),
    (lambda _, row: values_of("decibels", row) + 200, "decibels in place of amplitude"),
    (
        lambda line, _: like(PLAYED, way=Convention("Hamming")).row(line),
        "another window function: Hamming in place of Hann",
    ),
    (
        lambda line, _: like(PLAYED, way=Convention("Hann, symmetric")).row(line),
        "another window function: Hann, symmetric in place of Hann",
    ),
    (lambda line, _: PLAYED.row(line, range(3, 11)), "the neighbouring channel: channels are shifted by +1"),
    (lambda line, _: PLAYED.row(line, range(7, 15)), "the channel 5 further: channels are shifted by +5"),
    (swapped, "channels 3, 4 have changed places"),
    (lambda _, row: row[:, ::-1], "the spectrum is mirrored"),
    (lambda line, _: PLAYED.amplitudes(line)[:, 2:101], "the spectrum is shifted by 1 bin"),
    (lambda line, _: PLAYED.amplitudes(line)[:, 25:124], "another band, as that of another job: from 97.66 Hz on"),
    (late(-10), "the rows are 10 ms late"),
    (late(25), "the rows are 25 ms early"),
    (late(-1), "the rows are 1 ms late"),
    (late(2), "the rows are 2 ms early"),
    (sensor(2, lambda line, _: PLAYED.row(line - 1)[2]), "1 line behind, of sensor 4 alone"),
    (late(-3000), "another range: what was 3 s before this one"),
    (lambda line, _: PLAYED.row(line, late=-round(line * 0.02 * 1000 * 0.005)), "the PRR is 0.5"),
    (dropped, "16 samples are missing in the windows, first at 00:00:06.000"),
    (one_value, "single values"),
    (lambda line, row: np.random.default_rng(line).permuted(row, axis=1), "nothing that is usual explains it"),
]


@pytest.mark.parametrize(("bend", "words"), BENDS, ids=[words for _, words in BENDS])
def test_an_error_is_called_what_it_is(oracle: Oracle, bend: Bend, words: str) -> None:
    assert words in kind(oracle, bend)


def test_what_is_right_is_no_error(oracle: Oracle) -> None:
    assert kind(oracle, None) == ""


def test_the_range_of_a_job_before_is_called_that(oracle: Oracle) -> None:
    fresh = Oracle(oracle.recording, 0, [EMBEDDED])
    assert judged(fresh, like(PLAYED, begin=Fraction(5, 2))) == []
    found = judged(fresh, PLAYED, late(-1500))
    assert "the range of another job, which began 1.5 s before this one" in found[0].sentence


def test_a_server_whose_way_is_not_known_is_explained_as_if_it_were_the_usual_one(oracle: Oracle) -> None:
    words = kind(oracle, lambda line, _: PLAYED.row(line, range(3, 11)), known=None)
    assert words.startswith("the values of the neighbouring channel")
    assert "they fit none" in words
