"""What an entry explains, and what it does not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from support.defects.known import KnownDefect, KnownDefects, known_defects, read
from support.errors import SettingsError
from support.validation.finding import Finding, Topic

TODAY = date(2026, 11, 27)

DEAD = Finding("sensors alive", Topic.MEASUREMENTS, "sensor 5 holds the same values since row 3")


def entry(**given: object) -> KnownDefect:
    """An entry about a dead sensor, but for what is given."""
    usual = {"key": "FOCUS-1", "promise": "sensors alive", "says": "sensor 5 holds", "version": "4.*"}
    return KnownDefect.model_validate(usual | {"reason": "a broken fibre", "since": date(2026, 1, 1)} | given)


def known(*entries: KnownDefect) -> KnownDefects:
    return KnownDefects(entries, TODAY)


def test_a_finding_is_known_by_its_rule_and_its_words() -> None:
    defects = known(entry())
    assert defects.of_finding(DEAD) == entry()
    assert not defects.is_known(Finding("sensors alive", Topic.MEASUREMENTS, "sensor 6 holds the same values"))
    assert not defects.is_known(Finding("no twin sensors", Topic.MEASUREMENTS, DEAD.sentence))


def test_a_failure_is_known_where_every_problem_in_it_is() -> None:
    title = "A job that cannot be is refused: a screen without lines"
    defects = known(entry(promise=title, says="was accepted, not refused"))
    assert defects.of_failure(f"{title} -- @1.7 ", "a screen without lines was accepted, not refused")
    assert not defects.of_failure("A job that cannot be is refused: a band", "a band was accepted, not refused")
    assert not defects.of_failure(title, "the answer is 500")
    assert defects.of_failure(
        title, "2 problems:\n  - one was accepted, not refused\n  - two was accepted, not refused"
    )
    assert not defects.of_failure(title, "2 problems:\n  - one was accepted, not refused\n  - two is another")
    assert not defects.of_failure(title, "9 problems:\n  - one was accepted, not refused\n  - and 8 more")


def test_it_counts_to_its_last_day_and_not_beyond() -> None:
    assert known(entry(until=TODAY)).is_known(DEAD)
    late = known(entry(until=date(2026, 11, 26)))
    assert not late.is_known(DEAD)
    assert [defect.key for defect in late.overdue] == ["FOCUS-1"]
    assert "counts no more" in str(late)


def test_two_entries_that_tell_of_the_same_have_both_been_seen() -> None:
    first, second = entry(), entry(key="FOCUS-2", says="holds the same values")
    defects = known(first, second)
    assert defects.of_finding(DEAD) == first
    assert defects.seen == [first, second]


def test_what_was_looked_for_and_did_not_show_is_told() -> None:
    title = "A job id is never given twice"
    ids, values = entry(key="FOCUS-2", promise=title), entry()
    defects = known(ids, values)
    assert defects.missed == []
    defects.has_ended(title, judged=False)
    assert defects.missed == [ids]
    defects.has_ended("another", judged=True)
    assert defects.missed == [ids, values]
    assert defects.is_known(DEAD)
    assert (defects.seen, defects.missed) == ([values], [ids])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"promise": "Job configuration"}, "a whole feature"),
        ({"promise": "*"}, "at least 3 characters"),
        ({"promise": "sensors *"}, "would fit several"),
        ({"promise": "A job that cannot be is refused: <mistake>"}, "would fit several"),
        ({"says": ""}, "at least 8 characters"),
        ({"says": "a        "}, "fits nearly everything"),
        ({"version": None}, "server or version"),
        ({"version": "*"}, "fits nearly everything"),
        ({"version": None, "server": "http*://*"}, "fits nearly everything"),
        ({"until": date(2025, 1, 1)}, "is before since"),
        ({"since": "soon"}, "date"),
        ({"reason": ""}, "at least 8 characters"),
        ({"issue": "FOCUS-3"}, "not permitted"),
    ],
)
def test_what_would_match_too_much_is_refused(tmp_path: Path, given: dict[str, object], why: str) -> None:
    usual = entry().model_dump(mode="json") | given
    file = tmp_path / "known_defects.yaml"
    file.write_text("- " + "\n  ".join(f"{key}: {_yaml(value)}" for key, value in usual.items()), "utf-8")
    with pytest.raises(SettingsError, match=why) as refusal:
        read(file)
    assert str(file) in str(refusal.value)
    assert "entry 1" in str(refusal.value)


def _yaml(value: object) -> str:
    return "null" if value is None else f"'{value}'"


@pytest.mark.parametrize(
    "content",
    [
        "a word",
        "key: FOCUS-1",
        "[",
        "- 3",
        "- key: 7",
        "- {}",
        "- {key: FOCUS-1, key: FOCUS-2}",
        "- {since: 2026-13-45}",
        "- !!python/name:os.system ''",
        pytest.param("[" * 5000, id="deep"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "known_defects.yaml"
    file.write_text(content, "utf-8")
    with pytest.raises(SettingsError, match="known defects"):
        read(file)


def test_it_is_of_its_server_or_version_alone(tmp_path: Path) -> None:
    file = tmp_path / "known_defects.yaml"
    file.write_text(
        "- {key: A-1, promise: sensors alive, says: sensor 5 holds, server: 'http://old.example*', "
        "reason: a broken fibre, since: 2026-01-01}\n"
        "- {key: A-2, promise: sensors alive, says: sensor 5 holds, version: '4.*', server: 'http://new.example*', "
        "reason: a broken fibre, since: 2026-01-01}\n",
        "utf-8",
    )

    def keys(url: str, version: str) -> str | None:
        defect = known_defects(file, url, version).of_finding(DEAD)
        return defect.key if defect else None

    assert keys("http://old.example:5000", "3.0") == "A-1"
    assert keys("http://new.example:5000", "4.1") == "A-2"
    assert keys("http://new.example:5000", "5.0") is None
    assert keys("http://other.example:5000", "4.1") is None


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml is not there"):
        known_defects(tmp_path / "none.yaml", "http://any.example", "1")
