"""PyHamcrest matchers that turn findings and metrics into sentences a person can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from http import HTTPStatus

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.baseline.comparison import Compared
from support.errors import APIError, ProtocolError
from support.screen.job import Job
from support.screen.many import Watch
from support.stream.metrics import StreamMetrics
from support.validation.finding import Finding, Topic
from support.validation.verdict import Verdict
from support.wording import plural

_SHOWN_PER_RULE = 3
"""A fault of every frame shall not bury what another rule has to say."""

_SHOWN_WINDOWS = 5
"""Nor shall windows that have the same trouble; the report's table has all of them."""


class _KeepsPromise(BaseMatcher[Verdict]):
    """A stream of at least one frame without findings on some topics."""

    def __init__(self, promise: str, topics: Collection[Topic]) -> None:
        self._promise = promise
        self._topics = topics

    def _matches(self, item: Verdict) -> bool:
        return item.rows > 0 and not item.findings(self._topics)

    def describe_to(self, description: Description) -> None:
        description.append_text(self._promise)

    def describe_mismatch(self, item: Verdict, mismatch_description: Description) -> None:
        findings = item.findings(self._topics)
        if not findings:
            ending = f": {item.ending.error}" if item.ending and item.ending.error else ""
            mismatch_description.append_text(f"no rows were received, so there is nothing to judge{ending}")
            return
        judged = f"in {plural(item.frames, 'frame')} with {plural(item.rows, 'row')}"
        mismatch_description.append_text(_listed(findings, item.left_out(self._topics), judged))


class _AgreesWithRequest(BaseMatcher[Sequence[Finding]]):
    """An answer of the configuration without findings on some topics."""

    def __init__(self, promise: str, topics: Collection[Topic]) -> None:
        self._promise = promise
        self._topics = topics

    def _matches(self, item: Sequence[Finding]) -> bool:
        return not self._relevant(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(self._promise)

    def describe_mismatch(self, item: Sequence[Finding], mismatch_description: Description) -> None:
        mismatch_description.append_text(_listed(self._relevant(item), 0, "in the answer of the configuration"))

    def _relevant(self, findings: Sequence[Finding]) -> list[Finding]:
        return [finding for finding in findings if finding.topic in self._topics]


class _Metric(BaseMatcher[StreamMetrics]):
    """A number of the metrics on the right side of a limit."""

    def __init__(self, promise: str) -> None:
        self._promise = promise

    def describe_to(self, description: Description) -> None:
        description.append_text(self._promise)

    def describe_mismatch(self, item: StreamMetrics, mismatch_description: Description) -> None:
        note = f"; {item.slow_client}" if item.slow_client else ""
        mismatch_description.append_text(self._measured(item) + note)

    def _measured(self, metrics: StreamMetrics) -> str:
        raise NotImplementedError


class _FirstFrameWithin(_Metric):
    def __init__(self, limit: float) -> None:
        super().__init__(f"the first frame within {limit:g} s")
        self._limit = limit

    def _matches(self, item: StreamMetrics) -> bool:
        return item.first_frame_latency is not None and item.first_frame_latency <= self._limit

    def _measured(self, metrics: StreamMetrics) -> str:
        if metrics.first_frame_latency is None:
            return f"no frame came in {metrics.duration:.2f} s"
        return f"it came after {metrics.first_frame_latency:.2f} s"


class _FrameRateAbove(_Metric):
    """One frame more or less is the error of counting: a server that keeps exactly the rate must not fail by it."""

    def __init__(self, rate: float) -> None:
        super().__init__(f"more than {rate:g} frames a second")
        self._rate = rate

    def _matches(self, item: StreamMetrics) -> bool:
        return item.span > 0 and item.frames_received / item.span > self._rate

    def _measured(self, metrics: StreamMetrics) -> str:
        return f"{metrics.avg_frame_rate:.2f} a second, {plural(metrics.frames_received, 'frame')} received"


class _ShareInTime(_Metric):
    def __init__(self, percent: float, limit: float) -> None:
        super().__init__(f"{percent:g} % of the frames within {limit:g} s of the one before")
        self._percent = percent
        self._limit = limit

    def _matches(self, item: StreamMetrics) -> bool:
        return item.frames_received > 1 and item.share_within(self._limit) * 100 >= self._percent

    def _measured(self, metrics: StreamMetrics) -> str:
        if metrics.frames_received < 2:
            return f"{plural(metrics.frames_received, 'frame')} received, so there is no interval to measure"
        worst = metrics.interval_percentile(100)
        return f"{metrics.share_within(self._limit) * 100:.1f} % were, the longest interval was {worst:.2f} s"


class _CoversStream(_Metric):
    def __init__(self, frames: int) -> None:
        super().__init__(f"metrics that cover a stream of {plural(frames, 'frame')}, from asking to its end")
        self._frames = frames

    def _matches(self, item: StreamMetrics) -> bool:
        return not self._problems(item)

    def _measured(self, metrics: StreamMetrics) -> str:
        return ", ".join(self._problems(metrics))

    def _problems(self, metrics: StreamMetrics) -> list[str]:
        checks = {
            f"{plural(metrics.frames_received, 'frame')} counted": metrics.frames_received == self._frames,
            "no bytes counted": metrics.bytes_received > 0,
            "no start or end": metrics.start_time is not None and metrics.end_time is not None,
            "the end lies before the last frame": metrics.duration >= (metrics.last_frame_latency or 0),
            f"{plural(metrics.errors_count, 'error')} counted": metrics.errors_count == 0,
        }
        return [problem for problem, right in checks.items() if not right]


class _NoSlower(BaseMatcher[Sequence[Compared]]):
    def __init__(self, percent: float) -> None:
        self._percent = percent

    def _matches(self, item: Sequence[Compared]) -> bool:
        return bool(item) and not any(figure.is_slower for figure in item)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"a server no slower than its baseline by more than {self._percent:g} %")

    def describe_mismatch(self, item: Sequence[Compared], mismatch_description: Description) -> None:
        slower = [str(figure) for figure in item if figure.is_slower]
        mismatch_description.append_text("; ".join(slower) or "nothing was compared")


