"""The embedded model for real: the child process, its answers, and that nothing of it stays behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from addons.embedded import child
from addons.embedded.child import Embedded, Unavailable

ROOT = Path(__file__).parents[3]
needs_wheels = pytest.mark.skipif(child.available() is not None, reason=str(child.available()))


@pytest.fixture
def started() -> Iterator[Embedded]:
    model = Embedded("smollm2")
    model.start()
    yield model
    model.stop()


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def is_gone(pid: int) -> bool:
    """A zombie is gone too: in a container nobody may reap orphans."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def pid_of(model: Embedded) -> int:
    assert model._process is not None
    return model._process.pid


def question(**more: object) -> dict[str, object]:
    asked = {"role": "user", "content": "Tell me a long story."}
    return {"model": "smollm2", "max_tokens": 8, "temperature": 0, "messages": [asked], **more}


@needs_wheels
def test_it_answers_whole_and_streamed_to_its_key_only(started: Embedded) -> None:
    url = asyncio.run(started.ready()) + "/v1/messages"

    # A connection each: after a stream llama.cpp now and then closes a kept one without answering.
    def ask(key: str = started.key, **more: object) -> httpx.Response:
        return httpx.post(url, json=question(**more), headers={"x-api-key": key}, timeout=60)

    whole, streamed, refused = ask().json(), ask(stream=True).text, ask("another")

    assert (whole["type"], whole["model"], whole["stop_reason"]) == ("message", "smollm2", "max_tokens")
    assert whole["content"][0]["text"]
    events = [json.loads(line.removeprefix("data: ")) for line in streamed.splitlines() if line.startswith("data: ")]
    assert events[-1]["type"] == "message_stop"
    assert sum(event["type"] == "content_block_delta" for event in events) >= 2
    assert refused.status_code == 401


@needs_wheels
def test_stop_leaves_nothing(started: Embedded) -> None:
    asyncio.run(started.ready())
    pid = pid_of(started)

    started.stop()
    started.stop()

    assert is_gone(pid)
    with pytest.raises(Unavailable, match="was stopped"):
        asyncio.run(started.ready())


@needs_wheels
def test_stop_while_the_model_loads(started: Embedded) -> None:
    pid = pid_of(started)
    started.stop()
    assert is_gone(pid)


@needs_wheels
def test_signals_to_the_group_are_the_parents(started: Embedded) -> None:
    asyncio.run(started.ready())
    os.kill(pid_of(started), signal.SIGINT)
    os.kill(pid_of(started), signal.SIGTERM)
    assert httpx.get(f"{started.base_url}/health").status_code == 200


@needs_wheels
def test_a_death_is_told_without_what_was_said_since_it_was_ready(started: Embedded) -> None:
    asyncio.run(started.ready())
    os.kill(pid_of(started), signal.SIGKILL)
    assert until(lambda: started.failure is not None)
    assert started.failure == "The embedded model was ended by SIGKILL; restart the gateway to have it back."


PARENT = """
import asyncio, sys
from addons.embedded.child import Embedded
model = Embedded("smollm2")
model.start()
if sys.argv[1] == "ready":
    asyncio.run(model.ready())
print(model._process.pid, flush=True)
sys.stdin.read()
"""


@needs_wheels
@pytest.mark.parametrize("when", ["loading", "ready"])
def test_it_does_not_outlive_a_parent_that_is_killed(when: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, when], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        assert until(lambda: is_gone(pid))


@needs_wheels
def test_a_closed_pipe_alone_ends_it(started: Embedded) -> None:
    """What serves where there is no parent-death signal."""
    asyncio.run(started.ready())
    assert started._process is not None
    assert started._process.stdin is not None
    started._process.stdin.close()
    assert until(lambda: started.failure is not None)
    assert started.failure == "The embedded model ended with status 0; restart the gateway to have it back."


def test_a_child_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text("raise SystemExit('no such instruction')")
    monkeypatch.setattr(child, "CHILD", script)
    model = Embedded("smollm2")
    model.start()
    with pytest.raises(Unavailable, match=r"ended with status 1; .* It said: no such instruction"):
        asyncio.run(model.ready())
    model.stop()


def test_a_child_that_never_gets_ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text("import sys; sys.stdin.read()")
    monkeypatch.setattr(child, "CHILD", script)
    model = Embedded("smollm2")
    model.start()
    with pytest.raises(Unavailable, match=r"not ready within 0\.1 seconds"):
        asyncio.run(model.ready(0.1))
    model.stop()


def test_missing_wheels_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "WHEELS", {"json": "json", "no_such_module": "no-such-wheel"})
    assert child.available() == (
        "The embedded model is off: no-such-wheel not installed "
        f"({sys.executable} -m pip install --no-deps no-such-wheel)."
    )
