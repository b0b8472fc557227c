"""What kind of error it is: explanations are tried on rows that differ, until one gives just the values that came.

Each explanation is a way to make other values from the recording: of another level, form or window, of other channels,
bins or samples. What explains nearly all of the spectra that differ is the cause, in words; thousands of single
differences are not.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft

from support.truth.comparison import Comparison, Marks, Row
from support.truth.convention import DECIBELS, FORMS, WINDOWS, Convention, Floats, amplitudes, window_of
from support.truth.range import Place, Range
from support.truth.recording import SECOND
from support.truth.spectra import Strip
from support.wording import are, clock, plural, some

_LIKE = 1e-4
"""Share by which a value may differ from what an explanation gives."""

_ALIKE = 2e-3
"""Nepers by which the ratios of two spectra may differ in the middle, where one is the other at another level."""

_NO_LEVEL = 3e-6
"""Nepers by which a spectrum is off where only single values are."""

_NEARLY_ALL = 0.9
_FEW_VALUES = 0.05
"""Shares: of the spectra that an explanation has to give; of the values of a spectrum that are single ones."""

_ROWS, _SENSORS = 6, 48
_NEIGHBOURS = 512
"""Rows, sensors and channels that are looked at."""

_NEAR_SAMPLES = 512
_DROPPED = 64
_HOUR = 3600
_RUN_AWAY = 0.2
_MOST_PLACES = 2**21
_LOUDEST = 8
_AT_ONCE = 2**21
"""Samples beside its place where a row is looked for first, samples that may be missing, an hour in seconds, seconds by
which rows may run away in a second, places of a whole recording that are looked at, values that say which of them are
looked at closely, and samples that are transformed together."""

_BESIDE = (-2, -1, 1, 2)
"""Samples by which rows may be late, and look much as if they were made with another window function."""


@dataclass(frozen=True)
class Evidence:
    """Rows that differ, and how.

    Attributes:
        rows: some of the first ones, and some of the last, ascending.
        wrong: which of their values differ, each of shape (sensors, bins).
        first: the first row that differs and follows one that is right; None where there is none.
        others: where other jobs of the run began, epoch seconds.
    """

    rows: Sequence[Row]
    wrong: Sequence[Marks]
    first: Row | None = None
    others: Sequence[float] = ()


def explained(shown: Range, convention: Convention, evidence: Evidence) -> str:
    """The kind of error, in words; empty where nothing explains it."""
    case = _Case.of(shown, convention, evidence)
    if case is None:
        return ""
    tries: Iterable[Callable[[_Case], str]] = (
        _single,
        _level,
        _form,
        _window,
        _channels,
        _bins,
        _time,
        _dropped,
        _unsteady,
    )
    return next(filter(None, (one(case) for one in tries)), "")


@dataclass(frozen=True)
class _Case:
    """What is to be explained.

    Attributes:
        told: amplitudes that came, of the sensors that differ, shape (rows, sensors, bins).
        due: those that are expected.
        wrong: which differ.
        sensors: positions of the sensors among those of the job.
    """

    shown: Range
    convention: Convention
    evidence: Evidence
    rows: tuple[Row, ...]
    places: tuple[Place, ...]
    told: Floats
    due: Floats
    wrong: Marks
    sensors: tuple[int, ...]

    @classmethod
    def of(cls, shown: Range, convention: Convention, evidence: Evidence) -> _Case | None:
        chosen = [
            (row, wrong, place)
            for row, wrong in zip(evidence.rows, evidence.wrong, strict=True)
            if (place := shown.place(row.line)) is not None
        ]
        chosen = [chosen[int(at)] for at in np.unique(np.linspace(0, len(chosen) - 1, _ROWS).round())] if chosen else []
        if not chosen:
            return None
        rows, marks, places = zip(*chosen, strict=True)
        sensors = tuple(np.flatnonzero(np.any(marks, axis=(0, 2)))[:_SENSORS].tolist())
        comparison = Comparison(shown, convention)
        told = np.array([amplitudes(convention.form, row.values)[list(sensors)] for row in rows], dtype=np.float64)
        due = np.array([comparison.expected(place)[list(sensors)] for place in places])
        return cls(shown, convention, evidence, rows, places, told, due, np.array(marks)[:, list(sensors)], sensors)

    @property
    def differing(self) -> Marks:
        """Which spectra differ: shape (rows, sensors)."""
        return np.asarray(self.wrong.any(axis=2))

    def named(self, sensors: Iterable[int]) -> str:
        """Sensors by their numbers, of positions among those that differ."""
        numbers = [self.shown.sensors[self.sensors[one]] for one in sensors]
        return f"sensor {some(numbers)}"

    @property
    def whose(self) -> str:
        """Which sensors differ, where these are not all."""
        if len(self.sensors) in (len(self.shown.sensors), _SENSORS):
            return ""
        return f", of {self.named(range(len(self.sensors)))} alone"


def _single(case: _Case) -> str:
    shares = case.wrong.mean(axis=2)[case.differing]
    if case.wrong.shape[2] * _FEW_VALUES < 1 or np.median(shares) > _FEW_VALUES or shares.max() > 2 * _FEW_VALUES:
        return ""
    levels, _ = _ratios(case.told, case.due)
    return "single values" if np.abs(levels[case.differing]).max(initial=0) < _NO_LEVEL else ""


def _ratios(told: Floats, due: Floats) -> tuple[Floats, Floats]:
    """The middle of the logarithms of the ratios of loud values, and how far they are apart: shape (rows, sensors)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.log(told / due)
        loud = (due >= np.median(due, axis=2, keepdims=True)) & np.isfinite(logarithms)
        middle = _middle(logarithms, loud)
        return middle, _middle(np.abs(logarithms - middle[:, :, None]), loud)


