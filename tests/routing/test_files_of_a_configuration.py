"""What stands in the place of a file."""

import os
from pathlib import Path

import pytest

from routing.config import load
from routing.errors import ConfigError
from routing.files import head

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")


@pytest.mark.parametrize("which", ["config", "env"])
def test_what_has_no_end_is_too_large(tmp_path: Path, which: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("{}")
    endless = Path("/dev/zero")
    with pytest.raises(ConfigError, match="is larger than"):
        load(endless if which == "config" else config, {}, endless if which == "env" else None)


def test_nobody_waits_for_who_writes_into_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "config.yaml"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="is empty"):
        load(pipe, {})


def test_what_is_written_into_a_pipe(tmp_path: Path) -> None:
    """As a shell's `<(...)`."""
    reading, writing = os.pipe()
    with open(reading, "rb"), open(writing, "wb") as written:
        written.write(b"port: 8318")
        written.flush()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            path = Path(f"/dev/fd/{reading}")
            written.close()
            assert head(path) == b"port: 8318"


def test_what_no_file_is_called(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be that of a file"):
        load(tmp_path / "a\0b", {})
