"""The state of routing, which outlives requests and configurations: turns, cooldowns, sessions.

Times are seconds on one monotonic clock, and arguments.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock

from routing.cooldowns import Cooldown, Cooldowns, Rest
from routing.outcomes import Verdict
from routing.sessions import Bindings
from routing.strategies import Strategy, Turns, weighted
from routing.targets import Target

_POOLS = 4096
"""Pools whose order is remembered."""

Pool = Sequence[Target]


class Router:
    """State of all requests. Heavy requests are read in a thread of their own, and choose there."""

    def __init__(self) -> None:
        self.turns = Turns()
        self._cooldowns = Cooldowns()
        self._bindings = Bindings()
        self._orders: OrderedDict[str, tuple[Pool, Strategy, tuple[Pool, ...]]] = OrderedDict()
        self._lock = Lock()

    def cooldowns(self, now: float) -> tuple[Cooldown, ...]:
        """Return the credentials that rest."""
        with self._lock:
            return self._cooldowns.active(now)

    def rests(self, target: Target, now: float) -> bool:
        """Return whether a target is not to be asked at present."""
        return bool(self._cooldowns) and self._cooldowns.until(target, now) is not None

    def keep(self, identities: Iterable[str]) -> None:
        """Forget the cooldowns of all credentials but these: the configuration has no others."""
        with self._lock:
            self._cooldowns.keep(identities)

    # --- for plans ---

    def choose(
        self,
        strategy: Strategy,
        name: str,
        pool: Pool,
        admits: Callable[[Target], bool],
        session: str | None,
        now: float,
    ) -> Target | None:
        """Return the target of `pool` whose turn it is for a request for `name`, among those that its plan `admits`.
        The one that its session is bound to goes first. None: there is none, or all rest."""

        if len(pool) == 1 and not self._cooldowns:
            return pool[0] if admits(pool[0]) else None

        def eligible(target: Target) -> bool:
            return admits(target) and (not self._cooldowns or self._cooldowns.until(target, now) is None)

        with self._lock:
            bound = self._bound(session, pool, now)
            if bound is not None and eligible(bound):
                return bound
            for targets in self._order(name, pool, strategy):
                chosen = self.turns.choose(strategy, name, targets, eligible, now)
                if chosen is not None:
                    return chosen
        return None

    def _bound(self, session: str | None, pool: Pool, now: float) -> Target | None:
        if session is None or (bound := self._bindings.get(session, now)) is None:
            return None
        return next((target for target in pool if target.key == bound), None)

    def _order(self, name: str, pool: Pool, strategy: Strategy) -> tuple[Pool, ...]:
        """Return the pool in groups of one priority, the highest first, as the strategy wants them."""
        known = self._orders.get(name)
        if known is not None and known[0] is pool and known[1] == strategy:
            return known[2]
        priorities = sorted({target.credential.priority for target in pool}, reverse=True)
        groups = tuple(tuple(each for each in pool if each.credential.priority == one) for one in priorities)
        if strategy == "weighted-round-robin":
            groups = tuple(map(weighted, groups))
        self._orders[name] = (pool, strategy, groups)
        if len(self._orders) > _POOLS:
            self._orders.popitem(last=False)
        return groups

    def until(self, targets: Iterable[Target], now: float) -> list[tuple[float, str]]:
        """Return when the rests of `targets` end, and why they began; those that do not rest have `now`."""
        with self._lock:
            return [(self._cooldowns.until(each, now) or now, self._cooldowns.reason(each)) for each in targets]

    def failed(
        self, target: Target, verdict: Verdict, reason: str, transient_seconds: float, now: float
    ) -> Rest | None:
        with self._lock:
            return self._cooldowns.failed(target, verdict, reason, transient_seconds, now)

    def completed(self, target: Target) -> None:
        if self._cooldowns:
            with self._lock:
                self._cooldowns.completed(target)

    def bind(self, session: str, target: Target, ttl: float, now: float) -> None:
        with self._lock:
            self._bindings.bind(session, target.key, ttl, now)
