"""The file of usage-db: SQLite, in which several gateways may write at once while others read.

Everything here waits for the disk. Errors are `sqlite3.Error` and `OSError`, but for `Foreign`.
"""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from addons.usage.rows import COLUMNS, Row

APPLICATION = 0x67775573
"""`application_id` of such a file (`gwUs`): any other database is left alone."""
STEPS = (
    """
    CREATE TABLE usage (
        id INTEGER PRIMARY KEY,
        exchange TEXT NOT NULL,    -- x-request-id: the client may have chosen it
        dropped INTEGER NOT NULL,  -- 0: the answer, once an exchange; 1: an attempt that is billed beside it
        time REAL NOT NULL,        -- when the exchange began, seconds since 1970
        key TEXT,                  -- name of the client's key
        path TEXT NOT NULL,
        model TEXT,                -- as asked for
        provider TEXT,
        provider_model TEXT,
        credential TEXT,           -- its name
        stream INTEGER NOT NULL,
        status INTEGER NOT NULL,   -- of the client's answer
        end TEXT NOT NULL,         -- complete, refused, failed, cancelled
        error TEXT,                -- the code that the client was told
        input INTEGER,             -- tokens, in no cache; NULL is unknown
        output INTEGER,            -- reasoning included
        cache_read INTEGER,
        cache_write INTEGER,
        reasoning INTEGER,         -- of output
        cost TEXT,                 -- a decimal; NULL is unknown
        currency TEXT,             -- NULL: nothing was billed, or the cost is unknown
        unknown INTEGER NOT NULL,  -- 1: there is more to the cost than `cost`
        duration REAL NOT NULL,    -- seconds
        first_event REAL,          -- seconds from the request to the provider's first event
        attempts INTEGER NOT NULL
    )
    """,
    "CREATE INDEX usage_by_time ON usage (time)",
)
"""What makes the tables: a file of version N has the first N of them, and gets the others when it is opened."""
BUSY_SECONDS = 2.0
"""The time to wait for another gateway that writes."""
PRUNED_AT_ONCE = 5000
"""The rows that are deleted in one transaction."""

_INSERT = f"INSERT INTO usage ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
_PRUNE = f"DELETE FROM usage WHERE id IN (SELECT id FROM usage WHERE time < ? LIMIT {PRUNED_AT_ONCE})"


class Foreign(Exception):
    """The file is nothing that this gateway can write, and will not become it by itself; the text says why."""


class Database:
    """The file, open for writing. It is made, for its owner only, where it is not there. Raises `Foreign`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # SQLite would make it for everybody to read. Its other files (-wal, -shm) get the rights of this one.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = _identity(os.fstat(descriptor))
        os.close(descriptor)
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            _recognise(self._connection, path)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            _migrate(self._connection, path)
        except BaseException:
            self._connection.close()
            raise

    def replaced(self) -> bool:
        """Return whether there is no file any more, or another: SQLite would go on writing where nobody reads."""
        try:
            return _identity(self._path.stat()) != self._file
        except FileNotFoundError:
            return True

    def write(self, rows: Iterable[Row]) -> None:
        """Add all rows or none."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, rows)

    def prune(self, before: float) -> bool:
        """Delete rows of exchanges that began earlier; return whether there may be more of them."""
        return self._connection.execute(_PRUNE, (before,)).rowcount == PRUNED_AT_ONCE

    def close(self) -> None:
        self._connection.close()


def obstacle(path: Path) -> str | None:
    """Return why usage can never be written there, in a sentence, or None. Nothing is written; what may pass (a lock, a
    full disk) is no obstacle."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(_read_only(path), uri=True, timeout=BUSY_SECONDS)) as connection:
            _recognise(connection, path)
    except Foreign as error:
        return str(error)
    except (sqlite3.Error, OSError):
        return None
    return None


def reading(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write, while gateways do. Raises `Foreign`."""
    if not path.is_file():
        raise Foreign(f"{path} is not there; usage-db in config.yaml names the file, and the gateway makes it.")
    connection = sqlite3.connect(_read_only(path), uri=True, timeout=BUSY_SECONDS)
    try:
        _recognise(connection, path)
        if _version(connection) == 0:
            raise Foreign(f"{path} is empty: no gateway has written to it yet.")
    except BaseException:
        connection.close()
        raise
    return connection


def _read_only(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro"


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_dev, stat.st_ino


def _version(connection: sqlite3.Connection) -> int:
    [(version,)] = connection.execute("PRAGMA user_version")
    return int(version)


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `Foreign` for anything but an empty file and one of ours."""
    try:
        [(application,)] = connection.execute("PRAGMA application_id")
        [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise Foreign(f"{path} is no SQLite database; name another file in usage-db.") from None
        raise
    if application != APPLICATION and (application or tables):
        raise Foreign(f"{path} is a database of something else; name another file in usage-db.")
    if _version(connection) > len(STEPS):
        raise Foreign(f"{path} was written by a newer gateway; use that, or name another file in usage-db.")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) == len(STEPS):
        return
    with closing(connection.cursor()) as cursor, connection:
        cursor.execute("BEGIN IMMEDIATE")
        _recognise(connection, path)  # another gateway may have been here meanwhile
        for step in STEPS[_version(connection) :]:
            cursor.execute(step)
        cursor.execute(f"PRAGMA application_id = {APPLICATION}")
        cursor.execute(f"PRAGMA user_version = {len(STEPS)}")
