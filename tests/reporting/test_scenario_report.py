"""What happened in a scenario is attached to it where there is a report, and said on the console where it has to be."""

from __future__ import annotations

from support.baseline.comparison import FIGURES, Compared
from support.baseline.sample import Sample
from support.contract import JobRequest
from support.errors import APIError
from support.reporting.scenario_report import Happened, Report
from support.screen.many import Windows
from support.screen.refusals import Refusal
from support.settings import Settings
from tests.reporting.conftest import Attached

REQUEST = JobRequest(
    channels_min=0,
    channels_max=10,
    nfft=1024,
    frequency_min=0,
    frequency_max=500,
    display_duration=10,
    display_height=1000,
)


def streamed_windows(seconds: float, count: int = 3) -> Windows:
    windows = Windows(Settings(), "http://127.0.0.1:9", [REQUEST] * count, prr=2000.0)
    windows.seconds = seconds
    return windows


def test_the_figures_of_windows_are_kept_for_the_console() -> None:
    report = Report(attaches=False)
    report.tell("Thirty windows", Happened(windows=streamed_windows(2.0)))
    (figures,) = report.figures
    assert figures.splitlines()[:2] == ["Thirty windows", "  windows: 3, streamed for 2 s"]


def test_two_windows_are_no_load_to_tell_of() -> None:
    report = Report(attaches=False)
    report.tell("Two clients", Happened(windows=streamed_windows(2.0, count=2)))
    assert report.figures == []


def test_windows_that_never_streamed_have_no_figures() -> None:
    report = Report(attaches=False)
    report.tell("Thirty windows", Happened(windows=streamed_windows(0.0)))
    assert report.figures == []


def test_nothing_is_attached_without_a_report(attached: Attached) -> None:
    Report(attaches=False).tell("A refusal", Happened(refusal=Refusal(APIError("no such job"), 0.01)))
    assert attached == {}


def test_nothing_is_attached_where_nothing_happened(attached: Attached) -> None:
    Report(attaches=True).tell("Nothing", Happened())
    assert attached == {}


def test_all_that_happened_is_attached(attached: Attached) -> None:
    happened = Happened(
        windows=streamed_windows(2.0),
        refusal=Refusal(APIError("no such job"), 0.01),
        recorded=[Sample(0.01, 0.02, 0.05, 0.1)],
        compared=[Compared(FIGURES[0], 0.01, 0.02, 0.5)],
    )
    Report(attaches=True).tell("All", happened)
    assert list(attached) == [
        "Load",
        "Windows",
        "Refusal",
        "New baseline",
        "Compared with the baseline",
        "Compared with the baseline as JSON",
    ]
    assert attached["Refusal"] == "Metric,Value\nafter,10.0 ms\nanswer,no such job\n"
