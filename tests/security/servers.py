"""Embedded servers with every kind of certificate, and jobs on them, whatever they think of clients."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any

from support.contract import JobRequest
from tests.patience import PATIENCE

Told = Mapping[str, str]
"""The ready line of an embedded server."""


def configure(told: Told, authorization: str = "") -> dict[str, Any]:
    """A job, asked for by a client that trusts everybody and has every certificate."""
    context = None
    if told["rest_url"].startswith("https"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if "client_key" in told:
            context.load_cert_chain(told["client_certificate"], told["client_key"])
    request = urllib.request.Request(
        told["rest_url"] + "/configure",
        json.dumps(JobRequest(channels_min=0, channels_max=1).body()).encode(),
        {"Content-Type": "application/json", "Authorization": authorization},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with direct.open(request, timeout=PATIENCE) as answer:
        job: dict[str, Any] = json.load(answer)
        return job
