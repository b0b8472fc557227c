"""One measurement: a job, asked for, connected to and streamed, in the figures that are the server's."""

from __future__ import annotations

from dataclasses import dataclass

from support.errors import ClientTooSlowError
from support.screen.window import Window
from support.stream.metrics import StreamMetrics
from support.wording import plural


@dataclass(frozen=True)
class Sample:
    """The figures of one stream, seconds each. What the client spends on decoding and judging is in none of them.

    Attributes:
        configure: the answer of ``/configure``.
        first_frame: from asking for the stream to its first frame.
        frame_interval: mean time between two frames: of all figures the steadiest.
        data_age: median age of the data on arrival.
    """

    configure: float
    first_frame: float
    frame_interval: float
    data_age: float

    @classmethod
    def of(cls, metrics: StreamMetrics) -> Sample:
        """The figures of a finished stream.

        Raises:
            ClientTooSlowError: they are the client's, not the server's.
            AssertionError: there were too few frames with rows to measure anything.
        """
        if metrics.slow_client:
            raise ClientTooSlowError(f"the server cannot be measured, for {metrics.slow_client}")
        age = metrics.ages.percentile(50)
        if metrics.span <= 0 or age is None or metrics.first_frame_latency is None:
            raise AssertionError(f"{plural(metrics.frames_received, 'frame')} came: too few to measure a pace")
        return cls(
            configure=metrics.configure_seconds or 0.0,
            first_frame=metrics.first_frame_latency,
            frame_interval=1 / metrics.avg_frame_rate,
            data_age=age if age > 0 else metrics.ages.shortest,
        )


def measured(window: Window, frames: int) -> Sample:
    """Streams ``frames`` frames of a window that was just opened, judged like every stream, and measures them.

    Raises:
        RemoteError: nothing usable answered, or the stream failed.
        AssertionError: the server ended the stream before so many frames.
        ClientTooSlowError: the client, not the server, set the pace.
    """
    window.connect()
    verdict = window.receive(frames)
    if verdict.frames < frames:
        raise AssertionError(f"{plural(verdict.frames, 'frame')} of the {frames} asked for came")
    return Sample.of(window.metrics)
