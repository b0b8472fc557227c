"""What a ``DataStream`` message of production says of itself: rows, channels, type of values, if that goes together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from protos.pandadatastream_pb2 import DataStream
from support.stream.block import Message
from support.stream.dialect import UnreadableError
from support.stream.regular import single
from support.stream.shape import Shape
from support.stream.wire import MOST_ROWS, MOST_SENSORS, AbsurdError
from support.wording import plural

_KINDS = {4: ("<f4", "float32"), 8: ("<f8", "float64"), 1: ("u1", "unsigned byte")}
"""By the bytes of a value: its type, and its name for people."""


@dataclass(frozen=True)
class Sizes:
    """How the values of a message are laid out.

    Attributes:
        rows: how many.
        channels: ids of the channels of each row.
        bins: values of each channel.
        kind: type of a value, as NumPy names it.
        name: of that type, for people.
        pieces: bytes of each piece that the values come in.
        row_indexes: how many numbers of rows there are.
    """

    rows: int
    channels: range
    bins: int
    kind: str
    name: str
    pieces: tuple[int, ...]
    row_indexes: int

    @classmethod
    def of(cls, said: DataStream, pieces: Sequence[int]) -> Sizes:
        """The sizes that a message says it has, its values in pieces of so many bytes.

        Raises:
            UnreadableError: they do not go together, so that nobody can tell which value is whose.
            AbsurdError: there are more rows or channels than are read.
        """
        rows, width = said.data_shape_y, said.data_shape_x
        if rows < 0 or width < 0:
            raise UnreadableError(f"says {plural(rows, 'row')} of {plural(width, 'value')}")
        if said.HasField("data_shape_z") and said.data_shape_z != 1:
            raise UnreadableError(f"says that each value of a row is {said.data_shape_z} deep, where a row is flat")
        if len(said.timestamp_in_milis) != rows:
            raise UnreadableError(f"says {plural(rows, 'row')}, and has {plural(len(said.timestamp_in_milis), 'time')}")
        channels = range(said.start_channel, said.end_channel + 1)
        if not channels:
            raise UnreadableError(f"says channels {said.start_channel} to {said.end_channel}, which are none")
        if rows > MOST_ROWS or max(rows, 1) * len(channels) > MOST_SENSORS:
            most = f"{MOST_ROWS} rows" if rows > MOST_ROWS else f"{MOST_SENSORS} sensors"
            raise AbsurdError(f"more than {most} are said to be in it")
        if width % len(channels):
            shared = f"{plural(width, 'value')} a row for {plural(len(channels), 'channel')}"
            raise UnreadableError(f"says {shared}, which cannot be shared out")
        size, values = sum(pieces), rows * width
        if size not in [values * each for each in _KINDS]:
            raise UnreadableError(
                f"says {plural(rows, 'row')} of {plural(width, 'value')}, and has {plural(size, 'byte')} of values: "
                f"4, 8 or 1 for each would be {values * 4}, {values * 8} or {values}"
            )
        kind, name = _KINDS[size // values] if values else _KINDS[4]
        return cls(rows, channels, width // len(channels), kind, name, tuple(pieces), len(said.row_index))

    @property
    def is_one_piece(self) -> bool:
        """Whether all values come in one piece."""
        return len(self.pieces) == 1

    @property
    def is_piece_a_row(self) -> bool:
        """Whether the values come in one piece for each row."""
        return len(self.pieces) == self.rows and len(set(self.pieces)) <= 1

    @property
    def contradictions(self) -> tuple[str, ...]:
        """What else does not go together, though every value can be told."""
        found = []
        if self.row_indexes != self.rows:
            found.append(f"{plural(self.rows, 'row')} of the frame have {plural(self.row_indexes, 'row number')}")
        if self.pieces and not (self.is_one_piece or self.is_piece_a_row):
            found.append(
                f"the values of the frame come in {plural(len(self.pieces), 'piece')}, neither in one nor in one a row"
            )
        return tuple(found)

    @property
    def habits(self) -> dict[str, str]:
        """The choices of this server that show in the message."""
        habits = {"the type of a value": self.name} if self.bins and self.rows else {}
        if self.rows > 1 and (self.is_one_piece or self.is_piece_a_row):
            habits["the cut of the values"] = "one piece" if self.is_one_piece else "one piece a row"
        return habits


class ProductionShape(Shape):
    """The shape of a message of any legal encoding: its values are read by protocol buffers."""

    def __init__(self, sizes: Sizes) -> None:
        ids = tuple(sizes.channels)
        counts = np.full(sizes.rows * len(ids), sizes.bins, dtype=np.int64)
        super().__init__(("",) * sizes.rows, (ids,) * sizes.rows, counts)
        self.contradictions = sizes.contradictions
        self.habits = sizes.habits
        self.kind = sizes.kind

    def message(self, data: bytes) -> DataStream:
        return DataStream.FromString(data)

    def values(self, data: bytes) -> NDArray[np.float32]:
        return single(np.frombuffer(b"".join(self.message(data).main_data), dtype=self.kind))


def newer(message: Message, than: int) -> Message | None:
    """The message without the rows that start at ``than`` or before; as it is, where that cannot be told."""
    try:
        said = DataStream.FromString(message.data)
        sizes = Sizes.of(said, [len(piece) for piece in said.main_data])
    except (DecodeError, UnreadableError, AbsurdError):
        return message
    rows = [row for row, start in enumerate(said.timestamp_in_milis) if start > than]
    if len(rows) == sizes.rows or sizes.contradictions:
        return message
    if not rows:
        return None
    values = b"".join(said.main_data)
    size = len(values) // sizes.rows
    kept = DataStream()
    kept.CopyFrom(said)
    del kept.main_data[:]
    kept.main_data.append(b"".join(values[row * size : (row + 1) * size] for row in rows))
    kept.timestamp_in_milis[:] = [said.timestamp_in_milis[row] for row in rows]
    kept.row_index[:] = [said.row_index[row] for row in rows]
    kept.data_shape_y = len(rows)
    return message._replace(data=kept.SerializeToString())
