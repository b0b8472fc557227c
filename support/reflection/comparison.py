"""What two schemas of one service have in common, as far as it shows on the wire: names of messages do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

from support.reflection.schema import Schema
from support.wording import Words, some

_LONGEST = 500
"""Characters of a sentence: the names in it are the server's own."""

_COMPOSED = (FieldDescriptorProto.TYPE_MESSAGE, FieldDescriptorProto.TYPE_GROUP)


class So(StrEnum):
    """What follows from how something is on the two sides."""

    SAME = "same"
    COMPATIBLE = "compatible"
    BREAKING = "breaking"


@dataclass(frozen=True)
class Item:
    """One thing that was compared.

    Attributes:
        so: what follows.
        what: its name.
        expected: how it is known here.
        served: how it is at the server; empty where it is not.
        sentence: the difference, in words; empty where there is none.
    """

    so: So
    what: str
    expected: str
    served: str
    sentence: str = ""


@dataclass(frozen=True)
class Comparison:
    """All that was compared."""

    items: tuple[Item, ...] = ()

    def of(self, so: So) -> list[str]:
        """The sentences of the differences that are so."""
        return [str(Words(item.sentence, _LONGEST)) for item in self.items if item.so is so]

    def rows(self) -> list[tuple[str, ...]]:
        """A table for people, its head first; what differs stands above what does not."""
        order = (So.BREAKING, So.COMPATIBLE, So.SAME)
        items = sorted(self.items, key=lambda item: order.index(item.so))
        head = ("What", "Expected", "At the server", "So")
        cells = ((item.what, item.expected or "-", item.served or "-", item.so.value) for item in items)
        return [head, *(tuple(str(Words(cell)) for cell in row) for row in cells)]


def compared(ours: Schema, theirs: Schema, method: str, service: str | None = None) -> Comparison:
    """Compares what a server offers with what is expected.

    Args:
        ours: as it is known here.
        theirs: as the server says.
        method: full name of the method that must be there, ``/package.Service/Method``; others may be missing.
        service: at the server, where it is called otherwise there.
    """
    _, expected, needed = method.split("/")
    return Comparison(tuple(_Comparing(ours, theirs).service(expected, service or expected, needed)))


