"""The schema of Xray's JSON, as far as the suite writes it, held against what it wrote.

Written from the fields that Xray publishes on docs.getxray.app, for its Cloud ("Using Xray JSON format to import
execution results", under XRAYCLOUD) and its Server ("Import Execution Results", under XRAY): they differ in what the
type of a test is called. Neither takes a field that it does not know. Fields that the suite never writes (steps,
examples, iterations, custom fields, users) are left out here, so that they are refused.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs

from support.settings import Xray

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_TIME = {"type": "string", "format": "date-time"}


def _object(fields: Mapping[str, object], required: Sequence[str] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


_EVIDENCE = _object({"data": _TEXT, "filename": _TEXT, "contentType": _TEXT}, ["data", "filename"])
_INFO = _object(
    {
        **dict.fromkeys(("project", "summary", "description", "version", "revision", "testPlanKey"), _TEXT),
        **dict.fromkeys(("startDate", "finishDate"), _TIME),
        "testEnvironments": _TEXTS,
    }
)


def _schema(kind: str) -> dict[str, Any]:
    told = ("summary", "projectKey", kind)
    new = _object(
        {
            **dict.fromkeys((*told, "description", "definition"), _TEXT),
            **dict.fromkeys(("requirementKeys", "labels"), _TEXTS),
        },
        told,
    )
    test = _object(
        {
            **dict.fromkeys(("testKey", "comment", "status"), _TEXT),
            **dict.fromkeys(("start", "finish"), _TIME),
            "testInfo": new,
            "defects": _TEXTS,
            "evidence": {"type": "array", "items": _EVIDENCE},
        },
        ["status"],
    )
    tests = {"type": "array", "items": test, "minItems": 1}
    return _object({"testExecutionKey": _TEXT, "info": _INFO, "tests": tests})


SCHEMAS = {Xray.CLOUD: _schema("type"), Xray.SERVER: _schema("testType")}


def valid(execution: dict[str, Any], xray: Xray = Xray.CLOUD) -> dict[str, dict[str, Any]]:
    """The tests of what was written, by key or title; once it is what this Xray takes."""
    jsonschema_rs.validator_for(SCHEMAS[xray], validate_formats=True).validate(execution)
    named = [(one.get("testKey") or one["testInfo"]["summary"], one) for one in execution["tests"]]
    assert len(dict(named)) == len(named), "a test has two results"
    return dict(named)


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The tests that a run has written."""
    return valid(json.loads((folder / "reports" / "xray.json").read_text("utf-8")))


def files(test: Mapping[str, Any]) -> dict[str, bytes]:
    """What is attached to a test, by name."""
    return {one["filename"]: base64.b64decode(one["data"]) for one in test["evidence"]}
