from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StreamRequest(_message.Message):
    __slots__ = ("job_id", "max_frames")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    max_frames: int
    def __init__(self, job_id: _Optional[str] = ..., max_frames: _Optional[int] = ...) -> None: ...

class HealthRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class HealthResponse(_message.Message):
    __slots__ = ("healthy", "version")
    HEALTHY_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    healthy: bool
    version: str
    def __init__(self, healthy: _Optional[bool] = ..., version: _Optional[str] = ...) -> None: ...

class DataStream(_message.Message):
    __slots__ = ("rows", "current_max_amp", "current_min_amp")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    CURRENT_MAX_AMP_FIELD_NUMBER: _ClassVar[int]
    CURRENT_MIN_AMP_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[SpectrogramRow]
    current_max_amp: float
    current_min_amp: float
    def __init__(self, rows: _Optional[_Iterable[_Union[SpectrogramRow, _Mapping]]] = ..., current_max_amp: _Optional[float] = ..., current_min_amp: _Optional[float] = ...) -> None: ...

class SpectrogramRow(_message.Message):
    __slots__ = ("canvasId", "sensors", "startTimestamp", "endTimestamp")
    CANVASID_FIELD_NUMBER: _ClassVar[int]
    SENSORS_FIELD_NUMBER: _ClassVar[int]
    STARTTIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    ENDTIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    canvasId: str
    sensors: _containers.RepeatedCompositeFieldContainer[SensorIntensity]
    startTimestamp: int
    endTimestamp: int
    def __init__(self, canvasId: _Optional[str] = ..., sensors: _Optional[_Iterable[_Union[SensorIntensity, _Mapping]]] = ..., startTimestamp: _Optional[int] = ..., endTimestamp: _Optional[int] = ...) -> None: ...

class SensorIntensity(_message.Message):
    __slots__ = ("id", "intensity")
    ID_FIELD_NUMBER: _ClassVar[int]
    INTENSITY_FIELD_NUMBER: _ClassVar[int]
    id: int
    intensity: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, id: _Optional[int] = ..., intensity: _Optional[_Iterable[float]] = ...) -> None: ...
