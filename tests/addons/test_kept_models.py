"""The names of models that are kept on disk."""

import json
import logging
import os
import stat
from pathlib import Path

import pytest

from addons.kept_models import LARGEST, MOST_SERVERS, KeptModels, place

ONE, OTHER = "0123456789abcdef", "fedcba9876543210"


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "models.json"
    KeptModels(file).add({ONE: ("a", "b/c")})
    KeptModels(file).add({OTHER: ("d",)})
    KeptModels(file).add({ONE: ("e",)})
    assert KeptModels(file).read() == {OTHER: ("d",), ONE: ("e",)}
    assert json.loads(file.read_bytes()) == {"version": 1, "models": {OTHER: ["d"], ONE: ["e"]}}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent) == ["models.json"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("", {}, id="empty"),
        pytest.param('{"version": 1, "mod', {}, id="cut"),
        pytest.param("[]", {}, id="a list"),
        pytest.param('{"version": 2, "models": {"ONE": ["a"]}}'.replace("ONE", ONE), {}, id="another version"),
        pytest.param('{"version": 1, "models": []}', {}, id="no mapping"),
        pytest.param('{"version": 1, "models": {"x": ["a"], "ONE": 5}}'.replace("ONE", ONE), {}, id="no servers"),
        pytest.param(
            '{"version": 1, "models": {"ONE": ["a", 5, "b c", ""]}}'.replace("ONE", ONE), {ONE: ("a",)}, id="no names"
        ),
        pytest.param(" " * LARGEST + "{}", {}, id="too large"),
    ],
)
def test_a_broken_file_is_nothing(tmp_path: Path, text: str, names: dict[str, tuple[str, ...]]) -> None:
    file = tmp_path / "models.json"
    file.write_text(text)
    assert KeptModels(file).read() == names
    KeptModels(file).add({OTHER: ("b",)})
    assert KeptModels(file).read() == {**names, OTHER: ("b",)}


def test_what_is_no_file_is_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is told once that nothing can be kept."""
    caplog.set_level(logging.INFO)
    (tmp_path / "folder").write_text("")
    for path in (None, tmp_path, tmp_path / "folder" / "models.json"):
        kept = KeptModels(path)
        assert kept.read() == {}
        kept.add({ONE: ("a",)})
        kept.add({ONE: ("b",)})
        assert kept.read() == {}
    assert [record.getMessage() for record in caplog.records] == [
        "The models of servers are not kept on disk: Is a directory.",
        "The models of servers are not kept on disk: File exists.",
    ]
    assert os.listdir(tmp_path) == ["folder"]


def test_not_too_many_are_kept(tmp_path: Path) -> None:
    kept = KeptModels(tmp_path / "models.json")
    kept.add({f"{number:016x}": ("a",) for number in range(MOST_SERVERS)})
    kept.add({ONE: ("b",)})
    assert len(kept.read()) == MOST_SERVERS
    assert list(kept.read())[-1] == ONE
    assert f"{0:016x}" not in kept.read()


@pytest.mark.parametrize(
    ("cache", "folder"),
    [
        pytest.param({"XDG_CACHE_HOME": "/var/x"}, "/var/x", id="named"),
        pytest.param({"XDG_CACHE_HOME": "x/y"}, "~/.cache", id="relative, which counts as unset"),
        pytest.param({}, "~/.cache", id="unset"),
    ],
)
def test_the_place(cache: dict[str, str], folder: str) -> None:
    assert place(cache) == Path(folder).expanduser() / "mitmproxy-openai-gateway" / "models.json"
