"""The exchange by itself: told what happened at which time, it says what to do. No socket, no waiting."""

import gzip
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from addons.exchange.actions import Action, Begin, Data, Drop, Finish, Release, Send, Work
from addons.exchange.exchange import HEAVY, Exchange
from addons.exchange.http_api import Head, Reply
from addons.exchange.observers import Pair, PhaseMessage, Record
from addons.exchange.services import Services
from routing import config
from routing.catalogue import Catalogue
from routing.client_keys import KeyRing
from tests.clock import Clock
from translators.errors import Failure

CONFIG = """
api-keys: [client-key]
claude-api-key:
  - api-key: provider-key
    base-url: https://provider.example/base
    headers: {x-team: header-secret}
    priority: %d
    models: [{name: claude-opus-4-6, alias: %s}]
"""
KEY = {"authorization": "Bearer client-key"}
SSE = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json"}
START = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "claude-opus-4-6", "usage": {"input_tokens": 5, "output_tokens": 0}},
}
TEXT = [
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
    {"type": "content_block_stop", "index": 0},
]
STOP = [
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]
WHOLE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-6",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 5, "output_tokens": 2},
}


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events)


class Listener:
    detailed = True

    def __init__(self) -> None:
        self.messages: list[PhaseMessage] = []
        self.seen: list[Pair] = []
        self.records: list[Record] = []

    def message(self, record: Record, message: PhaseMessage) -> None:
        self.messages.append(message)

    def pairs(self, record: Record, pairs: Sequence[Pair]) -> None:
        self.seen.extend(pairs)

    def ended(self, record: Record) -> None:
        self.records.append(record)


class Table:
    """A gateway with a clock in our hand, and one exchange on it."""

    def __init__(
        self,
        extra: str = "",
        headers: Mapping[str, str] = KEY,
        target: str = "/v1/chat/completions",
        claude: tuple[int, str] = (0, "opus"),
    ) -> None:
        loaded = config.parse((CONFIG % claude + extra).encode(), "config.yaml", {})
        settings = loaded.settings
        ids = (f"id{n}" for n in itertools.count())
        self.clock, self.heard = Clock(), Listener()
        self.services = Services(
            settings, Catalogue(settings), KeyRing(settings.api_keys), self.clock, lambda: next(ids)
        )
        head = Head("POST", target, dict(headers))
        self.exchange = Exchange(self.services, head, (self.heard,))
        self.provider = self.exchange.provider

    def ask(self, *, stream: bool, headers: Mapping[str, str] | None = None, **fields: Any) -> list[Action]:
        body = {"model": "opus", "stream": stream, "messages": [{"role": "user", "content": "hi"}], **fields}
        assert self.exchange.head_received() is None
        return self.exchange.request_received(json.dumps(body).encode(), headers or {})

    def worked(self, actions: list[Action]) -> list[Action]:
        """Does the work that is asked for, and what goes on from there; all actions but the work."""
        done: list[Action] = []
        while actions:
            done += [action for action in actions if not isinstance(action, Work)]
            work = next((action for action in actions if isinstance(action, Work)), None)
            actions = [] if work is None else self.exchange.work_done(work.do())
        return done

    def later(self, seconds: float) -> list[Action]:
        self.clock.time += seconds
        return self.exchange.tick()


def said(actions: list[Action]) -> bytes:
    return b"".join(action.data for action in actions if isinstance(action, Data))


def replied(actions: list[Action]) -> Reply:
    assert isinstance(actions[-1], Reply)
    return actions[-1]


