"""Where changes of a file show, and when it has been written completely."""

import os
from pathlib import Path

import pytest

from addons.reload.files import CUT_SECONDS, QUIET_SECONDS, Settling, contents, looks_cut, places

OLD = b"port: 1\nhost: a\n"


def shown(files: list[Path], root: Path) -> tuple[set[str], set[str]]:
    found = places(map(str, files))
    return {os.path.relpath(folder, root) for folder, _ in found.folders}, set(found.names)


def test_a_plain_file(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").touch()
    assert shown([tmp_path / "c.yaml", tmp_path / ".env"], tmp_path) == ({"."}, {"c.yaml", ".env"})


def test_a_link_in_the_manner_of_kubernetes(tmp_path: Path) -> None:
    (tmp_path / "..1").mkdir()
    (tmp_path / "..1" / "c.yaml").touch()
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "c.yaml").symlink_to("..data/c.yaml")
    folders, names = shown([tmp_path / "c.yaml"], tmp_path)
    assert folders == {".", "..data", "..1"}
    assert names == {"c.yaml", "..data"}


def test_a_link_to_a_folder_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "releases" / "5").mkdir(parents=True)
    (tmp_path / "current").symlink_to(tmp_path / "releases" / "5")
    folders, names = shown([tmp_path / "current" / "c.yaml"], tmp_path)
    assert folders >= {".", "releases/5"}
    assert names == {"current", "c.yaml"}


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "deeper").symlink_to("deeper/still")
    assert shown([tmp_path / "a", tmp_path / "deeper"], tmp_path)[1] >= {"a", "b", "deeper"}


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert shown([tmp_path / "keys" / "new" / "k"], tmp_path) == ({"."}, {"keys"})


def test_a_folder_that_is_made_anew_is_another(tmp_path: Path) -> None:
    folder = tmp_path / "conf"
    folder.mkdir()
    before = places([str(folder / "c")])
    folder.rename(tmp_path / "away")
    folder.mkdir()
    assert places([str(folder / "c")]) != before


def test_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "folder").mkdir()
    names = [str(tmp_path / name) for name in ("a", "folder", "none")]
    assert list(contents([*names, "a\0b"]).values()) == [b"1", None, None, None]


@pytest.mark.parametrize(
    ("new", "cut"),
    [
        pytest.param(OLD, False, id="the same"),
        pytest.param(b"port: 2\nhost: a\n", False, id="another"),
        pytest.param(OLD + b"x: 1\n", False, id="more"),
        pytest.param(None, True, id="gone"),
        pytest.param(b"", True, id="emptied"),
        pytest.param(b"port: 1\n", True, id="cut at the end of a line"),
        pytest.param(b"port: 2\nhost", True, id="another that ends in a line"),
    ],
)
def test_what_looks_cut(new: bytes | None, cut: bool) -> None:
    assert looks_cut(new, OLD) is cut


def test_a_file_that_never_ended_its_last_line() -> None:
    assert not looks_cut(b"{port: 2}", b"{port: 1}")


@pytest.mark.parametrize(
    ("looks", "remaining"),
    [
        pytest.param([(0, b"new\n")], QUIET_SECONDS, id="a first look"),
        pytest.param([(0, b"new\n"), (QUIET_SECONDS, b"new\n")], 0, id="quiet"),
        pytest.param([(0, b"new\n"), (1, b"newer\n")], QUIET_SECONDS, id="written again"),
        pytest.param([(0, b"ne"), (1, b"ne")], CUT_SECONDS - 1, id="half of it"),
        pytest.param([(0, b"ne"), (1, b"new\n"), (1 + QUIET_SECONDS, b"new\n")], 0, id="the other half"),
        pytest.param([(0, b"ne"), (CUT_SECONDS, b"ne")], 0, id="it was no half"),
    ],
)
def test_settling(looks: list[tuple[float, bytes]], remaining: float) -> None:
    settling = Settling({"c.yaml": OLD})
    assert [settling.remaining({"c.yaml": new}, now) for now, new in looks][-1] == pytest.approx(remaining)
