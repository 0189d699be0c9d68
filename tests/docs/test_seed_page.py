"""The page that the gateway was begun from: what it promises of an OpenAI-compatible API, with the shipped config.yaml
in front of a scripted Claude."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.e2e import claude
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.provider import WAIT, Call, Provider, stream, whole

ROOT = Path(__file__).resolve().parents[2]
MODEL = "claude-3-5-sonnet"
CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "Give me 3 release notes bullets"}]}
ANSWER = claude.message(claude.text("- one\n- two\n- three"), usage=(10, 42))
CURL = """\
curl -sS -X POST http://localhost:8317/v1/chat/completions \\
  -H "Authorization: Bearer dev-local-key" \\
  -H "Content-Type: application/json" \\
  -d '{
    "model": "claude-3-5-sonnet",
    "messages": [{"role": "user", "content": "Give me 3 release notes bullets"}],
    "temperature": 0.2,
    "stream": false
  }'"""


async def answer(call: Call) -> None:
    script = stream(claude.events(ANSWER)) if call.json.get("stream") else whole(ANSWER)
    await script(call)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider()
    made.default = answer
    yield made
    made.close()


@pytest.fixture(scope="module")
def gateway(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    config = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    config["claude-api-key"][0]["base-url"] = provider.url
    del config["port"], config["embedded"]
    with GatewayProcess(tmp_path_factory.mktemp("seed"), config, env={"ANTHROPIC_API_KEY": "set"}) as process:
        yield process


@pytest.fixture
def http(gateway: GatewayProcess) -> Iterator[httpx.Client]:
    key = {"authorization": "Bearer dev-local-key"}
    with httpx.Client(base_url=gateway.url, headers=key, timeout=WAIT, trust_env=False) as client:
        yield client


def test_the_first_curl(gateway: GatewayProcess) -> None:
    command = CURL.replace("localhost:8317", f"127.0.0.1:{gateway.port}")
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=WAIT, check=True)
    completion = json.loads(done.stdout)
    [choice] = completion["choices"]
    assert completion["id"].startswith("chatcmpl-")
    assert (completion["object"], completion["model"]) == ("chat.completion", MODEL)
    assert (choice["index"], choice["finish_reason"]) == (0, "stop")
    assert (choice["message"]["role"], choice["message"]["content"]) == ("assistant", "- one\n- two\n- three")
    assert completion["usage"] == {"prompt_tokens": 10, "completion_tokens": 42, "total_tokens": 52}


def test_the_alias_is_listed(http: httpx.Client) -> None:
    assert MODEL in [model["id"] for model in http.get("/v1/models").json()["data"]]


@pytest.mark.parametrize(
    ("path", "fields", "end"),
    [
        pytest.param("/v1/chat/completions", CHAT, "data: [DONE]", id="chat completions"),
        pytest.param("/v1/completions", {"prompt": "Three bullets"}, "data: [DONE]", id="completions"),
        pytest.param("/v1/responses", {"input": "Three bullets"}, "event: response.completed", id="responses"),
    ],
)
def test_every_endpoint_whole_and_streamed(http: httpx.Client, path: str, fields: Any, end: str) -> None:
    assert http.post(path, json={"model": MODEL, **fields}).json()["usage"]["total_tokens"] == 52
    answer = http.post(path, json={"model": MODEL, "stream": True, **fields})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-cache, no-transform", "no")
    assert end in answer.text.strip().split("\n\n")[-1]


@pytest.mark.parametrize(
    ("path", "fields", "key", "status", "code"),
    [
        pytest.param("/v1/chat/completions", CHAT, None, 401, "invalid_api_key", id="no key"),
        pytest.param("/v1/models", CHAT, "other", 401, "invalid_api_key", id="a wrong key"),
        pytest.param("/chat/completions", CHAT, "dev-local-key", 404, "unknown_url", id="a wrong path"),
        pytest.param(
            "/v1/chat/completions", {**CHAT, "model": "sonnett"}, "dev-local-key", 400, "model_not_found", id="no model"
        ),
        pytest.param(
            "/v1/chat/completions", {**CHAT, "input": "x"}, "dev-local-key", 400, "unknown_parameter", id="mixed fields"
        ),
        pytest.param("/v1/chat/completions", {"messages": "x"}, "dev-local-key", 400, "invalid_type", id="a bad shape"),
    ],
)
def test_the_common_failures(
    gateway: GatewayProcess, path: str, fields: Any, key: str | None, status: int, code: str
) -> None:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    answer = httpx.post(
        gateway.url + path, json={"model": MODEL, **fields}, headers=headers, timeout=WAIT, trust_env=False
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_provider_that_throttles(http: httpx.Client, provider: Provider) -> None:
    provider.scripts = [whole(claude.error("rate_limit_error"), 429, {"retry-after": "7"})]
    answer = http.post("/v1/chat/completions", json={"model": MODEL, **CHAT})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["code"] == "rate_limit_exceeded"