class _RefusalNaming(BaseMatcher[APIError]):
    def __init__(self, job_id: str) -> None:
        self._job_id = job_id

    def _matches(self, item: APIError) -> bool:
        return getattr(item.status, "name", "") == "NOT_FOUND" and self._job_id in item.details

    def describe_to(self, description: Description) -> None:
        description.append_text(f"a NOT_FOUND whose words name the job {self._job_id!r}")

    def describe_mismatch(self, item: APIError, mismatch_description: Description) -> None:
        status = getattr(item.status, "name", item.status)
        mismatch_description.append_text(f"the server answered {status} with the words {item.details!r}")


class _RefusalInWords(BaseMatcher[APIError]):
    _STATUSES = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)

    def _matches(self, item: APIError) -> bool:
        return item.status in self._STATUSES and not isinstance(item, ProtocolError)

    def describe_to(self, description: Description) -> None:
        description.append_text("a refusal with status 400 or 422 that says in words what is wrong")

    def describe_mismatch(self, item: APIError, mismatch_description: Description) -> None:
        mismatch_description.append_text(str(item))


class _DifferentJobIds(BaseMatcher[Sequence[Job]]):
    def _matches(self, item: Sequence[Job]) -> bool:
        return not self._given_twice(item)

    def describe_to(self, description: Description) -> None:
        description.append_text("a job id of its own for every job")

    def describe_mismatch(self, item: Sequence[Job], mismatch_description: Description) -> None:
        mismatch_description.append_text(f"{', '.join(self._given_twice(item))} was given more than once")

    def _given_twice(self, jobs: Sequence[Job]) -> list[str]:
        return [job_id for job_id, count in Counter(job.answer.job_id for job in jobs).items() if count > 1]


