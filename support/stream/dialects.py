"""The dialects that the suite speaks, and which of them a server does: it is asked, and never guessed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import grpc

from support.errors import APIError, ProtocolError
from support.stream import reflection
from support.stream.call import StreamCall
from support.stream.connection import Connection
from support.stream.dialect import Dialect
from support.stream.production import PRODUCTION
from support.stream.story import STORY
from support.wording import some

DIALECTS: tuple[Dialect, ...] = (STORY, PRODUCTION)
"""All that there are; the first one is spoken where nobody says otherwise."""

NAMES = tuple(dialect.name for dialect in DIALECTS)

AUTO = "auto"
"""Stands for the one that the server speaks."""

_ANSWER_WITHIN = 2.0
"""Seconds in which a server that does not know a method has said so."""


@dataclass(frozen=True)
class Spoken:
    """The dialect that a server speaks.

    Attributes:
        dialect: it.
        known_from: how that is known, in words.
    """

    dialect: Dialect
    known_from: str

    def __str__(self) -> str:
        return f"{self.dialect.name} ({self.known_from})"


def named(name: str) -> Dialect:
    """The dialect of this name; the first one for ``AUTO``."""
    return next((dialect for dialect in DIALECTS if dialect.name == name), DIALECTS[0])


def spoken_on(connection: Connection, job_id: str, dialects: Sequence[Dialect] = DIALECTS) -> Spoken:
    """Which dialect the server of a job speaks.

    By reflection, where it offers exactly one of them; else each is asked for a stream of the job: the ones that are
    not spoken answer UNIMPLEMENTED.

    Args:
        connection: to the job's port.
        job_id: as the configuration answered it.
        dialects: those to choose from.

    Raises:
        ProtocolError: it speaks none of them; the sentence says what was tried, and what it offers.
        ConnectionError, APIError: nothing that it said tells them apart.
    """
    offered = reflection.services(connection.channel, _ANSWER_WITHIN)
    by_reflection = [dialect for dialect in dialects if offered and _service(dialect) in offered]
    if len(by_reflection) == 1:
        return Spoken(by_reflection[0], "the server offers it, by reflection")
    answers = {dialect.name: _answer(connection, dialect, job_id) for dialect in dialects}
    known = [dialect for dialect in dialects if answers[dialect.name] is not grpc.StatusCode.UNIMPLEMENTED]
    streaming = [dialect for dialect in known if answers[dialect.name] is grpc.StatusCode.OK]
    for found in (streaming, known):
        if len(found) == 1:
            return Spoken(found[0], "its stream answers, and no other")
    tried = some(f"{dialect.method} ({dialect.name})" for dialect in dialects)
    if known:
        raise APIError(f"{connection.target} answers to more than one dialect: {tried}", target=connection.target)
    offers = some(sorted(offered)) if offered else "nothing that can be told: it has no reflection"
    raise ProtocolError(
        f"{connection.target} speaks none of the dialects that are known here: {tried} are all UNIMPLEMENTED; "
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


def _answer(connection: Connection, dialect: Dialect, job_id: str) -> grpc.StatusCode | int | None:
    """The status of a stream that is asked for in this dialect, OK where a frame comes.

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
            next(call, None)
        except APIError as error:
            return error.status
    return grpc.StatusCode.OK
