"""What follows when a target fails: conversations with an exchange, whose clock is in our hand."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from addons.exchange.actions import Action, Begin, Drop, Finish, Send, Work
from addons.exchange.http_api import Reply
from tests.addons.exchange.test_exchange import JSON, SSE, START, STOP, TEXT, WHOLE, Table, error, replied, said, sse
from tests.translators.providers.bedrock.bedrock_frames import framed

POOL = """
gemini-api-key: [{api-key: gemini-secret, models: [{name: gemini-2.5-flash, alias: opus}]}]
"""
KEYS = """
openai-compatibility:
  - name: servers
    base-url: http://h/v1
    api-key-entries: [{api-key: key-one-of-it}, {api-key: key-two-of-it}, {api-key: key-three-of-it}]
    models: [{name: m}]
"""
SAID_ELSEWHERE = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "bonjour"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1, "totalTokenCount": 4},
    "responseId": "g1",
    "modelVersion": "gemini-2.5-flash",
}
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
EMPTY = {**WHOLE, "content": []}


def sends(actions: list[Action]) -> list[Send]:
    return [action for action in actions if isinstance(action, Send)]


def dropped(actions: list[Action]) -> list[Drop]:
    return [action for action in actions if isinstance(action, Drop)]


def refusal(status: int, **headers: str) -> Callable[[Table, int], list[Action]]:
    """A provider that answers with an error's status."""

    def fail(table: Table, call: int) -> list[Action]:
        table.provider.connected(call)
        table.provider.head_received(status, {**JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}, call)
        body = {"type": "error", "error": {"type": "some_error", "message": "no"}}
        table.provider.data_received(json.dumps(body).encode(), call)
        return table.provider.eof_received(call)

    return fail


def refuses_connections(table: Table, call: int) -> list[Action]:
    return table.provider.connection_lost("Connection refused", retry=True, call=call)


def dies_behind_its_head(table: Table, call: int) -> list[Action]:
    table.provider.connected(call)
    table.provider.head_received(200, SSE, call)
    return table.provider.connection_lost("it closed the connection", retry=False, call=call)


def dies_at_the_beginning(table: Table, call: int) -> list[Action]:
    table.provider.connected(call)
    table.provider.head_received(200, SSE, call)
    assert said(table.provider.data_received(sse(START), call)) == b""
    return table.provider.connection_lost("it closed the connection", retry=False, call=call)


def is_overloaded(table: Table, call: int) -> list[Action]:
    table.provider.connected(call)
    table.provider.head_received(200, SSE, call)
    return table.provider.data_received(sse(START, OVERLOADED), call)


def is_silent(table: Table, call: int) -> list[Action]:
    table.provider.connected(call)
    return table.later(300)


def cannot_be_reached(table: Table, call: int) -> list[Action]:
    return table.later(10)


def is_empty(table: Table, call: int) -> list[Action]:
    table.provider.connected(call)
    table.provider.head_received(200, JSON, call)
    table.provider.data_received(json.dumps(EMPTY).encode(), call)
    return table.provider.eof_received(call)


def is_an_empty_stream(table: Table, call: int) -> list[Action]:
    table.provider.connected(call)
    table.provider.head_received(200, SSE, call)
    return table.provider.data_received(sse(START, *STOP), call)


def is_garbage(table: Table, call: int) -> list[Action]:
    table.provider.connected(call)
    table.provider.head_received(200, SSE, call)
    return table.provider.data_received(b"data: {]\n\n", call)


def gemini_answers(table: Table, call: int, *, streamed: bool) -> list[Action]:
    table.provider.connected(call)
    table.provider.head_received(200, SSE if streamed else JSON, call)
    data = json.dumps(SAID_ELSEWHERE).encode()
    actions = table.provider.data_received(b"data: %b\n\n" % data if streamed else data, call)
    return actions if table.exchange.over else [*actions, *table.provider.eof_received(call)]


