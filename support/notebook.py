"""Frames as arrays that carry their own axes and units, for notebooks: of xarray, and of DASCore.

Both libraries are extras (requirements-recordings.txt); nothing else of the suite needs them.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from support.contract import ChannelRange, JobAnswer, LiveMetadata
from support.stream.frame import Frame

if TYPE_CHECKING:
    from dascore import Patch
    from xarray import DataArray

Fibre = tuple[LiveMetadata, ChannelRange]
"""What a server tells of its fibre: ``api.live_metadata()`` and ``api.channels()``."""

_LATEST = np.iinfo(np.int64).max // 10**6
"""The last millisecond that can be told in nanoseconds, in the year 2262."""


def to_xarray(frames: Sequence[Frame], job: JobAnswer, fibre: Fibre | None = None) -> DataArray:
    """The rows of these frames as one array: time x channel x frequency.

    Its coordinates are the start and the end of each row's analysis window (UTC), the channels, Hz; with ``fibre`` also
    metres along it, where the server tells how far apart its channels are.

    Args:
        frames: of one job, in the order in which they came; rows stay in that order, and gaps stay gaps.
        job: what ``/configure`` answered.
        fibre: that the channels are of.

    Raises:
        ValueError: there are no rows, they do not fit one another or the answer, or their times are no times.
        ImportError: xarray is not installed.
    """
    picture = _Picture.of(frames, job)
    coordinates: dict[str, Any] = {
        "time": ("time", picture.starts, {"long_name": "start of the analysis window, UTC"}),
        "window_end": ("time", picture.ends, {"long_name": "end of the analysis window, UTC"}),
        "channel": ("channel", picture.channels),
        "frequency": ("frequency", picture.frequencies, {"units": "Hz"}),
    }
    if fibre is not None and (distances := picture.distances(*fibre)) is not None:
        coordinates["distance"] = ("channel", distances, {"units": "m"})
    array: DataArray = _extra("xarray").DataArray(
        picture.values,
        coords=coordinates,
        dims=("time", "channel", "frequency"),
        name="magnitude",
        attrs={"long_name": "spectral magnitude", "job_id": str(job.job_id), "lines_dt": job.lines_dt},
    )
    return array


def to_patch(frames: Sequence[Frame], job: JobAnswer, fibre: Fibre) -> Patch:
    """The rows of these frames as a patch of DASCore: time x distance x frequency, with ``channel`` beside distance.

    Args:
        frames, job, fibre: as for ``to_xarray``.

    Raises:
        ValueError: as there, or the server does not tell how far apart its channels are.
        ImportError: dascore is not installed.
    """
    picture = _Picture.of(frames, job)
    distances = picture.distances(*fibre)
    if distances is None:
        raise ValueError("the server does not tell how far apart its channels are: a patch needs their distances")
    coordinates: dict[str, Any] = {
        "time": picture.starts,
        "window_end": ("time", picture.ends),
        "distance": distances,
        "channel": ("distance", picture.channels),
        "frequency": picture.frequencies,
    }
    patch: Patch = _extra("dascore").Patch(
        data=picture.values,
        coords=coordinates,
        dims=("time", "distance", "frequency"),
        attrs={"tag": str(job.job_id)},
    )
    return patch.set_units(distance="m", frequency="Hz")


@dataclass(frozen=True)
class _Picture:
    """Rows that fit one another.

    Attributes:
        starts: of each row's analysis window, datetime64[ns], shape (rows,).
        ends: of each row's analysis window, likewise.
        channels: shape (channels,).
        frequencies: Hz, shape (bins,).
        values: shape (rows, channels, bins).
    """

    starts: NDArray[np.datetime64]
    ends: NDArray[np.datetime64]
    channels: NDArray[np.int64]
    frequencies: NDArray[np.float64]
    values: NDArray[np.float32]

    @classmethod
    def of(cls, frames: Sequence[Frame], job: JobAnswer) -> _Picture:
        """The rows of these frames. Raises ValueError where they do not fit."""
        rows = [frame for frame in frames if len(frame.starts)]
        if not rows:
            raise ValueError(f"there are no rows of job {job.job_id}")
        values = [frame.intensities for frame in rows]
        sensors, bins = rows[0].sensor_ids[0], len(job.frequencies_list)
        for frame, intensities in zip(rows, values, strict=True):
            if set(frame.sensor_ids) != {sensors}:
                raise ValueError(f"frame {frame.index} has rows of other sensors than the first one")
            if intensities.shape[2] != bins:
                raise ValueError(f"frame {frame.index} has {intensities.shape[2]} bins; job {job.job_id} lists {bins}")
        starts, ends = (np.concatenate([getattr(frame, edge) for frame in rows]) for edge in ("starts", "ends"))
        return cls(
            _instants(starts),
            _instants(ends),
            np.array(sensors, dtype=np.int64),
            np.array(job.frequencies_list, dtype=np.float64),
            np.concatenate(values),
        )

    def distances(self, metadata: LiveMetadata, channels: ChannelRange) -> NDArray[np.float64] | None:
        """Where each channel lies, metres; None where the server does not tell how far apart they are."""
        if not metadata.dx:
            return None
        along = (self.channels - channels.lowest_channel).astype(np.float64)
        return along * metadata.dx + (metadata.fiber_start_meters or 0.0)


def _instants(milliseconds: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Epoch milliseconds as instants. Raises ValueError where that is beyond all calendars."""
    if (np.abs(milliseconds) > _LATEST).any():
        raise ValueError(f"rows at {int(milliseconds[0])}: these are no epoch milliseconds")
    instants: NDArray[np.datetime64] = milliseconds.astype("datetime64[ms]").astype("datetime64[ns]")
    return instants


def _extra(name: str) -> Any:
    """A module of an extra. Raises ImportError with what to do where it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"{name} is not there: pip install -r requirements-recordings.txt ({error})") from error
