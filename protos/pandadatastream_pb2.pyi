from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class StreamDataRequest(_message.Message):
    __slots__ = ("stream_id",)
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    stream_id: int
    def __init__(self, stream_id: _Optional[int] = ...) -> None: ...

class DataStream(_message.Message):
    __slots__ = ("start_channel", "end_channel", "timestamp_in_milis", "row_index", "data_shape_x", "data_shape_y", "global_maximum", "global_minimum", "main_data", "job_id", "data_shape_z")
    START_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    END_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_IN_MILIS_FIELD_NUMBER: _ClassVar[int]
    ROW_INDEX_FIELD_NUMBER: _ClassVar[int]
    DATA_SHAPE_X_FIELD_NUMBER: _ClassVar[int]
    DATA_SHAPE_Y_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_MINIMUM_FIELD_NUMBER: _ClassVar[int]
    MAIN_DATA_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    DATA_SHAPE_Z_FIELD_NUMBER: _ClassVar[int]
    start_channel: int
    end_channel: int
    timestamp_in_milis: _containers.RepeatedScalarFieldContainer[int]
    row_index: _containers.RepeatedScalarFieldContainer[int]
    data_shape_x: int
    data_shape_y: int
    global_maximum: float
    global_minimum: float
    main_data: _containers.RepeatedScalarFieldContainer[bytes]
    job_id: int
    data_shape_z: int
    def __init__(self, start_channel: _Optional[int] = ..., end_channel: _Optional[int] = ..., timestamp_in_milis: _Optional[_Iterable[int]] = ..., row_index: _Optional[_Iterable[int]] = ..., data_shape_x: _Optional[int] = ..., data_shape_y: _Optional[int] = ..., global_maximum: _Optional[float] = ..., global_minimum: _Optional[float] = ..., main_data: _Optional[_Iterable[bytes]] = ..., job_id: _Optional[int] = ..., data_shape_z: _Optional[int] = ...) -> None: ...
