"""What the gateway answers by itself: keys, paths, methods, models. No provider hears of any of it."""

import socket
from typing import Any

import pytest

from tests.e2e.conftest import ORIGIN, Client
from tests.e2e.gateway_process import CLIENT_KEY
from tests.e2e.provider import Provider
from tests.e2e.wire import Wire, asking, request

CHAT = "/v1/chat/completions"


def authorization(*values: str) -> bytes:
    lines = b"".join(b"authorization: %b\r\n" % value.encode() for value in values)
    return b"GET /v1/models HTTP/1.1\r\nhost: x\r\n" + lines + b"\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(authorization(), id="no-header"),
        pytest.param(authorization("Bearer wrong"), id="wrong"),
        pytest.param(authorization("Bearer"), id="scheme-alone"),
        pytest.param(authorization("Bearer "), id="empty-key"),
        pytest.param(authorization(f"Basic {CLIENT_KEY}"), id="other-scheme"),
        pytest.param(authorization(CLIENT_KEY), id="no-scheme"),
        pytest.param(authorization(f"Bearer {CLIENT_KEY}x"), id="longer"),
        pytest.param(authorization(f"Bearer {CLIENT_KEY[:-1]}"), id="shorter"),
        pytest.param(authorization(f"Bearer {CLIENT_KEY.upper()}"), id="key-in-capitals"),
        pytest.param(authorization(f"Bearer {CLIENT_KEY} more"), id="more-after-it"),
        pytest.param(authorization("Bearer \N{SNOWMAN}\N{LATIN SMALL LETTER E WITH ACUTE}"), id="not-ascii"),
        pytest.param(request(f"/v1/models?key={CLIENT_KEY}&api_key={CLIENT_KEY}", method="GET", key=None), id="query"),
        pytest.param(request("/v1/models", method="GET", key=None, x_api_key="wrong"), id="x-api-key"),
        pytest.param(request("/v1/models", method="GET", key="wrong", x_api_key=CLIENT_KEY), id="bearer-wins"),
        pytest.param(request("/v1/models", method="GET", key=None, x_goog_api_key=CLIENT_KEY), id="x-goog-api-key"),
        pytest.param(request("/v1/models", method="GET", key=None, cookie=f"key={CLIENT_KEY}"), id="cookie"),
        pytest.param(request("/v1/nothing-here", method="GET", key=None), id="unknown-path"),
        pytest.param(request("/v1", method="GET", key=None), id="bare-v1"),
        pytest.param(request(CHAT, asking(), key=None), id="chat"),
        pytest.param(request(CHAT, asking(), key="wrong"), id="chat-wrong"),
    ],
)
def test_no_key_no_answer(wire: Wire, provider: Provider, sent: bytes) -> None:
    wire.send(sent)
    received = wire.receive()
    assert received.status == 401
    error = received.json["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, "invalid_api_key")
    assert received.headers["www-authenticate"] == "Bearer"
    assert CLIENT_KEY not in received.body.decode()
    assert provider.calls == []


def test_a_key_may_come_as_x_api_key(wire: Wire, provider: Provider) -> None:
    wire.send(request("/v1/models", method="GET", key=None, x_api_key=CLIENT_KEY))
    assert wire.receive("GET").status == 200
    wire.send(request(CHAT, asking(), key=None, x_api_key=CLIENT_KEY))
    assert wire.receive().status == 200
    assert CLIENT_KEY not in str(provider.call().headers)


@pytest.mark.parametrize("value", [f"Bearer {CLIENT_KEY}", f"bearer {CLIENT_KEY}", f"BEARER   {CLIENT_KEY}  "])
def test_the_scheme_is_in_any_case(wire: Wire, value: str) -> None:
    wire.send(authorization(value))
    assert wire.receive("GET").status == 200


def test_a_key_is_checked_before_the_body_is_read(wire: Wire, provider: Provider) -> None:
    wire.send(request(key="wrong", content_type="application/json", content_length="200000"))
    assert wire.receive().status == 401
    assert provider.calls == []


def test_health_needs_no_key_and_asks_nobody(wire: Wire, provider: Provider) -> None:
    wire.send(request("/health", method="GET", key=None))
    received = wire.receive("GET")
    assert (received.status, received.json) == (200, {"status": "ok"})
    assert received.headers["x-request-id"]
    assert provider.calls == []


def test_head_of_health_has_no_body(wire: Wire) -> None:
    for _ in range(2):
        wire.send(request("/health", method="HEAD", key=None))
        received = wire.receive("HEAD")
        assert (received.status, received.body) == (200, b"")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        pytest.param("GET", "/v1/models?limit=1", 200, id="query"),
        pytest.param("GET", "/v1/models?", 200, id="empty-query"),
        pytest.param("GET", "http://gateway.test/v1/models", 200, id="absolute-form"),
        pytest.param("GET", "http://elsewhere.test:1/health", 200, id="absolute-form-of-another-host"),
        pytest.param("GET", "http://elsewhere.test:1/other", 404, id="absolute-form-of-an-unknown-path"),
        pytest.param("GET", "/v1//models", 404, id="double-slash"),
        pytest.param("GET", "//v1/models", 404, id="double-slash-first"),
        pytest.param("GET", "/v1/./models", 404, id="dot"),
        pytest.param("GET", "/v1/x/../models", 404, id="dot-dot"),
        pytest.param("GET", "/health/../v1/models", 404, id="dot-dot-from-health"),
        pytest.param("GET", "/v1/models/", 404, id="slash-at-the-end"),
        pytest.param("GET", "/V1/models", 404, id="capitals"),
        pytest.param("GET", "/%76%31/models", 404, id="percent-encoded"),
        pytest.param("GET", "/v1/models%2f", 404, id="encoded-slash"),
        pytest.param("GET", "/v1/models%3fx", 404, id="encoded-question-mark"),
        pytest.param("GET", "/v1/models%00", 404, id="encoded-nul"),
        pytest.param("GET", "/v1/models#x", 404, id="fragment"),
        pytest.param("GET", "/v1/models/../chat/completions", 404, id="dots-in-an-id"),
        pytest.param("GET", "/v1/models/%2e%2e/chat", 404, id="encoded-dots-in-an-id"),
        pytest.param("GET", "/healthz", 404, id="longer"),
        pytest.param("GET", "/", 404, id="root"),
        pytest.param("POST", "/v1/chat/completions/", 404, id="chat-with-a-slash"),
        pytest.param("POST", "/v1/chat//completions", 404, id="chat-double-slash"),
        pytest.param("POST", "/v1/messages", 404, id="the-provider's-own-path"),
    ],
)
def test_paths_are_taken_apart(wire: Wire, provider: Provider, method: str, target: str, status: int) -> None:
    wire.send(request(target, method=method, body=b"{}" if method == "POST" else None))
    received = wire.receive(method)
    assert received.status == status
    assert received.headers["content-type"] == "application/json"
    assert provider.calls == []


