"""The choice among targets of the same priority: who is asked next."""

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Literal

from routing.cooldowns import Key, key
from routing.targets import Target

Strategy = Literal["round-robin", "weighted-round-robin", "fill-first", "least-busy", "fastest"]

RECENT_SECONDS = 300.0
"""Times of first events that count for `fastest`."""
SAMPLES = 20
"""The most of them, for each target."""
EXPLORE = 10
"""Every so many choices `fastest` takes the target that was measured longest ago."""
MOST = 20_000
"""Names, and targets, that are remembered."""


class Turns:
    """The state of all strategies. It is apart from the catalogue, which may be replaced at any time."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, int], tuple[int, Key]] = OrderedDict()
        """The target that was taken last, and its position, by the name that was asked for and the priority."""
        self._credits: OrderedDict[tuple[str, Key], int] = OrderedDict()
        """The credit of a target under smooth weighted rotation, by name."""
        self._busy: dict[Key, int] = {}
        self._first_events: OrderedDict[Key, deque[tuple[float, float]]] = OrderedDict()
        """Time of measuring and seconds, the newest last."""
        self._choices = 0

    def choose(
        self, strategy: Strategy, name: str, targets: Sequence[Target], eligible: Callable[[Target], bool], now: float
    ) -> Target | None:
        """Return one of `targets` that is `eligible`, or None. All of them serve `name` with the same priority."""
        if strategy == "round-robin":
            return self._next(name, targets, eligible)
        chosen = [target for target in targets if eligible(target)]
        if strategy == "weighted-round-robin":
            chosen = [target for target in chosen if target.credential.weight > 0]
        if len(chosen) < 2 or strategy == "fill-first":
            return chosen[0] if chosen else None
        if strategy == "least-busy":
            least = min(self._busy.get(key(target), 0) for target in chosen)
            idle = {id(target) for target in chosen if self._busy.get(key(target), 0) == least}
            return self._next(name, targets, lambda target: id(target) in idle)
        if strategy == "fastest":
            return self._fastest(name, targets, chosen, now)
        return self._weighted(name, chosen)

    def _next(self, name: str, targets: Sequence[Target], eligible: Callable[[Target], bool]) -> Target | None:
        """Return the first that is eligible after the last one."""
        place = (name, targets[0].credential.priority)
        at, last = self._last.get(place, (-1, None))
        if last is not None and not (at < len(targets) and key(targets[at]) == last):
            at = next((each for each, target in enumerate(targets) if key(target) == last), -1)
        count = len(targets)
        for step in range(1, count + 1):
            target = targets[(at + step) % count]
            if eligible(target):
                _remember(self._last, place, ((at + step) % count, key(target)))
                return target
        return None

    def _weighted(self, name: str, targets: Sequence[Target]) -> Target:
        """Return the one with most credit, after each got its weight: smooth weighted round robin, as in nginx."""
        credits = [self._credits.get((name, key(target)), 0) + target.credential.weight for target in targets]
        most = max(credits)
        best = credits.index(most)
        credits[best] = most - sum(target.credential.weight for target in targets)
        for target, credit in zip(targets, credits, strict=True):
            _remember(self._credits, (name, key(target)), credit)
        return targets[best]

    def _fastest(self, name: str, targets: Sequence[Target], chosen: Sequence[Target], now: float) -> Target | None:
        """Return the one whose first events came soonest of late; now and then another one, to know of all."""
        self._choices += 1
        measured = [(self._first_event(target, now), target) for target in chosen]
        unknown = {id(target) for seconds, target in measured if seconds is None}
        if unknown:
            return self._next(name, targets, lambda target: id(target) in unknown)
        if self._choices % EXPLORE == 0:
            return min(chosen, key=lambda target: self._first_events[key(target)][-1][0])
        return min(measured, key=lambda each: each[0] or 0.0)[1]

    def _first_event(self, target: Target, now: float) -> float | None:
        """Return the median of the seconds until a target's first event."""
        samples = self._first_events.get(key(target), ())
        recent = sorted(seconds for at, seconds in samples if at > now - RECENT_SECONDS)
        return recent[len(recent) // 2] if recent else None

    # --- what happens ---

    def begun(self, target: Target) -> None:
        """Count a request under way."""
        self._busy[key(target)] = self._busy.get(key(target), 0) + 1

    def ended(self, target: Target) -> None:
        left = self._busy.get(key(target), 0) - 1
        if left > 0:
            self._busy[key(target)] = left
        else:
            self._busy.pop(key(target), None)

    def measured(self, target: Target, seconds: float, now: float) -> None:
        """Take the seconds that the first event of an answer took."""
        samples = self._first_events.get(key(target)) or deque(maxlen=SAMPLES)
        samples.append((now, seconds))
        _remember(self._first_events, key(target), samples)


def _remember[Name, Value](values: OrderedDict[Name, Value], name: Name, value: Value) -> None:
    values[name] = value
    values.move_to_end(name)
    if len(values) > MOST:
        values.popitem(last=False)
