"""Writes usage-db: see `addons.databases.row_writer`."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from addons.databases.row_writer import DAY, Clockwork, RowWriter
from addons.exchange.observers import Pair, PhaseMessage, Record
from addons.usage.database import Database
from addons.usage.rows import Row, rows

MOST_WAITING = 20_000
"""The rows that may wait."""
PRUNE_SECONDS = 3600.0


class UsageWriter(RowWriter[Row, Database]):
    """A watcher of all exchanges. `max_days` is how long a row is kept, 0 for ever. `wall` is seconds since 1970."""

    detailed = False

    def __init__(self, path: Path, max_days: int, wall: Callable[[], float] = time.time) -> None:
        super().__init__("usage-db", path, MOST_WAITING)
        self._max_days, self._wall = max_days, wall
        self._pruning = Clockwork(PRUNE_SECONDS)

    def message(self, record: Record, message: PhaseMessage) -> None: ...

    def pairs(self, record: Record, pairs: Sequence[Pair]) -> None: ...

    def ended(self, record: Record) -> None:
        for row in rows(record):
            self.put(row)

    def _open(self) -> Database:
        return Database(self._path)

    def _tidy(self, database: Database) -> None:
        if self._max_days and self._pruning.due():
            while database.prune(self._wall() - self._max_days * DAY) and not self._ending.is_set():
                pass
