"""The suite as its users start it: real behave processes against real servers, good, absent and unready ones."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from support import ROOT
from support.server.embedded import EmbeddedServer
from tests.patience import PATIENCE, RUN_PATIENCE, TOLERANT, eventually
from tests.reporting import outputs

AGREED = 1
"""Nothing is agreed about the times of the embedded server: the scenario that looks back on them is skipped."""


def behave(folder: Path, *arguments: str, feature: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the project's features from ``folder``, so that nothing of this run lands in the project's reports/.

    The pace of this machine is not under test.
    """
    command = [sys.executable, "-m", "behave", "--format", "plain", "--no-color", *arguments]
    return subprocess.run(
        [*command, str(ROOT / "features" / feature)],
        cwd=folder,
        env=os.environ | TOLERANT,
        capture_output=True,
        text=True,
        timeout=RUN_PATIENCE,
    )


@pytest.fixture
def real_server(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts servers that are not the suite's own; each call takes simulator options and answers the address."""
    servers: list[EmbeddedServer] = []

    def start(*options: str) -> str:
        servers.append(EmbeddedServer(options, log_file=tmp_path / f"server-{len(servers)}.log"))
        return servers[-1].rest_url

    yield start
    for server in servers:
        server.stop()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def scenarios(output: str, outcome: str) -> int:
    """How many scenarios behave counted as ``outcome``."""
    summary = re.search(r"^\d+ scenarios? passed.*?$", output, re.MULTILINE)
    assert summary, output
    counted = re.search(rf"(\d+) (?:scenarios? )?{outcome}", summary[0])
    return int(counted[1]) if counted else 0


def wrong(run: subprocess.CompletedProcess[str]) -> str:
    """What a run tells of the steps that failed; where none did, its end. The whole of it is too long to be read."""
    failed = re.findall(r"^.* \.\.\. (?:failed|error) in .*\n(?:.+\n)*", run.stdout, re.MULTILINE)
    return "\n".join(failed) or (run.stdout + run.stderr)[-4000:]


def stopped_before_the_first_scenario(run: subprocess.CompletedProcess[str]) -> bool:
    return run.returncode != 0 and "0 scenarios passed" in run.stdout and "Traceback" not in run.stdout + run.stderr


def test_a_server_that_is_merely_different_passes(tmp_path: Path, real_server: Callable[..., str]) -> None:
    url = real_server(
        *("--prr", "800", "--lowest-channel", "1", "--channel-count", "30", "--frame-rate", "12", "--pod-start", "0.5")
    )
    run = behave(tmp_path, "-D", f"focus_server_url={url}")
    assert run.returncode == 0, wrong(run)
    assert scenarios(run.stdout, "passed") >= 30
    assert scenarios(run.stdout, "skipped") > 0, "the scenarios about faults need the embedded server"


def test_a_closed_port_stops_the_run_with_a_sentence(tmp_path: Path) -> None:
    port = closed_port()
    began = time.monotonic()
    run = behave(tmp_path, "-D", f"focus_server_url=http://127.0.0.1:{port}")
    assert time.monotonic() - began < PATIENCE
    assert stopped_before_the_first_scenario(run), run.stdout + run.stderr
    assert f"NOT READY: the Focus Server at http://127.0.0.1:{port} cannot be tested: nothing answers at" in run.stderr
    assert "Connection refused" in run.stderr


def test_a_server_that_waits_for_fibre_stops_the_run_with_a_sentence(
    tmp_path: Path, real_server: Callable[..., str]
) -> None:
    url = real_server("--no-fibre")
    run = behave(tmp_path, "-D", f"focus_server_url={url}")
    assert stopped_before_the_first_scenario(run), run.stdout + run.stderr
    assert f"NOT READY: the Focus Server at {url} is not ready: it says 'waiting for fiber'" in run.stderr


def test_a_run_can_wait_for_the_fibre(tmp_path: Path, real_server: Callable[..., str]) -> None:
    url = real_server("--fibre-after", "1")
    run = behave(tmp_path, "-D", f"focus_server_url={url}", "-D", "fibre_within=60", "-n", "A live job is configured")
    assert run.returncode == 0, wrong(run)
    assert f"waiting for the fibre of the Focus Server at {url}, for up to 60 s" in run.stderr


def test_a_fibre_that_does_not_come_in_time_stops_the_run(tmp_path: Path, real_server: Callable[..., str]) -> None:
    url = real_server("--no-fibre")
    run = behave(tmp_path, "-D", f"focus_server_url={url}", "-D", "fibre_within=0.5")
    assert stopped_before_the_first_scenario(run), run.stdout + run.stderr
    assert f"NOT READY: the Focus Server at {url} is not ready: it says 'waiting for fiber' after 0.5 s;" in run.stderr


@pytest.mark.parametrize(
    ("definition", "sentence"),
    [
        ("colour=red", "unknown setting 'colour' (from -D)"),
        ("nfft=1000", "setting 'nfft' = '1000' (from -D): expected a power of two"),
        ("environment=nowhere", "environment 'nowhere': there is no environments/nowhere.yaml"),
    ],
)
def test_a_wrong_setting_stops_the_run_with_a_sentence(tmp_path: Path, definition: str, sentence: str) -> None:
    run = behave(tmp_path, "-D", definition)
    assert stopped_before_the_first_scenario(run), run.stdout + run.stderr
    assert sentence in run.stderr


def test_a_criterion_that_the_environment_tightens_fails(tmp_path: Path) -> None:
    run = behave(
        tmp_path, "-D", "frame_rate_above=1000", "--name", "fast enough", feature="acceptance_criteria/delivery.feature"
    )
    assert run.returncode == 1
    assert "Expected: more than 1000 frames a second" in run.stdout
    assert "frame_rate_above is 1000 here, not 10 (from -D)" in run.stdout


@pytest.mark.parametrize(
    "selection",
    [("--name", "can be drawn"), ("--tags", "task-1.4.1"), ("--tags", "not @simulator", "--name", "can be drawn")],
    ids=" ".join,
)
def test_what_no_chosen_scenario_asks_about_turns_the_run_red(
    tmp_path: Path, real_server: Callable[..., str], selection: Sequence[str]
) -> None:
    chosen = ["-D", f"focus_server_url={real_server('--fault', 'nan-value@job=2')}", *selection]
    run = behave(tmp_path, *chosen, "--junit", feature="acceptance_criteria/data.feature")
    assert run.returncode == 1, run.stdout
    assert (scenarios(run.stdout, "passed"), scenarios(run.stdout, "failed")) == (1, 1), run.stdout
    assert "Scenario: Nothing else was wrong in any stream of this run" in run.stdout
    assert "the first is nan (frame 0, sensor " in run.stdout
    assert "in 'The frames of a live job can be drawn', job " in run.stdout
    (suite,) = (ElementTree.parse(file).getroot() for file in (tmp_path / "reports").rglob("*nothing_else.xml"))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")


def test_a_run_that_stops_early_still_says_what_nobody_asked_about(
    tmp_path: Path, real_server: Callable[..., str]
) -> None:
    url = real_server("--fault", "nan-value", "--fault", "canvas-empty")
    run = behave(tmp_path, "-D", f"focus_server_url={url}", "--stop", feature="acceptance_criteria/data.feature")
    assert run.returncode == 1
    assert re.search(r"^FOUND WHERE NOBODY ASKED: intensities finite: .* the first is nan", run.stderr, re.MULTILINE), (
        run.stderr
    )


def test_a_run_says_what_it_leaves_behind(tmp_path: Path, real_server: Callable[..., str]) -> None:
    url = real_server("--variant", "no-cancel")
    run = behave(
        tmp_path,
        "-D",
        f"focus_server_url={url}",
        "--name",
        "fast enough",
        feature="acceptance_criteria/delivery.feature",
    )
    assert run.returncode == 0, wrong(run)
    first_window = r"^LEFT BEHIND: 2 jobs on the server: 0-\d+, 1-\d+$"  # the first one found out the dialect
    assert re.search(first_window, run.stderr, re.MULTILINE), run.stderr


def test_a_run_through_trouble_leaves_nothing_behind(tmp_path: Path) -> None:
    too_old = ("-D", "data_age_within=1.5")  # one scenario makes data as old as that
    run = behave(tmp_path, *too_old, feature="client/resilience.feature")
    assert run.returncode == 0, wrong(run)
    assert "LEFT BEHIND" not in run.stderr


def test_scenarios_about_the_suite_itself_have_jobs_of_their_own_size(tmp_path: Path) -> None:
    """Their faults and their networks are made for it, whatever the settings say of the server's jobs."""
    sizes = ("-Dchannels=300", "-Dnfft=2048", "-Ddisplay_height=500")
    names = ("-n", "another job's sensors", "-n", "leaves a frequency out", "-n", "A slow network delays")
    run = behave(tmp_path, *sizes, *names)
    assert (run.returncode, scenarios(run.stdout, "passed")) == (0, 4), run.stdout


@pytest.mark.parametrize(
    "sizes",
    [("-Dchannels=400",), ("-Dfrequency_min=100", "-Dfrequency_max=103"), ("-Ddisplay_height=20",)],
    ids=["more than memory holds", "a single bin", "two lines a second"],
)
def test_windows_are_compared_whatever_the_size_of_jobs(tmp_path: Path, sizes: Sequence[str]) -> None:
    run = behave(tmp_path, *sizes, "-n", "Two windows on the same fibre tell the same")
    assert (run.returncode, scenarios(run.stdout, "passed")) == (0, 2), run.stdout


@pytest.mark.parametrize("tags", ["", "critical", "not @simulator", "load or critical"])
def test_a_load_test_does_not_run_unless_asked_for(tmp_path: Path, tags: str) -> None:
    chosen = ["--tags", tags] if tags else []
    run = behave(tmp_path, *chosen, feature="capacity/thirty_windows.feature")
    assert scenarios(run.stdout, "passed") == 1, "the one that looks back"
    assert scenarios(run.stdout, "skipped") == 2 + AGREED, run.stdout
    assert run.returncode == 0, wrong(run)


@pytest.mark.parametrize("tags", ["", "critical", "not @simulator"])
def test_what_is_slow_does_not_run_unless_asked_for(tmp_path: Path, tags: str) -> None:
    chosen = ["--tags", tags] if tags else []
    run = behave(tmp_path, *chosen, feature="capacity/for_long.feature")
    assert scenarios(run.stdout, "passed") == 1, "the one that looks back"
    assert scenarios(run.stdout, "skipped") == 1 + AGREED, run.stdout
    assert run.returncode == 0, wrong(run)


def changed(folder: Path, feature: str, changes: Mapping[str, str]) -> Path:
    """A suite of the project's steps and hooks, with this one of its features in other words."""
    for name in ("steps", "environment.py"):
        (folder / name).symlink_to(ROOT / name)
    features = folder / "features"
    features.mkdir()
    text = (ROOT / "features" / feature).read_text(encoding="utf-8")
    for words, others in changes.items():
        assert words in text
        text = text.replace(words, others)
    (features / "changed.feature").write_text(text, encoding="utf-8")
    return features


def small_load_test(folder: Path, windows: int, seconds: int) -> Path:
    """A load test of this size."""
    smaller = {
        "30 live windows": f"{windows} live windows",
        "a minute": f"{seconds} seconds",
        "200 channels": "20 channels",
        "256 frequencies": "64 frequencies",
    }
    return changed(folder, "capacity/thirty_windows.feature", smaller)


def test_a_load_test_that_is_asked_for_runs_and_shows_its_figures(tmp_path: Path) -> None:
    features = small_load_test(tmp_path, windows=4, seconds=2)
    command = [sys.executable, "-m", "behave", "--format", "plain", "--no-color", "--tags", "@load", str(features)]
    command += ["-D", "max_pause=5", "-D", "data_age_within=5", "-D", "frame_rate_above=1"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=RUN_PATIENCE)
    assert scenarios(run.stdout, "skipped") == AGREED, run.stdout
    assert run.returncode == 0, wrong(run)
    shown = re.findall(r"^  lines expected / received: (\d+) / (\d+)$", run.stdout, re.MULTILINE)
    assert len(shown) == 2, run.stdout
    assert all(expected == received and int(received) >= 4 * 30 for expected, received in shown)
    assert len(re.findall(r"^  (?:client|server): \d+ % of a core, \d+ MiB", run.stdout, re.MULTILINE)) == 4
    assert "LEFT BEHIND" not in run.stderr


def test_a_load_test_of_a_server_that_loses_lines_names_the_windows(
    tmp_path: Path, real_server: Callable[..., str]
) -> None:
    url = real_server("--fault", "line-lost@channels=20", "--channel-count", "30", "--prr", "1000")
    features = small_load_test(tmp_path, windows=3, seconds=2)
    command = [sys.executable, "-m", "behave", "--format", "plain", "--no-color", "--tags", "@load", str(features)]
    run = subprocess.run(
        [*command, "-D", f"focus_server_url={url}"],
        cwd=tmp_path,
        env=os.environ | TOLERANT,
        capture_output=True,
        text=True,
        timeout=RUN_PATIENCE,
    )
    assert scenarios(run.stdout, "failed") == 2, run.stdout
    assert "but: not so in 3 of 3 windows:" in run.stdout
    assert re.search(
        r"window 3 \(job \d-\d+, channels 10 to 29, NFFT 128, .*\): \d+ lines received where there were", run.stdout
    )
    assert "server: not measured: it is no process of this suite" in run.stdout


@pytest.fixture
def streaming_run(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A behave process in the middle of a stream without an end in sight, and its embedded server."""
    features = changed(tmp_path, "acceptance_criteria/delivery.feature", {"for 5 seconds": "for 5 minutes"})
    command = [sys.executable, "-m", "behave", "--name", "continuous", str(features)]
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield run, eventually(lambda: server_in_mid_stream(run.pid), "a server with a connection")
    finally:
        run.kill()
        run.communicate()


def server_in_mid_stream(pid: int) -> psutil.Process | None:
    for child in psutil.Process(pid).children(recursive=True):
        connections = child.net_connections()
        ports = {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}
        served = [c for c in connections if c.status == psutil.CONN_ESTABLISHED and c.laddr.port in ports]
        if len(ports) > 1 and len(served) > 1:  # REST and a job
            return child
    return None


def test_a_killed_run_leaves_no_server_behind(
    streaming_run: tuple[subprocess.Popen[str], psutil.Process],
) -> None:
    run, server = streaming_run
    run.kill()
    server.wait(timeout=PATIENCE)
    assert not server.is_running()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for one process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_mid_stream_leaves_no_job(
    tmp_path: Path, real_server: Callable[..., str], number: signal.Signals
) -> None:
    features = changed(tmp_path, "acceptance_criteria/delivery.feature", {"for 5 seconds": "for 5 minutes"})
    run = start_with_settings(tmp_path, str(features), "-D", f"focus_server_url={real_server()}")
    log = tmp_path / "server-0.log"
    eventually(lambda: log.read_text("utf-8").count("stream opened") == 2, "the scenario streams, after the first job")
    run.send_signal(number)
    output, _ = run.communicate(timeout=RUN_PATIENCE)
    assert run.returncode == 128 + number, output
    assert "LEFT BEHIND" not in output
    counts = outputs.console(output)
    assert (counts["broken"], counts["not run"] > 0) == (1, True), output
    assert outputs.junit(tmp_path / "reports") == outputs.allure(tmp_path / "reports") == counts


def test_a_formatter_that_fails_leaves_neither_server_nor_secret(tmp_path: Path) -> None:
    (tmp_path / "weak.py").write_text(
        "from behave.formatter.base import Formatter\n\n\n"
        "class Weak(Formatter):\n"
        "    name = 'weak'\n\n"
        "    def result(self, step):\n"
        "        assert 'unencrypted' not in step.name, 'this formatter is weak'\n",
        "utf-8",
    )
    features = changed(tmp_path, "client/secure_connection.feature", {})
    run = start_with_settings(tmp_path, str(features), "--format", "weak:Weak")
    output, _ = run.communicate(timeout=RUN_PATIENCE)
    assert run.returncode == 1, output
    assert "NO VERDICT: " in output
    assert "this formatter is weak" in output
    assert "LEFT BEHIND" not in output
    assert list((tmp_path / "tmp").iterdir()) == []
    assert outputs.junit(tmp_path / "reports") == outputs.allure(tmp_path / "reports") == outputs.console(output)


def start_with_settings(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Starts behave with the project's own settings in this folder, and with a place of its own for temporary files."""
    shutil.copy(ROOT / "behave.ini", folder)
    (folder / "tmp").mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "behave", "--no-color", *arguments],
        cwd=folder,
        env=os.environ | TOLERANT | {"TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_leaves_no_server_behind(streaming_run: tuple[subprocess.Popen[str], psutil.Process]) -> None:
    run, server = streaming_run
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=RUN_PATIENCE)
    assert run.returncode != 0
    server.wait(timeout=PATIENCE)
    assert not server.is_running(), output


def test_the_criteria_run_once_more_in_another_dialect(tmp_path: Path) -> None:
    criteria = str(ROOT / "features" / "acceptance_criteria" / "connectivity.feature")
    run = start_with_settings(tmp_path, criteria, "-D", "second_dialect=production")
    output, _ = run.communicate(timeout=RUN_PATIENCE)
    assert run.returncode == 0, output
    assert re.search(r"^second pass: embedded Focus Server at .*, production \(as ", output, re.MULTILINE), output
    assert "Stream connectivity, in the dialect of production\n" in output
    counts = outputs.console(output)
    assert (counts["passed"], counts["skipped"]) == (6 + 4 + 1, 2 + AGREED), output  # there, here, and one looks back
    reports = tmp_path / "reports"
    assert outputs.junit(reports) == outputs.allure(reports) == outputs.sheet(reports) == counts
    sheet = (reports / "index.html").read_text("utf-8")
    assert (outputs.verdict(reports), "a part only: 4 of the 10" in sheet) == ("No verdict", True)
    for row, measured in SHEET.items():
        [shown] = re.findall(rf'<tr data-criterion="{row}">.*?</tr>', sheet, re.DOTALL)
        assert re.search(measured, shown, re.DOTALL), shown


SHEET = {
    "1.3.1": r"kept.*kept.*connected after [\d.e-]+ s of 10 s",
    "1.3.2": r"kept.*kept.*first frame after [\d.]+ s of 5 s",
    "1.3.3": r"kept.*kept.*refused after [\d.e-]+ s of 5 s",
    "1.3.4": r"kept.*not checked.*ended [\d.e-]+ s after the last frame, of 2 s",
    "1.4.1": r"not checked.*not checked.*nothing",
}


def test_the_criteria_do_not_run_once_more_where_another_server_is_named(
    tmp_path: Path, real_server: Callable[..., str]
) -> None:
    url = ("-D", f"focus_server_url={real_server()}", "-D", "second_dialect=production")
    run = behave(tmp_path, *url, "--tags=task-1.3.2", feature="acceptance_criteria/connectivity.feature")
    assert run.returncode == 0, wrong(run)
    assert scenarios(run.stdout, "passed") == 1 + 1
    assert "in the dialect of" not in run.stdout


def test_what_one_dialect_alone_has_is_shown_with_a_server_that_speaks_it(tmp_path: Path) -> None:
    chosen = ("--name", "changed places", "--name", "leaves a sensor out")
    for settings, shown in ((["second_dialect=production"], 2), (["dialect=production"], 1), ([], 1)):
        defined = [word for setting in settings for word in ("-D", setting)]
        run = behave(tmp_path, *defined, *chosen, feature="selftest")
        assert run.returncode == 0, wrong(run)
        assert scenarios(run.stdout, "passed") == shown + 1, run.stdout


def test_what_is_wrong_in_the_second_dialect_alone_is_told(tmp_path: Path) -> None:
    limits = ("-D", "second_dialect=production", "-D", "refusal_within=0.0000001", "--tags=task-1.3.3")
    run = behave(tmp_path, *limits, feature="acceptance_criteria/connectivity.feature")
    assert run.returncode == 1, run.stdout
    assert scenarios(run.stdout, "failed") == 2, run.stdout
