"""What a scenario hands to the report beside its outcome: the numbers of its stream and a picture of what it received.

Inside a scenario these belong to its result; outside any, to the run.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence

import allure
from allure_commons.types import AttachmentType


def attach_metrics(metrics: Mapping[str, object], title: str = "Stream metrics") -> None:
    """Attaches a small table of names and values, in the order given; values are shown as ``str`` gives them.

    As CSV, which Allure's page shows as a table of its own; HTML it would squeeze into a frame that scrolls.
    """
    attach_table(as_table([("Metric", "Value"), *metrics.items()]), title)


def as_table(rows: Iterable[Sequence[object]]) -> str:
    """Rows of cells, the first row the head, as CSV."""
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(rows)
    return table.getvalue()


def attach_table(table: str, title: str) -> None:
    """Attaches what ``as_table`` made."""
    allure.attach(table, name=title, attachment_type=AttachmentType.CSV)


def attach_json(content: object, title: str) -> None:
    """Attaches data for programs."""
    allure.attach(json.dumps(content, indent=1), name=title, attachment_type=AttachmentType.JSON)


def attach_text(text: str, title: str) -> None:
    """Attaches lines for people."""
    allure.attach(text, name=title, attachment_type=AttachmentType.TEXT)


def attach_picture(title: str, picture: bytes) -> None:
    """Attaches a picture, PNG."""
    allure.attach(picture, name=title, attachment_type=AttachmentType.PNG)


def attach_links(address: Callable[[str], str], kind: str, keys: Iterable[str]) -> None:
    """Links keys of issues, where they lead anywhere.

    Args:
        address: of a key; empty: it leads nowhere.
        kind: what it is to Allure: issue or tms.
        keys: of the issues.
    """
    for key in keys:
        if address(key):
            allure.dynamic.link(address(key), link_type=kind, name=key)  # type: ignore[no-untyped-call]


def report_run_stopped(reason: str) -> None:
    """Says why the run cannot go on: scenarios that never run are then broken for this reason, and the page names it.

    For the environment: call it in before_all, before raising or aborting.
    """
    allure.global_error(reason)


def report_remark(sentence: str) -> None:
    """Says what is no finding, and worth a word."""
    allure.global_attach(sentence, name="Remark", attachment_type=AttachmentType.TEXT)


def report_truth(sentence: str) -> None:
    """Says what of the past was compared with a recording, how the server makes rows, and with what margin."""
    allure.global_attach(sentence, name="Compared with the recording", attachment_type=AttachmentType.TEXT)


def report_schema(table: Sequence[Sequence[str]]) -> None:
    """Shows how the server's schema compares with the one that is spoken: rows of cells, the first row the head."""
    allure.global_attach(as_table(table), name="Schema of the server", attachment_type=AttachmentType.CSV)


def report_left_behind(sentence: str) -> None:
    """Says that the run left something behind; its scenarios are what they are."""
    allure.global_attach(sentence, name="Left behind", attachment_type=AttachmentType.TEXT)
