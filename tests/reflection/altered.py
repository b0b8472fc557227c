"""Schemas that differ from ours, as a server's descriptors say them."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from protos import datastream_pb2, pandadatastream_pb2

Field = FieldDescriptorProto
Alter = Callable[[FileDescriptorProto], object]


def story(*alterations: Alter) -> FileDescriptorProto:
    """The story's schema, altered."""
    return _altered(datastream_pb2.DESCRIPTOR.serialized_pb, alterations)


def production(*alterations: Alter) -> FileDescriptorProto:
    """Production's schema, altered."""
    return _altered(pandadatastream_pb2.DESCRIPTOR.serialized_pb, alterations)


def _altered(serialized: bytes, alterations: tuple[Alter, ...]) -> FileDescriptorProto:
    file = FileDescriptorProto.FromString(serialized)
    for alter in alterations:
        alter(file)
    return file


def pool_of(*files: FileDescriptorProto) -> DescriptorPool:
    """What a server has that was built from these files."""
    pool = DescriptorPool()
    for file in files:
        pool.Add(file)
    return pool


def message(file: FileDescriptorProto, name: str) -> DescriptorProto:
    return next(one for one in file.message_type if one.name == name)


def field(file: FileDescriptorProto, path: str) -> FieldDescriptorProto:
    """The field of ``Message.field``."""
    inside, _, name = path.partition(".")
    return next(one for one in message(file, inside).field if one.name == name)


def set_field(path: str, /, **values: object) -> Alter:
    """Gives a field other attributes."""

    def alter(file: FileDescriptorProto) -> None:
        altered = field(file, path)
        for name, value in values.items():
            setattr(altered, name, value)

    return alter


def drop_field(path: str) -> Alter:
    def alter(file: FileDescriptorProto) -> None:
        message(file, path.partition(".")[0]).field.remove(field(file, path))

    return alter


def add_field(path: str, number: int, kind: Field.Type.ValueType = Field.TYPE_INT32, **more: object) -> Alter:
    inside, _, name = path.partition(".")
    label = more.pop("label", Field.LABEL_OPTIONAL)
    return lambda file: message(file, inside).field.add(name=name, number=number, type=kind, label=label, **more)


def drop_method(name: str) -> Alter:
    def alter(file: FileDescriptorProto) -> None:
        methods = file.service[0].method
        methods.remove(next(one for one in methods if one.name == name))

    return alter


def set_method(called: str, /, **values: object) -> Alter:
    def alter(file: FileDescriptorProto) -> None:
        method = next(one for one in file.service[0].method if one.name == called)
        for key, value in values.items():
            setattr(method, key, value)

    return alter


def move_to(package: str) -> Alter:
    """Another package, for all that is in it."""

    def alter(file: FileDescriptorProto) -> None:
        before, file.package = file.package, package
        for inside in file.message_type:
            for one in inside.field:
                if one.type_name:
                    one.type_name = one.type_name.replace(f".{before}.", f".{package}.", 1)
        for method in file.service[0].method:
            method.input_type = method.input_type.replace(f".{before}.", f".{package}.", 1)
            method.output_type = method.output_type.replace(f".{before}.", f".{package}.", 1)

    return alter
