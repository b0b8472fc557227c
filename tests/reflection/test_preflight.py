"""What a run says of the server's schema before its first scenario: real servers that serve something else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import Message
from grpc_reflection.v1alpha.reflection_pb2 import (
    FileDescriptorResponse,
    ListServiceResponse,
    ServerReflectionRequest,
    ServerReflectionResponse,
    ServiceResponse,
)

from protos.datastream_pb2 import DataStream, SensorIntensity, SpectrogramRow
from protos.pandadatastream_pb2 import DataStream as ProductionMessage
from support.errors import NotReadyError, SchemaError
from support.run import Run
from support.server.embedded import EmbeddedServer
from support.stream.production import PRODUCTION
from support.stream.story import STORY
from tests.conftest import Http
from tests.http_server import Answer
from tests.patience import PATIENCE
from tests.reflection.altered import (
    Alter,
    Field,
    add_field,
    drop_method,
    move_to,
    pool_of,
    production,
    set_field,
    set_method,
    story,
)
from tests.screen.test_greeting import FIBRE, job
from tests.stream.servers import Does, serving
from tests.test_behave_runs import behave

SERVICE = "datastream.DataStreamService"
FRAME = DataStream(
    rows=[SpectrogramRow(canvasId="c", sensors=[SensorIntensity(id=1)], startTimestamp=1, endTimestamp=2)]
)
PRODUCTION_FRAME = ProductionMessage(start_channel=1, end_channel=1, data_shape_y=1, timestamp_in_milis=[1])
UNKNOWN = b"\xa0\x06\x01"  # number 100, a varint


def told(http: Http, target: str, dialect: str = "auto") -> str:
    """What the banner says of the schema of a server whose jobs have that port."""
    server = http(*FIBRE, job(int(target.rpartition(":")[2])), Answer(body={"status": "cancelled"}))
    with closing(Run({"focus_server_url": server.url, "dialect": dialect}, {})) as run:
        assert f"schema of the server: {run.describe()['schema of the server']}" in run.banner()
        assert run.environment()["schema of the server"] == run.describe()["schema of the server"]
        assert [one.path for one in server.requests].count("/configure") == 1
    return run.describe()["schema of the server"]


def told_of(http: Http, file: FileDescriptorProto, does: Does = b"", dialect: str = "auto") -> str:
    """The same, of a server that serves this schema."""
    service = f"{file.package}.{file.service[0].name}"
    streams = {f"/{service}/{one.name}": does for one in file.service[0].method if one.server_streaming}
    with serving(streams, [service], pool=pool_of(file)) as target:
        return told(http, target, dialect)


@pytest.mark.parametrize("file", [story(), production()], ids=["story", "production"])
@pytest.mark.parametrize("said", [True, False], ids=["said", "found out"])
def test_the_same_schema_is_the_same(http: Http, file: FileDescriptorProto, said: bool) -> None:
    dialect = ("production" if file.package == "pandadatastream" else "story") if said else "auto"
    assert told_of(http, file, dialect=dialect) == "the same (by reflection)"


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (
            story(set_field("SpectrogramRow.startTimestamp", number=7)),
            "field datastream.SpectrogramRow.startTimestamp has number 7 instead of 3",
        ),
        (
            production(set_field("DataStream.global_maximum", type=Field.TYPE_DOUBLE)),
            "field pandadatastream.DataStream.global_maximum is double instead of float",
        ),
        (
            story(drop_method("StreamSpectrograms")),
            f"method {SERVICE}/StreamSpectrograms is gone; it has CheckHealth",
        ),
        (
            story(move_to("datastream.v2")),
            f"service {SERVICE} is renamed: the server calls it datastream.v2.DataStreamService",
        ),
        (
            production(move_to("panda")),
            "service pandadatastream.DataStreamService is renamed: the server calls it panda.DataStreamService",
        ),
        (
            production(move_to("panda"), set_field("DataStream.main_data", number=19)),
            "service pandadatastream.DataStreamService is renamed: the server calls it panda.DataStreamService, "
            "field pandadatastream.DataStream.main_data has number 19 instead of 9",
        ),
    ],
    ids=["number", "type", "method", "package", "production's package", "package and number"],
)
@pytest.mark.parametrize("said", [True, False], ids=["said", "found out"])
def test_what_breaks_ends_the_run_before_it_begins(
    http: Http, file: FileDescriptorProto, sentence: str, said: bool
) -> None:
    dialect = ("production" if "pandadatastream" in sentence else "story") if said else "auto"
    with pytest.raises(SchemaError) as caught:
        told_of(http, file, dialect=dialect)
    assert isinstance(caught.value, NotReadyError)
    assert str(caught.value).startswith("schema mismatch: 127.0.0.1:")
    assert str(caught.value).endswith(f" and this suite misunderstand each other: {sentence}")
    assert caught.value.table[0] == ("What", "Expected", "At the server", "So")
    assert caught.value.table[1][-1] == "breaking"


def test_a_field_more_is_told_and_the_run_goes_on(http: Http) -> None:
    assert (
        told_of(http, story(add_field("SensorIntensity.quality", 3)))
        == "compatible (by reflection): field datastream.SensorIntensity.quality (int32 = 3) is new"
    )


def test_the_report_of_a_run_that_does_not_begin_has_the_table(http: Http, tmp_path: Path) -> None:
    file = story(set_field("SpectrogramRow.startTimestamp", number=7), add_field("DataStream.more", 9))
    with serving({}, [SERVICE], pool=pool_of(file)) as target:
        server = http(*FIBRE, job(int(target.rpartition(":")[2])), Answer(body={"status": "cancelled"}))
        allure = ["-o", "plain.txt", "-f", "support.reporting.allure_formatter:AllureFormatter", "-o", "allure-results"]
        run = behave(tmp_path, "-D", f"focus_server_url={server.url}", *allure, feature="jobs/configuration.feature")
    assert run.returncode == 1
    assert "NOT READY: schema mismatch: 127.0.0.1:" in run.stderr
    assert "0 scenarios passed, 0 failed" in run.stdout
    [table] = [path.read_text("utf-8") for path in (tmp_path / "allure-results").glob("*.csv")]
    assert table.splitlines()[:3] == [
        "What,Expected,At the server,So",
        "datastream.SpectrogramRow.startTimestamp,int64 = 3,int64 = 7,breaking",
        "datastream.DataStream.more,-,int32 = 9,compatible",
    ]


def test_a_health_that_is_said_otherwise_is_a_mismatch_and_no_illness(http: Http) -> None:
    file = story(set_field("HealthResponse.healthy", number=3))
    with (
        serving({f"/{SERVICE}/CheckHealth": b"\x18\x01"}, [SERVICE], pool=pool_of(file)) as target,
        pytest.raises(SchemaError, match=r"field datastream.HealthResponse.healthy has number 3 instead of 1"),
    ):
        told(http, target)


def test_another_dialect_than_the_settings_say_ends_the_run(http: Http) -> None:
    with (
        serving({PRODUCTION.method: PRODUCTION_FRAME.SerializeToString()}) as target,
        pytest.raises(NotReadyError, match=r"speaks another dialect than the settings say: /datastream\..* is UNIMPL"),
    ):
        told(http, target, "story")


def test_the_job_that_was_asked_with_is_over_where_the_run_is_refused(http: Http) -> None:
    file = story(set_method("StreamSpectrograms", server_streaming=False))
    with serving({STORY.method: b""}, [SERVICE], pool=pool_of(file)) as target:
        server = http(*FIBRE, job(int(target.rpartition(":")[2])), Answer(body={"status": "cancelled"}))
        with pytest.raises(SchemaError):
            Run({"focus_server_url": server.url}, {})
    assert server.requests[-1].path == "/job/1-2"


def test_two_services_of_ours_are_told_apart_by_what_they_do(http: Http) -> None:
    both = ["pandadatastream.DataStreamService", SERVICE]
    with serving({STORY.method: FRAME.SerializeToString()}, both) as target:
        assert told(http, target) == "the same (by reflection)"


def with_unknown(message: Message) -> bytes:
    return message.SerializeToString() + UNKNOWN


def nested_unknown(_message: Message) -> bytes:
    spoiled = DataStream()
    spoiled.CopyFrom(FRAME)
    row = SpectrogramRow.FromString(spoiled.rows[0].SerializeToString() + UNKNOWN)
    row.sensors[0].MergeFromString(UNKNOWN)
    spoiled.rows[0].CopyFrom(row)
    return spoiled.SerializeToString()


def otherwise(_message: Message) -> bytes:
    return b"\x0a\x04\x1a\x02no"  # a row whose startTimestamp is text


NO_REFLECTION = "(it has no reflection)"


@pytest.mark.parametrize(
    ("method", "frame", "said"),
    [
        (STORY.method, FRAME.SerializeToString(), f"not compared {NO_REFLECTION}"),
        (
            STORY.method,
            with_unknown(FRAME),
            f"compatible {NO_REFLECTION}: field number 100 of datastream.DataStream came and is not known here",
        ),
        (
            STORY.method,
            nested_unknown(FRAME),
            f"compatible {NO_REFLECTION}: field number 100 of datastream.SpectrogramRow came and is not known here, "
            "field number 100 of datastream.SensorIntensity came and is not known here",
        ),
        (
            STORY.method,
            otherwise(FRAME),
            f"compatible {NO_REFLECTION}: field number 3 of datastream.SpectrogramRow (startTimestamp, in another "
            "type) came and is not known here",
        ),
        (PRODUCTION.method, PRODUCTION_FRAME.SerializeToString(), f"not compared {NO_REFLECTION}"),
        (
            PRODUCTION.method,
            with_unknown(PRODUCTION_FRAME),
            f"compatible {NO_REFLECTION}: field number 100 of pandadatastream.DataStream came and is not known here",
        ),
        (STORY.method, b"\xff", f"not compared {NO_REFLECTION}"),
    ],
    ids=["story", "top", "nested", "another type", "production", "production's top", "no frame"],
)
@pytest.mark.parametrize("said_dialect", [True, False], ids=["said", "found out"])
def test_without_reflection_what_is_unknown_on_the_wire_is_told(
    http: Http, method: str, frame: bytes, said: str, said_dialect: bool
) -> None:
    dialect = ("story" if method == STORY.method else "production") if said_dialect else "auto"
    with serving({method: frame}) as target:
        assert told(http, target, dialect) == said


Requests = Iterator[ServerReflectionRequest]
Respond = Callable[[Requests, grpc.ServicerContext], Iterator[bytes]]


def reflecting(respond: Respond) -> list[grpc.GenericRpcHandler]:
    """Reflection that answers as told."""
    handler = grpc.stream_stream_rpc_method_handler(
        respond, request_deserializer=ServerReflectionRequest.FromString, response_serializer=bytes
    )
    return [
        grpc.method_handlers_generic_handler(
            f"grpc.reflection.{version}.ServerReflection", {"ServerReflectionInfo": handler}
        )
        for version in ("v1", "v1alpha")
    ]


def answering(*files: bytes, services: Sequence[str] = (SERVICE,), endless: bool = False) -> Respond:
    """Names these services, and says that these bytes are their files."""

    def respond(requests: Requests, _context: grpc.ServicerContext) -> Iterator[bytes]:
        for request in requests:
            if request.HasField("list_services"):
                names = [ServiceResponse(name=name) for name in services]
                answer = ServerReflectionResponse(list_services_response=ListServiceResponse(service=names))
            else:
                said = files
                if endless and request.file_by_filename:
                    more = f"{request.file_by_filename}x"
                    said = (FileDescriptorProto(name=request.file_by_filename, dependency=[more]).SerializeToString(),)
                answer = ServerReflectionResponse(
                    file_descriptor_response=FileDescriptorResponse(file_descriptor_proto=said)
                )
            yield answer.SerializeToString()

    return respond


def refusing(status: grpc.StatusCode) -> Respond:
    def respond(_requests: Requests, context: grpc.ServicerContext) -> Iterator[bytes]:
        context.abort(status, "not for you")

    return respond


def silent(over: threading.Event) -> Respond:
    def respond(_requests: Requests, _context: grpc.ServicerContext) -> Iterator[bytes]:
        over.wait(PATIENCE)
        yield from ()

    return respond


def nonsense(_requests: Requests, _context: grpc.ServicerContext) -> Iterator[bytes]:
    yield b"\xff\xff\xff"


def ending(_requests: Requests, _context: grpc.ServicerContext) -> Iterator[bytes]:
    yield from ()


def without_end(_requests: Requests, context: grpc.ServicerContext) -> Iterator[bytes]:
    while context.is_active():
        yield ServerReflectionResponse().SerializeToString()


ENDLESS = FileDescriptorProto(name="a.proto", dependency=["b.proto"]).SerializeToString()


@pytest.mark.parametrize(
    ("respond", "words"),
    [
        (refusing(grpc.StatusCode.UNAVAILABLE), "UNAVAILABLE: not for you"),
        (refusing(grpc.StatusCode.PERMISSION_DENIED), "PERMISSION_DENIED: not for you"),
        (nonsense, "its answer is none of reflection's"),
        (ending, "it does not answer what it is asked"),
        (without_end, "it does not answer what it is asked"),
        (answering(b"\xff\xff"), "2 bytes that begin with ff ff are no descriptor"),
        (answering(), "it does not describe datastream.DataStreamService, though it names it"),
        (answering(ENDLESS, endless=True), "more than 200 files are named"),
        (answering(services=["grpc.health.v1.Health"]), "it does not name datastream.DataStreamService"),
    ],
    ids=["unavailable", "denied", "no message", "no answer", "endless", "no descriptor", "none", "files", "health"],
)
def test_reflection_that_cannot_be_read_is_no_reason_not_to_run(http: Http, respond: Respond, words: str) -> None:
    with serving({STORY.method: with_unknown(FRAME)}, handlers=reflecting(respond)) as target:
        assert told(http, target) == (
            f"compatible (reflection could not be read: {words}): "
            "field number 100 of datastream.DataStream came and is not known here"
        )


def test_reflection_that_says_nothing_is_waited_for_once(http: Http) -> None:
    over = threading.Event()
    with serving({STORY.method: FRAME.SerializeToString()}, handlers=reflecting(silent(over))) as target:
        words = told(http, target)
        over.set()
    assert words.startswith("not compared (reflection could not be read: DEADLINE_EXCEEDED")


def test_a_schema_of_many_files_is_read_from_far_away(http: Http) -> None:
    """Ten answers of a quarter of a second each: every one is in time, all together are not."""
    first = story(lambda file: file.dependency.append("1.proto")).SerializeToString()

    def respond(requests: Requests, context: grpc.ServicerContext) -> Iterator[bytes]:
        for request in requests:
            time.sleep(0.25)
            number = int(request.file_by_filename.removesuffix(".proto") or 0)
            following = [f"{number + 1}.proto"] if number < 10 else []
            imported = FileDescriptorProto(name=request.file_by_filename, dependency=following).SerializeToString()
            yield from answering(imported if number else first)(iter([request]), context)

    with serving({STORY.method: b""}, handlers=reflecting(respond)) as target:
        assert told(http, target) == "the same (by reflection)"


def test_a_file_that_reflection_lacks_is_not_missed(http: Http) -> None:
    stamp = add_field("DataStream.at", 9, Field.TYPE_MESSAGE, type_name=".google.protobuf.Timestamp")
    imports: Alter = lambda file: file.dependency.append("google/protobuf/timestamp.proto")  # noqa: E731
    file = story(stamp, imports).SerializeToString()
    with serving({STORY.method: b""}, handlers=reflecting(answering(file))) as target:
        assert told(http, target) == (
            "compatible (by reflection): field datastream.DataStream.at (Timestamp = 9) is new"
        )


def test_the_embedded_server_is_not_asked(embedded: EmbeddedServer) -> None:
    with closing(Run({}, {})) as run:
        assert "schema of the server" not in run.describe()
    with closing(Run({"focus_server_url": embedded.rest_url}, {})) as run:
        assert run.describe()["schema of the server"] == "the same (by reflection)"