class _Comparing:
    """Walks along both schemas, from a service to the last message."""

    def __init__(self, ours: Schema, theirs: Schema) -> None:
        self._ours = ours
        self._theirs = theirs
        self._seen: set[tuple[str, str, bool]] = set()

    def service(self, ours: str, theirs: str, needed: str) -> Iterator[Item]:
        served = self._theirs.services.get(theirs)
        if served is None:
            yield Item(So.BREAKING, ours, "service", "", f"service {ours} is gone")
            return
        if ours != theirs:
            yield Item(So.BREAKING, ours, "service", theirs, f"service {ours} is renamed: the server calls it {theirs}")
        yield from self._methods(ours, self._ours.services[ours], served, needed)
        known = {name for name, _, _ in self._seen} | self._ours.messages.keys()
        paired = {name for _, name, _ in self._seen}
        scope = theirs.rpartition(".")[0]
        for name in sorted(self._theirs.beside(theirs) - paired):
            if name.removeprefix(f"{scope}.") not in {one.rpartition(".")[2] for one in known}:
                yield Item(So.COMPATIBLE, name, "", "message", f"message {name} is new")

    def _methods(
        self, service: str, ours: ServiceDescriptorProto, theirs: ServiceDescriptorProto, needed: str
    ) -> Iterator[Item]:
        served = {method.name: method for method in theirs.method}
        for method in ours.method:
            name, there = f"{service}/{method.name}", served.pop(method.name, None)
            if there is None and method.name == needed:
                has = f"; it has {some(one.name for one in theirs.method)}" if theirs.method else ""
                yield Item(So.BREAKING, name, _signature(method), "", f"method {name} is gone{has}")
            elif there is None:
                yield Item(So.COMPATIBLE, name, _signature(method), "", f"method {name} is not there, and not needed")
            else:
                yield from self._method(name, method, there)
        for name, method in served.items():
            yield Item(So.COMPATIBLE, f"{service}/{name}", "", _signature(method), f"method {name} of {service} is new")

    def _method(self, name: str, ours: MethodDescriptorProto, theirs: MethodDescriptorProto) -> Iterator[Item]:
        expected, served = _signature(ours), _signature(theirs)
        kinds = [(one.client_streaming, one.server_streaming) for one in (ours, theirs)]
        if kinds[0] != kinds[1]:
            yield Item(
                So.BREAKING, name, expected, served, f"method {name} streams otherwise: it is {served}, not {expected}"
            )
        else:
            yield Item(So.SAME, name, expected, served)
        yield from self._message(ours.input_type, theirs.input_type, asks=True)
        yield from self._message(ours.output_type, theirs.output_type, asks=False)

    def _message(self, ours: str, theirs: str, *, asks: bool) -> Iterator[Item]:
        """Fields of a message, and of those in it; ``asks``: it is what the server reads."""
        ours, theirs = ours.removeprefix("."), theirs.removeprefix(".")
        if (ours, theirs, asks) in self._seen:
            return
        self._seen.add((ours, theirs, asks))
        expected, served = self._ours.messages[ours], self._theirs.messages.get(theirs)
        if served is None:
            yield Item(
                So.COMPATIBLE, ours, "message", "", f"message {theirs} is not described, and could not be compared"
            )
            return
        if ours.rpartition(".")[2] != theirs.rpartition(".")[2]:
            sentence = f"message {ours} is called {theirs}, which does not show on the wire"
            yield Item(So.COMPATIBLE, ours, "message", theirs, sentence)
        yield from self._fields(ours, expected, served, asks=asks)
        yield from _choices(ours, expected, served)

    def _fields(self, message: str, ours: DescriptorProto, theirs: DescriptorProto, *, asks: bool) -> Iterator[Item]:
        by_number = {field.number: field for field in theirs.field}
        by_name = {field.name: field for field in theirs.field}
        names = {field.name for field in ours.field}
        known = set()
        for field in ours.field:
            there = by_name.get(field.name) or by_number.get(field.number)
            if there is not None and there.name != field.name and (there.name in names or not _alike(field, there)):
                taken, there = there, None
            else:
                taken = None
            known.add(there.number if there else field.number)
            yield from self._field(f"{message}.{field.name}", field, there, taken, asks=asks)
        for field in theirs.field:
            if field.number not in known:
                yield _added(f"{message}.{field.name}", field, asks=asks)

    def _field(
        self,
        name: str,
        ours: FieldDescriptorProto,
        theirs: FieldDescriptorProto | None,
        taken: FieldDescriptorProto | None,
        *,
        asks: bool,
    ) -> Iterator[Item]:
        """One field: what is in its place, or has taken its number for something else."""
        expected = _described(ours)
        if theirs is None:
            if taken is None and ours.proto3_optional and not asks:
                sentence = f"field {name} is not there: it is optional, and never set then"
                yield Item(So.COMPATIBLE, name, expected, "", sentence)
                return
            instead = f"; its number {ours.number} is {taken.name} now, {_type(taken)}" if taken else ""
            yield Item(So.BREAKING, name, expected, "", f"field {name} is gone{instead}")
            return
        served = _described(theirs)
        if theirs.number != ours.number:
            sentence = f"field {name} has number {theirs.number} instead of {ours.number}"
            yield Item(So.BREAKING, name, expected, served, sentence)
        if not _alike(ours, theirs):
            sentence = f"field {name} is {_type(theirs)} instead of {_type(ours)}"
            yield Item(So.BREAKING, name, expected, served, sentence)
            return
        if theirs.number == ours.number:
            renamed = f"field {name} is called {theirs.name}, which does not show on the wire"
            is_same = theirs.name == ours.name
            yield Item(So.SAME if is_same else So.COMPATIBLE, name, expected, served, "" if is_same else renamed)
        if ours.type in _COMPOSED:
            yield from self._message(ours.type_name, theirs.type_name, asks=asks)
        elif ours.type == FieldDescriptorProto.TYPE_ENUM:
            yield from self._enum(ours.type_name, theirs.type_name)

    def _enum(self, ours: str, theirs: str) -> Iterator[Item]:
        ours, theirs = ours.removeprefix("."), theirs.removeprefix(".")
        if (ours, theirs, False) in self._seen or theirs not in self._theirs.enums:
            return
        self._seen.add((ours, theirs, False))
        here = {value.name: value.number for value in self._ours.enums[ours].value}
        there = {value.name: value.number for value in self._theirs.enums[theirs].value}
        for value, number in here.items():
            if value in there and there[value] != number:
                sentence = f"value {value} of {ours} has number {there[value]} instead of {number}"
                yield Item(So.BREAKING, f"{ours}.{value}", str(number), str(there[value]), sentence)
            elif number not in there.values():
                sentence = f"value {value} of {ours} is gone"
                yield Item(So.COMPATIBLE, f"{ours}.{value}", str(number), "", sentence)
        for value in there.keys() - here.keys():
            if there[value] not in here.values():
                sentence = f"value {value} ({there[value]}) of {ours} is new"
                yield Item(So.COMPATIBLE, f"{ours}.{value}", "", str(there[value]), sentence)


