"""What shows that a test failed: files that the run left, as far as there is room for them in one more file."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.reporting.sheet.summary import Told

_MOST_OF_TEST = 2**20
_MOST = 10 * 2**20
"""Bytes of one test, and of all, before they are written in base64."""

_CAPTURE = "application/octet-stream"


@dataclass(frozen=True)
class Exhibit:
    """A file.

    Attributes:
        name: for people.
        kind: of its content, as MIME has it.
        path: where it is.
    """

    name: str
    kind: str
    path: Path

    @property
    def filename(self) -> str:
        """Its name, as a name of a file anywhere."""
        return re.sub(r"[^\w.]+", "-", self.name).strip("-.") + self.path.suffix


@dataclass(frozen=True)
class Shown:
    """What Allure's results hold of a scenario.

    Attributes:
        start: when it began.
        finish: when it was over.
        exhibits: what was attached to it.
    """

    start: datetime
    finish: datetime
    exhibits: Sequence[Exhibit]


class Exhibits:
    """What Allure's results hold, and what is taken of it.

    Args:
        results: the folder of the results; None: there are none.
    """

    def __init__(self, results: Path | None) -> None:
        self._results = results
        self._left = _MOST

    def of(self, one: Told) -> Shown | None:
        """What there is of a scenario; None where that cannot be read."""
        if self._results is None or not one.result:
            return None
        try:
            result = json.loads((self._results / f"{one.result}-result.json").read_text("utf-8"))
            start, finish = (datetime.fromtimestamp(result[at] / 1000, tz=UTC) for at in ("start", "stop"))
        except (OSError, ValueError, TypeError, KeyError):
            return None
        captures = [Exhibit(path.stem, _CAPTURE, path) for path in one.captures]
        return Shown(start, finish, [*self._attached(result), *captures])

    def taken(self, exhibits: Sequence[Exhibit]) -> tuple[list[dict[str, str]], list[str]]:
        """These files as Xray takes them, and the names of those that there was no room for."""
        left_of_test, items, left_out = _MOST_OF_TEST, [], []
        for number, exhibit in enumerate(exhibits, 1):
            try:
                size = exhibit.path.stat().st_size
                data = exhibit.path.read_bytes() if size <= min(self._left, left_of_test) else None
            except OSError:
                data = None
            if data is None:
                left_out.append(exhibit.name)
                continue
            self._left -= len(data)
            left_of_test -= len(data)
            encoded = base64.b64encode(data).decode("ascii")
            filename = f"{number:02d}-{exhibit.filename}"
            items.append({"data": encoded, "filename": filename, "contentType": exhibit.kind})
        return items, left_out

    def _attached(self, part: dict[str, Any]) -> Iterator[Exhibit]:
        """What is attached to a result or a step, and to the steps of it."""
        assert self._results is not None
        for one in part.get("attachments", ()):
            yield Exhibit(one["name"], one["type"], self._results / one["source"])
        for step in part.get("steps", ()):
            yield from self._attached(step)
