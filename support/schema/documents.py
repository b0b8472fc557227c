"""The ``.proto`` files that a server's schema is written as: one, wherever that is possible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import PurePosixPath
from typing import NamedTuple

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from support.reflection.reflection import ReflectionError
from support.reflection.schema import Schema
from support.schema.source import proto_source

_WELL_KNOWN = "google/protobuf/"
"""Files that begin so come with every protoc."""


class Document(NamedTuple):
    """A file: how others import it, and its text."""

    name: str
    text: str


def documents(files: Iterable[FileDescriptorProto]) -> list[Document]:
    """What to write for these files: the one with the services first, and then what it imports.

    Files of one package become one.

    Raises:
        ReflectionError: they are not a schema that can be compiled.
    """
    ordered = _ordered({file.name: file for file in files})
    _check(ordered)
    schema = Schema(ordered)
    known = [*schema.messages, *schema.enums, *schema.services]
    own = [file for file in ordered if not file.name.startswith(_WELL_KNOWN)]
    if len({(file.package, file.syntax, file.edition) for file in own}) == 1 and len(own) > 1:
        own = [_merged(own)]
    own.reverse()
    own.sort(key=lambda file: not file.service)
    return [Document(file.name, proto_source(file, known)) for file in own]


def _ordered(files: Mapping[str, FileDescriptorProto]) -> list[FileDescriptorProto]:
    """The files, each after those that it imports.

    Raises:
        ReflectionError: one is missing, or they import each other.
    """
    done: dict[str, FileDescriptorProto] = {}

    def take(name: str, importer: str, way: tuple[str, ...]) -> None:
        if name in done:
            return
        if name in way:
            raise ReflectionError(f"{name} and {importer} import each other")
        file = files.get(name) or _well_known(name)
        if file is None:
            raise ReflectionError(f"the server does not have {name}, which {importer} imports")
        for imported in file.dependency:
            take(imported, name, (*way, name))
        done[name] = file

    for name in files:
        take(name, "", ())
    return list(done.values())


def _well_known(name: str) -> FileDescriptorProto | None:
    if not re.fullmatch(rf"{_WELL_KNOWN}\w+\.proto", name):
        return None
    try:
        module = import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    except ModuleNotFoundError:
        return None
    return FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)


def _check(files: Iterable[FileDescriptorProto]) -> None:
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        path = PurePosixPath(file.name)
        if path.is_absolute() or ".." in path.parts or path.suffix != ".proto" or set(file.name) & set('\\:"\0'):
            raise ReflectionError(f"{file.name!r} is no name for a file")
        try:
            pool.Add(file)
        except TypeError as error:
            raise ReflectionError(f"{file.name} makes no sense: {' '.join(str(error).split())}") from None


def _merged(files: list[FileDescriptorProto]) -> FileDescriptorProto:
    """Files of one package as one, called as the last of them."""
    merged = FileDescriptorProto()
    for file in files:
        merged.MergeFrom(file)
    outside = dict.fromkeys(name for name in merged.dependency if name.startswith(_WELL_KNOWN))
    merged.dependency[:] = outside
    merged.ClearField("public_dependency")
    merged.ClearField("source_code_info")  # which counts what stands in each of them
    return merged
