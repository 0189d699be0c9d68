"""The inspector's spool at a real gateway that is killed, and whose folder cannot be written."""

import contextlib
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Client
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.provider import Provider
from tests.e2e.test_e2e_inspector import Page, inspected


@contextlib.contextmanager
def paged(port: int) -> Iterator[Page]:
    page = Page(port)
    with page.http:
        yield page


def asked(process: GatewayProcess, page: Page, count: int) -> list[str]:
    client, ids = Client(process), []
    with client.http:
        for _ in range(count):
            assert client.chat().status_code == 200
            ids.append(client.id)
            page.ended(client.id)
    return ids


def on_disk(page: Page, count: int) -> None:
    for _ in range(3000):
        if page.get("/api/status")["spool"]["exchanges"] >= count:
            return
    raise AssertionError(page.get("/api/status"))


def test_what_was_written_is_found_after_a_kill(provider: Provider, tmp_path: Path) -> None:
    process, port = inspected(tmp_path, provider, spool="spool")
    with process, paged(port) as page:
        ids = asked(process, page, 3)
        on_disk(page, 3)
        told = page.exchange(ids[0])
        process.process.kill()
    folder = tmp_path / "spool"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    process, port = inspected(tmp_path, provider, spool="spool")
    with process, paged(port) as page:
        assert [each["id"] for each in page.get("/api/exchanges")["exchanges"]] == ids[::-1]
        assert page.exchange(ids[0]) == told


def somebody_elses(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE mine (x)")


@pytest.mark.parametrize(
    "occupy", [pytest.param(somebody_elses, id="somebody else's file"), pytest.param(Path.mkdir, id="a folder")]
)
def test_a_file_that_cannot_be_written_stops_nothing(
    provider: Provider, tmp_path: Path, occupy: Callable[[Path], None]
) -> None:
    (tmp_path / "spool").mkdir()
    occupy(tmp_path / "spool" / "exchanges.db")
    process, port = inspected(tmp_path, provider, spool="spool")
    with process, paged(port) as page:
        ids = asked(process, page, 2)
        assert [each["id"] for each in page.get("/api/exchanges")["exchanges"]] == ids[::-1]
        assert page.get("/api/status")["spool"]["trouble"]
        said = [line for line in process.lines if "inspector.spool" in line]
        assert len(said) == 1, said
        assert "cannot be written" in said[0]
    assert "Traceback" not in process.output
