"""The words of others: true where they are used, harmless where they are told."""

import pickle
from html import escape
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.datastream_pb2 import StreamRequest
from support.errors import RemoteError
from support.wording import Words, legible, short

UNSEEN = "\0\t\n\r\x1b\x7f\x85\x9b\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff"
NO_CHARACTERS = "\ud800\udfff\ufdd0\ufffe\uffff\U0001fffe\U0010ffff\U000e0041"


@pytest.mark.parametrize("character", UNSEEN + NO_CHARACTERS)
def test_what_nobody_sees_is_told_as_an_escape(character: str) -> None:
    words = Words(f"a{character}b")
    escaped = ascii(character)[1:-1]
    assert str(words) == f"{words}" == f"{words:s}" == "%s" % words == f"a{escaped}b"  # noqa: UP031 - as logging does
    assert repr(words) == f"'a{escaped}b'"
    assert str(RemoteError(f"it says {character}")) == f"it says {escaped}"


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_is_said_can_be_written_into_a_file_of_any_kind(text: str) -> None:
    for told in (legible(text), str(Words(text)), repr(Words(text)), str(RemoteError(text))):
        told.encode()
        ElementTree.fromstring(f"<told>{escape(told)}</told>")


@pytest.mark.parametrize("text", ["12-70788", "שלום", "😀", "naïve café", "C:\\a", "a/b c"])
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert (str(Words(text)), repr(Words(text)), legible(text)) == (text, repr(text), text)


def test_lines_and_the_joints_of_an_emoji_stay_in_a_text() -> None:
    assert legible("a\n\tb 👩\u200d🚀\r\x1b[A") == "a\n\tb 👩\u200d🚀\\r\\x1b[A"


def test_what_is_long_is_cut_and_says_how_much() -> None:
    assert short("x" * 12, 10) == "xxxxxxxxxx… and 2 more characters"
    assert str(Words("\0" * 12, 10)) == r"\x00" * 10 + "… and 2 more characters"
    assert repr(Words("x" * 11, 10)) == "'xxxxxxxxxx'… and 1 more character"
    sentence = str(RemoteError("x" * 100_000, details="y" * 100_000))
    assert sentence.endswith("… and 96000 more characters")


def test_what_is_told_in_short_is_used_in_full() -> None:
    true = "\x1b\u202e" + "x" * 1000
    words = Words(true)
    assert words == true
    assert {true, words} == {true}
    assert pickle.loads(pickle.dumps(words)) == true
    assert quote(words) == quote(true)
    assert StreamRequest(job_id=words) == StreamRequest(job_id=true)
