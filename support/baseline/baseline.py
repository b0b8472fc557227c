"""A baseline: samples taken under the same circumstances, in a file that people can review and commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from support import yaml_file
from support.baseline.circumstances import Circumstances
from support.baseline.sample import Sample
from support.errors import BaselineError
from support.wording import short

BASELINES = Path("baselines")
"""In the folder that the run was started in, like ``reports``."""

FEWEST_SAMPLES = 8
"""With so many on both sides, one wild sample neither looks like a slow server nor hides one."""

_FORMAT = 1

_HEAD = """\
# How fast streams were under these circumstances, seconds. Recorded by the suite (-D baseline=record), compared with
# where -D baseline=compare is set. Look at the numbers, then commit the file; to accept others, record again.
"""

_CIRCUMSTANCES: TypeAdapter[Circumstances] = TypeAdapter(Circumstances)
_SAMPLES: TypeAdapter[dict[str, list[float]]] = TypeAdapter(dict[str, list[float]], config=ConfigDict(strict=True))


@dataclass(frozen=True)
class Baseline:
    """Samples, and the circumstances that they were taken under."""

    circumstances: Circumstances
    samples: Sequence[Sample]

    def write(self, folder: Path = BASELINES) -> Path:
        """Writes the file of these circumstances, in place of an older one.

        Raises:
            BaselineError: there are too few samples, or the file cannot be written.
        """
        path = folder / f"{self.circumstances.slug}.yaml"
        if len(self.samples) < FEWEST_SAMPLES:
            raise BaselineError(f"{len(self.samples)} samples make no baseline: at least {FEWEST_SAMPLES} are needed")
        content = {
            "format": _FORMAT,
            "recorded": datetime.now(UTC).isoformat(timespec="seconds"),
            "circumstances": asdict(self.circumstances),
            "samples": {
                one.name: [round(getattr(sample, one.name), 5) for sample in self.samples] for one in fields(Sample)
            },
        }
        text = _HEAD + yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=120, allow_unicode=True)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise BaselineError(f"the baseline {path} cannot be written: {error.strerror}") from error
        return path


def read(path: Path) -> Baseline:
    """The baseline in a file.

    Raises:
        BaselineError: it cannot be read, is of another format, or holds too few samples; the sentence names it.
    """
    advice = "record it again with -D baseline=record, or take it out of the folder"
    try:
        content = yaml_file.read(path)
    except yaml_file.YamlFileError as error:
        raise BaselineError(f"the baseline {path} {error}; {advice}") from error
    found = content.get("format")
    if found != _FORMAT:
        told = "none" if found is None else short(repr(found))
        raise BaselineError(f"the baseline {path} is of format {told}, and this suite reads {_FORMAT}; {advice}")
    try:
        known_as = "circumstances" if "circumstances" in content else "environment"  # until 2026-11-25
        circumstances = _CIRCUMSTANCES.validate_python(content.get(known_as))
        samples = _samples(_SAMPLES.validate_python(content.get("samples")))
    except (ValidationError, ValueError) as error:
        raise BaselineError(f"the baseline {path} is damaged: {_first_problem(error)}; {advice}") from error
    if len(samples) < FEWEST_SAMPLES:
        raise BaselineError(
            f"the baseline {path} holds {len(samples)} samples, and at least {FEWEST_SAMPLES} are needed; {advice}"
        )
    return Baseline(circumstances, samples)


def find(circumstances: Circumstances, folder: Path = BASELINES) -> Baseline | str:
    """The baseline of these circumstances; where there is none, why nothing is compared, in words.

    Raises:
        BaselineError: a file of the folder is no baseline that can be used.
    """
    known = [read(path) for path in sorted(folder.glob("*.yaml"))]
    for baseline in known:
        if baseline.circumstances == circumstances:
            return baseline
    how = "record one with -D baseline=record"
    if not known:
        return f"there is no baseline in {folder}: {how}"
    nearest = min((circumstances.differences(baseline.circumstances) for baseline in known), key=len)
    return f"there is no baseline of these circumstances, and another one does not compare: {'; '.join(nearest)}. {how}"


def _samples(columns: Mapping[str, Sequence[float]]) -> list[Sample]:
    names = [one.name for one in fields(Sample)]
    if sorted(columns) != sorted(names):
        raise ValueError(f"samples has {short(', '.join(columns)) or 'nothing'} where {', '.join(names)} are expected")
    if len({len(column) for column in columns.values()}) != 1:
        raise ValueError("its figures have different numbers of samples")
    rows: list[dict[str, Any]] = [
        dict(zip(names, row, strict=True)) for row in zip(*(columns[name] for name in names), strict=True)
    ]
    least = {"data_age": -1e6}  # of a server whose clock is ahead
    if not all(least.get(name, 0) <= value < 1e6 for row in rows for name, value in row.items()):  # nor is NaN
        raise ValueError("a sample is not a number of seconds")
    return [Sample(**row) for row in rows]


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        problem = error.errors()[0]
        return f"{short('.'.join(map(str, problem['loc']))) or 'a part'}: {problem['msg']}"
    return str(error)
