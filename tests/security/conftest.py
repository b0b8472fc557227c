"""Servers for the whole session: none of these tests changes one."""

from collections.abc import Callable, Iterator

import pytest

from support.server.embedded import EmbeddedServer
from tests.security.servers import Told

ServerWith = Callable[..., Told]


@pytest.fixture(scope="session")
def server_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerWith]:
    """Starts an embedded server with these options, once, and answers its ready line."""
    running: dict[tuple[str, ...], EmbeddedServer] = {}

    def start(*options: str) -> Told:
        if options not in running:
            log_file = tmp_path_factory.mktemp("secure") / "simulator.log"
            running[options] = EmbeddedServer(options, log_file=log_file)
        return running[options].told

    yield start
    for server in running.values():
        server.stop()
