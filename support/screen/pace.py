"""Whose pace a stream had: a promise about it that fails while the client was busy says nothing about the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from support.errors import ClientTooSlowError, MachineStoodStillError
from support.screen.streamed import Streamed
from support.validation.finding import Topic

_HELD = {Topic.STRUCTURE, Topic.DIMENSIONS, Topic.FREQUENCIES, Topic.MEASUREMENTS}
"""What frames hold."""


@contextmanager
def pace_of_server(stream: Streamed) -> Iterator[None]:
    """A promise about the pace of this stream is checked inside.

    What is of the past has none, and what a frame holds does not depend on it: there, what is wrong fails as it is.

    Raises:
        ClientTooSlowError: it failed, but the client was busy all the time: the server cannot be judged by that.
        MachineStoodStillError: it failed, but this machine stood still meanwhile, and no rule blames the server.
    """
    try:
        yield
    except AssertionError as failure:
        blamed = {finding.topic for finding in stream.verdict.findings()}
        if stream.job.request.start_time is not None or blamed & _HELD:
            raise
        standstill = stream.verdict.standstill
        if standstill and not blamed & {Topic.PACE, Topic.FRESHNESS}:
            raise MachineStoodStillError(
                f"the server cannot be judged, for {standstill}. What came: {failure}"
            ) from failure
        if busy := stream.metrics.slow_client:
            raise ClientTooSlowError(f"the server cannot be judged, for {busy}. What came: {failure}") from failure
        raise
