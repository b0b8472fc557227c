"""The catalogue of all deviations: how one is written down, found by its name, and listed."""

import difflib
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

Promise = Literal[
    "frame",
    "sensors",
    "bins",
    "intensity",
    "bounds",
    "life",
    "canvas",
    "row-time",
    "line-time",
    "live",
    "count",
    "end",
    "rate",
    "first-frame",
    "unknown-job",
    "cancel",
    "health",
    "wire",
    "address",
    "channels",
    "frequencies",
    "lines",
    "job-id",
    "view",
    "refusal",
    "answer",
    "metadata",
]

Kind = Literal["fault", "variant"]
Hook = TypeVar("Hook", bound=Callable[..., Any])


class UnknownDeviationError(ValueError):
    """A fault or variant that there is not, or one with a wrong argument; ``str()`` says what would be right."""


@dataclass(frozen=True, slots=True)
class Within:
    """What an argument means, and its limits."""

    meaning: str
    lowest: float
    highest: float


Sensor = Annotated[int, Within("which sensor of a row, counted from 1", 1, 1_000_000)]
Lines = Annotated[int, Within("lines at a time", 1, 1000)]
Seconds = Annotated[float, Within("seconds", 0.01, 3600)]
Milliseconds = Annotated[int, Within("milliseconds", 1, 60_000)]
Percent = Annotated[float, Within("percent", 0.01, 100)]
FramesPerSecond = Annotated[float, Within("frames a second", 0.1, 1000)]
Megabytes = Annotated[int, Within("megabytes", 1, 2000)]


@dataclass(frozen=True, slots=True)
class Argument:
    """What can be set of a deviation, and what it is when it is not set."""

    name: str
    kind: type[int] | type[float]
    limits: Within
    default: float

    def read(self, text: str) -> float:
        """The value that ``text`` is.

        Raises:
            ValueError: it is none that is allowed; in a sentence.
        """
        try:
            value: float = self.kind(text)
        except ValueError:
            number = "a whole number" if self.kind is int else "a number"
            raise ValueError(f"{text!r} is not {number} ({self.limits.meaning})") from None
        if not self.limits.lowest <= value <= self.limits.highest:
            raise ValueError(
                f"{text} is not within {self.limits.lowest:,} to {self.limits.highest:,} ({self.limits.meaning})"
            )
        return value


