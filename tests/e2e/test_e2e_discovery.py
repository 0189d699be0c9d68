"""Servers are asked for their models, one of each dialect; and their names are there at the next start."""

import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.answers import CHAT, CLAUDE, GEMINI, OLLAMA
from tests.e2e.gateway_process import CLIENT_KEY, PROVIDER_KEY, SECRETS, GatewayProcess
from tests.e2e.provider import WAIT, Call, Provider, whole

LISTS: dict[str, Any] = {
    "/anthropic/v1/models?limit=1000": {"data": [{"id": "claude-a"}], "has_more": True, "last_id": "claude-a"},
    "/anthropic/v1/models?limit=1000&after_id=claude-a": {"data": [{"id": "claude-b"}], "has_more": False},
    "/gemini/v1beta/models?pageSize=1000": {"models": [{"name": "models/gemini-a"}], "nextPageToken": "next"},
    "/gemini/v1beta/models?pageSize=1000&pageToken=next": {"models": [{"name": "models/gemini-b"}]},
    "/openai/v1/models": {"object": "list", "data": [{"id": "theirs"}, {"id": "text-embedding-3-small"}]},
    "/ollama/api/tags": {"models": [{"name": "llama3:latest"}]},
}
SPEECHES = {"/anthropic/": CLAUDE, "/gemini/": GEMINI, "/openai/": CHAT, "/ollama/": OLLAMA}
NAMES = ["claude-a", "claude-b", "gemini-a", "gemini-b", "theirs", "llama3:latest"]


def settings(provider: str) -> dict[str, Any]:
    return {
        "api-keys": [{"key": CLIENT_KEY, "name": "tester"}],
        "claude-api-key": [{"api-key": PROVIDER_KEY, "base-url": f"{provider}/anthropic"}],
        "gemini-api-key": [{"api-key": PROVIDER_KEY, "base-url": f"{provider}/gemini"}],
        "openai-compatibility": [
            {"name": "x", "base-url": f"{provider}/openai/v1", "api-key-entries": [{"api-key": PROVIDER_KEY}]},
            {"name": "named", "base-url": f"{provider}/named/v1", "models": [{"name": "m", "alias": "claude-a"}]},
        ],
        "ollama": [{"base-url": f"{provider}/ollama"}],
        "drain-seconds": 0,
    }


def ask(gateway: GatewayProcess, **body: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    if body:
        url = f"{gateway.url}/v1/chat/completions"
        return httpx.post(url, json=body, headers=headers, timeout=WAIT, trust_env=False)
    return httpx.get(f"{gateway.url}/v1/models", headers=headers, timeout=WAIT, trust_env=False)


def listed(gateway: GatewayProcess) -> list[str]:
    return [model["id"] for model in ask(gateway).json()["data"]]


def until_listed(gateway: GatewayProcess, name: str) -> None:
    for _ in range(int(WAIT / 0.02)):
        if name in listed(gateway):
            return
        threading.Event().wait(0.02)
    raise AssertionError(f"{name} never appeared")


@pytest.fixture
def servers(provider: Provider) -> Provider:
    async def answer(call: Call) -> None:
        if call.method == "GET":
            await whole(LISTS[call.path])(call)
        else:
            await next(speech for at, speech in SPEECHES.items() if call.path.startswith(at)).answer()(call)

    provider.default = answer
    return provider


def test_what_servers_have_is_served_also_after_the_next_start(servers: Provider, tmp_path: Path) -> None:
    with GatewayProcess(tmp_path, settings(servers.url)) as gateway:
        for name in NAMES:
            until_listed(gateway, name)
        assert sorted(listed(gateway)) == sorted(NAMES)
        for name in NAMES[1:]:
            answer = ask(gateway, model=name, messages=[{"role": "user", "content": "hi"}], max_tokens=9)
            assert (answer.status_code, answer.json()["model"]) == (200, name)
    asked = [call.path for call in servers.calls if call.method == "GET"]
    assert sorted(asked) == sorted(LISTS)
    [file] = (tmp_path / "cache").rglob("*.*")
    kept = file.read_text()
    assert sorted(name for names in json.loads(kept)["models"].values() for name in names) == sorted(NAMES)
    assert not any(secret in kept for secret in SECRETS)

    servers.default = whole(b"{}", 503)
    with GatewayProcess(tmp_path, settings(servers.url)) as gateway:
        assert sorted(listed(gateway)) == sorted(NAMES)
        gateway.line("anthropic does not tell its models: HTTP status 503")
        assert sorted(listed(gateway)) == sorted(NAMES)


def test_a_server_that_is_silent_delays_nobody(servers: Provider, tmp_path: Path) -> None:
    go = threading.Event()
    quick = servers.default
    assert quick is not None

    async def slow(call: Call) -> None:
        if call.path.startswith("/anthropic/v1/models"):
            await call.until(go)
        await quick(call)

    servers.default = slow
    with GatewayProcess(tmp_path, settings(servers.url)) as gateway:
        until_listed(gateway, "gemini-b")
        answer = ask(gateway, model="claude-x", messages=[{"role": "user", "content": "hi"}], max_tokens=9)
        assert answer.status_code == 200
        assert "claude-b" not in listed(gateway)
        go.set()
        until_listed(gateway, "claude-b")
