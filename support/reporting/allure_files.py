# mypy: allow-untyped-calls
"""The files of Allure's results: in all folders that are asked for, and legible to every reader of JSON in UTF-8."""

import json
import os
import shutil
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from allure_commons import hookimpl
from attr import asdict

from support.wording import legible


class AllureFiles:
    """Writes what Allure is told, as its own logger does; with escapes for what cannot be written, or is not seen."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self.make_folders()

    def make_folders(self) -> None:
        """Makes the folders where they are missing."""
        for folder in self._folders:
            folder.mkdir(parents=True, exist_ok=True)

    def lack(self, name: str) -> bool:
        """Whether a file of this name is missing in one of the folders."""
        return not all((folder / name).exists() for folder in self._folders)

    @hookimpl
    def report_result(self, result: Any) -> None:
        self._report(result)

    @hookimpl
    def report_container(self, container: Any) -> None:
        self._report(container)

    @hookimpl
    def report_globals(self, globals_item: Any) -> None:
        self._report(globals_item)

    @hookimpl
    def report_attached_file(self, source: str, file_name: str) -> None:
        self._put(file_name, lambda path: shutil.copy2(source, path))

    @hookimpl
    def report_attached_data(self, body: bytes | str, file_name: str) -> None:
        data = body.encode(errors="backslashreplace") if isinstance(body, str) else body
        self._put(file_name, lambda path: path.write_bytes(data))

    def _report(self, item: Any) -> None:
        told = asdict(item, filter=lambda _, value: value or value is False, value_serializer=_legible)
        text = json.dumps(told, ensure_ascii=False)
        self._put(item.file_pattern.format(prefix=uuid.uuid4()), lambda path: path.write_text(text, "utf-8"))

    def _put(self, name: str, write: Callable[[Path], object]) -> None:
        for folder in self._folders:
            beside = folder / f"{name}.tmp"
            write(beside)
            os.replace(beside, folder / name)


def _legible(_item: object, _attribute: object, value: object) -> object:
    return legible(value) if isinstance(value, str) else value
