"""PyHamcrest matchers that turn findings and metrics into sentences a person can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.baseline.comparison import Compared
from support.errors import APIError, APITimeoutError, MachineStoodStillError
from support.screen.job import Job
from support.screen.lifetime import Told
from support.screen.long import Long
from support.screen.many import Watch
from support.screen.overlooked import Overlooked
from support.screen.refusals import what_is_amiss, why_not_full
from support.screen.succession import Succession
from support.stream.metrics import StreamMetrics
from support.stream.unsaid import Unsaid
from support.validation.agreed import Waited, judge_waits
from support.validation.beside import Shown, judge_beside
from support.validation.finding import Finding, Topic
from support.validation.verdict import Verdict
from support.wording import joined, plural, some

_SHOWN_PER_RULE = 3
"""A fault of every frame shall not bury what another rule has to say."""

_SHOWN_WINDOWS = 5
"""Nor shall windows that have the same trouble; the report's table has all of them."""


T = TypeVar("T")


class _Promise(BaseMatcher[T]):
    """A promise in a sentence, and what tells why a thing does not keep it: in words, or None where it does."""

    def __init__(self, sentence: str, problem: Callable[[T], str | None]) -> None:
        self._sentence = sentence
        self._problem = problem

    def _matches(self, item: T) -> bool:
        return self._problem(item) is None

    def describe_to(self, description: Description) -> None:
        description.append_text(self._sentence)

    def describe_mismatch(self, item: T, mismatch_description: Description) -> None:
        mismatch_description.append_text(self._problem(item) or "")


def is_well_formed() -> BaseMatcher[Verdict]:
    """Every frame has the structure of the contract."""
    return _stream("every frame built as the contract says", Topic.STRUCTURE)


def follows_dimensions() -> BaseMatcher[Verdict]:
    """Every row has the sensors, and every sensor the bins, of the configuration."""
    return _stream("the sensors and bins of the configuration in every row", Topic.DIMENSIONS, Topic.FREQUENCIES)


def follows_frequencies() -> BaseMatcher[Verdict]:
    """Every sensor has as many values as the configuration has frequencies."""
    return _stream("one value for each frequency in every sensor", Topic.FREQUENCIES)


def holds_measurements() -> BaseMatcher[Verdict]:
    """The values are finite, non-negative, within their bounds, and alive."""
    return _stream("measurements: finite, within their bounds, and alive", Topic.MEASUREMENTS)


def holds_valid_data() -> BaseMatcher[Verdict]:
    """Structure, dimensions, frequencies and measurements at once."""
    return _stream(
        "valid data in every frame", Topic.STRUCTURE, Topic.DIMENSIONS, Topic.FREQUENCIES, Topic.MEASUREMENTS
    )


def shows_the_recording() -> BaseMatcher[Verdict]:
    """Every value is what the recording says."""
    return _stream("the picture of the recording, value by value", Topic.TRUTH)


def is_continuous() -> BaseMatcher[Verdict]:
    """No line is missing, repeated or out of order."""
    return _stream("a stream without a line missing, repeated or out of order", Topic.CONTINUITY)


def is_fresh() -> BaseMatcher[Verdict]:
    """Live rows are new when they arrive, and not from the future."""
    return _stream("live data that are new when they arrive", Topic.FRESHNESS)


def is_steady() -> BaseMatcher[Verdict]:
    """No pause, and the frame rate kept at every time."""
    return _stream("frames at a steady pace", Topic.PACE)


def ends_as_it_should() -> BaseMatcher[Verdict]:
    """The stream ended when it should and not before, promptly and without an error."""
    return _stream("a stream that ends when it should, promptly and without an error", Topic.ENDING)


def agrees_on_dimensions() -> BaseMatcher[Job]:
    """The answer of the configuration covers the channels asked for."""
    return _answer("an answer that covers the channels asked for", Topic.DIMENSIONS)


def agrees_on_frequencies() -> BaseMatcher[Job]:
    """The answer of the configuration lists the bins of the band asked for."""
    return _answer("the frequency bins of the band that was asked for", Topic.FREQUENCIES)