FAILURES = [
    pytest.param(refusal(429, retry_after="7"), "429 rate_limit_exceeded", id="429"),
    pytest.param(refusal(403), "403 upstream_authentication_error", id="403"),
    pytest.param(refusal(401), "401 upstream_authentication_error", id="401"),
    pytest.param(refusal(402), "402", id="402"),
    pytest.param(refusal(404), "404", id="404"),
    pytest.param(refusal(408), "408", id="408"),
    pytest.param(refusal(409), "409", id="409"),
    pytest.param(refusal(500), "500", id="500"),
    pytest.param(refusal(503), "503", id="503"),
    pytest.param(refusal(529), "529", id="529"),
    pytest.param(refuses_connections, "connect: it was refused", id="refused connection"),
    pytest.param(cannot_be_reached, "timeout: connect", id="no connection in time"),
    pytest.param(is_silent, "timeout: first-byte", id="silent"),
    pytest.param(dies_behind_its_head, "cut: it closed the connection", id="cut behind its head"),
    pytest.param(dies_at_the_beginning, "cut: it closed the connection", id="cut before content"),
    pytest.param(is_overloaded, "in the stream", id="overloaded in a 200"),
    pytest.param(is_empty, "empty", id="empty"),
    pytest.param(is_an_empty_stream, "empty", id="empty stream"),
    pytest.param(is_garbage, "unreadable", id="garbage"),
]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("fails", "reason"), FAILURES)
def test_another_target_answers(fails: Callable[[Table, int], list[Action]], reason: str, streamed: bool) -> None:
    table = Table(POOL)
    [first] = sends(table.ask(stream=streamed, seed=7, max_tokens=9))
    assert first.request.url.startswith("https://provider.example/base/v1/messages")
    actions = fails(table, 0)
    assert not table.exchange.over
    assert said(actions) == b""
    [second] = sends(actions)
    assert second.request.url.startswith("https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:")
    assert "provider-key" not in repr(second.request.secrets)
    assert (second.call, second.fresh) == (1, False)
    actions = gemini_answers(table, 1, streamed=streamed)
    body = said(actions) if streamed else replied(actions).body
    assert (body.count(b"bonjour"), body.count(b'"role":"assistant"'), b"msg_1" in body) == (1, 1, False)
    head = next(action for action in actions if isinstance(action, Begin | Reply))
    headers = dict(head.headers)
    assert headers["x-gateway-model"] == "gemini/gemini-2.5-flash"
    [attempt] = json.loads(headers["x-gateway-attempts"])
    assert attempt["target"] == "anthropic/claude-opus-4-6"
    assert reason in attempt["reason"]
    record = table.exchange.record
    assert (record.end, record.attempts, record.provider, record.finish_reason) == ("complete", 2, "gemini", "stop")
    assert record.targets == ["anthropic/claude-opus-4-6", "gemini/gemini-2.5-flash"]
    assert record.usage is not None
    assert (record.usage.input, record.provider_id) == (3, "g1")
    assert [note for note in record.notes if note.path == "seed"] == []
    assert [(report.credential, report.reason is None) for report in record.reports] == [
        ("anthropic-1", False),
        ("gemini-1", True),
    ]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(400, {"type": "invalid_request_error", "message": "max_tokens: too many"}, id="400"),
        pytest.param(413, {"type": "request_too_large", "message": "too large"}, id="413"),
        pytest.param(422, {"type": "invalid_request_error", "message": "no"}, id="422"),
        pytest.param(
            400, {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8"}, id="context"
        ),
    ],
)
def test_a_mistake_of_the_client_goes_to_the_client(status: int, body: dict[str, Any]) -> None:
    table = Table(POOL)
    table.ask(stream=True)
    table.provider.connected()
    table.provider.head_received(status, JSON)
    table.provider.data_received(json.dumps({"type": "error", "error": body}).encode())
    assert replied(table.provider.eof_received()).status in (400, 413, 422)


def test_after_content_the_stream_ends_with_an_error() -> None:
    table = Table(POOL)
    table.ask(stream=True)
    table.provider.connected()
    table.provider.head_received(200, SSE)
    assert b"hello" in said(table.provider.data_received(sse(START, *TEXT)))
    actions = table.provider.connection_lost("it closed the connection", retry=False)
    assert sends(actions) == []
    assert b'"error"' in said(actions)
    assert b"[DONE]" not in said(actions)
    assert isinstance(actions[-1], Finish)


