"""Which dialect a server speaks: found out by asking, told with how it is known, and never guessed."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import grpc
import pytest

from protos.datastream_pb2 import DataStream, SpectrogramRow
from support.errors import APIError, ConnectionError, ProtocolError
from support.grpc_stream_client import GrpcStreamClient
from support.security import Security
from support.stream.connection import Connection
from support.stream.dialects import Spoken, schema_of, spoken_on
from support.stream.story import STORY, Story
from tests.patience import PATIENCE
from tests.stream.servers import Does, serving

FRAME = DataStream(rows=[SpectrogramRow(canvasId="c", startTimestamp=1, endTimestamp=2)]).SerializeToString()


class MadeUp(Story):
    """The same messages in another service."""

    name = "made-up"
    method = "/made.up.StreamService/Stream"


DIALECTS = (STORY, MadeUp())


def spoken(target: str) -> Spoken:
    connection = Connection(
        target,
        Security(),
        STORY,
        timeout=PATIENCE,
        deadline=time.monotonic() + PATIENCE,
        max_message_bytes=2**20,
    )
    with closing(connection):
        return spoken_on(connection, "1-2", DIALECTS)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
@pytest.mark.parametrize("version", ["v1alpha", "v1"])
def test_it_is_known_by_reflection_without_a_stream(dialect: Story, version: str) -> None:
    silent = threading.Event()
    with serving({dialect.method: silent}, ["grpc.health.v1.Health", dialect.method.split("/")[1]], version) as target:
        assert str(spoken(target)) == f"{dialect.name} (the server offers it, by reflection)"


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
@pytest.mark.parametrize("does", [FRAME, grpc.StatusCode.NOT_FOUND], ids=str)
def test_it_is_known_by_the_stream_that_answers(dialect: Story, does: Does) -> None:
    with serving({dialect.method: does}) as target:
        assert str(spoken(target)) == f"{dialect.name} (its stream answers, and no other)"


def test_a_stream_that_begins_late_answers_all_the_same() -> None:
    with serving({MadeUp.method: threading.Event()}) as target:
        assert spoken(target).dialect.name == "made-up"


def test_of_two_that_answer_the_one_that_streams_is_spoken() -> None:
    with serving({STORY.method: grpc.StatusCode.PERMISSION_DENIED, MadeUp.method: FRAME}) as target:
        assert spoken(target).dialect.name == "made-up"


def test_reflection_that_names_neither_leaves_it_to_the_streams() -> None:
    with serving({STORY.method: FRAME}, ["grpc.health.v1.Health"]) as target:
        assert spoken(target).dialect.name == "story"


def test_a_server_that_speaks_none_is_told_what_was_tried_and_what_it_offers() -> None:
    with serving({"/other.Service/Stream": FRAME}, ["other.Service"]) as target, pytest.raises(ProtocolError) as caught:
        spoken(target)
    words = str(caught.value)
    assert f"{STORY.method} (story), {MadeUp.method} (made-up) are all UNIMPLEMENTED" in words
    assert "it offers other.Service" in words


def test_a_server_that_speaks_none_and_has_no_reflection_is_told_so() -> None:
    with serving({}) as target, pytest.raises(ProtocolError, match="it has no reflection"):
        spoken(target)


def test_answers_that_do_not_tell_them_apart_are_no_reason_to_choose() -> None:
    refused = dict.fromkeys((STORY.method, MadeUp.method), grpc.StatusCode.PERMISSION_DENIED)
    with serving(refused) as target, pytest.raises(APIError, match="answers to more than one dialect"):
        spoken(target)


def test_who_is_not_connected_cannot_find_out() -> None:
    with pytest.raises(ConnectionError, match="not connected"):
        GrpcStreamClient().find_dialect("1-2")


def test_a_schema_is_called_as_its_package() -> None:
    assert schema_of(STORY) == "datastream.proto"
