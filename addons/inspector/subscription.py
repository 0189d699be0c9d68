"""One subscriber of the live list: what it has not taken yet, put together and bounded."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Final

from addons.inspector.entry import Entry
from addons.inspector.recording import Change, summary_json

TOGETHER_SECONDS: Final = 0.1
"""What comes within this time is told at once."""
MOST_TOLD = 20
"""The exchanges that are told at once; others wait. Nobody reads more, and each takes time from those that run."""
MOST_CHANGED = 1000
MOST_EVENTS = 20_000
MOST_BYTES = 2 * 1024 * 1024
"""What may wait for a subscriber; with more it is told to read everything anew."""


class Subscription:
    """`follow` are the ids whose events are wanted. Made in the loop that reads it; told in any thread."""

    def __init__(self, follow: frozenset[str]) -> None:
        self.follow = follow
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._wake = asyncio.Event()
        self._woken = False
        self._changed: dict[str, Entry] = {}
        self._events: dict[str, tuple[Entry, int]] = {}
        """Those that have new events, and the number of the first."""
        self._gone: list[str] = []
        self._lost = False
        self._lock = threading.Lock()

    def changed(self, entry: Entry) -> None:
        if self._changed.get(entry.facts.id) is entry:
            return  # it is read only after it was taken out of these
        with self._lock:
            self._changed[entry.facts.id] = entry
            self._bound()

    def happened(self, entry: Entry, first: int) -> None:
        id = entry.facts.id
        if self._changed.get(id) is entry and (id not in self.follow or id in self._events):
            return  # as above
        with self._lock:
            self._changed[id] = entry
            if id in self.follow:
                self._events.setdefault(id, (entry, first))
            self._bound()

    def gone(self, ids: tuple[str, ...]) -> None:
        with self._lock:
            for id in ids:
                self._changed.pop(id, None)
                self._events.pop(id, None)
            self._gone.extend(ids)
            self._bound()

    def _bound(self) -> None:
        if len(self._changed) > MOST_CHANGED or len(self._gone) > MOST_CHANGED:
            self._lost = True
            self._forget()
        self._be_woken()

    def _be_woken(self) -> None:
        if not self._woken:
            self._woken = True
            if threading.get_ident() == self._thread:
                self._wake.set()
            else:
                self._loop.call_soon_threadsafe(self._wake.set)

    def _forget(self) -> None:
        self._changed, self._events, self._gone = {}, {}, []

    async def changes(self) -> list[Change]:
        """Return what has changed since the last time; wait until there is something."""
        await self._wake.wait()
        await asyncio.sleep(TOGETHER_SECONDS)
        with self._lock:
            changed, events, gone, lost = self._changed, self._events, self._gone, self._lost
            self._forget()
            self._lost = self._woken = False
            self._wake.clear()
            for id in [*changed][MOST_TOLD:]:
                self._changed[id] = changed.pop(id)
            if self._changed:
                self._be_woken()
        news = [await self._news(id, entry, first) for id, (entry, first) in events.items()]
        lost = lost or _too_much(news)
        told = [Change("resync")] if lost else []
        if gone:
            told.append(Change("gone", ids=tuple(gone)))
        told += [Change("exchange", id, summary=summary_json(entry.known())) for id, entry in changed.items()]
        return told if lost else told + news

    async def _news(self, id: str, entry: Entry, first: int) -> Change:
        """Return the events of an exchange from number `first` on; they are made fit to be shown in a thread."""
        return Change("events", id, events=await self._loop.run_in_executor(None, entry.events, first))


def _too_much(news: Sequence[Change]) -> bool:
    events = [event for change in news for event in change.events]
    return len(events) > MOST_EVENTS or sum([len(each.provider) + len(each.client) for each in events]) > MOST_BYTES
