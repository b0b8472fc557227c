"""What the report shows of a comparison with the baseline: then, now, and what that means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from support.baseline.comparison import FIGURES, Compared
from support.baseline.sample import Sample
from support.reporting.attachments import as_table, attach_json, attach_table


def report_comparison(compared: Sequence[Compared]) -> None:
    """Attaches a row for each figure, and the same as JSON."""
    attach_table(comparison_table(compared), "Compared with the baseline")
    attach_json([asdict(one) | {"verdict": one.verdict} for one in compared], "Compared with the baseline as JSON")


def report_recorded(samples: Sequence[Sample]) -> None:
    """Attaches the samples of a new baseline."""
    rows = [(f.title, ", ".join(f"{getattr(s, f.name) * 1000:.1f} ms" for s in samples)) for f in FIGURES]
    attach_table(as_table([("Figure", "Samples"), *rows]), "New baseline")


def comparison_table(compared: Sequence[Compared]) -> str:
    """The medians then and now, their ratio, the chance and the verdict, as CSV."""
    return as_table(
        [
            ("Figure", "Baseline", "Now", "Ratio", "Chance", "Verdict"),
            *(
                (
                    one.figure.title,
                    f"{one.baseline * 1000:.1f} ms",
                    f"{one.now * 1000:.1f} ms",
                    "none" if one.ratio is None else f"{one.ratio:.2f}",
                    f"{one.chance:.3f}",
                    one.verdict,
                )
                for one in compared
            ),
        ]
    )
