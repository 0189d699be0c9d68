"""Faults that are injected on purpose, for people who test their applications: what is said of them in config.yaml and
in a request's header, and which request gets which.

Both say it in the same words: `cut-after=3`, `429; retry-after=20`, `stall=30; after=2; keep-alive=off`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from routing.field_types import Count, Name, Section, whole
from routing.globs import matches
from translators.values import immutable

Kind = Literal[
    "status",
    "connect",
    "cut",
    "disconnect",
    "stall",
    "slow",
    "split",
    "malformed",
    "wrong-usage",
    "empty",
    "truncated-arguments",
]
"""`status` and `connect` stand for a provider that is not asked at all, `cut` breaks off the answer of one that is. The
exchange then goes on as after a real failure. The others are done to the answer on its way to the client."""

HEADER = "x-gateway-fault"

STATUSES = (429, 500, 503, 529)
_LONGEST = 200
_MOST_SECONDS = 3600.0
_MOST = 100_000
_BARE: Mapping[str, Kind] = {
    **{str(status): "status" for status in STATUSES},
    "connect": "connect",
    "split": "split",
    "wrong-usage": "wrong-usage",
    "empty": "empty",
    "truncated-arguments": "truncated-arguments",
}
_WITH_VALUE: Mapping[str, tuple[Kind, str]] = {
    "cut-after": ("cut", "after"),
    "disconnect-after": ("disconnect", "after"),
    "malformed-after": ("malformed", "after"),
    "stall": ("stall", "seconds"),
    "slow": ("slow", "seconds"),
}
_OPTIONS: Mapping[Kind, tuple[str, ...]] = {
    "status": ("retry-after", "attempts"),
    "connect": ("attempts",),
    "cut": ("attempts",),
    "stall": ("after", "keep-alive"),
}
WORDS = (
    f"{', '.join(map(str, STATUSES))}, connect, cut-after=N, disconnect-after=N, stall=SECONDS, slow=SECONDS, split, "
    "malformed-after=N, wrong-usage, empty, truncated-arguments"
)


@immutable
class Fault:
    """One fault. `text` is how it is written, in our words. `after` counts the events of the client's stream before it,
    `attempts` the attempts of a request that it strikes, from the first (None: all). `keep_alive`: a client that a
    stall keeps waiting is sent signs of life as usual."""

    kind: Kind
    text: str
    status: int = 0
    after: int = 0
    seconds: float = 0.0
    retry_after: float | None = None
    attempts: int | None = None
    keep_alive: bool = True


def parse(text: str) -> Fault:
    """Return the fault that `text` says: a name, perhaps with a value, and options after semicolons. Raises ValueError
    with what may be written, and without what was."""
    if len(text) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters")
    first, *rest = [part.strip() for part in text.split(";")]
    name, equals, value = (part.strip() for part in first.partition("="))
    found: dict[str, Any] = {}
    if not equals and name in _BARE:
        kind = _BARE[name]
    elif equals and name in _WITH_VALUE:
        kind, field = _WITH_VALUE[name]
        found[field] = _VALUES[field](value)
    else:
        raise ValueError(f"is no fault; write one of {WORDS}")
    for option in rest:
        option_name, _, given = (part.strip() for part in option.partition("="))
        if option_name not in _OPTIONS.get(kind, ()) or option_name.replace("-", "_") in found:
            known = ", ".join(_OPTIONS.get(kind, ())) or "none"
            raise ValueError(f"has an option that is none of {kind}, or stands twice; it has: {known}")
        found[option_name.replace("-", "_")] = _VALUES[option_name](given)
    if kind == "status":
        found["status"] = int(name)
    words = [first.replace(" ", ""), *(option.replace(" ", "") for option in rest)]
    return Fault(kind, "; ".join(words), **found)


def _count(low: int) -> Callable[[str], int]:
    return lambda text: whole(text, low, _MOST)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text) or float(text) > _MOST_SECONDS:
        raise ValueError(f"has a time that is no number of seconds up to {_MOST_SECONDS:g}")
    return float(text)


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("keep-alive is on or off")
    return text == "on"


_VALUES: Mapping[str, Callable[[str], Any]] = {
    "after": _count(0),
    "attempts": _count(1),
    "seconds": _seconds,
    "retry-after": _seconds,
    "keep-alive": _switch,
}


def _fault(value: object) -> Fault:
    """Return the fault that a text says; a status may be a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"must be a text: one of {WORDS}")
    return parse(value)


def _probability(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("must be a number from 0 to 1")
    return float(value)


def _some(patterns: tuple[str, ...]) -> tuple[str, ...]:
    if not patterns:
        raise ValueError('is empty; name models, or write ["*"] for all of them')
    return patterns


class FaultRule(Section):
    """A fault, and the requests that get it: those for `models`, all of them, or every `every`th, or as many as
    `probability` says. With a `seed` they are the same ones after each start."""

    models: Annotated[tuple[Name, ...], AfterValidator(_some)]
    fault: Annotated[Fault, BeforeValidator(_fault)]
    probability: Annotated[float | None, BeforeValidator(_probability), Field()] = None
    seed: int | None = None
    every: Count | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.probability is not None and self.every is not None:
            raise ValueError("has both probability and every; keep one of them")
        if self.seed is not None and self.probability is None:
            raise ValueError("has a seed and no probability, for which it would be; remove it")
        return self


class Faults:
    """The rules of one configuration, with how far each has come. `new_id` makes seeds for those that have none."""

    def __init__(self, rules: Sequence[FaultRule], new_id: Callable[[], str]) -> None:
        self._rules = [_Turns(rule, new_id) for rule in rules]

    def choose(self, names: Sequence[str]) -> Fault | None:
        """Return the fault of a request for a model that has these `names`: that of the first rule whose turn it is."""
        for turns in self._rules:
            if any(matches(name, turns.rule.models) for name in names) and turns.next():
                return turns.rule.fault
        return None


class _Turns:
    def __init__(self, rule: FaultRule, new_id: Callable[[], str]) -> None:
        self.rule = rule
        self._seed = new_id() if rule.probability is not None and rule.seed is None else str(rule.seed)
        self._count = 0

    def next(self) -> bool:
        """Return whether the next request for one of the models gets the fault."""
        self._count += 1
        if self.rule.every is not None:
            return self._count % self.rule.every == 0
        if self.rule.probability is None:
            return True
        drawn = int.from_bytes(sha256(f"{self._seed} {self._count}".encode()).digest()[:6])
        return drawn < self.rule.probability * 2**48
