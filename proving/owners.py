"""Which promises of the contract a scenario answers for, so that ``make faults`` knows who has to catch a fault.

It stands here and not in tags: whoever reads a feature wants to know what is promised, not how the suite is proven.
"""

from __future__ import annotations

import re

PROMISES = {
    "The answer leads to the stream": ("address", "health"),
    "Connecting takes no longer than an operator waits": ("address", "health"),
    "The screen does not stay empty": ("first-frame",),
    "A job that does not exist is asked for, and then one that does": ("unknown-job",),
    "All frames that were asked for have come": ("count", "end"),
    "The job is cancelled while somebody watches": ("cancel",),
    "The frames of a live job can be drawn": ("frame", "canvas", "row-time", "wire", "shape", "job-number"),
    "<channels> at the <part> of the fibre": ("channels", "sensors", "bins", "streams"),
    "A band from <low> to <high> of Nyquist, with NFFT <nfft>": ("frequencies", "bins"),
    "No sensor is dead, and no value is made up": ("intensity", "bounds", "life", "scale"),
    "What is shown is happening now": ("live",),
    "Live delivery is continuous": ("line-time", "rate", "live", "count", "index", "streams"),
    "Live delivery is fast enough": ("rate",),
    "A live job is configured": ("lines", "view", "answer", "job-id"),
    "A job id is never given twice": ("job-id",),
    "The id of a job that is over is not given again": ("job-id",),
    "The server knows how long its fibre is": ("fibre",),
    "A job that cannot be is refused: <mistake>": ("refusal",),
    "Refused jobs leave room for others": ("refusal",),
    "The server keeps track of a job": ("metadata",),
    "A cancelled job is over": ("metadata",),
    "The server tells how a job is doing": ("metadata",),
    "Windows of every kind are right, beside each other": ("beside",),
    "A job is streamed again": ("again", "job-number"),
    "A stream is as good as any other after <event>": ("job-number",),
    "Nothing else was wrong in any stream of this run": ("scale",),
    "Two clients stream the same job": ("again",),
    "Two jobs <place>, each for itself": ("beside",),
    "Playback covers exactly the range that was asked for": ("range",),
    "A hole in the recording is shown as a hole": ("hole",),
    "The same range is the same picture, whenever it is played back": ("same-request",),
    "Ranges that follow each other fit": ("range",),
    "Either way to ask for a range leads to the same picture": ("task",),
    "The server tells when a range is over": ("metadata",),
    "Every resolution has the numbers that follow from it, and is played back": ("frequencies", "channels", "lines"),
    "One channel can be looked at as closely as can be": ("view",),
    "A cancelled job leaves its window to the next one": ("window",),
    "A server that has no window left refuses one more, and goes on with the others": ("full",),
    "A range of the past is shown as a stream that is right in every way": ("range",),
    "A range of the past is shown as it was recorded": ("truth",),
    "Another range is shown as it was recorded, and is not the one before": ("truth",),
    "A tone stands where it sounds, and what moves passes as it moves": ("truth",),
    "Two windows on the same fibre tell the same": ("truth",),
    "The past of <channels> at the <part> of the fibre is what was recorded": ("truth",),
    "From <low> to <high> of Nyquist, with NFFT <nfft>, the past is shown as it was recorded": ("truth",),
    "A window is after ten minutes as it was in the first": ("long",),
}
"""Titles of scenarios, as the features have them, and the promises that each of them owns."""

SLOW = frozenset({"window", "full"})
"""Promises that a slow scenario alone answers for."""

LONG = frozenset({"long"})
"""Promises that need ten minutes for an answer; ``tests/screen/test_long.py`` tries their faults, grown quicker."""

OF_TRUTH = frozenset({"truth", "range", "same-request"})
"""Promises about what is shown of the past: who answers for them has to know the recording."""

CONTROLLED = frozenset({"removal"})
"""Promises that need the controls of the embedded server; ``tests/screen/test_lifetime.py`` tries their faults."""

WHOLE = (
    "Nothing else was wrong in any stream of this run",
    "Windows of every kind are right, beside each other",
    "A job is streamed again",
    "Two clients stream the same job",
    "A stream is as good as any other after <event>",
    "Two jobs <place>, each for itself",
)
"""Titles of scenarios that ask about every promise; the first one about what no other scenario has asked about."""


def _pattern(title: str) -> re.Pattern[str]:
    return re.compile(re.sub("<[^>]+>", ".+", re.escape(title)))


_TITLES = {_pattern(title): owned for title, owned in PROMISES.items()}
_WHOLE = [_pattern(title) for title in WHOLE]


def owns(scenario: str, promise: str) -> bool:
    """Whether the scenario of this name, which may be an example of an outline, answers for the promise."""
    return any(promise in owned for pattern, owned in _TITLES.items() if pattern.fullmatch(_title(scenario)))


def asks_about_all(scenario: str) -> bool:
    """Whether the scenario of this name asks about every promise."""
    return any(pattern.fullmatch(_title(scenario)) for pattern in _WHOLE)


def owners_of(promise: str) -> list[str]:
    """The names of the scenarios that answer for the promise, as behave's ``--name`` takes them."""
    return [f"^{pattern.pattern}( -- @|$)" for pattern, owned in _TITLES.items() if promise in owned]


def _title(scenario: str) -> str:
    return scenario.split(" -- @")[0]
