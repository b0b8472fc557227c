"""A file of ``key: value`` lines, or a list of such, in YAML: the only reader of what people write for the suite.

YAML knows more than such a file has a use for, and Python's reader of it takes the last of two equal keys, ends on a
date that is none, and follows references for ever. Text, numbers, yes and no, lists and maps are taken, to a depth; all
else is refused in words that hold no value, for it may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from support.wording import short

_MOST_BYTES = 2**20
_MOST_DIGITS = 40
"""Of a number: no setting or sample has so many, and thousands of them cannot be told."""

_DEEPEST = 10
_TAG = "tag:yaml.org,2002:"
_KINDS = ("null", "bool", "int", "float", "str", "seq", "map")


class YamlFileError(ValueError):
    """A file holds no ``key: value`` lines, or others than are taken; the words go on after its name."""


class NoFileError(YamlFileError):
    """There is none."""


def read(path: Path) -> dict[str, Any]:
    """The lines of the file; none where it is empty.

    Raises:
        NoFileError: there is none.
        YamlFileError: it cannot be read, or holds something else.
    """
    content = _content(path)
    if content is not None and not isinstance(content, dict):
        raise YamlFileError("is not a list of `key: value` lines")
    return content or {}


def read_list(path: Path) -> list[Any]:
    """The items of the file; none where it is empty. Raises as ``read`` does."""
    content = _content(path)
    if content is not None and not isinstance(content, list):
        raise YamlFileError("is not a list: each item begins with `- `")
    return content or []


def _content(path: Path) -> Any:
    try:
        if path.exists() and not path.is_file():
            raise IsADirectoryError(0, "it is a folder, or no file at all")  # a pipe could be waited for in vain
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise NoFileError("is not there") from None
    except (OSError, ValueError) as error:  # the name may be none
        raise YamlFileError(f"cannot be read: {getattr(error, 'strerror', error)}") from None
    if len(text) > _MOST_BYTES:
        raise YamlFileError(f"cannot be read: it holds more than {_MOST_BYTES // 2**20} MiB")
    try:
        return _Loader(text).get_single_data()
    except yaml.YAMLError as error:
        raise YamlFileError(f"cannot be read: {_problem(error)}") from None


class _Refused(yaml.MarkedYAMLError):
    def __init__(self, problem: str, at: Any) -> None:
        super().__init__(problem=problem, problem_mark=at.start_mark)


def _refuse(_: yaml.SafeLoader, node: yaml.Node) -> None:
    raise _Refused("a tag (!...) that is not taken here", node)


class _Loader(yaml.SafeLoader):
    """YAML's reader, without what such a file has no use for. A date is text."""

    yaml_constructors = {  # noqa: RUF012 - as in the base class
        **{_TAG + kind: yaml.SafeLoader.yaml_constructors[_TAG + kind] for kind in _KINDS},
        _TAG + "timestamp": yaml.SafeLoader.construct_yaml_str,
        None: _refuse,
    }
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Refused(f"more than {_DEEPEST} lists or maps in one another", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(event, yaml.AliasEvent) and not isinstance(node, yaml.ScalarNode):
            raise _Refused("a list or map by reference (*): write it out", event)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        kind = node.tag.removeprefix(_TAG)
        try:
            if kind in ("int", "float") and len(node.value) > _MOST_DIGITS:
                raise ValueError
            return super().construct_object(node, deep)
        except (ArithmeticError, LookupError, ValueError):
            raise _Refused(f"this is no {kind}", node) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        if not isinstance(node, yaml.MappingNode):  # whatever is called one in the file
            return super().construct_mapping(node, deep)
        content: dict[Hashable, Any] = {}
        for key, value in node.value:
            if key.tag != _TAG + "str" or not isinstance(key, yaml.ScalarNode):
                raise _Refused("a key that is no text", key)
            name = short(repr(key.value))
            if key.value in content:
                raise _Refused(f"{name} is there twice", key)
            try:
                content[key.value] = self.construct_object(value, deep=True)
            except yaml.MarkedYAMLError as error:
                error.problem = f"{name}: {error.problem}"
                raise
        return content


def _problem(error: yaml.YAMLError) -> str:
    """What YAML says, and where, without what it quotes of a value."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    words = re.sub(r"(alias|tag handle) .*", r"\1", str(error.problem), flags=re.DOTALL)
    return f"{words}, line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
