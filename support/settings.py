"""What is under test and how strictly: every setting, checked, with where it came from."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from support.address import is_loopback, without_password
from support.defects.known import KnownDefects
from support.security import Security, Trust
from support.security.security import normalized_fingerprint
from support.stream.dialects import AUTO, NAMES
from support.truth.oracle import Oracle
from support.validation.expectation import Limits
from support.validation.scale import Scale
from support.validation.sources import FORM, read_source

log = logging.getLogger(__name__)

FROM_COMMAND_LINE = "from -D"
"""The origin of a setting that behave's command line gives."""

_SIZE_OF_JOBS = ("channels", "nfft", "frequency_min", "frequency_max", "display_duration", "display_height")

_BYTE_OF_A_NAME = re.compile("[\udc80-\udcff]")
"""What Python makes of a byte in the name of a file that the locale has no character for (``surrogateescape``)."""


def _http_url(url: str) -> str:
    expected = "expected an address like http://host:5000 or https://host/focus-server"
    try:
        parts = urlsplit(url)
        complete = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # its words may quote a part of the password
        raise ValueError(expected) from None
    if not complete or parts.query or parts.fragment:
        raise ValueError(expected)
    return url.rstrip("/")


def _link(pattern: str) -> str:
    before, _, after = pattern.partition("{}")
    if not re.fullmatch(r"https?://[^/@?#\s]+/\S*", before) or "{}" not in pattern or "{}" in after:
        raise ValueError("expected an address with {} where the key stands, like https://host/browse/{}")
    return pattern


def _off_is_a_word(value: object) -> object:
    """YAML reads ``off`` without quotes as false."""
    return "off" if value is False else value


def _fingerprints(text: object) -> object:
    """One or several, as a file, a variable or a command line can hold them."""
    parts = [part for part in text.split(",") if part.strip()] if isinstance(text, str) else text
    return tuple(normalized_fingerprint(str(part)) for part in parts) if isinstance(parts, list) and parts else text


def _sources(text: object) -> object:
    """One or several, as a file, a variable or a command line can hold them."""
    parts = text.split(",") if isinstance(text, str) else text
    if not isinstance(parts, list | tuple) or not parts:
        raise ValueError(FORM)
    return tuple(str(read_source(str(part))) for part in parts)


def _two(text: object) -> object:
    """``2, 5``, as a variable or a command line can hold both."""
    parts = text.split(",") if isinstance(text, str) else text
    if not isinstance(parts, list | tuple) or len(parts) != 2 or any(isinstance(part, bool) for part in parts):
        raise ValueError("expected P95 and P99 in seconds, like 2, 5")
    return parts


def _ascending(percentiles: tuple[float, float]) -> tuple[float, float]:
    if percentiles[0] > percentiles[1]:
        raise ValueError(f"the P95, {percentiles[0]:g} s, is above the P99, {percentiles[1]:g} s")
    return percentiles


