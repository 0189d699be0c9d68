"""Prometheus' own parser reads what Prometheus is told."""

from prometheus_client.parser import text_string_to_metric_families as parsed

from addons.metrics.counts import TOKENS
from routing.cooldowns import Cooldown
from tests.addons.exchange.test_exchange import Table
from tests.addons.metrics.records import attempt, record
from tests.addons.metrics.test_report import counted, report

MODEL = {"provider": "anthropic", "model": "opus"}
TRIED = {"provider": "anthropic", "model": "claude-opus-4-6", "credential": "anthropic-1"}


def scraped() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    table = Table()
    table.ask(stream=True)
    rest = Cooldown("anthropic", "claude-opus-4-6", "anthropic-1", 160.0, "429")
    failed = attempt(status=500, reason="500", kind="status", usage=None)
    counts = counted(record(attempt()), record(failed, end="failed", status=500, usage=None))
    text = report(counts, lambda: [table.exchange], (rest,)).prometheus()().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parsed(text)
        for sample in family.samples
    }


def value(name: str, **labels: str) -> float | None:
    return scraped().get((name, frozenset(labels.items())))


def test_requests() -> None:
    labels = {"route": "chat", "key": "tester", "stream": "true", **MODEL}
    assert value("gateway_requests_total", status="2xx", end="complete", **labels) == 1
    assert value("gateway_requests_total", status="5xx", end="failed", **labels) == 1


def test_times() -> None:
    stream = {"stream": "true", **MODEL}
    assert value("gateway_request_duration_seconds_sum", **stream) == 4.0
    assert value("gateway_request_duration_seconds_bucket", le="1.0", **stream) == 0
    assert value("gateway_request_duration_seconds_bucket", le="2.5", **stream) == 2
    assert value("gateway_request_duration_seconds_bucket", le="+Inf", **stream) == 2
    assert value("gateway_first_event_seconds_count", **stream) == 2
    assert value("gateway_own_seconds_sum") == 0.006


def test_tokens() -> None:
    kinds = {kind: value("gateway_tokens_total", kind=kind, key="tester", **MODEL) for kind in TOKENS}
    assert kinds == {"input": 7, "output": 5, "cache_read": 3, "cache_write": 2, "reasoning": 1}


def test_attempts() -> None:
    assert value("gateway_attempts_total", outcome="ok", **TRIED) == 1
    assert value("gateway_attempts_total", outcome="5xx", **TRIED) == 1


def test_now() -> None:
    assert value("gateway_cooldowns", **TRIED) == 1
    assert value("gateway_in_flight") == 1
    assert value("gateway_client_connections") == 3
    assert value("gateway_calls_in_flight", **TRIED) == 1


def test_the_process_and_the_build() -> None:
    names = {name for name, _ in scraped()}
    assert {"gateway_build_info", "process_resident_memory_bytes", "process_open_fds"} <= names
