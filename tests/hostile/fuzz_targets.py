"""What fuzzing calls with bytes: an answer of the REST side, or a message of the stream, on its way to a verdict.

Nothing but a typed error or a judgement may come out; anything else is raised. What was seen is counted.
"""

from __future__ import annotations

import json
import math
import socket
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import requests
from google.protobuf.message import Message
from requests.adapters import BaseAdapter, HTTPAdapter

from support.contract import ChannelRange, JobAnswer, JobMetadata, JobRequest, LiveMetadata
from support.errors import RemoteError
from support.focus_server_api import FocusServerAPI
from support.rest.answer import WATCHED_POOLS
from support.validation.configuration import judge_configuration
from support.validation.expectation import Expectation, Limits
from support.validation.verdict import stream_rules
from tests.hostile.fuzz_frames import SCHEMAS, SMALL, judge_stream
from tests.validation.production import messages_of
from tests.validation.streams import Plan

Try = Callable[[bytes, Counter[str]], None]

TIME_LIMIT = 2.0
"""Seconds of processor time for one input, on a crowded machine."""

LONGEST_SENTENCE = 5000

REQUEST = JobRequest(channels_min=0, channels_max=1)
PRR = 2000.0

_RAW, _EDITED = 0x80, 0xC0
"""In the first byte of an input: what follows is the whole answer, not only its body; or what is changed in a body."""

_JOB = {
    "status": "Config received successfully",
    "job_id": "12-70788",
    "stream_url": "127.0.0.1",
    "stream_port": 30123,
    "stream_amount": 1,
    "channel_amount": 2,
    "channel_to_stream_index": {"0": 0, "1": 0},
    "frequencies_amount": 2,
    "frequencies_list": [0.0, 1.953125],
    "lines_dt": 0.01,
    "view_type": "0",
}
_FIBRE = {"dx": 1.0, "prr": 2000.0, "sw_version": "1", "number_of_channels": 2222, "fiber_description": None}

CALLS: list[Callable[[FocusServerAPI], object]] = [
    lambda api: api.configure(REQUEST),
    FocusServerAPI.live_metadata,
    FocusServerAPI.channels,
    lambda api: api.metadata("1-1"),
    lambda api: api.cancel("1-1"),
]
BODIES: list[object] = [
    _JOB,
    _FIBRE,
    {"lowest_channel": 0, "highest_channel": 2221},
    {"job_id": "1-1", "status": "running", "config": {"channels": {"min": 0}}},
    {"job_id": "1-1", "status": "cancelled"},
]


def _head(status: str, *fields: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 " + status.encode(), b"Content-Type: application/json", *fields, b"", b""))


def rest_seeds() -> list[bytes]:
    """An answer to each call, its body alone and whole; and answers that are refusals, or led elsewhere."""
    error = json.dumps({"error": "no"}).encode()
    whole = [json.dumps(body).encode() for body in BODIES]
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(whole[2]), whole[2])
    raw = [
        *(_head("200 OK", b"Content-Length: %d" % len(body)) + body for body in whole),
        *(_head(status, b"Content-Length: 14") + error for status in ("400 Bad Request", "401 No", "404 No", "503 No")),
        _head("200 OK", b"Transfer-Encoding: chunked") + chunked,
        _head("200 OK", b"Content-Encoding: gzip") + b"\x1f\x8b\x08\x00",
        _head("302 Found", b"Location: /channels", b"Content-Length: 0"),
        _head("502 Bad Gateway", b"Content-Length: 5", b"Content-Encoding: deflate") + b"<html",
        b"HTTP/1.0 200\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\n" + _head("204 No Content"),
    ]
    return [
        *(bytes([call]) + body for call, body in enumerate(whole)),
        *(bytes([_RAW | index % len(CALLS)]) + answer for index, answer in enumerate(raw)),
        *(bytes([_EDITED | call, 3, 0, 9, 20]) for call in range(len(CALLS))),
    ]


class _Refusing(BaseAdapter):
    """Where a redirect would lead out of here."""

    def send(self, *_: Any, **__: Any) -> requests.Response:
        raise requests.ConnectionError("nothing leaves this machine")

    def close(self) -> None:
        """Nothing is open."""


class _Line(HTTPAdapter):
    """Connections whose other end has said ``answer`` already, and listens to nothing more; sockets of this process."""

    answer = b""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        line, pool = self, WATCHED_POOLS["http"]
        watched = pool.ConnectionCls

        class Connection(watched):  # type: ignore[misc, valid-type]  # a class of a table
            def connect(self) -> None:
                self.sock, self.other_end = socket.socketpair()
                self.sock.settimeout(self.timeout)
                self.other_end.sendall(line.answer)
                self.other_end.shutdown(socket.SHUT_WR)

            def close(self) -> None:
                super().close()
                if hasattr(self, "other_end"):
                    self.other_end.close()

        class Pool(pool):  # type: ignore[misc, valid-type]  # the same
            ConnectionCls = Connection

        self.poolmanager.pool_classes_by_scheme = {"http": Pool}