def _header_text(token: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", token.get_secret_value()):
        raise ValueError("expected letters, digits and signs, without blanks")
    return token


def _known_dialect(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"expected {' or '.join(NAMES)}")
    return name


def _dialect(name: str) -> str:
    if name not in (AUTO, *NAMES):
        raise ValueError(f"expected {AUTO}, {' or '.join(NAMES)}")
    return name


def _power_of_two(number: int) -> int:
    if number & (number - 1):
        raise ValueError("expected a power of two")
    return number


Seconds = Annotated[float, Field(gt=0, le=1e9)]
Wait = Annotated[float, Field(gt=0, le=1e6)]
"""Seconds, no more than every system can wait for."""

Agreed = Annotated[tuple[Seconds, Seconds], BeforeValidator(_two), AfterValidator(_ascending)]
Hertz = Annotated[float, Field(ge=0)]
Link = Annotated[str, AfterValidator(_link)]
IssueKey = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*-[0-9]+$")]


class BaselineUse(StrEnum):
    """What the scenarios about speed over time do with baselines."""

    OFF = "off"
    RECORD = "record"
    COMPARE = "compare"


class CaptureUse(StrEnum):
    """Which streams are kept as they came, in reports/captures/."""

    OFF = "off"
    FAILED = "failed"
    ALL = "all"


class Language(StrEnum):
    """In which the release sheet is told."""

    EN = "en"
    HE = "he"


class Xray(StrEnum):
    """Which Xray takes the results: they differ in a few words."""

    CLOUD = "cloud"
    SERVER = "server"


class Settings(BaseModel):
    """Every setting, checked. Times in seconds, frequencies in Hz."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    environment: str | None = Field(None, description="name of the file in environments/ that was read")
    focus_server_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        None, description="REST address of the server under test; without it the embedded Focus Server is started"
    )

    dialect: Annotated[str, AfterValidator(_dialect)] = Field(
        AUTO, description=f"what the server speaks: {AUTO} (found out before the first scenario), {', '.join(NAMES)}"
    )

    second_dialect: Annotated[str, AfterValidator(_known_dialect)] | None = Field(
        None,
        description="the acceptance criteria run once more, against a second embedded server that speaks this dialect",
    )

    fibre_within: Annotated[float, Field(ge=0, le=1e6)] = Field(
        0, description="how long a run waits at its start for a server to have its fibre; 0: not at all"
    )
    rest_timeout: Wait = Field(10, description="longest wait for a REST answer")
    connection_timeout: Wait = Field(10, description="longest wait for a job's port to answer gRPC")
    stream_timeout: Wait = Field(300, description="longest time for one stream in all")
    idle_timeout: Wait = Field(10, description="silence after which a stream counts as stalled")
    max_frame_mebibytes: int = Field(128, ge=1, le=2047, description="size of the largest frame that is taken, MiB")
    retry_attempts: int = Field(
        3, ge=1, le=10**9, description="how often a stream is asked for while the error is transient"
    )
    retry_delay: float = Field(2.0, ge=0, le=1e6, description="wait before the second attempt")

    tls: Annotated[Trust, BeforeValidator(_off_is_a_word)] = Field(
        Trust.OFF, description="whom to trust at jobs' ports and at https://: off (plain), system, ca, pin or first-use"
    )
    tls_ca_file: Path | None = Field(None, description="for ca: file with the certificates of the authorities, PEM")
    tls_fingerprint: Annotated[tuple[str, ...], BeforeValidator(_fingerprints)] | None = Field(
        None, description="for pin: SHA-256 of the server's certificate; several with commas between"
    )
    tls_server_name: str | None = Field(
        None, min_length=1, description="name that the certificate is for, where that is not the host of the address"
    )
    tls_client_certificate: Path | None = Field(None, description="our own certificate, PEM, where servers ask for one")
    tls_client_key: Path | None = Field(None, description="its key, PEM, without a password")
    token: Annotated[SecretStr, AfterValidator(_header_text)] | None = Field(
        None, description="shown to REST and gRPC as bearer token; best as FOCUS_TOKEN, out of sight"
    )
    plain_text_secrets: bool = Field(
        False, description="send token and password in plain text, too, to other machines than this one"
    )

    channels: int = Field(11, ge=1, le=100_000, description="channels of a job, where a scenario does not say")
    nfft: Annotated[int, AfterValidator(_power_of_two)] = Field(
        1024, ge=128, le=2048, description="samples of an analysis window, a power of two"
    )
    frequency_min: Hertz = Field(0, description="lower end of a job's band, where a scenario does not say")
    frequency_max: Hertz = Field(500, description="upper end; at most the server's Nyquist frequency is asked for")
    display_duration: Seconds = Field(10, description="seconds on the time axis of the operator's screen")
    display_height: int = Field(
        1000, ge=1, le=10**9, description="lines on that axis: duration / height is the time between lines"
    )
    windows_at_once: int = Field(
        20,
        ge=1,
        le=30,
        description="windows that a scenario about many kinds of them has open together, at most, of all the windows",
    )

    windows: int = Field(
        30, ge=1, le=10**9, description="jobs that the server can have at once, with those that nobody streams any more"
    )
    idle_removal: Wait = Field(
        50, description="how long a server that cannot cancel jobs keeps the window of one that nobody streams any more"
    )

    max_pause: Seconds = Field(Limits.max_pause, description="longest pause between two frames of a stream")
    clock_skew: float = Field(
        Limits.clock_skew, ge=0, le=1e9, description="how far the server's clock may be ahead of ours"
    )
    frozen_rows: int = Field(
        Limits.frozen_rows, ge=2, le=10**9, description="identical rows that make a sensor dead or frozen"
    )

    agreed_configure: Agreed | None = Field(
        None, description="P95 and P99 agreed for the answer of a configuration, over a whole run"
    )
    agreed_connect: Agreed | None = Field(None, description="the same for connecting to a new job")
    agreed_both: Agreed | None = Field(None, description="the same for both together")

    scale: Scale | None = Field(
        None, description="of values in production's dialect: linear or logarithmic; unset, found out from first frames"
    )

    connect_within: Seconds | None = Field(None, description="overrides the connection limit that a feature states")
    first_frame_within: Seconds | None = Field(None, description="overrides the first-frame limit of a feature")
    refusal_within: Seconds | None = Field(None, description="overrides the limit for refusing an unknown job")
    end_within: Seconds | None = Field(
        None, description="overrides how soon a stream ends after its last frame, or after its job was cancelled"
    )
    frame_rate_above: float | None = Field(
        None, gt=0, description="overrides the frames a second, on average and at any time"
    )
    frames_in_time: float | None = Field(
        None, gt=0, le=100, description="overrides the percentage of frames that must come in time"
    )
    data_age_within: Seconds | None = Field(None, description="overrides how old live data may be on arrival")
    age_growth: float | None = Field(
        None, gt=0, description="overrides the seconds by which live data may grow older in a second"
    )

    recording: Path | None = Field(
        None, description="file with the recording that the server plays, which historic streams are judged by"
    )

    baseline: Annotated[BaselineUse, BeforeValidator(_off_is_a_word)] = Field(
        BaselineUse.OFF,
        description="speed over time: record a baseline in baselines/, compare with the one recorded, or off",
    )

    captures: Annotated[CaptureUse, BeforeValidator(_off_is_a_word)] = Field(
        CaptureUse.FAILED,
        description="streams kept as they came, in reports/captures/: those of failed scenarios, of all, or off",
    )

    known_sources: Annotated[tuple[str, ...], BeforeValidator(_sources)] | None = Field(
        None,
        description="what always sounds on it, with commas between: tones (3 at 125 Hz), and what moves along it "
        "(0 to 599 at 25 m/s)",
    )

    known_defects: Path | None = Field(
        None,
        description="file with the defects of servers that are known; without it known_defects.yaml, if it is there",
    )

    sheet_language: Language = Field(Language.EN, description="of the release sheet: en (English) or he (Hebrew)")

    issue_link: Link | None = Field(
        None, description="address of an issue in your tracker, with {} where its key stands, for links in all reports"
    )
    test_link: Link | None = Field(None, description="the same for a test; without it that of an issue")
    xray_project: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = Field(
        None, description="key of the project whose Xray takes the results: they are then written to reports/xray.json"
    )
    xray_plan: IssueKey | None = Field(None, description="key of the test plan that they belong to")
    xray: Xray = Field(Xray.CLOUD, description="which Xray takes them: cloud or server (Data Center, too)")

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)
    _known: KnownDefects | None = PrivateAttr(None)
    _oracle: Callable[[], Oracle | None] | None = PrivateAttr(None)

    @field_validator("*", mode="before")
    @classmethod
    def _plain_value(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, bool) and info.field_name not in ("plain_text_secrets", "tls", "baseline", "captures"):
            raise ValueError("expected a value, not true or false")
        if not isinstance(value, str):
            return value
        text = value.strip()
        names_a_file = Path in get_args(cls.model_fields[str(info.field_name)].annotation)
        told = _BYTE_OF_A_NAME.sub("", text) if names_a_file else text
        if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in told):
            raise ValueError("expected text without control characters")
        return text

    @model_validator(mode="after")
    def _no_contradiction(self) -> Settings:
        if self.frequency_min >= self.frequency_max:
            raise ValueError(f"frequency_min {self.frequency_min:g} is not below frequency_max {self.frequency_max:g}")
        if self.idle_timeout > self.stream_timeout:
            raise ValueError(f"idle_timeout {self.idle_timeout:g} is above stream_timeout {self.stream_timeout:g}")
        if self.display_duration / self.display_height < 0.001:
            raise ValueError(
                f"display_duration {self.display_duration:g} / display_height {self.display_height} is less than a "
                "millisecond between lines, and timestamps are whole milliseconds"
            )
        return self

    @model_validator(mode="after")
    def _no_contradiction_in_security(self) -> Settings:
        address = urlsplit(self.focus_server_url or "")
        for key, trust in (("tls_ca_file", Trust.CA), ("tls_fingerprint", Trust.PIN)):
            if (self.tls is trust) != (getattr(self, key) is not None):
                needs = f"needs {key}, which is not set" if self.tls is trust else f"has no use for {key}, {trust} has"
                raise ValueError(f"tls {self.tls} {needs}")
        if (self.tls_client_certificate is None) != (self.tls_client_key is None):
            raise ValueError("tls_client_certificate and tls_client_key belong together: one of them is not set")
        if self.tls is Trust.OFF and (self.tls_client_certificate or self.tls_server_name):
            named = "tls_server_name" if self.tls_server_name else "tls_client_certificate"
            raise ValueError(f"{named} is set, but tls is off: there would be no handshake to use it in")
        if self.tls is not Trust.OFF and address.scheme != "https":
            where = "begins with http://" if address.scheme else "is not set, and the embedded server is plain text"
            raise ValueError(f"tls is {self.tls}, but focus_server_url {where}")
        if self.token is not None and address.username is not None:
            raise ValueError("token is set, and focus_server_url holds a user: only one of them can be shown")
        secret = "token is set" if self.token else "focus_server_url holds a password" if address.username else ""
        exposed = address.scheme == "http" and not is_loopback(address.hostname or "")
        if secret and exposed and not self.plain_text_secrets:
            raise ValueError(
                f"{secret}, and focus_server_url begins with http://: others could read it on the way (where that "
                "network is trusted, set plain_text_secrets)"
            )
        return self

    def against(self, focus_server_url: str, security: Mapping[str, str]) -> Settings:
        """These settings for another server, with nothing of the security that is set here."""
        own = {
            "focus_server_url",
            "token",
            "plain_text_secrets",
            *(key for key in self.__class__.model_fields if key.startswith("tls")),
        }
        kept = self.model_dump(exclude_none=True, exclude=own)
        return Settings.model_validate(kept | dict(security) | {"focus_server_url": focus_server_url})

    def speaking(self, dialect: str) -> Settings:
        """These settings, for a server that is known to speak this dialect."""
        return self.model_copy(update={"dialect": dialect})

    @property
    def of_usual_jobs(self) -> Settings:
        """These settings, with jobs of the size that they have where nobody sets one."""
        return self.model_copy(update={name: Settings.model_fields[name].default for name in _SIZE_OF_JOBS})

    def knowing(self, known: KnownDefects) -> Settings:
        """These settings, for a server that is known to have these defects."""
        settings = self.model_copy()
        settings._known = known
        return settings

    @property
    def known(self) -> KnownDefects:
        """The defects that the server is known to have."""
        return self._known or KnownDefects()

    def judged_by(self, oracle: Callable[[], Oracle | None]) -> Settings:
        """These settings, for a server whose recording is asked for when it is needed."""
        settings = self.model_copy()
        settings._oracle = oracle
        return settings

    @property
    def oracle(self) -> Oracle | None:
        """What knows what the server has to show of the past; None where nobody does."""
        return self._oracle() if self._oracle is not None else None

    @cached_property
    def security(self) -> Security:
        """Whom both clients trust, and what they show; its memory lasts for the run.

        Raises:
            SecurityError: a file that a setting names cannot be used.
        """
        return Security(
            trust=self.tls,
            ca_file=self.tls_ca_file,
            fingerprints=frozenset(self.tls_fingerprint or ()),
            server_name=self.tls_server_name,
            client_certificate=self.tls_client_certificate,
            client_key=self.tls_client_key,
            token=self.token,
            plain_text_secrets=self.plain_text_secrets,
        )

    @property
    def limits(self) -> Limits:
        """The part of the settings that the rules need."""
        set_here = self.model_dump(include={limit.name for limit in fields(Limits)}, exclude_none=True)
        return Limits(**set_here)

    def origin(self, key: str) -> str:
        """Where a setting came from, in words."""
        return self._origins.get(key, "default")

    def criterion(self, key: str, stated: float) -> float:
        """The limit that holds: what a feature states, unless this setting overrides it."""
        override = getattr(self, key)
        if override is None:
            return stated
        log.warning("%s is %g here, not %g (%s)", key, override, stated, self.origin(key))
        return float(override)

    @property
    def replaced(self) -> str:
        """The limits of features that settings replace, in words; empty where all of them hold."""
        replacing = [key for key, field in self.__class__.model_fields.items() if "overrides" in str(field.description)]
        return ", ".join(f"{key}={text}" for key, text in self.described().items() if key in replacing)

    @property
    def given(self) -> dict[str, str]:
        """The settings that ``-D`` gave, as it can give them again; secrets are hidden."""
        values = self.model_dump(exclude_none=True)
        return {key: shown(key, values[key]) for key, origin in self._origins.items() if origin == FROM_COMMAND_LINE}

    def described(self) -> dict[str, str]:
        """Every setting that has a value, with what is not the default marked by its origin; secrets are hidden."""
        described = {}
        for key, value in self.model_dump(exclude_none=True).items():
            text = shown(key, value)
            described[key] = text if key not in self._origins else f"{text} ({self._origins[key]})"
        return described


def shown(key: str, value: object) -> str:
    """A value for people: secrets are hidden."""
    if key == "token":
        return "***"
    if isinstance(value, list | tuple):
        return ", ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
    return without_password(str(value))
