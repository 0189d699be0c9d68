import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from addons.usage.database import APPLICATION, PRUNED_AT_ONCE, STEPS, Database, Foreign, obstacle, reading
from addons.usage.rows import COLUMNS, Row


def row(at: float = 1.0, key: str = "team") -> Row:
    given = {"exchange": "r", "dropped": 0, "time": at, "key": key, "path": "/", "stream": 0, "status": 200}
    given |= {"end": "complete", "unknown": 0, "duration": 1.0, "attempts": 1}
    return tuple(given.get(column) for column in COLUMNS)


def keys(path: Path) -> list[str]:
    with closing(reading(path)) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM usage ORDER BY id")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.db"


def test_the_file_and_its_companions_are_for_their_owner_only(path: Path) -> None:
    before = os.umask(0)
    try:
        with closing(Database(path)) as database:
            database.write([row()])
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("usage.db", "usage.db-wal", "usage.db-shm"), 0o600)


def test_two_write_and_one_reads_at_once(path: Path) -> None:
    with closing(Database(path)) as one, closing(Database(path)) as other:
        one.write([row(key="one")])
        with closing(reading(path)) as reader:
            other.write([row(key="other")])
            assert reader.execute("SELECT count(*) FROM usage").fetchone() == (2,)
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reader.execute("DELETE FROM usage")
        one.write([row(key="one")])
    assert keys(path) == ["one", "other", "one"]


def test_all_rows_or_none(path: Path) -> None:
    with closing(Database(path)) as database:
        with pytest.raises(sqlite3.IntegrityError):
            database.write([row(), (None,) * len(COLUMNS)])
        database.write([row(key="after")])
    assert keys(path) == ["after"]


@pytest.mark.parametrize("version", range(len(STEPS) + 1))
def test_an_older_file_is_migrated_and_keeps_its_rows(path: Path, version: int) -> None:
    """0: an empty file."""
    with closing(sqlite3.connect(path)) as older:
        for step in STEPS[:version]:
            older.execute(step)
        if version:
            older.execute(f"PRAGMA application_id = {APPLICATION}")
            older.execute(f"PRAGMA user_version = {version}")
            there = [name for _, name, *_ in older.execute("PRAGMA table_info(usage)") if name in COLUMNS]
            values = [dict(zip(COLUMNS, row(), strict=True))[name] for name in there]
            older.execute(f"INSERT INTO usage ({','.join(there)}) VALUES ({','.join('?' * len(there))})", values)
            older.commit()
    with closing(Database(path)) as database:
        database.write([row()])
    assert len(keys(path)) == (2 if version else 1)
    with closing(sqlite3.connect(path)) as made:
        assert made.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        names = {name for (name,) in made.execute("SELECT name FROM sqlite_master")}
    assert names == {"usage", "usage_by_time"}


def newer(path: Path) -> None:
    Database(path).close()
    with closing(sqlite3.connect(path)) as made:
        made.execute(f"PRAGMA user_version = {len(STEPS) + 1}")


def other(path: Path) -> None:
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE customers (id INTEGER)")


def other_and_empty(path: Path) -> None:
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA application_id = 77")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(newer, "was written by a newer gateway", id="newer"),
        pytest.param(other, "is a database of something else", id="other tables"),
        pytest.param(other_and_empty, "is a database of something else", id="another program's"),
        pytest.param(lambda path: path.write_text("x" * 5000), "is no SQLite database", id="no database"),
    ],
)
def test_what_is_not_ours_is_left_alone(path: Path, make, why: str) -> None:  # type: ignore[no-untyped-def]
    make(path)
    before = path.read_bytes()
    assert why in (obstacle(path) or "")
    with pytest.raises(Foreign, match=why):
        Database(path)
    with pytest.raises(Foreign, match=why):
        reading(path)
    assert path.read_bytes() == before


def test_no_file_is_no_obstacle_and_none_is_made(path: Path) -> None:
    assert obstacle(path) is None
    assert not path.exists()
    with pytest.raises(Foreign, match="is not there"):
        reading(path)


def test_a_file_that_is_gone_is_noticed(path: Path) -> None:
    with closing(Database(path)) as database:
        assert not database.replaced()
        path.unlink()
        assert database.replaced()
        path.touch()
        assert database.replaced()


def test_old_rows_go_in_pieces(path: Path) -> None:
    with closing(Database(path)) as database:
        database.write([row(at) for at in [1.0] * (PRUNED_AT_ONCE + 1) + [3.0]])
        assert database.prune(2.0)
        assert not database.prune(2.0)
    with closing(reading(path)) as reader:
        assert reader.execute("SELECT time FROM usage").fetchall() == [(3.0,)]
