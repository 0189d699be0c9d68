"""Writes usage-db beside all exchanges: they hand over rows and go on, whatever becomes of the file.

A thread of its own writes what has come, in one transaction. While that fails (a full disk, a lock, a file that may not
be written) the rows wait, as many as there is room for, and it tries again; there is one warning.
"""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from addons.exchange.observers import Pair, PhaseMessage, Record
from addons.usage.database import Database, Foreign
from addons.usage.rows import Row, rows

logger = logging.getLogger("gateway")

EVERY_SECONDS = 0.5
AGAIN_SECONDS = 5.0
"""The time until it is tried again, where it failed."""
LAST_SECONDS = 3.0
"""The time for what is left when the gateway ends."""
MOST_WAITING = 20_000
"""The rows that may wait."""
BATCH = 2000
"""The rows of one transaction."""
PRUNE_SECONDS = 3600.0
DAY = 86_400.0


class UsageWriter:
    """A watcher of all exchanges. `max_days` is how long a row is kept, 0 for ever. `wall` is seconds since 1970."""

    detailed = False

    def __init__(self, path: Path, max_days: int, wall: Callable[[], float] = time.time) -> None:
        self._path, self._max_days, self._wall = path, max_days, wall
        self._waiting: deque[Row] = deque()
        self._lost = 0
        """The rows for which there was no room; only exchanges count it up, and only the thread `_logged`."""
        self._logged = 0
        """Those of them that the log has."""
        self._trouble: str | None = None
        self._database: Database | None = None
        self._pruned_at = -PRUNE_SECONDS
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="usage-db", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def message(self, record: Record, message: PhaseMessage) -> None: ...

    def pair(self, record: Record, pair: Pair) -> None: ...

    def ended(self, record: Record) -> None:
        for row in rows(record):
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(row)
            else:
                self._lost += 1

    def done(self) -> None:
        """Write what is left, as long as there is time; say what was not."""
        self._ending.set()
        self._thread.join(LAST_SECONDS)
        self._lost += len(self._waiting)
        self._log_lost()

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
                self._write([self._waiting[at] for at in range(min(BATCH, len(self._waiting)))])
            self._prune()
        except Exception as error:
            self._close()
            if _may_pass(error):
                self._log_trouble(error)
            else:
                self._waiting.clear()
                logger.exception("usage-db: what waited could not be written, and is lost; the gateway goes on.")

    def _write(self, batch: list[Row]) -> None:
        if self._database is not None and self._database.replaced():
            logger.warning("usage-db: %s was deleted or replaced; a file of that name is begun anew.", self._path)
            self._close()
        if self._database is None:
            self._database = Database(self._path)
        self._database.write(batch)
        for _ in batch:
            self._waiting.popleft()
        if self._trouble is not None:
            self._trouble = None
            logger.warning("usage-db: %s is written again.", self._path)
        self._log_lost()

    def _prune(self) -> None:
        if not self._max_days or self._database is None or time.monotonic() - self._pruned_at < PRUNE_SECONDS:
            return
        self._pruned_at = time.monotonic()
        while self._database.prune(self._wall() - self._max_days * DAY) and not self._ending.is_set():
            pass

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _log_trouble(self, error: Exception) -> None:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        if self._trouble is None:
            logger.warning("usage-db: %s cannot be written: %s. It is tried again; exchanges go on.", self._path, why)
        self._trouble = why

    def _log_lost(self) -> None:
        if lost := self._lost - self._logged:
            self._logged += lost
            logger.warning("usage-db: %d rows are missing in %s: they could not be written in time.", lost, self._path)


def _may_pass(error: Exception) -> bool:
    """Return whether the file is to blame, and not what was to be written."""
    ours = (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.DataError)
    return isinstance(error, sqlite3.Error | OSError | Foreign) and not isinstance(error, ours)
