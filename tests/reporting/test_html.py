"""The page of a run: rendered by the real tools where they are installed, and a sentence where they are not."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT
from support.reporting import html
from support.reporting.run_description import describe_run

TOOLS = html.PACKAGE / "node_modules" / "allure" / "cli.js"
needs_tools = pytest.mark.skipif(
    not TOOLS.exists() or shutil.which("node") is None, reason="the report's npm packages are not installed here"
)
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed here")


def write_result(results: Path, status: str = "failed") -> Path:
    results.mkdir(parents=True, exist_ok=True)
    result = {
        "uuid": "0b5d7a9c-0000-4000-8000-000000000001",
        "name": "No line is missing",
        "fullName": "Delivery: No line is missing",
        "status": status,
        "start": 1_790_000_000_000,
        "stop": 1_790_000_001_000,
        "statusDetails": {"message": "3 lines missing after 12:00:01.250 (row 125)"},
        "labels": [{"name": "epic", "value": "E2E"}, {"name": "feature", "value": "Delivery"}],
    }
    (results / f"{result['uuid']}-result.json").write_text(json.dumps(result), "utf-8")
    describe_run(results, {"server": "http://127.0.0.1:5000"}, ci={})
    return results


@pytest.mark.parametrize("encoding", ["ascii", "cp1252:strict"])
def test_a_console_that_lacks_the_characters_of_the_folder_shows_escapes(tmp_path: Path, encoding: str) -> None:
    results = write_result(tmp_path / "שלום" / "allure-results")
    command = [sys.executable, "-m", "support.reporting.html", "--results", str(results), "--output", str(tmp_path)]
    environment = {"PATH": "", "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == html.NO_NODE.format(results=ascii(str(results))[1:-1]) + "\n"


@needs_tools
def test_renders_one_page_that_asks_nothing_of_a_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, output = write_result(tmp_path / "allure-results"), tmp_path / "allure-report"
    arguments = ["--results", str(results), "--output", str(output)]
    assert html.main(arguments) == 0
    page = output / "index.html"
    assert capsys.readouterr().out.splitlines()[-1] == f"The HTML page: {page}"

    text = page.read_text("utf-8")
    assert "googletagmanager" not in text
    assert "gtag(" not in text
    assert "Content-Security-Policy" in text
    assert 'src="http' not in text
    assert 'href="http' not in text

    [run] = (tmp_path / "allure-history.jsonl").read_text("utf-8").splitlines()
    assert [test["name"] for test in json.loads(run)["testResults"].values()] == ["No line is missing"]

    rendered = page.stat().st_mtime_ns
    assert html.main(arguments) == 0
    assert capsys.readouterr().out == f"The HTML page is up to date: {page}\n"
    assert page.stat().st_mtime_ns == rendered

    write_result(results, "passed")
    os.utime(results)
    assert html.main(arguments) == 0
    assert len((tmp_path / "allure-history.jsonl").read_text("utf-8").splitlines()) == 2


@needs_tools
def test_a_failure_of_the_renderer_comes_with_its_own_words(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(html.PACKAGE / name, package)
    (package / "node_modules").symlink_to(html.PACKAGE / "node_modules")
    (package / "allurerc.mjs").write_text("export default { nonsense: 1 };\n", "utf-8")
    with pytest.raises(Exception, match=r"(?s)Allure could not render the results; exit code \d+:.*nonsense"):
        html.render(write_result(tmp_path / "allure-results"), tmp_path / "out", package)


@needs_npm
def test_a_failing_install_comes_with_the_end_of_npms_output(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "x", "dependencies": {"y": "1.0.0"}}', "utf-8")
    (tmp_path / "package-lock.json").write_text("no json", "utf-8")
    with pytest.raises(Exception, match=r"(?s)npm could not install .*; exit code \d+:\n .*npm"):
        html.render(write_result(tmp_path / "allure-results"), tmp_path / "out", tmp_path)


@needs_npm
def test_installs_once_and_again_when_the_lock_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "package.json").write_text('{"name": "x", "version": "1.0.0"}', "utf-8")
    lock = {"name": "x", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "x", "version": "1.0.0"}}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock), "utf-8")
    (tmp_path / "node_modules").mkdir()
    npm = shutil.which("npm")
    assert npm
    installs = 0
    for indent, expected in ((None, 1), (None, 1), (2, 2)):
        (tmp_path / "package-lock.json").write_text(json.dumps(lock, indent=indent), "utf-8")
        html._install(npm, tmp_path)
        installs += "Installing" in capsys.readouterr().out
        assert installs == expected


def test_without_node_a_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = write_result(tmp_path / "allure-results")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert html.main(["--results", str(results), "--output", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == html.NO_NODE.format(results=results) + "\n"
    assert not (tmp_path / "out").exists()


def test_without_results_a_sentence_and_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert html.main(["--results", str(tmp_path), "--output", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == f"No HTML page: there are no results in {tmp_path}; run behave first.\n"


def test_analytics_under_another_name_are_no_page(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text('<html><head></head><script src="//googletagmanager.com/new.js"></script></html>', "utf-8")
    with pytest.raises(Exception, match="cannot be taken out"):
        html._keep_offline(page)
    assert not page.exists()


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((html.PACKAGE / "package-lock.json").read_text("utf-8"))
    assert all("resolved" not in package for package in lock["packages"].values())
    assert all("integrity" in package for path, package in lock["packages"].items() if path)
    wanted = json.loads((html.PACKAGE / "package.json").read_text("utf-8"))["devDependencies"]
    assert wanted == {"allure": lock["packages"]["node_modules/allure"]["version"]}
