"""A descriptor as the text of a ``.proto`` file, which protoc turns into the same descriptor again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)
from google.protobuf.message import Message
from google.protobuf.text_encoding import CEscape

from support.reflection.schema import joined

_INDENT = "  "
_MESSAGES_TO, _ENUMS_TO = 2**29, 2**31
"""Ends of what can be reserved, written as ``max``: of messages without themselves, of enums likewise."""

_Path = tuple[int, ...]
"""Where something stands in a file, as ``SourceCodeInfo`` numbers it."""

Field = FieldDescriptorProto


def proto_source(file: FileDescriptorProto, known: Iterable[str]) -> str:
    """The text of a file.

    Args:
        file: it.
        known: full names of all messages, enums and services of it and of its imports.
    """
    return "\n".join(_Source(file, known).lines()) + "\n"


class _Source:
    def __init__(self, file: FileDescriptorProto, known: Iterable[str]) -> None:
        self._file = file
        self._syntax = file.syntax or "proto2"
        self._known = {name[:end] for name in known for end in _ends(name)}
        self._comments: dict[_Path, str] = {
            tuple(at.path): at.leading_comments for at in file.source_code_info.location if at.leading_comments
        }

    def lines(self) -> Iterator[str]:
        file = self._file
        if file.edition:
            yield f'edition = "{_enum_name(file, "edition").removeprefix("EDITION_")}";'
        else:
            yield f'syntax = "{self._syntax}";'
        if file.package:
            yield f"package {file.package};"
        for number, name in enumerate(file.dependency):
            yield f"import {'public ' * (number in file.public_dependency)}{_quoted(name)};"
        yield from (f"option {option};" for option in _options(file.options))
        for place, service in enumerate(file.service):
            yield from self._service(service, (6, place))
        for place, message in enumerate(file.message_type):
            yield from self._message(message, file.package, (4, place))
        for place, enum in enumerate(file.enum_type):
            yield from self._enum(enum, (5, place))
        yield from self._extensions(file.extension, file.package, [])

    def _service(self, service: ServiceDescriptorProto, path: _Path) -> Iterator[str]:
        yield ""
        yield from self._commented(path)
        yield f"service {service.name} {{"
        yield from (f"{_INDENT}option {option};" for option in _options(service.options))
        for place, method in enumerate(service.method):
            asked, answered = (self._name(name, self._file.package) for name in (method.input_type, method.output_type))
            asks, answers = "stream " * method.client_streaming, "stream " * method.server_streaming
            body = "".join(f" option {option};" for option in _options(method.options))
            yield from _indented(self._commented((*path, 2, place)))
            shown = f"({asks}{asked}) returns ({answers}{answered})"
            yield f"{_INDENT}rpc {method.name}{shown} {{{body}{' ' * bool(body)}}}"
        yield "}"

    def _message(self, message: DescriptorProto, scope: str, path: _Path) -> Iterator[str]:
        yield ""
        yield from self._commented(path)
        yield f"message {message.name} {{"
        yield from _indented(self._inside(message, joined(scope, message.name), path))
        yield "}"

    def _inside(self, message: DescriptorProto, name: str, path: _Path) -> Iterator[str]:
        yield from (f"option {option};" for option in _options(message.options))
        for first, end in ((one.start, one.end) for one in message.extension_range):
            yield f"extensions {_range(first, end - 1, _MESSAGES_TO - 1)};"
        yield from _reserved([(one.start, one.end - 1) for one in message.reserved_range], message.reserved_name)
        told: set[int] = set()
        for place, field in enumerate(message.field):
            if not field.HasField("oneof_index") or field.proto3_optional:
                yield from self._field(field, name, message.nested_type, (*path, 2, place))
            elif field.oneof_index not in told:
                told.add(field.oneof_index)
                yield from self._oneof(message, field.oneof_index, name, path)
        groups = {field.type_name.rpartition(".")[2] for field in message.field if field.type == Field.TYPE_GROUP}
        for place, nested in enumerate(message.nested_type):
            if not nested.options.map_entry and nested.name not in groups:
                yield from self._message(nested, name, (*path, 3, place))
        for place, enum in enumerate(message.enum_type):
            yield from self._enum(enum, (*path, 4, place))
        yield from self._extensions(message.extension, name, message.nested_type)

    def _oneof(self, message: DescriptorProto, index: int, scope: str, path: _Path) -> Iterator[str]:
        yield from self._commented((*path, 8, index))
        yield f"oneof {message.oneof_decl[index].name} {{"
        for place, field in enumerate(message.field):
            if field.HasField("oneof_index") and field.oneof_index == index:
                lines = self._field(field, scope, message.nested_type, (*path, 2, place), label=False)
                yield from _indented(lines)
        yield "}"

    def _field(
        self, field: Field, scope: str, nested: Iterable[DescriptorProto], path: _Path, *, label: bool = True
    ) -> Iterator[str]:
        yield from self._commented(path)
        inner = next((one for one in nested if joined(scope, one.name) == field.type_name[1:]), None)
        shown = _bracketed([*_default(field), *_json_name(field), *_options(field.options)])
        if inner is not None and inner.options.map_entry:
            key, value = (self._type(one, scope) for one in inner.field)
            yield f"map<{key}, {value}> {field.name} = {field.number}{shown};"
            return
        begin = self._label(field) if label else ""
        if field.type == Field.TYPE_GROUP and inner is not None:
            yield f"{begin}group {inner.name} = {field.number}{shown} {{"
            yield from _indented(self._inside(inner, joined(scope, inner.name), path))
            yield "}"
            return
        yield f"{begin}{self._type(field, scope)} {field.name} = {field.number}{shown};"

    def _enum(self, enum: EnumDescriptorProto, path: _Path) -> Iterator[str]:
        yield ""
        yield from self._commented(path)
        yield f"enum {enum.name} {{"
        yield from (f"{_INDENT}option {option};" for option in _options(enum.options))
        ranges = [(one.start, one.end) for one in enum.reserved_range]
        yield from _indented(_reserved(ranges, enum.reserved_name, _ENUMS_TO - 1))
        for place, value in enumerate(enum.value):
            yield from _indented(self._commented((*path, 2, place)))
            yield f"{_INDENT}{value.name} = {value.number}{_bracketed(_options(value.options))};"
        yield "}"

    def _extensions(self, fields: Iterable[Field], scope: str, nested: Iterable[DescriptorProto]) -> Iterator[str]:
        for field in fields:
            yield ""
            yield f"extend {self._name(field.extendee, scope)} {{"
            yield from _indented(self._field(field, scope, nested, ()))
            yield "}"

    def _label(self, field: Field) -> str:
        if field.label == Field.LABEL_REPEATED:
            return "repeated "
        if self._syntax == "proto2":
            return "required " if field.label == Field.LABEL_REQUIRED else "optional "
        return "optional " if field.proto3_optional else ""

    def _type(self, field: Field, scope: str) -> str:
        if field.type_name:
            return self._name(field.type_name, scope)
        return Field.Type.Name(field.type).removeprefix("TYPE_").lower()

    def _name(self, name: str, scope: str) -> str:
        """The shortest way to write a full name that is understood in a scope."""
        full = name.removeprefix(".")
        for short in (full.removeprefix(f"{self._file.package}."), full):
            head, _, rest = short.partition(".")
            scopes = [scope[:end] for end in reversed(_ends(scope))]
            found = next((at for at in (joined(one, head) for one in [*scopes, ""]) if at in self._known), None)
            if found is not None and (f"{found}.{rest}" if rest else found) == full:
                return short
        return f".{full}"

    def _commented(self, path: _Path) -> Iterator[str]:
        for line in self._comments.get(path, "").splitlines():
            yield f"//{line}".rstrip()


def _ends(name: str) -> list[int]:
    """Where the parts of a full name end, the first one's first."""
    return [at for at, letter in enumerate(f"{name}.") if letter == "."] if name else []


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"{_INDENT}{line}" if line else "" for line in lines)


