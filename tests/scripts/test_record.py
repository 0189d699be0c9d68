"""scripts/record, from a scripted provider and from the embedded model."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from addons.embedded import child as embedded
from tests.e2e import claude
from tests.e2e.gateway_process import free_port
from tests.e2e.provider import Provider, stream, whole
from tests.scripts.command import in_process

needs_wheels = pytest.mark.skipif(embedded.available() is not None, reason=str(embedded.available()))
KEY = "sk-ant-secret-1234567890"
ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Say hi"}], "max_completion_tokens": 8}
SENT = {
    "model": "m",
    "max_tokens": 8,
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Say hi"}]}],
    "stream": False,
}


@pytest.fixture
def provider(running_provider: Provider) -> Iterator[Provider]:
    running_provider.reset()
    yield running_provider
    assert not running_provider.errors


def record(*arguments: str | Path, chat_request: Any = ASKED) -> tuple[int, str, str]:
    answer = in_process(
        "record", "--to", "anthropic", *arguments, "-", given=json.dumps(chat_request), PROVIDER_KEY=KEY
    )
    return answer.returncode, answer.stdout, answer.stderr


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_stream(provider: Provider, tmp_path: Path) -> None:
    events = claude.events(claude.message())
    headers = {"anthropic-organization-id": "org", "set-cookie": "a=b", "anthropic-ratelimit-requests-limit": "5"}
    provider.scripts = [stream(events, headers=headers)]
    out = tmp_path / "claude-4.5.sse"
    status, printed, complained = record("--url", provider.url, "--key-env", "PROVIDER_KEY", "--stream", "-o", out)
    assert (status, complained) == (0, "")
    assert printed.startswith(f"{out}: 200, ")
    written = files(tmp_path)
    assert sorted(written) == ["claude-4.5.meta.json", "claude-4.5.sse"]
    meta = json.loads(written["claude-4.5.meta.json"])
    sizes = [size for _, size in meta.pop("pieces")]
    assert sum(sizes) == len(written["claude-4.5.sse"])
    assert len(meta.pop("recorded")) == len("2026-11-22")
    assert meta == {
        "dialect": "anthropic",
        "model": "m",
        "status": 200,
        "headers": {"content-type": "text/event-stream", "anthropic-ratelimit-requests-limit": "5"},
        "broke": None,
        "asked": ASKED | {"stream": True},
        "sent": SENT | {"stream": True},
    }
    call = provider.calls[0]
    assert (call.method, call.path, call.json) == ("POST", "/v1/messages", meta["sent"])
    names = ("x-api-key", "anthropic-version", "accept-encoding")
    assert [call.headers[name] for name in names] == [KEY, "2023-06-01", "identity"]
    assert KEY.encode() not in b"".join(written.values())
    assert in_process("convert", "--to", "anthropic", "--answer", out).stdout.endswith("data: [DONE]\n\n")


def test_a_whole_answer_with_a_key_quoted(provider: Provider, tmp_path: Path) -> None:
    provider.scripts = [whole({"type": "error", "error": {"type": "authentication_error", "message": KEY}}, 401)]
    status, _, _ = record("--url", provider.url, "--key-env", "PROVIDER_KEY", "-o", tmp_path / "denied")
    assert status == 1
    written = files(tmp_path)
    assert sorted(written) == ["denied.json", "denied.meta.json"]
    assert json.loads(written["denied.json"])["error"]["message"] == "[key]"
    assert json.loads(written["denied.meta.json"])["status"] == 401


def test_raw(provider: Provider, tmp_path: Path) -> None:
    provider.scripts = [whole(claude.message())]
    body = {"model": "m", "max_tokens": 3, "messages": [], "odd": {"field": 1}}
    assert record("--url", provider.url, "--raw", "-o", tmp_path / "raw", chat_request=body)[0] == 0
    call = provider.calls[0]
    assert (call.path, call.json) == ("/v1/messages", body)
    assert "x-api-key" not in call.headers
    assert json.loads((tmp_path / "raw.meta.json").read_bytes())["asked"] is None


def test_the_last_of_several(provider: Provider, tmp_path: Path) -> None:
    provider.scripts = [whole(claude.message(claude.text(text))) for text in ("one", "two")]
    assert record("--url", provider.url, "--repeat", "2", "-o", tmp_path / "x")[0] == 0
    assert json.loads((tmp_path / "x.json").read_bytes())["content"][0]["text"] == "two"


def test_what_breaks_off_is_kept(provider: Provider, tmp_path: Path) -> None:
    provider.scripts = [stream(claude.events(claude.message())[:4], end=b"")]
    status, _, complained = record("--url", provider.url, "--stream", "-o", tmp_path / "cut")
    assert status == 1
    assert complained.startswith("scripts/record: the answer broke off: ")
    assert (tmp_path / "cut.sse").read_bytes().count(b"event: ") == 4
    replayed = in_process("convert", "--to", "anthropic", "--answer", tmp_path / "cut.sse")
    assert (replayed.returncode, "[DONE]" in replayed.stdout) == (1, False)
    assert json.loads(replayed.stderr)["error"]["type"] == "server_error"


def test_nothing_is_written_over(provider: Provider, tmp_path: Path) -> None:
    provider.scripts = [whole(claude.message())] * 2
    out = tmp_path / "x"
    assert record("--url", provider.url, "-o", out)[0] == 0
    status, _, complained = record("--url", provider.url, "-o", out)
    assert (status, complained) == (2, f"scripts/record: {out}.json is there already; --force writes over it.\n")
    assert len(provider.calls) == 1
    assert record("--url", provider.url, "--force", "-o", out)[0] == 0


NOBODY = f"http://127.0.0.1:{free_port()}"


@pytest.mark.parametrize(
    ("arguments", "chat_request", "status", "sentence"),
    [
        pytest.param(["--url", NOBODY], ASKED, 2, f"{NOBODY} cannot be asked: ", id="nobody there"),
        pytest.param(["--url", "nonsense"], ASKED, 2, "nonsense cannot be asked: ", id="no URL"),
        pytest.param(["--url", NOBODY, "--key-env", "NO_SUCH"], ASKED, 2, "NO_SUCH is not set", id="no key"),
        pytest.param([], ASKED, 2, "one of the arguments --url --embedded is required", id="no place"),
        pytest.param(["--url", NOBODY, "--embedded"], ASKED, 2, "not allowed with", id="two places"),
        pytest.param(["--url", NOBODY, "--repeat", "0"], ASKED, 2, "--repeat", id="never"),
        pytest.param(["--url", NOBODY], [], 2, "not a JSON object", id="no object"),
        pytest.param(["--url", NOBODY], {"model": "m"}, 1, "invalid_request_error", id="no chat request"),
    ],
)
def test_usage(tmp_path: Path, arguments: list[str], chat_request: Any, status: int, sentence: str) -> None:
    got, printed, complained = record(*arguments, "-o", tmp_path / "x", chat_request=chat_request)
    assert (got, printed) == (status, "")
    assert sentence in complained
    assert "Traceback" not in complained
    assert files(tmp_path) == {}


@needs_wheels
@pytest.mark.parametrize(
    ("options", "suffix", "finish_reason"),
    [
        pytest.param(["--whole"], ".json", "length", id="whole"),
        pytest.param(["--stream"], ".sse", "length", id="stream"),
        pytest.param(["--stream", "--repeat", "2"], ".sse", "length", id="the same prompt again"),
    ],
)
def test_the_embedded_model(tmp_path: Path, options: list[str], suffix: str, finish_reason: str) -> None:
    chat_request = ASKED | {"temperature": 0, "max_completion_tokens": 3}
    status, printed, complained = record("--embedded", *options, "-o", tmp_path / "real", chat_request=chat_request)
    assert (status, complained) == (0, ""), printed
    replayed = [
        in_process("convert", "--to", "anthropic", "--answer", tmp_path / f"real{suffix}", "--whole", *split)
        for split in ([], ["--split", "1"])
    ]
    assert replayed[0].stdout == replayed[1].stdout
    assert json.loads(replayed[0].stdout)["choices"][0]["finish_reason"] == finish_reason
