"""What Locust runs: on every machine, as master, as worker, or as both in one.

gRPC waits for every running call in a thread of gevent's pool. That pool has ten threads, so that more streams than a
few would take turns on a worker, a fifth of a second each: it is made large enough here, before the first channel.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import gevent
from grpc.experimental.gevent import init_gevent
from locust import events, runners
from locust.env import Environment
from locust.runners import Runner, WorkerRunner

_POOL_THREADS = 512
"""At most, and made only as they are needed: two for each window, one for its stream and one for its channel."""

gevent.get_hub().threadpool.maxsize = _POOL_THREADS
init_gevent()  # Locust has patched the standard library; gRPC comes after that and before its first object

from load.collector import LEAVE, Collector  # noqa: E402
from load.user import HERE, WindowUser  # noqa: E402
from support.address import without_password  # noqa: E402
from support.errors import FocusError  # noqa: E402
from support.focus_server_api import FocusServerAPI  # noqa: E402
from support.settings_sources import load  # noqa: E402

runners.WORKER_REPORT_INTERVAL = 1.0  # seconds; as fresh as Locust's page, which asks every other second

_STOP_SECONDS = 10.0
"""For a user that is taken away while others stay: its window closes with its next frame."""

try:
    _SETTINGS = load({}, os.environ)
    _SERVER = _SETTINGS.focus_server_url
    if _SERVER is None:
        sys.exit("FOCUS_SERVER_URL is not set: name the server under test, or use `make load`, which starts one")
    _API = FocusServerAPI(_SERVER, timeout=_SETTINGS.rest_timeout, security=_SETTINGS.security)
except FocusError as error:
    sys.exit(str(error))


class Operator(WindowUser):
    """A window on the server under test."""

    settings = _SETTINGS
    api = _API


def _prepare(environment: Environment, runner: Runner, web_ui: Any, **_: Any) -> None:
    """Connects the windows of this process, or the collector of the master, with Locust's events."""
    environment.host = without_password(str(_SERVER))
    environment.stop_timeout = environment.stop_timeout or _STOP_SECONDS
    on = environment.events
    if isinstance(runner, WorkerRunner):
        on.test_start.add_listener(lambda **_: HERE.begin())
        on.report_to_master.add_listener(lambda data, **_: data.update(windows=HERE.report()))
        runner.register_message(LEAVE, lambda **_: setattr(HERE, "leaving", True))
        return
    collector = Collector(environment)
    on.test_start.add_listener(collector.begin)
    on.test_start.add_listener(lambda **_: HERE.begin())
    on.worker_report.add_listener(collector.gather)
    on.test_stopping.add_listener(collector.close_windows)
    on.quitting.add_listener(collector.judge)
    # Python's own handler interrupts whichever greenlet runs, and some of Locust's go on as if nothing had happened.
    gevent.signal_handler(signal.SIGINT, gevent.get_hub().parent.throw, KeyboardInterrupt)
    environment.process_exit_code = 1  # until the run has been judged
    if web_ui is not None:
        collector.extend(web_ui)


events.init.add_listener(_prepare)
