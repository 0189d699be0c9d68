"""Exchanges on disk: found again, bounded, for nobody else to read."""

import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from addons.databases import row_writer, sqlite_file
from addons.inspector import spool
from addons.inspector.spool import FILE, Spool
from tests.addons.inspector.recordings import Recorder, record
from translators.notes import Note

KEY = "sk-ant-api03-" + "Ab1_" * 10
Start = Callable[..., Recorder]


class Spooling(Recorder):
    """A gateway's recording, from its start to its end."""

    def __init__(self, folder: Path, max_bytes: int = 1 << 30, days: int = 0) -> None:
        self.spool = Spool(folder, max_bytes, days)
        self.spool.start()
        super().__init__(disk=self.spool)
        self.watcher._spool = self.spool.take

    def close(self) -> None:
        self.background.close()
        self.spool.done()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "exchanges"


@pytest.fixture
def start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Spooling]]:
    monkeypatch.setattr(row_writer, "EVERY_SECONDS", 0.01)
    running: list[Spooling] = []

    def begin(**more: int) -> Spooling:
        running.append(Spooling(folder, **more))
        return running[-1]

    yield begin
    for one in running:
        one.close()


def ids(recorder: Recorder, query: str = "") -> list[str]:
    return [each["id"] for each in recorder.store.summaries(query).exchanges]


def test_they_are_found_again_as_they_were(start: Callable[..., Spooling]) -> None:
    first = start()
    first.one(
        "req_1", "blue", "whale", notes=[Note("seed", "dropped", 7, None, "There is none.")], provider="anthropic"
    )
    first.one("req_2", "red", "fox")
    before = first.store.get("req_1")
    assert before is not None
    shown, line = before.detail(), first.store.summaries("whale").exchanges
    first.close()
    second = start()
    assert ids(second) == ["req_2", "req_1"]
    after = second.store.get("req_1")
    assert after is not None
    assert after.detail() == shown
    assert second.store.summaries("whale").exchanges == line
    second.one("req_3", "later")
    assert ids(second) == ["req_3", "req_2", "req_1"]


QUERIES = [
    pytest.param("whale", ["req_1"], id="a word"),
    pytest.param("-whale", ["req_2"], id="none with a word"),
    pytest.param("note:seed", ["req_1"], id="a note"),
    pytest.param("duration>1500ms", ["req_2"], id="a number"),
    pytest.param("notes:yes provider:anthro", ["req_1"], id="two chips"),
    pytest.param("status:2xx stream:yes tokens=7", ["req_2", "req_1"], id="status, stream, tokens"),
    pytest.param("-client:bob gap>5 MODEL:Claude", ["req_2", "req_1"], id="no other client, gap, model"),
    pytest.param("pinned:true", [], id="none is pinned"),
    pytest.param("-provider:anthropic", ["req_2"], id="no such provider, or none"),
    pytest.param("stream:perhaps", [], id="no truth"),
    pytest.param("input>100", [], id="not so many tokens"),
]


def test_an_id_that_comes_again_after_a_restart(start: Callable[..., Spooling]) -> None:
    first = start()
    first.one("same", body=b"1")
    first.one("same", body=b"2")
    first.close()
    second = start()
    second.one("same", body=b"3")
    _all_three_are_reached(second)
    second.close()
    _all_three_are_reached(start())


def _all_three_are_reached(recorder: Spooling) -> None:
    listed = ids(recorder)
    assert (listed[0], listed[1]) == ("same", "same~2")
    found = [recorder.store.get(id) for id in listed]
    assert [each.id for each in found if each is not None] == listed
    assert [each.client_request.body for each in found if each and each.client_request] == [b"3", b"2", b"1"]
    for pinned in (True, False):
        assert recorder.store.pin(listed[2], pinned)
        shown = [each["pinned"] for each in recorder.store.summaries().exchanges]
        assert shown == [False, False, pinned]


@pytest.mark.parametrize(("query", "found"), QUERIES)
def test_a_search_looks_on_disk_as_in_memory(start: Callable[..., Spooling], query: str, found: list[str]) -> None:
    first = start()
    first.one("req_1", "blue", " whale", notes=[Note("seed", "dropped")], provider="anthropic")
    first.one("req_2", "red", " fox", duration=2.0)
    assert ids(first, query) == found
    first.close()
    assert ids(start(), query) == found


def test_only_its_owner_may_read_it_and_there_is_no_key_in_it(start: Callable[..., Spooling], folder: Path) -> None:
    one = start()
    one.one("req_1", KEY, body=b'{"a":"' + KEY.encode() + b'"}')
    one.spool.done()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert KEY.encode() not in file.read_bytes()
    found = start().store.get("req_1")
    assert found is not None
    assert KEY not in repr(found.detail())