def test_a_proxy_that_refuses_after_it_was_connected_to_is_no_connection() -> None:
    table = Table(POOL)
    table.ask(stream=True)
    table.provider.connected()
    table.provider.connection_lost("the proxy refused the credentials (proxy-url)", retry=False)
    [report] = table.exchange.record.reports
    assert (report.kind, report.reason) == ("connect", "connect: the proxy refused the credentials (proxy-url)")


def test_the_last_failure_is_the_clients() -> None:
    table = Table(POOL)
    table.ask(stream=True)
    refusal(503)(table, 0)
    reply = replied(refusal(429, retry_after="9")(table, 1))
    assert (reply.status, dict(reply.headers)["retry-after"]) == (429, "9")
    attempts = json.loads(dict(reply.headers)["x-gateway-attempts"])
    assert [each["status"] for each in attempts] == [503, 429]


@pytest.mark.parametrize(
    ("extra", "asked"),
    [
        pytest.param("", [0, 1, 2], id="each key once"),
        pytest.param("request-retry: 1\n", [0, 1, 2, 3, 4, 5], id="a second round"),
        pytest.param("request-retry: 1\nmax-retry-credentials: 2\n", [0, 1, 2, 3], id="two keys a round"),
        pytest.param("streaming: {bootstrap-retries: 1}\n", [0, 1, 2, 3, 4, 5], id="a second round for streams"),
    ],
)
def test_rounds(extra: str, asked: list[int]) -> None:
    table = Table(KEYS + extra + "disable-cooling: true\n")
    actions = table.ask(stream=True, model="m")
    calls = []
    while not table.exchange.over:
        [send] = sends(actions)
        calls.append(send.call)
        actions = refusal(500)(table, send.call)
    assert calls == asked
    assert replied(actions).status == 500


def test_a_round_waits_for_a_credential_that_rests() -> None:
    table = Table("request-retry: 1\nmax-retry-interval: 30\n")
    table.ask(stream=True)
    assert refusal(429, retry_after="12")(table, 0) == []
    assert not table.exchange.over
    assert table.later(11) == []
    [again] = sends(table.later(1))
    assert again.call == 1
    table.provider.connected(1)
    table.provider.head_received(200, SSE, 1)
    assert b"hello" in said(table.provider.data_received(sse(START, *TEXT, *STOP), 1))
    assert table.exchange.record.end == "complete"


def test_a_large_request_is_rendered_elsewhere_after_a_wait_too() -> None:
    table = Table("request-retry: 1\nmax-retry-interval: 30\n")
    table.worked(table.ask(stream=True, messages=[{"role": "user", "content": "x" * 200_000}]))
    refusal(429, retry_after="12")(table, 0)
    [work] = table.later(12)
    assert isinstance(work, Work)
    [again] = sends(table.exchange.work_done(work.do()))
    assert again.call == 1


def test_nobody_waits_longer_than_configured() -> None:
    table = Table("request-retry: 1\nmax-retry-interval: 10\n")
    table.ask(stream=True)
    assert replied(refusal(429, retry_after="12")(table, 0)).status == 429


def test_the_client_hears_signs_of_life_while_it_waits_and_may_still_get_another_answer() -> None:
    table = Table(POOL + "streaming: {keepalive-seconds: 10}\n")
    table.ask(stream=True)
    table.provider.connected()
    table.provider.head_received(200, SSE)
    assert table.provider.data_received(sse(START)) == []
    begin, ping = table.later(10)
    assert isinstance(begin, Begin)
    assert said([ping]).startswith(b":")
    [second] = sends(table.provider.connection_lost("it closed the connection", retry=False))
    actions = gemini_answers(table, second.call, streamed=True)
    out = said(actions)
    assert (out.count(b"bonjour"), out.count(b'"role":"assistant"')) == (1, 1)
    comments = [line for line in out.split(b"\n") if line.startswith(b": ")]
    assert b": x-gateway-model gemini/gemini-2.5-flash" in comments
    assert any(line.startswith(b": x-gateway-attempts [") for line in comments)


def test_after_a_sign_of_life_the_last_failure_stands_in_the_stream() -> None:
    table = Table("streaming: {keepalive-seconds: 10}\n" + POOL, target="/v1/responses")
    table.ask(stream=True, messages=None, input="hi")
    table.provider.connected()
    table.later(10)
    refusal(500)(table, 0)
    actions = refusal(500)(table, 1)
    assert (b"event: error" in said(actions) or b"response.failed" in said(actions)) is True
    assert b"response.completed" not in said(actions)
    assert isinstance(actions[-1], Finish)


