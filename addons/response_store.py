"""The responses that clients may come back to with `previous_response_id`: in memory only, apart for every client key,
bounded in bytes and in age. What is used stays; what was not used for longest goes first.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from translators.clients import responses
from translators.clients.responses.state import Item, Remembered, remembered
from translators.dialects import Writer

MAX_BYTES = 64 * 1024 * 1024
"""Of all responses together, as JSON."""
MAX_AGE = 3600.0
"""Seconds since a response was last used."""


@dataclass(slots=True)
class _Entry:
    kept: Remembered
    size: int
    used: float


class ResponseStore:
    """The clock is an argument everywhere: seconds that only grow."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_age: float = MAX_AGE) -> None:
        self._max_bytes, self._max_age = max_bytes, max_age
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        """By client and id, the one that was not used for longest first."""
        self._items: dict[tuple[str, str], tuple[str, Item]] = {}
        """By client and id of an item, the response that it first came with: whoever refers to it uses that."""
        self.size = 0

    def keep(self, client: str, writer: Writer, now: float) -> None:
        """What `writer` answered in the end, if it is a response that is to be kept."""
        if not isinstance(writer, responses.Streamed | responses.Whole) or writer.response is None:
            return
        if (kept := remembered(writer.form, writer.response)) is not None:
            self.put(client, kept, now)

    def put(self, client: str, kept: Remembered, now: float) -> None:
        """One that is larger than all that may be kept is not kept."""
        self._sweep(now)
        self.delete(client, kept.id, now)
        size = len(to_json(kept.response)) + len(to_json(kept.input))
        if size > self._max_bytes:
            return
        self._entries[client, kept.id] = _Entry(kept, size, now)
        self.size += size
        for item in _items(kept):
            if isinstance(id := item.get("id"), str):
                self._items.setdefault((client, id), (kept.id, item))
        while self.size > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def get(self, client: str, id: str, now: float) -> Mapping[str, Any] | None:
        """The response as it was answered."""
        entry = self._used(client, id, now)
        return None if entry is None else entry.kept.response

    def delete(self, client: str, id: str, now: float) -> bool:
        """Whether it was there."""
        self._sweep(now)
        if (client, id) not in self._entries:
            return False
        self._drop((client, id))
        return True

    def history(self, client: str, id: str, now: float) -> tuple[Item, ...] | None:
        links: list[Remembered] = []
        wanted: str | None = id
        while wanted is not None:
            if (entry := self._used(client, wanted, now)) is None:
                return None
            links.append(entry.kept)
            wanted = entry.kept.previous
        return tuple(item for kept in reversed(links) for item in _items(kept))

    def item(self, client: str, id: str, now: float) -> Item | None:
        self._sweep(now)
        found = self._items.get((client, id))
        if found is None:
            return None
        self._used(client, found[0], now)
        return found[1]

    def of(self, client: str, now: float) -> "ClientPast":
        return ClientPast(self, client, now)

    def _used(self, client: str, id: str, now: float) -> _Entry | None:
        self._sweep(now)
        if (entry := self._entries.get((client, id))) is not None:
            entry.used = now
            self._entries.move_to_end((client, id))
        return entry

    def _sweep(self, now: float) -> None:
        while self._entries:
            key, entry = next(iter(self._entries.items()))
            if now - entry.used <= self._max_age:
                return
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        entry = self._entries.pop(key)
        self.size -= entry.size
        client, id = key
        for item in _items(entry.kept):
            place = (client, item.get("id", ""))
            if (found := self._items.get(place)) is not None and found[0] == id:
                del self._items[place]


@dataclass(frozen=True, slots=True)
class ClientPast:
    """One client's part of a store, at one time, as the dialect asks for it."""

    store: ResponseStore
    client: str
    now: float
    keeps: bool = True

    def history(self, id: str) -> tuple[Item, ...] | None:
        return self.store.history(self.client, id, self.now)

    def item(self, id: str) -> Item | None:
        return self.store.item(self.client, id, self.now)


def _items(kept: Remembered) -> tuple[Item, ...]:
    return (*kept.input, *kept.response["output"])
