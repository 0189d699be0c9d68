"""scripts/record at a provider of every dialect: its path, its key, the suffix of its stream."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.tools.convert import main as convert
from scripts.tools.record import main
from tests.e2e.provider import Call, Provider, chunk, head
from tests.scripts.command import ROOT
from translators.convert import DIALECTS

FIXTURES = ROOT / "tests" / "fixtures"
KEY = "key-1234567890"
CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}
SSE, NDJSON, AWS = "text/event-stream; charset=utf-8", "application/x-ndjson", "application/vnd.amazon.eventstream"

# Below which path of the base URL, the rest of the path for a stream, the model, content type and suffix, the key.
DIALECT: dict[str, tuple[str, str, str, str, str, tuple[str, str]]] = {
    "anthropic": ("", "/v1/messages", "claude-sonnet-4-6", SSE, ".sse", ("x-api-key", KEY)),
    "vertex-anthropic": (
        "/v1/projects/p/locations/l/publishers/anthropic",
        "/models/claude-sonnet-4-6:streamRawPredict",
        "claude-sonnet-4-6",
        SSE,
        ".sse",
        ("authorization", f"Bearer {KEY}"),
    ),
    "gemini": (
        "/v1beta",
        "/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        "gemini-2.5-flash",
        SSE,
        ".sse",
        ("x-goog-api-key", KEY),
    ),
    "bedrock": (
        "",
        "/model/amazon.nova-pro-v1%3A0/converse-stream",
        "amazon.nova-pro-v1:0",
        AWS,
        ".eventstream",
        ("authorization", f"Bearer {KEY}"),
    ),
    "openai": ("/v1", "/chat/completions", "gpt-5.5", SSE, ".sse", ("authorization", f"Bearer {KEY}")),
    "openai-responses": ("/v1", "/responses", "gpt-5.5", SSE, ".sse", ("authorization", f"Bearer {KEY}")),
    "openai-completions": ("/v1", "/completions", "babbage-002", SSE, ".sse", ("authorization", f"Bearer {KEY}")),
    "ollama": ("", "/api/chat", "qwen3", NDJSON, ".ndjson", ("authorization", f"Bearer {KEY}")),
}
CLIENT = {"openai-completions": "completions"}


@pytest.fixture
def provider(running_provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    running_provider.reset()
    monkeypatch.setenv("PROVIDER_KEY", KEY)
    yield running_provider
    assert not running_provider.errors


def recorded(dialect: str, content_type: str) -> tuple[bytes, Any]:
    """What a provider of `dialect` streams, and the script that does."""
    folder = FIXTURES / ("anthropic" if dialect == "vertex-anthropic" else dialect)
    (path,) = [path for path in folder.glob("text.*") if path.suffix != ".jsonl"]
    data = path.read_bytes()

    async def script(call: Call) -> None:
        headers = {"content-type": content_type, "transfer-encoding": "chunked", "x-amzn-requestid": "1"}
        await call.send(head(200, headers) + chunk(data) + chunk(b""))

    return data, script


def request_file(folder: Path, **body: Any) -> str:
    path = folder / "asked.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    return str(path)


def test_every_dialect_is_here() -> None:
    assert sorted(DIALECT) == sorted(DIALECTS)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream(provider: Provider, tmp_path: Path, dialect: str, capfdbinary: Any) -> None:
    base, path, model, content_type, suffix, (header, value) = DIALECT[dialect]
    data, script = recorded(dialect, content_type)
    provider.scripts = [script]
    client, out = CLIENT.get(dialect, "chat"), tmp_path / "x"
    body = {"prompt": "Hi"} if client == "completions" else CHAT
    arguments = ["--from", client, "--to", dialect, "--url", provider.url + base + "/", "--key-env", "PROVIDER_KEY"]
    status = main([*arguments, "--stream", "-o", str(out), request_file(tmp_path, model=model, **body)])
    assert (status, capfdbinary.readouterr().err) == (0, b"")
    (call,) = provider.calls
    assert (call.path, call.headers[header]) == (base + path, value)
    assert out.with_suffix(suffix).read_bytes() == data
    meta = json.loads(out.with_suffix(".meta.json").read_bytes())
    assert (meta["dialect"], meta["model"], meta["headers"]) == (dialect, model, {"content-type": content_type})
    assert KEY not in json.dumps(meta)
    assert convert(["--from", client, "--to", dialect, "--answer", str(out.with_suffix(suffix))]) == 0
    assert capfdbinary.readouterr().out.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_raw(provider: Provider, tmp_path: Path, dialect: str) -> None:
    base, path, model, content_type, suffix, _ = DIALECT[dialect]
    provider.scripts = [recorded(dialect, content_type)[1]]
    body = {"odd": 1}
    arguments = ["--to", dialect, "--url", provider.url + base, "--key-env", "PROVIDER_KEY", "--raw", "--stream"]
    assert main([*arguments, "--model", model, "-o", str(tmp_path / "x"), request_file(tmp_path, **body)]) == 0
    (call,) = provider.calls
    assert call.path == base + path
    in_path = dialect in ("gemini", "bedrock")
    named = {} if in_path or dialect == "vertex-anthropic" else {"model": model}
    assert call.json == body | named | ({} if in_path else {"stream": True})
    assert (tmp_path / f"x{suffix}").exists()


def test_another_header_for_the_key(provider: Provider, tmp_path: Path) -> None:
    provider.scripts = [recorded("openai", SSE)[1]]
    arguments = ["--to", "openai", "--url", provider.url, "--key-env", "PROVIDER_KEY", "--key-header", "Api-Key"]
    assert main([*arguments, "-o", str(tmp_path / "x"), request_file(tmp_path, model="m", stream=True, **CHAT)]) == 0
    (call,) = provider.calls
    assert call.headers["api-key"] == KEY
    assert "authorization" not in call.headers


@pytest.mark.parametrize(
    ("arguments", "body", "sentence"),
    [
        pytest.param(["--to", "bedrock"], CHAT, "AWS access keys are of no use", id="nothing to sign with"),
        pytest.param(["--to", "bedrock", "--key-env", "AWS"], CHAT, "AWS access keys are of no use", id="access key"),
        pytest.param(["--to", "gemini", "--raw"], {}, "it needs --model NAME", id="no model for the path"),
        pytest.param(["--to", "anthropic"], CHAT | {"n": 2}, "becomes 2 calls", id="several calls"),
        pytest.param(["--to", "openai-completions"], CHAT, "only completions goes there", id="one client's only"),
    ],
)
def test_usage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    body: dict[str, Any],
    sentence: str,
) -> None:
    monkeypatch.setenv("AWS", "AKIAIOSFODNN7EXAMPLE")
    named = {} if "--raw" in arguments else {"model": "m"}
    request = request_file(tmp_path, **named, **body)
    assert main([*arguments, "--url", "http://127.0.0.1:9", "-o", str(tmp_path / "x"), request]) == 2
    assert sentence in capsys.readouterr().err


def test_the_embedded_model_speaks_one_dialect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request = request_file(tmp_path, model="m", **CHAT)
    assert main(["--to", "gemini", "--embedded", "-o", str(tmp_path / "x"), request]) == 2
    assert capsys.readouterr().err == "scripts/record: the embedded model is asked with --to anthropic.\n"
