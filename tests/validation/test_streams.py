"""Several streams of a job: what one of them breaks is found, and streams that are merely different are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from protos.datastream_pb2 import DataStream
from support.contract import JobAnswer, JobRequest
from support.stream.block import Block, Message
from support.stream.merge import Merge
from support.stream.part import MOST_STREAMS, Part
from support.stream.story import STORY
from support.validation.expectation import Expectation, Limits
from support.validation.finding import Ending, Finding, Rule
from support.validation.streams import rules_of_streams
from support.validation.verdict import Verdict, stream_rules
from tests.validation.streams import Plan, frames_of

PLAN = Plan(sensors=tuple(range(3, 11)), bins=20, frames=40, rows=2)
"""Eight channels, of which three streams have 3, 3 and 2; two seconds would be 100 frames."""

STREAMS = ((3, 4, 5), (6, 7, 8), (9, 10))

Arriving = tuple[int, Message]


@dataclass
class Brought:
    """What the streams of a job bring, to be spoiled: messages, and how late each comes, seconds."""

    plan: Plan = PLAN
    streams: tuple[tuple[int, ...], ...] = STREAMS
    messages: list[list[DataStream]] = field(default_factory=list)
    late: list[list[float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        whole = self.plan.messages()
        self.messages = [[_of_stream(message, sensors) for message in whole] for sensors in self.streams]
        self.late = [[0.0] * len(whole) for _ in self.streams]

    @property
    def expectation(self) -> Expectation:
        return replace(self.plan.expectation, streams=self.streams)

    def arriving(self) -> Iterator[Arriving]:
        """All messages, in the order of their arrival."""
        coming: list[Arriving] = []
        pace = self.plan.rows * self.plan.lines_dt
        clock = frames_of(self.plan.messages()[:1], self.plan)[0].received_at
        for number, (messages, late) in enumerate(zip(self.messages, self.late, strict=True)):
            for index, (message, seconds) in enumerate(zip(messages, late, strict=False)):
                data, at = message.SerializeToString(), index * pace + seconds
                coming.append((number, Message(data, len(data), 100.0 + at, clock + at)))
        yield from sorted(coming, key=lambda one: one[1].arrived)

    def verdict(self, without: type[Rule] | None = None, *, together: bool = False, **ending: object) -> Verdict:
        """What the rules say of frames that come one by one, or all together."""
        parts = [Part(number, len(self.streams), began=100.0) for number in range(len(self.streams))]
        merge, readers = Merge(parts), [STORY.reader() for _ in parts]
        verdict = Verdict([one for one in stream_rules(self.expectation, Limits()) if type(one) is not without])
        arriving = list(self.arriving())
        portions = [arriving] if together else [[one] for one in arriving]
        for portion in portions:
            for number, part in enumerate(parts):
                if messages := [message for stream, message in portion if stream == number]:
                    part.came(messages)
                    for block in readers[number].blocks(messages):
                        part.brought(block)
                        merge.add(number, block)
            for whole in merge.whole():
                _show(verdict, whole)
        merge.close()
        default = Ending(verdict.frames, by_server=False, streams=parts)
        verdict.end(replace(default, **ending))  # type: ignore[arg-type]
        return verdict

    def found(self, **ending: object) -> list[Finding]:
        return self.verdict(**ending).findings()  # type: ignore[arg-type]


def _show(verdict: Verdict, block: Block) -> None:
    block.index, block.began = verdict.frames, 100.0
    verdict.see(block)


def _of_stream(message: DataStream, sensors: Sequence[int]) -> DataStream:
    """The part of a message that holds these sensors, with bounds of its own."""
    part = DataStream()
    part.CopyFrom(message)
    for row in part.rows:
        kept = [sensor for sensor in row.sensors if sensor.id in sensors]
        del row.sensors[:]
        row.sensors.extend(kept)
    values = [value for row in part.rows for sensor in row.sensors for value in sensor.intensity]
    part.current_min_amp, part.current_max_amp = min(values), max(values)
    return part


def test_a_correct_job_of_several_streams_has_no_finding() -> None:
    assert Brought().found() == []


def other_channels(brought: Brought) -> None:
    """The border between two streams is another one; together they have all channels."""
    two = Brought(streams=((3, 4, 5, 6), (7, 8), (9, 10)))
    brought.messages = two.messages


def swapped(brought: Brought) -> None:
    brought.messages[0], brought.messages[1] = brought.messages[1], brought.messages[0]


def channel_twice(brought: Brought) -> None:
    for message in brought.messages[1]:
        for row in message.rows:
            row.sensors[0].id = 5


def same_values(brought: Brought) -> None:
    for ours, theirs in zip(brought.messages[2], brought.messages[0], strict=True):
        ours.current_min_amp, ours.current_max_amp = theirs.current_min_amp, theirs.current_max_amp
        for row, other in zip(ours.rows, theirs.rows, strict=True):
            for sensor, twin in zip(row.sensors, other.sensors, strict=False):
                sensor.intensity[:] = twin.intensity


def other_canvas(brought: Brought) -> None:
    for message in brought.messages[1]:
        for row in message.rows:
            row.canvasId = "other"


def behind(brought: Brought) -> None:
    brought.late[1][10:] = [1.2] * 30


def line_lost(brought: Brought) -> None:
    del brought.messages[1][10].rows[1]


def line_alone(brought: Brought) -> None:
    row = brought.messages[1][10].rows.add()
    row.CopyFrom(brought.messages[1][10].rows[1])
    row.startTimestamp += 4
    row.endTimestamp += 4


def other_times(brought: Brought) -> None:
    for message in brought.messages[1]:
        for row in message.rows:
            row.startTimestamp += 4
            row.endTimestamp += 4


def never_begins(brought: Brought) -> None:
    brought.messages[2].clear()
    longer(brought)


def stalls(brought: Brought) -> None:
    longer(brought)
    del brought.messages[2][5:]


def longer(brought: Brought) -> None:
    brought.late[0][-1] += 1.2


def bounds_of_one(brought: Brought) -> None:
    for message in brought.messages[1]:
        message.current_max_amp /= 2


def ends_of_one(brought: Brought) -> None:
    for message in brought.messages[1]:
        for row in message.rows:
            row.endTimestamp += 100


def zeros_of_one(brought: Brought) -> None:
    message = brought.messages[1][10]
    message.current_min_amp = 0.0
    for sensor in message.rows[1].sensors:
        sensor.intensity[:] = [0.0] * PLAN.bins


def row_again_of_one(brought: Brought) -> None:
    brought.messages[1][20].current_min_amp, brought.messages[1][20].current_max_amp = 0.0, 1e9
    for sensor, earlier in zip(
        brought.messages[1][20].rows[1].sensors, brought.messages[1][7].rows[0].sensors, strict=True
    ):
        sensor.intensity[:] = earlier.intensity


def picture_of_one_stands(brought: Brought) -> None:
    for sensor, before in zip(
        brought.messages[1][20].rows[1].sensors, brought.messages[1][20].rows[0].sensors, strict=True
    ):
        sensor.intensity[:] = before.intensity


Spoil = Callable[[Brought], object]

BREAKAGES: list[tuple[Spoil, str, str]] = [
    (
        other_channels,
        "channels of each stream",
        "stream 1 of 3 does not bring its channels: sensor 6 is not",
    ),
    (other_channels, "channels of each stream", "stream 2 of 3 does not bring its channels: sensor 6 is missing"),
    (swapped, "channels of each stream", "stream 1 of 3 does not bring its channels: sensor 3, 4, 5 are missing"),
    (channel_twice, "sensors as configured", "sensor 6 is missing, sensor 5 is there more than once"),
    (same_values, "streams differ", "stream 3 of 3 carries the values of stream 1 of 3"),
    (other_canvas, "streams on one canvas", "stream 2 of 3 is drawn on canvas 'other', stream 1 on 'canvas'"),
    (
        behind,
        "streams in step",
        "stream 2 of 3 is behind: it brought a line 1.20 s after stream 1 of 3, 1 s",
    ),
    (line_lost, "streams on the same lines", "stream 2 of 3 lacks 1 line, which another brought, the first at"),
    (line_lost, "lines continuous", "1 line is missing"),
    (line_alone, "streams on the same lines", "stream 2 of 3 brought 1 line, which no other brought at that time"),
    (other_times, "streams on the same lines", "stream 2 of 3 brought 79 lines, which no other brought at that time"),
    (never_begins, "streams go on together", "stream 3 of 3 never began, while stream 1 of 3 went on for 1.98 s"),
    (stalls, "streams go on together", "stream 3 of 3 stalled after 5 frames, while stream 1 of 3 went on for"),
    (bounds_of_one, "intensities within declared bounds", "outside the declared bounds"),
    (ends_of_one, "row spans the analysis window", "a row spans 612 ms where the analysis window is 512 ms"),
    (row_again_of_one, "no row again", "the values of a row are those of an earlier row again"),
    (picture_of_one_stands, "sensors alive", "the picture is frozen: the row repeats every value of the row before"),
    (zeros_of_one, "data not constant", "all 60 intensity values of a row are zero"),
]


@pytest.mark.parametrize(("spoil", "rule", "words"), BREAKAGES, ids=lambda one: getattr(one, "__name__", one))
def test_what_one_stream_breaks_is_found(spoil: Spoil, rule: str, words: str) -> None:
    brought = Brought()
    spoil(brought)
    found = brought.found()
    assert words in "\n".join(str(finding) for finding in found if finding.rule == rule), found


@pytest.mark.parametrize("spoil", [spoil for spoil, _, _ in BREAKAGES], ids=lambda one: one.__name__)
def test_the_same_is_found_whether_frames_come_one_by_one_or_together(spoil: Spoil) -> None:
    brought = Brought(plan=replace(PLAN, frames=120))
    spoil(brought)
    one_by_one, together = brought.verdict(), brought.verdict(together=True)
    assert together.counts == one_by_one.counts
    assert sorted(map(str, together.findings())) == sorted(map(str, one_by_one.findings()))


RULES = [type(rule) for rule in rules_of_streams(STREAMS)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_without_a_rule_something_of_its_topic_goes_unnoticed(rule: type[Rule]) -> None:
    def noticed(spoil: Spoil, without: type[Rule] | None = None) -> bool:
        brought = Brought()
        spoil(brought)
        return any(finding.topic == rule.topic for finding in brought.verdict(without).findings())

    spoils = {spoil for spoil, name, _ in [*BREAKAGES, *COARSE] if name == rule.name}
    assert [spoil for spoil in spoils if noticed(spoil) and not noticed(spoil, rule)]


def same_values_of_few_bins(brought: Brought) -> None:
    """So few that no rule about sensors can tell twins by them; all of a stream's together are enough."""
    brought.plan = replace(PLAN, bins=8)
    brought.__post_init__()
    same_values(brought)


