"""``python -m support.schema fetch``: what a server serves, as a file that protoc turns into the same again."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from google.protobuf.descriptor_pool import DescriptorPool

from protos import datastream_pb2, pandadatastream_pb2
from support import ROOT
from support.schema.__main__ import main
from support.server.embedded import EmbeddedServer
from tests.conftest import Http
from tests.http_server import Answer
from tests.reflection.altered import (
    Field,
    add_field,
    move_to,
    pool_of,
    production,
    story,
)
from tests.reflection.test_comparison import relative_names
from tests.reflection.test_preflight import Respond, answering, reflecting, refusing
from tests.screen.test_greeting import FIBRE, job
from tests.stream.servers import serving

OURS = {"story": datastream_pb2, "production": pandadatastream_pb2}
PROTOC = [sys.executable, "-m", "grpc_tools.protoc"]
LIBRARY = """
syntax = "proto2";
package lib.books;
import "google/protobuf/timestamp.proto";
option java_package = "org.lib \\" books";
service Shelf {
  rpc Look(stream Book) returns (Book) { option deprecated = true; option idempotency_level = IDEMPOTENT; }
}
enum Kind {
  option allow_alias = true;
  NONE = 0;
  NOTHING = 0;
  NOVEL = -1 [deprecated = true];
  reserved 5, 7 to max;
  reserved "OLD";
}
message Book {
  option deprecated = true;
  extensions 100 to 199, 500 to max;
  reserved 2, 9 to 11; reserved "gone", "lost";
  message Kind { optional int32 lib = 1; }
  message Page { optional Kind mine = 1; optional .lib.books.Kind theirs = 2; optional lib.books.Book up = 3; }
  required string title = 1 [default = "a \\"b\\" \\\\ \\n\\303\\244", json_name = "TITLE"];
  optional bytes raw = 3 [default = "\\001\\377\\""];
  optional double weight = 4 [default = -inf];
  repeated Page pages = 5;
  repeated int32 numbers = 6 [packed = true, deprecated = true];
  oneof which { string here = 7; Page there = 8; group Shape = 15 { optional int32 x = 1; } }
  map<string, Page> by_name = 12;
  optional group Cover = 13 { required int32 thick = 1; }
  optional google.protobuf.Timestamp when = 14;
  optional .lib.books.Kind sort = 16 [default = NOVEL];
  extend Book { optional Page inside = 101; }
}
extend Book { optional int32 outside = 100 [default = 7]; }
"""
EDITION = """
edition = "2023";
package lib.next;
option features.field_presence = IMPLICIT;
message Leaf {
  int32 a = 1 [features.field_presence = EXPLICIT];
  repeated int32 b = 2 [features.repeated_field_encoding = EXPANDED];
}
service Tree { rpc Shake(Leaf) returns (stream Leaf); }
"""
PROTO3 = """
syntax = "proto3";
package a.b;
import public "google/protobuf/empty.proto";
message b {
  optional int32 one = 1;
  oneof x { int32 two = 2; }
  message C { b up = 1; .a.b.C other = 2; }
  map<int32, C> all = 4;
}
message C { repeated E e = 1 [packed = false]; bool optional = 2; }
enum E { ZERO = 0; }
service S { rpc M(google.protobuf.Empty) returns (C); }
"""


def compiled(folder: Path, *names: str) -> list[FileDescriptorProto]:
    """What protoc makes of the files, without their imports."""
    done = subprocess.run(
        [*PROTOC, f"-I{folder}", f"--descriptor_set_out={folder / 'set'}", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(FileDescriptorSet.FromString((folder / "set").read_bytes()).file)


def normal(file: FileDescriptorProto) -> FileDescriptorProto:
    """Without what does not matter: its name, options that say nothing, and the usual names in JSON, an order."""
    kept = FileDescriptorProto()
    kept.CopyFrom(file)
    kept.ClearField("name")
    for service in kept.service:
        for method in service.method:
            if not method.options.ByteSize():
                method.ClearField("options")
    normalize(kept.message_type, kept.extension)
    return kept


def normalize(messages: Iterable[DescriptorProto], fields: Iterable[FieldDescriptorProto]) -> None:
    for field in fields:
        if field.json_name == re.sub("_(.)", lambda found: found[1].upper(), field.name):
            field.ClearField("json_name")
    for message in messages:
        message.nested_type.sort(key=lambda nested: nested.name)
        normalize(message.nested_type, [*message.field, *message.extension])


def fetched(pool: DescriptorPool, services: list[str], output: Path) -> int:
    with serving({}, services, pool=pool) as target:
        return main(["fetch", target, "-o", str(output)])


@pytest.mark.parametrize("dialect", OURS)
def test_what_is_fetched_is_what_is_served(dialect: str, tmp_path: Path) -> None:
    ours = FileDescriptorProto.FromString(OURS[dialect].DESCRIPTOR.serialized_pb)
    assert fetched(pool_of(ours), [f"{ours.package}.DataStreamService"], tmp_path / "x.proto") == 0
    [again] = compiled(tmp_path, "x.proto")
    assert normal(again) == normal(ours)


def test_it_is_written_to_standard_output(embedded: EmbeddedServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", embedded.rest_url]) == 0
    assert "message SpectrogramRow {\n  string canvasId = 1;\n" in capsys.readouterr().out


def test_the_job_that_was_configured_for_it_is_cancelled(http: Http, tmp_path: Path) -> None:
    with serving({}, ["datastream.DataStreamService"]) as target:
        server = http(*FIBRE, job(int(target.rpartition(":")[2])), Answer(body={"status": "cancelled"}))
        assert main(["fetch", server.url, "-o", str(tmp_path / "x.proto")]) == 0
    assert [(one.method, one.path) for one in server.requests[2:]] == [("POST", "/configure"), ("DELETE", "/job/1-2")]


@pytest.mark.parametrize("source", [LIBRARY, EDITION, PROTO3], ids=["proto2", "edition", "proto3"])
def test_everything_that_a_schema_can_say_is_written_down(source: str, tmp_path: Path) -> None:
    (tmp_path / "given.proto").write_text(source, "utf-8")
    [given] = compiled(tmp_path, "given.proto")
    service = f"{given.package}.{given.service[0].name}"
    with serving({}, handlers=reflecting(answering(given.SerializeToString(), services=[service]))) as target:
        assert main(["fetch", target, "-o", str(tmp_path / "again.proto")]) == 0
    [again] = compiled(tmp_path, "again.proto")
    assert normal(again) == normal(given)


def test_comments_come_along_where_the_server_has_them(tmp_path: Path) -> None:
    target = tmp_path / "protos"
    subprocess.run(
        [*PROTOC, "-I.", "--include_source_info", f"--descriptor_set_out={target}", "protos/pandadatastream.proto"],
        cwd=ROOT,
        check=True,
    )
    [file] = FileDescriptorSet.FromString(target.read_bytes()).file
    names = ["pandadatastream.DataStreamService"]
    with serving({}, handlers=reflecting(answering(file.SerializeToString(), services=names))) as at:
        assert main(["fetch", at, "-o", str(tmp_path / "x.proto")]) == 0
    text = (tmp_path / "x.proto").read_text("utf-8")
    assert '// "A frame": one message on the stream.\nmessage DataStream {' in text
    assert compiled(tmp_path, "x.proto")


def test_names_that_the_server_leaves_to_the_reader_are_understood(tmp_path: Path) -> None:
    said = answering(story(relative_names).SerializeToString())
    with serving({}, handlers=reflecting(said)) as target:
        assert main(["fetch", target, "-o", str(tmp_path / "x.proto")]) == 0
    [again] = compiled(tmp_path, "x.proto")
    assert normal(again) == normal(story())


def test_the_token_is_shown_over_plain_text_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("secret", "utf-8")
    guarded = EmbeddedServer(["--require-token", str(tmp_path / "token")], log_file=tmp_path / "simulator.log")
    try:
        assert "set the token that this server wants" in failure(capsys, guarded.rest_url)
        monkeypatch.setenv("FOCUS_TOKEN", "secret")
        assert main(["fetch", guarded.rest_url]) == 0
    finally:
        guarded.stop()


def test_files_of_one_package_become_one(tmp_path: Path) -> None:
    whole = story()
    messages, service = story(), story()
    del messages.service[:], service.message_type[:]
    messages.name = "messages.proto"
    service.dependency.append("messages.proto")
    pool = pool_of(messages, service)
    assert fetched(pool, ["datastream.DataStreamService"], tmp_path / "x.proto") == 0
    [again] = compiled(tmp_path, "x.proto")
    assert normal(again) == normal(whole)


def several() -> tuple[DescriptorPool, list[str]]:
    """A schema of two packages."""
    other = FileDescriptorProto(name="common/quality.proto", package="common", syntax="proto3")
    other.message_type.add(name="Quality")
    file = story(add_field("DataStream.quality", 9, Field.TYPE_MESSAGE, type_name=".common.Quality"))
    file.dependency.append(other.name)
    return pool_of(other, file), ["datastream.DataStreamService"]


def test_other_packages_go_beside(tmp_path: Path) -> None:
    assert fetched(*several(), tmp_path / "x.proto") == 0
    _, again = compiled(tmp_path, "x.proto", "common/quality.proto")
    assert again.message_type[3].field[-1].type_name == ".common.Quality"


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence that is said where it cannot be done."""
    assert main(["fetch", *arguments]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    [sentence] = said.err.splitlines()
    return sentence


def test_several_packages_need_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    pool, services = several()
    with serving({}, services, pool=pool) as target:
        assert "it is made of several packages (protos/datastream.proto, common/quality.proto)" in failure(
            capsys, target
        )


def named(name: str) -> bytes:
    file = story()
    file.name = name
    return file.SerializeToString()


def spoiled() -> bytes:
    file = story(move_to("datastream"))
    file.message_type[0].field[0].type = Field.TYPE_MESSAGE
    file.message_type[0].field[0].type_name = ".no.where"
    return file.SerializeToString()


def importing(name: str) -> bytes:
    file = production()
    file.dependency.append(name)
    return file.SerializeToString()


@pytest.mark.parametrize(
    ("respond", "words"),
    [
        (refusing(grpc.StatusCode.PERMISSION_DENIED), "cannot be had: PERMISSION_DENIED: not for you"),
        (answering(services=["grpc.health.v1.Health"]), "cannot be had: it names no service but gRPC's own"),
        (answering(b"\xff"), "cannot be had: 1 bytes that begin with ff are no descriptor"),
        (answering(named("../../up.proto")), "cannot be had: '../../up.proto' is no name for a file"),
        (answering(named("/etc/x.proto")), "cannot be had: '/etc/x.proto' is no name for a file"),
        (answering(spoiled()), "protos/datastream.proto makes no sense: "),
        (answering(importing("protos/pandadatastream.proto")), "import each other"),
        (answering(importing("else.proto")), "the server does not have else.proto"),
    ],
    ids=["denied", "nothing", "no descriptor", "upwards", "absolute", "no sense", "circle", "import"],
)
def test_what_cannot_be_had_is_one_sentence(capsys: pytest.CaptureFixture[str], respond: Respond, words: str) -> None:
    with serving({}, handlers=reflecting(respond)) as target:
        assert words in failure(capsys, target)


def test_a_server_without_reflection_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    with serving({}) as target:
        assert failure(capsys, target) == f"the schema of {target} cannot be had: it has no reflection"


def test_an_address_that_is_none_is_told_so(
    capsys: pytest.CaptureFixture[str], closed_port: int, http: Http, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FOCUS_CONNECTION_TIMEOUT", "0.5")
    assert "is neither a REST address" in failure(capsys, "focus")
    assert failure(capsys, "user:secret@focus:5000").startswith("'***@focus:5000' is neither a REST address")
    assert "nothing answers at http://127.0.0.1:" in failure(capsys, f"http://127.0.0.1:{closed_port}")
    assert "answered gRPC within 0.5 s" in failure(capsys, f"127.0.0.1:{closed_port}")
    server = http(*FIBRE, job(closed_port), Answer(body={"status": "cancelled"}))
    assert "answered gRPC within 0.5 s" in failure(capsys, server.url)
    assert server.requests[-1].path == "/job/1-2"
    with serving({}, ["datastream.DataStreamService"]) as target:
        assert "cannot be written: Is a directory" in failure(capsys, target, "-o", str(tmp_path))
