"""The committed stubs are generated from the committed schemas, and the schemas are the contract's."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from protos import datastream_pb2, pandadatastream_pb2
from support import ROOT

BASELINE = "protos/baseline.txtpb"
SCHEMAS: Mapping[str, ModuleType] = {"datastream": datastream_pb2, "pandadatastream": pandadatastream_pb2}
FIELDS = {
    "datastream.StreamRequest": {"job_id": (1, "string", ""), "max_frames": (2, "int32", "")},
    "datastream.HealthRequest": {},
    "datastream.HealthResponse": {"healthy": (1, "bool", ""), "version": (2, "string", "")},
    "datastream.DataStream": {
        "rows": (1, "SpectrogramRow", "repeated"),
        "current_max_amp": (2, "double", ""),
        "current_min_amp": (3, "double", ""),
    },
    "datastream.SpectrogramRow": {
        "canvasId": (1, "string", ""),
        "sensors": (2, "SensorIntensity", "repeated"),
        "startTimestamp": (3, "int64", ""),
        "endTimestamp": (4, "int64", ""),
    },
    "datastream.SensorIntensity": {"id": (1, "int32", ""), "intensity": (2, "float", "repeated")},
    "pandadatastream.StreamDataRequest": {"stream_id": (1, "int32", "")},
    "pandadatastream.DataStream": {
        "start_channel": (1, "int32", ""),
        "end_channel": (2, "int32", ""),
        "timestamp_in_milis": (3, "int64", "repeated"),
        "row_index": (4, "int32", "repeated"),
        "data_shape_x": (5, "int32", ""),
        "data_shape_y": (6, "int32", ""),
        "global_maximum": (7, "float", ""),
        "global_minimum": (8, "float", ""),
        "main_data": (9, "bytes", "repeated"),
        "job_id": (10, "int32", "optional"),
        "data_shape_z": (11, "int32", "optional"),
    },
}
METHODS = {
    "datastream": [
        ("StreamSpectrograms", "StreamRequest", False, "DataStream", True),
        ("CheckHealth", "HealthRequest", False, "HealthResponse", False),
    ],
    "pandadatastream": [("StreamData", "StreamDataRequest", False, "DataStream", True)],
}
TYPES = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_FLOAT: "float",
}
STUBS = sorted(f"{schema}_pb2{kind}" for schema in SCHEMAS for kind in (".py", ".pyi", "_grpc.py"))


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stubs as scripts/generate_proto.sh makes them."""
    folder = tmp_path_factory.mktemp("stubs")
    outputs = [f"--{kind}={folder}" for kind in ("python_out", "pyi_out", "grpc_python_out")]
    schemas = [f"protos/{schema}.proto" for schema in SCHEMAS]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "-I.", *outputs, *schemas], cwd=ROOT, check=True)
    return folder / "protos"


def test_no_other_schema_is_committed() -> None:
    assert {path.stem for path in (ROOT / "protos").glob("*.proto")} == set(SCHEMAS)


@pytest.mark.parametrize("name", STUBS)
def test_committed_stubs_are_not_stale(generated: Path, name: str) -> None:
    committed = (ROOT / "protos" / name).read_text(encoding="utf-8")

    assert committed == (generated / name).read_text(encoding="utf-8"), "stale: run scripts/generate_proto.sh"


def test_every_generated_stub_is_committed(generated: Path) -> None:
    assert sorted(path.name for path in generated.iterdir()) == STUBS


def test_messages_are_the_contracts() -> None:
    assert {message.full_name for message in _messages()} == set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_fields_keep_names_numbers_and_types(name: str) -> None:
    described = next(message for message in _messages() if message.full_name == name)

    assert {field.name: (field.number, _type(field), _label(field)) for field in described.fields} == FIELDS[name]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_methods_keep_names_messages_and_directions(schema: str) -> None:
    service = SCHEMAS[schema].DESCRIPTOR.services_by_name["DataStreamService"]

    assert service.full_name == f"{schema}.DataStreamService"
    assert [_signature(method) for method in service.methods] == METHODS[schema]


