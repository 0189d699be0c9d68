"""A new provider is one module in `routing/providers`, one in `translators/providers`, and a line in the registry of
each: nothing else asks which provider it is. The toy's modules are `entry.py` and `dialect.py`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shown() -> Any:
    command = [sys.executable, "-m", "tests.toy.gateway_with_toy"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_the_file_may_name_it(shown: Any) -> None:
    assert shown["listing"] == ["bear", "box/bear"]
    assert shown["hindrance"] is None
    assert "provider  toy, https://toy.example: bear, box/bear" in shown["report"]
    assert shown["misspelt"] == "config.yaml:3: toybox-key: is not a known key; did you mean `toy`?"


def test_it_is_asked_with_its_key(shown: Any) -> None:
    exchange = shown["stream"]
    assert exchange["url"] == "https://toy.example/play"
    assert exchange["body"] == {"toy": "bear-2", "lines": ["hi"], "most": 9, "piecemeal": True}
    assert exchange["headers"]["toy-version"] == "1"
    assert exchange["secrets"] == {"x-toy-key": "toy-secret"}
    assert exchange["notes"] == [["seed", "dropped"]]


def test_its_stream_is_a_chats(shown: Any) -> None:
    *events, last, _ = shown["stream"]["out"].split("\n\n")
    [*_, end] = chunks = [json.loads(event.removeprefix("data: "))["choices"][0] for event in events]
    assert last == "data: [DONE]"
    assert "".join(chunk["delta"].get("content", "") for chunk in chunks) == "Hello"
    assert end["finish_reason"] == "stop"


def test_its_whole_answer_is_a_response(shown: Any) -> None:
    body = json.loads(shown["whole"]["out"])
    assert (body["model"], body["incomplete_details"]) == ("box/bear", {"reason": "max_output_tokens"})
    assert body["output"][0]["content"][0]["text"] == "Hello"
    assert (body["usage"]["input_tokens"], body["usage"]["output_tokens"]) == (3, 2)


def test_its_error_is_openais(shown: Any) -> None:
    error = json.loads(shown["error"]["out"])["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
