"""A process that streams one job for some seconds, and tells what the rules say: for tests that stop it meanwhile.

    python -m tests.screen.streams_once URL SECONDS

It says ``streaming`` in mid-stream, and then one line of JSON.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing

from support.focus_server_api import FocusServerAPI
from support.screen.job import live_job_request
from support.screen.window import open_window
from support.settings import Settings

SETTINGS = Settings(max_pause=1.5, data_age_within=2, frame_rate_above=5)
"""So lenient that a busy machine keeps them, and so strict that three seconds break them."""


def main(url: str, seconds: float) -> None:
    with FocusServerAPI(url) as api:
        fibre = api.live_metadata()
        request = live_job_request(SETTINGS, fibre, api.channels())
        with open_window(SETTINGS, api, request, fibre.prr) as window:
            window.connect()
            with closing(window.stream()) as blocks:
                for block in blocks:
                    if 10 in block.indexes:
                        print("streaming", flush=True)  # noqa: T201 - for the test that waits for it
                    if block.elapsed[-1] > seconds:
                        break
    verdict = window.verdict
    assert verdict is not None
    told = {
        "findings": [str(finding) for finding in verdict.findings()],
        "doubts": [str(finding) for finding in verdict.doubts],
        "standstill": verdict.standstill,
    }
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
