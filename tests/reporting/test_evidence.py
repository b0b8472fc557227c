"""A failure can be seen again with what its report tells: by hand, with the commands as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support import ROOT
from support.contract import JobRequest
from support.errors import APIError
from support.reporting.evidence import evidence
from support.screen.refusals import Refusal
from support.server.embedded import EmbeddedServer
from support.settings import Settings
from support.settings_sources import load
from tests.patience import RUN_PATIENCE, TOLERANT
from tests.replay.streams import JOB, PLAN, kept
from tests.validation.streams import spoiled
from tests.validation.test_rules import drop_lines

URL = "https://user:password@focus.example/server"


def told(settings: Settings, **other: object) -> str:
    stream = kept(spoiled(PLAN, drop_lines(2)))
    given: dict[str, object] = {"jobs": [JOB], "streams": [stream], "refusal": None, "captures": []}
    return evidence("features/a b.feature:7", settings, URL, **(given | other))  # type: ignore[arg-type]


def test_it_tells_how_to_run_it_again_and_all_that_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FOCUS_")]:
        monkeypatch.delenv(name)
    settings = load({"nfft": "512", "agreed_connect": "2, 5"}, {"FOCUS_CHANNELS": "4"}).speaking("story")
    text = told(settings, captures=[Path("reports/captures/001-a.capture")])
    assert "behave 'features/a b.feature:7' -D nfft=512 -D 'agreed_connect=2, 5' -D dialect=story\n" in text
    assert "python -m support.replay reports/captures/001-a.capture" in text
    assert "FOCUS_" not in text
    assert '"job_id": "0-7"' in text
    assert "  - lines continuous: 2 lines are missing" in text
    assert "Found in the answer" not in text
    assert text.index("lines continuous") < text.index("answered, as it was read"), "what is wrong stands first"


def test_long_lists_of_an_answer_are_told_by_their_ends() -> None:
    long = {"frequencies_list": list(range(20)), "channel_to_stream_index": dict.fromkeys(range(12), 0)}
    text = told(Settings(), jobs=[replace(JOB, answer=JOB.answer.model_copy(update=long))])
    assert '"frequencies_list": [0, 1, 2, 3, "12 more", 16, 17, 18, 19]' in text
    assert '"3": 0, "...": "4 more", "8": 0' in text


def test_secrets_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOCUS_TOKEN", "very-secret")
    given = {"token": "very-secret", "focus_server_url": "https://focus.example", "tls": "first-use"}
    text = told(load(given, {}), log="job 0-7: removed\nshown: very-secret\n")
    assert "-D 'token=***'" in text
    assert "What the server logged meanwhile:\n  job 0-7: removed\n  shown: ***\n" in text
    assert "password" not in text
    assert "very-secret" not in text
    assert "with these variables as they were: FOCUS_TOKEN" in text
    assert re.search(
        r'curl .*https://\*\*\*@focus\.example.*--insecure.* -H "Authorization: Bearer \$FOCUS_TOKEN"', text
    )


def test_a_request_that_was_wrongly_answered_is_told() -> None:
    request = JobRequest.anyhow(channels_min=5, channels_max=3)
    text = told(Settings(), refusal=Refusal(APIError("it was refused with 500: oops"), 0.1, request=request))
    assert '"channels": {"min": 5, "max": 3}' in text
    assert "it was refused with 500: oops" in text


@pytest.fixture
def wrong(tmp_path: Path) -> Iterator[str]:
    server = EmbeddedServer(["--fault", "twin-sensors"], log_file=tmp_path / "simulator.log")
    yield server.rest_url
    server.stop()


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | TOLERANT
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=RUN_PATIENCE
    )


def command(text: str, name: str) -> list[str]:
    """The first command of this name that is told, as a shell would take it apart."""
    [line, *_] = re.findall(rf"^  ({name} .*)$", text, flags=re.MULTILINE)
    return shlex.split(line)


def test_what_the_report_of_a_failure_tells_repeats_it(tmp_path: Path, wrong: str) -> None:
    shutil.copy(ROOT / "behave.ini", tmp_path)
    feature = str(ROOT / "features" / "acceptance_criteria" / "data.feature")
    behave = [sys.executable, "-m", "behave"]
    first = run(tmp_path, *behave, "-D", f"focus_server_url={wrong}", "--name", "No sensor is dead", feature)
    results = tmp_path / "reports" / "allure-results"
    texts = [path.read_text("utf-8") for path in results.glob("*-attachment.txt")]
    [text] = [text for text in texts if "no twin sensors" in text and text.startswith("This scenario alone")]
    assert "1 failed" in first.stdout

    replayed = run(tmp_path, sys.executable, *command(text, "python")[1:])
    assert replayed.returncode == 1, replayed.stderr
    assert re.search(r"^the same [1-9]\d* findings? as when it came$", replayed.stdout, flags=re.MULTILINE)

    if shutil.which("curl"):
        answer = json.loads(run(tmp_path, *command(text, "curl")).stdout)
        assert answer["channel_amount"] == 11

    again = run(tmp_path, *behave, *command(text, "behave")[1:])
    assert again.returncode == 1
    assert re.search(r"data\.feature:\d+ +No sensor is dead", again.stdout)
