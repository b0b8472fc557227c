"""A property that is worked out once for each object, and never makes another object wait.

``functools.cached_property`` of Python 3.11 has one lock for all objects: while the values of one stream are measured,
those of all others would wait, however many processors there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

_Value = TypeVar("_Value")


class once(Generic[_Value]):  # noqa: N801 - it is used like property
    """``@once`` before a method of one argument. Two threads that ask at the same time may both work it out."""

    def __init__(self, work: Callable[[Any], _Value]) -> None:
        self._work = work
        self._name = ""
        self.__doc__ = work.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, thing: None, _owner: type) -> Self: ...
    @overload
    def __get__(self, thing: object, _owner: type) -> _Value: ...
    def __get__(self, thing: object | None, _owner: type) -> Self | _Value:
        if thing is None:
            return self
        value = self._work(thing)
        thing.__dict__[self._name] = value  # which is found before this, from now on
        return value