@pytest.mark.parametrize(
    "target",
    [f"{CHAT}?api-version=1", f"http://gateway.test{CHAT}", f"http://elsewhere.test:1{CHAT}?x=1"],
)
def test_chat_by_another_spelling_goes_to_the_provider_alone(wire: Wire, provider: Provider, target: str) -> None:
    wire.send(request(target, asking()))
    assert wire.receive().status == 200
    assert [call.path for call in provider.calls] == ["/v1/messages"]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"CONNECT elsewhere.test:443 HTTP/1.1\r\nhost: elsewhere.test\r\n\r\n", id="connect"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", id="asterisk"),
        pytest.param(request(CHAT, method="TRACE"), id="trace"),
        pytest.param(request(CHAT, method="GET", connection="Upgrade", upgrade="websocket"), id="websocket"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="http2-preface"),
        pytest.param(b"nonsense\r\n\r\n", id="nonsense"),
        pytest.param(b"\x16\x03\x01\x00\x05hello", id="broken-tls"),
        pytest.param(b"\x05\x01\x00", id="socks"),
    ],
)
def test_what_is_no_call_gets_nowhere(wire: Wire, provider: Provider, client: Client, sent: bytes) -> None:
    wire.send(sent)
    if b"\r\n\r\n" in sent:
        assert b" 200 " not in wire.until(b"\r\n")
    else:
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.end() == b""
    assert client.get("/v1/models").status_code == 200
    assert provider.calls == []


