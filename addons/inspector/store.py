"""The exchanges that the inspector keeps: in memory, bounded by bytes, and on disk where there is a spool.

The oldest go first, those under way after them, pinned ones last. Where some went the next one says how many.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Collection, Sequence
from heapq import merge
from threading import RLock
from typing import Any, Protocol

from addons.inspector import search
from addons.inspector.entry import Entry
from addons.inspector.recording import Change, EventPair, Exchange, Facts, Listing, repeated, summary_json
from addons.inspector.search import Found, Query
from addons.inspector.subscription import Subscription

LARGEST_PAGE = 1000
_COUNTED = 10
"""The exchanges of one id that are told apart by small numbers: to look for the next one takes its time."""
TOGETHER = 4096
"""Bytes of an exchange that are counted at once while it is under way."""

_NO_IDS = frozenset((".", "..", "last"))
"""What no URL can end with, and what stands for the newest in commands."""
_ORDER = ((False, True), (False, False), (True, True), (True, False))
"""What goes first: whether it is pinned, and whether it is over."""


class Disk(Protocol):
    """The exchanges that have been written to disk."""

    def find(self, query: Query, before: int | None, but: Sequence[int], limit: int) -> tuple[list[Found], int]:
        """Return the newest that a query finds of what was before a place in the list, and how many it finds; both
        without those in the places `but`."""

    def get(self, id: str) -> Exchange | None: ...

    def pin(self, id: str, pinned: bool) -> None: ...

    def clear(self) -> None: ...

    @property
    def last_seq(self) -> int:
        """Return the place of the newest one that was there at the start."""


class Store:
    """All of it may be used from any thread, but for `subscribe`, which belongs to a loop."""

    def __init__(self, limit: int, disk: Disk | None = None) -> None:
        self.limit, self.disk = limit, disk
        self.used = 0
        """Bytes in memory."""
        self.gone = 0
        """The exchanges that were let go of for want of room."""
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._gone_before = 0
        """Those after the newest one that is left."""
        self._last_seq = 0 if disk is None else disk.last_seq
        self._subscriptions: list[Subscription] = []
        self._lock = RLock()

    # --- for readers ---

    def summaries(self, query: str = "", limit: int = 200, before: str | None = None) -> Listing:
        """Return a part of the list, newest first: what `query` finds of what is older than the exchange `before`."""
        wanted, limit = search.parse(query), min(limit, LARGEST_PAGE)
        place = None if before is None else self._place(before)
        if before is not None and place is None:
            return Listing((), 0, self.gone, more=False)
        with self._lock:
            entries = list(reversed(self._entries.values()))
        found: list[tuple[Facts, Entry | str | None]] = [
            (entry.facts, entry) for entry in entries if self._matches(entry, wanted, place)
        ]
        total = len(found)
        if self.disk is not None:
            older, count = self.disk.find(wanted, place, [entry.facts.seq for entry in entries], limit)
            running = {entry.facts.id for entry in entries}
            for facts, _ in older:
                facts.id = repeated(facts.id, facts.seq) if facts.id in running else facts.id
            found = list(merge(found, older, key=lambda each: -each[0].seq))
            total += count
        shown = tuple(_listed(facts, entry, wanted) for facts, entry in found[:limit])
        return Listing(shown, total, self.gone, more=total > len(shown))

    def get(self, id: str) -> Exchange | None:
        entry = self.kept(id)
        if entry is not None:
            entry.searchable()
            exchange = entry.exchange()
            self.resized(entry)
            return exchange
        return None if self.disk is None else self.disk.get(id)

    def events(self, id: str, first: int, most: int) -> tuple[EventPair, ...] | None:
        """Return the stored events of an exchange from number `first` on, at `most` so many; None: it is not there."""
        entry = self.kept(id)
        if entry is not None:
            return entry.events(first, most)
        exchange = None if self.disk is None else self.disk.get(id)
        return None if exchange is None else tuple(event for event in exchange.events if event.n >= first)[:most]

    def pin(self, id: str, pinned: bool) -> bool:
        """Keep an exchange as long as there is room, or no longer so. Return whether it is there."""
        with self._lock:
            entry = self._entries.get(id)
            if entry is not None:
                entry.facts.pinned = pinned
                self._tell(entry)
        on_disk = self.disk is not None and (entry is None or entry.on_disk)
        if on_disk and self.disk is not None:
            if entry is None and self.disk.get(id) is None:
                return False
            self.disk.pin(id, pinned)
        return entry is not None or on_disk

    def clear(self) -> None:
        """Forget everything but what is pinned or under way, on disk, too."""
        with self._lock:
            ids = tuple(id for id, entry in self._entries.items() if entry.over and not entry.facts.pinned)
            for id in ids:
                entry = self._entries.pop(id)
                entry.forgotten = True
                self.used -= entry.counted
            for entry in self._entries.values():
                entry.gone_before = 0
            self.gone = self._gone_before = 0
            self._tell_gone(ids)
        if self.disk is not None:
            self.disk.clear()

    async def subscribe(self, follow: Collection[str] = ()) -> AsyncGenerator[list[Change]]:
        """Yield what changes from now on, as much as came together, with the events of the exchanges in `follow`. Who
        reads too slowly is told to read the list anew (`resync`)."""
        subscription = Subscription(frozenset(follow))
        with self._lock:
            self._subscriptions.append(subscription)
        try:
            while True:
                yield await subscription.changes()
        finally:
            with self._lock:
                self._subscriptions.remove(subscription)

    def __len__(self) -> int:
        return len(self._entries)

    def kept(self, id: str) -> Entry | None:
        """Return what is in memory of an exchange."""
        with self._lock:
            return self._entries.get(id)

    # --- for the watcher ---

    def begin(self, entry: Entry) -> None:
        """Take an exchange that has just begun. Its id becomes another one where there is one of that id already."""
        with self._lock:
            facts = entry.facts
            facts.id = self._free(facts.id)
            facts.seq = self._last_seq = max(facts.seq, self._last_seq + 1)
            entry.gone_before, self._gone_before = self._gone_before, 0
            self._entries[facts.id] = entry
            self.resized(entry)
            self._tell(entry)

    def changed(self, entry: Entry) -> None:
        """Take it that an exchange has more to it now."""
        if entry.size - entry.counted > TOGETHER or entry.over:
            self.resized(entry)
        self._tell(entry)

    def happened(self, entry: Entry, first: int) -> None:
        """Take it that an exchange has more events, from number `first` on."""
        if entry.size - entry.counted > TOGETHER:
            self.resized(entry)
        for subscription in self._subscriptions:
            subscription.happened(entry, first)

    def resized(self, entry: Entry) -> None:
        """Count an exchange's bytes, and make room for them."""
        with self._lock:
            if self._entries.get(entry.facts.id) is not entry:
                return
            size, before = entry.size, entry.counted
            entry.counted = size
            self.used += size - before
            if self.used > self.limit:
                self._make_room()

    def _tell(self, entry: Entry) -> None:
        for subscription in self._subscriptions:
            subscription.changed(entry)

    def _tell_gone(self, ids: tuple[str, ...]) -> None:
        for subscription in self._subscriptions:
            subscription.gone(ids)

    def _free(self, id: str) -> str:
        found, number = id, 2
        while found in self._entries or found in _NO_IDS:
            found = f"{id}~{number}"
            number = number + 1 if number < _COUNTED else self._last_seq + number
        return found

    def _make_room(self) -> None:
        while self.used > self.limit and (id := self._next_to_go()) is not None:
            self._forget(id)

    def _next_to_go(self) -> str | None:
        for pinned, over in _ORDER:
            for id, entry in self._entries.items():
                if entry.facts.pinned is pinned and entry.over is over:
                    return id
        return None

    def _forget(self, id: str) -> None:
        entry = self._entries[id]
        gone = entry.gone_before + (not entry.on_disk)
        if gone:
            later = self._after(id)
            if later is None:
                self._gone_before += gone
            else:
                later.gone_before += gone
        self.gone += not entry.on_disk
        del self._entries[id]
        self.used -= entry.counted
        entry.counted = 0
        if self.disk is None or not entry.over:
            entry.forget()
        if not entry.on_disk:
            self._tell_gone((id,))

    def _after(self, id: str) -> Entry | None:
        found = False
        for each, entry in self._entries.items():
            if found:
                return entry
            found = each == id
        return None

    # --- the list ---

    def _place(self, id: str) -> int | None:
        entry = self.kept(id)
        if entry is not None:
            return entry.facts.seq
        exchange = None if self.disk is None else self.disk.get(id)
        return None if exchange is None else exchange.facts.seq

    @staticmethod
    def _matches(entry: Entry, query: Query, before: int | None) -> bool:
        if before is not None and entry.facts.seq >= before:
            return False
        return query.empty or query.matches(entry.facts, entry.searchable())


def _listed(facts: Facts, kept: Entry | str | None, query: Query) -> dict[str, Any]:
    """Return a summary with what only lists tell. `kept` is what is in memory, or what was found on disk."""
    if not isinstance(kept, Entry):
        return {**summary_json(facts), "gone_before": 0, "found": kept}
    return {**summary_json(kept.known()), "gone_before": kept.gone_before, "found": query.excerpt(kept.text)}
