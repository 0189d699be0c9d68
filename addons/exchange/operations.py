"""Answers for who looks after the gateway: whether it can work, and what it has done."""

import math
from collections.abc import Callable, Mapping

from pydantic_core import to_json

from addons.exchange.http_api import INCORRECT_METRICS_KEY, Reply
from addons.exchange.services import Services
from routing.client_keys import same
from translators.clients.shared.openai_api import JSON, presented_key
from translators.errors import Failure

PROMETHEUS = ("content-type", "text/plain; version=0.0.4; charset=utf-8")
OFF = Failure(404, "Metrics are off (metrics in config.yaml).", "invalid_request_error", None, "metrics_off")
AGAIN_SECONDS = 5
Later = Callable[[], Reply]
"""Makes a reply in a time that is too long for others to wait."""


def readiness(services: Services) -> Reply:
    """Return 200 `{"status": "ready"}` where a model can be asked, else 503
    `{"status": "not_ready", "reason": "no_models", "message": "..."}`. Names nothing: no key is needed to see it."""
    now = services.clock.now()
    reason, message = _hindrance(services, now)
    if not reason:
        return Reply(200, (JSON,), b'{"status":"ready"}')
    again = AGAIN_SECONDS
    if reason == "cooldown":
        again = max(1, math.ceil(services.router.cooldowns(now)[0].until - now))
    body = {"status": "not_ready", "reason": reason, "message": message}
    return Reply(503, (JSON, ("retry-after", str(again))), to_json(body))


def _hindrance(services: Services, now: float) -> tuple[str, str]:
    if services.life.draining:
        return "draining", "The gateway is shutting down."
    if not services.settings.api_keys:
        return "no_client_keys", "No client has a key (api-keys in config.yaml)."
    some = False
    for target in services.catalogue.targets():
        if not services.router.rests(target, now):
            return "", ""
        some = True
    if some:
        return "cooldown", "Every credential rests for every model, after failures of its provider."
    return "no_models", "No provider is switched on, or none has told its models yet (scripts/run --check)."


def prometheus(services: Services, headers: Mapping[str, str]) -> Later | Failure:
    """Return what makes the reply with all metrics, for who has their key, which is none of a client's."""
    wanted = services.settings.metrics
    if services.metrics is None or not wanted.enable or wanted.key is None:
        return OFF
    presented = presented_key(headers)
    if isinstance(presented, Failure):
        return presented
    if not same(presented, wanted.key):
        return INCORRECT_METRICS_KEY
    text = services.metrics.prometheus()
    return lambda: Reply(200, (PROMETHEUS, ("cache-control", "no-store")), text())


def providers(services: Services, key_name: str) -> Later | Failure:
    """Return what makes the reply with what the attempts at providers came to, as docs/operations.md shows it, as far
    as they were for models that `key_name` may use."""
    if services.metrics is None:
        return OFF
    key = services.keys.of(key_name)
    usable = None
    if key is None or key.models:
        usable = {model.id for model in services.catalogue.listing(key_name)}
    report = services.metrics.providers(usable)
    return lambda: Reply(200, (JSON, ("cache-control", "no-store")), to_json(report()))
