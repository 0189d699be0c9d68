"""Spans and metrics as a collector gets them; and a gateway whose collector does not answer."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import claude
from tests.e2e.collector import Collector, Span
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import SECRETS, GatewayProcess, config
from tests.e2e.provider import Provider, stream, whole

PROMPT = "canary-of-a-prompt-5520ab"
ANSWER = "canary-of-an-answer-1be2"
OTEL_KEY = "canary-of-the-collector-77aa"
PARENT = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "200"}
"""Milliseconds."""
SERVER, CLIENT = 2, 3


@pytest.fixture(scope="module")
def running_collector() -> Iterator[Collector]:
    with Collector() as made:
        yield made


@pytest.fixture(scope="module")
def gateway(
    running_provider: Provider, running_collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    headers = {"x-otel-key": OTEL_KEY}
    otel = {"enable": True, "endpoint": running_collector.url, "headers": headers, "service-name": "ours"}
    settings = config(running_provider.url, otel=otel)
    pool = {"models": [{"name": "claude-opus-4-6", "alias": "pool"}]}
    [entry] = settings["claude-api-key"]
    settings["claude-api-key"].append({"api-key": "hands-on", "base-url": running_provider.url})
    settings["claude-api-key"] += [{**entry, **pool, "api-key": key} for key in ("one-more-key", "and-another-key")]
    with GatewayProcess(tmp_path_factory.mktemp("traced"), settings, env=SOON) as process:
        yield process


@pytest.fixture
def collector(running_collector: Collector) -> Collector:
    """Without the spans of other tests, each of which has waited for its own."""
    running_collector.spans.clear()
    return running_collector


def ask(client: Client, streamed: bool = False, parent: bool = True) -> Any:
    headers = {"traceparent": f"00-{'-'.join(PARENT)}-01", "tracestate": "vendor=1"} if parent else {}
    return client.chat(streamed, headers, messages=[{"role": "user", "content": PROMPT}])


def spans(collector: Collector, number: int) -> tuple[list[Span], list[Span]]:
    """Return those of requests and those of attempts, once there are so many of both."""
    collector.until(lambda: len(collector.spans) >= number)
    assert len(collector.spans) == number
    kinds = {kind: [span for span in collector.spans if span.kind == kind] for kind in (SERVER, CLIENT)}
    return kinds[SERVER], kinds[CLIENT]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_a_request_and_its_attempt(client: Client, provider: Provider, collector: Collector, streamed: bool) -> None:
    message = claude.message(claude.text(ANSWER))
    provider.scripts = [stream(claude.events(message)) if streamed else whole(message)]
    assert ask(client, streamed).status_code == 200
    [request], [attempt] = spans(collector, 2)
    assert (request.name, request.trace_id, request.parent) == ("POST /v1/chat/completions", *PARENT)
    assert (attempt.name, attempt.trace_id, attempt.parent) == ("chat claude-sonnet-4-5", PARENT[0], request.span_id)
    assert request.start <= attempt.start <= attempt.end
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/chat/completions",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "gateway.request.id": client.id,
        "gateway.key.name": "tester",
        "gateway.request.model": "sonnet",
        "gateway.end": "complete",
        "gateway.attempts": 1,
    }
    told = attempt.attributes
    assert (told["gen_ai.operation.name"], told["gen_ai.provider.name"]) == ("chat", "anthropic")
    assert (told["gen_ai.request.model"], told["gen_ai.request.stream"]) == ("claude-sonnet-4-5", streamed)
    assert (told["gen_ai.response.finish_reasons"], told["http.response.status_code"]) == (["stop"], 200)
    assert told["gen_ai.usage.input_tokens"] > 0
    assert told["gen_ai.usage.output_tokens"] > 0
    assert (request.failed, attempt.failed) == (False, False)


def test_the_provider_is_told_of_the_gateways_span(client: Client, provider: Provider, collector: Collector) -> None:
    ask(client)
    [request], _ = spans(collector, 2)
    [call] = provider.calls
    assert call.headers["traceparent"] == f"00-{PARENT[0]}-{request.span_id}-01"
    assert call.headers["tracestate"] == "vendor=1"


def test_a_request_without_a_parent_begins_a_trace(client: Client, provider: Provider, collector: Collector) -> None:
    ask(client, parent=False)
    [request], _ = spans(collector, 2)
    [call] = provider.calls
    assert request.parent == ""
    assert call.headers["traceparent"].startswith(f"00-{request.trace_id}-{request.span_id}-")
    assert "tracestate" not in call.headers


def test_what_is_not_sampled_is_not_sent(client: Client, provider: Provider, collector: Collector) -> None:
    headers = {"traceparent": f"00-{'-'.join(PARENT)}-00"}
    assert client.chat(False, headers).status_code == 200
    ask(client)
    spans(collector, 2)
    assert provider.calls[0].headers["traceparent"].startswith(f"00-{PARENT[0]}-")
    assert provider.calls[0].headers["traceparent"].endswith("-00")


def test_failures(client: Client, provider: Provider, collector: Collector) -> None:
    provider.scripts = [whole({"type": "error", "error": {"type": "api_error", "message": ANSWER}}, 500)]
    assert ask(client).status_code >= 500
    requests, attempts = spans(collector, 2)
    assert all(span.failed for span in (*requests, *attempts))
    assert {span.attributes["error.type"] for span in attempts} == {"5xx"}


def test_a_second_attempt_is_a_second_span(client: Client, provider: Provider, collector: Collector) -> None:
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    provider.scripts = [whole(overloaded, 529), whole(claude.message())]
    assert client.chat(model="pool").status_code == 200
    [request], attempts = spans(collector, 3)
    told = [(each.failed, each.attributes["http.response.status_code"], each.parent) for each in attempts]
    assert told == [(True, 529, request.span_id), (False, 200, request.span_id)]
    assert len({each.attributes["gateway.credential.name"] for each in attempts}) == 2
    assert (request.failed, request.attributes["gateway.attempts"]) == (False, 2)


def test_a_request_that_is_refused_has_a_span(client: Client, collector: Collector) -> None:
    assert client.http.get("/v1/models", headers={"authorization": "Bearer wrong"}).status_code == 401
    [request], [] = spans(collector, 1)
    assert (request.name, request.failed) == ("GET /v1/models", False)
    assert request.attributes["http.response.status_code"] == 401


def test_metrics(client: Client, provider: Provider, collector: Collector) -> None:
    provider.scripts = [stream(claude.HELLO)]
    ask(client, True)
    assert client.chat(model="claude-canary").status_code == 200
    _, attempts = spans(collector, 4)
    assert [each.attributes["gen_ai.request.model"] for each in attempts] == ["claude-sonnet-4-5", "claude-canary"]
    asked = {
        "http.request.method": "POST",
        "http.route": "/v1/chat/completions",
        "http.response.status_code": 200,
        "url.scheme": "http",
    }
    attempt = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
    }
    points, unlisted = collector.points, {**attempt, "gen_ai.request.model": "other"}
    collector.until(lambda: unlisted in [labels for labels, _ in points.get("gen_ai.client.operation.duration", ())])
    assert [total > 0 for labels, total in points["http.server.request.duration"] if labels == asked] == [True]
    assert [total > 0 for labels, total in points["gen_ai.client.operation.duration"] if labels == attempt] == [True]
    assert [labels for labels, _ in points["gen_ai.client.operation.time_to_first_chunk"]] == [attempt]
    tokens = {labels["gen_ai.token.type"]: total for labels, total in points["gen_ai.client.token.usage"]}
    assert set(tokens) == {"input", "output"}
    assert all(tokens.values())
    assert "claude-canary" not in str(points)


def test_neither_prompts_nor_keys_leave(client: Client, provider: Provider, collector: Collector) -> None:
    provider.scripts = [whole(claude.message(claude.text(ANSWER)))]
    ask(client)
    client.chat(model=SECRETS[0])
    client.get(f"/v1/{PROMPT}")
    spans(collector, 4)
    collector.until(lambda: bool(collector.points))
    assert collector.headers["x-otel-key"] == OTEL_KEY
    assert collector.resource["service.name"] == "ours"
    sent = b"".join(collector.bodies)
    assert not [word for word in (*SECRETS, PROMPT, ANSWER, OTEL_KEY) if word.encode() in sent]


def test_what_is_not_sent_yet_is_sent_at_the_end(tmp_path: Path, provider: Provider, collector: Collector) -> None:
    otel = {"enable": True, "endpoint": collector.url}
    with GatewayProcess(tmp_path, config(provider.url, otel=otel)) as process:
        made = Client(process)
        assert made.chat().status_code == 200
        made.http.close()
        process.stop()
    assert len(spans(collector, 2)[0]) == 1
    assert "gen_ai.client.operation.duration" in collector.points


def test_a_dead_collector_costs_one_warning(tmp_path: Path, provider: Provider) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        otel = {"enable": True, "endpoint": url, "headers": {"x-otel-key": OTEL_KEY}, "metrics": False}
        soon = {**SOON, "OTEL_EXPORTER_OTLP_TIMEOUT": "0.2"}
        with GatewayProcess(tmp_path, config(provider.url, otel=otel), env=soon) as process:
            made = Client(process)
            assert made.chat().status_code == 200
            process.line("The OpenTelemetry collector takes no traces")
            lines = len(process.lines)
            assert made.chat().status_code == 200
            assert made.record["status"] == 200
            made.http.close()
            process.stop()
            assert not [line for line in process.lines[lines:] if "ollector" in line or "Traceback" in line]
            assert OTEL_KEY not in process.output