@pytest.mark.parametrize(
    ("target", "near"),
    [
        pytest.param("/chat/completions", CHAT, id="without-v1"),
        pytest.param("/v1/chat/completion", CHAT, id="without-s"),
        pytest.param("/v1/v1/chat/completions", CHAT, id="v1-twice"),
        pytest.param("/v1//chat/completions", CHAT, id="double-slash"),
        pytest.param("/models", "/v1/models", id="models"),
        pytest.param("/v1/health", "/health", id="health"),
    ],
)
def test_an_unknown_path_names_the_nearest(wire: Wire, target: str, near: str) -> None:
    wire.send(request(target, asking()))
    received = wire.receive()
    assert received.status == 404
    assert received.json["error"]["message"].endswith(f"Did you mean {near}?")


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        pytest.param("GET", CHAT, "POST", id="get-chat"),
        pytest.param("DELETE", CHAT, "POST", id="delete-chat"),
        pytest.param("OPTIONS", CHAT, "POST", id="options-without-cors"),
        pytest.param("POST", "/v1/models", "GET", id="post-models"),
        pytest.param("DELETE", "/v1/models/sonnet", "GET", id="delete-a-model"),
        pytest.param("POST", "/health", "GET", id="post-health"),
    ],
)
def test_a_wrong_method_says_which_is_right(wire: Wire, method: str, target: str, allowed: str) -> None:
    wire.send(request(target, method=method, content_length="0"))
    received = wire.receive(method)
    assert (received.status, received.headers["allow"]) == (405, allowed)
    assert received.json["error"]["code"] == "method_not_allowed"


def preflight(origin: str) -> bytes:
    return request(
        CHAT,
        method="OPTIONS",
        key=None,
        origin=origin,
        access_control_request_method="POST",
        access_control_request_headers="authorization, content-type",
    )


def test_a_preflight_of_an_allowed_origin_is_answered_without_a_key(wire: Wire, provider: Provider) -> None:
    wire.send(preflight(ORIGIN))
    received = wire.receive("OPTIONS")
    assert (received.status, received.body) == (204, b"")
    assert received.headers["access-control-allow-origin"] == ORIGIN
    assert received.headers["vary"].lower() == "origin"
    assert "POST" in received.headers["access-control-allow-methods"]
    assert "authorization" in received.headers["access-control-allow-headers"]
    assert provider.calls == []


def test_a_preflight_of_another_origin_is_not(wire: Wire) -> None:
    wire.send(preflight("https://elsewhere.example.com"))
    received = wire.receive("OPTIONS")
    assert received.status == 401
    assert "access-control-allow-origin" not in received.headers


@pytest.mark.parametrize("key", [CLIENT_KEY, "wrong"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_page_may_read_answers_and_errors(wire: Wire, provider: Provider, stream: bool, key: str) -> None:
    wire.send(request(CHAT, asking(stream), key=key, origin=ORIGIN))
    received = wire.receive()
    assert received.headers["access-control-allow-origin"] == ORIGIN
    assert "x-request-id" in received.headers["access-control-expose-headers"]


def test_models_lists_what_is_served(client: Client, provider: Provider) -> None:
    listed = client.get("/v1/models").json()
    assert listed["object"] == "list"
    assert [(each["id"], each["object"], each["owned_by"]) for each in listed["data"]] == [
        ("sonnet", "model", "anthropic"),
        ("team/small/haiku", "model", "anthropic"),
    ]
    assert all(type(each["created"]) is int for each in listed["data"])
    assert provider.calls == []


@pytest.mark.parametrize(
    ("target", "named"),
    [("sonnet", "sonnet"), ("team/small/haiku", "team/small/haiku"), ("team%2Fsmall%2fhaiku", "team/small/haiku")],
)
def test_a_model_by_its_id(client: Client, target: str, named: str) -> None:
    model = client.get(f"/v1/models/{target}?x=1")
    assert (model.status_code, model.json()["id"]) == (200, named)


@pytest.mark.parametrize("target", ["nobody", "claude-sonnet-4-5", "team/small", "sonnet/x", "%C3%A9"])
def test_an_unknown_model_is_404(client: Client, target: str) -> None:
    answer = client.get(f"/v1/models/{target}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (404, "model_not_found", "model")


def test_an_unknown_model_in_a_call_is_400_and_names_what_is_close(client: Client, provider: Provider) -> None:
    answer = client.chat(model="sonet")
    error: dict[str, Any] = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "model_not_found", "model")
    assert '"sonnet"' in error["message"]
    assert client.record["end"] == "refused"
    assert provider.calls == []
