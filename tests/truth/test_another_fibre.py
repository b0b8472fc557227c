"""A recording that is not what the server plays stops the run: nothing is judged by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.errors import NotReadyError
from support.server.embedded import EmbeddedServer
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from tests.truth.past import BEGIN, noise, write


@pytest.mark.parametrize(
    ("channels", "prr", "begin", "words"),
    [
        (3, 2000, BEGIN, "is of another fibre: it has 3 channels, and the server 2222"),
        (2222, 1990, BEGIN, "is of another fibre: its PRR is 1990 Hz, and the server says 2000 Hz"),
        (2222, 2000, BEGIN - 10**8, "it has recorded nothing from 2022-10-31 14:13:20 to"),
    ],
)
def test_it_is_told_what_is_wrong(
    embedded: EmbeddedServer, tmp_path: Path, channels: int, prr: int, begin: int, words: str
) -> None:
    path = write(tmp_path / "fibre.h5", [(begin, noise(0.01, channels, prr))], prr)
    settings = Settings(focus_server_url=embedded.rest_url, recording=path)
    with pytest.raises(NotReadyError) as caught:
        ServerUnderTest(settings)
    assert words in str(caught.value)
