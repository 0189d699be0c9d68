"""scripts/convert from every client dialect to every provider dialect, and back from what is recorded of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.tools.convert import main
from tests.scripts.command import ROOT
from translators.convert import DIALECTS, PLAIN
from translators.registry import CLIENTS, PASSTHROUGH

FIXTURES = ROOT / "tests" / "fixtures"
MODELS = {"gemini": "gemini-2.5-flash", "bedrock": "amazon.nova-pro-v1:0", "ollama": "qwen3", "openai": "gpt-5.5"}
CLAUDE = "claude-sonnet-4-6"
PATHS = {
    "anthropic": "/v1/messages",
    "bedrock": "/model/amazon.nova-pro-v1%3A0/converse",
    "gemini": "/models/gemini-2.5-flash:generateContent",
    "ollama": "/api/chat",
    "openai": "/chat/completions",
    "openai-responses": "/responses",
    "vertex-anthropic": "/models/claude-sonnet-4-6:rawPredict",
    "openai-completions": "/completions",
}
SHOWN = {"chat": '"content"', "completions": '"text"', "responses": '"output_text"'}
ONLY = [name for _, name in PASSTHROUGH if name not in ("openai", "openai-responses")]
ROUTES = [
    (client, dialect) for client in CLIENTS for dialect in DIALECTS if dialect not in ONLY or client == "completions"
]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def convert(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        status = main([str(each) for each in arguments])
        out, err = capfdbinary.readouterr()
        return status, out.decode(), err.decode()

    return run


def written(folder: Path, body: Any) -> Path:
    path = folder / "request.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def bodies(text: str) -> list[Any]:
    """JSON documents one after the other, as `jq` reads them."""
    result, decoder = [], json.JSONDecoder()
    while text := text.lstrip():
        body, end = decoder.raw_decode(text)
        result.append(body)
        text = text[end:]
    return result


@pytest.mark.parametrize(("client", "dialect"), ROUTES)
def test_a_request(convert: Run, tmp_path: Path, client: str, dialect: str) -> None:
    limit = {"chat": "max_completion_tokens", "completions": "max_tokens", "responses": "max_output_tokens"}[client]
    wire = {"model": MODELS.get(dialect, CLAUDE), **PLAIN[client], limit: 20}
    status, out, err = convert("--from", client, "--to", dialect, written(tmp_path, wire))
    assert status == 0
    assert err.splitlines()[0] == f"POST {PATHS[dialect]}"
    (sent,) = bodies(out)
    if (client, dialect) in PASSTHROUGH:
        assert sent == wire
    else:
        assert '"x"' in out


@pytest.mark.parametrize(("client", "dialect"), ROUTES)
def test_an_answer(convert: Run, client: str, dialect: str) -> None:
    folder = FIXTURES / ("anthropic" if dialect == "vertex-anthropic" else dialect)
    (recorded,) = [path for path in folder.glob("text.*") if path.suffix != ".jsonl"]
    arguments = ("--from", client, "--to", dialect, "--answer", recorded)
    status, streamed, _ = convert(*arguments, "--stream")
    assert status == 0
    assert streamed.startswith(("data: {", "event: "))
    assert convert(*arguments, "--stream", "--split", "1")[:2] == (0, streamed)
    status, whole, _ = convert(*arguments, "--whole")
    assert status == 0
    assert SHOWN[client] in whole
    assert bodies(whole)[0]["id"]


def test_several_calls(convert: Run, tmp_path: Path) -> None:
    wire = {"model": CLAUDE, **PLAIN["chat"], "n": 3, "max_completion_tokens": 9}
    status, out, err = convert("--to", "anthropic", "--compact", written(tmp_path, wire))
    assert (status, len(bodies(out))) == (0, 1)
    assert err.splitlines()[:2] == ["3 calls, each for a part of the choices", "POST /v1/messages (3 times)"]


def test_several_prompts(convert: Run, tmp_path: Path) -> None:
    wire = {"model": CLAUDE, "prompt": ["one", "two"], "max_tokens": 9}
    status, out, err = convert("--from", "completions", "--to", "anthropic", written(tmp_path, wire))
    assert status == 0
    assert [body["messages"][0]["content"][0]["text"] for body in bodies(out)] == ["one", "two"]
    assert err.count("POST /v1/messages\n") == 2
    assert err.count("prompt, approximated") == 1


def test_the_answer_to_one_call(convert: Run, tmp_path: Path) -> None:
    request = written(tmp_path, {"model": CLAUDE, **PLAIN["chat"], "n": 2, "stream": True})
    status, out, err = convert("--to", "anthropic", "--answer", FIXTURES / "anthropic" / "text.sse", request)
    assert (status, out.endswith("data: [DONE]\n\n")) == (0, True)
    assert err.startswith("The request becomes 2 calls; this is the answer to one of them.\n")


@pytest.mark.parametrize("client", ["chat", "responses"])
def test_a_dialect_of_one_client(convert: Run, tmp_path: Path, client: str) -> None:
    request = written(tmp_path, {"model": "m", **PLAIN[client]})
    expected = f"scripts/convert: {client} cannot be translated to openai-completions; only completions goes there.\n"
    assert convert("--from", client, "--to", "openai-completions", request) == (2, "", expected)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("body", [b"[]", b'{"model": 3}', b'"x"', b"{}"])
def test_a_refused_request(convert: Run, tmp_path: Path, client: str, body: bytes) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(body)
    for dialect in DIALECTS:
        if (client, dialect) in ROUTES:
            status, out, err = convert("--from", client, "--to", dialect, path)
            assert (status, out) == (1, "")
            assert json.loads(err)["error"]["type"] == "invalid_request_error"