def _quoted(text: str | bytes) -> str:
    return f'"{CEscape(text.encode() if isinstance(text, str) else text, as_utf8=False)}"'


def _bracketed(options: Iterable[str]) -> str:
    shown = ", ".join(options)
    return f" [{shown}]" if shown else ""


def _range(first: int, last: int, most: int) -> str:
    end = "max" if last == most else str(last)
    return str(first) if first == last else f"{first} to {end}"


def _reserved(ranges: Iterable[tuple[int, int]], names: Iterable[str], most: int = _MESSAGES_TO - 1) -> Iterator[str]:
    for first, last in ranges:
        yield f"reserved {_range(first, last, most)};"
    for name in names:
        yield f"reserved {_quoted(name)};"


def _default(field: Field) -> Iterator[str]:
    if not field.HasField("default_value"):
        return
    if field.type == Field.TYPE_STRING:
        yield f"default = {_quoted(field.default_value)}"
    elif field.type == Field.TYPE_BYTES:  # escaped already
        yield f'default = "{field.default_value}"'
    else:
        yield f"default = {field.default_value}"


def _json_name(field: Field) -> Iterator[str]:
    head, *rest = field.name.split("_")
    usual = head + "".join(part[:1].upper() + part[1:] for part in rest)
    if field.HasField("json_name") and field.json_name != usual:
        yield f"json_name = {_quoted(field.json_name)}"


def _options(options: Message, prefix: str = "") -> Iterator[str]:
    """Options as ``name = value``; those that an import would have to define are left out."""
    for field, value in options.ListFields():
        if field.is_extension or field.name in ("map_entry", "uninterpreted_option"):
            continue
        for one in value if field.is_repeated else [value]:
            if field.message_type is not None:
                yield from _options(one, f"{prefix}{field.name}.")
            else:
                yield f"{prefix}{field.name} = {_option_value(field, one)}"


def _option_value(field: Any, value: Any) -> str:
    if field.enum_type is not None:
        return str(field.enum_type.values_by_number[value].name)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str | bytes) else str(value)


def _enum_name(message: Message, field: str) -> str:
    return _option_value(message.DESCRIPTOR.fields_by_name[field], getattr(message, field))
