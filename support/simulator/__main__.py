"""The door ``python -m support.simulator``: one line of JSON when the server is ready, then silence but for the log."""

import asyncio
import errno
import gc
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from support.simulator.certificates import made
from support.simulator.command_line import parse
from support.simulator.options import Options
from support.simulator.ports import HOST
from support.simulator.recording.tape import RecordingError
from support.simulator.server import FocusServer, listen
from support.simulator.watch import when_closed

STDIN = 0  # the descriptor, not sys.stdin, whose lock a waiting thread would hold when the interpreter ends
LAST_RESORT = 1.5  # seconds that an orderly end may take once whoever started the server is gone

log = logging.getLogger("support.simulator")


def main(arguments: Sequence[str]) -> int:
    """Serves until SIGTERM, Ctrl-C or, where asked for, the end of stdin. Returns the exit code."""
    options = parse(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        listener = listen(options.port)
    except OSError as error:
        sys.stderr.write(f"python -m support.simulator: {_refusal(options, error)}\n")
        return 1
    with made(options.tls) as certificates:
        try:
            server = FocusServer(options, listener, certificates)
        except (OSError, RecordingError) as error:
            listener.close()
            words = _no_ports(options, error) if isinstance(error, OSError) else str(error)
            sys.stderr.write(f"python -m support.simulator: {words}\n")
            return 1
        _serve(server, options)
    log.info("over")
    gc.freeze()  # what is left ends with the process: the interpreter would search it for cycles for 0.3 s
    return 0


def _serve(server: FocusServer, options: Options) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn hears both while it serves; it raises them once more when it is done, which must not end us.
        signal.signal(number, lambda *_: server.stop())
    if options.exit_on_stdin_eof:
        when_closed(STDIN, lambda: _leave(server))
    asyncio.run(server.run(on_ready=lambda: _announce(server)))


def _announce(server: FocusServer) -> None:
    ready = {"rest_url": server.rest_url, "dialect": server.dialect, "known_sources": server.known_sources}
    sys.stdout.write(json.dumps(ready | server.for_client) + "\n")
    sys.stdout.flush()
    log.info("ready at %s; active deviations: %s", server.rest_url, server.deviations)


def _leave(server: FocusServer) -> None:
    log.info("stdin closed: whoever started this server is gone")
    last_resort = threading.Timer(LAST_RESORT, _end_at_once, (server,))
    last_resort.daemon = True
    last_resort.start()
    server.stop()


def _end_at_once(server: FocusServer) -> None:
    server.remove_files()
    os._exit(0)


def _refusal(options: Options, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {options.port} of {HOST} is in use; choose another, or 0 for any free one"
    return f"cannot listen on port {options.port} of {HOST}: {error.strerror}"


def _no_ports(options: Options, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        last = options.port_base + options.windows - 1
        return f"one of the ports {options.port_base} to {last} of {HOST} is in use; choose another --port-base, or 0"
    return f"there are no ports for jobs: {error}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
