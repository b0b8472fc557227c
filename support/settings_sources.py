"""Where settings come from: the only reader of ``-D``, environment variables and environment files.

A setting comes from the first place that has it: ``-D key=value``, then the environment variable ``FOCUS_KEY``, then
the file ``environments/NAME.yaml`` that ``-D environment=NAME`` names, then the default. (``focus_server_url`` is
``FOCUS_SERVER_URL`` in the environment: the prefix is not doubled.) What Kubernetes and Docker tell a container of
services beside it, ``FOCUS_SERVER_PORT=tcp://...`` and its like, is none.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from support import ROOT, yaml_file
from support.errors import SettingsError
from support.settings import FROM_COMMAND_LINE, Settings, shown
from support.wording import short

ENVIRONMENTS = ROOT / "environments"
PREFIX = "FOCUS_"
_FOREIGN_USERDATA = ("AllureFormatter.", "behave.")
"""Keys of behave's userdata that belong to behave and its formatters."""

_OF_A_SERVICE = re.compile(
    r"FOCUS(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)=.*"
    r"|FOCUS(_\w+)?_PORT=(tcp|udp|sctp)://.*",
    re.DOTALL,
)
"""``NAME=value`` of a variable that tells where a service is."""

RENAMED = {"closing": "end_within", "max_data_age": "data_age_within", "min_frame_rate": "frame_rate_above"}
"""Settings that had another name: each was a second knob for a promise that has one."""


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
    variables = {
        _key(name): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and not _OF_A_SERVICE.fullmatch(f"{name}={value}")
    }
    name = given.get("environment", variables.get("environment"))
    sources: list[tuple[str, Mapping[str, Any]]] = []
    if name is not None:
        path = folder / f"{name}.yaml"
        sources.append((f"from {_relative(path)}", _read(path, name)))
    sources.append(("from the environment", variables))
    sources.append((FROM_COMMAND_LINE, given))

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


def _key(variable: str) -> str:
    key = variable.removeprefix(PREFIX).lower()
    return "focus_server_url" if key == "server_url" else key


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def _read(path: Path, name: str) -> Mapping[str, Any]:
    try:
        return yaml_file.read(path)
    except yaml_file.NoFileError:
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml"))) or "none"
        raise SettingsError(f"environment {name!r}: there is no {_relative(path)} (there are: {known})") from None
    except yaml_file.YamlFileError as error:
        raise SettingsError(f"environment {name!r}: {_relative(path)} {error}") from None


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
        if key in RENAMED:
            sentences.append(f"setting {key!r} ({origins[key]}) was renamed to {RENAMED[key]!r}")
        elif problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(key, Settings.model_fields, n=1)
            hint = f", did you mean {near[0]!r}?" if near else "; environments/example.yaml lists all"
            sentences.append(f"unknown setting {short(repr(key))} ({origins[key]}){hint}")
        else:
            value = short(repr(shown(key, values[key])))
            sentences.append(f"setting {key!r} = {value} ({origins[key]}): {words}")
    return sentences