def names_address() -> BaseMatcher[Job]:
    """The answer of the configuration names a host and a port."""
    return _answer("an answer that names a host and a port", Topic.ADDRESS)


def agrees_with_request() -> BaseMatcher[Job]:
    """The answer of the configuration agrees with the request and with itself."""
    return _answer("an answer that agrees with what was asked for", *Topic)


def counts_its_channels() -> BaseMatcher[Sequence[Finding]]:
    """The description of the fibre has no finding."""
    return _told("a fibre that has as many channels as it is said to have", "in the description of the fibre")


def tells_what_was_asked_for() -> BaseMatcher[Sequence[Finding]]:
    """What the server tells of a job has no finding."""
    return _told("a job that is told as it was asked for", "in what the server tells of the job")


def shows_its_sources() -> BaseMatcher[Sequence[Finding]]:
    """What is known to sound on the fibre is where it is known to be."""
    return _told("everything that is known to sound on the fibre where it sounds, and nowhere else", "in the windows")


def shows_the_same() -> BaseMatcher[Sequence[Finding]]:
    """Pictures of the same fibre and the same time have no finding."""
    return _told("the same at the same time and place", "in what both show")


def has_first_frame_within(limit: float) -> BaseMatcher[StreamMetrics]:
    """The first frame came at most ``limit`` seconds after asking."""

    def problem(metrics: StreamMetrics) -> str | None:
        latency = metrics.first_frame_latency
        if latency is None:
            return f"no frame came in {metrics.duration:.2f} s"
        return None if latency <= limit else f"it came after {latency:.2f} s, {_more(limit, 'first_frame_within')}"

    return _metrics(f"the first frame within {limit:g} s", problem)


def has_frame_rate_above(rate: float) -> BaseMatcher[StreamMetrics]:
    """More than ``rate`` frames a second on average.

    One frame more or less is the error of counting: a server that keeps exactly the rate must not fail by it.
    """

    def problem(metrics: StreamMetrics) -> str | None:
        frames = metrics.frames_received
        if metrics.span > 0 and frames / metrics.span > rate:
            return None
        received = f"{metrics.avg_frame_rate:.2f} a second, {plural(frames, 'frame')} received"
        return f"{received}; setting frame_rate_above asks for more than {rate:g}"

    return _metrics(f"more than {rate:g} frames a second", problem)


def has_frames_in_time(percent: float, limit: float) -> BaseMatcher[StreamMetrics]:
    """At least ``percent`` of the frames came at most ``limit`` seconds after the one before."""

    def problem(metrics: StreamMetrics) -> str | None:
        if metrics.frames_received < 2:
            return f"{plural(metrics.frames_received, 'frame')} received, so there is no interval to measure"
        share = metrics.share_within(limit) * 100
        if share >= percent:
            return None
        longest = f"the longest interval was {metrics.interval_percentile(100):.2f} s"
        return f"{share:.1f} % were, {longest}; setting frames_in_time asks for {percent:g} %"

    return _metrics(f"{percent:g} % of the frames within {limit:g} s of the one before", problem)


def covers_stream_of(frames: int) -> BaseMatcher[StreamMetrics]:
    """The metrics count ``frames`` frames, and last from asking to the end, without an error."""

    def problem(metrics: StreamMetrics) -> str | None:
        checks = {
            f"{plural(metrics.frames_received, 'frame')} counted": metrics.frames_received == frames,
            "no bytes counted": metrics.bytes_received > 0,
            "no start or end": metrics.start_time is not None and metrics.end_time is not None,
            "the end lies before the last frame": metrics.duration >= (metrics.last_frame_latency or 0),
            f"{plural(metrics.errors_count, 'error')} counted": metrics.errors_count == 0,
        }
        return ", ".join(problem for problem, right in checks.items() if not right) or None

    return _metrics(f"metrics that cover a stream of {plural(frames, 'frame')}, from asking to its end", problem)


def is_no_slower_by(percent: float) -> BaseMatcher[Sequence[Compared]]:
    """No figure has become longer than in the baseline by more than ``percent`` and chance explain."""

    def problem(figures: Sequence[Compared]) -> str | None:
        if not figures:
            return "nothing was compared"
        return "; ".join(str(figure) for figure in figures if figure.is_slower) or None

    return _Promise(f"a server no slower than its baseline by more than {percent:g} %", problem)