# --- whole answers that keep the client waiting ---


def test_blank_lines_before_a_whole_answer() -> None:
    table = Table("nonstream-keepalive-interval: 5\n")
    table.ask(stream=False)
    table.provider.connected()
    begin, blank = table.later(5)
    assert isinstance(begin, Begin)
    assert dict(begin.headers)["content-type"] == "application/json"
    assert said([blank]) == b"\n"
    assert said(table.later(5)) == b"\n"
    table.provider.head_received(200, JSON)
    table.provider.data_received(json.dumps(WHOLE).encode())
    actions = table.provider.eof_received()
    assert json.loads(said(actions))["choices"][0]["message"]["content"] == "hello"
    assert actions[-1] == Finish()


def test_an_error_behind_blank_lines_ends_the_connection() -> None:
    table = Table("nonstream-keepalive-interval: 5\n")
    table.ask(stream=False)
    table.later(5)
    actions = refusal(500)(table, 0)
    assert error(said(actions))
    assert isinstance(actions[-1], Finish)
    assert actions[-1].cut


# --- cooldowns ---


def test_a_credential_that_rests_is_passed_over_and_all_of_them_are_a_429() -> None:
    table = Table(POOL)
    table.ask(stream=True)
    refusal(429, retry_after="30")(table, 0)
    replied(refusal(429, retry_after="20")(table, 1))
    later = Table(POOL)
    later.services.router, later.clock.time = table.services.router, table.clock.time + 5
    [reply] = later.ask(stream=True)
    assert isinstance(reply, Reply)
    headers = dict(reply.headers)
    assert (reply.status, headers["retry-after"], error(reply.body)["code"]) == (429, "15", "model_cooldown")
    assert "429 rate_limit_exceeded" in error(reply.body)["message"]
    third = Table(POOL)
    third.services.router, third.clock.time = table.services.router, table.clock.time + 21
    [send] = sends(third.ask(stream=True))
    assert "googleapis" in send.request.url


# --- a second target beside a silent one ---

HEDGE = POOL + "hedge-after: 2\n"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_the_one_that_has_content_first_wins(streamed: bool) -> None:
    table = Table(HEDGE)
    table.ask(stream=streamed)
    table.provider.connected()
    assert table.later(1) == []
    [second] = sends(table.later(1))
    assert "googleapis" in second.request.url
    assert sends(table.later(5)) == []
    actions = gemini_answers(table, second.call, streamed=streamed)
    assert Drop((0,)) in actions
    body = said(actions) if streamed else replied(actions).body
    assert body.count(b"bonjour") == 1
    record = table.exchange.record
    assert (record.end, record.provider) == ("complete", "gemini")
    assert [(report.provider, report.reason) for report in record.reports] == [
        ("anthropic", "another target answered first"),
        ("gemini", None),
    ]


def test_the_first_may_still_win() -> None:
    table = Table(HEDGE)
    table.ask(stream=True)
    table.provider.connected()
    [second] = sends(table.later(2))
    table.provider.connected(second.call)
    table.provider.head_received(200, SSE)
    actions = table.provider.data_received(sse(START, *TEXT, *STOP))
    assert dropped(actions) == [Drop((second.call,))]
    assert said(actions).count(b"hello") == 1
    head = next(action for action in actions if isinstance(action, Begin))
    assert dict(head.headers)["x-gateway-model"] == "anthropic/claude-opus-4-6"
    assert table.exchange.record.provider == "anthropic"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the first fails first", "the second fails first"])
def test_each_of_two_may_fail(order: tuple[int, int]) -> None:
    table = Table(HEDGE)
    table.ask(stream=True)
    table.later(2)
    assert sends(refusal(503)(table, order[0])) == []
    assert not table.exchange.over
    actions = refusal(500)(table, order[1])
    assert replied(actions).status == 500
    assert len(table.exchange.record.failed_attempts) == 2