def line_at_the_end_alone(brought: Brought) -> None:
    row = brought.messages[1][-2].rows.add()
    row.CopyFrom(brought.messages[1][-2].rows[1])
    row.startTimestamp += 4
    row.endTimestamp += 4


def behind_without_a_pause(brought: Brought) -> None:
    """It falls behind bit by bit, so that no two frames are far apart."""
    brought.plan = replace(PLAN, frames=150)
    brought.__post_init__()
    brought.late[1] = [0.01 * number for number in range(150)]


COARSE: list[tuple[Spoil, str, str]] = [
    (same_values_of_few_bins, "streams differ", "stream 3 of 3 carries the values of stream 1 of 3"),
    (behind_without_a_pause, "streams in step", "stream 2 of 3 is behind: it brought a line 1.01 s after"),
    (line_at_the_end_alone, "streams on the same lines", "stream 2 of 3 brought 1 line, which no other brought"),
]


@pytest.mark.parametrize(("spoil", "rule", "words"), COARSE, ids=lambda one: getattr(one, "__name__", one))
def test_what_other_rules_cannot_tell_is_found(spoil: Spoil, rule: str, words: str) -> None:
    test_what_one_stream_breaks_is_found(spoil, rule, words)


def test_one_that_falls_behind_is_told_once() -> None:
    brought = Brought()
    behind(brought)
    assert [finding.rule for finding in brought.found()].count("streams in step") == 1