def error(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body.removeprefix(b"data: "))["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return found


def test_what_a_provider_is_asked() -> None:
    [send] = Table().ask(stream=False, headers={"cookie": "c", "traceparent": "00-1", "x-mine": "y"}, max_tokens=10)
    assert isinstance(send, Send)
    request = send.request
    assert request.url == "https://provider.example/base/v1/messages"
    assert dict(request.headers) == {
        "content-type": "application/json",
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "mitmproxy-openai-gateway",
        "anthropic-version": "2023-06-01",
        "traceparent": "00-1",
    }
    assert dict(request.secrets) == {"x-team": "header-secret", "x-api-key": "provider-key"}
    assert json.loads(request.body) == {
        "model": "claude-opus-4-6",
        "max_tokens": 10,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "stream": False,
    }
    assert "provider-key" not in repr(send)
    assert "header-secret" not in repr(send)


def test_a_whole_answer() -> None:
    table = Table()
    table.ask(stream=False, max_tokens=10)
    exchange = table.exchange
    exchange.provider.connected()
    exchange.provider.head_received(200, JSON)
    assert exchange.provider.data_received(json.dumps(WHOLE).encode()) == []
    reply = replied(exchange.provider.eof_received())
    body = json.loads(reply.body)
    assert (reply.status, body["model"], body["choices"][0]["message"]["content"]) == (200, "opus", "hello")
    assert exchange.over
    assert (exchange.record.end, exchange.record.finish_reason, exchange.record.served_model) == (
        "complete",
        "stop",
        "claude-opus-4-6",
    )


def test_a_stream_begins_with_its_first_event() -> None:
    table = Table()
    table.ask(stream=True, max_tokens=10)
    exchange = table.exchange
    assert exchange.provider.head_received(200, SSE) == []
    begin, data = exchange.provider.data_received(sse(START))
    assert isinstance(begin, Begin)
    assert isinstance(data, Data)
    assert b'"role":"assistant"' in data.data
    assert b"hello" in said(exchange.provider.data_received(sse(*TEXT)))
    data, *end = exchange.provider.data_received(sse(*STOP))
    assert isinstance(data, Data)
    assert data.data.endswith(b"data: [DONE]\n\n")
    assert end == [Release(), Finish()]
    assert exchange.over


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "folded"])
def test_the_end_of_a_providers_bytes_is_not_waited_for(stream: bool) -> None:
    """Many clients close the connection at `[DONE]`."""
    table = Table()
    table.ask(stream=stream)
    table.provider.head_received(200, SSE)
    *_, release, last = table.provider.data_received(sse(START, *TEXT, *STOP))
    assert release == Release()
    assert isinstance(last, Finish if stream else Reply)
    assert table.exchange.over
    assert table.exchange.record.end == "complete"
    assert table.exchange.deadline() is None
    assert table.exchange.cancelled() == []


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("answer", ["json", "sse"])
def test_the_form_of_the_answer_is_what_it_is(stream: bool, answer: str) -> None:
    """Not what was asked: a provider may stream unasked, or answer whole where a stream was asked."""
    table = Table()
    table.ask(stream=stream)
    table.provider.head_received(200, SSE if answer == "sse" else JSON)
    data = sse(START, *TEXT, *STOP) if answer == "sse" else json.dumps(WHOLE).encode()
    actions = [*table.provider.data_received(data), *table.provider.eof_received()]
    text = said(actions) if stream else replied(actions).body
    assert b"hello" in text
    assert (b"[DONE]" in text) is stream


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("events", "ending"),
    [
        pytest.param([START, *TEXT], "closed", id="a clean end without the last event"),
        pytest.param([START, *TEXT], "broke", id="a broken connection"),
        pytest.param([START, *TEXT, STOP[0]], "closed", id="everything but the last event"),
        pytest.param(
            [START, *TEXT, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}],
            "none",
            id="an error event",
        ),
    ],
)
def test_a_cut_answer_never_looks_complete(stream: bool, events: list[dict[str, Any]], ending: str) -> None:
    table = Table()
    table.ask(stream=stream)
    exchange = table.exchange
    exchange.provider.head_received(200, SSE)
    actions = exchange.provider.data_received(sse(*events))
    if ending == "closed":
        actions += exchange.provider.eof_received()
    elif ending == "broke":
        actions += exchange.provider.connection_lost("it closed the connection", retry=False)
    assert exchange.over
    assert exchange.record.end == "failed"
    if stream:
        assert isinstance(actions[-1], Finish)
        assert actions[-1].error is not None
        *_, last = said(actions).strip().split(b"\n\n")
        error(last)
        assert b"[DONE]" not in said(actions)
        assert b'"finish_reason":"' not in said(actions)
    else:
        assert replied(actions).status in (502, 503)
        error(replied(actions).body)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"retry-after": "provider-key"}, id="a key"),
        pytest.param({"retry-after": "1\rset-cookie: a=b"}, id="a line end"),
        pytest.param({"retry-after": "1" * 200}, id="too long"),
        pytest.param({"request-id": "the provider-key"}, id="a key for an id"),
    ],
)
@pytest.mark.parametrize("status", [200, 429])
def test_what_a_providers_headers_must_not_bring(headers: dict[str, str], status: int) -> None:
    table = Table()
    table.ask(stream=False)
    exchange = table.exchange
    exchange.provider.head_received(status, {**JSON, **headers})
    actions = [*exchange.provider.data_received(json.dumps(WHOLE).encode()), *exchange.provider.eof_received()]
    assert "retry-after" not in dict(replied(actions).headers)
    assert "provider-key" not in repr(actions) + repr(exchange.record)


def test_the_operator_is_told_how_an_unreadable_answer_looked(caplog: pytest.LogCaptureFixture) -> None:
    table = Table()
    table.ask(stream=True)
    table.provider.head_received(200, SSE)
    table.provider.data_received(sse(START, *TEXT))
    table.provider.eof_received()
    [line] = caplog.messages
    assert "anthropic (anthropic): The provider's stream ended before the answer was complete." in line
    assert '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"xxxxx"}}' in line
    assert "hello" not in line


def test_an_error_before_the_first_event_keeps_its_status() -> None:
    table = Table()
    table.ask(stream=True)
    table.provider.head_received(200, SSE)
    event = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    reply = replied(table.provider.data_received(sse(event)))
    assert reply.status == 503


def test_a_refusal_of_the_provider() -> None:
    table = Table()
    table.ask(stream=True)
    table.provider.head_received(
        429, {**JSON, "retry-after": "7", "set-cookie": "a=b", "anthropic-organization-id": "o"}
    )
    table.provider.data_received(b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}')
    reply = replied(table.provider.eof_received())
    assert reply.status == 429
    assert dict(reply.headers)["retry-after"] == "7"
    assert not {"set-cookie", "anthropic-organization-id"} & dict(reply.headers).keys()
    assert error(reply.body)["code"] == "rate_limit_exceeded"