def test_nobody_is_asked_beside_one_that_speaks() -> None:
    table = Table(HEDGE)
    table.ask(stream=True)
    table.provider.connected()
    table.provider.head_received(200, SSE)
    table.provider.data_received(sse(START))
    assert sends(table.later(10)) == []


def test_a_client_that_leaves_leaves_both() -> None:
    table = Table(HEDGE)
    table.ask(stream=True)
    table.later(2)
    assert table.exchange.cancelled() == [Drop()]
    assert table.provider.attempts == {}
    assert len(table.exchange.record.reports) == 2


def test_nobody_is_asked_twice_because_another_cannot_carry_the_request() -> None:
    table = Table(LOSSY + "hedge-after: 2\nfailover-loss: refuse\nrequest-retry: 1\n")
    table.ask(stream=False, model="m", seed=7)
    table.provider.connected()
    assert sends(table.later(2)) == []
    assert len(table.provider.attempts) == 1
    [report] = table.exchange.record.reports
    assert (report.provider, report.reason) == ("bedrock", "cannot carry the request: seed")


def test_a_large_request_is_rendered_elsewhere_for_the_second_too() -> None:
    table = Table(HEDGE)
    large = [{"role": "user", "content": "x" * 200_000}]
    table.worked(table.ask(stream=True, messages=large))
    table.provider.connected()
    [work] = table.later(2)
    assert isinstance(work, Work)
    [second] = sends(table.exchange.work_done(work.do()))
    assert "googleapis" in second.request.url


def test_a_stream_that_has_begun_and_cannot_be_told_of_an_error_is_cut() -> None:
    """Its end would look like any other's."""
    table = Table(POOL + "streaming: {keepalive-seconds: 10}\n")
    table.worked(table.ask(stream=True, messages=[{"role": "user", "content": "x" * 200_000}]))
    table.provider.connected()
    table.later(10)
    [work] = refusal(503)(table, 0)
    assert isinstance(work, Work)
    finish = table.exchange.shut_down()[-1]
    assert isinstance(finish, Finish)
    assert finish.cut


def test_what_is_measured_is_the_time_of_the_one_that_answered() -> None:
    table = Table(POOL + "routing: {strategy: fastest}\n")
    table.ask(stream=True)
    table.provider.connected()
    table.clock.time += 200
    [second] = sends(refusal(503)(table, 0))
    table.clock.time += 1
    gemini_answers(table, second.call, streamed=True)
    [[(_, measured)]] = table.services.router.turns._first_events.values()
    assert (measured, table.exchange.record.first_event) == (1.0, 201.0)


def test_what_one_sends_that_did_not_win_is_nobodys() -> None:
    table = Table(HEDGE)
    table.ask(stream=True)
    table.provider.connected()
    [second] = sends(table.later(2))
    table.provider.connected(second.call)
    table.clock.time += 1
    table.provider.head_received(200, {**SSE, "request-id": "req_of_the_second"}, second.call)
    table.provider.data_received(
        b"data: %b\n\n" % json.dumps({**SAID_ELSEWHERE, "candidates": []}).encode(), second.call
    )
    table.clock.time += 1
    table.provider.head_received(200, {**SSE, "request-id": "req_of_the_first"})
    table.provider.data_received(sse(START, *TEXT, *STOP))
    record = table.exchange.record
    assert (record.provider, record.provider_id, record.first_event) == ("anthropic", "req_of_the_first", 4.0)


def test_a_beginning_that_never_ends_is_sent() -> None:
    table = asked_of(CHAT, OPENAI, CLAUDE)
    table.provider.connected()
    table.provider.head_received(200, SSE)
    held = 0
    while not said(table.provider.data_received(OPENAI.beginning)):
        held += 1
        assert held < 1000
    assert held > 100


# --- what others see of it ---


def shown(table: Table) -> list[tuple[bool, bytes]]:
    """The events that listeners were shown: whether a provider sent it, and what the client got for it."""
    return [(bool(pair.provider), pair.client) for pair in table.heard.seen]


@pytest.mark.parametrize("fails", [dies_at_the_beginning, is_overloaded])
def test_listeners_are_shown_what_the_client_got(fails: Callable[[Table, int], list[Action]]) -> None:
    table = Table(POOL)
    table.ask(stream=True)
    [second] = sends(fails(table, 0))
    out = said(gemini_answers(table, second.call, streamed=True))
    assert b"".join(client for _, client in shown(table)) == out
    assert shown(table)[0] == (True, b"")
    if fails is is_overloaded:
        assert b"Overloaded" in table.heard.seen[1].provider


