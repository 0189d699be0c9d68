"""The exchanges on disk: one file of SQLite, written by a thread of its own, bounded in bytes and in days.

What is in it is what can be read of an exchange in memory, redacted; only its owner may read it. A file that cannot be
read is set aside, and another is begun.
"""

import json
import logging
import re
import sqlite3
import time
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from addons.databases.row_writer import DAY, Clockwork, RowWriter
from addons.databases.sqlite_file import BUSY_SECONDS, Foreign, Form, SqliteFile
from addons.inspector.entry import Entry
from addons.inspector.reading_back import exchange_of, facts_of
from addons.inspector.recording import Exchange, Facts, repeated, summary_json
from addons.inspector.search import Query
from addons.inspector.spool_query import condition

logger = logging.getLogger("gateway")

FILE: Final = "exchanges.db"
KEY: Final = "inspector.spool"
STEPS = (
    """
    CREATE TABLE exchange (
        seq INTEGER PRIMARY KEY,  -- the place in the list
        id TEXT NOT NULL,         -- a client may have chosen it, and may again
        started REAL NOT NULL,    -- seconds since 1970
        pinned INTEGER NOT NULL,
        summary TEXT NOT NULL,    -- JSON, as the API's list has it
        text TEXT NOT NULL,       -- what a search looks through
        detail BLOB NOT NULL      -- JSON, as the API has an exchange, compressed (zlib)
    )
    """,
    "CREATE INDEX exchange_by_id ON exchange (id)",
    "CREATE INDEX exchange_by_time ON exchange (started)",
)
FORM = Form(KEY, 0x67774978, STEPS)
MOST_WAITING = 2000
MOST_WAITING_BYTES = 32 * 1024 * 1024
"""What may wait to be written: exchanges, and bytes of them."""
BATCH = 50
PRUNED_AT_ONCE = 100
PRUNE_SECONDS = 600.0
Row = tuple[int, str, float, bool, str, str, bytes]

_INSERT = "INSERT OR REPLACE INTO exchange VALUES (?, ?, ?, ?, ?, ?, ?)"
_OF_ID = """seq = coalesce(
    (SELECT max(seq) FROM exchange WHERE id = ?), (SELECT seq FROM exchange WHERE id = ? AND seq = ?))"""
_FOUND = """SELECT summary, pinned, seq, EXISTS (SELECT 1 FROM exchange AS later WHERE later.id = exchange.id
    AND later.seq > exchange.seq) FROM exchange WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq DESC"""
_REPEATED = re.compile(r"(.+)~([0-9]{1,18})")
_OLDEST = "SELECT seq FROM exchange ORDER BY pinned, seq LIMIT ?"


def _place(id: str) -> tuple[str, str, int]:
    """Return the values of `_OF_ID`: the newest of that id, else the one that is named as repeated."""
    found = _REPEATED.fullmatch(id)
    return (id, "", 0) if found is None else (id, found[1], int(found[2]))


