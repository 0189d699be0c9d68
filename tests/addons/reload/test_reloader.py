"""When files are read again, what is used of it, and what is told."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from addons.reload import files, reloader
from addons.reload.files import Contents, contents
from addons.reload.reloader import Hindrance, Reloader
from routing.config import Loaded, load

GOOD, OTHER, BAD = "port: 1\n", "port: 2\n", "port: canary\n"


class Desk:
    """A file and its reloader. `used` are the ports of the configurations in use, one after another."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.yaml"
        self.file.write_text(GOOD)
        self.used: list[int] = []
        self.changed: list[set[str]] = []
        self.loads = 0
        self.said: list[str] = []
        self.beside: Callable[[], None] = lambda: None
        self.hinder: Exception | None = None
        self.reloader = Reloader(self.load, self.use, self.said.append, [str(self.file)])

    def load(self) -> Loaded:
        self.loads += 1
        try:
            return load(self.file, {})
        finally:
            self.beside()

    def use(self, loaded: Loaded, changed: frozenset[str]) -> Iterable[str]:
        if self.hinder is not None:
            raise self.hinder
        self.used.append(loaded.settings.port)
        self.changed.append({Path(file).name for file in changed})
        return [f"port {loaded.settings.port}"]

    async def look(self, text: str | None = None) -> None:
        if text is not None:
            self.file.write_text(text)
        await self.reloader.look()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(files, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(files, "CUT_SECONDS", 0.0)
    made = Desk(tmp_path)
    made.reloader.loaded()
    return made


async def test_what_has_changed_is_used_and_told(desk: Desk) -> None:
    await desk.look(OTHER)
    await desk.look(GOOD)
    assert (desk.used, desk.said) == ([2, 1], ["port 2", "port 1"])
    assert desk.changed == [{"config.yaml"}, {"config.yaml"}]


async def test_what_has_not_changed_is_not_read(desk: Desk) -> None:
    os.utime(desk.file, (1, 1))
    await desk.look()
    await desk.look(GOOD)
    assert (desk.loads, desk.said) == (1, [])


async def test_a_mistake_is_told_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    await desk.look(BAD)
    for _ in range(3):
        await desk.look()
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.message.startswith(f"{desk.file}:1: port: ")
    assert record.message.endswith("\nThe configuration in use stays as it is.")
    assert "canary" not in record.message
    await desk.look(GOOD)
    assert (desk.used, desk.changed) == ([1], [set()])


async def test_what_is_asked_for_is_read_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "QUIET_SECONDS", 1e9)
    desk.file.write_text(OTHER)
    desk.reloader.ask()
    await desk.look()
    desk.reloader.ask()
    await desk.look()
    assert desk.used == [2, 2]


async def test_what_is_asked_for_does_not_wait_for_what_is_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "QUIET_SECONDS", 1e9)
    looking = asyncio.create_task(desk.look(OTHER))
    await asyncio.sleep(0)
    desk.reloader.ask()
    await looking
    assert desk.used == [2]


async def test_half_a_file_is_not_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """`port: 1` is as valid as `port: 12`."""
    seen = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look(names: Iterable[str]) -> Contents:
        found = contents(names)
        loop.call_soon_threadsafe(seen.set)
        return found

    monkeypatch.setattr(files, "CUT_SECONDS", 1e9)
    monkeypatch.setattr(reloader, "contents", look)
    looking = asyncio.create_task(desk.look("port: 1"))
    await seen.wait()
    desk.file.write_text("port: 12\n")
    desk.reloader._stirred.set()
    await looking
    assert desk.used == [12]


async def test_what_changes_while_it_is_read_is_read_again(desk: Desk) -> None:
    texts = iter([OTHER, "port: 3\n"])

    def write() -> None:
        if (text := next(texts, None)) is not None:
            desk.file.write_text(text)

    desk.beside = write
    await desk.look("port: 4\n")
    assert desk.used == []
    for _ in range(2):
        await desk.look()
    assert desk.used == [3]


async def test_what_changes_during_the_start_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "QUIET_SECONDS", 0.0)
    desk = Desk(tmp_path)
    desk.beside = lambda: desk.file.write_text(OTHER) and None
    assert desk.reloader.loaded().settings.port == 1
    await desk.look()
    assert desk.used == [2]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(Hindrance("A library is missing."), "A library is missing.\nThe configuration", id="hindrance"),
        pytest.param(RuntimeError("a bug"), "The configuration could not be read again.", id="a bug"),
    ],
)
async def test_what_cannot_be_used(desk: Desk, caplog: pytest.LogCaptureFixture, error: Exception, told: str) -> None:
    desk.hinder = error
    for _ in range(2):
        await desk.look(OTHER)
    [record] = caplog.records
    assert record.message.startswith(told)
    desk.hinder = None
    await desk.look("port: 3\n")
    assert desk.used == [3]


async def test_a_bug_that_reading_has_is_told_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise RuntimeError("a bug")

    desk.beside = broken
    for _ in range(2):
        await desk.look(OTHER)
    [record] = caplog.records
    assert record.message.startswith("The configuration could not be read again.")


async def test_it_watches_until_it_is_stopped(desk: Desk) -> None:
    """All that was asked of it is done in the end, and its tasks are gone."""
    told = asyncio.Event()
    desk.reloader._say = lambda _: told.set()
    before = asyncio.all_tasks()
    desk.reloader.start()
    desk.file.write_text(OTHER)
    async with asyncio.timeout(20):
        await told.wait()
    assert desk.used == [2]
    tasks = asyncio.all_tasks() - before
    desk.reloader.stop()
    await asyncio.wait(tasks, timeout=20)
    assert asyncio.all_tasks() == before