def test_one_more_try_on_a_fresh_connection() -> None:
    table = Table()
    [first] = table.ask(stream=False)
    [again] = table.provider.connection_lost("it closed the connection", retry=True)
    assert isinstance(first, Send)
    assert again == Send(first.request, fresh=True)
    reply = replied(table.provider.connection_lost("[Errno 111] Connect call failed ('10.0.0.7', 443)", retry=True))
    assert reply.status == 502
    assert b"10.0.0.7" not in reply.body
    assert table.exchange.record.attempts == 2


@pytest.mark.parametrize(
    ("extra", "until", "seconds", "code"),
    [
        pytest.param("timeouts: {connect: 3}", "send", 3, "provider_connect_timeout", id="connect"),
        pytest.param("timeouts: {first-byte: 4}", "connected", 4, "provider_first_byte_timeout", id="first byte"),
        pytest.param("timeouts: {first-byte: 4}", "headers", 4, "provider_first_byte_timeout", id="headers alone"),
        pytest.param("timeouts: {idle: 5}", "event", 5, "provider_idle_timeout", id="idle"),
        pytest.param("timeouts: {total: 2}", "event", 2, "provider_total_timeout", id="total"),
    ],
)
def test_patience_ends(extra: str, until: str, seconds: float, code: str) -> None:
    table = Table(extra + "\nstreaming: {keepalive-seconds: 0}\n")
    table.ask(stream=True)
    exchange = table.exchange
    if until != "send":
        exchange.provider.connected()
    if until in ("headers", "event"):
        exchange.provider.head_received(200, SSE)
    if until == "event":
        exchange.provider.data_received(sse(START))
    assert exchange.deadline() == pytest.approx(table.clock.time + seconds)
    assert table.later(seconds - 0.1) == []
    drop, *actions = table.later(0.1)
    assert drop == Drop()
    if until == "event":
        assert error(said(actions))["code"] == code
    else:
        assert (replied(actions).status, error(replied(actions).body)["code"]) == (504, code)


def test_pings_are_no_life() -> None:
    table = Table("timeouts: {idle: 5}\nstreaming: {keepalive-seconds: 0}\n")
    table.ask(stream=True)
    table.provider.head_received(200, SSE)
    table.provider.data_received(sse(START))
    for _ in range(4):
        table.clock.time += 1
        assert table.provider.data_received(sse({"type": "ping"})) == []
        assert table.provider.data_received(b": comment\n\n") == []
    assert table.later(1)[0] == Drop()


def test_patience_without_limits_still_ticks() -> None:
    """mitmproxy cuts what is silent for 600 seconds; a tick now and then keeps it from that."""
    table = Table("timeouts: {connect: 0, first-byte: 0, idle: 0}\nstreaming: {keepalive-seconds: 0}\n")
    table.ask(stream=True)
    assert table.exchange.deadline() == table.clock.time + 60
    assert table.later(100_000) == []


def test_keepalives() -> None:
    table = Table("streaming: {keepalive-seconds: 10}\n")
    table.ask(stream=True)
    table.provider.connected()
    assert table.later(9) == []
    begin, ping = table.later(1)
    assert isinstance(begin, Begin)
    assert ping == Data(b": ping\n\n")
    assert table.later(9) == []
    assert table.later(1) == [Data(b": ping\n\n")]
    table.provider.head_received(529, JSON)
    actions = table.provider.eof_received()
    assert error(said(actions))["type"] == "server_error"
    assert isinstance(actions[-1], Finish)


@pytest.mark.parametrize(
    ("stream", "extra"),
    [
        pytest.param(False, "", id="a whole answer"),
        pytest.param(True, "streaming: {keepalive-seconds: 0}\n", id="switched off"),
    ],
)
def test_no_keepalives(stream: bool, extra: str) -> None:
    table = Table(extra)
    table.ask(stream=stream)
    table.provider.connected()
    assert table.later(100) == []


@pytest.mark.parametrize("when", ["asked", "answered", "streaming"])
def test_the_client_leaves(when: str) -> None:
    table = Table()
    table.ask(stream=True)
    if when != "asked":
        table.provider.head_received(200, SSE)
    if when == "streaming":
        table.provider.data_received(sse(START))
    assert table.exchange.cancelled() == [Drop()]
    assert table.exchange.cancelled() == []
    record = table.exchange.record
    assert (record.end, record.status) == ("cancelled", 200 if when == "streaming" else 499)


@pytest.mark.parametrize("begun", [False, True])
def test_a_bug_of_ours_is_told(begun: bool) -> None:
    table = Table()
    table.ask(stream=True)
    table.provider.head_received(200, SSE)
    if begun:
        table.provider.data_received(sse(START))
    drop, *actions = table.exchange.crashed()
    assert drop == Drop()
    told = error(said(actions)) if begun else error(replied(actions).body)
    assert told["code"] == "internal_error"
    assert table.exchange.record.end == "failed"


