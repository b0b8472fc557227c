"""A run as a test execution of Xray, in Xray's own JSON.

Cucumber's and behave's JSON, which it takes too, know neither files nor defects of a test, no test that is none of
Cucumber's, and no run that was cut off; Xray's own does, and its schema is published.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.reporting.folders import replace_text
from support.reporting.sheet import told
from support.reporting.sheet.summary import Kept, Summary, Told, kept
from support.reporting.sheet.words import Words
from support.reporting.xray.exhibits import Exhibits, Shown
from support.settings import Language, Xray
from support.wording import legible

FILE = "xray.json"

_STATUS = {
    Xray.CLOUD: {Kept.KEPT: "PASSED", Kept.KNOWN: "FAILED", Kept.BROKEN: "FAILED"},
    Xray.SERVER: {Kept.KEPT: "PASS", Kept.KNOWN: "FAIL", Kept.BROKEN: "FAIL", Kept.UNJUDGED: "ABORTED"},
}
"""What each calls what is said of a test; where nobody knows, it is still to be done."""

_TO_DO = "TODO"
_TYPE = {Xray.CLOUD: "type", Xray.SERVER: "testType"}
_MOST_WORDS = 4000
_SAY = Words(Language.EN)


@dataclass(frozen=True)
class Target:
    """Where the results go.

    Attributes:
        project: its key; tests that no tag names are made there.
        plan: key of the test plan that they belong to; empty: to none.
        xray: which Xray it has.
    """

    project: str
    plan: str = ""
    xray: Xray = Xray.CLOUD


def write(folder: Path, run: Summary, target: Target, results: Path | None) -> None:
    """Puts the file there; a run of nothing about the server leaves none, as Xray takes none without a test.

    Args:
        folder: where to.
        run: what is told.
        target: where the results go.
        results: folder of Allure's results, for times and evidence; None: without.

    Raises:
        OSError: it cannot be written.
    """
    execution = execution_of(run, target, results)
    if execution["tests"]:
        replace_text(folder / FILE, json.dumps(execution, indent=1, ensure_ascii=False) + "\n")


def execution_of(run: Summary, target: Target, results: Path | None) -> dict[str, Any]:
    """The run, as Xray's JSON has it."""
    about = [f"{name}: {value}" for name, value in run.about.items()]
    info = {
        "project": target.project,
        "summary": f"Focus Server: {_SAY(run.release)}",
        "description": legible("\n".join([*told.sentences(run, _SAY), "", *about])),
        "startDate": _time(datetime.fromtimestamp(run.began, tz=UTC)),
        "finishDate": _time(datetime.fromtimestamp(run.began + run.seconds, tz=UTC)),
        **({"testPlanKey": target.plan} if target.plan else {}),
    }
    exhibits = Exhibits(results)
    tests = [_test(names, those, target, exhibits) for names, those in _tests(run)]
    return {"info": info, "tests": tests}


def _tests(run: Summary) -> Iterator[tuple[dict[str, str], list[Told]]]:
    """Each test, by its key or by what makes it one, and the scenarios that it is: rows, passes."""
    tests: dict[tuple[str, str], list[Told]] = {}
    for one in run.about_server:
        if one.is_chosen:
            for name in [("testKey", key) for key in one.tests] or [("definition", f"{one.file}: {one.title}")]:
                tests.setdefault(name, []).append(one)
    return (({kind: legible(name)}, those) for (kind, name), those in tests.items())


def _test(names: dict[str, str], scenarios: Sequence[Told], target: Target, exhibits: Exhibits) -> dict[str, Any]:
    said = kept(scenarios)
    found = [(one, exhibits.of(one)) for one in scenarios]
    wrong = [shown for one, shown in found if shown and one.outcome in ("failed", "broken", "known")]
    evidence, left_out = exhibits.taken([exhibit for shown in wrong for exhibit in shown.exhibits])
    defects = list(dict.fromkeys(key for one in scenarios for key in one.defects))
    ran = [shown for one, shown in found if shown and one.outcome not in ("skipped", "not run")]
    return {
        **(names if "testKey" in names else {"testInfo": _info(names["definition"], scenarios, target)}),
        "status": _STATUS[target.xray].get(said, _TO_DO),
        "comment": _comment(scenarios, left_out),
        **_times(ran),
        **({"defects": defects} if defects else {}),
        **({"evidence": evidence} if evidence else {}),
    }


def _info(definition: str, scenarios: Sequence[Told], target: Target) -> dict[str, Any]:
    """Of a test that Xray is to make, or to find by its definition."""
    requirements = list(dict.fromkeys(key for one in scenarios for key in one.requirements))
    return {
        "projectKey": target.project,
        "summary": legible(scenarios[0].title)[:255],
        _TYPE[target.xray]: "Generic",
        "definition": definition,
        **({"requirementKeys": requirements} if requirements else {}),
    }


def _comment(scenarios: Iterable[Told], left_out: Sequence[str]) -> str:
    """What each scenario came to, and why."""
    lines = [f"{one.place}: {one.outcome}\n{one.why}".strip() for one in scenarios]
    words = "\n".join(lines)[:_MOST_WORDS]
    return legible(f"{words}\nNot attached, too large or gone: {', '.join(left_out)}" if left_out else words)


def _times(ran: Sequence[Shown]) -> dict[str, str]:
    if not ran:
        return {}
    return {"start": _time(min(one.start for one in ran)), "finish": _time(max(one.finish for one in ran))}


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