def _choices(message: str, ours: DescriptorProto, theirs: DescriptorProto) -> Iterator[Item]:
    """Fields that the server may leave out because it sets another one, though here each can be set."""
    before, after, numbers = _choice_of(ours), _choice_of(theirs), {field.number for field in ours.field}
    for index in set(after.values()):
        members = [field for field in theirs.field if after.get(field.number) == index]
        known = some(field.name for field in members if field.number in numbers)
        if len({before.get(one.number, -one.number) for one in members}) == 1 or not known:
            continue
        if sum(one.number in numbers for one in members) > 1:
            sentence = f"of the fields {known} of {message} the server can set one alone (oneof)"
            yield Item(So.BREAKING, message, "", f"oneof of {known}", sentence)
        else:
            sentence = f"field {known} of {message} is left out where the server sets another one (oneof)"
            yield Item(So.COMPATIBLE, message, "", f"oneof of {known} and others", sentence)


def _choice_of(message: DescriptorProto) -> dict[int, int]:
    """By number of a field: the oneof that it is in."""
    return {
        field.number: field.oneof_index
        for field in message.field
        if field.HasField("oneof_index") and not field.proto3_optional
    }


def _added(name: str, field: FieldDescriptorProto, *, asks: bool) -> Item:
    if asks and field.label == FieldDescriptorProto.LABEL_REQUIRED:
        sentence = f"field {name} is new, and the server requires it"
        return Item(So.BREAKING, name, "", _described(field), sentence)
    return Item(So.COMPATIBLE, name, "", _described(field), f"field {name} ({_described(field)}) is new")


def _alike(ours: FieldDescriptorProto, theirs: FieldDescriptorProto) -> bool:
    """Whether both are written the same way; whether numbers are packed does not matter, parsers read either."""
    return ours.type == theirs.type and _is_repeated(ours) == _is_repeated(theirs)


def _is_repeated(field: FieldDescriptorProto) -> bool:
    return field.label == FieldDescriptorProto.LABEL_REPEATED


def _described(field: FieldDescriptorProto) -> str:
    return f"{_type(field)} = {field.number}"


def _type(field: FieldDescriptorProto) -> str:
    kind = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    name = field.type_name.rpartition(".")[2] if kind in ("message", "enum") else kind
    return f"repeated {name}" if _is_repeated(field) else name


def _signature(method: MethodDescriptorProto) -> str:
    asked, answered = (name.rpartition(".")[2] for name in (method.input_type, method.output_type))
    asks, answers = "stream " * method.client_streaming, "stream " * method.server_streaming
    return f"({asks}{asked}) returns ({answers}{answered})"