class _EveryWindow(BaseMatcher[Sequence[Watch]]):
    """Windows in none of which something is wrong."""

    def __init__(self, promise: str) -> None:
        self._promise = promise

    def _matches(self, item: Sequence[Watch]) -> bool:
        return bool(item) and not any(self._problem(watch) for watch in item)

    def describe_to(self, description: Description) -> None:
        description.append_text(self._promise)

    def describe_mismatch(self, item: Sequence[Watch], mismatch_description: Description) -> None:
        problems = [f"{watch}: {problem}" for watch in item if (problem := self._problem(watch))]
        shown = "".join(f"\n  - {problem}" for problem in problems[:_SHOWN_WINDOWS])
        more = f"\n  - and {len(problems) - _SHOWN_WINDOWS} more" if len(problems) > _SHOWN_WINDOWS else ""
        mismatch_description.append_text(f"not so in {len(problems)} of {plural(len(item), 'window')}:{shown}{more}")

    def _problem(self, watch: Watch) -> str:
        """What is wrong in a window, in words; empty where nothing is."""
        raise NotImplementedError


class _ReceivedEveryLine(_EveryWindow):
    def __init__(self) -> None:
        super().__init__("every line received in every window")

    def _problem(self, watch: Watch) -> str:
        gaps = [str(finding) for finding in watch.findings if finding.topic is Topic.CONTINUITY]
        if watch.lines_received and watch.lines_received == watch.lines_expected and not gaps and not watch.failure:
            return ""
        counted = f"{watch.lines_received} lines received where there were {watch.lines_expected}"
        return "; ".join([counted, *gaps[:_SHOWN_PER_RULE], *_unless_empty(watch.failure)])


class _WindowsFresh(_EveryWindow):
    def __init__(self, percent: float, limit: float) -> None:
        super().__init__(f"{percent:g} % of the data at most {limit:g} s old on arrival in every window")
        self._percent = percent
        self._limit = limit

    def _problem(self, watch: Watch) -> str:
        age = watch.ages.percentile(self._percent)
        if age is None:
            return "; ".join(["no data came", *_unless_empty(watch.failure)])
        if age <= self._limit:
            return ""
        return f"{self._percent:g} % were up to {age:.2f} s old, the oldest {watch.ages.longest:.2f} s"


class _WindowsRight(_EveryWindow):
    def __init__(self) -> None:
        super().__init__("nothing wrong in any window")

    def _problem(self, watch: Watch) -> str:
        if not watch.lines_received:
            return "; ".join(["no line came, so there is nothing to judge", *_unless_empty(watch.failure)])
        if not watch.found:
            return watch.failure
        first = "; ".join(str(finding) for finding in watch.findings[:_SHOWN_PER_RULE])
        more = f"; and {watch.found - _SHOWN_PER_RULE} more" if watch.found > _SHOWN_PER_RULE else ""
        return f"{plural(watch.found, 'finding')}: {first}{more}"


def is_well_formed() -> BaseMatcher[Verdict]:
    """Every frame has the structure of the contract."""
    return _KeepsPromise("every frame built as the contract says", {Topic.STRUCTURE})


def follows_dimensions() -> BaseMatcher[Verdict]:
    """Every row has the sensors, and every sensor the bins, of the configuration."""
    return _KeepsPromise("the sensors and bins of the configuration in every row", {Topic.DIMENSIONS})


def holds_measurements() -> BaseMatcher[Verdict]:
    """The values are finite, non-negative, within their bounds, and alive."""
    return _KeepsPromise("measurements: finite, within their bounds, and alive", {Topic.MEASUREMENTS})


def holds_valid_data() -> BaseMatcher[Verdict]:
    """Structure, dimensions and measurements at once."""
    return _KeepsPromise("valid data in every frame", {Topic.STRUCTURE, Topic.DIMENSIONS, Topic.MEASUREMENTS})


def is_continuous() -> BaseMatcher[Verdict]:
    """No line is missing, repeated or out of order."""
    return _KeepsPromise("a stream without a line missing, repeated or out of order", {Topic.CONTINUITY})


def is_fresh() -> BaseMatcher[Verdict]:
    """Live rows are new when they arrive, and not from the future."""
    return _KeepsPromise("live data that are new when they arrive", {Topic.FRESHNESS})