def _middle(values: Floats, chosen: Marks) -> Floats:
    """The medians of chosen values along the last axis; infinite where there are none."""
    ordered = np.sort(np.where(chosen, values, np.inf), axis=-1)  # NumPy's own for some takes ten times as long
    half = (chosen.sum(axis=-1, keepdims=True) - 1) / 2
    ends = [
        np.take_along_axis(ordered, np.maximum(end, 0).astype(int), axis=-1) for end in (np.floor(half), np.ceil(half))
    ]
    middle: Floats = np.mean(ends, axis=0)[..., 0]
    return middle


def _decibels(nepers: float) -> str:
    return f"{abs(DECIBELS * nepers):.3g} dB too {'high' if nepers > 0 else 'low'}"


def _explains(right: Marks, case: _Case) -> bool:
    """Whether so many of the spectra that differ are given: ``right`` has the shape (rows, sensors)."""
    return bool(right[case.differing].mean() >= _NEARLY_ALL)


def _level(case: _Case) -> str:
    levels, apart = _ratios(case.told, case.due)
    there = case.differing & np.isfinite(levels)
    if not _explains(apart < _ALIKE, case) or not there.any(axis=0).all():
        return ""
    chosen = np.where(there, levels, np.nan)
    spread = float(np.nanmax(chosen) - np.nanmin(chosen))
    middle = float(np.nanmedian(chosen))
    if spread < max(0.01 * abs(middle), _LIKE / 10):
        return f"{_decibels(middle)} everywhere{case.whose}"
    per_sensor = np.nanmedian(chosen, axis=0)
    inside = float(np.nanmax(np.nanmax(chosen, axis=0) - np.nanmin(chosen, axis=0)))
    if inside < max(0.01 * abs(middle), _LIKE / 10):
        return f"levels differ from sensor to sensor, by {_decibels(float(np.nanmin(per_sensor)))} to " + _decibels(
            float(np.nanmax(per_sensor))
        )
    seconds = np.array([float(row.line * case.shown.line_ns / SECOND) for row in case.rows])
    sensor = int(np.nanargmax(np.abs(per_sensor)))
    own = ~np.isnan(chosen[:, sensor])
    if own.sum() > 2:
        slope, offset = np.polyfit(seconds[own], chosen[own, sensor], 1)
        off = np.abs(chosen[own, sensor] - slope * seconds[own] - offset).max()
        if off < 0.05 * abs(slope) * (seconds[own].max() - seconds[own].min()):
            return f"the gain drifts by {(np.expm1(slope)) * 100:+.3g} % a second{case.whose}"
    return ""