def test_streams_may_begin_on_different_lines() -> None:
    brought = Brought()
    for stream, frames in enumerate((0, 3, 30)):
        del brought.messages[stream][:frames]
        brought.late[stream] = [frames * 0.02] * 40
    del brought.messages[1][0].rows[0]
    assert brought.found() == []


def test_frames_may_hold_other_numbers_of_lines_in_each_stream() -> None:
    brought = Brought()
    brought.messages[1] = _joined(brought.messages[1], 3)
    brought.late[1] = [0.04 * (number + 1) for number in range(40)]
    assert brought.found() == []


def _joined(messages: list[DataStream], count: int) -> list[DataStream]:
    """So many frames as one each."""
    joined = []
    for first in range(0, len(messages), count):
        some = messages[first : first + count]
        joined.append(
            DataStream(
                rows=[row for message in some for row in message.rows],
                current_min_amp=min(message.current_min_amp for message in some),
                current_max_amp=max(message.current_max_amp for message in some),
            )
        )
    return joined


def test_a_stream_may_be_less_than_a_second_behind() -> None:
    brought = Brought()
    brought.late[1] = [0.45] * 40
    assert brought.found() == []


def test_streams_may_have_bounds_of_their_own() -> None:
    brought = Brought()
    for message in brought.messages[2]:
        message.current_min_amp, message.current_max_amp = 0.0, 1e9
    assert brought.found() == []


