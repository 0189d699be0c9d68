"""All that the page needs of the gateway."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from addons.exchange.services import Services
from addons.inspector.recording import Change, Exchange, Page
from routing.settings import InspectorSettings


class Store(Protocol):
    """The recorded exchanges; `addons.inspector.store` has them."""

    def summaries(self, query: str = "", limit: int = 200, before: str | None = None) -> Page: ...

    def get(self, id: str) -> Exchange | None: ...

    def subscribe(self, follow: Collection[str] = ()) -> AsyncIterator[Change]: ...

    def pin(self, id: str, pinned: bool) -> bool: ...

    def clear(self) -> None: ...


class Ask(Protocol):
    """Sends a request through the gateway as the key of that name, with `headers` that have no key; returns the id of
    its exchange as soon as that has begun. Raises `ValueError`, a sentence."""

    async def __call__(self, key_name: str, path: str, headers: Sequence[tuple[str, str]], body: bytes) -> str: ...


@dataclass
class Backing:
    """`services` are those of the configuration in use."""

    store: Store
    services: Callable[[], Services]
    ask: Ask
    settings: InspectorSettings
    version: str
    used: Callable[[], Mapping[str, Any]]
    """`{"memory": {"used": bytes, "limit": bytes}, "spool": ..., "exchanges": n}`"""
