"""One subscriber of the live list: what it has not taken yet, put together and bounded."""

import asyncio
import threading
from typing import Final

from addons.inspector.entry import Entry
from addons.inspector.recording import Change, EventPair, summary_json

TOGETHER_SECONDS: Final = 0.05
"""What comes within this time is told at once."""
MOST_CHANGED = 1000
MOST_EVENTS = 20_000
MOST_BYTES = 2 * 1024 * 1024
"""What a slow subscriber may have waiting; with more it is told to read everything anew."""


class Subscription:
    """`follow` are the ids whose events are wanted. Made in the loop that reads it; told in any thread."""

    def __init__(self, follow: frozenset[str]) -> None:
        self.follow = follow
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._wake = asyncio.Event()
        self._woken = False
        self._changed: dict[str, Entry] = {}
        self._events: dict[str, tuple[Entry, list[EventPair]]] = {}
        self._gone: list[str] = []
        self._waiting = self._bytes = 0
        self._lost = False
        self._lock = threading.Lock()

    def changed(self, entry: Entry) -> None:
        with self._lock:
            self._changed[entry.facts.id] = entry
            self._bound()

    def happened(self, entry: Entry, event: EventPair) -> None:
        with self._lock:
            id = entry.facts.id
            self._changed[id] = entry
            if id in self.follow:
                self._events.setdefault(id, (entry, []))[1].append(event)
                self._waiting += 1
                self._bytes += len(event.provider) + len(event.client)
            self._bound()

    def gone(self, ids: tuple[str, ...]) -> None:
        with self._lock:
            for id in ids:
                self._changed.pop(id, None)
                self._events.pop(id, None)
            self._gone.extend(ids)
            self._bound()

    def _bound(self) -> None:
        many = len(self._changed) > MOST_CHANGED or len(self._gone) > MOST_CHANGED
        if many or self._waiting > MOST_EVENTS or self._bytes > MOST_BYTES:
            self._lost = True
            self._forget()
        if not self._woken:
            self._woken = True
            if threading.get_ident() == self._thread:
                self._wake.set()
            else:
                self._loop.call_soon_threadsafe(self._wake.set)

    def _forget(self) -> None:
        self._changed, self._events, self._gone = {}, {}, []
        self._waiting = self._bytes = 0

    async def changes(self) -> list[Change]:
        """Return what has changed since the last time; wait until there is something."""
        await self._wake.wait()
        await asyncio.sleep(TOGETHER_SECONDS)
        with self._lock:
            changed, events, gone, lost = self._changed, self._events, self._gone, self._lost
            self._forget()
            self._lost = self._woken = False
            self._wake.clear()
        told = [Change("resync")] if lost else []
        if gone:
            told.append(Change("gone", ids=tuple(gone)))
        told += [Change("exchange", id, summary=summary_json(entry.facts)) for id, entry in changed.items()]
        for id, (entry, news) in events.items():
            await self._loop.run_in_executor(None, entry.clean)
            told.append(Change("events", id, events=tuple(news)))
        return told