def test_channels_of_a_stream_need_not_be_neighbours() -> None:
    assert Brought(streams=((3, 6, 9), (4, 7, 10), (5, 8))).found() == []


def test_a_client_that_leaves_at_once_blames_no_stream() -> None:
    brought = Brought()
    for stream, frames in enumerate((5, 3, 0)):
        del brought.messages[stream][frames:]
    assert brought.found() == []


def test_a_stream_that_never_begins_is_found_where_the_server_ends_all() -> None:
    brought = Brought()
    for stream, frames in enumerate((5, 5, 0)):
        del brought.messages[stream][frames:]
    found = [str(one) for one in brought.found(by_server=True, job_over=True)]
    assert found == ["stream 3 of 3 never began, while stream 1 of 3 went on for 0.08 s"]


def test_streams_of_other_times_have_no_line_in_common() -> None:
    brought = Brought(plan=replace(PLAN, frames=70))
    for message in brought.messages[1]:
        for row in message.rows:
            row.startTimestamp += 3_600_000
    found = [str(one) for one in brought.found() if one.rule == "streams on the same lines"]
    assert (
        "the streams have no line in common: stream 1 of 3 begins at 11:06:40.000, stream 2 of 3 at 12:06:40.000"
        in found
    )


@pytest.mark.parametrize(
    ("counts", "words"), [((40, 40, 39), "stream 3 of 3 ended after 39"), ((40, 41, 40), "stream 2")]
)
def test_each_stream_has_the_frames_that_were_asked_for(counts: tuple[int, ...], words: str) -> None:
    brought = Brought(plan=replace(PLAN, frames=41, max_frames=40))
    for messages, count in zip(brought.messages, counts, strict=True):
        del messages[count:]
    (finding,) = brought.found(by_server=True)
    assert finding.rule == "as many frames as asked for"
    assert words in finding.sentence


def test_frames_are_not_counted_together() -> None:
    """Streams that begin on different lines, and are cut differently, have other numbers of merged frames."""
    brought = Brought(plan=replace(PLAN, max_frames=40))
    brought.messages[1] = _joined(Brought(plan=replace(PLAN, frames=120)).messages[1], 3)
    verdict = brought.verdict(by_server=True)
    assert [finding.rule for finding in verdict.findings()] == []


def test_where_the_client_had_enough_no_stream_is_counted() -> None:
    brought = Brought(plan=replace(PLAN, max_frames=30))
    assert brought.found(had_enough=True) == []


def answer(amount: int, index: dict[int, int]) -> JobAnswer:
    return JobAnswer(
        job_id="1-1",
        stream_url="127.0.0.1",
        stream_port=30123,
        channel_amount=8,
        channel_to_stream_index=index,
        frequencies_amount=1,
        frequencies_list=[0.0],
        lines_dt=0.01,
        stream_amount=amount,
    )


@pytest.mark.parametrize(
    ("amount", "index", "streams"),
    [
        (3, {3: 0, 4: 0, 5: 0, 6: 1, 7: 1, 8: 1, 9: 2, 10: 2}, STREAMS),
        (1, {3: 5}, ((3, 4, 5, 6, 7, 8, 9, 10),)),
        (0, {}, ((3, 4, 5, 6, 7, 8, 9, 10),)),
        (2, {3: 0, 4: 1, 5: 7, 99: 1}, ((3,), (4,))),
        (2**40, dict.fromkeys(range(3, 11), 0), ((3, 4, 5, 6, 7, 8, 9, 10), *[()] * 7)),
    ],
)
def test_the_answer_says_which_stream_brings_what(
    amount: int, index: dict[int, int], streams: tuple[tuple[int, ...], ...]
) -> None:
    expectation = Expectation.of(JobRequest(channels_min=3, channels_max=10), answer(amount, index), 2000.0)
    assert expectation.streams == streams
    assert len(expectation.streams) <= MOST_STREAMS
    assert sorted(expectation.side_by_side) == list(range(3, 11))


def test_where_the_answer_cannot_be_read_the_channels_are_shared_out_evenly() -> None:
    unread = answer(3, dict.fromkeys(range(3, 11), 0)).model_copy(
        update={"unreadable": {"channel_to_stream_index": "Input should be a valid dictionary"}}
    )
    expectation = Expectation.of(JobRequest(channels_min=3, channels_max=10), unread, 2000.0)
    assert expectation.streams == STREAMS
