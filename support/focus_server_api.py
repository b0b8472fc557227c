"""The REST side of a Focus Server: a client, and models of what it asks and answers."""

from __future__ import annotations

import json
import math
import time
from http.client import RemoteDisconnected
from types import TracebackType
from typing import Annotated, Any, Self, TypeGuard, TypeVar
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import requests
import urllib3
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from requests.auth import AuthBase
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from support import rest_answer
from support.address import is_loopback
from support.errors import APIError, APITimeoutError, ConnectionError, ProtocolError
from support.rest_answer import MAX_ANSWER_BYTES, Deadline, TooLargeError
from support.security import Security
from support.security.adapter import SecureAdapter
from support.security.security import TOKEN_HINT
from support.wording import plural

Model = TypeVar("Model", bound=BaseModel)

_SAFE_METHODS = frozenset({"GET"})
_IDEMPOTENT_METHODS = _SAFE_METHODS | {"DELETE"}
_QUOTED_CHARACTERS = 200
_WORDS = 2000
"""Characters of a server's own words that are kept."""
_MOST_ENTRIES = 100_000
"""Entries of a list or a map of an answer: more than any fibre has channels, or any spectrum bins."""


def _number(value: object) -> object:
    if isinstance(value, str | bool):
        raise ValueError(f"expected a number, not {_short(repr(value))}")
    return value


def _countable(value: object) -> object:
    """Refuses what would be read for minutes, before any of its entries is looked at."""
    if isinstance(value, list | dict) and len(value) > _MOST_ENTRIES:
        raise ValueError(f"{len(value)} entries, where at most {_MOST_ENTRIES} are read")
    return value


Whole = Annotated[int, BeforeValidator(_number)]
Real = Annotated[float, BeforeValidator(_number)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class LiveMetadata(_Answer):
    """``GET /live_metadata``: the fibre. Lengths in metres, ``prr`` (pulse repetition rate) in Hz."""

    prr: Real
    dx: Real = 0.0
    sw_version: str = ""
    number_of_channels: Whole | None = None
    fiber_start_meters: Real | None = None
    fiber_length_meters: Real | None = None
    fiber_description: str | None = None

    @property
    def waits_for_fibre(self) -> bool:
        """Whether no fibre is attached: then there is nothing to stream."""
        return not (math.isfinite(self.prr) and self.prr > 0)

    @property
    def nyquist(self) -> float:
        """Highest frequency that can be asked for, Hz."""
        return self.prr / 2


class ChannelRange(_Answer):
    """``GET /channels``: the channels of the fibre, both ends included."""

    lowest_channel: Whole
    highest_channel: Whole


class JobRequest(BaseModel):
    """What ``POST /configure`` asks for: a multi-channel job, live unless it names a time.

    ``channels_min`` and ``channels_max`` are inclusive; frequencies in Hz, the duration of the time axis in seconds,
    its height in pixels (lines), times in epoch seconds. Values are not checked: refusing them is the server's part.
    """

    model_config = ConfigDict(frozen=True)

    channels_min: int
    channels_max: int
    nfft: int = 1024
    frequency_min: float = 0.0
    frequency_max: float = 500.0
    display_duration: float = 10.0
    display_height: int = 1000
    view_type: str = "0"
    start_time: float | None = None
    end_time: float | None = None

    def body(self) -> dict[str, object]:
        """The JSON body."""
        return {
            "displayTimeAxisDuration": self.display_duration,
            "nfftSelection": self.nfft,
            "displayInfo": {"height": self.display_height},
            "channels": {"min": self.channels_min, "max": self.channels_max},
            "frequencyRange": {"min": self.frequency_min, "max": self.frequency_max},
            "start_time": self.start_time,
            "end_time": self.end_time,
            "view_type": self.view_type,
        }


class JobAnswer(_Answer):
    """The answer of ``POST /configure``. Its values are judged by rules, not here."""

    job_id: str = Field(min_length=1)
    stream_url: str
    stream_port: int | str
    channel_amount: Whole
    channel_to_stream_index: Annotated[dict[int, Whole], BeforeValidator(_countable)]
    frequencies_amount: Whole
    frequencies_list: Annotated[list[Real], BeforeValidator(_countable)]
    lines_dt: Real
    status: str = ""
    stream_amount: Whole = 1
    view_type: Annotated[str, BeforeValidator(str)] = "0"


class JobMetadata(_Answer):
    """``GET /metadata/{job_id}``: status is pending, running, completed, failed or cancelled."""

    job_id: str
    status: str
    config: dict[str, Any] = Field(default_factory=dict)


class _Retry(Retry):
    """A connection that timed out is not tried again: the caller has waited as long as it wanted to.

    A kept connection that the server closes at the moment of a request is, where asking twice does no harm (RFC 9112,
    section 9.3.1).
    """

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError) and _pool is not None:
            raise MaxRetryError(_pool, str(url), error)
        if method in _IDEMPOTENT_METHODS and _was_closed(error):
            error = _ClosedError(_pool, str(error.args[-1]))  # type: ignore[arg-type]
        return super().increment(method, url, response, error, _pool, _stacktrace)


class _ClosedError(NewConnectionError):
    """The server closed the connection without an answer."""


