"""What a run leaves behind is said, and nothing is said where nothing is left."""

from __future__ import annotations

import socket
import threading

from support.machine.leftovers import Process


def test_a_connection_that_stays_is_named() -> None:
    process = Process()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"

        assert process.left(patience=0) == [f"1 connection of this process: {address}"]
    assert process.left() == []


def test_other_peoples_threads_do_not_count() -> None:
    enough = threading.Event()
    thread = threading.Thread(target=enough.wait, name="somebody else's")
    thread.start()

    assert Process().left(patience=0) == []
    enough.set()
    thread.join()
