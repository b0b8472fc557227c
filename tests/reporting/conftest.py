"""What is attached to a report, taken as Allure's own listener takes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import allure_commons
import pytest

Attached = dict[str, Any]
"""What was attached, by name."""


class _Listener:
    def __init__(self) -> None:
        self.attached: Attached = {}

    @allure_commons.hookimpl
    def attach_data(self, body: Any, name: str, attachment_type: Any, extension: Any) -> None:  # noqa: ARG002
        self.attached[name] = body


@pytest.fixture
def attached() -> Iterator[Attached]:
    """What a test attaches."""
    listener = _Listener()
    allure_commons.plugin_manager.register(listener)
    yield listener.attached
    allure_commons.plugin_manager.unregister(listener)