@dataclass(frozen=True, slots=True)
class Deviation:
    """A fault or a variant.

    Attributes:
        name: as it is asked for.
        promise: what a fault breaks; None: it is a variant.
        says: what it does, in a sentence.
        argument: what can be set of it; None: nothing.
        hooks: its functions, by the names of their stages.
    """

    name: str
    promise: Promise | None
    says: str
    argument: Argument | None
    hooks: dict[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Which of the two it is."""
        return "fault" if self.promise else "variant"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A deviation as it was asked for.

    Attributes:
        spec: its name, with the argument where one was given.
        hooks: its functions, by the names of their stages.
    """

    spec: str
    hooks: dict[str, Callable[..., Any]]


_CATALOGUE: dict[str, Deviation] = {}


@dataclass(frozen=True, slots=True)
class Stage(Generic[Hook]):
    """A place of the server where deviations come in, and the shape of the functions that do."""

    name: str

    def fault(self, promise: Promise) -> Callable[[Hook], Hook]:
        """Enters the decorated function as a fault that breaks ``promise``."""
        return partial(self._enter, promise)

    def variant(self) -> Callable[[Hook], Hook]:
        """Enters the decorated function as a variant."""
        return partial(self._enter, None)

    def also(self, name: str) -> Callable[[Hook], Hook]:
        """Enters the decorated function as a part of the deviation ``name``, which needs more than one stage."""

        def enter(hook: Hook) -> Hook:
            _CATALOGUE[name].hooks[self.name] = hook
            return hook

        return enter

    def _enter(self, promise: Promise | None, hook: Hook) -> Hook:
        name = hook.__name__.replace("_", "-")
        says = " ".join((hook.__doc__ or "").split()).removesuffix(".")
        assert says, f"{name}: no sentence"
        assert name not in _CATALOGUE, f"{name}: twice"
        _CATALOGUE[name] = Deviation(name, promise, says, _argument(hook), {self.name: hook})
        return hook


def find(kind: Kind, spec: str) -> Chosen:
    """The deviation that ``spec`` (NAME or NAME=ARGUMENT) asks for.

    Raises:
        UnknownDeviationError: there is none, or none with such an argument.
    """
    name, equals, text = spec.partition("=")
    deviation = _CATALOGUE.get(name)
    if deviation is None or deviation.kind != kind:
        raise UnknownDeviationError(_unknown(kind, name, deviation))
    if not equals:
        return Chosen(spec, deviation.hooks)
    if deviation.argument is None:
        raise UnknownDeviationError(f"the {kind} {name!r} takes no argument, so {spec!r} is wrong")
    try:
        value = deviation.argument.read(text)
    except ValueError as error:
        raise UnknownDeviationError(f"the {kind} {name!r}: {error}") from None
    takes = {deviation.argument.name: value}
    return Chosen(spec, {stage: partial(hook, **takes) for stage, hook in deviation.hooks.items()})


def listing() -> str:
    """All deviations for people: name, promise, sentence, argument."""
    faults, variants = entries("fault"), entries("variant")
    rows = [(_usage(fault), str(fault.promise), _sentence(fault)) for fault in faults]
    others = [(_usage(variant), _sentence(variant)) for variant in variants]
    return "\n".join(
        [
            "Faults (--fault NAME[=ARGUMENT]), the promise that each breaks, and what it does:",
            "",
            *_table(rows),
            "",
            "Variants (--variant NAME), which keep every promise:",
            "",
            *_table(others),
            "",
        ]
    )


def listing_as_json() -> str:
    """All deviations for programs: one JSON object."""
    return json.dumps(
        {
            "faults": [
                {"name": one.name, "promise": one.promise, "says": one.says, "argument": _argument_as_json(one)}
                for one in entries("fault")
            ],
            "variants": [{"name": one.name, "says": one.says} for one in entries("variant")],
        }
    )


def entries(kind: Kind) -> list[Deviation]:
    """All deviations of a kind; faults in the order of their promises."""
    order = {promise: place for place, promise in enumerate(get_args(Promise))}
    chosen = [deviation for deviation in _CATALOGUE.values() if deviation.kind == kind]
    return sorted(chosen, key=lambda deviation: order.get(deviation.promise, 0))


def _argument(hook: Callable[..., Any]) -> Argument | None:
    hints = get_type_hints(hook, include_extras=True)
    for name, parameter in inspect.signature(hook).parameters.items():
        if get_origin(hints[name]) is Annotated:
            kind, limits = get_args(hints[name])
            return Argument(name, kind, limits, parameter.default)
    return None


def _argument_as_json(deviation: Deviation) -> dict[str, Any] | None:
    argument = deviation.argument
    return {"meaning": argument.limits.meaning, "default": argument.default} if argument else None


def _unknown(kind: Kind, name: str, other: Deviation | None) -> str:
    if other is not None:
        return f"{name!r} is a {other.kind}, not a {kind}"
    near = difflib.get_close_matches(name, [deviation.name for deviation in entries(kind)], n=1, cutoff=0.0)
    return f"there is no {kind} {name!r}; the nearest name is {near[0]!r}"


def _usage(deviation: Deviation) -> str:
    return deviation.name if deviation.argument is None else f"{deviation.name}[=N]"


def _sentence(deviation: Deviation) -> str:
    argument = deviation.argument
    return deviation.says + (f" (N: {argument.limits.meaning}; {argument.default:g} if not given)" if argument else "")


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
