"""Services that all exchanges share which began with one configuration; those that follow a reload get others."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakSet

from addons.exchange.client_limits import Counts
from addons.exchange.memory import Memories
from addons.exchange.observers import Record, Trace, Watcher
from addons.exchange.response_store import ResponseStore
from routing.catalogue import Catalogue
from routing.client_keys import KeyRing
from routing.faults import Faults
from routing.prices import PriceList
from routing.router import Router
from routing.settings import Settings
from translators.masking import Mask

SHORTEST_KEY = 8
"""Anything shorter may stand in an answer for reasons of its own."""


class Clock(Protocol):
    def wall(self) -> float:
        """Return seconds since 1970."""

    def now(self) -> float:
        """Return seconds, monotonic."""


class Metrics(Protocol):
    """Counts of all that the gateway has done since its start; no configuration's own."""

    def providers(self, usable: Set[str] | None) -> Callable[[], Mapping[str, Any]]:
        """Return what works out, in any thread, what the attempts at providers came to, of those models alone whose
        names are `usable`; None: of all."""

    def prometheus(self) -> Callable[[], bytes]:
        """Return what works out, in any thread, all metrics in Prometheus' text format."""


class Tracing(Protocol):
    def begin(self, record: Record, headers: Mapping[str, str]) -> Trace:
        """Begin the span of a request with these headers."""


@dataclass(slots=True)
class Life:
    """The gateway's way to its end, which is the same for exchanges of every configuration."""

    draining: bool = False
    """Exchanges that run may finish; new ones are turned away."""
    ended: bool = False
    """Nothing runs any more: whatever breaks now, it is the gateway that ends it."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class Services:
    """All that is of one configuration, and all that outlives it. The gateway changes the catalogue when a model
    appears.

    Those of another configuration are made with `dataclasses.replace`: each field that is not replaced is shared with
    them. An exchange keeps those that it began with.
    """

    settings: Settings
    catalogue: Catalogue
    keys: KeyRing
    clock: Clock
    new_id: Callable[[], str]
    responses: ResponseStore | None = None
    client_counts: Counts | None = None
    """Of the limits of client keys."""
    memories: Memories = field(default_factory=Memories)
    watchers: tuple[Watcher, ...] = ()
    metrics: Metrics | None = None
    tracing: Tracing | None = None
    page: str | None = None
    """The address of the page that shows exchanges, where there is one."""
    router: Router = field(default_factory=Router)
    life: Life = field(default_factory=Life)
    generations: WeakSet["Services"] = field(default_factory=WeakSet, repr=False)
    """Those of every configuration that an exchange still runs with."""
    mask: Mask = field(init=False)
    """Knows the keys of clients and providers that the settings of all generations name."""
    prices: PriceList = field(init=False)
    faults: Faults | None = field(init=False)
    """Those that configuration injects, if it does."""

    def __post_init__(self) -> None:
        self.generations.add(self)
        secrets = {key for each in self.generations for key in each.settings.secrets()}
        self.mask = Mask(key for key in secrets if len(key) >= SHORTEST_KEY)
        self.prices = PriceList(self.settings.prices)
        self.faults = Faults(self.settings.faults, self.new_id) if self.settings.faults else None
