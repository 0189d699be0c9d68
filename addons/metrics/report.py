"""A report of what the gateway has done: JSON by provider, model and credential, and text for Prometheus."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import UTC, datetime
from functools import partial
from typing import Any

from addons.exchange.exchange import Exchange
from addons.exchange.services import Clock
from addons.metrics.counts import TOKENS, Counts, Tried, Tries
from addons.metrics.recent import SECONDS, Recent
from routing.cooldowns import Cooldown

InFlight = tuple[int, Counter[Tried]]
"""The number of exchanges, and of calls by what they ask."""


class Report:
    """Reports of what was counted. A large one takes a second, and is made by functions that any thread may call,
    but not two at once, while exchanges go on: some of what ends meanwhile may be in it.

    `running` returns the exchanges that are not over, `connections` the number of clients' connections, `cooldowns`
    what rests at a time."""

    def __init__(
        self,
        counts: Counts,
        clock: Clock,
        running: Callable[[], Iterable[Exchange]],
        connections: Callable[[], int],
        cooldowns: Callable[[float], Iterable[Cooldown]],
    ) -> None:
        self.counts, self.connections = counts, connections
        self._clock, self._running, self._cooldowns = clock, running, cooldowns
        self._started = clock.wall()
        self._prometheus: Callable[[InFlight], bytes] | None = None

    def in_flight(self) -> InFlight:
        """Return what is under way."""
        exchanges, calls = 0, Counter[Tried]()
        for exchange in self._running():
            exchanges += exchange.counts
            for attempt in exchange.provider.attempts.values():
                target = attempt.calls.target
                calls[self.counts.tried(target.provider, target.model, target.credential.name)] += 1
        return exchanges, calls

    def cooling(self) -> Mapping[Tried, Cooldown]:
        """Return what rests now."""
        cooldowns = self._cooldowns(self._clock.now())
        return {self.counts.tried(each.provider, each.model, each.credential): each for each in cooldowns}

    def providers(self, usable: Set[str] | None) -> Callable[[], Mapping[str, Any]]:
        """Return what works out the counts `since` the start, and percentiles of the last `window_seconds`; times are
        ISO 8601: `{"object": "list", "since", "window_seconds", "data": [{"provider", "model", "credential", ...}]}`.
        """
        _, calls = self.in_flight()
        return partial(self._providers, usable, calls)

    def prometheus(self) -> Callable[[], bytes]:
        """Return what works out all metrics in Prometheus' text format."""
        return partial(self._rendered, self.in_flight())

    def _providers(self, usable: Set[str] | None, calls: Counter[Tried]) -> Mapping[str, Any]:
        tries, cooling = dict(self.counts.tries), self.cooling()
        rows = sorted({*tries, *calls, *cooling})
        return {
            "object": "list",
            "since": _iso(self._started),
            "window_seconds": SECONDS,
            "data": [
                self._row(tried, tries.get(tried) or Tries(), calls[tried], cooling.get(tried))
                for tried in rows
                if usable is None or (tried in tries and not tries[tried].names.isdisjoint(usable))
            ],
        }

    def _rendered(self, in_flight: InFlight) -> bytes:
        if self._prometheus is None:
            from addons.metrics import prometheus

            self._prometheus = prometheus.renderer(self)
        return self._prometheus(in_flight)

    def _row(self, tried: Tried, tries: Tries, calls: int, cooldown: Cooldown | None) -> dict[str, Any]:
        now, wall = self._clock.now(), self._clock.wall()
        provider, model, credential = tried
        last = tries.last_error
        return {
            "provider": provider,
            "model": model,
            "credential": credential,
            "requests": tries.ok + sum(tries.errors.values()),
            "in_flight": calls,
            "errors": dict(sorted(tries.errors.items())),
            "last_error": last and {"class": last[0], "time": _iso(last[1])},
            "duration_ms": _milliseconds(tries.durations, now),
            "first_event_ms": _milliseconds(tries.first_events, now),
            "tokens": dict(zip(TOKENS, tries.tokens, strict=True)),
            "cooldown": cooldown and {"until": _iso(wall + cooldown.until - now), "reason": cooldown.reason},
        }


def _milliseconds(recent: Recent, now: float) -> dict[str, int] | None:
    percentiles = recent.percentiles(now)
    return None if percentiles is None else {f"p{each}": round(value * 1000) for each, value in percentiles.items()}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
