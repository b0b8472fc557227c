"""What is under test and how strictly: the only reader of ``-D``, environment variables and environment files.

A setting comes from the first place that has it: ``-D key=value``, then the environment variable ``FOCUS_KEY``, then
the file ``environments/NAME.yaml`` that ``-D environment=NAME`` names, then the default. (``focus_server_url`` is
``FOCUS_SERVER_URL`` in the environment: the prefix is not doubled.)
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from support.errors import SettingsError
from support.validation.expectation import Limits

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ROOT / "environments"
PREFIX = "FOCUS_"

_FOREIGN_USERDATA = ("AllureFormatter.", "behave.")
"""Keys of behave's userdata that belong to behave and its formatters."""


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


def _power_of_two(number: int) -> int:
    if number & (number - 1):
        raise ValueError("expected a power of two")
    return number


Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Hertz = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Settings(BaseModel):
    """Every setting, checked. Times in seconds, frequencies in Hz."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str | None = Field(None, description="name of the file in environments/ that was read")
    focus_server_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        None, description="REST address of the server under test; without it the embedded Focus Server is started"
    )

    rest_timeout: Seconds = Field(10, description="longest wait for a REST answer")
    connection_timeout: Seconds = Field(10, description="longest wait for a job's port to answer gRPC")
    stream_timeout: Seconds = Field(300, description="longest time for one stream in all")
    idle_timeout: Seconds = Field(10, description="silence after which a stream counts as stalled")
    max_frame_mebibytes: int = Field(128, ge=1, description="size of the largest frame that is taken, MiB")
    retry_attempts: int = Field(3, ge=1, description="how often a stream is asked for while the error is transient")
    retry_delay: float = Field(2.0, ge=0, description="wait before the second attempt")
    verify_ssl: bool = Field(False, description="verify certificates; connections are plain text so far, so only false")

    channels: int = Field(11, ge=1, description="channels of a job, where a scenario does not say")
    nfft: Annotated[int, AfterValidator(_power_of_two)] = Field(
        1024, ge=128, le=2048, description="samples of an analysis window, a power of two"
    )
    frequency_min: Hertz = Field(0, description="lower end of a job's band, where a scenario does not say")
    frequency_max: Hertz = Field(500, description="upper end; at most the server's Nyquist frequency is asked for")
    display_duration: Seconds = Field(10, description="seconds on the time axis of the operator's screen")
    display_height: int = Field(
        1000, ge=1, description="lines on that axis: duration / height is the time between lines"
    )

    max_pause: Seconds = Field(Limits.max_pause, description="longest pause between two frames of a stream")
    min_frame_rate: float = Field(Limits.min_frame_rate, gt=0, description="frames a second to be kept up at any time")
    max_data_age: Seconds = Field(Limits.max_data_age, description="oldest that live data may be on arrival")
    clock_skew: float = Field(Limits.clock_skew, ge=0, description="how far the server's clock may be ahead of ours")
    closing: Seconds = Field(Limits.closing, description="from the last frame to the end of a stream")
    frozen_rows: int = Field(Limits.frozen_rows, ge=2, description="identical rows that make a sensor dead or frozen")

    connect_within: Seconds | None = Field(None, description="overrides the connection limit that a feature states")
    first_frame_within: Seconds | None = Field(None, description="overrides the first-frame limit of a feature")
    refusal_within: Seconds | None = Field(None, description="overrides the limit for refusing an unknown job")
    end_within: Seconds | None = Field(None, description="overrides the limit for a stream's end")
    frame_rate_above: float | None = Field(None, gt=0, description="overrides the frame rate that a feature states")
    frames_in_time: float | None = Field(
        None, gt=0, le=100, description="overrides the percentage of frames that must come in time"
    )

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, bool) and info.field_name != "verify_ssl":
            raise ValueError("expected a value, not true or false")
        return value

    @model_validator(mode="after")
    def _no_contradiction(self) -> Settings:
        if self.verify_ssl:
            raise ValueError("verify_ssl is true, but connections are plain text so far: there is nothing to verify")
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

    @property
    def limits(self) -> Limits:
        """The part of the settings that the rules need."""
        return Limits(
            max_pause=self.max_pause,
            min_frame_rate=self.min_frame_rate,
            max_data_age=self.max_data_age,
            clock_skew=self.clock_skew,
            closing=self.closing,
            frozen_rows=self.frozen_rows,
        )

    def origin(self, key: str) -> str:
        """Where a setting came from, in words."""
        return self._origins.get(key, "default")

    def described(self) -> dict[str, str]:
        """Every setting that has a value, with what is not the default marked by its origin; secrets are hidden."""
        described = {}
        for key, value in self.model_dump(exclude_none=True).items():
            shown = without_password(value) if key == "focus_server_url" else str(value)
            described[key] = shown if key not in self._origins else f"{shown} ({self._origins[key]})"
        return described


def load(userdata: Mapping[str, str], environ: Mapping[str, str], folder: Path = ENVIRONMENTS) -> Settings:
    """The settings of a run.

    Args:
        userdata: behave's ``-D`` definitions.
        environ: environment variables.
        folder: where the files of named environments lie.

    Raises:
        SettingsError: a key is unknown, a value is wrong, settings contradict each other, or a file cannot be read; the
            sentence names the key and where it came from.
    """
    given = {key: value for key, value in userdata.items() if not key.startswith(_FOREIGN_USERDATA)}
    variables = {_key(name): value for name, value in environ.items() if name.startswith(PREFIX)}
    name = given.get("environment", variables.get("environment"))
    sources: list[tuple[str, Mapping[str, Any]]] = []
    if name is not None:
        path = folder / f"{name}.yaml"
        sources.append((f"from {_relative(path)}", _read(path, name)))
    sources.append(("from the environment", variables))
    sources.append(("from -D", given))

    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, source in sources:
        for key, value in source.items():
            values[key], origins[key] = value, origin
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError("\n".join(_problems(error, values, origins))) from None
    settings._origins.update(origins)
    return settings


def without_password(url: str) -> str:
    """The address with the user and password in it, if any, replaced by ``***``; also where it is no proper address."""
    return re.sub(r"^([a-z][a-z0-9+.-]*:/+)?.*@", r"\1***@", url, flags=re.IGNORECASE | re.DOTALL)


def _key(variable: str) -> str:
    key = variable.removeprefix(PREFIX).lower()
    return "focus_server_url" if key == "server_url" else key


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def _read(path: Path, name: str) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml"))) or "none"
        raise SettingsError(f"environment {name!r}: there is no {_relative(path)} (there are: {known})") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(
            f"environment {name!r}: {_relative(path)} cannot be read: {_reading_problem(error)}"
        ) from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise SettingsError(f"environment {name!r}: {_relative(path)} is not a list of `key: value` lines")
    return content


def _reading_problem(error: Exception) -> str:
    """What YAML says, without the line itself: there may be a password in it."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{error.problem}, line {mark.line + 1}, column {mark.column + 1}"
    return str(error)


def _problems(error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, str]) -> list[str]:
    sentences = []
    for problem in error.errors():
        words = problem["msg"].removeprefix("Value error, ")
        if not problem["loc"]:
            involved = [key for key in Settings.model_fields if re.search(rf"\b{key}\b", words)]
            sources = ", ".join(f"{key}: {origins.get(key, 'default')}" for key in involved)
            sentences.append(f"settings contradict each other: {words} ({sources})")
            continue
        key = str(problem["loc"][0])
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(key, Settings.model_fields, n=1)
            hint = f", did you mean {near[0]!r}?" if near else "; environments/example.yaml lists all"
            sentences.append(f"unknown setting {key!r} ({origins[key]}){hint}")
        else:
            shown = without_password(str(values[key]))
            sentences.append(f"setting {key!r} = {shown!r} ({origins[key]}): {words}")
    return sentences
