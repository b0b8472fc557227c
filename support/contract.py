"""What REST asks and answers, as models: the contract's part that clients, rules and report share."""

from __future__ import annotations

import hashlib
import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from support import ROOT
from support.wording import short

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


Whole = Annotated[int, BeforeValidator(_number)]
Real = Annotated[float, BeforeValidator(_number)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class LiveMetadata(_Answer):
    """``GET /live_metadata``: the fibre. Lengths in metres, ``prr`` (pulse repetition rate) in Hz."""

    prr: Real
    dx: Real = 0.0
    sw_version: str = ""
    number_of_channels: Real | None = None
    fiber_start_meters: Real | None = None
    fiber_length_meters: Real | None = None
    fiber_description: str | None = None

    @property
    def waits_for_fibre(self) -> bool:
        """Whether no fibre is attached: then there is nothing to stream."""
        return not (math.isfinite(self.prr) and self.prr > 0)

    @property
    def nyquist(self) -> float:
        """Highest frequency that can be asked for, Hz."""
        return self.prr / 2


class ChannelRange(_Answer):
    """``GET /channels``: the channels of the fibre, both ends included."""

    lowest_channel: Whole
    highest_channel: Whole


class JobRequest(BaseModel):
    """What ``POST /configure`` asks for: a multi-channel job, live unless it names a time.

    ``channels_min`` and ``channels_max`` are inclusive; frequencies in Hz, the duration of the time axis in seconds,
    its height in pixels (lines), times in epoch seconds. Values are not checked: refusing them is the server's part.
    """

    model_config = ConfigDict(frozen=True)

    channels_min: int
    channels_max: int
    nfft: int = 1024
    frequency_min: float = 0.0
    frequency_max: float = 500.0
    display_duration: float = 10.0
    display_height: int = 1000
    view_type: str = "0"
    start_time: float | None = None
    end_time: float | None = None

    def body(self) -> dict[str, object]:
        """The JSON body."""
        return {
            "displayTimeAxisDuration": self.display_duration,
            "nfftSelection": self.nfft,
            "displayInfo": {"height": self.display_height},
            "channels": {"min": self.channels_min, "max": self.channels_max},
            "frequencyRange": {"min": self.frequency_min, "max": self.frequency_max},
            "start_time": self.start_time,
            "end_time": self.end_time,
            "view_type": self.view_type,
        }


class JobAnswer(_Answer):
    """The answer of ``POST /configure``. Its values are judged by rules, not here."""

    job_id: str = Field(min_length=1)
    stream_url: str
    stream_port: int | str
    channel_amount: Whole
    channel_to_stream_index: Annotated[dict[int, Whole], BeforeValidator(_countable)]
    frequencies_amount: Whole
    frequencies_list: Annotated[list[Real], BeforeValidator(_countable)]
    lines_dt: Real
    status: str = ""
    stream_amount: Whole = 1
    view_type: Annotated[str, BeforeValidator(str)] = "0"


class JobMetadata(_Answer):
    """``GET /metadata/{job_id}``: status is pending, running, completed, failed or cancelled."""

    job_id: str
    status: str
    config: dict[str, Any] = Field(default_factory=dict)


def schema_hash() -> str:
    """The beginning of the SHA-256 of the schema."""
    return hashlib.sha256((ROOT / "protos" / "datastream.proto").read_bytes()).hexdigest()[:12]
