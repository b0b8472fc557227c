"""What a scenario attaches arrives beside its steps, as types that the page can show."""

import csv
import io
from pathlib import Path

from tests.reporting.suite import run_behave, write_suite

STEPS = """
from behave import step
from support.reporting.attachments import attach_metrics, attach_picture

@step("it streams")
def _(context):
    attach_metrics({"Frames": 10, "Throughput": '13.2 MB/s, "steady", 1,234.5', "Latency": "11 ms\\n35 ms"})
    attach_picture("Waterfall of channel 7", b"\\x89PNG")
"""
FEATURE = "Feature: F\n  Scenario: S\n    When it streams\n"


def test_metrics_and_waterfall_belong_to_the_step_that_attached_them(tmp_path: Path) -> None:
    run = run_behave(write_suite(tmp_path, steps=STEPS, f=FEATURE))
    metrics, picture = run.by_name["S"]["steps"][0]["attachments"]
    assert (metrics["name"], metrics["type"]) == ("Stream metrics", "text/csv")
    assert list(csv.reader(io.StringIO((run.results / metrics["source"]).read_text("utf-8")))) == [
        ["Metric", "Value"],
        ["Frames", "10"],
        ["Throughput", '13.2 MB/s, "steady", 1,234.5'],
        ["Latency", "11 ms\n35 ms"],
    ]
    assert (picture["name"], picture["type"]) == ("Waterfall of channel 7", "image/png")
    assert (run.results / picture["source"]).read_bytes().startswith(b"\x89PNG")


LEAVING = """
from support.reporting.attachments import report_left_behind

def before_all(context):
    context.add_cleanup(report_left_behind, "2 jobs on the server: 0-1, 1-2")
"""


def test_what_a_run_leaves_behind_belongs_to_the_run(tmp_path: Path) -> None:
    run = run_behave(write_suite(tmp_path, steps=STEPS, environment=LEAVING, f=FEATURE))
    assert run.exit_code == 0
    assert run.attachments == {"Left behind": "2 jobs on the server: 0-1, 1-2"}
