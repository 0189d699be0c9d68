"""The exchanges on disk: one file of SQLite, written by a thread of its own, bounded in bytes and in days.

What is in it is what can be read of an exchange in memory, redacted; only its owner may read it. What is deleted is
overwritten. A broken file is set aside, and another is begun; one of somebody else's, or of a newer gateway, stays.
"""

import json
import logging
import re
import sqlite3
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from addons.databases.row_writer import DAY, Clockwork, RowWriter
from addons.databases.sqlite_file import BUSY_SECONDS, Foreign, Form, NoDatabase, SqliteFile
from addons.inspector.entry import Entry
from addons.inspector.recording import Exchange, repeated, summary_json
from addons.inspector.restoring import exchange_of, facts_of
from addons.inspector.search import Found, Query
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
FORM = Form(KEY, 0x67774978, STEPS, shrinks=True)
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
_FOUND = """SELECT summary, pinned, seq, text, EXISTS (SELECT 1 FROM exchange AS later WHERE later.id = exchange.id
    AND later.seq > exchange.seq) FROM exchange WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq DESC"""
_REPEATED = re.compile(r"(.+)~([0-9]{1,18})")
_OLDEST = "SELECT seq, length(detail) + length(text) FROM exchange ORDER BY pinned, seq LIMIT ?"
_LISTED = "(SELECT value FROM json_each(?))"
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _place(id: str) -> tuple[str, str, int]:
    """Return the values of `_OF_ID`: the newest of that id, else the one that is named as repeated."""
    found = _REPEATED.fullmatch(id)
    return (id, "", 0) if found is None else (id, found[1], int(found[2]))