def _was_closed(error: Exception | None) -> TypeGuard[urllib3.exceptions.ProtocolError]:
    return isinstance(error, urllib3.exceptions.ProtocolError) and isinstance(error.args[-1], RemoteDisconnected)


class _Bearer(AuthBase):
    """Shows a token with every request."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return request


class FocusServerAPI:
    """A client of the REST side, with one pool of connections.

    Args:
        base_url: ``http(s)://[user:password@]host[:port][/path]``; user and password go into no sentence.
        timeout: seconds for an answer in all: connecting, retries, redirects and every byte of it.
        retries: further tries where that is safe: a refused connection, and GET requests that a gateway failed.
        security: whom to trust at an ``https://`` address, and what to show; else the authorities of this machine.

    Every method raises ConnectionError where nothing answers, SecurityError where the server is not trusted or does not
    trust us, APITimeoutError where the answer takes too long, APIError with the HTTP status and the server's own words
    where it refuses, ProtocolError where the answer, or the refusal, is not the contract's.
    """

    def __init__(
        self, base_url: str, timeout: float = 10.0, retries: int = 2, *, security: Security | None = None
    ) -> None:
        security = security or Security()
        parts = urlsplit(base_url)
        self.base_url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = not is_loopback(parts.hostname or "")
        if parts.username is not None:
            self._session.auth = (unquote(parts.username), unquote(parts.password or ""))
        elif security.token is not None:
            self._session.auth = _Bearer(security.token)
        retry = _Retry(
            total=retries,
            connect=retries,
            read=False,
            other=False,
            backoff_factor=0.2,
            status_forcelist=(502, 504),
            allowed_methods=_SAFE_METHODS,
            raise_on_status=False,
            respect_retry_after_header=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, SecureAdapter(security, timeout, retry))

    def live_metadata(self) -> LiveMetadata:
        """The fibre that the server watches."""
        return self._model(LiveMetadata, "GET", "/live_metadata")

    def channels(self) -> ChannelRange:
        """The channels of the fibre."""
        return self._model(ChannelRange, "GET", "/channels")

    def configure(self, request: JobRequest) -> JobAnswer:
        """Starts a job; never sent twice, because each one takes a window."""
        return self._model(JobAnswer, "POST", "/configure", request.body())

    def metadata(self, job_id: str) -> JobMetadata:
        """The state of a job; APIError with status 404 for one that the server does not know."""
        return self._model(JobMetadata, "GET", f"/metadata/{quote(job_id, safe='')}")

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

    def _model(self, model: type[Model], method: str, path: str, body: object = None) -> Model:
        response, content = self._request(method, path, body)
        asked = f"{method} {response.url}"
        try:
            fields = json.loads(content)
        except (ValueError, RecursionError):  # no JSON, or JSON made to be unreadable
            kind = response.headers.get("Content-Type", "no content type")
            raise ProtocolError(
                f"{asked} answered {response.status_code} with {_short(kind)} instead of JSON: {_quoted(content)}",
                status=response.status_code,
                details=_quoted(content),
                target=response.url,
            ) from None
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            raise ProtocolError(
                f"{asked} answered with fields that are not the contract's: {_fields_at_fault(error)}",
                status=response.status_code,
                details=_quoted(content),
                target=response.url,
            ) from None

    def _request(self, method: str, path: str, body: object = None) -> tuple[requests.Response, bytes]:
        url = self.base_url + path
        try:
            response = self._session.request(
                method,
                url,
                json=body,
                timeout=Deadline(time.monotonic() + self._timeout),  # type: ignore[arg-type]  # taken, but not in the stubs
                allow_redirects=method in _SAFE_METHODS,
                stream=True,
                hooks={"response": rest_answer.drain_redirect},
            )
            content = b"" if response.is_redirect else rest_answer.read(response)
        except TooLargeError:
            raise ProtocolError(
                f"{method} {url} answered with more than {MAX_ANSWER_BYTES // 2**20} MiB, and was left", target=url
            ) from None
        except requests.ConnectionError as error:
            raise self._unanswered(error, method, url) from error
        except requests.Timeout as error:
            raise self._timed_out(error, method, url) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise ProtocolError(f"{method} {url} could not be carried out: {error}", target=url) from error
        if response.is_redirect:
            raise APIError(
                f"{method} {url} was redirected to {response.headers['Location']!r}, which is followed for "
                f"{' and '.join(_SAFE_METHODS)} only: name that address",
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
        if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
            return self._timed_out(error, method, url)
        if isinstance(cause, MaxRetryError) and not isinstance(cause.reason, _ClosedError):
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


def _words(content: bytes) -> str:
    """The server's own words about an error, ``{"error": words}``; empty where it sent something else."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    words = fields.get("error") if isinstance(fields, dict) else None
    return _short(words.strip(), _WORDS) if isinstance(words, str) else ""


def _quoted(content: bytes) -> str:
    text = content[: _QUOTED_CHARACTERS * 8].decode(errors="replace")
    shown = " ".join(text[: _QUOTED_CHARACTERS * 2].split())[:_QUOTED_CHARACTERS]
    return repr(shown) if shown else "nothing"


def _short(text: str, most: int = _QUOTED_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _fields_at_fault(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=False)[:5]
    return "; ".join(
        f"{_short('.'.join(map(str, problem['loc'])) or 'the answer')}: {_short(problem['msg'])}"
        for problem in problems
    )
