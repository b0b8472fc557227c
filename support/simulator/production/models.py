"""The bodies of the REST side where production has others than the story: whole numbers, and fields that are null."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from support.simulator import models
from support.simulator.models import ChannelRange, DisplayInfo, View, Whole, example


class FrequencyRange(BaseModel):
    """A band in Hz."""

    min: Annotated[Whole, Field(ge=0)]
    max: Annotated[Whole, Field(gt=0, description="Hz, at most half the pulse repetition rate")]


class ConfigureRequest(BaseModel):
    """What a client wants to watch, in whole numbers."""

    model_config = ConfigDict(json_schema_extra={"examples": [example("0", 11, 1024), example("1", 1, 65_536)]})

    displayTimeAxisDuration: Annotated[Whole, Field(gt=0)] | None = Field(  # noqa: N815
        default=None, description="seconds; without it, an error of the server"
    )
    nfftSelection: Annotated[Whole, Field(gt=0)] | None = Field(  # noqa: N815
        default=None, description="a power of two, 128 to 2048; to 65536 in the single-channel view"
    )
    displayInfo: DisplayInfo  # noqa: N815
    channels: ChannelRange
    frequencyRange: FrequencyRange | None = None  # noqa: N815
    start_time: Whole | None = Field(default=None, description="epoch seconds; null with end_time: live")
    end_time: Whole | None = Field(default=None, description="epoch seconds, after start_time")
    view_type: View = Field(description="0 multi-channel, 1 single-channel")

    def checked(self) -> models.ConfigureRequest:
        """The same as every dialect's plan is made of."""
        return models.ConfigureRequest(**self.model_dump())


class ConfigureAnswer(models.ConfigureAnswer):
    """Where the job streams, and what; the port as text."""

    stream_port: str  # type: ignore[assignment]


class LiveMetadata(BaseModel):
    """The fibre that is attached; nobody has measured its metres."""

    dx: float
    prr: float
    fiber_start_meters: float | None = None
    fiber_length_meters: float | None = None
    sw_version: str
    number_of_channels: int
    fiber_description: str


class JobMetadata(ConfigureAnswer):
    """What was answered when the job was asked for, and the fibre that it is about."""

    metadata: LiveMetadata
