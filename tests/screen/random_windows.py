"""Many windows at once, opened and closed at random, some of them disturbed: what came of each, and what was wrong.

Everything random is decided beforehand, from a seed: which window streams how many frames how often, and whose
connection is cut after which frame. Times are not judged here: on a crowded machine all of them are late.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain

from support.contract import JobRequest
from support.errors import RemoteError
from support.focus_server_api import FocusServerAPI
from support.network.hop import Hop
from support.screen.window import Window, open_window
from support.settings import Settings
from support.stream.interruption import Interruption
from support.validation.finding import Finding
from support.validation.loss import Loss
from support.validation.time import LinesContinuous
from support.wording import plural
from tests.patience import PATIENCE

FRAMES_A_SECOND = 40 / 3
"""What a server makes of a rate of 12 to 14, with three lines to a frame 25 ms apart: less work than usual."""

FEWEST, MOST = 15, 60
"""Frames of a visit: enough for a connection to be cut and for the stream to be gone on with."""

PAUSE = 0.3
"""Seconds that a window stays closed, at most."""

UNHURRIED = Settings(
    connection_timeout=PATIENCE,
    idle_timeout=PATIENCE,
    rest_timeout=PATIENCE,
    retry_attempts=8,
    retry_delay=0.1,
    max_pause=PATIENCE,
    frame_rate_above=0.1,
    data_age_within=PATIENCE,
    end_within=PATIENCE,
)


@dataclass(frozen=True)
class Visit:
    """One window from its opening to its closing.

    Attributes:
        name: which one.
        pause: seconds that it is closed before.
        frames: how many of them are streamed.
        bounded: whether the server is asked for so many; otherwise the client leaves when it has them.
        cut_after: the frame after which its connection is cut; None where nothing disturbs it.
    """

    name: str
    pause: float
    frames: int
    bounded: bool
    cut_after: int | None = None


@dataclass
class Outcome:
    """What many windows came to.

    Attributes:
        seen: what each visit received.
        wrong: a sentence for each verdict, or missing one, that is not what it has to be.
        job_ids: of all jobs that were configured.
        most_open: how many windows were streaming at the same time.
    """

    seen: list[Seen] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    job_ids: list[str] = field(default_factory=list)
    most_open: int = 0

    @property
    def interruptions(self) -> int:
        """Of all streams."""
        return sum(len(seen.interruptions) for seen in self.seen)

    @property
    def lost(self) -> int:
        """Lines lost in interruptions."""
        return sum(seen.loss.reported for seen in self.seen)

    def __str__(self) -> str:
        frames = sum(seen.frames for seen in self.seen)
        return (
            f"{plural(len(self.seen), 'visit')}, up to {self.most_open} at once, {plural(frames, 'frame')}, "
            f"{plural(self.interruptions, 'interruption')}, {plural(self.lost, 'line')} lost"
        )


@dataclass(frozen=True)
class Seen:
    """What one visit received: how many frames, what was found in them, and what the client says about breaks."""

    visit: Visit
    frames: int
    findings: Collection[Finding]
    interruptions: Sequence[Interruption]
    loss: Loss

    def wrong(self) -> Iterator[str]:
        """A sentence for each thing that is not as it has to be."""
        due = int(self.visit.cut_after is not None)
        if sum(not _is_about_numbers(interruption) for interruption in self.interruptions) != due:
            told = "; ".join(map(str, self.interruptions)) or "none"
            yield f"{plural(due, 'interruption')} due, the client tells of {told}"
        for finding in self.findings:
            if not any(_explains(interruption, finding) for interruption in self.interruptions):
                yield f"{finding.rule}: {finding}"
        if self.loss.twice or self.loss.missing != self.loss.reported:
            yield str(self.loss)
        if self.visit.bounded and self.frames != self.visit.frames:
            yield f"{plural(self.frames, 'frame')} where {self.visit.frames} were asked for"


def plan(seed: int, windows: int, seconds: float) -> list[list[Visit]]:
    """The visits of each window, for about so many seconds; a tenth of all, one at least, are disturbed."""
    chance = random.Random(seed)
    visits = [list(_visits(chance, window, seconds)) for window in range(windows)]
    every = list(chain(*visits))
    disturbed = set(chance.sample([visit.name for visit in every], max(1, len(every) // 10)))
    return [
        [
            replace(visit, cut_after=chance.randrange(1, visit.frames - 10)) if visit.name in disturbed else visit
            for visit in visits_of_window
        ]
        for visits_of_window in visits
    ]


def run(rest_url: str, request: JobRequest, prr: float, visits: Sequence[Sequence[Visit]]) -> Outcome:
    """Opens as many windows at once as there are lists of visits, each on a thread and with connections of its own."""
    screen = _Screen(rest_url, request, prr)
    threads = [threading.Thread(target=screen.show, args=(each,), name=f"window {each[0].name}") for each in visits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return screen.outcome


class _Screen:
    """The windows of one operator; what they share is written under a lock."""

    def __init__(self, rest_url: str, request: JobRequest, prr: float) -> None:
        self.outcome = Outcome()
        self._rest_url = rest_url
        self._request = request
        self._prr = prr
        self._open = 0
        self._lock = threading.Lock()

    def show(self, visits: Sequence[Visit]) -> None:
        with FocusServerAPI(self._rest_url, timeout=PATIENCE) as api:
            for visit in visits:
                threading.Event().wait(visit.pause)
                try:
                    seen = self._visit(api, visit)
                except RemoteError as error:
                    self._note(None, [f"{visit}: {type(error).__name__}: {error}"])
                else:
                    self._note(seen, [f"{visit}: {sentence}" for sentence in seen.wrong()])

    def _visit(self, api: FocusServerAPI, visit: Visit) -> Seen:
        with open_window(UNHURRIED, api, self._request, self._prr) as window:
            self._opened(window.job.answer.job_id)
            try:
                with Hop((window.job.answer.stream_url, int(window.job.answer.stream_port))) as hop:
                    return _stream(window, hop, visit)
            finally:
                self._closed()

    def _opened(self, job_id: str) -> None:
        with self._lock:
            self.outcome.job_ids.append(job_id)
            self._open += 1
            self.outcome.most_open = max(self.outcome.most_open, self._open)

    def _closed(self) -> None:
        with self._lock:
            self._open -= 1

    def _note(self, seen: Seen | None, wrong: Collection[str]) -> None:
        with self._lock:
            self.outcome.wrong += wrong
            if seen is not None:
                self.outcome.seen.append(seen)


def _stream(window: Window, hop: Hop, visit: Visit) -> Seen:
    window.connect((hop.host, hop.port))
    with closing(window.stream(visit.frames if visit.bounded else None, resume=True)) as blocks:
        for block in blocks:
            if visit.cut_after in block.indexes:
                hop.cut()
            if not visit.bounded and visit.frames - 1 in block.indexes:
                break
    window.client.disconnect()
    assert window.verdict is not None, "it has been streamed"
    interruptions = window.metrics.interruptions
    return Seen(
        visit,
        window.verdict.frames,
        window.verdict.findings(),
        interruptions,
        Loss.of(window.frames, interruptions, window.job.answer.lines_dt),
    )


def _visits(chance: random.Random, window: int, seconds: float) -> Iterator[Visit]:
    number = 0
    while seconds > 0:
        frames = chance.randint(FEWEST, MOST)
        yield Visit(f"{window}.{number}", chance.uniform(0, PAUSE), frames, bounded=chance.random() < 0.5)
        seconds -= frames / FRAMES_A_SECOND
        number += 1


def _is_about_numbers(interruption: Interruption) -> bool:
    """Whether the connection stood: a bounded stream was asked for again, because frames that had come were counted."""
    return interruption.reason.endswith("had come before")


def _explains(interruption: Interruption, finding: Finding) -> bool:
    """Whether a finding is no more than the loss that the client has told of: as many lines, at the same place."""
    return (
        finding.rule == LinesContinuous.name
        and finding.where.time == interruption.before
        and finding.amount == interruption.lines_lost
    )
