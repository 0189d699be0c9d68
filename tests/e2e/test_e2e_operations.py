"""What a real gateway says of itself to who looks after it."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import SECRETS, GatewayProcess, config
from tests.e2e.provider import Provider, stream, whole

METRICS_KEY = "canary-of-the-metrics-20b7c1"
METRICS = {"enable": True, "key": METRICS_KEY}
OPENED = {"authorization": f"Bearer {METRICS_KEY}"}


@pytest.fixture
def gateway(running_provider: Provider, tmp_path: Path) -> Iterator[GatewayProcess]:
    with GatewayProcess(tmp_path, config(running_provider.url, metrics=METRICS)) as process:
        yield process


def get(gateway: GatewayProcess, path: str, **headers: str) -> httpx.Response:
    return httpx.get(gateway.url + path, headers=headers, trust_env=False)


def samples(gateway: GatewayProcess) -> list[tuple[str, dict[str, str], float]]:
    text = get(gateway, "/metrics", **OPENED).text
    return [(each.name, each.labels, each.value) for family in parsed(text) for each in family.samples]


def ask_all(client: Client, provider: Provider) -> None:
    """An answer, a stream, a refusal by the provider, a model of the client's own, and a path of its own."""
    provider.scripts = [
        whole(claude.message()),
        stream(claude.HELLO),
        whole({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, 400),
    ]
    asked = [client.chat(), client.chat(True), client.chat(), client.chat(model="canary-of-a-model")]
    assert [each.status_code for each in asked] == [200, 200, 400, 400]
    assert client.get("/v1/canary-of-a-path").status_code == 404
    assert client.record["status"] == 404


def test_all_numbers(client: Client, provider: Provider, gateway: GatewayProcess) -> None:
    ask_all(client, provider)
    assert get(gateway, "/metrics").status_code == 401
    found = samples(gateway)
    requests = {
        (labels["model"], labels["status"], labels["stream"]): value
        for name, labels, value in found
        if name == "gateway_requests_total" and labels["route"] == "chat"
    }
    assert requests == {
        ("sonnet", "2xx", "false"): 1,
        ("sonnet", "2xx", "true"): 1,
        ("sonnet", "4xx", "false"): 1,
        ("other", "4xx", "false"): 1,
    }
    attempts = {labels["outcome"]: value for name, labels, value in found if name == "gateway_attempts_total"}
    assert attempts == {"ok": 2, "4xx": 1}
    assert ("gateway_in_flight", {}, 0.0) in found
    [connections] = [value for name, _, value in found if name == "gateway_client_connections"]
    assert connections >= 1
    text = get(gateway, "/metrics", **OPENED).text
    assert not [word for word in (*SECRETS, METRICS_KEY, "canary") if word in text]


def test_numbers_by_provider(client: Client, provider: Provider) -> None:
    ask_all(client, provider)
    answer = client.get("/v1/metrics/providers")
    [row] = answer.json()["data"]
    assert (row["provider"], row["model"], row["requests"]) == ("anthropic", "claude-sonnet-4-5", 3)
    assert row["errors"] == {"4xx": 1}
    assert row["last_error"]["class"] == "4xx"
    assert row["tokens"]["input"] > 0
    assert 0 <= row["duration_ms"]["p50"] <= row["duration_ms"]["p99"]
    assert (row["in_flight"], row["cooldown"]) == (0, None)


def test_a_failover(tmp_path: Path, provider: Provider) -> None:
    """The first key rests, the second answers; then both rest, and nothing can be asked."""
    limited = whole(
        {"type": "error", "error": {"type": "rate_limit_error", "message": "no"}}, 429, {"retry-after": "50"}
    )
    settings = config(provider.url, metrics=METRICS, disable_cooling=False)
    [entry] = settings["claude-api-key"]
    model = [{"name": "claude-sonnet-4-5", "alias": "sonnet"}]
    settings["claude-api-key"] = [{**entry, "models": model}, {**entry, "api-key": "another-key", "models": model}]
    with GatewayProcess(tmp_path, settings) as process, contextlib.closing(Client(process).http) as http:
        asked = Client(process)
        asked.http = http
        provider.scripts = [limited, whole(claude.message())]
        assert asked.chat().status_code == 200
        rows = {row["credential"]: row for row in asked.get("/v1/metrics/providers").json()["data"]}
        first, second = rows["anthropic-1"], rows["anthropic-2"]
        assert (first["requests"], first["errors"], first["last_error"]["class"]) == (1, {"429": 1}, "429")
        assert (second["requests"], second["errors"], second["cooldown"]) == (1, {}, None)
        assert first["cooldown"]["reason"].startswith("429")
        resting = [labels for name, labels, _ in samples(process) if name == "gateway_cooldowns"]
        assert resting == [{"provider": "anthropic", "model": "claude-sonnet-4-5", "credential": "anthropic-1"}]
        assert get(process, "/health/ready").status_code == 200
        provider.scripts = [limited]
        assert asked.chat().status_code == 429
        answer = get(process, "/health/ready")
        assert (answer.status_code, answer.json()["reason"]) == (503, "cooldown")
        assert 0 < int(answer.headers["retry-after"]) <= 50


def test_numbers_outlive_a_configuration_and_their_key_does_not(
    gateway: GatewayProcess, client: Client, provider: Provider
) -> None:
    ask_all(client, provider)
    before = len(gateway.lines)
    gateway.config.write_text(json.dumps(config(provider.url, metrics={**METRICS, "key": "another-key"})) + "\n")
    gateway.line("was read again", before)
    assert get(gateway, "/metrics", **OPENED).status_code == 401
    answer = get(gateway, "/metrics", authorization="Bearer another-key")
    assert 'gateway_attempts_total{credential="anthropic-1",model="claude-sonnet-4-5",outcome="ok"' in answer.text
    assert client.get("/v1/metrics/providers").json()["data"][0]["requests"] == 3


def test_readiness_asks_nobody_and_is_not_logged(gateway: GatewayProcess, provider: Provider) -> None:
    lines = len(gateway.lines)
    answers = [get(gateway, "/health/ready"), httpx.head(f"{gateway.url}/health/ready", trust_env=False)]
    assert [each.status_code for each in answers] == [200, 200]
    assert (answers[0].json(), answers[1].content) == ({"status": "ready"}, b"")
    get(gateway, "/metrics", **OPENED)
    get(gateway, "/metrics")
    gateway.line('"path":"/metrics".*"status":401', lines)
    assert not [line for line in gateway.lines[lines:] if "ready" in line or '"status":200' in line]
    assert provider.calls == []
    assert not re.search("|".join((METRICS_KEY, *SECRETS)), gateway.output)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        pytest.param({"claude_api_key": []}, "no_models", id="no provider"),
        pytest.param({"api_keys": []}, "no_client_keys", id="no client"),
    ],
)
def test_why_it_is_not_ready(tmp_path: Path, provider: Provider, more: dict[str, Any], reason: str) -> None:
    with GatewayProcess(tmp_path, config(provider.url, **more)) as process:
        answer = get(process, "/health/ready")
        assert (answer.status_code, answer.json()["reason"]) == (503, reason)
        assert get(process, "/metrics", **OPENED).status_code == 404
