"""The REST side answers what its OpenAPI says: schemathesis makes requests up from it, right ones and wrong ones.

The same ones each time: whether so few of them come by every link is not left to chance.

``schemathesis.toml`` says what is left out, and why.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support.server.embedded import EmbeddedServer
from tests.patience import PATIENCE

CONFIG = Path(__file__).with_name("schemathesis.toml")
TOKEN = "s3cret-t0ken"


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A simulator whose jobs go soon, so that there are windows for those that are made up; one wants a token."""
    folder = tmp_path_factory.mktemp("openapi")
    options = ["--idle-removal", "0.5"]
    if getattr(request, "param", "open") == "guarded":
        (folder / "token").write_text(TOKEN)
        options += ["--require-token", str(folder / "token")]
    server = EmbeddedServer(options, log_file=folder / "simulator.log")
    try:
        yield server
    finally:
        server.stop()


def judged(server: EmbeddedServer, *options: str) -> tuple[int, str]:
    """What schemathesis says of the server: its exit code, 0 where it found nothing, and its report."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
            *("run", f"{server.rest_url}/openapi.json", "--header", f"Authorization: Bearer {TOKEN}"),
            *("--seed", "1", "--generation-database", "none", "--request-timeout", str(PATIENCE)),
            *("--no-color", *options),
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PYTHONUTF8": "1", "NO_PROXY": "127.0.0.1"},
    )
    return run.returncode, run.stdout + run.stderr


@pytest.mark.parametrize("server", ["open", "guarded"], indirect=True)
@pytest.mark.parametrize("examples", [30, pytest.param(3000, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_it_answers_what_its_openapi_says(server: EmbeddedServer, examples: int) -> None:
    server.deviate()

    code, report = judged(server, "--max-examples", str(examples), "--continue-on-failure")

    assert code == 0, report
    assert re.search(r"Tested: 7\n", report), report
    assert re.search(r"API Links: +5 covered", report), report
    generated = re.search(r"(\d+) generated, \d+ passed", report)
    assert generated, report
    assert int(generated[1]) > 10 * examples


@pytest.mark.parametrize("server", ["guarded"], indirect=True)
def test_a_guarded_server_says_what_it_lets_in(server: EmbeddedServer) -> None:
    refusal = requests.get(f"{server.rest_url}/channels", timeout=PATIENCE)
    shown = {"Authorization": f"Bearer {TOKEN}"}
    document = requests.get(f"{server.rest_url}/openapi.json", headers=shown, timeout=PATIENCE).json()

    assert (refusal.status_code, refusal.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
    for path in document["paths"].values():
        for operation in path.values():
            assert "401" in operation["responses"]
            assert operation["security"] == [{"HTTPBearer": []}, {"HTTPBasic": []}]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("refusal-as-500", "Server error"),
        ("refusal-as-html", "Undocumented Content-Type"),
        ("refusal-without-words", "JSON deserialization error"),
        ("configure-missing-field", "Response violates schema"),
        ("invalid-accepted", "Schema-violating request accepted"),
    ],
)
def test_a_server_that_does_not_is_noticed(server: EmbeddedServer, broken: str, words: str) -> None:
    server.deviate(faults=[broken])

    code, report = judged(server, "--phases", "examples,coverage")

    assert code == 1, report
    assert words in report


def test_a_status_that_is_not_declared_is_noticed(server: EmbeddedServer) -> None:
    server.deviate(variants=["refusal-422"])

    code, report = judged(server, "--phases", "coverage")

    assert code == 1, report
    assert "Undocumented status code" in report


@pytest.mark.parametrize("different", ["unknown-fields", "no-cancel"])
def test_a_variant_of_the_same_schema_keeps_to_it(server: EmbeddedServer, different: str) -> None:
    server.deviate(variants=[different])

    code, report = judged(server, "--phases", "examples,coverage")

    assert code == 0, report