def names_unknown_job(job_id: str) -> BaseMatcher[APIError]:
    """A refusal with status NOT_FOUND whose words name the job; where there is none to name, any but silence."""

    def problem(refusal: APIError) -> str | None:
        if not job_id:
            return str(refusal) if isinstance(refusal, APITimeoutError) else None
        status = getattr(refusal.status, "name", refusal.status)
        if status == "NOT_FOUND" and job_id in refusal.details:
            return None
        return f"the server answered {status} with the words {refusal.details!r}"

    return _Promise(f"a NOT_FOUND whose words name the job {job_id!r}" if job_id else "a refusal", problem)


def says_what_is_wrong() -> BaseMatcher[APIError]:
    """A refusal of a configuration, with the reason in the server's words."""

    def problem(refusal: APIError) -> str | None:
        return what_is_amiss(refusal) or None

    return _Promise("a refusal with status 400 or 422 that says in words what is wrong", problem)


def have_different_ids() -> BaseMatcher[Sequence[str]]:
    """No id was given twice."""

    def problem(job_ids: Sequence[str]) -> str | None:
        twice = [job_id for job_id, count in Counter(job_ids).items() if count > 1]
        return f"{some(twice)} was given more than once" if twice else None

    return _Promise("a job id of its own for every job", problem)


def says_that_all_are_in_use(cannot: frozenset[Unsaid]) -> BaseMatcher[APIError]:
    """A refusal of one window too many, by a server that ``cannot`` say everything."""

    def problem(refusal: APIError) -> str | None:
        return why_not_full(refusal, cannot) or None

    return _Promise("a refusal with status 503 that says in words what is wrong", problem)


def follows_the_job() -> BaseMatcher[Sequence[Told]]:
    """What the server tells of a job is so, at each step of its life."""

    def problem(life: Sequence[Told]) -> str | None:
        return joined(*(told.problem for told in life)) or None

    return _Promise("a job that is told as it is", problem)


def every_range_is_shown() -> BaseMatcher[Sequence[Watch]]:
    """Every window shows each line of its range, nothing beyond, and ends by itself."""

    def problem(watch: Watch) -> str | None:
        findings = watch.ask([Topic.CONTINUITY, Topic.ENDING])
        if findings or watch.failure or not watch.lines_received:
            return joined(*map(str, findings[:_SHOWN_PER_RULE]), watch.failure) or "no line came"
        return None

    return _every_window("every line of its range, and none beyond, in every window", problem)


def has_its_numbers() -> BaseMatcher[Sequence[Finding]]:
    """Configurations whose numbers are those expected."""
    return _told("the numbers that follow from each configuration", "in the answers of the configurations")


def is_played_back_the_same() -> BaseMatcher[Sequence[Finding]]:
    """Ranges of the past that have no finding when they are compared."""
    return _told("the same past, whenever it is played back", "in what was played back")


def every_window_received_every_line() -> BaseMatcher[Sequence[Watch]]:
    """In every window as many lines as there were, and none missing, repeated or out of order."""

    def problem(watch: Watch) -> str | None:
        gaps = [str(finding) for finding in watch.ask([Topic.CONTINUITY])]
        if watch.lines_received and watch.lines_received == watch.lines_expected and not gaps and not watch.failure:
            return None
        counted = f"{watch.lines_received} lines received where there were {watch.lines_expected}"
        return joined(counted, *gaps[:_SHOWN_PER_RULE], watch.failure)

    return _every_window("every line received in every window", problem)


def every_window_is_fresh(percent: float, limit: float) -> BaseMatcher[Sequence[Watch]]:
    """In every window ``percent`` of the frames held data that were at most ``limit`` seconds old on arrival."""

    def problem(watch: Watch) -> str | None:
        age = watch.ages.percentile(percent)
        if age is None:
            return joined("no data came", watch.failure)
        if age <= limit or watch.doubts:
            return None
        old = f"{percent:g} % were up to {age:.2f} s old, the oldest {watch.ages.longest:.2f} s"
        return f"{old}, {_more(limit, 'data_age_within')}"

    return _every_window(f"{percent:g} % of the data at most {limit:g} s old on arrival in every window", problem)


