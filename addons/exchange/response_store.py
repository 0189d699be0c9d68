"""The responses that clients may come back to with `previous_response_id`: in memory only, apart for every client key,
bounded in bytes and in age. What is used stays; what was not used for longest goes first, of the client that has most.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from threading import RLock
from typing import Any, cast

from pydantic_core import from_json, to_json

from translators.dialects import Item, Remembered
from translators.values import immutable

MAX_BYTES = 64 * 1024 * 1024
"""The size of all responses together, as they are stored."""
MAX_AGE = 3600.0
"""Seconds since a response was last used."""
OVERHEAD = 256
"""Bytes of an entry beside its texts, and of each of its items' ids."""


@dataclass(slots=True)
class _Entry:
    """One response as JSON: what is parsed takes up to twelve times as much memory, and its size is not known."""

    response: bytes
    input: bytes
    previous: str | None
    items: tuple[str, ...]
    """The ids of its items, those of its input first."""
    used: float

    @property
    def size(self) -> int:
        return len(self.response) + len(self.input) + OVERHEAD * (1 + len(self.items))


def _locked[Method: Callable[..., Any]](method: Method) -> Method:
    """Heavy requests are read in a thread of their own, which reads the store as well."""

    @wraps(method)
    def locked(self: "ResponseStore", *args: Any) -> Any:
        with self.lock:
            return method(self, *args)

    return cast(Method, locked)


class ResponseStore:
    """The clock is an argument everywhere: seconds that only grow."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_age: float = MAX_AGE) -> None:
        self._max_bytes, self._max_age = max_bytes, max_age
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        """By client and id, the one that was not used for longest first."""
        self._items: dict[tuple[str, str], str] = {}
        """By client and id of an item, the response that it first came with: whoever refers to it uses that."""
        self._sizes: dict[str, int] = {}
        """By client."""
        self.lock = RLock()

    @_locked
    def resize(self, max_bytes: int, max_age: float, now: float) -> None:
        """Store so much from now on, for so long."""
        self._max_bytes, self._max_age = max_bytes, max_age
        self._sweep(now)
        self._make_room()

    @property
    def size(self) -> int:
        return sum(self._sizes.values())

    def size_of(self, client: str) -> int:
        return self._sizes.get(client, 0)

    @_locked
    def put(self, client: str, response: Remembered, now: float) -> None:
        """Store a response, unless it is larger than the store."""
        self._sweep(now)
        self.delete(client, response.id, now)
        ids = [item.get("id") for item in (*response.input, *response.response["output"])]
        items = tuple(id for id in ids if isinstance(id, str))
        entry = _Entry(to_json(response.response), to_json(response.input), response.previous, items, now)
        if entry.size > self._max_bytes:
            return
        self._entries[client, response.id] = entry
        self._sizes[client] = self.size_of(client) + entry.size
        for id in items:
            self._items.setdefault((client, id), response.id)
        self._make_room()

    @_locked
    def get(self, client: str, id: str, now: float) -> Mapping[str, Any] | None:
        """Return the response as it was answered."""
        entry = self._used(client, id, now)
        return None if entry is None else from_json(entry.response)

    @_locked
    def delete(self, client: str, id: str, now: float) -> bool:
        """Forget a response. Return whether it was there."""
        self._sweep(now)
        if (client, id) not in self._entries:
            return False
        self._drop((client, id))
        return True

    @_locked
    def history(self, client: str, id: str, now: float) -> tuple[Item, ...] | None:
        links: list[_Entry] = []
        wanted: str | None = id
        while wanted is not None:
            if (entry := self._used(client, wanted, now)) is None:
                return None
            links.append(entry)
            wanted = entry.previous
        return tuple(item for entry in reversed(links) for item in _items(entry))

    @_locked
    def item(self, client: str, id: str, now: float) -> Item | None:
        self._sweep(now)
        response = self._items.get((client, id))
        if response is None:
            return None
        entry = self._used(client, response, now)
        return None if entry is None else next((item for item in _items(entry) if item.get("id") == id), None)

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

    def _make_room(self) -> None:
        while self.size > self._max_bytes:
            largest = max(self._sizes, key=self.size_of)
            self._drop(next(key for key in self._entries if key[0] == largest))

    def _drop(self, key: tuple[str, str]) -> None:
        entry = self._entries.pop(key)
        client, id = key
        self._sizes[client] -= entry.size
        if not self._sizes[client]:
            del self._sizes[client]
        for item in entry.items:
            if self._items.get((client, item)) == id:
                del self._items[client, item]


@immutable
class ClientPast:
    """One client's part of a store, at one time, as the dialect reads it."""

    store: ResponseStore
    client: str
    now: float
    keeps: bool = True

    def history(self, id: str) -> tuple[Item, ...] | None:
        return self.store.history(self.client, id, self.now)

    def item(self, id: str) -> Item | None:
        return self.store.item(self.client, id, self.now)


def _items(entry: _Entry) -> list[Item]:
    return [*from_json(entry.input), *from_json(entry.response)["output"]]
