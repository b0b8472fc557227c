"""The dialects that the suite speaks, and which of them a server does: it is asked, and never guessed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import grpc
from google.protobuf.message import Message as ProtocolMessage

from support.errors import APIError, ProtocolError, SchemaError
from support.reflection.comparison import Comparison, So
from support.reflection.likeness import renamed
from support.reflection.preflight import Preflight, preflight
from support.reflection.reflection import ReflectionError
from support.stream.block import Message
from support.stream.call import StreamCall
from support.stream.connection import Connection
from support.stream.dialect import Dialect, UnreadableError
from support.stream.production import PRODUCTION
from support.stream.story import STORY
from support.wording import some

DIALECTS: tuple[Dialect, ...] = (STORY, PRODUCTION)
"""All that there are; the first one is spoken where nobody says otherwise."""

NAMES = tuple(dialect.name for dialect in DIALECTS)

AUTO = "auto"
"""Stands for the one that the server speaks."""

_LOOKED_AT = 4
"""Of the messages that a server begins with, so many are searched for what is not known here."""

_ANSWER_WITHIN = 2.0
"""Seconds in which a server that does not know a method has said so."""


@dataclass(frozen=True)
class Spoken:
    """The dialect that a server speaks.

    Attributes:
        dialect: it.
        known_from: how that is known, in words.
        schema: how the server's schema differs from the dialect's; None where nobody has looked.
    """

    dialect: Dialect
    known_from: str
    schema: Preflight | None = None

    def __str__(self) -> str:
        return f"{self.dialect.name} ({self.known_from})"


def named(name: str) -> Dialect:
    """The dialect of this name; the first one for ``AUTO``."""
    return next((dialect for dialect in DIALECTS if dialect.name == name), DIALECTS[0])


def spoken_on(connection: Connection, job_id: str, dialects: Sequence[Dialect] = DIALECTS) -> Spoken:
    """Which dialect the server of a job speaks.

    By reflection, where it offers exactly one of them; else each is asked for a stream of the job: the ones that are
    not spoken answer UNIMPLEMENTED. The schema of the one that is spoken is compared with what the server serves.

    Args:
        connection: to the job's port.
        job_id: as the configuration answered it.
        dialects: those to choose from.

    Raises:
        SchemaError: it speaks one of them, with a schema that breaks it, or under another name.
        ProtocolError: it speaks none of them; the sentence says what was tried, and what it offers.
        ConnectionError, APIError: nothing that it said tells them apart.
    """
    try:
        offered = connection.reflection.services()
    except ReflectionError:
        offered = frozenset()
    by_reflection = [dialect for dialect in dialects if _service(dialect) in offered]
    if len(by_reflection) == 1:
        return _compared(connection, job_id, by_reflection[0], "the server offers it, by reflection")
    answers = {dialect.name: _answer(connection, dialect, job_id) for dialect in dialects}
    known = [dialect for dialect in dialects if answers[dialect.name].status is not grpc.StatusCode.UNIMPLEMENTED]
    streaming = [dialect for dialect in known if answers[dialect.name].status is grpc.StatusCode.OK]
    for found in (streaming, known):
        if len(found) == 1:
            return _compared(connection, job_id, found[0], "its stream answers, and no other", answers[found[0].name])
    tried = some(f"{dialect.method} ({dialect.name})" for dialect in dialects)
    if known:
        raise APIError(f"{connection.target} answers to more than one dialect: {tried}", target=connection.target)
    others = offered - {_service(dialect) for dialect in DIALECTS}
    alike = renamed(connection.reflection, others, [dialect.method for dialect in dialects])
    if alike is not None:
        raise _mismatch(connection, alike)
    offers = some(sorted(offered)) if offered else "nothing that can be told: it has no reflection"
    none = "none of the dialects that are known here" if len(dialects) > 1 else "another dialect than the settings say"
    raise ProtocolError(
        f"{connection.target} speaks {none}: {tried} {'are all' if len(dialects) > 1 else 'is'} UNIMPLEMENTED; "
        f"it offers {offers}",
        status=grpc.StatusCode.UNIMPLEMENTED,
        target=connection.target,
    )


def schema_of(dialect: Dialect) -> str:
    """The file in protos/ that its schema stands in, called as its package."""
    return f"{_service(dialect).rpartition('.')[0]}.proto"


def _service(dialect: Dialect) -> str:
    """Full name of the service of its method."""
    return dialect.method.split("/")[1]


@dataclass(frozen=True)
class _Answer:
    """What a stream that was asked for has ended with, OK where messages came, and these."""

    status: grpc.StatusCode | int | None
    messages: Sequence[Message] = ()


def _answer(connection: Connection, dialect: Dialect, job_id: str) -> _Answer:
    """What a stream that is asked for in this dialect begins with.

    Raises:
        ConnectionError: the connection broke.
    """
    call = StreamCall(
        connection,
        dialect.method,
        dialect.request(job_id, 1),
        job_id=job_id,
        timeout=_ANSWER_WITHIN,
        deadline=time.monotonic() + _ANSWER_WITHIN,
        idle_timeout=_ANSWER_WITHIN,
    )
    with closing(call):
        try:
            return _Answer(grpc.StatusCode.OK, next(call, ()))
        except APIError as error:
            return _Answer(error.status)


def _compared(
    connection: Connection, job_id: str, dialect: Dialect, known_from: str, answer: _Answer | None = None
) -> Spoken:
    """The dialect that is spoken, and how the server's schema differs from it.

    Raises:
        SchemaError: it breaks it.
    """
    first = partial(_first_messages, connection, job_id, dialect, answer)
    schema = preflight(connection.reflection, dialect.method, first)
    if schema.comparison.of(So.BREAKING):
        raise _mismatch(connection, schema.comparison)
    return Spoken(dialect, known_from, schema)


def _first_messages(
    connection: Connection, job_id: str, dialect: Dialect, answer: _Answer | None
) -> list[ProtocolMessage]:
    """The first messages of the stream, as far as they can be read."""
    first = (answer or _answer(connection, dialect, job_id)).messages
    try:
        blocks = dialect.reader().blocks(first[:_LOOKED_AT])
        return [block.shape.message(message.data) for block in blocks for message in block.messages]
    except UnreadableError:
        return []


def _mismatch(connection: Connection, comparison: Comparison) -> SchemaError:
    return SchemaError(
        f"schema mismatch: {connection.target} and this suite misunderstand each other: "
        f"{some(comparison.of(So.BREAKING))}",
        comparison.rows(),
    )