def every_window_began_within(limit: float) -> BaseMatcher[Sequence[Watch]]:
    """In every window the first frame came at most ``limit`` seconds after asking."""

    def problem(watch: Watch) -> str | None:
        if watch.first_frame is None:
            return joined("no frame came", watch.failure)
        began = watch.first_frame
        return None if began <= limit else f"it came after {began:.2f} s, {_more(limit, 'first_frame_within')}"

    return _every_window(f"the first frame of every window within {limit:g} s", problem)


def every_window_is_right() -> BaseMatcher[Sequence[Watch]]:
    """In every window lines came, and no rule found anything."""

    def problem(watch: Watch) -> str | None:
        findings = watch.ask(tuple(Topic))
        if not watch.lines_received:
            return joined("no line came, so there is nothing to judge", watch.failure)
        if not watch.found:
            return watch.failure or None
        first = joined(*(f"{finding.rule}: {finding}" for finding in findings[:_SHOWN_PER_RULE]))
        more = f"; and {watch.found - _SHOWN_PER_RULE} more" if watch.found > _SHOWN_PER_RULE else ""
        return f"{plural(watch.found, 'finding')}: {first}{more}"

    return _every_window("nothing wrong in any window", problem)


def has_overlooked_nothing() -> BaseMatcher[Overlooked]:
    """No stream and no answer of the run is wrong in a way that no step has asked about.

    Raises:
        MachineStoodStillError: there is nothing but what this machine explains.
    """

    def problem(overlooked: Overlooked) -> str | None:
        certain, doubtful = (
            "".join(f"\n  - {sentence}" for sentence in overlooked.sentences(doubtful=doubtful))
            for doubtful in (False, True)
        )
        if doubtful and not certain:
            raise MachineStoodStillError(f"the server cannot be judged by what this machine explains:{doubtful}")
        return certain or None

    return _Promise("nothing wrong in any stream or answer of this run that no scenario asked about", problem)


def is_right() -> BaseMatcher[Verdict]:
    """A stream in which no rule found anything."""
    return _stream("a stream in which nothing is wrong", *Topic)


def is_as_it_was() -> BaseMatcher[Long]:
    """A stream that is at its end as it was in the beginning."""

    def problem(long: Long) -> str | None:
        return _listed(long.findings, 0, f"over {long.seconds:g} s") if long.findings else None

    return _Promise("rates, age and levels as they were in the beginning", problem)


def show_what_is_their_own(canvases: Collection[str]) -> BaseMatcher[Sequence[Watch]]:
    """No window shows the values, the times or the canvas of another; the server has ``canvases``, beside theirs."""

    def shown(watch: Watch, job: Job) -> Shown:
        turn = None if watch.look.job else watch.turn
        return Shown(job.answer.job_id, 1 / job.prr, watch.frames, watch.canvases, turn)

    def problem(watches: Sequence[Watch]) -> str | None:
        streams = [shown(watch, watch.job) for watch in watches if watch.job]
        if not any(stream.canvases for stream in streams):
            return "no window shows anything, so there is nothing to compare"
        return "; ".join(map(str, judge_beside(streams, canvases))) or None

    return _Promise("windows that show nothing of one another", problem)


def opened_as_agreed() -> BaseMatcher[Sequence[Waited]]:
    """Windows of a run that took no longer to open than agreed, by percentiles."""

    def problem(waits: Sequence[Waited]) -> str | None:
        if all(waited.lack for waited in waits):
            return "nothing was judged"
        findings = judge_waits(waits)
        return _listed(findings, 0, "about the percentiles, by the nearest rank") if findings else None

    return _Promise("windows that open as fast as agreed", problem)


