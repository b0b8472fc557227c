"""The bodies of the REST side, in the names of the contract; they are its OpenAPI as well."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

TASK_TIME = "%y%m%d%H%M%S"

# Types are strict: true is not 1, "1024" is not 1024, NaN and infinity are not numbers.
Whole = Annotated[int, Field(strict=True)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]


def _view(value: Any) -> Any:
    return str(value) if type(value) is int else value


View = Annotated[
    Literal["0", "1", "2"],
    BeforeValidator(_view),
    WithJsonSchema({"enum": ["0", "1", "2", 0, 1, 2]}, mode="validation"),
]


class ChannelRange(BaseModel):
    """Channels, both ends included."""

    min: Whole
    max: Whole


class FrequencyRange(BaseModel):
    """A band in Hz: the upper end is not part of it."""

    min: Annotated[Real, Field(ge=0)]
    max: Annotated[Real, Field(gt=0, description="Hz, at most half the pulse repetition rate")]


class DisplayInfo(BaseModel):
    """The canvas of the viewer."""

    height: Annotated[Whole, Field(gt=0, description="pixels, a line each")]


def example(view_type: str, highest: int, nfft: int) -> dict[str, Any]:
    """A request for the channels 1 to ``highest`` that a fibre of usual length can serve."""
    return {
        "displayTimeAxisDuration": 10,
        "nfftSelection": nfft,
        "displayInfo": {"height": 1000},
        "channels": {"min": 1, "max": highest},
        "frequencyRange": {"min": 0, "max": 500},
        "start_time": None,
        "end_time": None,
        "view_type": view_type,
    }


def waterfall_example(highest: int) -> dict[str, Any]:
    """The same for the waterfall view."""
    told = example("2", highest, 1)
    del told["displayTimeAxisDuration"], told["frequencyRange"]
    return told


def task_example(highest: int, nfft: int) -> dict[str, Any]:
    """The same for ``/config/{task_id}``."""
    told = example("0", highest, nfft)
    del told["view_type"]
    return told | {"sensors": told.pop("channels"), "canvasInfo": told.pop("displayInfo")}


class ConfigureRequest(BaseModel):
    """What a client wants to watch. Fields that are not of the contract are ignored."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [example("0", 11, 1024), example("1", 1, 65_536), waterfall_example(11)]}
    )

    displayTimeAxisDuration: Annotated[Real, Field(gt=0)] | None = Field(  # noqa: N815
        default=None, description="seconds; needed but for the waterfall view"
    )
    nfftSelection: Annotated[Whole, Field(gt=0)] = Field(  # noqa: N815
        description="a power of two, 128 to 2048; to 65536 in the single-channel view; 1 in the waterfall view",
        json_schema_extra={"enum": [1, *(2**power for power in range(7, 17))]},
    )
    displayInfo: DisplayInfo  # noqa: N815
    channels: ChannelRange
    frequencyRange: FrequencyRange | None = Field(  # noqa: N815
        default=None, description="needed but for the waterfall view"
    )
    start_time: Real | None = Field(default=None, description="epoch seconds; null with end_time: live")
    end_time: Real | None = Field(default=None, description="epoch seconds, after start_time")
    view_type: View = Field(description="0 multi-channel, 1 single-channel, 2 waterfall")


def _epoch(text: str) -> float:
    return datetime.strptime(text, TASK_TIME).replace(tzinfo=UTC).timestamp()


def _calendar(text: str) -> str:
    _epoch(text)
    return text


TaskTime = Annotated[str, Field(strict=True, pattern="^[0-9]{12}$"), AfterValidator(_calendar)]


class ConfigTaskRequest(BaseModel):
    """The same in the words of ``/config/{task_id}``: always the multi-channel view."""

    model_config = ConfigDict(json_schema_extra={"examples": [task_example(11, 1024)]})

    displayTimeAxisDuration: Annotated[Real, Field(gt=0)] | None = None  # noqa: N815
    nfftSelection: Annotated[Whole, Field(gt=0)]  # noqa: N815
    canvasInfo: DisplayInfo  # noqa: N815
    sensors: ChannelRange
    frequencyRange: FrequencyRange | None = None  # noqa: N815
    start_time: TaskTime | None = Field(default=None, description="yymmddHHMMSS, UTC; null with end_time: live")
    end_time: TaskTime | None = Field(default=None, description="yymmddHHMMSS, UTC, after start_time")

    def as_configure(self) -> ConfigureRequest:
        """The same request in the words of ``/configure``."""
        told = self.model_dump()
        told |= {"channels": told.pop("sensors"), "displayInfo": told.pop("canvasInfo"), "view_type": "0"}
        for name in ("start_time", "end_time"):
            told[name] = None if told[name] is None else _epoch(told[name])
        return ConfigureRequest(**told)


class RangeRequest(BaseModel):
    """A range of time."""

    model_config = ConfigDict(json_schema_extra={"example": {"start_time": 1767225600, "end_time": 1767229200}})

    start_time: Real = Field(description="epoch seconds")
    end_time: Real = Field(description="epoch seconds, after start_time")


Recorded = Annotated[list[int | float], Field(min_length=2, max_length=2)]
"""When a recording begins and ends, epoch seconds."""


class ConfigureAnswer(BaseModel):
    """Where the job streams, and what."""

    status: str
    job_id: str
    stream_url: str
    stream_port: int
    stream_amount: int
    channel_amount: int
    channel_to_stream_index: dict[str, int]
    frequencies_amount: int
    frequencies_list: list[float]
    lines_dt: float
    view_type: str


class ConfigTaskAnswer(ConfigureAnswer):
    """The same, and the task that it was asked for with."""

    task_id: str


class LiveMetadata(BaseModel):
    """The fibre that is attached; prr and dx are 0 while there is none."""

    dx: float
    prr: float
    fiber_start_meters: float
    fiber_length_meters: float
    sw_version: str
    number_of_channels: int
    fiber_description: str


class Channels(BaseModel):
    """The channels of the fibre, both ends included."""

    lowest_channel: int
    highest_channel: int


JobStatus = Literal["pending", "running", "completed", "failed", "cancelled"]


class JobMetadata(BaseModel):
    """A job, and the request that it came from."""

    job_id: str
    status: JobStatus
    config: dict[str, Any]


class Cancelled(BaseModel):
    """The answer to the end of a job."""

    model_config = ConfigDict(json_schema_extra={"example": {"job_id": "12-70788", "status": "cancelled"}})

    job_id: str
    status: Literal["cancelled"] = "cancelled"


class ErrorAnswer(BaseModel):
    """The body of every error."""

    error: str = Field(description="what is wrong, in words")
