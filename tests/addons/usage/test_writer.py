"""The thread and real files, with what disks and other programs do to them."""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from addons.databases import row_writer, sqlite_file
from addons.exchange.observers import Charge, Record
from addons.usage import database, writer
from addons.usage.writer import DAY, UsageWriter
from routing.prices import FREE, Tokens

WAIT = 20.0
NOW = 1_700_000_000.0


def record(key: str, started: float = NOW) -> Record:
    charge = Charge(None, None, None, Tokens(0, 0), FREE)
    return Record("id", started, "POST", "/v1/responses", key_name=key, attempts=1, charges=(charge,))


def keys(path: Path) -> list[str]:
    with closing(database.reading(path)) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM usage ORDER BY id")]


class Said(logging.Handler):
    """The warnings so far; `until` waits for one."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._changed = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self._changed:
            self.lines.append(record.getMessage())
            self._changed.notify_all()

    def until(self, text: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(text in line for line in self.lines), WAIT), self.lines


@pytest.fixture
def said() -> Iterator[Said]:
    handler = Said()
    logging.getLogger("gateway").addHandler(handler)
    yield handler
    logging.getLogger("gateway").removeHandler(handler)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "usage.db"


@pytest.fixture
def started(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., UsageWriter]]:
    """Starts writers that are impatient, and ends them."""
    path.parent.mkdir()
    for name in ("EVERY_SECONDS", "AGAIN_SECONDS"):
        monkeypatch.setattr(row_writer, name, 0.005)
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.01)
    made: list[UsageWriter] = []

    def start(max_days: int = 0) -> UsageWriter:
        one = UsageWriter(path, max_days, lambda: NOW)
        made.append(one)
        one.start()
        return one

    yield start
    for one in made:
        one.done()


def until(path: Path, expected: list[str]) -> None:
    """Wait for the rows; there may be no file yet."""
    deadline = time.monotonic() + WAIT
    while True:
        with contextlib.suppress(database.Foreign, sqlite3.OperationalError):
            if keys(path) == expected:
                return
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_everything_is_there_at_the_end(started, path, said) -> None:
    usage = started()
    for n in range(row_writer.BATCH * 2 + 1):
        usage.ended(record(str(n)))
    usage.done()
    assert keys(path) == [str(n) for n in range(row_writer.BATCH * 2 + 1)]
    assert said.lines == []


def test_what_is_written_can_be_read_meanwhile(started, path) -> None:
    usage = started()
    usage.ended(record("one"))
    until(path, ["one"])


def test_a_lock_is_waited_for(started, path, said) -> None:
    usage = started()
    usage.ended(record("before"))
    until(path, ["before"])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        usage.ended(record("meanwhile"))
        said.until("cannot be written: database is locked")
        other.execute("ROLLBACK")
    said.until("is written again")
    usage.ended(record("after"))
    usage.done()
    assert keys(path) == ["before", "meanwhile", "after"]
    assert len(said.lines) == 2


def test_a_full_disk_is_waited_for(started, path, said, monkeypatch) -> None:
    """SQLite itself says that the disk is full, at a limit of pages."""
    full = threading.Event()
    full.set()

    class Full(database.Database):
        def write(self, rows):
            self._connection.execute(f"PRAGMA max_page_count = {1 if full.is_set() else 1_000_000}")
            super().write(list(rows) * 200)

    monkeypatch.setattr(writer, "Database", Full)
    usage = started()
    usage.ended(record("one"))
    said.until("cannot be written: database or disk is full")
    full.clear()
    said.until("is written again")
    usage.done()
    assert keys(path) == ["one"] * 200


def test_a_file_that_cannot_be_made_is_waited_for(started, path, said) -> None:
    path.mkdir()
    usage = started()
    usage.ended(record("one"))
    said.until("cannot be written: Is a directory")
    path.rmdir()
    said.until("is written again")
    usage.done()
    assert keys(path) == ["one"]
    assert len(said.lines) == 2


def test_a_file_that_was_deleted_is_begun_anew(started, path, said) -> None:
    usage = started()
    usage.ended(record("lost"))
    until(path, ["lost"])
    path.unlink()
    usage.ended(record("one"))
    said.until("was deleted or replaced")
    usage.ended(record("two"))
    usage.done()
    assert keys(path) == ["one", "two"]
    assert len(said.lines) == 1


def test_what_there_is_no_room_for_is_counted(started, path, said, monkeypatch) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 3)
    path.mkdir()
    usage = started()
    for key in "abcdefgh":
        usage.ended(record(key))
    said.until("Is a directory")
    path.rmdir()
    said.until("5 rows are missing")
    usage.done()
    assert keys(path) == ["a", "b", "c"]


def test_the_end_does_not_wait_for_ever(started, path, said, monkeypatch) -> None:
    monkeypatch.setattr(row_writer, "LAST_SECONDS", 0.05)
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 60)
    database.Database(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        usage = started()
        usage.ended(record("one"))
        usage.done()
        assert said.lines == [f"usage-db: 1 rows are missing in {path}: they could not be written in time."]
        other.execute("ROLLBACK")
    usage._thread.join(WAIT)


def test_old_rows_go(started, path) -> None:
    usage = started(max_days=2)
    usage.ended(record("old", NOW - 2 * DAY - 1))
    usage.ended(record("young", NOW - 2 * DAY + 1))
    usage.done()
    assert keys(path) == ["young"]


def test_a_bug_does_not_end_it(started, path, said) -> None:
    usage = started()
    usage._waiting.append(("too short",))
    said.until("is lost; the gateway goes on")
    usage.ended(record("one"))
    usage.done()
    assert keys(path) == ["one"]