def was_free_within(limit: float) -> BaseMatcher[Succession]:
    """Each job had its window at most ``limit`` seconds after the one before had been cancelled."""

    def problem(succession: Succession) -> str | None:
        if succession.refusal:
            waited = f"job {len(succession.waits)} waited {succession.waits[-1]:.1f} s in vain"
            return f"{waited}: {succession.refusal}"
        longest = max(succession.waits, default=None)
        if longest is None:
            return "there were no jobs"
        return None if longest <= limit else f"job {succession.waits.index(longest) + 1} waited {longest:.1f} s"

    return _Promise(f"the window of a cancelled job free again within {limit:g} s", problem)


def _stream(sentence: str, *topics: Topic) -> BaseMatcher[Verdict]:
    """A stream of at least one row without findings on some topics.

    Raises:
        MachineStoodStillError: it has none but such that this machine explains.
    """

    def problem(verdict: Verdict) -> str | None:
        findings = verdict.ask(topics)
        if findings:
            judged = f"in {plural(verdict.frames, 'frame')} with {plural(verdict.rows, 'row')}"
            return _listed(findings, verdict.left_out(topics), judged)
        doubts = [finding for finding in verdict.doubts if finding.topic in topics]
        if doubts:
            raise MachineStoodStillError(
                f"the server cannot be judged, for {verdict.standstill}: {_listed(doubts, 0, 'that this explains')}"
            )
        if verdict.rows:
            return None
        ending = f": {verdict.ending.error}" if verdict.ending and verdict.ending.error else ""
        return f"no rows were received, so there is nothing to judge{ending}"

    return _Promise(sentence, problem)


def _answer(sentence: str, *topics: Topic) -> BaseMatcher[Job]:
    """A job whose configuration was answered without findings on some topics."""

    def problem(job: Job) -> str | None:
        findings = job.ask(topics)
        return _listed(findings, 0, "in the answer of the configuration") if findings else None

    return _Promise(sentence, problem)


def _told(sentence: str, where: str) -> BaseMatcher[Sequence[Finding]]:
    """No findings about something that the server has told."""
    return _Promise(sentence, lambda findings: _listed(findings, 0, where) if findings else None)


def _metrics(sentence: str, problem: Callable[[StreamMetrics], str | None]) -> BaseMatcher[StreamMetrics]:
    """A number of the metrics on the right side of a limit; where it is not, the client itself may be why."""

    def told(metrics: StreamMetrics) -> str | None:
        measured = problem(metrics)
        return measured and joined(measured, metrics.slow_client)

    return _Promise(sentence, told)


def _every_window(sentence: str, problem: Callable[[Watch], str | None]) -> BaseMatcher[Sequence[Watch]]:
    """Windows in none of which something is wrong.

    Raises:
        MachineStoodStillError: there is nothing but what this machine explains.
    """

    def told(watches: Sequence[Watch]) -> str | None:
        problems = [f"{watch}: {wrong}" for watch in watches if (wrong := problem(watch))]
        doubtful = [watch for watch in watches if watch.doubts]
        if doubtful and not problems:
            raise MachineStoodStillError(
                f"the server cannot be judged by what came in {doubtful[0]}: {doubtful[0].doubts}"
            )
        if watches and not problems:
            return None
        shown = "".join(f"\n  - {wrong}" for wrong in problems[:_SHOWN_WINDOWS])
        more = f"\n  - and {len(problems) - _SHOWN_WINDOWS} more" if len(problems) > _SHOWN_WINDOWS else ""
        return f"not so in {len(problems)} of {plural(len(watches), 'window')}:{shown}{more}"

    return _Promise(sentence, told)


def _more(limit: float, setting: str) -> str:
    """Which setting sets the limit that was passed."""
    return f"more than the {limit:g} s of setting {setting}"


def _listed(findings: Sequence[Finding], left_out: int, judged: str) -> str:
    """The first findings of each rule, and how many there are."""
    lines: list[str] = []
    for rule in dict.fromkeys(finding.rule for finding in findings):
        own = [finding for finding in findings if finding.rule == rule]
        lines += [f"\n  - {finding.in_full}" for finding in own[:_SHOWN_PER_RULE]]
    total = len(findings) + left_out
    more = f"\n  - and {total - len(lines)} more" if total > len(lines) else ""
    return f"{plural(total, 'finding')} {judged}:{''.join(lines)}{more}"