def test_the_oldest_go_where_there_is_no_room_and_pinned_ones_stay(start: Callable[..., Spooling]) -> None:
    first = start()
    for n in range(250):
        first.one(f"req_{n}", body=b'{"a":"%s"}' % (b"%d " % n * 500))
    first.store.pin("req_0", pinned=True)
    first.close()
    size = first.spool.path.stat().st_size
    second = start(max_bytes=size // 2)
    second.one("newest")
    second.close()
    found = ids(start())
    assert 50 < len(found) < 200
    assert (found[0], found[1], found[-1]) == ("newest", "req_249", "req_0")


def test_old_ones_go(start: Callable[..., Spooling]) -> None:
    first = start()
    first.one("pinned")
    first.one("old")
    first.store.pin("pinned", pinned=True)
    first.close()
    second = start(days=1)  # they are of 2023
    second.one("new")
    second.close()
    assert ids(start()) == ["pinned"]


BROKEN = [
    pytest.param(b"this is no database at all, but it is long enough to be taken for one" * 20, id="no database"),
    pytest.param(b"SQLite format 3\0" + bytes(5000), id="a broken one"),
]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_file_is_set_aside(
    start: Callable[..., Spooling], folder: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir()
    (folder / FILE).write_bytes(content)
    one = start()
    one.one("req_1")
    one.close()
    assert ids(start()) == ["req_1"]
    [aside] = folder.glob("*.broken-*")
    assert aside.read_bytes() == content
    assert len(caplog.messages) == 1
    assert "cannot be read and is now exchanges.db.broken-" in caplog.messages[0]


NEWER = f"PRAGMA application_id = {spool.FORM.application}; PRAGMA user_version = 99; CREATE TABLE mine (x)"
NOT_OURS = [
    pytest.param(NEWER, "was written by a newer gateway", id="a newer gateway's"),
    pytest.param("CREATE TABLE mine (x)", "is a database of something else", id="somebody else's"),
]


@pytest.mark.parametrize(("made", "why"), NOT_OURS)
def test_a_file_of_others_stays(
    start: Callable[..., Spooling], folder: Path, made: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.executescript(made)
    before = (folder / FILE).read_bytes()
    one = start()
    one.one("req_1", "hello")
    assert ids(one, "hello") == ["req_1"]
    status = one.spool.status()
    assert (why in status["trouble"], status["exchanges"]) == (True, 0)
    one.store.clear()
    one.spool.done()
    assert (folder / FILE).read_bytes() == before
    assert [path.name for path in folder.iterdir()] == [FILE]
    assert sum("cannot be written" in message for message in caplog.messages) == 1
    assert sum("cannot be read" in message for message in caplog.messages) == 0


def test_a_folder_that_cannot_be_made(
    start: Callable[..., Spooling], folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, all goes on in memory, and is written once it can be."""
    monkeypatch.setattr(row_writer, "AGAIN_SECONDS", 0.01)
    folder.write_text("a file")
    one = start()
    one.one("req_1")
    one.one("req_2")
    assert ids(one) == ["req_2", "req_1"]
    assert one.spool.status()["trouble"] == "File exists"
    folder.unlink()
    one.close()
    assert one.spool.status()["trouble"] is None
    assert ids(start()) == ["req_2", "req_1"]
    assert [message.partition(" cannot")[2][:11] for message in caplog.messages] == [" be written", ""]


def test_a_folder_that_goes_while_it_is_used(start: Callable[..., Spooling], folder: Path) -> None:
    one = start()
    one.one("req_1")
    wait_for(lambda: one.spool.status()["exchanges"] == 1)
    shutil.rmtree(folder)
    one.one("req_2")
    wait_for(lambda: one.spool.status()["exchanges"] == 1)
    assert ids(one) == ["req_2", "req_1"]
    one.close()
    assert ids(start()) == ["req_2"]
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600


def test_a_locked_file_holds_up_nobody(
    start: Callable[..., Spooling], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.01)
    monkeypatch.setattr(row_writer, "AGAIN_SECONDS", 0.01)
    one = start()
    with closing(sqlite3.connect(one.spool.path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        one.one("req_1")
        wait_for(lambda: one.spool.status()["trouble"] == "database is locked")
        assert ids(one) == ["req_1"]
        connection.execute("ROLLBACK")
    wait_for(lambda: one.spool.status()["trouble"] is None)
    one.close()
    assert ids(start()) == ["req_1"]
    assert [message.rpartition("exchanges.db ")[2][:17] for message in caplog.messages] == [
        "cannot be written",
        "is written again.",
    ]


def test_a_bug_is_logged_once_and_counted(
    start: Callable[..., Spooling], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(row_writer, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(spool, "MOST_WAITING_BYTES", 5000)  # the next ones fit only if those that are lost do not wait
    one = start()
    with monkeypatch.context() as broken:
        broken.setattr(spool.Database, "write", lambda self, rows: {}[len(rows)])
        for n in range(1, 9):
            one.one(f"req_{n}")
            wait_for(lambda n=n: one.spool.status()["lost"] == n)  # type: ignore[misc]
        assert one.spool.status()["trouble"] == "a bug of the gateway's (KeyError), which the log has"
        assert len(ids(one)) == 8  # in memory
    one.one("req_9")
    wait_for(lambda: one.spool.status()["trouble"] is None)
    one.close()
    assert ids(start()) == ["req_9"]
    assert [message.rpartition(" ")[2] for message in caplog.messages] == ["on.", "again."]


def test_a_row_that_is_broken_takes_no_other_with_it(
    start: Callable[..., Spooling], caplog: pytest.LogCaptureFixture
) -> None:
    first = start()
    for n in (1, 2, 3):
        first.one(f"req_{n}")
    first.close()
    with closing(sqlite3.connect(first.spool.path)) as connection, connection:
        connection.execute("UPDATE exchange SET detail = x'00', summary = '{}' WHERE id = 'req_2'")
    second = start()
    assert ids(second) == ["req_3", "req_1"]
    assert second.store.get("req_2") is None
    assert [message.rpartition(": ")[2] for message in caplog.messages] == ["a row is broken"]


def test_two_gateways_in_one_folder(start: Callable[..., Spooling]) -> None:
    one, other = start(), start()
    for n in range(20):
        for name, gateway, later in (("one", one, 0.0), ("other", other, 0.5)):
            told = record(f"{name}_{n}", started=1_700_000_000.0 + n + later)
            gateway.begin(told)
            gateway.end(told)
    one.close()
    other.close()
    assert set(ids(start())) == {f"{who}_{n}" for n in range(20) for who in ("one", "other")}


def test_what_is_forgotten_is_not_on_the_disk(start: Callable[..., Spooling], folder: Path) -> None:
    """Not in free pages, not in the log of SQLite, and not because it was waiting to be written."""
    one = start()
    one.one("old", "hello", provider="canaryprovider")
    wait_for(lambda: one.spool.status()["exchanges"] == 1)
    assert on_disk(folder, b"canaryprovider")
    one.one("waiting", "hello", provider="canaryprovider")
    one.store.clear()
    one.one("new", "hello")
    wait_for(lambda: one.spool.get("new") is not None)
    wait_for(lambda: not on_disk(folder, b"canaryprovider"))
    assert ids(one) == ["new"]


def test_the_bound_is_that_of_the_file(start: Callable[..., Spooling], folder: Path) -> None:
    limit = 400_000
    one = start(max_bytes=limit)
    for n in range(60):
        one.one(f"req_{n}", body=b'{"a":"%s"}' % os.urandom(15_000).hex(" ").encode())
    one.close()
    assert sum(path.stat().st_size for path in folder.iterdir()) <= limit
    (folder / f"{FILE}.broken-1").write_bytes(b"x" * limit)
    status = one.spool.status()
    assert status["bytes"] == (folder / FILE).stat().st_size
    assert status["bytes"] <= status["limit"] == limit <= status["beside"]
    found = ids(start())
    assert 4 < len(found) < 12
    assert found[0] == "req_59"


def on_disk(folder: Path, text: bytes) -> bool:
    return any(text in path.read_bytes() for path in folder.iterdir())


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_full_disk_holds_up_nobody(start: Callable[..., Spooling], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MOST_WAITING_BYTES", 1)
    one = start()
    one.one("req_1", "hello")
    assert ids(one) == ["req_1"]
    one.close()
    with closing(sqlite3.connect(one.spool.path)) as connection:
        assert connection.execute("SELECT count(*) FROM exchange").fetchone() == (0,)


def test_all_can_be_forgotten_but_what_is_pinned(start: Callable[..., Spooling]) -> None:
    first = start()
    first.one("pinned")
    first.one("req_1")
    first.store.pin("pinned", pinned=True)
    first.close()
    second = start()
    second.one("req_2")
    second.one("req_3")
    second.store.pin("req_3", pinned=True)
    second.store.clear()
    assert ids(second) == ["req_3", "pinned"]
