"""Records exchanges for the inspector: a watcher of all of them, which hands what it hears to the store.

An exchange is a POST to a generating route that passed authentication. What is more than to take down what was heard
(redaction, search) is done when somebody reads, or in a thread of its own after the exchange.
"""

from collections.abc import Callable, Sequence
from functools import partial

from addons.exchange.http_api import EXPIRED_KEY
from addons.exchange.observers import Pair, PhaseMessage, Record
from addons.inspector.background import Background
from addons.inspector.entry import DIALECTS, LARGEST_RAW, Entry
from addons.inspector.recording import Exchange
from addons.inspector.redactor import Redactor
from addons.inspector.store import Store

HEAVY = LARGEST_RAW
"""Bytes of a body that is redacted elsewhere as soon as it is there."""


class Capture:
    """`limit` bounds the bytes of one exchange; `spool` takes those that are over, complete and redacted."""

    detailed = True

    def __init__(
        self,
        store: Store,
        redactor: Redactor,
        limit: int,
        background: Background,
        spool: Callable[[Entry, Exchange], None] | None = None,
    ) -> None:
        self._store, self._redactor, self._limit = store, redactor, limit
        self._background, self._spool = background, spool
        self._running: dict[int, tuple[Record, Entry]] = {}
        """By the identity of their records: ids of requests are the clients' own, and may come again."""

    def message(self, record: Record, message: PhaseMessage) -> None:
        if (entry := self._entry(record)) is None:
            return
        self._background.heard += 1
        entry.message(message)
        body = message.body
        if body is not None and len(body) > HEAVY and not self._background.put(entry.clean, len(body)):
            entry.drop_large()
        self._store.changed(entry)

    def pairs(self, record: Record, pairs: Sequence[Pair]) -> None:
        running = self._running.get(id(record))
        if running is not None and not running[1].forgotten:
            entry = running[1]
            self._background.heard += 1
            self._store.happened(entry, entry.pairs(pairs))

    def ended(self, record: Record) -> None:
        entry = self._entry(record)
        self._running.pop(id(record), None)
        if entry is None:
            return
        entry.end()
        self._store.changed(entry)
        if self._spool is None:
            self._look_through_later(entry)
        else:
            self._background.put(partial(self._finish, entry, self._spool), entry.size)

    def read(self, exchange: Exchange) -> None:
        """Take an exchange of a file: it is shown as the newest, and not written to another one."""
        facts = exchange.facts
        if not facts.dialect or not facts.client or facts.end == "running":
            return
        entry = Entry.again(exchange, self._limit, self._redactor)
        self._store.begin(entry)
        self._look_through_later(entry)

    def _entry(self, record: Record) -> Entry | None:
        """Return the exchange of a record, begun where it is new; None where it is none, or not recorded any more."""
        running = self._running.get(id(record))
        if running is not None:
            return None if running[1].forgotten else running[1]
        if record.method != "POST" or record.path not in DIALECTS or record.key_name is None:
            return None
        if record.error == EXPIRED_KEY.code:
            return None
        entry = Entry.of(record, self._limit, self._redactor)
        entry.follow(record)
        self._running[id(record)] = (record, entry)
        self._store.begin(entry)
        record.shown_as = entry.facts.id
        return entry

    def _finish(self, entry: Entry, spool: Callable[[Entry, Exchange], None]) -> None:
        """Do for an exchange that is over what needs time."""
        self._look_through(entry)
        spool(entry, entry.exchange())

    def _look_through_later(self, entry: Entry) -> None:
        """Find what a search needs when there is time, if the exchange is there then: only its id waits for that."""
        id = entry.facts.id
        self._background.put(lambda: self._look_through(self._store.kept(id)), needed=False)

    def _look_through(self, entry: Entry | None) -> None:
        """Find what a search needs, unless one has done so or there is nothing left."""
        if entry is not None and not entry.forgotten and not entry.text:
            entry.look_through()
            self._store.changed(entry)
