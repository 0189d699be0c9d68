"""Headers, both ways: what passes is named here, and nothing else does."""

import json
import re
from typing import Any

import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import HEADER_SECRET, PROVIDER_KEY
from tests.e2e.provider import Provider, stream, whole
from tests.e2e.wire import Wire, asking, request

FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


def answers(streamed: bool, headers: dict[str, str]) -> Any:
    return stream(claude.HELLO, headers=headers) if streamed else whole(claude.message(), headers=headers)


@FORMS
def test_what_a_provider_hears(client: Client, provider: Provider, streamed: bool) -> None:
    sent = {
        "accept-language": "de",
        "cookie": "a=b",
        "openai-organization": "org",
        "openai-project": "project",
        "origin": "https://app.example.com",
        "referer": "https://app.example.com/",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "user-agent": "somebody/1.0",
        "via": "1.1 proxy",
        "x-forwarded-for": "10.0.0.1",
        "x-stainless-lang": "python",
        "x-tenant": "blue",
        "x-api-key": "another",
        "anthropic-beta": "everything",
    }
    assert client.chat(streamed, headers=sent).status_code == 200
    call = provider.call()
    call.headers.pop("content-length")
    assert call.headers == {
        "accept": "text/event-stream" if streamed else "application/json",
        "accept-encoding": "identity",
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
        "host": provider.url.removeprefix("http://"),
        "traceparent": sent["traceparent"],
        "user-agent": call.headers["user-agent"],
        "x-api-key": PROVIDER_KEY,
        "x-team": HEADER_SECRET,
        "x-tenant": "blue",
    }
    assert "somebody" not in call.headers["user-agent"]


PRIVATE = {
    "anthropic-organization-id": "org-1",
    "cf-ray": "1-FRA",
    "server": "cloudflare",
    "set-cookie": "session=1",
    "via": "1.1 google",
    "x-api-key": PROVIDER_KEY,
    "x-envoy-upstream-service-time": "1",
    "x-request-id": "the-provider's",
    "request-id": "req_up",
    "x-gateway-model": "forged",
}


@FORMS
def test_what_a_client_hears(wire: Wire, provider: Provider, streamed: bool) -> None:
    provider.default = answers(streamed, PRIVATE)
    wire.send(request(body=asking(streamed), x_request_id="mine"))
    received = wire.receive().headers
    framing = {"transfer-encoding", "cache-control", "x-accel-buffering"} if streamed else {"content-length"}
    ours = {"content-type", "openai-processing-ms", "x-gateway-model", "x-gateway-notes", "x-request-id", "vary"}
    assert set(received) - ours == framing
    assert received["x-request-id"] == "mine"
    assert received["x-gateway-model"] == "anthropic/claude-sonnet-4-5"
    assert received["openai-processing-ms"].isdigit()
    if streamed:
        assert received["content-type"].startswith("text/event-stream")
        assert received["cache-control"] == "no-cache, no-transform"
        assert received["x-accel-buffering"] == "no"


def test_what_a_client_hears_of_a_failure(wire: Wire, provider: Provider) -> None:
    provider.default = whole(claude.error("overloaded_error"), 529, PRIVATE)
    wire.send(request(body=asking()))
    received = wire.receive()
    assert not set(received.headers) & (set(PRIVATE) - {"x-request-id", "x-gateway-model"})
    assert received.headers["x-request-id"] != PRIVATE["x-request-id"]


@FORMS
def test_rate_limits_are_translated(client: Client, provider: Provider, streamed: bool) -> None:
    limits = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2020-01-01T00:00:00Z",
        "anthropic-ratelimit-tokens-limit": "80000",
        "anthropic-ratelimit-tokens-remaining": "79000",
    }
    provider.default = answers(streamed, limits)
    received = client.chat(streamed).headers
    assert {name: value for name, value in received.items() if name.startswith("x-ratelimit")} == {
        "x-ratelimit-limit-requests": "50",
        "x-ratelimit-remaining-requests": "49",
        "x-ratelimit-reset-requests": received["x-ratelimit-reset-requests"],
        "x-ratelimit-limit-tokens": "80000",
        "x-ratelimit-remaining-tokens": "79000",
    }
    assert re.fullmatch(r"0m?s", received["x-ratelimit-reset-requests"])


@FORMS
def test_retry_after_is_kept(client: Client, provider: Provider, streamed: bool) -> None:
    provider.default = whole(claude.error("rate_limit_error"), 429, {"retry-after": "17"})
    answer = client.chat(streamed)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")


@pytest.mark.parametrize(
    ("own", "accepted"),
    [
        pytest.param("req-1_2.3:4", True, id="sane"),
        pytest.param("x" * 128, True, id="longest"),
        pytest.param("x" * 129, False, id="too-long"),
        pytest.param("with space", False, id="space"),
        pytest.param('{"a":1}', False, id="json"),
        pytest.param("caf\N{LATIN SMALL LETTER E WITH ACUTE}", False, id="not-ascii"),
        pytest.param("", False, id="empty"),
        pytest.param(None, False, id="none"),
    ],
)
def test_every_answer_has_an_id(wire: Wire, own: str | None, accepted: bool) -> None:
    sent = request("/health", method="GET")[:-2]
    wire.send(sent + (b"" if own is None else b"x-request-id: %b\r\n" % own.encode()) + b"\r\n")
    id_given = wire.receive("GET").headers["x-request-id"]
    assert id_given == own if accepted else re.fullmatch(r"req_[0-9a-f]{24}", id_given)


def test_notes_are_ascii_json_and_capped(client: Client, provider: Provider) -> None:
    strange = {f"champ-\N{LATIN SMALL LETTER E WITH ACUTE}\N{CRAB}-{'x' * 60}-{n}": n for n in range(100)}
    answer = client.chat(seed=7, **strange)
    notes = answer.headers["x-gateway-notes"]
    assert notes.isascii()
    assert len(notes) < 2500
    noted = json.loads(notes)
    assert {"path": "seed", "fate": "dropped", "old": 7} in noted or set(noted[-1]) == {"more"}
    assert noted[-1]["more"] + len(noted) - 1 == client.record["notes_count"]


@pytest.mark.parametrize(
    "name",
    ["a\r\nset-cookie: x=1", "a\nset-cookie: x=1", "a\0b", "a\u2028b", "\x1b[31m", '"}],"', "\ud800"],
    ids=["crlf", "lf", "nul", "line-separator", "escape", "quotes", "surrogate"],
)
@FORMS
def test_a_field_name_is_no_header(client: Client, provider: Provider, streamed: bool, name: str) -> None:
    # json.dumps writes the half of a surrogate pair as an escape, which is how it travels.
    provider.default = answers(streamed, {})
    answer = client.raw(asking(streamed, **{name: 1}))
    assert "set-cookie" not in answer.headers
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        notes = answer.headers["x-gateway-notes"]
        assert notes.isascii()
        assert notes.isprintable()
        assert json.loads(notes)


@pytest.mark.parametrize("name", ["sonnet\r\nset-cookie: x=1", "sonnet\n", "\x1b[31msonnet", "sonn\N{CRAB}t"])
def test_a_models_name_is_no_header(client: Client, provider: Provider, name: str) -> None:
    answer = client.chat(model=name)
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    assert provider.calls == []
    assert "\x1b" not in client.gateway.output
