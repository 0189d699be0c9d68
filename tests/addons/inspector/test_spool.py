"""Exchanges on disk: found again, bounded, for nobody else to read."""

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from addons.databases import row_writer
from addons.inspector import spool
from addons.inspector.spool import FILE, Spool
from tests.addons.inspector.recordings import Recorder
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
