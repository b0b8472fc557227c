"""The catalogue of all deviations: how one is written down, found by its name, and listed."""

import difflib
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from support.simulator.deviations import acting, condition
from support.simulator.deviations.acting import Acting
from support.simulator.deviations.condition import Condition, UnknownConditionError
from support.simulator.deviations.situation import Level, Situation
from support.simulator.options import DIALECT_NAMES, DialectName

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
    "fibre",
    "again",
    "beside",
    "window",
    "full",
    "removal",
    "hole",
    "task",
    "long",
    "streams",
    "shape",
    "index",
    "job-number",
    "scale",
    "truth",
    "range",
    "same-request",
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
PercentASecond = Annotated[float, Within("percent a second", 0.001, 50)]
Percent = Annotated[float, Within("percent", 0.01, 100)]
FramesPerSecond = Annotated[float, Within("frames a second", 0.1, 1000)]
Samples = Annotated[int, Within("samples", 1, 1000)]
Decibels = Annotated[float, Within("decibels", 0.0001, 100)]
OneIn = Annotated[int, Within("values, of which one is wrong", 100, 1_000_000_000)]
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
        stage: the one that it is written for.
        dialects: the names of those that it makes sense in.
        hooks: its functions, by their stages.
        watches: those of them that only look, by their stages.
    """

    name: str
    promise: Promise | None
    says: str
    argument: Argument | None
    stage: "Stage[Any]"
    dialects: tuple[DialectName, ...]
    hooks: "Hooks" = field(default_factory=dict)
    watches: "Hooks" = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Which of the two it is."""
        return "fault" if self.promise else "variant"

    @property
    def conditions(self) -> list[condition.Kind]:
        """Those that it takes: what they ask for is known at its stage. A variant is correct always, and takes none."""
        if self.kind == "variant" or self.stage.level is Level.SERVER:
            return []
        return [one for one in condition.KINDS.values() if one.level <= self.stage.level]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A deviation as it was asked for.

    Attributes:
        spec: its name, with the argument and the conditions where some were given.
        hooks: its functions, by their stages.
        watches: those that only look, whatever the conditions.
        acting: the functions of one that acts only under conditions.
    """

    spec: str
    hooks: "Hooks"
    watches: "Hooks"
    acting: "dict[Stage[Any], Acting]" = field(default_factory=dict)

    def at(self, stage: "Stage[Any]", situation: Situation) -> list[Callable[..., Any]]:
        """What it does at a stage in a situation, in this order."""
        under_conditions = self.acting.get(stage)
        acts = partial(stage.under, under_conditions, situation) if under_conditions else self.hooks.get(stage)
        return [hook for hook in (self.watches.get(stage), acts) if hook]

    def left(self, job: int) -> None:
        """A client has left a stream of the job of this number."""
        for acting_there in self.acting.values():
            acting_there.left(job)


Hooks = dict["Stage[Any]", Callable[..., Any]]

_CATALOGUE: dict[str, Deviation] = {}


@dataclass(frozen=True, slots=True)
class Stage(Generic[Hook]):
    """A place of the server where deviations come in, and the shape of the functions that do.

    Attributes:
        name: its own.
        level: what is known there.
        under: how a function acts there that acts under conditions alone.
        dialects: the names of those that have it.
    """

    name: str
    level: Level = Level.JOB
    under: Callable[..., Any] = acting.value
    dialects: tuple[DialectName, ...] = DIALECT_NAMES

    def fault(self, promise: Promise, *only: DialectName) -> Callable[[Hook], Hook]:
        """Enters the decorated function as a fault that breaks ``promise``, in all dialects that have the stage."""
        return partial(self._enter, promise, only)

    def variant(self, *only: DialectName) -> Callable[[Hook], Hook]:
        """Enters the decorated function as a variant, in all dialects that have the stage."""
        return partial(self._enter, None, only)

    def also(self, name: str) -> Callable[[Hook], Hook]:
        """Enters the decorated function as a part of the deviation ``name``, which needs more than one stage."""

        def enter(hook: Hook) -> Hook:
            _CATALOGUE[name].hooks[self] = hook
            return hook

        return enter

    def watch(self, *names: str) -> Callable[[Hook], Hook]:
        """Enters the decorated function, which changes nothing, as what these deviations have to know.

        It sees everything, also what a condition keeps from the deviation itself.
        """

        def enter(hook: Hook) -> Hook:
            for name in names:
                _CATALOGUE[name].watches[self] = hook
            return hook

        return enter

    def _enter(self, promise: Promise | None, only: tuple[DialectName, ...], hook: Hook) -> Hook:
        name = hook.__name__.replace("_", "-")
        says = " ".join((hook.__doc__ or "").split()).removesuffix(".")
        assert says, f"{name}: no sentence"
        assert name not in _CATALOGUE, f"{name}: twice"
        _CATALOGUE[name] = Deviation(name, promise, says, _argument(hook), self, only or self.dialects, {self: hook})
        return hook


def find(kind: Kind, spec: str, dialect: DialectName | None = None) -> Chosen:
    """The deviation that ``spec`` (NAME or NAME=ARGUMENT, a fault with @CONDITION or more) asks for.

    Raises:
        UnknownDeviationError: there is none, none with such an argument or condition, or none in this dialect.
    """
    asked, *conditions = spec.split("@")
    name, equals, text = asked.partition("=")
    deviation = _CATALOGUE.get(name)
    if deviation is None or deviation.kind != kind:
        raise UnknownDeviationError(_unknown(kind, name, deviation))
    if dialect and dialect not in deviation.dialects:
        raise UnknownDeviationError(f"the {kind} {name!r} is there {_only(deviation)}; the server speaks {dialect}'s")
    takes: dict[str, float] = {}
    if equals:
        if deviation.argument is None:
            raise UnknownDeviationError(f"the {kind} {name!r} takes no argument, so {asked!r} is wrong")
        try:
            takes = {deviation.argument.name: deviation.argument.read(text)}
        except ValueError as error:
            raise UnknownDeviationError(f"the {kind} {name!r}: {error}") from None
    hooks = {stage: partial(hook, **takes) if takes else hook for stage, hook in deviation.hooks.items()}
    return Chosen(spec, hooks, deviation.watches, _acting(deviation, hooks, conditions) if conditions else {})


def listing() -> str:
    """All deviations for people: name, promise, sentence, argument."""
    faults, variants, conditions = entries("fault"), entries("variant"), list(condition.KINDS.values())
    rows = [(_usage(fault), str(fault.promise), _sentence(fault)) for fault in faults]
    others = [(_usage(variant), _sentence(variant)) for variant in variants]
    return "\n".join(
        [
            "Faults (--fault NAME[=ARGUMENT]), the promise that each breaks, and what it does:",
            "",
            *_table(rows),
            "",
            "Conditions (--fault NAME@CONDITION, or several), what faults they go with, and when the fault acts then:",
            "",
            *_table([(_condition(one), one.level.scope, one.says) for one in conditions]),
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
                {
                    "name": one.name,
                    "promise": one.promise,
                    "says": one.says,
                    "argument": _argument_as_json(one),
                    "conditions": [each.name for each in one.conditions],
                    "dialects": one.dialects,
                }
                for one in entries("fault")
            ],
            "conditions": [
                {"name": one.name, "says": one.says, "value": one.value and one.value.meaning}
                for one in condition.KINDS.values()
            ],
            "variants": [{"name": one.name, "says": one.says, "dialects": one.dialects} for one in entries("variant")],
        }
    )


def entries(kind: Kind, dialect: DialectName | None = None) -> list[Deviation]:
    """All deviations of a kind, or those of a dialect; faults in the order of their promises."""
    order = {promise: place for place, promise in enumerate(get_args(Promise))}
    chosen = [one for one in _CATALOGUE.values() if one.kind == kind and (not dialect or dialect in one.dialects)]
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


def _acting(deviation: Deviation, hooks: Hooks, conditions: Sequence[str]) -> dict[Stage[Any], Acting]:
    """The functions under these conditions; a part at another stage under those of them that can be told there."""
    try:
        found = [condition.find(spec) for spec in conditions]
    except UnknownConditionError as error:
        raise UnknownDeviationError(f"the {deviation.kind} {deviation.name!r}: {error}") from None
    for one in found:
        if one.kind not in deviation.conditions:
            raise UnknownDeviationError(_unfit(deviation, one))

    def told(at: Stage[Any]) -> list[Condition]:
        if at is deviation.stage:
            return found
        return [one for one in found if one.kind.level <= at.level and one.kind.name != condition.ONCE]

    return {at: Acting(hook, told(at)) for at, hook in hooks.items()}


def _unfit(deviation: Deviation, one: Condition) -> str:
    if deviation.kind == "variant":
        return f"the variant {deviation.name!r} takes no condition: it is correct all the time"
    return (
        f"the fault {deviation.name!r} takes no condition {one.kind.name!r}: it acts on {deviation.stage.level.thing}"
    )


def _unknown(kind: Kind, name: str, other: Deviation | None) -> str:
    if other is not None:
        return f"{name!r} is a {other.kind}, not a {kind}"
    near = difflib.get_close_matches(name, [deviation.name for deviation in entries(kind)], n=1, cutoff=0.0)
    return f"there is no {kind} {name!r}; the nearest name is {near[0]!r}"


def _condition(one: condition.Kind) -> str:
    return one.name if one.value is None else f"{one.name}={one.value.sign}"


def _usage(deviation: Deviation) -> str:
    return deviation.name if deviation.argument is None else f"{deviation.name}[=N]"


def _sentence(deviation: Deviation) -> str:
    argument = deviation.argument
    notes = [f"N: {argument.limits.meaning}; {argument.default:g} if not given"] if argument else []
    notes += [] if deviation.dialects == DIALECT_NAMES else [_only(deviation)]
    return deviation.says + (f" ({'; '.join(notes)})" if notes else "")


def _only(deviation: Deviation) -> str:
    return f"only in {' and '.join(deviation.dialects)}'s dialect"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
