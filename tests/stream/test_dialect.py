"""A schema is one room's business: nothing else on the way of a frame knows it."""

from __future__ import annotations

from support import ROOT

STREAM = ROOT / "support" / "stream"


def test_only_the_room_of_a_dialect_knows_its_messages() -> None:
    outside = [path for path in STREAM.glob("*.py") if "from protos" in path.read_text("utf-8")]
    assert outside == []
    for room in ("story", "production"):
        assert any("from protos" in path.read_text("utf-8") for path in (STREAM / room).glob("*.py"))