def is_steady() -> BaseMatcher[Verdict]:
    """No pause, and the frame rate kept at every time."""
    return _KeepsPromise("frames at a steady pace", {Topic.PACE})


def ends_as_it_should() -> BaseMatcher[Verdict]:
    """The stream ended when it should and not before, promptly and without an error."""
    return _KeepsPromise("a stream that ends when it should, promptly and without an error", {Topic.ENDING})


def agrees_on_dimensions() -> BaseMatcher[Sequence[Finding]]:
    """The answer of the configuration covers the channels asked for."""
    return _AgreesWithRequest("an answer that covers the channels asked for", {Topic.DIMENSIONS})


def agrees_on_frequencies() -> BaseMatcher[Sequence[Finding]]:
    """The answer of the configuration lists the bins of the band asked for."""
    return _AgreesWithRequest("the frequency bins of the band that was asked for", {Topic.FREQUENCIES})


def names_address() -> BaseMatcher[Sequence[Finding]]:
    """The answer of the configuration names a host and a port."""
    return _AgreesWithRequest("an answer that names a host and a port", {Topic.ADDRESS})


def agrees_with_request() -> BaseMatcher[Sequence[Finding]]:
    """The answer of the configuration agrees with the request and with itself."""
    return _AgreesWithRequest("an answer that agrees with what was asked for", tuple(Topic))


def has_first_frame_within(limit: float) -> BaseMatcher[StreamMetrics]:
    """The first frame came at most ``limit`` seconds after asking."""
    return _FirstFrameWithin(limit)


def has_frame_rate_above(rate: float) -> BaseMatcher[StreamMetrics]:
    """More than ``rate`` frames a second on average."""
    return _FrameRateAbove(rate)


def has_frames_in_time(percent: float, limit: float) -> BaseMatcher[StreamMetrics]:
    """At least ``percent`` of the frames came at most ``limit`` seconds after the one before."""
    return _ShareInTime(percent, limit)


def covers_stream_of(frames: int) -> BaseMatcher[StreamMetrics]:
    """The metrics count ``frames`` frames, and last from asking to the end, without an error."""
    return _CoversStream(frames)


def is_no_slower_by(percent: float) -> BaseMatcher[Sequence[Compared]]:
    """No figure has become longer than in the baseline by more than ``percent`` and chance explain."""
    return _NoSlower(percent)


def names_unknown_job(job_id: str) -> BaseMatcher[APIError]:
    """A refusal with status NOT_FOUND whose words name the job."""
    return _RefusalNaming(job_id)


def says_what_is_wrong() -> BaseMatcher[APIError]:
    """A refusal of a configuration, with the reason in the server's words."""
    return _RefusalInWords()


def every_window_received_every_line() -> BaseMatcher[Sequence[Watch]]:
    """In every window as many lines as there were, and none missing, repeated or out of order."""
    return _ReceivedEveryLine()


def every_window_is_fresh(percent: float, limit: float) -> BaseMatcher[Sequence[Watch]]:
    """In every window ``percent`` of the frames held data that were at most ``limit`` seconds old on arrival."""
    return _WindowsFresh(percent, limit)


def every_window_is_right() -> BaseMatcher[Sequence[Watch]]:
    """In every window lines came, and no rule found anything."""
    return _WindowsRight()


def have_different_ids() -> BaseMatcher[Sequence[Job]]:
    """No two jobs share an id."""
    return _DifferentJobIds()


def _unless_empty(sentence: str) -> list[str]:
    return [sentence] if sentence else []


def _listed(findings: Sequence[Finding], left_out: int, judged: str) -> str:
    """The first findings of each rule, and how many there are."""
    lines: list[str] = []
    for rule in dict.fromkeys(finding.rule for finding in findings):
        own = [finding for finding in findings if finding.rule == rule]
        lines += [f"\n  - {finding}" for finding in own[:_SHOWN_PER_RULE]]
    total = len(findings) + left_out
    more = f"\n  - and {total - len(lines)} more" if total > len(lines) else ""
    return f"{plural(total, 'finding')} {judged}:{''.join(lines)}{more}"
