"""Settings and baselines, however they are typed, damaged or made up: they are taken, or refused in a sentence.

100 inputs of each kind in every run; ``pytest tests/hostile/test_files.py --hypothesis-profile=thorough`` tries 10,000.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.baseline.baseline import Baseline, find, read
from support.baseline.circumstances import Circumstances
from support.baseline.sample import Sample
from support.errors import BaselineError, SecurityError, SettingsError
from support.settings import Settings
from support.settings_sources import ENVIRONMENTS, load
from tests.baseline.test_baseline import HERE, samples

KEYS = st.sampled_from(sorted(Settings.model_fields))
TAGS = st.sampled_from(
    ["int", "float", "bool", "null", "str", "binary", "timestamp", "set", "omap", "seq", "map", "merge", "python/tuple"]
)
SCALARS = st.sampled_from(
    [
        *('""', "~", "yes", "off", "0", "-1", "1e400", "-.inf", ".nan", "2026-13-45", "2026-11-25", "0x", "1_", "1:99"),
        *("'\\0'", '"\\ud83d"', '"\\x1b[2J"', '"é"', "🜁", "<<", "=", "*a", "&a", "[]", "{}", "[1, 2]", "{a: b}", "- x"),
        *(
            "? x",
            "|",
            ">",
            "%",
            "@",
            "!",
            "!!",
            "#",
            "http://[",
            "http://h:99999",
            "https://u:p@h",
            "AB:CD",
            "ca",
            "pin",
        ),
        *("9" * 5000, "0x" + "f" * 5000, "[" * 5000, "- " * 5000, "x" * 5000, "1:" * 1000 + "1"),
    ]
)
VALUES = SCALARS | st.text() | st.integers().map(str) | st.floats().map(str) | st.binary().map(repr)
TYPED = st.one_of(VALUES, st.builds("!!{} {}".format, TAGS, VALUES), st.builds("&a {}".format, VALUES))
LINES = st.lists(st.builds("{}: {}\n".format, KEYS | st.text(), TYPED) | st.text() | TYPED, max_size=5).map("".join)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers() | st.none(), inner),
)
LIKE_SETTINGS = st.dictionaries(KEYS | st.text(), PLAIN, max_size=4).map(
    lambda told: yaml.dump(told, allow_unicode=True)
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-32"])


def written(text: str, encoding: str) -> bytes:
    return text.encode(encoding, errors="replace" if encoding == "latin-1" else "surrogatepass")


def damaged(text: bytes, at: int, length: int, put: bytes) -> bytes:
    at %= len(text) + 1
    return text[:at] + put + text[at + length :]


DAMAGE = {"at": st.integers(0, 10_000), "length": st.integers(0, 60), "put": TYPED.map(str.encode) | st.binary()}
MADE_UP = st.one_of(st.builds(written, LINES, ENCODINGS), st.builds(written, LIKE_SETTINGS, ENCODINGS), st.binary())
EXAMPLE = st.just((ENVIRONMENTS / "example.yaml").read_bytes())


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files") / "any.yaml"


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Baseline(HERE, samples()).write(tmp_path_factory.mktemp("baseline")).read_bytes()


def use(userdata: dict[str, str], environ: dict[str, str], folder: Path) -> None:
    """Settings, where they are taken, as a run uses them before it begins."""
    with suppress(SettingsError):
        told = load(userdata, environ, folder)
        assert set(told.described()) >= set(told.model_dump(exclude_none=True))
        assert told.limits
        with suppress(SecurityError):
            assert told.security


@given(content=MADE_UP)
def test_settings_in_a_made_up_file(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    use({"environment": file.stem}, {}, file.parent)


@given(content=st.builds(damaged, EXAMPLE, **DAMAGE))
def test_settings_in_a_damaged_file(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    use({"environment": file.stem}, {}, file.parent)


@given(
    typed=st.dictionaries(KEYS | st.text(), VALUES, max_size=4),
    left=st.dictionaries(KEYS | st.text(), VALUES, max_size=4),
)
def test_settings_that_are_typed_or_lie_around(file: Path, typed: dict[str, str], left: dict[str, str]) -> None:
    use(typed, {f"FOCUS_{key.upper()}": value for key, value in left.items()}, file.parent)


@given(content=MADE_UP)
def test_a_made_up_baseline(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with suppress(BaselineError):
        read(file)


@given(how=st.fixed_dictionaries(DAMAGE))
def test_a_damaged_baseline(file: Path, baseline: bytes, how: Any) -> None:
    file.write_bytes(damaged(baseline, **how))
    with suppress(BaselineError):
        find(HERE, file.parent)


@given(
    place=st.sampled_from(["", "circumstances", "samples"]),
    key=st.sampled_from([*Circumstances.__dataclass_fields__, *Sample.__dataclass_fields__, "format"]) | st.text(),
    value=PLAIN,
)
def test_a_baseline_with_another_value(file: Path, baseline: bytes, place: str, key: str, value: object) -> None:
    content = yaml.safe_load(baseline)
    (content[place] if place else content)[key] = value
    file.write_text(yaml.dump(content), encoding="utf-8")
    with suppress(BaselineError):
        find(HERE, file.parent)