class Database(SqliteFile):
    """The file, open for writing. Raises `Foreign`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, FORM)
        self._connection.execute("PRAGMA journal_size_limit = 1048576")

    def write(self, rows: Sequence[Row]) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, rows)

    def prune(self, before: float) -> bool:
        """Delete exchanges that began earlier and are not pinned; return whether there may be more of them."""
        chosen = "SELECT seq FROM exchange WHERE started < ? AND NOT pinned LIMIT ?"
        query = f"DELETE FROM exchange WHERE seq IN ({chosen})"
        return self._connection.execute(query, (before, PRUNED_AT_ONCE)).rowcount == PRUNED_AT_ONCE

    def shrink(self, limit: int) -> bool:
        """Delete the oldest exchanges, pinned ones last, if there are more than `limit` bytes; return whether there
        were."""
        if self.size <= limit:
            return False
        query = f"DELETE FROM exchange WHERE seq IN ({_OLDEST})"
        return self._connection.execute(query, (PRUNED_AT_ONCE,)).rowcount > 0

    def look(self) -> None:
        """Raise `sqlite3.DatabaseError` where it is plain that it is broken."""
        for order in ("ASC", "DESC"):
            self._connection.execute(f"SELECT summary FROM exchange ORDER BY seq {order} LIMIT 1").fetchall()

    def pin(self, id: str, pinned: bool) -> None:
        self._connection.execute(f"UPDATE exchange SET pinned = ? WHERE {_OF_ID}", (pinned, *_place(id)))

    @property
    def size(self) -> int:
        """Return the bytes of the file that are in use."""
        [(pages,)] = self._connection.execute("PRAGMA page_count")
        [(free,)] = self._connection.execute("PRAGMA freelist_count")
        [(size,)] = self._connection.execute("PRAGMA page_size")
        return int((pages - free) * size)


class Spool(RowWriter[Row, Database]):
    """The folder is made where it is not there. `max_bytes` and `max_days` bound what is kept; 0 days: for ever."""

    def __init__(self, folder: Path, max_bytes: int, max_days: int) -> None:
        super().__init__(KEY, folder / FILE, MOST_WAITING, BATCH)
        self._folder, self._max_bytes, self._max_days = folder, max_bytes, max_days
        self._waiting_bytes = 0
        self._pruning = Clockwork(PRUNE_SECONDS)
        self._pins: dict[str, bool] = {}
        """What was pinned while it may have been waiting to be written."""
        self._unreadable = False
        folder.mkdir(mode=0o700, exist_ok=True)
        self._check()
        self.last_seq = self._last_seq()

    @property
    def path(self) -> Path:
        return self._path

    def take(self, entry: Entry, exchange: Exchange) -> None:
        """Have an exchange written that is over. It is looked for on disk from now on."""
        facts = exchange.facts
        detail = zlib.compress(json.dumps(exchange.written()).encode(), 1)
        summary = json.dumps(summary_json(facts))
        size = len(detail) + len(entry.text) + len(summary)
        if self._waiting_bytes + size > MOST_WAITING_BYTES:
            self._lost += 1
            return
        text = entry.text.encode("utf-8", "replace").decode()
        if self.put((facts.seq, facts.id, facts.started, facts.pinned, summary, text, detail)):
            self._waiting_bytes += size
            entry.on_disk = True

    # --- for readers, in any thread ---

    def find(self, query: Query, before: int | None, but: Sequence[int], limit: int) -> tuple[list[Facts], int]:
        """Return the newest that a query finds of what was before a place in the list, and how many it finds; both
        without those in the places `but`."""
        where, values = condition(query, before)
        where = f"seq NOT IN (SELECT value FROM json_each(?)) AND {where}"
        values.insert(0, json.dumps(but))
        places = [seq for (seq,) in self._read(f"SELECT seq FROM exchange WHERE {where} ORDER BY seq DESC", values)]
        found: list[Facts] = []
        for summary, pinned, seq, later in self._read(_FOUND, [json.dumps(places[:limit])]) if places else ():
            facts = facts_of(json.loads(summary), seq=seq, pinned=bool(pinned))
            facts.id = repeated(facts.id, seq) if later else facts.id
            found.append(facts)
        return found, len(places)

    def get(self, id: str) -> Exchange | None:
        sql = f"SELECT detail, seq, pinned FROM exchange WHERE {_OF_ID}"
        for detail, seq, pinned in self._read(sql, _place(id)):
            exchange = exchange_of(json.loads(zlib.decompress(detail)), seq, pinned=bool(pinned))
            exchange.facts.id = id
            return exchange
        return None

    def pin(self, id: str, pinned: bool) -> None:
        self._pins[id] = pinned
        self._change(f"UPDATE exchange SET pinned = ? WHERE {_OF_ID}", (pinned, *_place(id)))

    def clear(self) -> None:
        self._change("DELETE FROM exchange WHERE NOT pinned", ())

    def status(self) -> dict[str, Any]:
        """`{"folder": "/var/lib/gateway/exchanges", "bytes": 1234567, "limit": 1073741824, "exchanges": 812}`"""
        count = next((count for (count,) in self._read("SELECT count(*) FROM exchange", [])), 0)
        size = self._path.stat().st_size if self._path.exists() else 0
        return {"folder": str(self._folder), "bytes": size, "limit": self._max_bytes, "exchanges": count}

    def _read(self, sql: str, values: Sequence[Any]) -> list[Any]:
        try:
            with closing(FORM.reading(self._path)) as connection:
                return list(connection.execute(sql, values))
        except (sqlite3.Error, OSError, Foreign) as error:
            if not self._unreadable:
                self._unreadable = True
                logger.warning("%s: %s cannot be read: %s", KEY, self._path, error)
            return []

    def _change(self, sql: str, values: Sequence[Any]) -> None:
        try:
            with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as connection, connection:
                connection.execute(sql, values)
        except sqlite3.Error as error:
            logger.warning("%s: %s cannot be changed: %s", KEY, self._path, error)

    def _last_seq(self) -> int:
        return next((seq or 0 for (seq,) in self._read("SELECT max(seq) FROM exchange", [])), 0)

    # --- in the thread ---

    def _open(self) -> Database:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        return Database(self._path)

    def _check(self) -> None:
        """Set a broken file aside. What cannot be opened now is tried again when there is something to write."""
        try:
            with closing(self._open()) as database:
                database.look()
        except sqlite3.OperationalError:
            return
        except (Foreign, sqlite3.DatabaseError):
            self._set_aside()
            self._open().close()

    def _set_aside(self) -> None:
        aside = self._path.with_name(f"{FILE}.broken-{int(time.time())}")
        self._path.rename(aside)
        for ending in ("-wal", "-shm"):
            self._path.with_name(FILE + ending).unlink(missing_ok=True)
        logger.warning("%s: %s cannot be read and is now %s; a new one is begun.", KEY, self._path, aside.name)

    def _whole(self) -> Database:
        database = self._open()
        try:
            database.look()
        except BaseException:
            database.close()
            raise
        return database

    def _write(self, batch: list[Row]) -> None:
        try:
            super()._write(batch)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            self._close()
            self._set_aside()
            super()._write(batch)
        self._waiting_bytes -= sum(len(row[6]) + len(row[5]) + len(row[4]) for row in batch)

    def _tidy(self, database: Database) -> None:
        for id in list(self._pins):
            database.pin(id, self._pins.pop(id))
        while database.shrink(self._max_bytes) and not self._ending.is_set():
            pass
        if self._max_days and self._pruning.due():
            while database.prune(time.time() - self._max_days * DAY) and not self._ending.is_set():
                pass
