"""The choice among targets of the same priority: who is asked next."""

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Literal

from routing.targets import Key, Target

Strategy = Literal["round-robin", "weighted-round-robin", "fill-first", "least-busy", "fastest"]

RECENT_SECONDS = 300.0
"""Times of first events that count for `fastest`."""
SAMPLES = 20
"""The most of them, for each target."""
EXPLORE = 10
"""Every so many choices `fastest` takes the target that was measured longest ago."""
MOST_TURNS = 4096
MOST_STEPS = 400_000
"""Turns of a weighted rotation, and turns times targets: larger weights are scaled down."""
MOST = 20_000
"""Names, and targets, that are remembered."""

Eligible = Callable[[Target], bool]


class Turns:
    """The state of all strategies. It is apart from the catalogue, which may be replaced at any time."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, int], tuple[int, Key]] = OrderedDict()
        """The target that was taken last, and its position, by the name that was asked for and the priority."""
        self._busy: dict[Key, int] = {}
        self._first_events: OrderedDict[Key, deque[tuple[float, float]]] = OrderedDict()
        """Time of measuring and seconds, the newest last."""
        self._choices = 0

    def choose(
        self, strategy: Strategy, name: str, targets: Sequence[Target], eligible: Eligible, now: float
    ) -> Target | None:
        """Return one of `targets` that is `eligible`, or None. All of them serve `name` with the same priority; for
        `weighted-round-robin` they are what `weighted` returns."""
        match strategy:
            case "round-robin" | "weighted-round-robin":
                return self._next(name, targets, eligible)
            case "fill-first":
                return next(filter(eligible, targets), None)
            case "least-busy":
                return self._least_busy(name, targets, eligible)
            case "fastest":
                return self._fastest(name, targets, eligible, now)

    def _next(self, name: str, targets: Sequence[Target], eligible: Eligible) -> Target | None:
        """Return the first that is eligible after the last one."""
        if not targets:
            return None
        place = (name, targets[0].credential.priority)
        at, last = self._last.get(place, (-1, None))
        if last is not None and not (at < len(targets) and targets[at].key == last):
            at = next((each for each, target in enumerate(targets) if target.key == last), -1)
        count = len(targets)
        for step in range(1, count + 1):
            target = targets[(at + step) % count]
            if eligible(target):
                _remember(self._last, place, ((at + step) % count, target.key))
                return target
        return None

    def _least_busy(self, name: str, targets: Sequence[Target], eligible: Eligible) -> Target | None:
        """Return the next of those with the fewest requests under way."""
        busy = self._busy
        if len(busy) < len(targets):
            idle = self._next(name, targets, lambda target: target.key not in busy and eligible(target))
            if idle is not None:
                return idle
        least = min((busy.get(target.key, 0) for target in targets if eligible(target)), default=None)
        return self._next(name, targets, lambda target: busy.get(target.key, 0) == least and eligible(target))

    def _fastest(self, name: str, targets: Sequence[Target], eligible: Eligible, now: float) -> Target | None:
        """Return the one whose first events came soonest of late; now and then another one, to know of all."""
        measured: list[tuple[float, Target]] = []
        for target in targets:
            seconds = self._first_event(target, now)
            if seconds is not None and eligible(target):
                measured.append((seconds, target))
        if len(measured) < len(targets):
            known = {id(target) for _, target in measured}
            unknown = self._next(name, targets, lambda target: id(target) not in known and eligible(target))
            if unknown is not None or not measured:
                return unknown
        self._choices += 1
        if self._choices % EXPLORE == 0:
            return min(measured, key=lambda each: self._first_events[each[1].key][-1][0])[1]
        return min(measured, key=lambda each: each[0])[1]

    def _first_event(self, target: Target, now: float) -> float | None:
        """Return the median of the seconds until a target's first event."""
        samples = self._first_events.get(target.key)
        if samples is None:
            return None
        recent = sorted(seconds for at, seconds in samples if at > now - RECENT_SECONDS)
        return recent[len(recent) // 2] if recent else None

    # --- what happens ---

    def begun(self, target: Target) -> None:
        """Count a request under way."""
        self._busy[target.key] = self._busy.get(target.key, 0) + 1

    def ended(self, target: Target) -> None:
        left = self._busy.get(target.key, 0) - 1
        if left > 0:
            self._busy[target.key] = left
        else:
            self._busy.pop(target.key, None)

    def measured(self, target: Target, seconds: float, now: float) -> None:
        """Take the seconds that the first event of an answer took."""
        samples = self._first_events.get(target.key) or deque(maxlen=SAMPLES)
        samples.append((now, seconds))
        _remember(self._first_events, target.key, samples)


def weighted(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Return the turns of a smooth weighted rotation, as nginx has it: each target as often as its weight says, evenly
    mixed. Those without weight are left out."""
    weights = [max(target.credential.weight, 0) for target in targets]
    common = math.gcd(*weights) or 1
    most = min(MOST_TURNS, MOST_STEPS // max(len(targets), 1))
    scale = max(1.0, sum(weights) / common / most)
    shares = [max(1, round(weight / common / scale)) if weight else 0 for weight in weights]
    total = sum(shares)
    credits = [0] * len(targets)
    turns: list[Target] = []
    for _ in range(total):
        credits = [credit + share for credit, share in zip(credits, shares, strict=True)]
        best = credits.index(max(credits))
        credits[best] -= total
        turns.append(targets[best])
    return tuple(turns)


def _remember[Name, Value](values: OrderedDict[Name, Value], name: Name, value: Value) -> None:
    values[name] = value
    values.move_to_end(name)
    if len(values) > MOST:
        values.popitem(last=False)
