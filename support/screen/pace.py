"""Whose pace a stream had: a promise about it that fails while the client was busy says nothing about the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from support.errors import ClientTooSlowError
from support.stream.metrics import StreamMetrics


@contextmanager
def pace_of_server(metrics: StreamMetrics) -> Iterator[None]:
    """A promise about the pace of a stream with these metrics is checked inside.

    Raises:
        ClientTooSlowError: it failed, but the client was busy all the time: the server cannot be judged by that.
    """
    try:
        yield
    except AssertionError as failure:
        if busy := metrics.slow_client:
            raise ClientTooSlowError(f"the server cannot be judged, for {busy}. What came: {failure}") from failure
        raise
