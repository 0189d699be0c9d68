"""The file of variables: its syntax, who wins over whom, and how each mistake is reported."""

from pathlib import Path

import pytest

from routing import environment_file
from routing.config import load
from routing.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("", {}, id="nothing"),
        pytest.param("# words\n\nA=1\n", {"A": "1"}, id="a comment and a gap"),
        pytest.param("A=1\r\nB=2", {"A": "1", "B": "2"}, id="Windows' lines, none at the end"),
        pytest.param("export A = 1 # words\n", {"A": "1"}, id="as a shell reads it"),
        pytest.param("A='1 # 2'\nB=\"x\\ny\"\n", {"A": "1 # 2", "B": "x\ny"}, id="quotes"),
        pytest.param("A=\n", {"A": ""}, id="empty"),
        pytest.param("A=$B ${C}\n", {"A": "$B ${C}"}, id="a dollar is a dollar"),
        pytest.param("A=1\nA=2\n", {"A": "2"}, id="the last one of a name"),
        pytest.param("\ufeffA=1\n", {"A": "1"}, id="a mark of the byte order"),
    ],
)
def test_syntax(text: str, values: dict[str, str]) -> None:
    assert environment_file.parse(text.encode(), ".env") == values


@pytest.mark.parametrize(
    ("data", "where"),
    [
        pytest.param(b"A=1\nB='canary\n", ".env:2: ", id="a quote that does not end"),
        pytest.param(b"A=1\n\n\ncanary\n", ".env:4: ", id="no value"),
        pytest.param(b"canary-1=2\n", ".env:1: ", id="a name that no reference can have"),
        pytest.param(b"A=1\nB=\xff\n", ".env:2: ", id="not UTF-8"),
        pytest.param(b"A=" + b"canary" * 200_000, ".env: ", id="large"),
    ],
)
def test_a_mistake_has_its_line_and_no_value(data: bytes, where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        environment_file.parse(data, ".env")
    assert str(caught.value).startswith(where)
    assert ";" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "key", "overruled"),
    [
        pytest.param({}, "of-the-file", (), id="the file alone"),
        pytest.param({"KEY": "of-the-process"}, "of-the-process", ("KEY",), id="the process wins"),
        pytest.param({"KEY": ""}, "of-the-file", (), id="empty is not set"),
        pytest.param({"KEY": "of-the-file"}, "of-the-file", (), id="the same in both"),
    ],
)
def test_who_wins(tmp_path: Path, environ: dict[str, str], key: str, overruled: tuple[str, ...]) -> None:
    (tmp_path / "config.yaml").write_text("api-keys: ['${KEY}']")
    (tmp_path / ".env").write_text("KEY=of-the-file\n")
    loaded = load(tmp_path / "config.yaml", environ)
    assert [each.key.reveal() for each in loaded.settings.api_keys] == [key]
    assert ["KEY" in warning for warning in loaded.warnings] == [True for _ in overruled]
    assert not any("of-the" in warning for warning in loaded.warnings)


def test_a_named_file_takes_the_place_of_the_one_beside(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("api-keys: ['${KEY:-none}']")
    (tmp_path / ".env").write_text("KEY=beside\n")
    (tmp_path / "named").write_text("KEY=named\n")
    [key] = load(tmp_path / "config.yaml", {}, tmp_path / "named").settings.api_keys
    assert key.key.reveal() == "named"
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory; name another file"):
        load(tmp_path / "config.yaml", {}, tmp_path / "none")


def test_a_folder_of_that_name_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("api-keys: ['${KEY:-none}']")
    (tmp_path / ".env").mkdir()
    [key] = load(tmp_path / "config.yaml", {}).settings.api_keys
    assert key.key.reveal() == "none"


@pytest.mark.parametrize("there", [True, False])
def test_all_files_are_told(tmp_path: Path, there: bool) -> None:
    (tmp_path / "config.yaml").write_text("vertex: [{project: p, credentials-file: sa.json}]")
    files = tuple(str(tmp_path / name) for name in ("config.yaml", ".env", "sa.json"))
    if there:
        (tmp_path / "sa.json").write_text("{}")
        assert load(tmp_path / "config.yaml", {}).files == files
        return
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.yaml", {})
    assert caught.value.files == files
