"""The REST side of a Focus Server: a client with one pool of connections."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TypeVar
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

import requests
import urllib3
from pydantic import BaseModel, ValidationError
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

from support.address import without_password
from support.contract import (
    Acknowledgement,
    ChannelRange,
    ConfigTaskRequest,
    JobAnswer,
    JobMetadata,
    JobRequest,
    LiveMetadata,
    Recording,
    Recordings,
    View,
)
from support.errors import APIError, APITimeoutError, ConnectionError, ProtocolError
from support.network.proxy import Proxy, proxy_to
from support.rest import answer as rest_answer
from support.rest.adapter import PORTS, SecureAdapter
from support.rest.answer import MAX_ANSWER_BYTES, Deadline, TooLargeError
from support.rest.retry import SAFE_METHODS, Bearer, ClosedError, SafeRetry
from support.security import Security
from support.security.security import TOKEN_HINT
from support.wording import QUOTED_CHARACTERS, plural, short

__all__ = [
    "ChannelRange",
    "ConfigTaskRequest",
    "FocusServerAPI",
    "JobAnswer",
    "JobMetadata",
    "JobRequest",
    "LiveMetadata",
    "Recording",
    "View",
]

Model = TypeVar("Model", bound=BaseModel)

_OF_PROXIES = (403, 407, 502, 503, 504)
"""Statuses that a proxy answers with where it does not carry; a server adds words of its own."""

_WORDS = 2000
"""Characters of a server's own words that are kept."""


