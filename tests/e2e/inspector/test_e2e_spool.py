"""The inspector's spool at a real gateway that is killed, and whose folder cannot be written."""

import contextlib
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.inspector.inspected import Inspected, Page, inspected, settings
from tests.e2e.provider import Provider


def asked(served: Inspected, count: int) -> list[str]:
    ids = []
    for _ in range(count):
        assert served.client.chat().status_code == 200
        ids.append(served.client.id)
        served.page.ended(served.client.id)
    return ids


def on_disk(page: Page, count: int) -> None:
    for _ in range(3000):
        if page.get("/api/status")["spool"]["exchanges"] >= count:
            return
    raise AssertionError(page.get("/api/status"))


def test_what_was_written_is_found_after_a_kill(provider: Provider, tmp_path: Path) -> None:
    with inspected(tmp_path, settings(provider.url, spool="spool")) as served:
        ids = asked(served, 3)
        on_disk(served.page, 3)
        told = served.page.exchange(ids[0])
        served.gateway.process.kill()
    folder = tmp_path / "spool"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    with inspected(tmp_path, settings(provider.url, spool="spool")) as served:
        page = served.page
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
    with inspected(tmp_path, settings(provider.url, spool="spool")) as served:
        page, process = served.page, served.gateway
        ids = asked(served, 2)
        assert [each["id"] for each in page.get("/api/exchanges")["exchanges"]] == ids[::-1]
        assert page.get("/api/status")["spool"]["trouble"]
        said = [line for line in process.lines if "inspector.spool" in line]
        assert len(said) == 1, said
        assert "cannot be written" in said[0]
    assert "Traceback" not in process.output
