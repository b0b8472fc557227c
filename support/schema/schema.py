"""A schema: messages, enums and services by their full names, as descriptors say them."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)


class Schema:
    """What some files define.

    Args:
        files: as they are; imports that are missing leave what they define unknown.

    Attributes:
        files: these.
        messages: by full name, nested ones too.
        enums: likewise.
        services: likewise.
    """

    def __init__(self, files: Iterable[FileDescriptorProto]) -> None:
        self.files = tuple(files)
        self.messages: dict[str, DescriptorProto] = {}
        self.enums: dict[str, EnumDescriptorProto] = {}
        self.services: dict[str, ServiceDescriptorProto] = {}
        for file in self.files:
            self._add(file.package, file.message_type, file.enum_type)
            self.services |= {joined(file.package, one.name): one for one in file.service}

    def beside(self, service: str) -> set[str]:
        """Full names of the messages of the file that defines a service, but for nested ones."""
        return {
            joined(file.package, message.name)
            for file in self.files
            if service in {joined(file.package, one.name) for one in file.service}
            for message in file.message_type
        }

    def _add(self, scope: str, messages: Iterable[DescriptorProto], enums: Iterable[EnumDescriptorProto]) -> None:
        self.enums |= {joined(scope, one.name): one for one in enums}
        for message in messages:
            name = joined(scope, message.name)
            self.messages[name] = message
            self._add(name, message.nested_type, message.enum_type)


def joined(scope: str, name: str) -> str:
    """The full name of what is defined there."""
    return f"{scope}.{name}" if scope else name


def known_here(service: str) -> Schema | None:
    """The schema of a service whose stubs are loaded; None without."""
    try:
        file = descriptor_pool.Default().FindServiceByName(service).file
    except KeyError:
        return None
    return Schema(_with_imports(file))


def _with_imports(file: FileDescriptor) -> list[FileDescriptorProto]:
    said = FileDescriptorProto()
    file.CopyToProto(said)
    files = {said.name: said}
    for imported in file.dependencies:
        files |= {one.name: one for one in _with_imports(imported)}
    return list(files.values())
