"""gRPC's server reflection, as far as it is needed: what a server says that it offers, and in which messages.

Protocol: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from support.wording import Words

_VERSIONS = ("v1", "v1alpha")  # the same messages; servers offer one or both

_MOST_FILES = 200
"""Files that one schema is made of at most, as far as it is read: a server may name ever new ones."""

_MOST_CHARACTERS = 500
"""Of a sentence in which the server's own words are told."""

ANSWER_WITHIN = 2.0
"""Seconds in which a server that has reflection has answered a question."""

_ALL_WITHIN = 20.0
"""Seconds in which it has told all files of a schema: it is asked for one after the other, over whatever distance."""


class ReflectionError(ValueError):
    """What the server says of itself cannot be read; in words."""

    def __init__(self, words: str) -> None:
        super().__init__(str(Words(words, _MOST_CHARACTERS)))


class NoReflectionError(ReflectionError):
    """The server has no reflection."""


class Reflection:
    """What a server says of itself. Asked once: after a failure it is not asked again.

    Args:
        channel: to the server.
        timeout: seconds for each question.
    """

    def __init__(self, channel: grpc.Channel, timeout: float = ANSWER_WITHIN) -> None:
        self._channel = channel
        self._timeout = timeout
        self._versions: tuple[str, ...] = _VERSIONS
        self._services: frozenset[str] | None = None
        self._failed: ReflectionError | None = None

    def services(self) -> frozenset[str]:
        """Full names of the services that the server offers.

        Raises:
            ReflectionError: it has no reflection, or cannot be read.
        """
        if self._services is None:
            deadline = time.monotonic() + self._timeout
            answer = self._ask(ServerReflectionRequest(list_services=""), "list_services_response", deadline)
            self._services = frozenset(service.name for service in answer.list_services_response.service)
        return self._services

    def files(self, symbols: Iterable[str]) -> list[FileDescriptorProto]:
        """The files that define these symbols, and those that they import, as far as the server has them.

        Raises:
            ReflectionError: it has no reflection, or cannot be read.
        """
        deadline = time.monotonic() + _ALL_WITHIN
        files: dict[str, FileDescriptorProto] = {}
        for symbol in symbols:
            self._take(ServerReflectionRequest(file_containing_symbol=symbol), files, deadline)
        asked: set[str] = set()
        while missing := {name for file in files.values() for name in file.dependency} - files.keys() - asked:
            for name in sorted(missing):
                asked.add(name)
                try:
                    self._take(ServerReflectionRequest(file_by_filename=name), files, deadline)
                except _RefusedError:
                    continue  # what it would define stays unknown
        return list(files.values())

    def _take(self, request: ServerReflectionRequest, files: dict[str, FileDescriptorProto], deadline: float) -> None:
        answer = self._ask(request, "file_descriptor_response", deadline)
        for data in answer.file_descriptor_response.file_descriptor_proto:
            try:
                file = FileDescriptorProto.FromString(data)
            except DecodeError:
                raise self._fail(f"{len(data)} bytes that begin with {data[:8].hex(' ')} are no descriptor") from None
            files.setdefault(file.name, file)
        if len(files) > _MOST_FILES:
            raise self._fail(f"more than {_MOST_FILES} files are named")

    def _ask(self, request: ServerReflectionRequest, kind: str, deadline: float) -> ServerReflectionResponse:
        if self._failed is not None:
            raise self._failed
        trouble: ReflectionError = NoReflectionError("it has no reflection")
        for version in self._versions:
            try:
                answer = self._answer(version, request, deadline)
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                    words = " ".join((error.details() or "no word why").split())
                    trouble = ReflectionError(f"{error.code().name}: {words}")
                continue
            except DecodeError:
                trouble = ReflectionError("its answer is none of reflection's")
                continue
            self._versions = (version,)
            if answer is not None and answer.HasField("error_response"):
                raise _RefusedError(f"{request.WhichOneof('message_request')} was refused: {_words(answer)}")
            if answer is None or not answer.HasField(kind):
                trouble = ReflectionError("it does not answer what it is asked")
                continue
            return answer
        self._failed = trouble
        raise trouble

    def _answer(
        self, version: str, request: ServerReflectionRequest, deadline: float
    ) -> ServerReflectionResponse | None:
        """The first answer; None where there is none."""
        ask: Callable[..., Any] = self._channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=ServerReflectionRequest.SerializeToString,
        )
        call = ask(iter([request]), timeout=max(min(deadline - time.monotonic(), self._timeout), 0))
        try:
            data = next(call, None)
            return None if data is None else ServerReflectionResponse.FromString(data)
        finally:
            call.cancel()

    def _fail(self, words: str) -> ReflectionError:
        self._failed = ReflectionError(words)
        return self._failed


class _RefusedError(ReflectionError):
    """The server does not know what it is asked for."""


def _words(answer: ServerReflectionResponse) -> str:
    error = answer.error_response
    return " ".join(str(error.error_message).split()) or f"status {error.error_code}"