def test_the_notes_of_who_answers_come_also_after_a_sign_of_life() -> None:
    table = Table(LOSSY + "streaming: {keepalive-seconds: 10}\n")
    table.ask(stream=True, model="m", seed=7)
    table.provider.connected()
    table.later(10)
    refusal(503)(table, 0)
    table.provider.connected(1)
    head, rest = (
        {"content-type": "application/vnd.amazon.eventstream"},
        (
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "bonjour"}}},
        ),
    )
    table.provider.head_received(200, head, 1)
    out = said(table.provider.data_received(b"".join(map(framed, rest)), 1))
    assert b": x-gateway-notes " in out.partition(b"bonjour")[0]
    assert b'"path":"seed"' in out
    assert b"".join(client for _, client in shown(table)).endswith(out)


# --- what is lost on the way ---


def test_a_loss_of_the_second_is_marked() -> None:
    table = Table(LOSSY)
    table.ask(stream=False, model="m", seed=7)
    refusal(503)(table, 0)
    [note] = [note for note in table.exchange.record.notes if note.path == "seed"]
    assert (note.fate, note.failover) == ("dropped", True)
    assert note.detail.endswith("The first target of this request could have carried it.")


def test_who_cannot_carry_it_stands_behind_the_failure() -> None:
    table = Table(LOSSY + "failover-loss: refuse\n")
    table.ask(stream=False, model="m", seed=7)
    reply = replied(refusal(503)(table, 0))
    reasons = [each["reason"] for each in json.loads(dict(reply.headers)["x-gateway-attempts"])]
    assert [reason.partition(":")[0] for reason in reasons] == ["503 server_overloaded", "cannot carry the request"]


def test_a_loss_of_the_second_may_be_refused() -> None:
    table = Table(LOSSY + "failover-loss: refuse\n")
    table.ask(stream=False, model="m", seed=7)
    actions = refusal(503)(table, 0)
    assert sends(actions) == []
    assert replied(actions).status in (502, 503)
    reasons = {report.reason for report in table.exchange.record.failed_attempts}
    assert reasons == {"503 server_overloaded", "cannot carry the request: seed"}


def test_a_loss_of_the_second_is_marked_while_the_first_rests() -> None:
    table, _ = while_the_first_rests(LOSSY, seed=7)
    assert [note.path for note in table.exchange.record.notes if note.failover] == ["seed"]


def test_a_loss_of_the_second_may_be_refused_while_the_first_rests() -> None:
    table, actions = while_the_first_rests(LOSSY + "failover-loss: refuse\n", seed=7)
    reply = replied(actions)
    assert (reply.status, dict(reply.headers)["retry-after"]) == (429, "30")
    assert error(reply.body)["code"] == "model_cooldown"
    assert [report.reason for report in table.exchange.record.reports] == ["cannot carry the request: seed"]


def test_who_loses_no_more_answers_while_the_first_rests() -> None:
    _, actions = while_the_first_rests(LOSSY + "failover-loss: refuse\n", logit_bias={"1": 2})
    assert ["bedrock" in send.request.url for send in sends(actions)] == [True]


def while_the_first_rests(configuration: str, **fields: Any) -> tuple[Table, list[Action]]:
    """Return a gateway whose first target rests, and what it does with a request."""
    before, table = Table(configuration), Table(configuration)
    before.ask(stream=False, model="m")
    refusal(429, retry_after="30")(before, 0)
    table.services.router = before.services.router
    return table, table.ask(stream=False, model="m", **fields)


LOSSY = """
gemini-api-key: [{api-key: gemini-secret, models: [{name: gemini-2.5-flash, alias: m}], priority: 1}]
openai-compatibility: []
vertex: []
bedrock: [{region: us-east-1, api-key: bedrock-secret, models: [{name: us.amazon.nova-pro-v1:0, alias: m}]}]
"""

# --- many keys ---


def test_a_key_of_configuration_makes_no_new_mask() -> None:
    """To make one takes time for each key of the gateway."""
    table = Table(KEYS)
    before = table.exchange.mask
    [send] = sends(table.ask(stream=False, model="m"))
    assert dict(send.request.secrets)["authorization"].startswith("Bearer key-")
    assert table.exchange.mask is before
    assert table.exchange.mask.text("Bearer key-one-of-it") == "Bearer [redacted]"


# --- context ---

CONTEXT = """
context-fallback: true
openai-compatibility:
  - {name: small, base-url: 'http://h/v1', priority: 1, models: [{name: a, alias: m, max-context-length: 8000}]}
  - {name: other, base-url: 'http://h/v1', models: [{name: b, alias: m, max-context-length: 8000}]}
  - {name: large, base-url: 'http://h/v1', models: [{name: c, alias: m, max-context-length: 32000}]}
"""


@pytest.mark.parametrize(("fallback", "asked"), [("true", ["large"]), ("false", [])])
def test_a_prompt_that_is_too_long_may_go_to_a_larger_model(fallback: str, asked: list[str]) -> None:
    table = Table(CONTEXT.replace("true", fallback))
    table.ask(stream=False, model="m")
    table.provider.head_received(400, JSON)
    body = {"error": {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}}
    table.provider.data_received(json.dumps(body).encode())
    table.provider.eof_received()
    assert [name.partition("/")[0] for name in table.exchange.record.targets[1:]] == asked


# --- one streamed answer instead of another's ---


@dataclasses.dataclass(frozen=True)
class Answering:
    """A target and a stream of it, which breaks off after `beginning`, or goes on with `rest`."""

    model: str
    beginning: bytes
    rest: bytes


def chunk(**fields: Any) -> bytes:
    each = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "own-name", **fields}
    return b"data: %b\n\n" % json.dumps(each).encode()


def delta(finish: str | None = None, **fields: Any) -> bytes:
    return chunk(choices=[{"index": 0, "delta": fields, "finish_reason": finish}])


RESPONSE = {"id": "resp_1", "object": "response", "model": "own-name", "status": "in_progress", "output": []}
MESSAGE = {"id": "msg_9", "type": "message", "role": "assistant", "status": "completed"}
PART = {"type": "output_text", "text": "hello", "annotations": []}
TOKENS = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
CLAUDE = Answering("claude-opus-4-6", sse(START), sse(*TEXT, *STOP))
FLASH = Answering("gemini-2.5-flash", b"", b"data: %b\n\n" % json.dumps(SAID_ELSEWHERE).encode())
OPENAI = Answering(
    "chatty",
    chunk(choices=[], prompt_filter_results=[]) + b": a comment\n\n" + delta(role="assistant", content=""),
    delta(content="hello") + delta("stop") + b"data: [DONE]\n\n",
)
OPENAI_TOO = dataclasses.replace(OPENAI, model="chatty-too")
RESPONSES = Answering(
    "responder",
    sse(
        {"type": "response.created", "sequence_number": 0, "response": RESPONSE},
        {"type": "response.in_progress", "sequence_number": 1, "response": RESPONSE},
        {"type": "keepalive", "sequence_number": 2},
        {"type": "response.output_item.added", "output_index": 0, "sequence_number": 3, "item": MESSAGE},
        {
            "type": "response.content_part.added",
            "item_id": "msg_9",
            "output_index": 0,
            "content_index": 0,
            "sequence_number": 4,
            "part": {**PART, "text": ""},
        },
    ),
    sse(
        {
            "type": "response.output_text.delta",
            "item_id": "msg_9",
            "output_index": 0,
            "content_index": 0,
            "sequence_number": 5,
            "delta": "hello",
        },
        {
            "type": "response.completed",
            "sequence_number": 6,
            "response": {
                **RESPONSE,
                "status": "completed",
                "output": [{**MESSAGE, "content": [PART]}],
                "usage": TOKENS,
            },
        },
    ),
)
RESPONSES_TOO = dataclasses.replace(RESPONSES, model="responder-too")
POOLS = """
openai-compatibility:
  - name: servers
    base-url: http://h/v1
    api-key-entries: [{{api-key: key-of-servers}}]
    priority: {servers}
    models: [{{name: chatty, alias: pool}}]
  - name: others
    base-url: http://h/v1
    api-key-entries: [{{api-key: key-of-others}}]
    priority: {others}
    models: [{{name: chatty-too, alias: pool}}]
codex-api-key:
  - {{api-key: key-of-codex, base-url: 'http://h/v1', priority: {codex}, models: [{{name: responder, alias: pool}}]}}
  - api-key: key-of-codex-too
    base-url: http://g/v1
    priority: {codex2}
    models: [{{name: responder-too, alias: pool}}]
gemini-api-key: [{{api-key: key-gemini, priority: {gemini}, models: [{{name: gemini-2.5-flash, alias: pool}}]}}]
vertex-api-key: []
"""
NAMES = {"chatty": "servers", "chatty-too": "others", "responder": "codex", "responder-too": "codex2",
         "gemini-2.5-flash": "gemini", "claude-opus-4-6": "claude"}  # fmt: skip
