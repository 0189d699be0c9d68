"""Services that all exchanges of a gateway share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from addons.exchange.memory import Memories
from addons.exchange.observers import Watcher
from addons.exchange.response_store import ResponseStore
from routing.catalogue import Catalogue
from routing.client_keys import KeyRing
from routing.settings import Settings
from translators.masking import Mask

SHORTEST_KEY = 8
"""Anything shorter may stand in an answer for reasons of its own."""


class Clock(Protocol):
    def wall(self) -> float:
        """Return seconds since 1970."""

    def now(self) -> float:
        """Return seconds, monotonic."""


@dataclass(slots=True)
class Services:
    """The gateway sets `draining` and `ended`, and changes the catalogue when a model appears; the rest stands."""

    settings: Settings
    catalogue: Catalogue
    keys: KeyRing
    clock: Clock
    new_id: Callable[[], str]
    responses: ResponseStore | None = None
    memories: Memories = field(default_factory=Memories)
    watchers: tuple[Watcher, ...] = ()
    failover: bool = False
    """Another target may be asked as long as the client has received nothing. The beginning of a streamed answer then
    waits for its content, where there is another target."""
    draining: bool = False
    """Exchanges that run may finish; new ones are turned away."""
    ended: bool = False
    """Nothing runs any more: whatever breaks now, it is the gateway that ends it."""
    mask: Mask = field(init=False)
    """Knows the keys of clients and providers that the settings name."""

    def __post_init__(self) -> None:
        self.mask = Mask(key for key in self.settings.secrets() if len(key) >= SHORTEST_KEY)