class FocusServerAPI:
    """A client of the REST side, with one pool of connections.

    Of secrets it sends what it is given, to this address alone: no ``.netrc``, and nothing after a redirect elsewhere.

    Args:
        base_url: ``http(s)://[user:password@]host[:port][/path]``; user and password go into no sentence.
        timeout: seconds for an answer in all: connecting, retries, redirects and every byte of it.
        retries: further tries where that is safe: a refused connection, and GET requests that a gateway failed.
        security: whom to trust at an ``https://`` address, and what to show; else the authorities of this machine.

    Attributes:
        clock_ahead: seconds by which the date of its newest answer is ahead of our clock; None where it has none.

    Every method raises ConnectionError where nothing answers, SecurityError where the server is not trusted or does not
    trust us, APITimeoutError where the answer takes too long, APIError with the HTTP status and the server's own words
    where it refuses, ProtocolError where the answer, or the refusal, is not the contract's.
    """

    def __init__(
        self, base_url: str, timeout: float = 10.0, retries: int = 2, *, security: Security | None = None
    ) -> None:
        security = security or Security()
        self.clock_ahead: float | None = None
        parts = urlsplit(base_url)
        self.base_url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False  # it would send the passwords of a .netrc; the proxy is for the adapter to find
        if parts.username is not None:
            self._session.auth = (unquote(parts.username), unquote(parts.password or ""))
        elif security.token is not None:
            self._session.auth = Bearer(security.token)
        retry = SafeRetry(
            total=retries,
            connect=retries,
            read=False,
            other=False,
            backoff_factor=0.2,
            status_forcelist=(502, 504),
            allowed_methods=SAFE_METHODS,
            raise_on_status=False,
            respect_retry_after_header=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, SecureAdapter(self.base_url, security, timeout, retry))

    def live_metadata(self, *, here: bool = False) -> LiveMetadata:
        """The fibre that the server watches; ``here``: APIError where another address answers, after a redirect."""
        return self._read(LiveMetadata.read, "GET", "/live_metadata", here=here)

    def channels(self, *, here: bool = False) -> ChannelRange:
        """The channels of the fibre; ``here`` as for its description."""
        return self._read(ChannelRange.model_validate, "GET", "/channels", here=here)

    def configure(self, request: JobRequest) -> JobAnswer:
        """Starts a job, live or historic; never sent twice, because each one takes a window."""
        return self._read(partial(JobAnswer.to, request), "POST", "/configure", request.body())

    def config_task(self, task_id: str, request: ConfigTaskRequest) -> JobAnswer:
        """The same in the words of the other dialect of REST: a job for a task."""
        read = partial(JobAnswer.to_task, task_id, request)
        return self._read(read, "POST", f"/config/{quote(task_id, safe='')}", request.body())

    def metadata(self, job_id: str) -> JobMetadata:
        """The state of a job; APIError with status 404 for one that the server does not know."""
        return self._read(JobMetadata.model_validate, "GET", f"/metadata/{quote(job_id, safe='')}")

    def is_alive(self) -> bool:
        """Whether the server says that it is alive. False where it answers 404: many cannot be asked."""
        try:
            self._read(Acknowledgement.model_validate, "GET", "/ack")
        except APIError as error:
            if error.status == requests.codes.not_found:
                return False
            raise
        return True

    def recordings(self, start_time: float, end_time: float) -> list[Recording]:
        """What was recorded between these moments, epoch seconds."""
        asked = {"start_time": start_time, "end_time": end_time}
        return self._read(Recordings.read, "POST", "/recordings_in_time_range", asked).recordings

    def cancel(self, job_id: str) -> bool:
        """Ends a job. False where the server answers 404: it cannot cancel, or the job is gone already."""
        try:
            self._request("DELETE", f"/job/{quote(job_id, safe='')}")
        except APIError as error:
            if error.status == requests.codes.not_found:
                return False
            raise
        return True

    def close(self) -> None:
        """Closes the pool of connections."""
        self._session.close()

    def __enter__(self) -> FocusServerAPI:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _read(
        self, read: Callable[[object], Model], method: str, path: str, body: object = None, *, here: bool = False
    ) -> Model:
        response, content = self._request(method, path, body)
        asked = self.base_url + path
        url = _failed_at(asked, response)
        if here and url != asked:
            sentence = f"{method} {asked} was redirected to {url}, where no POST would follow: name that address"
            raise APIError(sentence, target=url)
        try:
            return read(json.loads(content))
        except ValidationError as error:
            wrong = f"with fields that are not the contract's: {_fields_at_fault(error)}"
        except (ValueError, RecursionError):  # no JSON, or JSON made to be unreadable
            kind = short(response.headers.get("Content-Type", "no content type"))
            wrong = f"{response.status_code} with {kind} instead of JSON: {_quoted(content)}"
        raise ProtocolError(
            f"{method} {url} answered {wrong}",
            status=response.status_code,
            details=_quoted(content),
            target=url,
        )

    def _request(self, method: str, path: str, body: object = None) -> tuple[requests.Response, bytes]:
        url, asked = self.base_url + path, time.time()
        try:
            response = self._session.request(
                method,
                url,
                json=body,
                timeout=Deadline(time.monotonic() + self._timeout),  # type: ignore[arg-type]  # taken, but not in the stubs
                allow_redirects=method in SAFE_METHODS,
                stream=True,
                hooks={"response": rest_answer.drain_redirect},
            )
            self.clock_ahead = rest_answer.clock_ahead(response, asked)
            content = b"" if response.is_redirect else rest_answer.read(response)
        except TooLargeError as error:
            url = _failed_at(url, error)
            raise ProtocolError(
                f"{method} {url} answered with more than {MAX_ANSWER_BYTES // 2**20} MiB, and was left", target=url
            ) from None
        except requests.ConnectionError as error:
            raise self._unanswered(error, method, _failed_at(url, error)) from error
        except requests.Timeout as error:
            raise self._timed_out(error, method, _failed_at(url, error)) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            url = _failed_at(url, error)
            raise ProtocolError(f"{method} {url} could not be carried out: {error}", target=url) from error
        url = _failed_at(url, response)
        if response.status_code in _OF_PROXIES and not _words(content) and (proxy := _proxy_to(url)):
            raise proxy.broken(f"answered {method} {url} with {response.status_code}: {_quoted(content)}")
        if response.is_redirect:
            to = without_password(urljoin(url, response.headers["Location"]))
            raise APIError(
                f"{method} {url} was redirected to {to!r}, which is followed for "
                f"{' and '.join(SAFE_METHODS)} only: name that address",
                status=response.status_code,
                target=url,
            )
        if not response.ok:
            words = _words(content)
            kind = APIError if words else ProtocolError
            hint = TOKEN_HINT if response.status_code == requests.codes.unauthorized else ""
            raise kind(
                f"{method} {url} was refused with {response.status_code}: {words or _quoted(content)}{hint}",
                status=response.status_code,
                details=words or _quoted(content),
                target=url,
            )
        return response, content

    def _unanswered(self, error: requests.ConnectionError, method: str, url: str) -> ConnectionError | APITimeoutError:
        cause = error.args[0] if error.args else error
        of_proxy = isinstance(error, requests.exceptions.ProxyError) or isinstance(
            cause, urllib3.exceptions.ProtocolError
        )  # also no answer at all: a proxy that does not reach a server says so
        if of_proxy and (proxy := _proxy_to(url)):
            raise proxy.broken(f"gives no way to {url}: {_innermost(error)}") from error
        if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
            return self._timed_out(error, method, url)
        if isinstance(cause, MaxRetryError) and not isinstance(cause.reason, ClosedError):
            reason = str(cause.reason).split(": ", 1)[-1]
            return ConnectionError(f"nothing answers at {url}: {reason}", details=reason, target=url)
        if isinstance(cause, MaxRetryError):
            reason = str(cause.reason).split(": ", 1)[-1]
        else:
            reason = str(cause.args[-1] if isinstance(cause, urllib3.exceptions.ProtocolError) else cause)
        return ConnectionError(
            f"the connection broke before {method} {url} was answered: {reason}", details=reason, target=url
        )

    def _timed_out(self, error: Exception, method: str, url: str) -> APITimeoutError:
        late = rest_answer.cause(error)
        heard = f": only {plural(late.size, 'byte')} came, {_quoted(late.heard)}" if late and late.size else ""
        return APITimeoutError(f"{method} {url} was not answered within {self._timeout:g} s{heard}", target=url)