def _client() -> tuple[FocusServerAPI, _Line]:
    api, line = FocusServerAPI("http://127.0.0.1:1", timeout=2, retries=0), _Line()
    api._session.max_redirects = 3  # each is an answer of its own: the usual 30 would take most of the time
    api._session.mount("http://", line)
    api._session.mount("https://", _Refusing())
    return api, line


_API, _LINE = _client()


def rest(data: bytes, counts: Counter[str]) -> None:
    """One answer of the REST side: a byte for the call and the form, then its body, all of it, or changes to it.

    Raises:
        AssertionError: it took too long, or an error is no sentence.
    """
    kind, answer = (data[0], data[1:]) if data else (0, b"")
    call, form = kind % 0x40 % len(CALLS), kind & _EDITED
    if form == _EDITED:
        answer = _edited(BODIES[call], answer)
    if form != _RAW:
        answer = _head("200 OK", b"Content-Length: %d" % len(answer)) + answer
    _LINE.answer = answer
    began = time.process_time()
    told = "accepted"
    try:
        _judge(CALLS[call](_API), counts)
    except RemoteError as error:
        counts[f"refused with {type(error).__name__}"] += 1
        told = f"{error}{error.details}"
    finally:
        _LINE.poolmanager.clear()
    assert 0 < len(told) < LONGEST_SENTENCE, f"{len(told)} characters tell of an error"
    _took(began, counts)


def frames(data: bytes, counts: Counter[str], dialect: str = "story") -> None:
    """A byte for the kind of stream, and a message that comes second in it.

    Raises:
        AssertionError: it took too long, or a finding is no sentence.
    """
    plan = SMALL[(data[0] if data else 0) % len(SMALL)]
    first = _messages(plan, dialect)[0].SerializeToString()
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        judge_stream([first, data[1:]], plan, counts, SCHEMAS[dialect])


def frame_seeds(dialect: str = "story") -> list[bytes]:
    """The first two messages of every kind of stream."""
    return [
        bytes([index]) + message.SerializeToString()
        for index, plan in enumerate(SMALL)
        for message in _messages(plan, dialect)
    ]


def _messages(plan: Plan, dialect: str) -> Sequence[Message]:
    return plan.messages() if dialect == "story" else messages_of(plan, job_id=23)


_EDGES: list[Any] = [
    *(None, True, "", "1", [], {}, 0, -1, 1.5, 2**31, 2**63, -(2**63), 10**30, 5e-324, 1.8e308),
    *(math.nan, math.inf, -math.inf, "9" * 500, "\ud800", "1-", "http://", "[::1", [0.0] * 50, [[1]], {"0": 0, "x": 1}),
]


def _edited(body: object, edits: bytes) -> bytes:
    """A body with one to three fields left out or given other values: two bytes say which, and what."""
    fields = dict(body) if isinstance(body, dict) else {}
    for which, what in zip(edits[:6:2], edits[1:6:2], strict=False):
        name = WORDS[which % len(WORDS)]
        if what < len(_EDGES):
            fields[name] = _EDGES[what]
        else:
            fields.pop(name, None)
    return json.dumps(fields).encode()


WORDS = [*_JOB, *_FIBRE, "lowest_channel", "highest_channel", "config", "error"]
"""What inputs are made of, besides bytes: libFuzzer puts them in."""
TOKENS = [
    *(f'"{word}":' for word in WORDS),
    *("NaN", "-Infinity", "1e400", "-0", "5e-324", "null", "true", "[[", "{}", '"\\ud800"', '"9999999999"', "9" * 40),
    *(
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "Content-Encoding: gzip\r\n",
        "Location: ",
        "HTTP/1.1 ",
        "302",
    ),
]


TARGETS: Mapping[str, tuple[Try, Callable[[], list[bytes]]]] = {
    "rest": (rest, rest_seeds),
    "frames": (frames, frame_seeds),
    "production": (partial(frames, dialect="production"), partial(frame_seeds, "production")),
}
"""What is called with each input, and what makes the first ones."""


def _judge(answer: object, counts: Counter[str]) -> None:
    counts["accepted"] += 1
    assert isinstance(answer, JobAnswer | LiveMetadata | ChannelRange | JobMetadata | bool)
    if isinstance(answer, JobAnswer):
        for finding in judge_configuration(REQUEST, answer, PRR):
            counts["findings"] += 1
            assert str(finding)
        assert stream_rules(Expectation.of(REQUEST, answer, PRR), Limits())


def _took(began: float, counts: Counter[str]) -> None:
    took = time.process_time() - began
    counts["slowest, microseconds"] = max(counts["slowest, microseconds"], int(took * 1e6))
    assert took < TIME_LIMIT, f"it took {took:.1f} s"
