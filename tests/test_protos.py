"""The committed stubs are generated from the committed schemas, and the schemas are the contract's."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from protos import datastream_pb2, pandadatastream_pb2
from support import ROOT

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
