"""Whether a server serves the schema that is spoken: told before the first scenario, rather than by its failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from google.protobuf.message import Message

from support.reflection.comparison import Comparison, Item, So, compared
from support.reflection.reflection import NoReflectionError, Reflection, ReflectionError
from support.reflection.schema import Schema, known_here
from support.reflection.unknown import unknown_fields
from support.wording import some


@dataclass(frozen=True)
class Preflight:
    """What is known of a server's schema.

    Attributes:
        how: it is known, or why it is not, in words.
        comparison: with what is expected.
    """

    how: str
    comparison: Comparison = field(default_factory=Comparison)

    def __str__(self) -> str:
        differences = self.comparison.of(So.COMPATIBLE)
        if differences:
            return f"compatible ({self.how}): {some(differences)}"
        return f"the same ({self.how})" if self.comparison.items else f"not compared ({self.how})"


def preflight(reflection: Reflection, method: str, first: Callable[[], Iterable[Message]]) -> Preflight:
    """Compares what a server offers with the schema of a method, as it is known here.

    Args:
        reflection: of the server.
        method: full name of the method that streams, ``/package.Service/Method``.
        first: the first messages of a stream, asked for where reflection does not help: what is unknown in them tells.
    """
    service = method.split("/")[1]
    ours = known_here(service)
    if ours is None:
        return Preflight(f"{service} is in no schema here")
    try:
        if service not in reflection.services():
            raise ReflectionError(f"it does not name {service}")
        theirs = Schema(reflection.files([service]))
        if service not in theirs.services:
            raise ReflectionError(f"it does not describe {service}, though it names it")
    except NoReflectionError as error:
        return _on_the_wire(str(error), first())
    except ReflectionError as error:
        return _on_the_wire(f"reflection could not be read: {error}", first())
    return Preflight("by reflection", compared(ours, theirs, method))


def _on_the_wire(reason: str, messages: Iterable[Message]) -> Preflight:
    unknown = dict.fromkeys(what for message in messages for what in unknown_fields(message))
    items = [
        Item(So.COMPATIBLE, what, "", "on the wire", f"field {what} came and is not known here") for what in unknown
    ]
    return Preflight(reason, Comparison(tuple(items)))