class Buf:
    """buf on a copy of the schemas, without a history, as in a fresh checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "buf.yaml", folder)
        (folder / "protos").mkdir()
        for path in (*(ROOT / "protos").glob("*.proto"), ROOT / BASELINE):
            shutil.copy(path, folder / "protos")

    def change(self, before: str, after: str) -> None:
        """In the story's schema."""
        path = self.folder / "protos" / "datastream.proto"
        text = path.read_text("utf-8")
        assert text.count(before) == 1, before
        path.write_text(text.replace(before, after), "utf-8")

    def says(self, *arguments: str) -> list[str]:
        command = shutil.which("buf", path=Path(sys.executable).parent)
        assert command, "buf is not installed: requirements-dev.txt"
        done = subprocess.run([command, *arguments], cwd=self.folder, capture_output=True, text=True, check=False)
        lines = (done.stdout + done.stderr).splitlines()
        assert bool(done.returncode) == bool(lines), lines
        return lines


@pytest.fixture
def buf(tmp_path: Path) -> Buf:
    return Buf(tmp_path)


def test_buf_has_nothing_to_say_about_the_schemas(buf: Buf) -> None:
    assert buf.says("lint") == []
    assert buf.says("breaking", "--against", BASELINE) == []


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("endTimestamp = 4;", "endTimestamp = 5;", 'Previously present field "4" with name "endTimestamp"'),
        ("canvasId = 1;", "canvas_id = 1;", 'changed name from "canvasId" to "canvas_id"'),
        ("double current_max_amp", "float current_max_amp", 'changed type from "double" to "float"'),
        ("repeated float intensity", "float intensity", "changed cardinality"),
        ("  string version = 2;\n", "", 'Previously present field "2" with name "version"'),
        ("package datastream;", "package datastreams;", 'changed from "datastream" to "datastreams"'),
        ("  rpc CheckHealth(HealthRequest) returns (HealthResponse) {}\n", "", "Previously present RPC"),
    ],
    ids=["number", "name", "type", "label", "field", "package", "method"],
)
def test_buf_refuses_what_breaks(buf: Buf, before: str, after: str, words: str) -> None:
    buf.change(before, after)
    assert any(words in line for line in buf.says("breaking", "--against", BASELINE))


def test_buf_allows_a_field_more(buf: Buf) -> None:
    buf.change("string version = 2;", "string version = 2;\n  string build = 3;")
    assert buf.says("breaking", "--against", BASELINE) == []


def test_buf_wants_names_as_they_usually_are(buf: Buf) -> None:
    buf.change("rpc CheckHealth", "rpc check_health")
    assert any("should be PascalCase" in line for line in buf.says("lint"))


def test_the_baseline_has_all_that_the_schemas_have(buf: Buf) -> None:
    assert buf.says("build", "--exclude-source-info", "-o", "now.txtpb") == []
    now = (buf.folder / "now.txtpb").read_text("utf-8")
    assert now == (ROOT / BASELINE).read_text("utf-8"), f"run: buf build --exclude-source-info -o {BASELINE}"


def _messages() -> list[Descriptor]:
    return [message for schema in SCHEMAS.values() for message in schema.DESCRIPTOR.message_types_by_name.values()]


def _type(field: FieldDescriptor) -> str:
    return field.message_type.name if field.message_type else TYPES[field.type]


def _label(field: FieldDescriptor) -> str:
    if field.is_repeated:
        return "repeated"
    return "optional" if field.has_presence else ""


def _signature(method: MethodDescriptor) -> tuple[str, str, bool, str, bool]:
    asked, answered = method.input_type.name, method.output_type.name
    return method.name, asked, method.client_streaming, answered, method.server_streaming