def _unsteady(case: _Case) -> str:
    """What is about right, and of another level in each row; so are rows that are hardly late."""
    _, apart = _ratios(case.told, case.due)
    return f"levels change from row to row{case.whose}" if _explains(apart < _ALIKE, case) else ""


def _form(case: _Case) -> str:
    factors = case.convention.factors(case.shown.nfft, case.shown.prr, case.shown.bins)
    for form in FORMS:
        if form == case.convention.form:
            continue
        told = np.array([amplitudes(form, row.values)[list(case.sensors)] for row in case.rows], dtype=np.float64)
        levels, apart = _ratios(told, case.due / factors)
        if _explains(apart < _ALIKE, case) and np.ptp(levels[case.differing]) < 10 * _ALIKE:
            if (case.convention.form, form) == ("amplitude", "power"):
                return "magnitudes are squared"
            return f"{form} in place of {case.convention.form}"
    return ""


def _window(case: _Case) -> str:
    comparison = Comparison(case.shown, case.convention)

    def fit(convention: Convention, late: int = 0) -> tuple[Floats, Floats]:
        places = [replace(place, sample=place.sample + late) for place in case.places]
        due = np.array([comparison.expected(place, convention)[list(case.sensors)] for place in places])
        return _ratios(case.told, due)

    def off(apart: Floats) -> float:
        return float(np.median(apart[case.differing]))

    others = {
        window: fit(replace(case.convention, window=window)) for window in WINDOWS if window != case.convention.window
    }
    window = min(others, key=lambda one: off(others[one][1]))
    levels, apart = others[window]
    if not _explains(apart < _ALIKE, case) or min(off(fit(case.convention, late)[1]) for late in _BESIDE) < off(apart):
        return ""
    level = float(np.median(levels[case.differing]))
    at = "" if abs(level) < 10 * _ALIKE else f", and {_decibels(level)}"
    return f"another window function: {window} in place of {case.convention.window}{at}"


def _alike(told: Floats, due: Floats) -> Marks:
    """Which spectra are the same, but for a few values and what the ends of a spectrum are multiplied with."""
    loud = due > _LIKE * due.max(axis=-1, keepdims=True)
    off = np.abs(told - due) > 10 * _LIKE * due
    alike: Marks = (off & loud).sum(axis=-1) <= np.maximum(2, _FEW_VALUES * loud.sum(axis=-1))
    return alike


