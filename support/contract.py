"""What REST asks and answers, as models: the contract's part that clients, rules and report share."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from support import ROOT
from support.errors import RequestError
from support.wording import Words, short

_MOST_ENTRIES = 100_000
"""Entries of a list or a map of an answer: more than any fibre has channels, or any spectrum bins."""


def _number(value: object) -> object:
    if isinstance(value, str | bool):
        raise ValueError(f"expected a number, not {short(repr(value))}")
    return value


def _countable(value: object) -> object:
    """Refuses what would be read for minutes, before any of its entries is looked at."""
    if isinstance(value, list | dict) and len(value) > _MOST_ENTRIES:
        raise ValueError(f"{len(value)} entries, where at most {_MOST_ENTRIES} are read")
    return value


def _words(value: int | str) -> int | str:
    return Words(value) if isinstance(value, str) else value


Text = Annotated[str, AfterValidator(Words)]
Whole = Annotated[int, BeforeValidator(_number)]
Real = Annotated[float, BeforeValidator(_number)]
Finite = Annotated[Real, Field(allow_inf_nan=False)]
FromZero = Annotated[Finite, Field(ge=0)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _TolerantAnswer(_Answer):
    """An answer of which some fields may be wrong: that is for the rules, and the run goes on.

    Attributes:
        unreadable: fields that are not what they should be, and why, in words; they hold something else instead.
    """

    unreadable: Annotated[Mapping[str, str], BeforeValidator(lambda _: {})] = Field(default_factory=dict)

    @classmethod
    def tolerant(cls, content: object, instead: Mapping[str, object]) -> Self:
        """The answer in this JSON.

        Args:
            content: the JSON.
            instead: fields that can be done without, and what they hold where they cannot be read.

        Raises:
            ValidationError: another field cannot be read.
        """
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            problems = {str(one["loc"][0]): _problem(one) for one in reversed(error.errors()) if one["loc"]}
            if not isinstance(content, dict) or not problems or problems.keys() - instead.keys():
                raise
        replaced = content | {name: instead[name] for name in problems}
        return cls.model_validate(replaced).model_copy(update={"unreadable": problems})


class LiveMetadata(_TolerantAnswer):
    """``GET /live_metadata``: the fibre. Lengths in metres, ``prr`` (pulse repetition rate) in Hz."""

    prr: FromZero
    dx: FromZero | None = None
    sw_version: Text = ""
    number_of_channels: Finite | None = None
    fiber_start_meters: Finite | None = None
    fiber_length_meters: Finite | None = None
    fiber_description: Text | None = None

    @classmethod
    def read(cls, content: object) -> LiveMetadata:
        """The answer in this JSON. Raises ValidationError where it does not say whether there is a fibre."""
        return cls.tolerant(content, {name: field.default for name, field in cls.model_fields.items() if name != "prr"})

    @property
    def waits_for_fibre(self) -> bool:
        """Whether no fibre is attached: then there is nothing to stream."""
        return self.prr == 0

    @property
    def nyquist(self) -> float:
        """Highest frequency that can be asked for, Hz."""
        return self.prr / 2


class ChannelRange(_Answer):
    """``GET /channels``: the channels of the fibre, both ends included."""

    lowest_channel: Whole
    highest_channel: Whole


class View(StrEnum):
    """What a job shows: ``view_type``."""

    MULTI_CHANNEL = "0"
    SINGLE_CHANNEL = "1"
    WATERFALL = "2"


_NFFT = {View.MULTI_CHANNEL: (128, 2048), View.SINGLE_CHANNEL: (128, 65_536), View.WATERFALL: (1, 1)}
"""The smallest and the largest NFFT of a view."""

_LAST_TASK_TIME = 3_124_223_999
"""Epoch seconds: the end of 2068, the last year that two digits tell from those before 1970."""


class JobRequest(BaseModel):
    """What ``POST /configure`` asks for: a multi-channel job, live unless it names a time.

    ``channels_min`` and ``channels_max`` are inclusive; frequencies in Hz, the duration of the time axis in seconds,
    its height in pixels (lines), times in epoch seconds. A waterfall has NFFT 1, and of what it has none, frequencies
    and duration, nothing is sent.

    One that no fibre can serve is refused here; ``anyhow`` makes it all the same, to see a server refuse it. What
    depends on the fibre, its channels and its Nyquist frequency, is the server's to refuse.

    Raises:
        RequestError: no server can serve it.
    """

    model_config = ConfigDict(frozen=True)

    channels_min: int
    channels_max: int
    nfft: int = 1024
    frequency_min: float = 0.0
    frequency_max: float = 500.0
    display_duration: float = 10.0
    display_height: int = 1000
    view_type: str = View.MULTI_CHANNEL.value
    start_time: float | None = None
    end_time: float | None = None

    @classmethod
    def anyhow(cls, **fields: Any) -> Self:
        """A request with these fields, which are not checked."""
        return super().model_construct(**fields)

    @property
    def channel_count(self) -> int:
        """How many channels it asks for."""
        return self.channels_max - self.channels_min + 1

    @model_validator(mode="after")
    def _can_be_served(self) -> Self:
        if problems := list(self._problems()):
            raise RequestError(f"no server can serve that: {'; '.join(problems)}")
        return self

    def _problems(self) -> Iterator[str]:
        """What makes it impossible on any fibre, in words."""
        if not 0 <= self.channels_min <= self.channels_max:
            yield f"channels {self.channels_min} to {self.channels_max} are none"
        if self.view_type not in _NFFT:
            yield f"view_type {self.view_type!r} is none of {', '.join(View)}"
            return
        view = View(self.view_type)
        if view is View.SINGLE_CHANNEL and self.channels_min != self.channels_max:
            yield f"channels {self.channels_min} to {self.channels_max} are several, and the view is of a single one"
        lowest, highest = _NFFT[view]
        if not lowest <= self.nfft <= highest or self.nfft & (self.nfft - 1):
            yield f"an NFFT of {self.nfft} is no power of two from {lowest} to {highest}, as this view has"
        if not 0 <= self.frequency_min < self.frequency_max < math.inf:
            yield f"{self.frequency_min:g} to {self.frequency_max:g} Hz are no band"
        if not 0 < self.display_duration < math.inf:
            yield f"a time axis of {self.display_duration:g} s has no duration"
        if self.display_height <= 0:
            yield f"a screen of {self.display_height} lines shows nothing"
        yield from self._problems_of_range()

    def _problems_of_range(self) -> Iterator[str]:
        start, end = self.start_time, self.end_time
        if start is None and end is None:
            return
        if start is None or end is None:
            yield f"{'start_time' if start is None else 'end_time'} is missing: a range of the past has both"
        elif not -math.inf < start < end < math.inf:
            yield f"{start:.15g} to {end:.15g} is no range of time"

    def body(self) -> dict[str, object]:
        """The JSON body; numbers that are whole are written as such, for some servers read no others."""
        waterfall = self.view_type == View.WATERFALL
        band = {"min": _plain(self.frequency_min), "max": _plain(self.frequency_max)}
        return {
            "displayTimeAxisDuration": None if waterfall else _plain(self.display_duration),
            "nfftSelection": self.nfft,
            "displayInfo": {"height": self.display_height},
            "channels": {"min": self.channels_min, "max": self.channels_max},
            "frequencyRange": None if waterfall else band,
            "start_time": _plain(self.start_time),
            "end_time": _plain(self.end_time),
            "view_type": self.view_type,
        }


class ConfigTaskRequest(JobRequest):
    """The same in the words of ``POST /config/{task_id}``: a multi-channel job, whose times are whole seconds."""

    def _problems(self) -> Iterator[str]:
        yield from super()._problems()
        if self.view_type != View.MULTI_CHANNEL:
            yield f"view_type {self.view_type!r} cannot be told of a task, which is multi-channel"
        for time in (self.start_time, self.end_time):
            if time is not None and not (0 <= time <= _LAST_TASK_TIME and time == int(time)):
                yield f"the time {time:.15g} is no whole second from 1970 to 2068, as a task tells it"

    def body(self) -> dict[str, object]:
        """The JSON body; times as ``yymmddHHMMSS``, UTC."""
        told = super().body()
        del told["view_type"]
        renamed = {"sensors": told.pop("channels"), "canvasInfo": told.pop("displayInfo")}
        return told | renamed | {"start_time": _task_time(self.start_time), "end_time": _task_time(self.end_time)}


class JobAnswer(_TolerantAnswer):
    """The answer of ``POST /configure``, and of ``/config/{task_id}``. Its values are judged by rules, not here."""

    job_id: Text = Field(min_length=1)
    stream_url: Text
    stream_port: Annotated[int | str, AfterValidator(_words)]
    channel_amount: Whole
    channel_to_stream_index: Annotated[dict[int, Whole], BeforeValidator(_countable)]
    frequencies_amount: Whole
    frequencies_list: Annotated[list[Real], BeforeValidator(_countable)]
    lines_dt: Real
    status: Text = ""
    stream_amount: Whole = 1
    task_id: Text = ""
    view_type: Annotated[Text, BeforeValidator(str)] = "0"

    @classmethod
    def to_task(cls, task_id: str, request: JobRequest, content: object) -> JobAnswer:
        """The answer to a request for a task, like ``to``; naming another task makes that field unreadable."""
        answer = cls.to(request, content)
        if answer.task_id == task_id or "task_id" in answer.unreadable:
            return answer
        wrong = {"task_id": f"it is {answer.task_id!r}, where {short(repr(task_id))} was asked for"}
        return answer.model_copy(update={"unreadable": {**answer.unreadable, **wrong}})

    @classmethod
    def to(cls, request: JobRequest, content: object) -> JobAnswer:
        """The answer to a request, in this JSON; a field that can be done without holds what was asked for.

        Raises:
            ValidationError: nothing can be streamed without the fields that cannot be read.
        """
        return cls.tolerant(content, _asked_for(request, content if isinstance(content, dict) else {}))


class JobMetadata(_Answer):
    """``GET /metadata/{job_id}``: status is pending, running, completed, failed or cancelled."""

    job_id: Text
    status: Text
    config: dict[str, Any] = Field(default_factory=dict)


class Acknowledgement(_Answer):
    """``GET /ack``: the server is alive, and no more."""


def _end(value: object) -> object:
    return None if value == -1 and not isinstance(value, bool) else value


class Recording(NamedTuple):
    """From when to when something was recorded, epoch seconds; without an end where the recording still runs."""

    begin: Finite
    end: Annotated[Finite | None, BeforeValidator(_end)]


class Recordings(_Answer):
    """``POST /recordings_in_time_range``: ``[[begin, end], …]``, on some servers below ``recordings``."""

    recordings: Annotated[list[Recording], BeforeValidator(_countable)]

    @classmethod
    def read(cls, content: object) -> Recordings:
        """The answer in this JSON. Raises ValidationError also where a recording ends before it begins."""
        return cls.model_validate({"recordings": content} if isinstance(content, list) else content)

    @field_validator("recordings")
    @classmethod
    def _ends_after_its_begin(cls, recordings: list[Recording]) -> list[Recording]:
        for begin, end in recordings:
            if end is not None and end < begin:
                raise ValueError(f"a recording from {begin:.15g} to {end:.15g} ends before it begins")
        return recordings


def _plain(number: float | None) -> float | None:
    """The number, as a whole one where it is."""
    return int(number) if number is not None and math.isfinite(number) and number == int(number) else number


def _task_time(time: float | None) -> str | None:
    return None if time is None else datetime.fromtimestamp(time, UTC).strftime("%y%m%d%H%M%S")


def _problem(error: Mapping[str, Any]) -> str:
    if error["type"] == "missing":
        return "it is missing"
    words = str(error["msg"]).removeprefix("Value error, ")
    return words if error["type"] == "value_error" else f"{words}, not {short(repr(error['input']))}"


def _asked_for(request: JobRequest, content: Mapping[str, Any]) -> dict[str, object]:
    """What the fields should hold that a client can do without; frequencies that are not known are NaN."""
    channels = range(request.channels_min, request.channels_max + 1)
    listed, amount = content.get("frequencies_list"), content.get("frequencies_amount")
    due: dict[str, object] = {
        "status": "",
        "channel_amount": len(channels),
        "channel_to_stream_index": dict.fromkeys(channels, 0),
        "stream_amount": 1,
        "task_id": "",
    }
    if isinstance(listed, list):
        due["frequencies_amount"] = len(listed)
    if isinstance(amount, int) and 0 <= amount <= _MOST_ENTRIES:
        due["frequencies_list"] = [math.nan] * amount
    if request.display_height > 0:
        due["lines_dt"] = request.display_duration / request.display_height
    return due


def schema_hash(schema: str) -> str:
    """The beginning of the SHA-256 of a schema: the name of its file."""
    return hashlib.sha256((ROOT / "protos" / schema).read_bytes()).hexdigest()[:12]
