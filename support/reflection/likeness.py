"""Which of the services that a server offers is ours under another name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from support.reflection.comparison import Comparison, So, compared
from support.reflection.reflection import Reflection, ReflectionError
from support.reflection.schema import Schema, known_here

_GRPC = "grpc."


def renamed(reflection: Reflection, candidates: Iterable[str], methods: Sequence[str]) -> Comparison | None:
    """The service at the server that is most like one of ours, compared with that; None where none is like it.

    Args:
        reflection: of the server.
        candidates: services that it offers.
        methods: full names of the methods that stream, ``/package.Service/Method``.
    """
    alike = [
        (lacks, len(comparison.of(So.BREAKING)), comparison)
        for candidate in own_services(candidates)
        for lacks, comparison in _alike(reflection, candidate, methods)
    ]
    return min(alike, key=lambda each: each[:2], default=(True, 0, None))[2]


def _alike(reflection: Reflection, candidate: str, methods: Sequence[str]) -> Iterator[tuple[bool, Comparison]]:
    """What one service has in common with those of ours that it is like, and whether it lacks the method."""
    try:
        theirs = Schema(reflection.files([candidate]))
    except ReflectionError:
        return
    has = {one.name for one in theirs.services[candidate].method} if candidate in theirs.services else set()
    for method in methods:
        _, service, name = method.split("/")
        ours = known_here(service)
        if ours and has and (name in has or candidate.rpartition(".")[2] == service.rpartition(".")[2]):
            yield name not in has, compared(ours, theirs, method, candidate)


def own_services(offered: Iterable[str]) -> list[str]:
    """The services that are no part of gRPC itself."""
    return sorted(name for name in offered if not name.startswith(_GRPC))