def _proxy_to(url: str) -> Proxy | None:
    """The proxy on the way to an address."""
    scheme, host, port, _ = _place(url)
    return proxy_to(host or "", port or 0, encrypted=scheme == "https")


def _innermost(error: BaseException) -> str:
    """What led to an error of a proxy, in words."""
    while isinstance(inner := getattr(error, "original_error", None) or (error.args or [None])[0], BaseException):
        error = getattr(inner, "reason", None) or inner
    return str(error).split(": ", 1)[-1]


def _failed_at(url: str, at: object) -> str:
    """The address that an answer, or an error with a request, came from: ``url``, or another one after a redirect."""
    request = getattr(at, "request", None)
    reached = (request and request.url) or url
    return url if reached == url or _place(reached) == _place(url) else without_password(reached)


def _place(url: str) -> tuple[str, str | None, int | None, str]:
    """What makes an address one: its scheme, host, port and path."""
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.hostname, parts.port or PORTS.get(parts.scheme.lower()), parts.path or "/"


def _words(content: bytes) -> str:
    """The server's own words about an error, ``{"error": words}``; empty where it sent something else."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    words = fields.get("error") if isinstance(fields, dict) else None
    return short(words.strip(), _WORDS) if isinstance(words, str) else ""


def _quoted(content: bytes) -> str:
    text = content[: QUOTED_CHARACTERS * 8].decode(errors="replace")
    shown = " ".join(text[: QUOTED_CHARACTERS * 2].split())[:QUOTED_CHARACTERS]
    return repr(shown) if shown else "nothing"


def _fields_at_fault(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=False)[:5]
    return "; ".join(
        f"{short('.'.join(map(str, problem['loc'])) or 'the answer')}: {short(problem['msg'])}" for problem in problems
    )
