"""Faults that are injected into an exchange, whose clock is in our hand."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from addons.exchange.actions import Action, Begin, Data, Drop, Finish, Send
from addons.exchange.exchange import Exchange
from addons.exchange.faults import Injection
from addons.exchange.http_api import Reply
from addons.metrics.counts import Counts
from routing.faults import parse
from tests.addons.exchange.test_exchange import (
    JSON,
    KEY,
    SSE,
    START,
    STOP,
    TEXT,
    WHOLE,
    Table,
    error,
    replied,
    said,
    sse,
)
from tests.addons.exchange.test_failover import POOL, gemini_answers, sends

ALL = (START, *TEXT, *STOP)
USE = {"type": "tool_use", "id": "t1", "name": "look"}
CALL = [
    {"type": "content_block_start", "index": 0, "content_block": {**USE, "input": {}}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"city": '}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '"Paris"}'}},
    {"type": "content_block_stop", "index": 0},
]
CALLED = {**WHOLE, "content": [{**USE, "input": {"city": "Paris"}}], "stop_reason": "tool_use"}


def table(fault: object, extra: str = "", **options: Any) -> Table:
    return Table(f"faults: [{{models: ['*'], fault: {json.dumps(fault)}}}]\n{extra}", **options)


def streamed(made: Table, *events: dict[str, Any], **fields: Any) -> list[Action]:
    [send] = made.ask(stream=True, **fields)
    assert isinstance(send, Send)
    made.provider.connected()
    made.provider.head_received(200, SSE)
    return made.provider.data_received(sse(*(events or ALL)))


def whole(made: Table, answer: Mapping[str, Any] = WHOLE, **fields: Any) -> list[Action]:
    made.ask(stream=False, **fields)
    made.provider.connected()
    made.provider.head_received(200, JSON)
    made.provider.data_received(json.dumps(answer).encode())
    return made.provider.eof_received()


def parsed(out: bytes) -> list[Any]:
    """The events of a stream with JSON in them."""
    return [json.loads(line) for line in re.findall(rb"^data: (\{.*)$", out, re.MULTILINE)]


def headers(actions: list[Action]) -> Mapping[str, str]:
    first = next(action for action in actions if isinstance(action, Begin | Reply))
    return dict(first.headers)


def untouched(**fields: Any) -> bytes:
    return said(streamed(Table(), **fields))


# --- in the provider's place ---


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("fault", "status", "code", "sent"),
    [
        pytest.param("429; retry-after=7", 429, "rate_limit_exceeded", {"retry-after": "7"}, id="429"),
        pytest.param("500", 500, None, {}, id="500"),
        pytest.param("503", 503, None, {}, id="503"),
        pytest.param("529", 503, "server_overloaded", {}, id="529"),
        pytest.param("connect", 502, "provider_connection_failed", {}, id="connect"),
    ],
)
def test_no_provider_is_asked(fault: str, status: int, code: str | None, sent: dict[str, str], stream: bool) -> None:
    made = table(fault)
    assert made.ask(stream=stream) == []
    assert made.exchange.deadline() == made.clock.time
    reply = replied(made.exchange.tick())
    told = error(reply.body)
    assert (reply.status, code or told["code"]) == (status, told["code"])
    assert "injected" in told["message"]
    shown = dict(reply.headers)
    assert shown.items() >= {"x-gateway-injected": fault, **sent}.items()
    [attempt] = json.loads(shown["x-gateway-attempts"])
    assert attempt["reason"].startswith("injected: ")
    made.exchange.finished()
    record = made.heard.records[0]
    assert (record.injected, record.end) == ([fault], "failed")
    assert [(each.injected, each.sent) for each in record.reports] == [(True, False)]
    assert "x-gateway-fault" in [note.path for note in record.notes]
    assert all(charge.cost is not None and not charge.cost.amount for charge in record.charges)


@pytest.mark.parametrize("fault", ["429; retry-after=60", "500", "connect", "cut-after=0"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_another_target_answers_and_nobody_rests(fault: str, stream: bool) -> None:
    made = table(f"{fault}; attempts=1", POOL)
    actions = made.ask(stream=stream)
    if fault.startswith("cut"):
        made.provider.connected()
        made.provider.head_received(200, SSE if stream else JSON)
        actions = made.provider.data_received(sse(*ALL) if stream else json.dumps(WHOLE).encode())
        assert Drop((0,)) in actions
    else:
        assert actions == []
        actions = made.exchange.tick()
    [send] = sends(actions)
    assert "gemini" in send.request.url
    answer = gemini_answers(made, send.call, streamed=stream)
    assert headers(answer)["x-gateway-model"] == "gemini/gemini-2.5-flash"
    made.exchange.finished()
    record = made.heard.records[0]
    assert record.end == "complete"
    assert [report.injected for report in record.reports] == [True, False]
    assert made.services.router.cooldowns(made.clock.time) == ()


def test_many_targets_fail_one_after_another() -> None:
    keys = ", ".join(f"{{api-key: key-number-{n}-of-it}}" for n in range(400))
    server = f"name: s, base-url: 'http://h/v1', api-key-entries: [{keys}], models: [{{name: m}}]"
    extra = f"openai-compatibility: [{{{server}}}]\n"
    made = table("503", extra)
    assert made.ask(stream=True, model="m") == []
    turns = 0
    while not made.exchange.over:
        actions = made.exchange.tick()
        turns += 1
    assert turns == 400
    assert replied(actions).status == 503
    assert made.services.router.cooldowns(made.clock.time) == ()


def test_provider_metrics_count_no_injected_failure() -> None:
    made = table("500; attempts=1", POOL)
    counts = Counts(made.clock, lambda: made.services.catalogue)
    made.ask(stream=False)
    [send] = sends(made.exchange.tick())
    gemini_answers(made, send.call, streamed=False)
    made.exchange.finished()
    counts.ended(made.heard.records[0])
    assert {tried[0]: (tries.ok, tries.errors, tries.last_error) for tried, tries in counts.tries.items()} == {
        "anthropic": (0, {}, None),
        "gemini": (1, {}, None),
    }


# --- an answer that breaks off ---


@pytest.mark.parametrize("after", [1, 2])
def test_a_provider_that_breaks_off(after: int) -> None:
    made = table(f"cut-after={after}", POOL)
    actions = streamed(made)
    assert headers(actions)["x-gateway-injected"] == f"cut-after={after}"
    *before, last = parsed(said(actions))
    assert before == parsed(untouched())[:after]
    assert last["error"]["code"] == "provider_connection_failed"
    assert "(injected)" in last["error"]["message"]
    assert b"[DONE]" not in said(actions)
    assert any(isinstance(action, Drop) for action in actions)
    made.exchange.finished()
    record = made.heard.records[0]
    assert (record.end, [report.injected for report in record.reports]) == ("failed", [True])
    assert made.services.router.cooldowns(made.clock.time) == ()


def test_a_whole_answer_that_breaks_off() -> None:
    made = table("cut-after=3")
    made.ask(stream=False)
    made.provider.connected()
    made.provider.head_received(200, JSON)
    assert replied(made.provider.data_received(json.dumps(WHOLE).encode())).status == 502


@pytest.mark.parametrize("after", [0, 2])
def test_a_connection_that_ends(after: int) -> None:
    made = table(f"disconnect-after={after}")
    actions = streamed(made)
    assert parsed(said(actions)) == parsed(untouched())[:after]
    assert isinstance(actions[-1], Finish)
    assert actions[-1].cut
    assert made.exchange.over
    made.exchange.finished()
    assert made.heard.records[0].cause == f"injected: disconnect-after={after}"
    assert made.heard.records[0].reports[0].injected


def test_a_connection_that_ends_in_a_whole_answer() -> None:
    made = table("disconnect-after=0")
    actions = whole(made)
    assert isinstance(actions[-1], Finish)
    assert actions[-1].cut
    full = replied(whole(Table())).body
    assert 0 < len(said(actions)) < len(full)
    assert full.startswith(said(actions)[:10])


# --- time ---


def waited(made: Table, actions: list[Action]) -> list[tuple[float, bytes]]:
    """What the client gets, and when."""
    begun, got = made.clock.time, [(0.0, said(actions))]
    while (at := made.exchange.deadline()) is not None:
        made.clock.time = max(at, made.clock.time)
        got.append((made.clock.time - begun, said(made.exchange.tick())))
    return [(at, out) for at, out in got if out]


def test_a_slow_stream() -> None:
    made = table("slow=2")
    got = waited(made, streamed(made))
    assert b"".join(out for _, out in got) == untouched()
    assert [at for at, _ in got] == [2.0 * n for n in range(len(got))]
    assert len(got) > 3
    assert made.exchange.over


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("alive", ["on", "off"])
def test_a_stream_that_stalls(after: int, alive: str) -> None:
    made = table(f"stall=40; after={after}; keep-alive={alive}", "streaming: {keepalive-seconds: 15}\n")
    got = waited(made, streamed(made))
    pings = [(at, out) for at, out in got if out.startswith(b":")]
    assert b"".join(out for _, out in got if not out.startswith(b":")) == untouched()
    assert [at for at, _ in pings] == ([15.0, 30.0] if alive == "on" else [])
    assert len(parsed(b"".join(out for at, out in got if at < 40))) == after
    assert made.exchange.over


@pytest.mark.parametrize("fault", ["stall=40", "slow=40"])
def test_a_whole_answer_that_is_late(fault: str) -> None:
    made = table(fault)
    assert not [action for action in whole(made) if isinstance(action, Reply)]
    assert made.later(39) == []
    assert replied(made.later(1)).status == 200
    assert made.exchange.over


@pytest.mark.parametrize("answer", [streamed, whole])
@pytest.mark.parametrize("fault", ["slow=2", "stall=40; after=1"])
@pytest.mark.parametrize(
    ("ends", "end", "cause"),
    [
        pytest.param(Exchange.cancelled, "cancelled", "the client left", id="the client leaves"),
        pytest.param(Exchange.shut_down, "failed", "the gateway shut down", id="the gateway shuts down"),
        pytest.param(Exchange.crashed, "failed", "a bug in the gateway", id="a bug"),
    ],
)
def test_an_end_while_the_answer_waits(
    ends: Callable[[Exchange], list[Action]], end: str, cause: str, fault: str, answer: Callable[[Table], list[Action]]
) -> None:
    made = table(fault)
    actions = answer(made)
    assert not made.exchange.over
    actions += ends(made.exchange)
    made.exchange.finished()
    assert made.exchange.deadline() is None
    record = made.heard.records[0]
    assert (record.end, record.cause) == (end, cause)
    assert b"hello" not in said(actions)
    last = actions[-1]
    assert last == Drop() or (isinstance(last, Finish) and last.cut) or replied([last]).status >= 500


def test_what_waits_goes_before_the_providers_own_error() -> None:
    made = table("slow=2")
    actions = streamed(made, START, *TEXT)
    actions += made.provider.connection_lost("it closed the connection", retry=False)
    *before, last = parsed(said(actions))
    assert before == parsed(untouched())[: len(before)]
    assert len(before) >= 2
    assert "(injected)" not in last["error"]["message"]
    assert made.exchange.over


# --- what is said ---


def test_each_byte_by_itself() -> None:
    made = table("split")
    actions = streamed(made)
    assert said(actions) == untouched()
    assert {len(action.data) for action in actions if isinstance(action, Data)} == {1}
    actions = whole(table("split"))
    assert said(actions) == replied(whole(Table())).body
    assert {len(action.data) for action in actions if isinstance(action, Data)} == {1}
    assert isinstance(actions[-1], Finish)


def test_no_more_bytes_by_themselves_than_there_is_room_for() -> None:
    long = {**WHOLE, "content": [{"type": "text", "text": "x" * 100_000}]}
    pieces = [action.data for action in whole(table("split"), long) if isinstance(action, Data)]
    assert b"".join(pieces) == replied(whole(Table(), long)).body
    assert len(pieces) == 64 * 1024 + 1


ODD = [
    pytest.param({"choices": None}, id="no choices"),
    pytest.param({"choices": ["x", {"delta": None, "message": None}]}, id="odd choices"),
    pytest.param({"usage": "x", "response": "y"}, id="odd usage"),
    pytest.param({"type": "response.function_call_arguments.delta"}, id="no delta"),
    pytest.param({"arguments": 7, "choices": [{"delta": {"tool_calls": [None, {"function": {}}]}}]}, id="odd calls"),
]


@pytest.mark.parametrize("fault", ["wrong-usage", "empty", "truncated-arguments"])
@pytest.mark.parametrize("value", ODD)
def test_what_a_server_says_oddly_breaks_nothing(fault: str, value: Any) -> None:
    injection = Injection(parse(fault), lambda: 0.0)
    event = b"data: " + json.dumps(value).encode() + b"\n\n"
    injection.stream(event + b"data: {]\n\n", lambda out, changed: [Data(out)])
    assert isinstance(json.loads(injection.whole(json.dumps(value).encode())), dict)
    assert injection.whole(b"{]") == b"{]"


def test_a_fault_of_a_request_that_becomes_several_calls() -> None:
    made = table("503")
    made.ask(stream=False, n=3)
    assert replied(made.exchange.tick()).status == 503
    made.exchange.finished()
    assert [report.injected for report in made.heard.records[0].reports] == [True] * 3


def test_a_line_that_is_no_json() -> None:
    made = table("malformed-after=1")
    lines = [line for line in said(streamed(made)).split(b"\n") if line]
    true = [line for line in untouched().split(b"\n") if line]
    assert lines[:1] + lines[2:] == true[:1] + true[2:]
    assert true[1].startswith(lines[1])
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(lines[1].removeprefix(b"data: "))
    assert [pair.client.strip() for pair in made.heard.seen if pair.injected] == [lines[1]]
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(replied(whole(table("malformed-after=1"))).body)


RESPONSES: Any = {"target": "/v1/responses"}


def asked(made: Table, *events: dict[str, Any], **fields: Any) -> list[Action]:
    """Ask as a client of /v1/responses."""
    body = {"model": "opus", "stream": True, "input": "hi", **fields}
    assert made.exchange.head_received() is None
    made.exchange.request_received(json.dumps(body).encode(), {})
    made.provider.connected()
    made.provider.head_received(200, SSE)
    return made.provider.data_received(sse(*(events or ALL)))


def test_wrong_usage() -> None:
    wrong = {"prompt_tokens": 51, "completion_tokens": 21, "total_tokens": 7}
    options: Any = {"stream_options": {"include_usage": True}}
    events = parsed(said(streamed(table("wrong-usage"), **options)))
    [usage] = [event["usage"] for event in events if event.get("usage")]
    assert usage.items() >= wrong.items()
    assert json.loads(replied(whole(table("wrong-usage"))).body)["usage"].items() >= wrong.items()
    last = parsed(said(asked(table("wrong-usage", **RESPONSES))))[-1]
    assert last["response"]["usage"].items() >= {"input_tokens": 51, "output_tokens": 21, "total_tokens": 7}.items()


def test_the_record_has_the_true_usage() -> None:
    made = table("wrong-usage")
    whole(made)
    made.exchange.finished()
    usage = made.heard.records[0].usage
    assert usage is not None
    assert (usage.input, usage.output) == (5, 2)


def test_an_empty_answer() -> None:
    events = parsed(said(streamed(table("empty"))))
    assert not any(choice["delta"].get("content") for event in events for choice in event["choices"])
    assert events[-1]["choices"][0]["finish_reason"] == "stop"
    [choice] = json.loads(replied(whole(table("empty"), CALLED)).body)["choices"]
    assert (choice["message"], choice["finish_reason"]) == ({"role": "assistant", "content": ""}, "stop")
    events = parsed(said(asked(table("empty", **RESPONSES))))
    assert [event["type"] for event in events] == ["response.created", "response.in_progress", "response.completed"]
    assert [event["sequence_number"] for event in events] == [0, 1, 2]
    assert events[-1]["response"]["output"] == []


TOOLS: Any = {"tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]}
FLAT: Any = {"tools": [{"type": "function", "name": "look", "parameters": {"type": "object"}}]}


def test_arguments_that_end_in_the_middle() -> None:
    events = parsed(said(streamed(table("truncated-arguments"), START, *CALL, *STOP, **TOOLS)))
    calls = [call for event in events for call in event["choices"][0]["delta"].get("tool_calls", ())]
    streamed_text = "".join(call["function"]["arguments"] for call in calls)
    [choice] = json.loads(replied(whole(table("truncated-arguments"), CALLED, **TOOLS)).body)["choices"]
    whole_text = choice["message"]["tool_calls"][0]["function"]["arguments"]
    events = parsed(said(asked(table("truncated-arguments", **RESPONSES), START, *CALL, *STOP, **FLAT)))
    deltas = "".join(event["delta"] for event in events if event["type"].endswith("arguments.delta"))
    [done] = [event["arguments"] for event in events if event["type"].endswith("arguments.done")]
    [item] = events[-1]["response"]["output"]
    assert deltas == done == item["arguments"]
    for text in (streamed_text, whole_text, deltas):
        assert text.startswith("{")
        with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
            json.loads(text)


STREAMED = [
    "cut-after=2",
    "disconnect-after=2",
    "malformed-after=1",
    "split",
    "wrong-usage",
    "empty",
    "slow=1",
    "stall=1",
]


@pytest.mark.parametrize("fault", STREAMED)
def test_listeners_hear_what_the_client_got(fault: str) -> None:
    made = table(fault, POOL)
    got = b"".join(out for _, out in waited(made, streamed(made, stream_options={"include_usage": True})))
    assert got
    assert b"".join(pair.client for pair in made.heard.seen) == got
    assert any(pair.injected for pair in made.heard.seen) == (fault.split("-")[0] in ("malformed", "wrong", "empty"))


@pytest.mark.parametrize("fault", ["disconnect-after=0", "split", "malformed-after=0"])
def test_listeners_hear_what_the_client_got_whole(fault: str) -> None:
    made = table(fault)
    actions = whole(made)
    got = said(actions) or replied(actions).body
    heard = [message.body for message in made.heard.messages if message.phase == "client_response" and message.body]
    assert b"".join([*(pair.client for pair in made.heard.seen), *heard]) == got


# --- who may ---


def with_header(text: str, *, faults: bool) -> Table:
    made = Table("", {**KEY, "x-gateway-fault": text})
    key = made.services.settings.api_keys[0].model_copy(update={"faults": faults})
    made.services.keys = type(made.services.keys)((key,))
    return made


def test_a_key_that_may_ask_for_faults() -> None:
    made = with_header("cut-after=1", faults=True)
    assert headers(streamed(made))["x-gateway-injected"] == "cut-after=1"


@pytest.mark.parametrize(
    ("text", "faults", "status", "code"),
    [
        pytest.param("cut-after=1", False, 403, "faults_not_allowed", id="not allowed"),
        pytest.param("canary", False, 403, "faults_not_allowed", id="not allowed, nor known"),
        pytest.param("canary", True, 400, "invalid_fault", id="not known"),
        pytest.param("", True, 400, "invalid_fault", id="empty"),
    ],
)
def test_a_header_that_is_refused(text: str, faults: bool, status: int, code: str) -> None:
    reply = with_header(text, faults=faults).exchange.head_received()
    assert isinstance(reply, Reply)
    told = error(reply.body)
    assert (reply.status, told["code"]) == (status, code)
    assert "canary" not in told["message"]


def test_the_clients_own_fault_comes_before_a_rule() -> None:
    made = Table("faults: [{models: ['*'], fault: 500}]\n", {**KEY, "x-gateway-fault": "split"})
    key = made.services.settings.api_keys[0].model_copy(update={"faults": True})
    made.services.keys = type(made.services.keys)((key,))
    assert headers(streamed(made))["x-gateway-injected"] == "split"


def test_another_model_is_left_alone() -> None:
    made = Table("faults: [{models: ['gpt-*'], fault: 500}]\n")
    actions = streamed(made)
    assert said(actions) == untouched()
    assert "x-gateway-injected" not in headers(actions)
    made.exchange.finished()
    assert made.heard.records[0].injected == []


def test_a_refused_request_has_no_fault() -> None:
    made = table("500")
    assert made.exchange.head_received() is None
    reply = replied(made.exchange.request_received(b'{"model": "opus"}', {}))
    assert reply.status == 400
    assert "x-gateway-injected" not in dict(reply.headers)


def test_the_gateway_ends_while_an_answer_waits() -> None:
    made = table("slow=2")
    streamed(made, START, *TEXT)
    made.exchange.shut_down()
    assert made.exchange.over
    assert made.exchange.deadline() is None