HI: dict[str, Any] = {"role": "user", "content": "hi"}
CITED = {"url": "https://a.example/", "title": "A", "start_index": 0, "end_index": 5}
SHOWN: dict[str, Any] = {
    "role": "assistant",
    "content": "Hello",
    "reasoning_content": "a thought",
    "annotations": [{"type": "url_citation", "url_citation": CITED}],
}
THOUGHT: dict[str, Any] = {"role": "assistant", "content": "", "reasoning_content": "a thought"}
LOST = [
    pytest.param({"seed": 7}, "seed", id="a field"),
    pytest.param({"messages": [HI, {"role": "assistant", "content": "So"}]}, "messages[1]", id="to be continued"),
]


@pytest.mark.parametrize(("fields", "path"), LOST)
def test_refuse_what_would_be_lost(fields: dict[str, Any], path: str) -> None:
    table = Table("on-loss: refuse\n")
    reply = replied(table.ask(stream=False, **fields))
    assert reply.status == 400
    assert error(reply.body)["param"] == path


@pytest.mark.parametrize("message", [pytest.param(SHOWN, id="beside words"), pytest.param(THOUGHT, id="alone")])
def test_what_was_only_shown_is_no_loss(message: dict[str, Any]) -> None:
    table = Table("on-loss: refuse\n")
    [send] = table.ask(stream=False, messages=[HI, message, HI], max_tokens=10)
    assert isinstance(send, Send)
    assert b"thought" not in send.request.body


def test_notes_reach_the_client() -> None:
    table = Table()
    table.ask(stream=True, seed=7, max_tokens=5)
    table.provider.head_received(200, SSE)
    begin = table.provider.data_received(sse(START))[0]
    assert isinstance(begin, Begin)
    assert json.loads(dict(begin.headers)["x-gateway-notes"]) == [{"path": "seed", "fate": "dropped", "old": 7}]


def test_who_listens_hears_four_phases_and_pairs() -> None:
    table = Table()
    table.ask(stream=True, headers={"x-mine": "y"})
    table.provider.head_received(200, SSE)
    table.provider.data_received(sse(START, {"type": "ping"}, *TEXT, *STOP))
    table.provider.eof_received()
    table.exchange.finished()
    phases = [message.phase for message in table.heard.messages]
    assert phases == ["client_request", "provider_request", "provider_response", "client_response"]
    assert [(pair.name, bool(pair.client)) for pair in table.heard.seen] == [
        ("message_start", True),
        ("ping", False),
        ("content_block_start", False),
        ("content_block_delta", True),
        ("content_block_stop", False),
        ("message_delta", False),
        ("message_stop", True),
    ]
    assert [record.end for record in table.heard.records] == ["complete"]
    everything = repr(table.heard.messages) + repr(table.heard.seen)
    assert not [secret for secret in ("provider-key", "header-secret", "client-key") if secret in everything]


OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


@pytest.mark.parametrize("begun", [True, False], ids=["in the stream", "at its beginning"])
def test_the_event_that_breaks_a_stream_is_heard_with_what_became_of_it(begun: bool) -> None:
    table = Table()
    table.ask(stream=True)
    table.provider.head_received(200, SSE)
    actions = table.provider.data_received(sse(*([START, *TEXT[:2]] if begun else []), OVERLOADED))
    heard = table.heard.seen
    said = actions[-2].data if isinstance(actions[-2], Data) else replied(actions).body
    assert [pair.name for pair in heard] == [*(["message_start", *map(kind, TEXT[:2])] if begun else []), "error"]
    assert json.loads(heard[-1].provider) == OVERLOADED
    assert b"Overloaded" in said
    assert heard[-1].client == said
    record = table.exchange.record
    assert (record.error, record.message) == ("server_overloaded", error(said.removeprefix(b"data: "))["message"])


def kind(event: Mapping[str, Any]) -> str:
    return str(event["type"])


@pytest.mark.parametrize("left", [True, False], ids=["cancelled", "failed"])
def test_a_stream_that_breaks_off_has_the_tokens_that_were_told(left: bool) -> None:
    table = Table()
    table.ask(stream=True)
    table.provider.head_received(200, SSE)
    table.provider.data_received(sse(START, *TEXT[:2]))
    table.exchange.cancelled() if left else table.provider.data_received(sse(OVERLOADED))
    usage = table.exchange.record.usage
    assert usage is not None
    assert usage.input == 5


def test_the_field_of_a_refusal_is_on_record() -> None:
    table = Table()
    table.ask(stream=False, n=True)
    record = table.exchange.record
    assert (record.end, record.param) == ("refused", "n")
    assert record.message


COMPATIBLE = """
openai-compatibility:
  - name: local
    base-url: https://local.example/v1
    api-key-entries: [{api-key: 0123456789abcdef}]
    models: [{name: m, alias: mine}]
"""


def test_a_key_that_the_provider_says_back_is_told_nobody() -> None:
    table = Table(COMPATIBLE)
    table.ask(stream=False, model="mine")
    table.provider.head_received(422, JSON)
    table.provider.data_received(b'{"error": {"message": "Incorrect key: 0123456789abcdef."}}')
    reply = replied(table.provider.eof_received())
    assert error(reply.body)["message"] == "Incorrect key: [redacted]."
    assert "0123456789abcdef" not in repr(reply) + repr(table.heard.messages) + repr(table.heard.records)


def test_a_whole_answer_is_heard_whole() -> None:
    table = Table()
    table.ask(stream=False)
    table.provider.head_received(200, JSON)
    table.provider.data_received(json.dumps(WHOLE).encode())
    table.provider.eof_received()
    *_, provider, client = table.heard.messages
    assert (provider.phase, json.loads(provider.body or b"")) == ("provider_response", WHOLE)
    assert (client.phase, client.line) == ("client_response", "200")
    assert table.heard.seen == []


def test_a_refused_request_is_heard_too() -> None:
    table = Table(headers={"authorization": "Bearer wrong-key"})
    reply = table.exchange.head_received()
    assert reply is not None
    assert reply.status == 401
    assert [message.phase for message in table.heard.messages] == ["client_request", "client_response"]
    assert "wrong-key" not in repr(table.heard.messages)


def test_draining() -> None:
    table = Table()
    table.services.life.draining = True
    reply = table.exchange.head_received()
    assert reply is not None
    assert (reply.status, dict(reply.headers)["retry-after"]) == (503, "5")


@pytest.mark.parametrize("coding", ["", "rot13", "gzip"])
def test_a_body_that_is_no_json(coding: str) -> None:
    table = Table()
    assert table.exchange.head_received() is None
    reply = replied(table.worked(table.exchange.request_received(b"not json", {"content-encoding": coding})))
    assert reply.status == 400
    error(reply.body)


def test_half_a_character_in_a_body_is_replaced_and_noted() -> None:
    """As clients send it that cut text between two halves of UTF-16."""
    table = Table()
    assert table.exchange.head_received() is None
    body = b'{"model": "opus", "max_tokens": 5, "messages": [{"role": "user", "content": "a\\ud83d b"}]}'
    [send] = table.exchange.request_received(body, {})
    assert isinstance(send, Send)
    assert json.loads(send.request.body)["messages"][0]["content"][0]["text"] == "a\ufffd b"
    assert [(note.path, note.fate) for note in table.exchange.record.notes] == [("body", "approximated")]


# --- what is done elsewhere ---

LONG = "long " * HEAVY
HELLO = [START, *TEXT, *STOP]


def test_a_heavy_request_is_read_elsewhere() -> None:
    table = Table()
    actions = table.ask(stream=False, messages=[{"role": "user", "content": LONG}])
    assert [type(action) for action in actions] == [Work]
    assert table.exchange.record.model is None
    [send] = table.worked(actions)
    assert isinstance(send, Send)
    assert json.loads(send.request.body)["messages"][0]["content"][0]["text"] == LONG
    assert table.exchange.record.model == "opus"
    assert table.heard.messages[0].phase == "client_request"


@pytest.mark.parametrize("model", ["opus", "nobody"])
def test_of_a_request_that_is_refused_the_model_is_known(model: str) -> None:
    table = Table()
    assert replied(table.ask(stream=False, model=model, n="x")).status == 400
    assert table.exchange.record.model == model


def test_a_heavy_request_is_refused_as_a_light_one() -> None:
    table = Table()
    reply = replied(table.worked(table.ask(stream=True, messages=[{"role": "user", "content": LONG}], n="x")))
    assert (reply.status, error(reply.body)["param"]) == (400, "n")


def test_a_client_leaves_while_its_request_is_read() -> None:
    table = Table()
    [work] = table.ask(stream=True, messages=[{"role": "user", "content": LONG}])
    assert isinstance(work, Work)
    assert table.exchange.cancelled() == [Drop()]
    assert table.exchange.work_done(work.do()) == []
    assert (table.exchange.record.end, table.exchange.record.status) == ("cancelled", 499)


def streaming(table: Table) -> None:
    assert [type(action) for action in table.ask(stream=True)] == [Send]
    table.provider.connected()
    table.provider.head_received(200, {"content-type": "text/event-stream"})


def long_event() -> bytes:
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": LONG}}
    return sse(delta)


def test_what_comes_behind_a_heavy_event_waits_for_it() -> None:
    table = Table()
    streaming(table)
    begun = table.provider.data_received(b"".join(map(sse, HELLO[:2])))
    [work] = table.provider.data_received(long_event())
    assert isinstance(work, Work)
    assert [table.provider.data_received(sse(event)) for event in HELLO[2:]] == [[]] * 4
    assert table.provider.eof_received() == []
    told = table.worked([work])
    text = said(begun) + said(told)
    assert text.index(b"long long") < text.index(b"hello")
    assert text.endswith(b"data: [DONE]\n\n")
    assert isinstance(told[-1], Finish)


