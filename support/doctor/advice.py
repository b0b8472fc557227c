"""What to do about a sentence, as docs/TROUBLESHOOTING.md says it. Any Python can read this."""

from __future__ import annotations

import re

from support import ROOT

_PAGE = ROOT / "docs" / "TROUBLESHOOTING.md"


def advice(sentence: str) -> str:
    """The paragraph under the heading that fits the sentence best; empty where none fits."""
    fitting = [(len(heading), text) for heading, text in _advices() if _fits(heading, sentence)]
    return max(fitting, default=(0, ""))[1]


def _fits(heading: str, sentence: str) -> bool:
    return re.search(".*".join(map(re.escape, heading.split("…"))), sentence, re.DOTALL) is not None


def _advices() -> list[tuple[str, str]]:
    """Every heading, and what stands under its quotes."""
    found = []
    for part in re.split(r"^### ", _PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        said = re.sub(r"```.*?```", "", body.partition("\n## ")[0], flags=re.DOTALL)
        text = " ".join(re.sub(r"\[(.+?)\]\((.+?)\)", r"\1 (docs/\2)", said).split())
        found += [(heading, text) for heading in re.findall(r"`(.+?)`", head)]
    return found
