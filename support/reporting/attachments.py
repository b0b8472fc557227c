"""What a scenario hands to the report beside its outcome: the numbers of its stream and a picture of what it received.

Inside a scenario these belong to its result; outside any, to the run.
"""

from collections.abc import Mapping
from html import escape

import allure
import numpy as np
from allure_commons.types import AttachmentType

from support.reporting.pictures import waterfall

_TABLE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 8px; color: #1a1a1a; background: #fff; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: 3px 16px 3px 8px; border-bottom: 1px solid #ddd; text-align: left; font-weight: normal; }}
td {{ font-variant-numeric: tabular-nums; font-weight: 600; }}
</style></head><body><table>
{rows}
</table></body></html>
"""


def attach_metrics(metrics: Mapping[str, object], title: str = "Stream metrics") -> None:
    """Attach a small table of names and values, in the order given; values are shown as `str` gives them."""
    rows = "\n".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>" for name, value in metrics.items()
    )
    page = _TABLE.format(title=escape(title), rows=rows)
    allure.attach(page, name=title, attachment_type=AttachmentType.HTML)


def attach_waterfall(
    starts: np.ndarray,
    frequencies: np.ndarray,
    magnitudes: np.ndarray,
    *,
    channel: int | str,
    title: str | None = None,
) -> None:
    """Attach the waterfall of one channel as a picture.

    Args:
        starts: start of each row, epoch ms, int64, shape (rows,).
        frequencies: Hz, shape (bins,).
        magnitudes: linear, shape (rows, bins); empty, zero and non-finite values are shown as such.
        channel: number of the channel, for the title.
        title: name of the attachment and head of the picture; "Waterfall of channel N" when None.

    Raises:
        ValueError: the shapes do not fit one another.
    """
    name = title or f"Waterfall of channel {channel}"
    allure.attach(waterfall(starts, frequencies, magnitudes, title=name), name=name, attachment_type=AttachmentType.PNG)


def report_run_stopped(reason: str) -> None:
    """Say why the run cannot go on: scenarios that never run are then broken for this reason, and the page names it.

    For the environment: call it in before_all, before raising or aborting.
    """
    allure.global_error(reason)
