"""scripts/replay with recordings in files; tests/e2e/inspector replays what a gateway recorded."""

import json
import shutil
from pathlib import Path

import pytest

from tests.scripts.command import in_process

RECORDED = Path(__file__).parents[1] / "fixtures" / "anthropic" / "recorded"


def changed(tmp_path: Path, **meta: object) -> Path:
    """A copy of a recording, of which something else is known."""
    copy = Path(shutil.copy(RECORDED / "stream.sse", tmp_path))
    known = json.loads((RECORDED / "stream.meta.json").read_text())
    copy.with_name("stream.meta.json").write_text(json.dumps({**known, **meta}))
    return copy


@pytest.mark.parametrize("name", ["stream.sse", "whole.json", "max-tokens.sse", "cached-prompt.sse"])
def test_a_recording_as_it_was(name: str) -> None:
    done = in_process("replay", RECORDED / name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Nothing differs.\n", "")


@pytest.mark.parametrize(
    ("meta", "where"),
    [
        pytest.param({"sent": {"model": "smollm2", "top_k": 3}}, ("provider_request", "top_k"), id="another request"),
        pytest.param({"asked": {"messages": []}}, ("client_response", None), id="refused today"),
        pytest.param({"broke": "the provider closed"}, ("client_response", None), id="whole today"),
    ],
)
def test_what_differs(tmp_path: Path, meta: dict[str, object], where: tuple[str, str | None]) -> None:
    done = in_process("replay", "--json", changed(tmp_path, **meta))
    found = {(each["phase"], each["path"]) for each in json.loads(done.stdout)["differences"]}
    assert done.returncode == 1
    assert where in found


@pytest.mark.parametrize(
    ("name", "why"),
    [
        pytest.param("x.sse", "is no recording with the request that led to it", id="no recording"),
        pytest.param("x.zip", "is packed: unpack it", id="packed"),
    ],
)
def test_what_is_no_recording(tmp_path: Path, name: str, why: str) -> None:
    file = tmp_path / name
    file.write_text("data: 1\n\n")
    done = in_process("replay", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
