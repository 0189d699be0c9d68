"""scripts/convert: a request or an answer converted on the command line."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import claude
from tests.e2e.provider import sse
from tests.scripts.command import ROOT, in_process, run

RECORDED = ROOT / "tests" / "fixtures" / "anthropic" / "recorded"
TOOL = {"type": "function", "function": {"name": "get.weather", "parameters": {"type": "object", "properties": {}}}}
REQUEST: dict[str, Any] = {
    "model": "claude-sonnet-4-6",
    "messages": [{"role": "user", "content": "Grüße"}],
    "max_completion_tokens": 20,
}


def file(folder: Path, content: Any, name: str = "a file.json") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def convert(*arguments: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return in_process("convert", "--to", "anthropic", *arguments, given=given)


def streamed(answer: dict[str, Any]) -> bytes:
    return b"".join(sse(event) for event in claude.events(answer))


# --- requests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("stdin", [True, False], ids=["standard input", "file"])
def test_a_request(tmp_path: Path, stdin: bool) -> None:
    body = REQUEST | {"temperature": 1.5, "seed": 7}
    answer = convert("-", given=json.dumps(body)) if stdin else convert(file(tmp_path, body))
    assert json.loads(answer.stdout) == {
        "model": "claude-sonnet-4-6",
        "max_tokens": 20,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Grüße"}]}],
        "temperature": 1.0,
        "stream": False,
    }
    assert "Grüße" in answer.stdout
    assert answer.stderr.splitlines() == [
        "POST /v1/messages",
        "anthropic-version: 2023-06-01",
        "temperature, approximated, 1.5 -> 1.0, The range is 0 to 1.",
        "seed, dropped, 7 -> nothing, Anthropic has no such field.",
    ]
    assert answer.returncode == 0


def test_the_model_by_name_and_one_line() -> None:
    answer = convert("--model", "claude-opus-4-8", "--compact", "-", given=json.dumps(REQUEST))
    assert json.loads(answer.stdout)["model"] == "claude-opus-4-8"
    assert answer.stdout.count("\n") == 1


def test_half_a_surrogate_pair_is_taken_as_the_gateway_takes_it() -> None:
    answer = convert("-", given='{"model": "m", "messages": [{"role": "user", "content": "a\\ud83d"}]}')
    assert json.loads(answer.stdout)["messages"][0]["content"][0]["text"] == "a\ufffd"
    assert "body, approximated" in answer.stderr


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        pytest.param("{", "invalid_json", None, id="not JSON"),
        pytest.param(json.dumps(REQUEST | {"messages": 3}), None, "messages", id="not a chat request"),
    ],
)
def test_a_refused_request(given: str, code: str | None, param: str | None) -> None:
    answer = convert("-", given=given)
    error = json.loads(answer.stderr)["error"]
    assert (answer.returncode, answer.stdout) == (1, "")
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert code is None or error["code"] == code


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--to", "anthropic"], "needs the FILE", id="no file"),
        pytest.param(["--to", "anthropic", "/nowhere"], "/nowhere cannot be read: No such file", id="unreadable"),
        pytest.param(["--to", "anthropic", "/"], "/ cannot be read: Is a directory", id="folder"),
        pytest.param(["--to", "klingon", "-"], "(choose from anthropic", id="unknown provider"),
        pytest.param(["--from", "klingon", "--to", "anthropic", "-"], "(choose from chat", id="unknown client"),
        pytest.param(["-"], "required: --to", id="no provider"),
        pytest.param(["--to", "anthropic", "--stream", "-"], "need --answer", id="a form without an answer"),
        pytest.param(["--to", "anthropic", "--answer", "-", "-"], "cannot both come", id="standard input twice"),
        pytest.param(["--to", "anthropic", "--answer", "-", "--split", "0"], "above 0", id="pieces of nothing"),
    ],
)
def test_usage(arguments: list[str], sentence: str) -> None:
    answer = in_process("convert", *arguments, given=json.dumps(REQUEST))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert sentence in answer.stderr.replace("'", "")


def test_help() -> None:
    answer = run("convert", "--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "Exit status" in answer.stdout


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_stream", [True, False], ids=["from a stream", "from a whole answer"])
def test_an_answer_alone(tmp_path: Path, as_stream: bool) -> None:
    message = claude.message(claude.text("Grüße"))
    answer = convert("--answer", file(tmp_path, streamed(message) if as_stream else message), "--model", "m")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert json.loads(answer.stdout) == {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Grüße", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


@pytest.mark.parametrize(
    ("fields", "options", "expected"),
    [
        pytest.param({}, [], {"stream": False, "usage": True}, id="whole, as the request says"),
        pytest.param({"stream": True}, [], {"stream": True, "usage": False}, id="streamed, as the request says"),
        pytest.param(
            {"stream": True, "stream_options": {"include_usage": True}},
            [],
            {"stream": True, "usage": True},
            id="streamed with usage",
        ),
        pytest.param({"stream": True}, ["--whole"], {"stream": False, "usage": True}, id="whole all the same"),
        pytest.param({}, ["--stream"], {"stream": True, "usage": False}, id="streamed all the same"),
        pytest.param(None, ["--stream"], {"stream": True, "usage": True}, id="streamed, without a request"),
    ],
)
def test_the_form_of_an_answer(
    tmp_path: Path, fields: dict[str, Any] | None, options: list[str], expected: dict[str, bool]
) -> None:
    request = [] if fields is None else [file(tmp_path, REQUEST | fields, "request.json")]
    answer = convert("--answer", file(tmp_path, claude.message()), *options, *request)
    assert answer.returncode == 0
    got = {"stream": answer.stdout.endswith("data: [DONE]\n\n"), "usage": '"completion_tokens":' in answer.stdout}
    assert got == expected


@pytest.mark.parametrize("legacy", [False, True], ids=["tools", "functions"])
def test_tools_get_their_names_back(tmp_path: Path, legacy: bool) -> None:
    request = file(tmp_path, REQUEST | ({"functions": [TOOL["function"]]} if legacy else {"tools": [TOOL]}), "r.json")
    sent = json.loads(convert(request).stdout)["tools"][0]["name"]
    assert sent != "get.weather"
    answered = claude.message(claude.tool_use("toolu_1", sent, city="Bonn"), stop_reason="tool_use")
    choice = json.loads(convert("--answer", file(tmp_path, answered), request).stdout)["choices"][0]
    message = choice["message"]
    call = message["function_call"] if legacy else message["tool_calls"][0]["function"]
    assert (call["name"], json.loads(call["arguments"])) == ("get.weather", {"city": "Bonn"})
    assert choice["finish_reason"] == ("function_call" if legacy else "tool_calls")


CUT = streamed(claude.message(claude.text("Hello there"))).partition(b"event: content_block_stop")[0]


@pytest.mark.parametrize(
    ("content", "options", "shown"),
    [
        pytest.param(CUT, ["--stream"], "lo ", id="a cut stream"),
        pytest.param(CUT, ["--whole"], "lo ", id="a cut stream shown whole"),
        pytest.param(b"<html>", [], "", id="no answer at all"),
        pytest.param(b"", [], "", id="nothing"),
        pytest.param(json.dumps(claude.error("overloaded_error")).encode(), [], "", id="an error of the provider's"),
    ],
)
def test_a_broken_answer(tmp_path: Path, content: bytes, options: list[str], shown: str) -> None:
    answer = convert("--answer", file(tmp_path, content), *options)
    error = json.loads(answer.stderr)["error"]
    assert answer.returncode == 1
    assert error["message"]
    assert shown in answer.stdout
    if shown:
        assert json.loads(answer.stdout.rstrip().rpartition("data: ")[2]) == {"error": error}
        assert "[DONE]" not in answer.stdout
    else:
        assert answer.stdout == ""


# --- recordings ---------------------------------------------------------------------------------


def recordings() -> list[Path]:
    paths = [path for suffix in ("*.sse", "*.json") for path in RECORDED.glob(suffix)]
    return sorted(path for path in paths if not path.name.endswith(".meta.json"))


FINISH = {"cached-prompt": "stop", "empty": "stop", "max-tokens": "length", "stream": "stop", "whole": "stop"}


def test_every_recording_is_here() -> None:
    assert [path.stem for path in recordings()] == sorted(FINISH)


@pytest.mark.parametrize("recording", recordings(), ids=lambda path: path.stem)
def test_a_recording_in_any_pieces(recording: Path) -> None:
    at_once = convert("--answer", recording, "--stream")
    assert (at_once.returncode, at_once.stderr) == (0, "")
    for size in ("1", "7"):
        assert convert("--answer", recording, "--stream", "--split", size).stdout == at_once.stdout
    whole = convert("--answer", recording, "--whole", "--split", "1")
    choice = json.loads(whole.stdout)["choices"][0]
    assert choice["finish_reason"] == FINISH[recording.stem]
    assert bool(choice["message"]["content"]) == (recording.stem != "empty")


def test_streamed_and_whole_recordings_agree() -> None:
    whole, streamed = (convert("--answer", RECORDED / name, "--whole").stdout for name in ("whole.json", "stream.sse"))
    assert whole == streamed


def test_a_recording_of_a_refusal(tmp_path: Path) -> None:
    answer = file(tmp_path, claude.error("rate_limit_error"), "limit.json")
    meta = {"dialect": "anthropic", "model": "m", "status": 429, "headers": {"retry-after": "3"}, "asked": None}
    file(tmp_path, meta, "limit.meta.json")
    answered = convert("--answer", answer)
    assert (answered.returncode, answered.stdout) == (1, "")
    assert json.loads(answered.stderr)["error"]["message"]
    file(tmp_path, meta | {"dialect": "gemini"}, "limit.meta.json")
    assert (convert("--answer", answer).returncode, convert("--answer", answer).stdout) == (2, "")


# --- any Python, any place ----------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    root = tmp_path / "a clone"
    shutil.copytree(ROOT / "scripts", root / "scripts")
    for name in ("translators", "addons"):
        (root / name).symlink_to(ROOT / name)
    return root


@pytest.mark.parametrize("name", ["convert", "parity", "record"])
def test_without_venv(clone: Path, name: str) -> None:
    answer = run(name, "--help", root=clone)
    assert (answer.returncode, answer.stdout) == (2, "")
    expected = f"scripts/{name} needs .venv, which is missing or unfinished: run `sh scripts/setup`.\n"
    assert answer.stderr == expected


@pytest.mark.parametrize("name", ["convert", "parity", "record"])
def test_from_a_place_with_spaces_and_any_python(clone: Path, tmp_path: Path, name: str) -> None:
    (clone / ".venv").symlink_to(Path(sys.prefix))
    link = tmp_path / "a link"
    link.symlink_to(clone / "scripts" / name)
    bare = [sys.executable, "-I", "-S", str(link), "--help"]
    answer = subprocess.run(bare, check=False, cwd="/", capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith(f"usage: scripts/{name} ")