class Database(SqliteFile):
    """The file, open for writing. Raises `Foreign`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, FORM)
        self._connection.execute("PRAGMA journal_size_limit = 1048576")
        self._connection.execute("PRAGMA secure_delete = ON")

    def write(self, rows: Sequence[Row]) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, rows)

    def forget(self, places: Sequence[int]) -> None:
        self._connection.execute(f"DELETE FROM exchange WHERE NOT pinned AND seq IN {_LISTED}", [json.dumps(places)])

    def prune(self, before: float) -> bool:
        """Delete exchanges that began earlier and are not pinned; return whether there may be more of them."""
        chosen = "SELECT seq FROM exchange WHERE started < ? AND NOT pinned LIMIT ?"
        query = f"DELETE FROM exchange WHERE seq IN ({chosen})"
        return self._connection.execute(query, (before, PRUNED_AT_ONCE)).rowcount == PRUNED_AT_ONCE

    def shrink(self, limit: int) -> bool:
        """Delete the oldest exchanges, pinned ones last, if there are more than `limit` bytes; return whether there
        were."""
        excess, chosen = self.size - limit, []
        if excess <= 0:
            return False
        for seq, size in self._connection.execute(_OLDEST, (PRUNED_AT_ONCE,)).fetchall():
            chosen.append(seq)
            excess -= size
            if excess <= 0:
                break
        query = f"DELETE FROM exchange WHERE seq IN {_LISTED}"
        return self._connection.execute(query, [json.dumps(chosen)]).rowcount > 0

    def release(self) -> None:
        _release(self._connection)

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
        self._taken_bytes = self._left_bytes = 0
        """What came to be written, and what of it does not wait any more: each is counted in one thread."""
        self._pruning = Clockwork(PRUNE_SECONDS)
        self._pins: dict[str, bool] = {}
        """What was pinned while it may have been waiting to be written."""
        self._forgotten: set[int] = set()
        """The places of those that were waiting to be written when all was to be forgotten."""
        self._unreadable = False
        self._check()
        self.last_seq = self._last_seq()

    @property
    def path(self) -> Path:
        return self._path

    def take(self, entry: Entry, exchange: Exchange) -> None:
        """Have an exchange written that is over. It is looked for on disk from now on."""
        if entry.forgotten:
            return
        facts = exchange.facts
        detail = zlib.compress(json.dumps(exchange.written()).encode(), 1)
        summary, text = json.dumps(summary_json(facts)), entry.text.encode("utf-8", "replace").decode()
        size = len(detail) + len(text) + len(summary)
        if self._taken_bytes - self._left_bytes + size > MOST_WAITING_BYTES:
            self._lost += 1
            return
        if self.put((facts.seq, facts.id, facts.started, facts.pinned, summary, text, detail)):
            self._taken_bytes += size
            entry.on_disk = True

    # --- for readers, in any thread ---

    def find(self, query: Query, before: int | None, but: Sequence[int], limit: int) -> tuple[list[Found], int]:
        """Return the newest that a query finds of what was before a place in the list, and how many it finds; both
        without those in the places `but`."""
        where, values = condition(query, before)
        where = f"seq NOT IN (SELECT value FROM json_each(?)) AND {where}"
        values.insert(0, json.dumps(but))
        places = [seq for (seq,) in self._read(f"SELECT seq FROM exchange WHERE {where} ORDER BY seq DESC", values)]
        found: list[Found] = []
        for summary, pinned, seq, text, later in self._read(_FOUND, [json.dumps(places[:limit])]) if places else ():
            facts = self._made(facts_of, json.loads(summary), seq=seq, pinned=bool(pinned))
            if facts is not None:
                facts.id = repeated(facts.id, seq) if later else facts.id
                found.append((facts, query.excerpt(text)))
        return found, len(places)

    def get(self, id: str) -> Exchange | None:
        sql = f"SELECT detail, seq, pinned FROM exchange WHERE {_OF_ID}"
        for detail, seq, pinned in self._read(sql, _place(id)):
            exchange = self._made(_opened, detail, seq, pinned=bool(pinned))
            if exchange is not None:
                exchange.facts.id = id
            return exchange
        return None

    def _made[T](self, make: Callable[..., T], *written: Any, **more: Any) -> T | None:
        """Return what is made of a row; None where the row is broken."""
        try:
            return make(*written, **more)
        except (ValueError, zlib.error):
            self._say_unreadable("a row is broken")
            return None

    def pin(self, id: str, pinned: bool) -> None:
        self._pins[id] = pinned
        self._change(f"UPDATE exchange SET pinned = ? WHERE {_OF_ID}", (pinned, *_place(id)))

    def clear(self) -> None:
        self._forgotten |= {row[0] for row in self._waiting.copy()}
        self._change("DELETE FROM exchange WHERE NOT pinned", ())

    def status(self) -> dict[str, Any]:
        """`{"folder": "/var/lib/gateway/exchanges", "bytes": 1234567, "limit": 1073741824, "beside": 65536,
        "exchanges": 812, "trouble": null, "lost": 0}`: the bytes of the file, which `limit` bounds; those of SQLite's
        files beside it and of what was set aside; why it cannot be written; how many could not be."""
        sizes = self._sizes()
        return {
            "folder": str(self._folder),
            "bytes": sizes.pop(FILE, 0),
            "limit": self._max_bytes,
            "beside": sum(sizes.values()),
            "exchanges": next((count for (count,) in self._read("SELECT count(*) FROM exchange", [])), 0),
            "trouble": self._trouble,
            "lost": self._lost + self._given_up,
        }

    def _sizes(self) -> dict[str, int]:
        """Return the bytes of its files, by their names. SQLite's own come and go."""
        sizes = {}
        for path in self._folder.glob(f"{FILE}*"):
            with suppress(OSError):
                sizes[path.name] = path.stat().st_size
        return sizes

    def _read(self, sql: str, values: Sequence[Any]) -> list[Any]:
        try:
            with closing(FORM.reading(self._path)) as connection:
                return list(connection.execute(sql, values))
        except (sqlite3.Error, OSError, Foreign) as error:
            self._say_unreadable(str(error))
            return []

    def _say_unreadable(self, why: str) -> None:
        if not self._unreadable and self._trouble is None:
            self._unreadable = True
            logger.warning("%s: %s cannot be read: %s", KEY, self._path, why)

    def _change(self, sql: str, values: Sequence[Any]) -> None:
        """Change it at once. What is deleted is gone from the disk then, too."""
        file = f"{self._path.absolute().as_uri()}?mode=rw"
        try:
            with closing(sqlite3.connect(file, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
                connection.execute("PRAGMA secure_delete = ON")
                if connection.execute(sql, values).rowcount and sql.startswith("DELETE"):
                    _release(connection)
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
        except (Foreign, sqlite3.Error, OSError) as error:
            if not _broken(error):
                self._log_trouble(error)
                return
            self._begin_anew()

    def _begin_anew(self) -> None:
        try:
            self._set_aside()
            self._open().close()
        except (sqlite3.Error, OSError) as error:
            self._log_trouble(error)

    def _set_aside(self) -> None:
        aside = self._path.with_name(f"{FILE}.broken-{int(time.time())}")
        self._path.rename(aside)
        for ending in ("-wal", "-shm"):
            self._path.with_name(FILE + ending).unlink(missing_ok=True)
        logger.warning("%s: %s cannot be read and is now %s; a new one is begun.", KEY, self._path, aside.name)

    def _write(self, batch: list[Row]) -> None:
        try:
            super()._write(batch)
        except (NoDatabase, sqlite3.DatabaseError) as error:
            if not _broken(error):
                raise
            self._close()
            self._set_aside()
            super()._write(batch)

    def _leave(self, rows: Sequence[Row]) -> None:
        super()._leave(rows)
        self._left_bytes += sum(len(detail) + len(text) + len(summary) for *_, summary, text, detail in rows)

    def _tidy(self, database: Database) -> None:
        for id in list(self._pins):
            database.pin(id, self._pins.pop(id))
        forgotten = self._forgotten - {row[0] for row in self._waiting.copy()}
        if changed := bool(forgotten):
            database.forget([*forgotten])
            self._forgotten -= forgotten
        while database.shrink(self._max_bytes) and not self._ending.is_set():
            changed = True
        if self._max_days and self._pruning.due():
            changed = True
            while database.prune(time.time() - self._max_days * DAY) and not self._ending.is_set():
                pass
        if changed:
            database.release()


def _release(connection: sqlite3.Connection) -> None:
    """Give the room of what was deleted back to the disk; it is not in SQLite's log any more, either."""
    connection.execute("PRAGMA incremental_vacuum").fetchall()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _opened(detail: bytes, seq: int, *, pinned: bool) -> Exchange:
    return exchange_of(json.loads(zlib.decompress(detail)), seq, pinned=pinned)


def _broken(error: Exception) -> bool:
    """Return whether the file is broken, and not merely out of reach or somebody else's."""
    return isinstance(error, NoDatabase) or getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN
