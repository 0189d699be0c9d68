"""Providers that fail: in every place, in every way, the client gets an error of its own dialect, never too little."""

import json
import threading
from typing import Any

import httpx
import pytest

from tests.e2e import claude
from tests.e2e.conftest import Client
from tests.e2e.gateway_process import GatewayProcess, config, free_port
from tests.e2e.provider import (
    EVENT_STREAM,
    LAST_CHUNK,
    Call,
    Provider,
    Script,
    chunk,
    head,
    held,
    raw,
    sse,
    stepped,
    stream,
    whole,
)
from tests.e2e.wire import Wire, asking, content, payloads, request

FORMS = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
ENDS = pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
EVENTS = [sse(event) for event in claude.HELLO]
ERROR_KEYS = {"message", "type", "param", "code"}


def failed(answer: httpx.Response, streamed: bool, begun: bool = False) -> dict[str, Any]:
    """The error of an answer that must be one: whole, or the last of a stream that had begun."""
    if streamed and begun:
        assert answer.status_code == 200
        chunks = list(payloads(answer.text))
        assert all(choice["finish_reason"] is None for each in chunks[:-1] for choice in each["choices"])
        error = chunks[-1]["error"]
        assert answer.text.endswith("\n\n")
    else:
        assert answer.status_code >= 400
        assert answer.headers["content-type"] == "application/json"
        error = answer.json()["error"]
    assert set(error) == ERROR_KEYS
    return dict(error)


@FORMS
@ENDS
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HT", id="two-bytes"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-ty", id="half-a-head"),
        pytest.param(head(200, EVENT_STREAM), id="head"),
        pytest.param(head(200, EVENT_STREAM) + b"5\r\nev", id="half-a-chunk"),
        pytest.param(head(200, EVENT_STREAM) + chunk(EVENTS[0][:-9]), id="half-an-event"),
        pytest.param(head(200, {"content-type": "application/json", "content-length": "900"}) + b'{"id"', id="json"),
        pytest.param(head(500, {"content-type": "application/json", "content-length": "900"}) + b'{"e', id="error"),
    ],
)
def test_death_before_the_first_event(
    client: Client, provider: Provider, streamed: bool, reset: bool, sent: bytes
) -> None:
    provider.default = raw(sent, reset=reset)
    answer = client.chat(streamed)
    error = failed(answer, streamed)
    assert (answer.status_code, error["code"]) == (502, "provider_connection_failed")
    record = client.record
    assert (record["end"], record["status"]) == ("failed", 502)


@FORMS
@ENDS
@pytest.mark.parametrize(
    ("events", "half"),
    [
        pytest.param(1, b"", id="after-the-start"),
        pytest.param(3, b"", id="after-some-text"),
        pytest.param(4, EVENTS[4][:20], id="in-an-event"),
        pytest.param(len(EVENTS) - 2, b"", id="before-the-stop-reason"),
        pytest.param(len(EVENTS) - 1, b"", id="before-the-end"),
    ],
)
def test_death_after_the_first_event(
    client: Client, provider: Provider, streamed: bool, reset: bool, events: int, half: bytes
) -> None:
    sent = b"".join(EVENTS[:events]) + half
    provider.default = raw(head(200, EVENT_STREAM) + chunk(sent), reset=reset)
    answer = client.chat(streamed)
    error = failed(answer, streamed, begun=True)
    assert error["code"] == "provider_connection_failed"
    assert "Hel" not in error["message"]
    if streamed:
        assert content(answer.text) == "Hello there"[: max(0, min(events, 6) - 2) * 3][:11]
    assert client.record["end"] == "failed"
    assert client.chat(streamed).status_code in (200, 502)


@FORMS
def test_a_clean_end_without_the_last_event_is_no_answer(client: Client, provider: Provider, streamed: bool) -> None:
    provider.default = stream(claude.HELLO[:-1])
    answer = client.chat(streamed)
    assert failed(answer, streamed, begun=True)["code"] == "incomplete_answer"


@FORMS
def test_an_error_in_the_stream(client: Client, provider: Provider, streamed: bool) -> None:
    provider.default = stream([*claude.HELLO[:4], claude.error("overloaded_error", "too much")])
    answer = client.chat(streamed)
    error = failed(answer, streamed, begun=True)
    assert (error["code"], error["message"]) == ("server_overloaded", "too much")
    assert answer.status_code == (200 if streamed else 503)


@FORMS
@pytest.mark.parametrize("ping", [[], [claude.PING]], ids=["first", "after-a-ping"])
def test_an_error_as_the_first_event_keeps_its_status(
    client: Client, provider: Provider, streamed: bool, ping: list[dict[str, Any]]
) -> None:
    provider.default = stream([*ping, claude.error("rate_limit_error")])
    answer = client.chat(streamed)
    assert (answer.status_code, failed(answer, streamed)["code"]) == (429, "rate_limit_exceeded")


ERRORS = [
    (400, "invalid_request_error", 400, "invalid_request_error", None),
    (401, "authentication_error", 502, "server_error", "upstream_authentication_error"),
    (402, "billing_error", 429, "insufficient_quota", "insufficient_quota"),
    (403, "permission_error", 502, "server_error", "upstream_authentication_error"),
    (404, "not_found_error", 404, "invalid_request_error", "not_found"),
    (408, "timeout_error", 408, "timeout", "timeout"),
    (409, "conflict_error", 409, "invalid_request_error", "conflict"),
    (413, "request_too_large", 413, "invalid_request_error", "request_too_large"),
    (429, "rate_limit_error", 429, "rate_limit_error", "rate_limit_exceeded"),
    (500, "api_error", 500, "server_error", None),
    (503, "api_error", 503, "server_error", "server_overloaded"),
    (504, "timeout_error", 504, "server_error", "timeout"),
    (529, "overloaded_error", 503, "server_error", "server_overloaded"),
]


@FORMS
@pytest.mark.parametrize(("status", "kind", "mapped", "type_", "code"), ERRORS, ids=[str(row[0]) for row in ERRORS])
def test_a_providers_error_is_mapped(
    client: Client,
    provider: Provider,
    streamed: bool,
    status: int,
    kind: str,
    mapped: int,
    type_: str,
    code: str | None,
) -> None:
    provider.default = whole(claude.error(kind), status, {"request-id": "req_up", "retry-after": "3"})
    answer = client.chat(streamed)
    error = failed(answer, streamed)
    assert (answer.status_code, error["type"], error["code"]) == (mapped, type_, code)
    assert "said by the provider" in error["message"]
    assert answer.headers["retry-after"] == "3"
    record = client.record
    assert (record["end"], record["status"], record["provider_id"]) == ("failed", mapped, "req_up")
    assert len(provider.calls) == 1


@FORMS
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(whole(b""), id="empty"),
        pytest.param(whole(b"{"), id="half-json"),
        pytest.param(whole(b"null"), id="null"),
        pytest.param(whole(b"[]"), id="list"),
        pytest.param(whole(b"{}"), id="no-message"),
        pytest.param(whole(b"<html>hello</html>", headers={"content-type": "text/html"}), id="html"),
        pytest.param(whole(b"hello", headers={"content-type": "text/plain"}), id="text"),
        pytest.param(whole(b"", 204), id="204"),
        pytest.param(stream([]), id="no-events"),
        pytest.param(stream([b": nothing\n\n"]), id="comments-only"),
        pytest.param(stream([claude.PING]), id="pings-only"),
        pytest.param(stream([b"data: hello\n\n"]), id="event-not-json"),
        pytest.param(whole(b"", 302, {"location": "http://127.0.0.1:1/"}), id="redirect"),
        pytest.param(whole(b"", 304), id="304"),
        pytest.param(raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), id="not-http"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"), id="two-lengths"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"), id="bad-chunk"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"), id="huge-head"),
    ],
)
def test_what_nobody_can_read_is_502(client: Client, provider: Provider, streamed: bool, script: Script) -> None:
    provider.default = script
    answer = client.chat(streamed)
    failed(answer, streamed)
    assert answer.status_code == 502
    assert client.record["end"] == "failed"
    assert len(provider.calls) == 1


@FORMS
def test_an_error_page_keeps_its_status(client: Client, provider: Provider, streamed: bool) -> None:
    provider.default = whole(b"<html>busy</html>", 503, {"content-type": "text/html", "retry-after": "9"})
    answer = client.chat(streamed)
    error = failed(answer, streamed)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "9")
    assert "<" not in error["message"]


@FORMS
def test_an_error_without_end_is_read_so_far_and_no_further(client: Client, provider: Provider, streamed: bool) -> None:
    body = json.dumps(claude.error("api_error", "x" * 2_000_000)).encode()
    provider.default = whole(body, 500)
    answer = client.chat(streamed)
    failed(answer, streamed)
    assert answer.status_code == 500
    assert len(answer.content) < 10_000


def test_trailers_after_an_error_do_not_cost_the_client_its_connection(wire: Wire, provider: Provider) -> None:
    begun = threading.Event()
    failing = chunk(sse(claude.error("overloaded_error", "too much"))) + b"0\r\nx-sum: 1\r\n\r\n"
    provider.scripts = [stepped(head(200, EVENT_STREAM) + chunk(b"".join(EVENTS[:4])), begun, failing)]
    wire.send(request(body=asking(stream=True)))
    wire.until(b"Hel")
    begun.set()
    assert wire.until(b"\r\n0\r\n\r\n").count(b'"error"') == 1
    wire.send(request(body=asking()))
    assert wire.receive().status == 200


# --- connections --------------------------------------------------------------------------------------


def dying(how: str) -> Script:
    async def script(call: Call) -> None:
        if how == "rst":
            call.reset()
        else:
            call.cut()

    return script


@FORMS
@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_kept_connection_found_dead_is_tried_once_more(
    client: Client, provider: Provider, streamed: bool, how: str
) -> None:
    assert client.chat(streamed).status_code == 200
    provider.scripts = [dying(how)]
    assert client.chat(streamed).status_code == 200
    assert client.record["attempts"] == 2
    first, second, third = (call.connection for call in provider.calls)
    assert first == second != third
    assert provider.calls[1].body == provider.calls[2].body


@FORMS
def test_and_not_more_than_once(client: Client, provider: Provider, streamed: bool) -> None:
    assert client.chat(streamed).status_code == 200
    provider.scripts = [dying("fin"), dying("fin")]
    assert client.chat(streamed).status_code == 502
    assert client.record["attempts"] == 2
    assert len(provider.calls) == 3


def test_a_connection_closed_while_it_was_idle(client: Client, provider: Provider) -> None:
    async def once(call: Call) -> None:
        await whole(claude.message())(call)
        call.cut()

    provider.scripts = [once]
    assert client.chat().status_code == 200
    assert client.chat().status_code == 200
    assert len(provider.calls) == 2


def test_what_was_heard_in_part_is_not_asked_again(client: Client, provider: Provider) -> None:
    assert client.chat().status_code == 200
    provider.scripts = [raw(head(200, EVENT_STREAM))]
    assert client.chat().status_code == 502
    assert len(provider.calls) == 2


@FORMS
def test_a_refused_connection_and_the_provider_back_again(tmp_path: Any, streamed: bool) -> None:
    port = free_port()
    with GatewayProcess(tmp_path, config(f"http://127.0.0.1:{port}")) as gateway:
        client = Client(gateway)
        answer = client.chat(streamed)
        error = failed(answer, streamed)
        assert (answer.status_code, error["code"]) == (502, "provider_connection_failed")
        assert str(port) not in error["message"]
        assert client.record["attempts"] == 2
        provider = Provider(port)
        provider.default = stream(claude.HELLO, end=LAST_CHUNK)
        try:
            assert client.chat(streamed).status_code == 200
        finally:
            client.http.close()
            provider.close()


def _answer(text: str) -> bytes:
    body = json.dumps(claude.message(claude.text(text))).encode()
    return head(200, {"content-type": "application/json", "content-length": str(len(body))}) + body


def _says(answer: httpx.Response) -> str:
    return str(answer.json()["choices"][0]["message"]["content"])


@pytest.mark.parametrize("interim", [[100], [102], [103], [100, 103, 103], [103] * 20], ids=str)
def test_interim_answers_are_passed_over(client: Client, provider: Provider, interim: list[int]) -> None:
    """In any pieces, and on a connection that is used again."""
    heads = b"".join(head(status, {"link": "</a.css>"}) for status in interim)

    async def script(call: Call) -> None:
        for byte in heads:
            await call.send(bytes([byte]))
        await call.send(_answer("after it"))

    provider.scripts = [script, held(heads + _answer("with it"))]
    assert [_says(client.chat()), _says(client.chat())] == ["after it", "with it"]
    assert [call.connection for call in provider.calls] == [provider.call().connection] * 2


@pytest.mark.parametrize(
    "interim",
    [pytest.param([101], id="another protocol"), pytest.param([103] * 21, id="too many"), pytest.param([99], id="99")],
)
def test_what_is_no_interim_answer_is_not_the_next_ones(client: Client, provider: Provider, interim: list[int]) -> None:
    """What follows it on the connection belongs to nobody else."""
    provider.scripts = [raw(b"".join(head(status, {}) for status in interim) + _answer("not read"))]
    assert client.chat().status_code == 502
    provider.default = whole(claude.message(claude.text("its own")))
    assert [_says(client.chat()), _says(client.chat())] == ["its own", "its own"]
