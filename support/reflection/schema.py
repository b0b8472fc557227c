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
        files: imports that are missing leave what they define unknown. Names of types are made full in them.

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
        for file in self.files:
            for method in (one for service in file.service for one in service.method):
                method.input_type = self._full(method.input_type, file.package)
                method.output_type = self._full(method.output_type, file.package)
        for name, message in self.messages.items():
            for field in message.field:
                if field.type_name:
                    field.type_name = self._full(field.type_name, name)

    def beside(self, service: str) -> set[str]:
        """Full names of the messages of the file that defines a service, but for nested ones."""
        return {
            joined(file.package, message.name)
            for file in self.files
            if service in {joined(file.package, one.name) for one in file.service}
            for message in file.message_type
        }

    def _full(self, name: str, scope: str) -> str:
        """The full name of a type, a dot before it. Where there is none, as in Node.js, its scope tells the rest."""
        if name.startswith("."):
            return name
        while scope and joined(scope, name) not in self.messages.keys() | self.enums.keys():
            scope = scope.rpartition(".")[0]
        return f".{joined(scope, name)}"

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
