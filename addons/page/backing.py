"""All that the page needs of the gateway."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from addons.exchange.services import Services
from addons.inspector.redactor import Redactor
from addons.inspector.store import Store


class Ask(Protocol):
    """Sends a request through the gateway as the key of that name, with `headers` that have no key; returns the id of
    its exchange as soon as that has begun. Raises `ValueError`, a sentence."""

    async def __call__(self, key_name: str, path: str, headers: Sequence[tuple[str, str]], body: bytes) -> str: ...


@dataclass
class Backing:
    """`services` are those of the configuration in use; `redactor` sees all that is made of what was recorded."""

    store: Store
    redactor: Redactor
    services: Callable[[], Services]
    ask: Ask
    version: str
    kept: Callable[[], Mapping[str, Any]]
    """`{"gateway": "http://127.0.0.1:8317/v1", "memory": {"used": bytes, "limit": bytes}, "spool": ..., "bodies":
    "redacted", "exchanges": n}`"""