def _channels(case: _Case) -> str:
    channels = case.shown.channels
    middle = (channels.start + channels.stop) // 2
    low = max(0, min(channels.start - 8, middle - _NEIGHBOURS // 2))
    high = min(case.shown.recording.channels, max(channels.stop + 8, low + _NEIGHBOURS), low + 4 * _NEIGHBOURS)
    strip = Strip(case.shown.recording, range(low, high), case.shown.nfft)
    place, told, differing = case.places[0], case.told[0], case.differing[0]
    first = _inside(case.shown, place, place.first(case.convention.alignment))
    factors = case.convention.factors(case.shown.nfft, case.shown.prr, case.shown.bins)
    due = strip.exact(place.stretch, first, case.convention.window, case.shown.bins) * factors
    shows: dict[int, int] = {}
    for position in np.flatnonzero(differing).tolist():
        same = np.flatnonzero(_alike(told[position], due))
        if same.size:
            shows[channels.start + case.sensors[position]] = int(same[0]) + low
    others = sum(one != other for one, other in shows.items())
    if others < _NEARLY_ALL * differing.sum():
        return ""
    numbers = {one + case.shown.lowest: other + case.shown.lowest for one, other in shows.items()}
    shifts = [other - one for one, other in numbers.items()]
    shift = max(set(shifts), key=shifts.count)
    if len(numbers) == 2 and [numbers.get(other) for other in numbers.values()] == list(numbers):
        return f"channels {some(numbers)} have changed places"
    if (shifts.count(shift) >= _NEARLY_ALL * len(shifts) - 1 and len(shifts) > 1) or len(shifts) == 1:
        who = "the neighbouring channel" if abs(shift) == 1 else f"the channel {abs(shift)} further"
        return f"the values of {who}: channels are shifted by {shift:+d}{case.whose}"
    pairs = (f"{one} shows {other}" for one, other in numbers.items())
    return f"the values of other channels: {some(pairs)}"


def _bins(case: _Case) -> str:
    shown, convention = case.shown, case.convention
    whole = range(shown.nfft // 2 + 1)
    factors = convention.factors(shown.nfft, shown.prr, whole)
    place = case.places[0]
    first = _inside(shown, place, place.first(convention.alignment))
    spectra = shown.strip.exact(place.stretch, first, convention.window)[list(case.sensors)] * factors
    told, differing = case.told[0], case.differing[0]
    count = told.shape[1]

    def explains(due: Floats) -> bool:
        return bool(_alike(told, due)[differing].mean() >= _NEARLY_ALL)

    if count > 3 and explains(case.due[0][:, ::-1]):
        return "the spectrum is mirrored"
    if count > 3 and explains(spectra[:, ::-1][:, shown.bins.start : shown.bins.stop]):
        return "the spectrum is mirrored, from half the PRR to 0 Hz"
    for start in sorted(range(-count // 2, len(whole) - count // 2), key=lambda k: abs(k - shown.bins.start)):
        low, high = max(start, 0), min(start + count, len(whole))
        if start == shown.bins.start or high - low < 4:
            continue
        part = _alike(told[:, low - start : high - start], spectra[:, low:high])
        if part[differing].mean() >= _NEARLY_ALL:
            shift = start - shown.bins.start
            if abs(shift) <= 8:
                return f"the spectrum is shifted by {plural(abs(shift), 'bin')} ({-shift:+d})"
            hertz = start * shown.prr / shown.nfft
            return f"another band, as that of another job: from {hertz:.4g} Hz on"
    return ""


def _time(case: _Case) -> str:
    found = [(row, late) for row, place, at in _ends_of(case) if (late := _late(case, place, at)) is not None]
    if not found:
        return ""
    (first, early), (last, late) = found[0], found[-1]
    shown, alone, seconds = case.shown, case.whose, early / case.shown.prr
    before = "before" if seconds < 0 else "after"
    span = float((last.line - first.line) * shown.line_ns / SECOND)
    if early != late and abs(late - early) < _RUN_AWAY * span * shown.prr:
        share = abs(late - early) / shown.prr / span
        return f"rows run away from their times by {share * 1000:.3g} ms a second: the PRR is {share:.2%} off"
    if shown.past.begin + seconds in case.evidence.others:
        return f"the range of another job, which began {abs(seconds):g} s {before} this one"
    if abs(abs(seconds) - _HOUR) < 1:
        return f"what was an hour {before} the range"
    if abs(seconds) > (shown.past.end - shown.past.begin) / 2:
        return f"another range: what was {abs(seconds):.6g} s {before} this one"
    lines = seconds * SECOND / float(shown.line_ns)
    if alone and round(lines) and abs(lines - round(lines)) < _LIKE:
        return f"{plural(abs(round(lines)), 'line')} {'behind' if lines < 0 else 'ahead'}{alone}"
    way = "late" if seconds < 0 else "early"
    return f"the rows are {abs(seconds) * 1000:.4g} ms {way}: they show what was {before} that{alone}"


def _ends_of(case: _Case) -> Iterator[tuple[Row, Place, int]]:
    for at in dict.fromkeys((0, len(case.rows) - 1)):
        yield case.rows[at], case.places[at], at


def _late(case: _Case, place: Place, at: int) -> int | None:
    """How many samples beside its place a row was made; None where nowhere."""
    differing = np.flatnonzero(case.differing[at])
    if not differing.size:
        return None
    sensor = int(differing[0])
    shown, told = case.shown, case.told[at][sensor]
    first = place.first(case.convention.alignment)
    near = sorted(range(-_NEAR_SAMPLES, _NEAR_SAMPLES + 1), key=abs)
    asked = [round((begin - shown.past.begin) * shown.prr) for begin in case.evidence.others]
    far = [*asked, -round(3600 * shown.prr), -round((shown.past.end - shown.past.begin) * shown.prr)]
    lines = [round(k * float(shown.line_ns) * shown.prr / SECOND) for k in itertools.chain(range(-20, 0), range(1, 21))]
    channel = shown.channels.start + case.sensors[sensor]
    strip = Strip(shown.recording, range(channel, channel + 1), shown.nfft)
    count = shown.recording.stretches[place.stretch].count
    for offsets in (lines, far, near, _everywhere(case, told, channel, place.stretch, first)):
        inside = [late for late in offsets if late and 0 <= first + late <= count - shown.nfft]
        for begin in range(0, len(inside), max(1, _AT_ONCE // shown.nfft)):
            some_of = inside[begin : begin + max(1, _AT_ONCE // shown.nfft)]
            samples = np.array([strip.windows(place.stretch, first + late)[0] for late in some_of])
            due = _transformed(samples, case)
            same = np.flatnonzero(_alike(told, due))
            if same.size:
                best = (
                    same[np.abs(np.log(told / due[same])[:, 1:-1]).mean(axis=1).argmin()] if told.size > 3 else same[0]
                )
                return int(some_of[int(best)])
    return None


def _everywhere(case: _Case, told: Floats, channel: int, stretch: int, first: int) -> Iterator[int]:
    """Where in a stretch the loudest values of a spectrum are about what came, in samples beside ``first``.

    The value of a bin in every window is the samples correlated with the wave of that bin, shaped by the window.
    """
    shown = case.shown
    count = shown.recording.stretches[stretch].count
    if count > _MOST_PLACES:
        return
    from scipy.signal import oaconvolve  # takes half a second to load

    samples = shown.recording.read(stretch, 0, count, slice(channel, channel + 1))[0]
    factors = case.convention.factors(shown.nfft, shown.prr, shown.bins)
    turns = np.arange(shown.nfft) / shown.nfft
    alike = np.zeros(count - shown.nfft + 1, dtype=int)
    loudest = np.argsort(np.where(np.isfinite(told), told, -np.inf))[-_LOUDEST:]
    for k in loudest.tolist():
        wave = window_of(case.convention.window, shown.nfft) * np.exp(2j * np.pi * (shown.bins.start + k) * turns)
        due = np.abs(oaconvolve(samples, wave[::-1], mode="valid")) * factors[k]
        alike += np.abs(told[k] - due) <= 10 * _LIKE * due
    yield from (np.flatnonzero(alike >= loudest.size - 2) - first).tolist()


def _transformed(samples: Floats, case: _Case) -> Floats:
    """The amplitudes of windows of samples, shape (windows, bins)."""
    shown, convention = case.shown, case.convention
    spectrum = scipy.fft.rfft(samples * window_of(convention.window, shown.nfft), axis=-1)
    factors = convention.factors(shown.nfft, shown.prr, shown.bins)
    made: Floats = np.abs(spectrum[:, shown.bins.start : shown.bins.stop]) * factors
    return made


def _dropped(case: _Case) -> str:
    """Samples that are missing within windows: looked for in the first that reaches over the place."""
    row, shown = case.evidence.first, case.shown
    place = shown.place(row.line) if row else None
    if row is None or place is None:
        return ""
    first = _inside(shown, place, place.first(case.convention.alignment))
    line = max(1, round(float(shown.line_ns) * shown.prr / SECOND))
    last = min(first + shown.nfft + _DROPPED, shown.recording.stretches[place.stretch].count)
    sensor = case.sensors[0]
    channel = shown.channels.start + sensor
    samples = shown.recording.read(place.stretch, first, last, slice(channel, channel + 1))[0]
    told = amplitudes(case.convention.form, row.values)[sensor].astype(np.float64)
    cuts = range(max(1, shown.nfft - line - 1), shown.nfft)
    best, dropped, at = np.inf, 0, 0
    for gap in range(1, len(samples) - shown.nfft + 1):
        made = [np.concatenate((samples[:cut], samples[cut + gap : shown.nfft + gap])) for cut in cuts]
        due = _transformed(np.array(made), case)
        off = np.where(_alike(told, due), np.abs(told - due).sum(axis=1), np.inf)
        if off.min() < best:
            best, dropped, at = float(off.min()), gap, cuts[int(off.argmin())]
    if not dropped:
        return ""
    since = clock(row.time + 1000 * at / shown.prr)
    return f"{plural(dropped, 'sample')} {are(dropped)} missing in the windows, first at {since}"


def _inside(shown: Range, place: Place, first: int) -> int:
    return int(min(max(first, 0), shown.recording.stretches[place.stretch].count - shown.nfft))
