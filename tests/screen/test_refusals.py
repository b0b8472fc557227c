"""What must be refused: the refusal is kept with its time, and none at all is the server's failure."""

from __future__ import annotations

import pytest

from support.errors import APIError, ConnectionError
from support.screen.refusals import refusal_of


def refuses() -> None:
    raise APIError("job 7 is not known")


def test_a_refusal_is_kept() -> None:
    refusal = refusal_of("job 7", refuses, "7")
    assert (str(refusal.error), refusal.job_id) == ("job 7 is not known", "7")
    assert 0 <= refusal.seconds < 1


def test_what_is_accepted_is_named() -> None:
    with pytest.raises(AssertionError, match="job 7 was accepted, not refused"):
        refusal_of("job 7", lambda: None)


def test_a_broken_connection_is_no_refusal() -> None:
    def breaks() -> None:
        raise ConnectionError("disconnected")

    with pytest.raises(ConnectionError):
        refusal_of("job 7", breaks)
