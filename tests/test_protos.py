"""The committed stubs are generated from the committed schema, and the schema is the contract's."""

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from protos import datastream_pb2
from support import ROOT

FIELDS = {
    "StreamRequest": {"job_id": (1, "string", False), "max_frames": (2, "int32", False)},
    "HealthRequest": {},
    "HealthResponse": {"healthy": (1, "bool", False), "version": (2, "string", False)},
    "DataStream": {
        "rows": (1, "SpectrogramRow", True),
        "current_max_amp": (2, "double", False),
        "current_min_amp": (3, "double", False),
    },
    "SpectrogramRow": {
        "canvasId": (1, "string", False),
        "sensors": (2, "SensorIntensity", True),
        "startTimestamp": (3, "int64", False),
        "endTimestamp": (4, "int64", False),
    },
    "SensorIntensity": {"id": (1, "int32", False), "intensity": (2, "float", True)},
}
TYPES = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_FLOAT: "float",
}
STUBS = ["datastream_pb2.py", "datastream_pb2.pyi", "datastream_pb2_grpc.py"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stubs as scripts/generate_proto.sh makes them."""
    folder = tmp_path_factory.mktemp("stubs")
    outputs = [f"--{kind}={folder}" for kind in ("python_out", "pyi_out", "grpc_python_out")]
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", *outputs, "protos/datastream.proto"]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder / "protos"


@pytest.mark.parametrize("name", STUBS)
def test_committed_stubs_are_not_stale(generated: Path, name: str) -> None:
    committed = (ROOT / "protos" / name).read_text(encoding="utf-8")

    assert committed == (generated / name).read_text(encoding="utf-8"), "stale: run scripts/generate_proto.sh"


def test_every_generated_stub_is_committed(generated: Path) -> None:
    assert sorted(path.name for path in generated.iterdir()) == STUBS


def test_messages_are_the_contracts() -> None:
    assert set(datastream_pb2.DESCRIPTOR.message_types_by_name) == set(FIELDS)


@pytest.mark.parametrize("message", FIELDS)
def test_fields_keep_names_numbers_and_types(message: str) -> None:
    described = datastream_pb2.DESCRIPTOR.message_types_by_name[message]

    assert {field.name: (field.number, _type(field), field.is_repeated) for field in described.fields} == FIELDS[
        message
    ]


def test_methods_keep_names_messages_and_directions() -> None:
    service = datastream_pb2.DESCRIPTOR.services_by_name["DataStreamService"]

    assert service.full_name == "datastream.DataStreamService"
    assert [_signature(method) for method in service.methods] == [
        ("StreamSpectrograms", "StreamRequest", False, "DataStream", True),
        ("CheckHealth", "HealthRequest", False, "HealthResponse", False),
    ]


def _type(field: FieldDescriptor) -> str:
    return field.message_type.name if field.message_type else TYPES[field.type]


def _signature(method: MethodDescriptor) -> tuple[str, str, bool, str, bool]:
    asked, answered = method.input_type.name, method.output_type.name
    return method.name, asked, method.client_streaming, answered, method.server_streaming