@pytest.mark.parametrize("how", ["leaves", "crashes"])
def test_an_exchange_ends_while_an_event_is_away(how: str) -> None:
    table = Table()
    streaming(table)
    table.provider.data_received(b"".join(map(sse, HELLO[:3])))
    [work] = table.provider.data_received(long_event())
    assert isinstance(work, Work)
    table.provider.data_received(sse(HELLO[3]))
    actions = table.exchange.cancelled() if how == "leaves" else table.exchange.crashed()
    assert actions[0] == Drop()
    assert b"[DONE]" not in said(actions)
    assert table.worked([work]) == []
    assert table.exchange.record.end == ("cancelled" if how == "leaves" else "failed")


def test_a_provider_is_not_late_while_we_work() -> None:
    table = Table()
    streaming(table)
    table.provider.data_received(b"".join(map(sse, HELLO[:3])))
    [work] = table.provider.data_received(long_event())
    assert all(isinstance(action, Data) and action.data.startswith(b":") for action in table.later(1000))
    table.worked([work])
    assert not table.exchange.over
    assert table.later(1000)[0] == Drop()


def test_a_heavy_whole_answer_is_read_elsewhere() -> None:
    table = Table()
    table.ask(stream=False)
    table.provider.connected()
    table.provider.head_received(200, {"content-type": "application/json"})
    body = json.dumps({**WHOLE, "content": [{"type": "text", "text": LONG}]}).encode()
    assert [table.provider.data_received(body[at : at + 65536]) for at in range(0, len(body), 65536)] == [[]] * 11
    actions = table.provider.eof_received()
    assert [type(action) for action in actions] == [Work]
    reply = replied(table.worked(actions))
    assert json.loads(reply.body)["choices"][0]["message"]["content"] == LONG


def test_a_compressed_answer_is_read_elsewhere() -> None:
    table = Table()
    table.ask(stream=True)
    table.provider.connected()
    table.provider.head_received(200, {"content-type": "text/event-stream", "content-encoding": "gzip"})
    told = table.provider.data_received(gzip.compress(b"".join(map(sse, HELLO))))
    assert [type(action) for action in told] == [Work]
    assert said(table.worked(told)).endswith(b"data: [DONE]\n\n")


# --- one request, several calls ---


class FanOut:
    """An exchange whose request became `n` calls."""

    def __init__(self, n: int, *, stream: bool, extra: str = "") -> None:
        self.table = Table(extra + "\nstreaming: {keepalive-seconds: 0}\n" if "streaming" not in extra else extra)
        self.exchange = self.table.exchange
        self.sent = self.table.ask(stream=stream, n=n)

    def answers(self, call: int, *events: dict[str, Any]) -> list[Action]:
        self.exchange.provider.connected(call)
        self.exchange.provider.head_received(200, SSE, call)
        return self.exchange.provider.data_received(sse(*(events or (START, *TEXT, *STOP))), call)

    @property
    def told(self) -> tuple[str, int, int]:
        record = self.exchange.record
        return record.end, record.calls, record.attempts


def sends(actions: list[Action]) -> list[tuple[int, bool]]:
    return [(action.call, action.fresh) for action in actions if isinstance(action, Send)]


def test_a_request_becomes_several_calls() -> None:
    fan = FanOut(3, stream=False)
    assert sends(fan.sent) == [(0, False), (1, False), (2, False)]
    bodies = {send.request.body for send in fan.sent if isinstance(send, Send)}
    assert len(bodies) == 1
    assert fan.table.exchange.record.notes == FanOut(1, stream=False).exchange.record.notes


def test_several_answers_are_one_stream() -> None:
    fan = FanOut(2, stream=True)
    begin, first = fan.answers(1, START)
    assert isinstance(begin, Begin)
    assert isinstance(first, Data)
    assert b"hello" in said(fan.answers(0))
    assert b"[DONE]" not in said(fan.exchange.provider.data_received(sse(*TEXT), 1))
    assert not fan.exchange.over
    data, *end = fan.exchange.provider.data_received(sse(*STOP), 1)
    assert isinstance(data, Data)
    assert data.data.endswith(b"data: [DONE]\n\n")
    assert end == [Release(1), Finish()]
    assert fan.told == ("complete", 2, 2)
    usage = fan.exchange.record.usage
    assert usage is not None
    assert (usage.input, usage.output) == (10, 4)


