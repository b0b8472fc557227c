"""Fields on the wire that are not in the schema: what a server without reflection lets one know of its own schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

_LOOKED_AT = 8
"""Entries of a list that are looked at: they are alike."""


def unknown_fields(message: Message) -> Iterator[str]:
    """The fields of a message, and of those in it, that are not known here, in words."""
    described = message.DESCRIPTOR
    unknowns: Any = UnknownFieldSet(message)
    for unknown in unknowns:
        known = described.fields_by_number.get(unknown.field_number)
        otherwise = f" ({known.name}, in another type)" if known else ""
        yield f"number {unknown.field_number} of {described.full_name}{otherwise}"
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for inner in value[:_LOOKED_AT] if field.is_repeated else [value]:
            yield from unknown_fields(inner)
