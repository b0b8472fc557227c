"""What it takes to see a failure again, without the run that it is of: commands, requests, answers and all findings."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

from support.address import without_password
from support.contract import JobRequest
from support.screen.job import Job
from support.screen.refusals import Refusal
from support.screen.streamed import Streamed
from support.security import Trust
from support.settings import Settings
from support.settings_sources import PREFIX

_ENDS = 4
"""Of a long list in an answer, so many from either end."""


def evidence(
    location: str,
    settings: Settings,
    url: str,
    jobs: Sequence[Job],
    streams: Sequence[Streamed],
    refusal: Refusal | None,
    captures: Sequence[Path],
    log: str = "",
) -> str:
    """A text for people; secrets are hidden.

    Args:
        location: of the scenario, as behave takes it.
        settings: that it had.
        url: of the server that it met.
        jobs: that it asked for.
        streams: that it opened.
        refusal: the newest of a request that had to be refused.
        captures: of its streams.
        log: of the server, of that time.
    """
    told = [f"This scenario alone:\n  {_behave(location, settings)}", *_variables()]
    told += [
        f"Its stream again, without a server:\n  python -m support.replay {shlex.quote(str(it))}" for it in captures
    ]
    if captures:
        files = shlex.join(part for it in captures for part in ("--replay", str(it)))
        told.append(f"A server of what came, for -D focus_server_url=...:\n  python -m support.simulator {files}")
    told += ["\n".join(_found(what, findings)) for what, findings in _findings(jobs, streams) if findings]
    for job in jobs:
        told.append(f"{job}\n  {_curl(url, job.request, settings)}\n  answered, as it was read: {_answer(job)}")
    if refusal is not None and refusal.request is not None:
        told.append(f"A request that had to be refused\n  {_curl(url, refusal.request, settings)}\n  {refusal.error}")
    if log:
        secret = settings.token.get_secret_value() if settings.token else ""
        hidden = log.replace(secret, "***") if secret else log
        told.append(f"What the server logged meanwhile:\n{indent(hidden.rstrip(), '  ')}")
    return "\n\n".join(told) + "\n"


def _behave(location: str, settings: Settings) -> str:
    given = settings.given | {"dialect": settings.dialect}
    return shlex.join(["behave", location, *(part for key, text in given.items() for part in ("-D", f"{key}={text}"))])


def _variables() -> Iterator[str]:
    """Those that settings of the run may have come from; their values may be secrets."""
    names = sorted(name for name in os.environ if name.startswith(PREFIX))
    if names:
        yield f"with these variables as they were: {', '.join(names)}"


def _curl(url: str, request: JobRequest, settings: Settings) -> str:
    """The request of ``/configure``, as a shell sends it; a token is taken from FOCUS_TOKEN."""
    command = ["curl", "-X", "POST", f"{without_password(url)}/configure", "-H", "Content-Type: application/json"]
    if settings.tls_ca_file is not None:
        command += ["--cacert", str(settings.tls_ca_file)]
    elif settings.tls in (Trust.PIN, Trust.FIRST_USE):
        command.append("--insecure")
    if settings.tls_client_certificate is not None:
        command += ["--cert", str(settings.tls_client_certificate), "--key", str(settings.tls_client_key)]
    token = ' -H "Authorization: Bearer $FOCUS_TOKEN"' if settings.token is not None else ""
    return shlex.join([*command, "-d", json.dumps(request.body())]) + token


def _answer(job: Job) -> str:
    """The answer of ``/configure``; of what is long in it the beginning and the end: captures have all of it."""
    answer = job.answer.model_dump(exclude={"unreadable"})
    return json.dumps({name: _short(value) for name, value in answer.items()})


def _short(value: Any) -> Any:
    left_out = len(value) - 2 * _ENDS if isinstance(value, list | dict) else 0
    if left_out <= 0:
        return value
    more = f"{left_out} more"
    if isinstance(value, dict):
        items = list(value.items())
        return dict([*items[:_ENDS], ("...", more), *items[-_ENDS:]])
    return [*value[:_ENDS], more, *value[-_ENDS:]]


def _findings(jobs: Sequence[Job], streams: Sequence[Streamed]) -> Iterator[tuple[str, list[str]]]:
    """What was found, by what it was found about."""
    for job in jobs:
        yield f"Found in the answer about {job}", [f"{finding.rule}: {finding}" for finding in job.findings]
    for stream in streams:
        found = [f"{finding.rule}: {finding}" for finding in stream.verdict.findings()]
        left_out = stream.verdict.left_out()
        yield f"Found in the stream of {stream}", found + ([f"and {left_out:,} more like these"] if left_out else [])


def _found(what: str, findings: Sequence[str]) -> list[str]:
    return [what, *(f"  - {finding}" for finding in findings)]