def test_several_whole_answers_are_one() -> None:
    fan = FanOut(2, stream=False)
    for call in (1, 0):
        fan.exchange.provider.head_received(200, JSON, call)
        assert fan.exchange.provider.data_received(json.dumps(WHOLE).encode(), call) == []
    assert fan.exchange.provider.eof_received(1) == [Release(1)]
    body = json.loads(replied(fan.exchange.provider.eof_received(0)).body)
    assert (body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"]) == (10, 4)
    assert fan.exchange.record.finish_reason == "stop"


def test_a_few_at_a_time() -> None:
    fan = FanOut(10, stream=True)
    assert sends(fan.sent) == [(call, False) for call in range(8)]
    assert sends(fan.answers(3)) == [(8, False)]
    assert sends(fan.answers(8)) == [(9, False)]
    for call in (0, 1, 2, 4, 5, 6, 7):
        assert sends(fan.answers(call)) == []
    *actions, last = fan.answers(9)
    assert b"[DONE]" in said(actions)
    assert last == Finish()
    assert fan.told == ("complete", 10, 10)


def test_each_call_is_tried_once_more() -> None:
    fan = FanOut(3, stream=False)
    assert sends(fan.exchange.provider.connection_lost("it closed the connection", retry=True, call=2)) == [(2, True)]
    assert sends(fan.exchange.provider.connection_lost("it closed the connection", retry=True, call=0)) == [(0, True)]
    actions = fan.exchange.provider.connection_lost("it closed the connection", retry=True, call=2)
    assert actions[0] == Drop()
    assert replied(actions).status == 502
    assert fan.told == ("failed", 3, 5)


def refused(exchange: Exchange) -> list[Action]:
    exchange.provider.head_received(429, JSON, 1)
    exchange.provider.data_received(b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}', 1)
    return exchange.provider.eof_received(1)


def reported(exchange: Exchange) -> list[Action]:
    exchange.provider.head_received(200, SSE, 1)
    return exchange.provider.data_received(
        sse({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}), 1
    )


def cut(exchange: Exchange) -> list[Action]:
    exchange.provider.head_received(200, JSON, 1)
    exchange.provider.data_received(json.dumps(WHOLE).encode()[:-9], 1)
    return exchange.provider.eof_received(1)


def lost(exchange: Exchange) -> list[Action]:
    return exchange.provider.connection_lost("it closed the connection", retry=False, call=1)


def unauthorised(exchange: Exchange) -> list[Action]:
    return exchange.provider.authorised((), Failure(503, "no token", "server_error"), call=1)


@pytest.mark.parametrize("form", ["whole", "stream", "stream that has begun"])
@pytest.mark.parametrize(
    ("fails", "status"),
    [
        pytest.param(refused, 429, id="refused"),
        pytest.param(reported, 503, id="an error event"),
        pytest.param(cut, 502, id="cut"),
        pytest.param(lost, 502, id="lost"),
        pytest.param(unauthorised, 503, id="not authorised"),
        pytest.param(lambda exchange: exchange.crashed(), 500, id="a bug of ours"),
    ],
)
def test_one_failure_fails_all(form: str, fails: Callable[[Exchange], list[Action]], status: int) -> None:
    fan = FanOut(3, stream=form != "whole")
    if form == "stream that has begun":
        fan.answers(0)
    actions = fails(fan.exchange)
    assert actions[0] == Drop()
    if form == "stream that has begun":
        assert isinstance(actions[-1], Finish)
        assert actions[-1].error is not None
        error(said(actions))
    else:
        assert replied(actions).status == status
    assert fan.exchange.over
    assert fan.told == ("failed", 3, 3)
    assert fan.exchange.provider.eof_received(2) == fan.exchange.provider.connection_lost("", retry=True, call=2) == []


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        pytest.param("timeouts: {connect: 3}", "provider_connect_timeout", id="connect"),
        pytest.param("timeouts: {first-byte: 3}", "provider_first_byte_timeout", id="first byte"),
        pytest.param("timeouts: {idle: 3}", "provider_idle_timeout", id="idle"),
        pytest.param("timeouts: {total: 3}", "provider_total_timeout", id="total"),
    ],
)
def test_patience_ends_with_each_call_by_itself(extra: str, code: str) -> None:
    fan = FanOut(2, stream=True, extra=extra)
    fan.answers(0)
    if "connect" not in extra:
        fan.exchange.provider.connected(1)
    if "idle" in extra:
        fan.answers(1, START)
    assert fan.exchange.deadline() == pytest.approx(fan.table.clock.time + 3)
    drop, *actions = fan.table.later(3)
    assert drop == Drop()
    assert error(said(actions))["code"] == code


def test_keepalives_until_all_answers_are_complete() -> None:
    fan = FanOut(2, stream=True, extra="streaming: {keepalive-seconds: 5}")
    fan.answers(0)
    assert fan.table.later(5) == [Data(b": ping\n\n")]
    fan.answers(1)
    assert fan.exchange.deadline() is None


def test_the_client_leaves_several_calls() -> None:
    fan = FanOut(3, stream=True)
    fan.answers(0)
    fan.answers(1, START)
    assert fan.exchange.cancelled() == [Drop()]
    usage = fan.exchange.record.usage
    assert usage is not None
    assert usage.input == 10


def test_who_listens_hears_which_call() -> None:
    fan = FanOut(2, stream=True)
    fan.answers(1)
    fan.answers(0, START)
    fan.exchange.provider.connection_lost("it closed the connection", retry=False)
    heard = fan.table.heard
    assert [(m.phase, m.call, m.attempt) for m in heard.messages] == [
        ("client_request", 0, 0),
        ("provider_request", 0, 1),
        ("provider_request", 1, 1),
        ("provider_response", 1, 1),
        ("client_response", 0, 1),
        ("provider_response", 0, 1),
    ]
    assert [pair.call for pair in heard.seen] == [1] * 6 + [0, 0]


