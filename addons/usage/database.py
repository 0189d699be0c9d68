"""The file of usage-db: SQLite, in which several gateways may write at once while others read.

Everything here waits for the disk. Errors are `sqlite3.Error` and `OSError`, but for `Foreign`.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from addons.databases.sqlite_file import Foreign, Form, SqliteFile
from addons.usage.rows import COLUMNS, Row

APPLICATION = 0x67775573
"""`gwUs`."""
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
    "ALTER TABLE usage ADD COLUMN injected TEXT /* faults, as x-gateway-injected has them; NULL: none */",
)
FORM = Form("usage-db", APPLICATION, STEPS)
PRUNED_AT_ONCE = 5000
"""The rows that are deleted in one transaction."""

_INSERT = f"INSERT INTO usage ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
_PRUNE = f"DELETE FROM usage WHERE id IN (SELECT id FROM usage WHERE time < ? LIMIT {PRUNED_AT_ONCE})"

__all__ = ("Database", "Foreign", "obstacle", "reading")


class Database(SqliteFile):
    """The file, open for writing. It is made, for its owner only, where it is not there. Raises `Foreign`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, FORM)

    def write(self, rows: Iterable[Row]) -> None:
        """Add all rows or none."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, rows)

    def prune(self, before: float) -> bool:
        """Delete rows of exchanges that began earlier; return whether there may be more of them."""
        return self._connection.execute(_PRUNE, (before,)).rowcount == PRUNED_AT_ONCE


def obstacle(path: Path) -> str | None:
    """Return why usage can never be written there, in a sentence, or None."""
    return FORM.obstacle(path)


def reading(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write, while gateways do. Raises `Foreign`."""
    return FORM.reading(path)
