"""A report says how it was made and how it ended, and is whole at any moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from proving.crew import Crew
from proving.page import parser, table, write_whole
from proving.rate import share
from proving.report import Report
from support.errors import NotReadyError
from tests.patience import PATIENCE, eventually

ON_A_TERMINAL = """
from proving.page import parser
from proving.report import Report
options = parser("proving.try", None).parse_args(["--output", "out"])
with Report(options, "try", "A try", 2, None, lambda _: (), lambda _: {}) as report:
    for name in ("first", "second"):
        report.begins(name)
        report.ends(name, "done")
"""


@pytest.fixture
def options(tmp_path: Path) -> Namespace:
    return parser("proving.try", None).parse_args(["--output", str(tmp_path / "out")])


def test_a_finished_report_says_what_made_it(options: Namespace, capsys: pytest.CaptureFixture[str]) -> None:
    options.runs, options.names = 2, ["a", "b"]
    with Report(options, "try", "A try", 1, None, lambda _: ["All is well."], lambda _: {"well": True}) as report:
        report.begins("first")
        report.ends("first", "done")

    page = report.page.read_text("utf-8")
    assert page.startswith("# A try\n\n20")
    assert "Made by `python -m proving.try`: runs 2, names a, b.\n\nAll is well.\n" in page
    assert "Not finished" not in page
    told = json.loads(report.page.with_suffix(".json").read_text("utf-8"))
    assert (told["finished"], told["ending"], told["done"], told["well"]) == (True, "", 1, True)
    assert told["commit"] in page
    assert told["options"] == {"runs": 2, "names": ["a", "b"]}
    assert capsys.readouterr().out == "[0/1] first begins\n[1/1] first: done\n"


def test_a_report_of_a_tool_that_failed_says_so(options: Namespace) -> None:
    def work(report: Report[None]) -> None:
        with report:
            report.ends_nothing()  # type: ignore[attr-defined]

    report = Report(options, "try", "A try", 3, None, lambda _: [], lambda _: {})
    with pytest.raises(AttributeError):
        work(report)

    assert "**Not finished**: 0 of 3; AttributeError: " in report.page.read_text("utf-8")
    assert json.loads(report.page.with_suffix(".json").read_text("utf-8"))["finished"] is False


def test_what_takes_long_to_write_is_written_rarely_and_at_the_end(options: Namespace) -> None:
    written: list[int] = []

    def slowly(done: list[int]) -> list[str]:
        time.sleep(0.02)
        written.append(len(done))
        return [f"{len(done)} done"]

    work: list[int] = []
    with Report(options, "try", "A try", 500, work, slowly, lambda _: {}) as report:
        for number in range(500):
            report.begins("one")
            work.append(number)
            report.ends("one", "done")

    assert len(written) < 100
    assert written[-1] == 500
    assert "500 done" in report.page.read_text("utf-8")


def test_an_error_with_a_sentence_is_told_with_it(options: Namespace, capsys: pytest.CaptureFixture[str]) -> None:
    with Report(options, "try", "A try", 3, None, lambda _: [], lambda _: {}) as report:
        raise NotReadyError("the server does not start")

    assert report.exit_code == 1
    assert "**Not finished**: 0 of 3; the server does not start." in report.page.read_text("utf-8")
    assert f"not finished: 0 of 3, the server does not start; {report.page}\n" in capsys.readouterr().out


def test_the_report_of_an_earlier_run_does_not_pass_for_this_one(options: Namespace) -> None:
    options.output.mkdir()
    (options.output / "try.md").write_text("# All is well", "utf-8")
    with Report(options, "try", "A try", 3, None, lambda _: [], lambda _: {}) as report:
        assert "**Not finished**: 0 of 3; it still runs" in report.page.read_text("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_a_terminal_shows_one_line_that_is_renewed(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        subprocess.run([sys.executable, "-c", ON_A_TERMINAL], cwd=tmp_path, stdout=theirs, check=True, timeout=PATIENCE)
        os.close(theirs)
        shown = screen.read(65536).decode().replace("\r\n", "\n")
    assert "\r\x1b[K[0/2] under way: first" in shown
    assert "under way: second\r\x1b[K[2/2] second: done\n" in shown
    assert shown.endswith("\r\x1b[K"), "nothing is left below the last line"


def test_a_file_is_whole_whenever_it_is_read(tmp_path: Path) -> None:
    file, over = tmp_path / "page", threading.Event()
    write_whole(file, "")
    pages = {"", "a" * 1_000_000, "b" * 1_000_000}

    def write() -> None:
        while not over.is_set():
            for page in pages:
                write_whole(file, page)

    writer = threading.Thread(target=write)
    writer.start()
    read: set[str] = set()

    def reads_several() -> bool:
        read.update(file.read_text("utf-8") for _ in range(200))
        return len(read) > 1

    eventually(reads_several, "it is written meanwhile")
    over.set()
    writer.join(PATIENCE)
    assert read <= pages
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def test_a_rate_comes_with_its_interval() -> None:
    # 1 - 0.025 ** (1 / 100), the closed form of Clopper and Pearson where all passed
    assert share(100, 100) == "100.0% (96.4% to 100.0%)"


def test_numbers_stand_on_the_right() -> None:
    assert table(("name", "count"), [("a", 1)], right=1) == ["| name | count |", "| --- | ---: |", "| a | 1 |"]


def test_a_crew_that_leaves_begins_nothing_and_ends_what_ignores_it(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ignoring = "import pathlib, signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    (tmp_path / "stubborn.py").write_text(ignoring + "pathlib.Path('ready').touch(); time.sleep(600)", "utf-8")
    begun: list[int] = []

    def task(crew: Crew, number: int) -> tuple[int, str]:
        begun.append(number)
        return crew.run("stubborn", [], tmp_path, PATIENCE)

    with Crew(1) as crew:
        tasks: list[Callable[[], tuple[int, str]]] = [partial(task, crew, number) for number in range(3)]
        pool = threading.Thread(target=lambda: next(crew.results(tasks), None))
        pool.start()
        eventually(ready.exists, "the first process runs")
    assert begun == [0]
    assert not crew.folder.exists()
    pool.join(PATIENCE)


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time; print('begun', flush=True); time.sleep(600)", "utf-8")
    with Crew(1) as crew:
        code, words = crew.run("slow", [], tmp_path, 2.0)
    assert (code, words) == (-1, "ended after 2 s: begun\n")


def test_a_process_runs_as_with_python_m_and_tells_its_code_and_its_words(tmp_path: Path) -> None:
    told = "import os, sys; print(__name__, sys.argv[1:], os.getcwd(), sys.stdin.read()); sys.exit('wrong')"
    (tmp_path / "told.py").write_text(told, "utf-8")
    with Crew(1) as crew:
        code, words = crew.run("told", ["-v"], tmp_path, PATIENCE)
    assert code == 1
    assert words.split("\n") == [f"__main__ ['-v'] {tmp_path} ", "wrong", ""]
