"""Writes a file of SQLite beside all exchanges: they hand over rows and go on, whatever becomes of the file.

A thread of its own writes what has come, in one transaction. While that fails (a full disk, a lock, a file that may not
be written) the rows wait, as many as there is room for, and it tries again; there is one warning.
"""

import logging
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from addons.databases.sqlite_file import Foreign

logger = logging.getLogger("gateway")

EVERY_SECONDS = 0.5
AGAIN_SECONDS = 5.0
"""The time until it is tried again, where it failed."""
LAST_SECONDS = 3.0
"""The time for what is left when the gateway ends."""
BATCH = 2000
"""The rows of one transaction."""
DAY = 86_400.0


class Database[Row](Protocol):
    def replaced(self) -> bool: ...

    def write(self, rows: Sequence[Row]) -> None:
        """Add all rows or none."""

    def close(self) -> None: ...


class RowWriter[Row, File: Database[Any]](ABC):
    """`key` is that of config.yaml that names the file, `most` how many rows may wait."""

    def __init__(self, key: str, path: Path, most: int, batch: int = BATCH) -> None:
        self._key, self._path, self._most, self._batch = key, path, most, batch
        self._waiting: deque[Row] = deque()
        self._lost = 0
        """The rows for which there was no room; only exchanges count it up, and only the thread `_logged`."""
        self._logged = 0
        """Those of them that the log has."""
        self._given_up = 0
        """The rows that a bug kept from being written."""
        self._trouble: str | None = None
        self._database: File | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=key, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, row: Row) -> bool:
        """Have a row written. Return whether there was room for it."""
        if len(self._waiting) >= self._most:
            self._lost += 1
            return False
        self._waiting.append(row)
        return True

    def done(self) -> None:
        """Write what is left, as long as there is time; say what was not."""
        self._ending.set()
        self._thread.join(LAST_SECONDS)
        self._lost += len(self._waiting)
        self._log_lost()

    @abstractmethod
    def _open(self) -> File:
        """Return the file, open."""

    @abstractmethod
    def _tidy(self, database: File) -> None:
        """Delete what is not to be kept any longer; called again and again."""

    # --- in the thread ---

    def _run(self) -> None:
        while not self._ending.wait(EVERY_SECONDS if self._trouble is None else AGAIN_SECONDS):
            self._work()
        self._work()
        self._close()

    def _work(self) -> None:
        """Write what waits. Nothing that goes wrong ends the thread."""
        try:
            while self._waiting:
                self._write([self._waiting[at] for at in range(min(self._batch, len(self._waiting)))])
            if self._database is not None:
                self._tidy(self._database)
        except Exception as error:
            self._close()
            if _may_pass(error):
                self._log_trouble(error)
            else:
                is_new = self._trouble is None
                self._give_up(error)
                if is_new:
                    logger.exception("%s: what waited cannot be written, and is lost; the gateway goes on.", self._key)
        else:
            if self._database is not None and self._trouble is not None:
                self._trouble = None
                logger.warning("%s: %s is written again.", self._key, self._path)

    def _write(self, batch: list[Row]) -> None:
        if self._database is not None and self._database.replaced():
            logger.warning("%s: %s was deleted or replaced; a file of that name is begun anew.", self._key, self._path)
            self._close()
        if self._database is None:
            self._database = self._open()
        self._database.write(batch)
        self._leave(batch)
        self._log_lost()

    def _leave(self, rows: Sequence[Row]) -> None:
        """Take the first rows out of those that wait."""
        for _ in rows:
            self._waiting.popleft()

    def _give_up(self, error: Exception) -> None:
        """Let go of what waits: written again it would fail again."""
        rows = [*self._waiting.copy()]
        self._leave(rows)
        self._given_up += len(rows)
        self._trouble = f"a bug of the gateway's ({type(error).__name__}), which the log has"

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _log_trouble(self, error: Exception) -> None:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error).removesuffix(".")
        if self._trouble is None:
            text = "%s: %s cannot be written: %s. It is tried again; exchanges go on."
            logger.warning(text, self._key, self._path, why)
        self._trouble = why

    def _log_lost(self) -> None:
        if lost := self._lost - self._logged:
            self._logged += lost
            text = "%s: %d rows are missing in %s: they could not be written in time."
            logger.warning(text, self._key, lost, self._path)


class Clockwork:
    """Says when something is due that is done every so many seconds, and at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._at = seconds, -seconds

    def due(self) -> bool:
        now = time.monotonic()
        if now - self._at < self._seconds:
            return False
        self._at = now
        return True


def _may_pass(error: Exception) -> bool:
    """Return whether the file is to blame, and not what was to be written."""
    ours = (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.DataError)
    return isinstance(error, sqlite3.Error | OSError | Foreign) and not isinstance(error, ours)
