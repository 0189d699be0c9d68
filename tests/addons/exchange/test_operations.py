"""Readiness, and who may see the numbers."""

import json
from collections.abc import Callable, Mapping, Set
from typing import Any

import pytest

from addons.exchange.actions import Work
from addons.exchange.exchange import Exchange
from addons.exchange.http_api import Head, Reply
from addons.exchange.services import Services
from routing import config
from routing.catalogue import Catalogue
from routing.client_keys import KeyRing
from routing.outcomes import Verdict
from tests.addons.exchange.test_exchange import Clock, Listener

KEYS = "api-keys: [client-key]\n"
CLAUDE = "claude-api-key: [{api-key: k, models: [{name: claude-opus-4-6}]}]\n"
METRICS = "metrics: {enable: true, key: metrics-key}\n"


class Numbers:
    def providers(self, usable: Set[str] | None) -> Callable[[], Mapping[str, Any]]:
        return lambda: {"data": [name for name in ("opus", "haiku", "other") if usable is None or name in usable]}

    def prometheus(self) -> Callable[[], bytes]:
        return lambda: b"gateway_in_flight 0.0\n"


def services(text: str) -> Services:
    settings = config.parse(text.encode(), "config.yaml", {}).settings
    return Services(settings, Catalogue(settings), KeyRing(settings.api_keys), Clock(), lambda: "id", metrics=Numbers())


def asked(services: Services, path: str, method: str = "GET", **headers: str) -> tuple[Reply, Exchange, Listener]:
    listener = Listener()
    exchange = Exchange(services, Head(method, path, headers), (listener,))
    reply = exchange.head_received()
    if reply is None:  # what takes time is worked out elsewhere
        [work] = exchange.request_received(b"", headers)
        assert isinstance(work, Work)
        [done] = exchange.work_done(work.do())
        assert isinstance(done, Reply)
        reply = done
    return reply, exchange, listener


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(KEYS + CLAUDE, None, id="a model"),
        pytest.param(KEYS + "claude-api-key: [{api-key: k}]", None, id="known models"),
        pytest.param(KEYS + "codex-api-key: [{api-key: k}]", None, id="names that are handed on"),
        pytest.param(KEYS + "ollama: [{prefix: local}]", None, id="names with a prefix"),
        pytest.param(KEYS + "ollama: [{}]", "no_models", id="a server that has told nothing yet"),
        pytest.param(KEYS, "no_models", id="no provider"),
        pytest.param(KEYS + "claude-api-key: [{api-key: '${OFF}'}]", "no_models", id="a provider that is off"),
        pytest.param(CLAUDE, "no_client_keys", id="no client"),
    ],
)
def test_readiness(text: str, reason: str | None) -> None:
    reply, exchange, _ = asked(services(text), "/health/ready")
    body = json.loads(reply.body)
    assert (reply.status, body["status"]) == ((200, "ready") if reason is None else (503, "not_ready"))
    assert body.get("reason") == reason
    assert not exchange.counts


def test_a_gateway_that_drains_is_not_ready() -> None:
    made = services(KEYS + CLAUDE)
    made.life.draining = True
    reply, _, _ = asked(made, "/health/ready")
    assert (reply.status, json.loads(reply.body)["reason"]) == (503, "draining")
    assert ("retry-after", "5") in reply.headers


def test_a_gateway_whose_credentials_all_rest_is_not_ready() -> None:
    made = services(f"{KEYS}claude-api-key: [{{api-key: k, models: [{{name: a}}, {{name: b}}]}}]")
    for number, name in enumerate(("a", "b")):
        assert asked(made, "/health/ready")[0].status == 200
        [target] = made.catalogue.candidates(name, "key-1")
        made.router.failed(target, Verdict(True, True, "now", 30.0 + number), "429", 60.0, made.clock.now())
    reply, _, _ = asked(made, "/health/ready")
    assert (reply.status, json.loads(reply.body)["reason"]) == (503, "cooldown")
    assert ("retry-after", "30") in reply.headers
    made.router.completed(target)
    assert asked(made, "/health/ready")[0].status == 200


@pytest.mark.parametrize(
    ("text", "key", "status", "code"),
    [
        pytest.param(METRICS, "metrics-key", 200, None, id="its key"),
        pytest.param(METRICS, "client-key", 401, "invalid_api_key", id="a client's key"),
        pytest.param(METRICS, "metrics-ke\u00fd", 401, "invalid_api_key", id="another key"),
        pytest.param(METRICS, None, 401, "invalid_api_key", id="no key"),
        pytest.param("", "client-key", 404, "metrics_off", id="off"),
        pytest.param("metrics: {key: metrics-key}", "metrics-key", 404, "metrics_off", id="off with a key"),
    ],
)
def test_who_may_see_all_numbers(text: str, key: str | None, status: int, code: str | None) -> None:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    reply, exchange, listener = asked(services(KEYS + CLAUDE + text), "/metrics", **headers)
    assert reply.status == status
    assert exchange.counts == (status != 200)
    if code is None:
        assert reply.body == b"gateway_in_flight 0.0\n"
        assert dict(reply.headers)["content-type"].startswith("text/plain; version=0.0.4")
    else:
        assert json.loads(reply.body)["error"]["code"] == code
    assert "metrics-key" not in repr(listener.messages) + reply.body.decode()


@pytest.mark.parametrize(
    ("key", "status"), [("client-key", 200), ("metrics-key", 401)], ids=["a client's key", "the key of metrics"]
)
def test_who_may_see_providers(key: str, status: int) -> None:
    made = services(KEYS + CLAUDE + METRICS)
    reply, exchange, _ = asked(made, "/v1/metrics/providers", authorization=f"Bearer {key}")
    assert (reply.status, exchange.counts) == (status, True)


@pytest.mark.parametrize(
    ("models", "shown"),
    [
        pytest.param("", ["opus", "haiku", "other"], id="every model"),
        pytest.param(", models: [op*]", ["opus"], id="some"),
        pytest.param(", models: [x]", [], id="none that is listed"),
    ],
)
def test_a_key_sees_the_models_that_it_may_use(models: str, shown: list[str]) -> None:
    entry = "claude-api-key: [{api-key: k, models: [{name: a, alias: opus}, {name: b, alias: haiku}]}]\n"
    made = services(f"api-keys: [{{key: client-key{models}}}]\n{entry}")
    reply, _, _ = asked(made, "/v1/metrics/providers", authorization="Bearer client-key")
    assert json.loads(reply.body)["data"] == shown


def test_numbers_are_shown_while_the_gateway_drains() -> None:
    made = services(KEYS + CLAUDE + METRICS)
    made.life.draining = True
    assert asked(made, "/metrics", authorization="Bearer metrics-key")[0].status == 200
