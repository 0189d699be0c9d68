"""Which headers of a provider's answer are for its client."""

import pytest

from addons.exchange.passed_headers import MOST, passed_on

PASSED = ("anthropic-organization-id", "cf-ray", "date", "retry-after", "server", "x-vendor-cost")


@pytest.mark.parametrize("name", PASSED)
def test_passed(name: str) -> None:
    assert passed_on({name: "v"}) == {name: "v"}


@pytest.mark.parametrize(
    "name",
    [
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
        *("content-encoding", "content-length", "content-security-policy", "content-type"),
        *("authorization", "api-key", "cookie", "set-cookie", "www-authenticate", "x-api-key", "x-goog-api-key"),
        *("access-control-allow-origin", "alt-svc", "cache-control", "location", "strict-transport-security", "vary"),
        *("openai-processing-ms", "x-gateway-model", "x-gateway-notes", "x-request-id"),
        *("cf-aig-step", "helicone-id", "x-bt-cached", "x-kong-proxy-latency", "x-litellm-call-id", "x-portkey-trace"),
    ],
)
def test_kept_back(name: str) -> None:
    assert passed_on({name: "v", "x-vendor": "v"}) == {"x-vendor": "v"}


def test_what_the_connection_names_is_its_own() -> None:
    assert passed_on({"connection": "Keep-Alive, X-Hop", "x-hop": "1", "x-end": "2"}) == {"x-end": "2"}


def test_no_more_than_so_many() -> None:
    assert len(passed_on({f"x-{n}": "v" for n in range(MOST + 1)})) == MOST
