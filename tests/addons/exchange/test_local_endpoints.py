"""Who may come in: every path below /v1 wants a key, before any other answer."""

import pytest

from addons.exchange.exchange import Exchange
from addons.exchange.http_api import NOT_HERE, ROUTES, WITHIN, Head
from addons.exchange.services import Services
from routing import config
from routing.catalogue import Catalogue
from routing.client_keys import KeyRing
from tests.addons.exchange.test_exchange import Clock, error

PATHS = [
    *ROUTES,
    *(f"{prefix}some-id" for prefix in WITHIN),
    *NOT_HERE,
    *("/v1", "/v1/", "/v1?key=right-key", "/v1/unknown", "/v1/models/", "/v1/../health", "/v1/metrics/providers"),
]
GUARDED = [path for path in PATHS if path.startswith("/v1")]
DIGEST = "a4ae87b73fa5645e6aee415a6f72be4dcbd99d057a7b40cb1b867c181d179260"
CONFIG = f"""
api-keys:
  - {{key: right-key, name: right}}
  - {{key: old-key, name: old, expires: 2023-11-14T22:15:00Z}}
  - {{key-sha256: {DIGEST}, name: hashed, debug: true}}
response-store: {{enable: true}}
ollama: [{{models: [{{name: m}}]}}]
"""


def exchange(method: str, path: str, headers: dict[str, str]) -> Exchange:
    settings = config.parse(CONFIG.encode(), "config.yaml", {}).settings
    services = Services(settings, Catalogue(settings), KeyRing(settings.api_keys), Clock(), lambda: "id")
    return Exchange(services, Head(method, path, headers))


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"])
@pytest.mark.parametrize(
    ("headers", "code", "name"),
    [
        pytest.param({}, "invalid_api_key", None, id="none"),
        pytest.param({"authorization": "Bearer wrong"}, "invalid_api_key", None, id="a wrong one"),
        pytest.param({"authorization": "right-key"}, "invalid_api_key", None, id="no scheme"),
        pytest.param(
            {"authorization": "Basic right-key", "x-api-key": "right-key"}, "invalid_api_key", None, id="basic"
        ),
        pytest.param(
            {"authorization": "Bearer wrong", "x-api-key": "right-key"}, "invalid_api_key", None, id="bearer wins"
        ),
        pytest.param({"x-api-key": "wrong"}, "invalid_api_key", None, id="another wrong one"),
        pytest.param({"x-goog-api-key": "right-key", "cookie": "right-key"}, "invalid_api_key", None, id="elsewhere"),
        pytest.param({"authorization": "Bearer old-key"}, "expired_api_key", "old", id="expired"),
        pytest.param({"x-api-key": "old-key"}, "expired_api_key", "old", id="expired, other header"),
        pytest.param({"x-api-key": DIGEST}, "invalid_api_key", None, id="a digest"),
        pytest.param({"authorization": "Bearer right-key"}, None, "right", id="right"),
        pytest.param({"authorization": "", "x-api-key": " right-key "}, None, "right", id="right, other header"),
        pytest.param({"x-api-key": "hashed-key"}, None, "hashed", id="known by its digest"),
    ],
)
def test_every_path_below_v1_wants_a_key(
    method: str, path: str, headers: dict[str, str], code: str | None, name: str | None
) -> None:
    asked = exchange(method, path, headers)
    reply = asked.head_received()
    assert asked.record.key_name == name
    if code is None:
        assert reply is None or reply.status != 401
        assert asked.record.debug is (name == "hashed")
    else:
        assert reply is not None
        assert (reply.status, error(reply.body)["code"]) == (401, code)
        assert dict(reply.headers)["www-authenticate"] == "Bearer"


def test_health_wants_none() -> None:
    reply = exchange("GET", "/health", {}).head_received()
    assert reply is not None
    assert reply.status == 200


@pytest.mark.parametrize("name", ["authorization", "x-api-key"])
def test_a_key_that_is_known_by_its_digest_alone_is_masked(name: str) -> None:
    """The settings do not have it, so the exchange that it came with must know it."""
    headers = {
        name: {"authorization": "Bearer hashed-key", "x-api-key": "hashed-key"}[name],
        "x-request-id": "hashed-key",
    }
    asked = exchange("POST", "/v1/hashed-key", headers)
    assert asked.record.path == "/v1/[redacted]"
    assert asked.record.id == "req_id"
    assert asked.mask.text("hashed-key") == "[redacted]"