def test_notes_of_several_answers_are_told_once() -> None:
    fan = FanOut(3, stream=False)
    odd = {**WHOLE, "content": [*WHOLE["content"], {"type": "hologram"}]}
    for call in range(3):
        fan.exchange.provider.head_received(200, JSON, call)
        fan.exchange.provider.data_received(json.dumps(odd).encode(), call)
        fan.exchange.provider.eof_received(call)
    notes = fan.exchange.record.notes
    assert [note.path for note in notes].count("content[1]") <= 1
    assert len(notes) == len({repr(note) for note in notes})


def test_several_calls_are_switched_off() -> None:
    fan = FanOut(2, stream=False, extra="fan-out: false")
    reply = replied(fan.sent)
    assert (reply.status, error(reply.body)["param"]) == (400, "n")


# --- who ended it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [False, True], ids=["before the answer", "in the stream"])
@pytest.mark.parametrize(
    "ends",
    [
        pytest.param(lambda exchange: exchange.shut_down(), id="told"),
        pytest.param(
            lambda exchange: exchange.provider.connection_lost("it closed the connection", retry=True),
            id="the connections are closed",
        ),
    ],
)
def test_the_end_of_the_gateway_is_not_the_providers_fault(
    begun: bool, ends: Callable[[Exchange], list[Action]]
) -> None:
    table = Table()
    table.ask(stream=True)
    if begun:
        table.provider.head_received(200, SSE)
        table.provider.data_received(sse(START))
    table.services.life.ended = True
    actions = ends(table.exchange)
    assert actions[0] == Drop()
    if begun:
        told = error(said(actions))
    else:
        reply = replied(actions)
        assert (reply.status, dict(reply.headers)["retry-after"]) == (503, "5")
        told = error(reply.body)
    assert told["code"] == "gateway_shutting_down"
    assert table.exchange.record.cause == "the gateway shut down"
    assert table.exchange.shut_down() == []


@pytest.mark.parametrize(
    ("ended", "causes", "told"),
    [
        pytest.param(False, (), "the client left", id="it left"),
        pytest.param(False, ("it was killed",), "it was killed", id="its user killed it"),
        pytest.param(True, (), "the gateway shut down", id="the gateway closed its connection"),
    ],
)
def test_who_ended_a_clients_connection(ended: bool, causes: tuple[str, ...], told: str) -> None:
    table = Table()
    table.ask(stream=True)
    table.services.life.ended = ended
    assert table.exchange.cancelled(*causes) == [Drop()]
    assert (table.exchange.record.end, table.exchange.record.cause) == ("cancelled", told)


# --- notes that come late ---------------------------------------------------------------------------

ODD = [
    {"type": "content_block_start", "index": 1, "content_block": {"type": "hologram"}},
    {"type": "content_block_stop", "index": 1},
]
LATE = b": x-gateway-notes ["


def comments(out: bytes) -> list[Any]:
    lines = [line for line in out.split(b"\n") if line.startswith(LATE)]
    return [json.loads(line.removeprefix(b": x-gateway-notes ")) for line in lines]


@pytest.mark.parametrize("target", ["/v1/chat/completions", "/v1/responses"])
def test_notes_of_a_running_stream_are_told_before_its_end(target: str) -> None:
    table = Table(target=target)
    asked = {"input": "hi"} if target.endswith("responses") else {"messages": [{"role": "user", "content": "hi"}]}
    assert table.exchange.head_received() is None
    table.exchange.request_received(json.dumps({"model": "opus", "stream": True, "seed": 1, **asked}).encode(), {})
    table.provider.head_received(200, SSE)
    begin, *_ = table.provider.data_received(sse(START, *TEXT))
    assert isinstance(begin, Begin)
    out = said(table.provider.data_received(sse(*ODD))) + said(table.provider.data_received(sse(*STOP)))
    [late] = comments(out)
    early = json.loads(dict(begin.headers)["x-gateway-notes"])
    paths = [note.path for note in table.exchange.record.notes]
    assert [note["path"] for note in early + late] == paths
    assert late
    last = out.rstrip(b"\n").split(b"\n\n")[-1]
    assert not last.startswith(b":")
    assert table.heard.seen[-1].client.count(LATE) == 1


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([[START, *TEXT], STOP], id="there are none"),
        pytest.param([[START, *TEXT, *ODD], STOP], id="the head had them"),
        pytest.param([[START, *TEXT, *ODD, *STOP]], id="all at once"),
    ],
)
def test_no_comment_without_late_notes(pieces: list[list[dict[str, Any]]]) -> None:
    table = Table()
    table.ask(stream=True)
    table.provider.head_received(200, SSE)
    assert comments(b"".join(said(table.provider.data_received(sse(*events))) for events in pieces)) == []


def test_late_notes_are_told_before_a_streams_failure() -> None:
    table = Table()
    table.ask(stream=True)
    table.provider.head_received(200, SSE)
    table.provider.data_received(sse(START, *TEXT))
    table.provider.data_received(sse(*ODD))
    out = said(table.provider.connection_lost("it closed the connection", retry=False))
    [late] = comments(out)
    assert late
    assert out.index(LATE) < out.index(b'"error"')