CHAT, ANSWERS = "/v1/chat/completions", "/v1/responses"


def asked_of(path: str, *answering: Answering) -> Table:
    """A table whose pool asks these first, in that order."""
    order = {NAMES[each.model]: 9 - at for at, each in enumerate(answering)}
    priorities = {name: order.get(name, 0) for name in NAMES.values()}
    table = Table(POOLS.format(**priorities), target=path, claude=(priorities["claude"], "pool"))
    table.services.new_id = lambda: "id"
    messages = [{"role": "user", "content": "hi"}]
    given: dict[str, Any] = {"messages": None, "input": messages} if path == ANSWERS else {"seed": 7}
    table.ask(stream=True, temperature=1.5, model="pool", **given)
    return table


def answered(table: Table, answering: Answering, call: int = 0) -> list[Action]:
    provider = table.provider
    provider.connected(call)
    provider.head_received(200, SSE, call)
    actions = [*provider.data_received(answering.beginning, call), *provider.data_received(answering.rest, call)]
    return actions if table.exchange.over else [*actions, *provider.eof_received(call)]


@pytest.mark.parametrize(
    ("path", "first", "second", "begins"),
    [
        pytest.param(CHAT, OPENAI, CLAUDE, b'"role":"assistant"', id="chat-passed-through-then-translated"),
        pytest.param(CHAT, CLAUDE, OPENAI, b'"role":"assistant"', id="chat-translated-then-passed-through"),
        pytest.param(CHAT, OPENAI, OPENAI_TOO, b'"role":"assistant"', id="chat-passed-through-twice"),
        pytest.param(CHAT, CLAUDE, FLASH, b'"role":"assistant"', id="chat-translated-twice"),
        pytest.param(ANSWERS, RESPONSES, CLAUDE, b"event: response.created", id="responses-passed-then-translated"),
        pytest.param(ANSWERS, CLAUDE, RESPONSES, b"event: response.created", id="responses-translated-then-passed"),
        pytest.param(ANSWERS, RESPONSES, RESPONSES_TOO, b"event: response.created", id="responses-passed-twice"),
        pytest.param(ANSWERS, CLAUDE, FLASH, b"event: response.created", id="responses-translated-twice"),
    ],
)
def test_the_client_gets_the_second_answer_as_if_it_had_been_asked_alone(
    path: str, first: Answering, second: Answering, begins: bytes
) -> None:
    alone, table = asked_of(path, second), asked_of(path, first, second)
    expected = answered(alone, second)
    table.provider.connected()
    table.provider.head_received(200, SSE)
    for line in first.beginning.split(b"\n\n")[:-1]:
        assert table.provider.data_received(line + b"\n\n") == []
    [send] = table.provider.connection_lost("it closed the connection", retry=False)
    assert isinstance(send, Send)
    actions = answered(table, second, send.call)
    assert (said(actions), said(actions).count(begins)) == (said(expected), 1)
    record, only = table.exchange.record, alone.exchange.record
    marked = [dataclasses.replace(note, detail="", failover=False) for note in record.notes]
    assert (marked, record.usage) == ([dataclasses.replace(note, detail="") for note in only.notes], only.usage)
    assert record.provider_id == only.provider_id
    assert (record.end, record.attempts, only.attempts) == ("complete", 2, 1)
    assert [name.partition("/")[2] for name in record.targets] == [first.model, second.model]
