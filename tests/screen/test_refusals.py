"""What must be refused: the refusal is kept with its time, and none at all is the server's failure."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import cast

import grpc
import pytest
from hamcrest import assert_that

from protos.pandadatastream_pb2 import DataStream
from support.errors import APIError, ConnectionError
from support.grpc_stream_client import GrpcStreamClient
from support.matchers import names_unknown_job
from support.screen.refusals import refusal_of, refusal_of_unknown_job
from support.screen.streaming import Streaming
from support.stream.production import PRODUCTION
from tests.patience import PATIENCE
from tests.stream.servers import Does, serving


def refuses() -> None:
    raise APIError("job 7 is not known")


def test_a_refusal_is_kept() -> None:
    refusal = refusal_of("job 7", refuses, "7")
    assert (str(refusal.error), refusal.job_id) == ("job 7 is not known", "7")
    assert 0 <= refusal.seconds < 1


def test_what_is_accepted_is_named() -> None:
    with pytest.raises(AssertionError, match="job 7 was accepted, not refused"):
        refusal_of("job 7", lambda: None)


def test_a_broken_connection_is_no_refusal() -> None:
    def breaks() -> None:
        raise ConnectionError("disconnected")

    with pytest.raises(ConnectionError):
        refusal_of("job 7", breaks)


class _Streaming:
    """As far as a refusal needs it: a client that is connected, and its job."""

    def __init__(self, client: GrpcStreamClient, stream_amount: int) -> None:
        self.client = client
        answer = SimpleNamespace(stream_amount=stream_amount)
        self.window = SimpleNamespace(job=SimpleNamespace(answer=answer))

    def connect(self) -> None:
        """It is connected."""


@contextmanager
def streaming(does: Does) -> Iterator[Streaming]:
    """A job of three streams, in the dialect that knows no other job, on a server that does this when it is asked."""
    client = GrpcStreamClient(dialect=PRODUCTION, connection_timeout=PATIENCE)
    with serving({PRODUCTION.method: does}) as target, client.connect_context(*target.split(":")):
        yield cast("Streaming", _Streaming(client, 3))


def test_where_no_job_is_named_a_stream_that_the_job_does_not_have_is_refused() -> None:
    with streaming(grpc.StatusCode.INVALID_ARGUMENT) as one:
        refusal = refusal_of_unknown_job(one)
    assert (refusal.error.status, refusal.job_id) == (grpc.StatusCode.INVALID_ARGUMENT, "")
    assert_that(refusal.error, names_unknown_job(refusal.job_id))


def test_where_no_job_is_named_sending_nothing_is_a_refusal() -> None:
    with streaming(()) as one:
        assert refusal_of_unknown_job(one).error.status is grpc.StatusCode.OK


def test_where_no_job_is_named_silence_is_no_refusal() -> None:
    with streaming(threading.Event()) as one:
        one.client.idle_timeout = 0.2
        refusal = refusal_of_unknown_job(one)
    with pytest.raises(AssertionError, match="went silent"):
        assert_that(refusal.error, names_unknown_job(refusal.job_id))


def test_where_no_job_is_named_data_are_no_refusal() -> None:
    frame = DataStream(start_channel=1, end_channel=1, timestamp_in_milis=[1], row_index=[0], main_data=[bytes(4)])
    frame.data_shape_x = frame.data_shape_y = 1
    with (
        streaming(frame.SerializeToString()) as one,
        pytest.raises(AssertionError, match="stream 3, counted from 0, of 3 was accepted, not refused"),
    ):
        refusal_of_unknown_job(one)
