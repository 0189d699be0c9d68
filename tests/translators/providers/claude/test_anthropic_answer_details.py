"""Stop reasons, usage, and the blocks of an answer one by one."""

import copy
from typing import Any

import pytest
from anthropic_answers import ISSUER, events_of, noted, payloads

from translators.dialects import Recall
from translators.events import (
    Finished,
    ForeignBlock,
    ReasoningDelta,
    ReasoningSigned,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from translators.providers import anthropic as dialect

CALL = [
    {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}},
    },
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"a": 1}'}},
    {"type": "content_block_stop", "index": 1},
]


def message(*content: Any, reason: Any = "end_turn", first: Any = None, last: Any = None, **delta: Any) -> list[Any]:
    return [
        {"type": "message_start", "message": {"id": "m", "model": "x", "usage": first}},
        *content,
        {"type": "message_delta", "delta": {"stop_reason": reason, **delta}, "usage": last},
        {"type": "message_stop"},
    ]


@pytest.mark.parametrize(
    ("native", "plain", "with_calls", "notes"),
    [
        ("end_turn", "stop", "tool_calls", []),
        ("stop_sequence", "stop", "tool_calls", []),
        ("tool_use", "stop", "tool_calls", []),
        ("max_tokens", "length", "length", []),
        pytest.param("model_context_window_exceeded", "length", "length", [], id="context window"),
        pytest.param("pause_turn", "length", "length", ["stop_reason"], id="pause_turn"),
        ("compaction", "length", "length", ["stop_reason"]),
        pytest.param("refusal", "content_filter", "content_filter", [], id="refusal"),
        ("tired", "stop", "tool_calls", ["stop_reason"]),
        (None, "stop", "tool_calls", ["stop_reason"]),
        (7, "stop", "tool_calls", ["stop_reason"]),
    ],
)
def test_stop_reasons(native: Any, plain: str, with_calls: str, notes: list[str]) -> None:
    for content, reason in (([], plain), (CALL, with_calls)):
        events = events_of(message(*content, reason=native))
        assert events[-1] == Finished(reason, native if isinstance(native, str) else None)  # type: ignore[arg-type]
        assert noted(events) == notes


@pytest.mark.parametrize("details", [None, {}, {"type": "refusal", "category": None, "explanation": None}, "x"])
def test_trap_3_a_refusal_always_has_words(details: Any) -> None:
    events = events_of(message(reason="refusal", stop_details=details))
    assert RefusalDelta("The model declined to answer this request.") in events


@pytest.mark.parametrize(
    ("first", "last", "usage"),
    [
        pytest.param({"input_tokens": 10, "output_tokens": 1}, {"output_tokens": 7}, Usage(10, 7), id="both halves"),
        pytest.param(
            {
                "input_tokens": 10,
                "cache_read_input_tokens": 90,
                "cache_creation_input_tokens": None,
                "output_tokens": 1,
            },
            {"output_tokens": 2, "input_tokens": None},
            Usage(100, 2, 90),
            id="cached tokens are input",
        ),
        pytest.param({"input_tokens": 5}, {"input_tokens": 9, "output_tokens": 3}, Usage(9, 3), id="totals overwrite"),
        pytest.param(None, {"output_tokens": 3}, Usage(0, 3), id="no input told"),
        pytest.param({"input_tokens": 5}, None, Usage(5, 0), id="no output told"),
        pytest.param(
            {"input_tokens": 5}, {"input_tokens": 0, "output_tokens": 3}, Usage(5, 3), id="0 does not overwrite"
        ),
        pytest.param(
            {"input_tokens": 100, "cache_read_input_tokens": 500, "cache_creation_input_tokens": 7},
            {
                "input_tokens": 181,
                "cache_read_input_tokens": 0,
                "cache_creation_input_tokens": 0,
                "output_tokens": 3,
            },
            Usage(181, 3, 0, 0),
            id="nothing of the cache after all",
        ),
        pytest.param(
            {"input_tokens": 100, "cache_read_input_tokens": 500},
            {"cache_read_input_tokens": 0, "output_tokens": 3},
            Usage(100, 3, 0),
            id="nothing of the cache after all, and no more of the input",
        ),
        pytest.param(
            {"input_tokens": 100, "cache_read_input_tokens": 500},
            {"input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 3},
            Usage(600, 3, 500),
            id="zeroes of a server that does not know",
        ),
        pytest.param({"input_tokens": 5}, {"input_tokens": -1, "output_tokens": True}, Usage(5, 0), id="no counts"),
        pytest.param("x", [], None, id="none at all"),
    ],
)
def test_usage(first: Any, last: Any, usage: Usage | None) -> None:
    reports = [event.usage for event in events_of(message(first=first, last=last)) if isinstance(event, UsageReported)]
    assert reports == ([usage] if usage else [])


def test_a_beginning_that_comes_late_tells_its_names_and_usage() -> None:
    begun, *rest = message(first={"input_tokens": 10, "output_tokens": 1}, last={"output_tokens": 7})
    events = events_of([{"type": "content_block_stop", "index": 0}, begun, *rest])
    assert [event for event in events if isinstance(event, Started)] == [Started(), Started("m", "x")]
    assert [event.usage for event in events if isinstance(event, UsageReported)] == [Usage(10, 7)]


@pytest.mark.parametrize(
    ("first", "tier"),
    [
        ({"service_tier": "standard"}, "default"),
        ({"service_tier": "priority"}, "priority"),
        ({"service_tier": "batch"}, None),
        ({"service_tier": "standard", "speed": "fast"}, "priority"),
        ({"speed": "standard"}, None),
    ],
)
def test_service_tiers(first: dict[str, str], tier: str | None) -> None:
    assert events_of(message(first=first))[-1] == Finished("stop", "end_turn", tier)


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[Any]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def tool(name: str = "f", **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": "t", "name": name, "input": given}


def piece(text: str) -> dict[str, Any]:
    return {"type": "input_json_delta", "partial_json": text}


@pytest.mark.parametrize(
    ("start", "deltas", "arguments", "notes"),
    [
        pytest.param(tool(), [], ["{}"], [], id="no deltas"),
        pytest.param(tool(), [piece(""), piece(" ")], ["{}"], [], id="blank deltas"),
        pytest.param({"type": "tool_use", "id": "t", "name": "f"}, [], ["{}"], [], id="no input at all"),
        pytest.param(tool(a="é"), [], ['{"a": "é"}'], [], id="input with the block"),
        pytest.param(tool(a=1), [piece('{"a":2}')], ['{"a":2}'], [], id="deltas go before it"),
        pytest.param(tool(), [piece('{"a"'), piece(":1}")], ['{"a"', ":1}"], [], id="pieces as they come"),
        pytest.param(tool(), [piece('{"a"')], ['{"a"'], ["tool_calls[0].arguments"], id="broken, and not cut"),
        pytest.param(tool(), [piece("[1]")], ["[1]"], ["tool_calls[0].arguments"], id="no object"),
        pytest.param(tool(), [{"type": "text_delta", "text": "x"}], ["{}"], ["delta.text_delta"], id="text in a call"),
    ],
)
def test_arguments(start: dict[str, Any], deltas: list[Any], arguments: list[str], notes: list[str]) -> None:
    events = events_of(message(*block(4, start, *deltas), reason="tool_use"))
    assert [event.arguments for event in events if isinstance(event, ToolCallDelta)] == arguments
    assert [event for event in events if isinstance(event, ToolCallStarted)] == [ToolCallStarted(0, "t", "f")]
    assert noted(events) == notes


def test_names_and_custom_tools_are_restored() -> None:
    recall = Recall("m", {"a_b_123": "a.b", "run_1": "run!"}, frozenset({"run!"}))
    pieces = [piece('{"in'), piece('put": "ls'), piece(' \\"x\\""}')]
    events = events_of(
        message(*block(0, tool("a_b_123")), *block(1, {**tool("run_1"), "id": "u"}, *pieces), reason="tool_use"), recall
    )
    assert [event for event in events if isinstance(event, ToolCallStarted | ToolCallDelta)] == [
        ToolCallStarted(0, "t", "a.b"),
        ToolCallDelta(0, "{}"),
        ToolCallStarted(1, "u", "run!", "custom"),
        ToolCallDelta(1, "ls"),
        ToolCallDelta(1, ' "x"'),
    ]
    calls = [tool("run_1", input="ls"), {**tool("run_1", why="x"), "id": "u"}]
    whole = {"content": calls, "stop_reason": "tool_use"}
    events = list(dialect.answer(recall).whole(whole))
    assert [event.arguments for event in events if isinstance(event, ToolCallDelta)] == ["ls", '{"why": "x"}']
    assert noted(events) == ["tool_calls[1].arguments"]


def test_trap_39_a_servers_call_is_no_tool_call() -> None:
    content = block(0, {**tool(), "type": "server_tool_use"}, piece('{"q": 1}'))
    events = events_of(message(*content, *block(1, {"type": "mcp_tool_use", "id": "x", "input": {"a": 1}})))
    assert not [event for event in events if isinstance(event, ToolCallStarted | ToolCallDelta)]
    assert [event.payload["input"] for event in events if isinstance(event, ForeignBlock)] == [{"q": 1}, {"a": 1}]
    assert events[-1] == Finished("stop", "end_turn")


def test_a15_a_signature_is_no_text() -> None:
    events = events_of(
        message(*block(0, {"type": "thinking", "thinking": ""}, {"type": "signature_delta", "signature": "s"}))
    )
    assert events[1] == ReasoningSigned(0, "s", ISSUER)
    assert not [event for event in events if isinstance(event, TextDelta | ReasoningDelta)]


def test_citations_without_an_address_are_noted_once() -> None:
    cited = {"type": "citations_delta", "citation": {"type": "page_location"}}
    events = events_of(message(*block(0, {"type": "text", "text": "x"}, cited, cited)))
    assert noted(events) == ["citations.page_location"]


def test_blocks_that_were_not_ended_end_with_the_message() -> None:
    events = events_of(message(block(0, tool())[0], block(0, tool())[0], reason="tool_use"))
    assert [event for event in events if isinstance(event, ToolCallDelta)] == [
        ToolCallDelta(0, "{}"),
        ToolCallDelta(1, "{}"),
    ]


def test_a_call_without_its_beginning_is_no_call() -> None:
    events = events_of(message(*block(0, {}, piece("{}"))[1:]))
    assert noted(events) == ["event.content_block_start", "delta.input_json_delta"]
    assert events[-1] == Finished("stop", "end_turn")


def test_payloads_are_not_changed() -> None:
    events = payloads("web_search_with_citations")
    before = copy.deepcopy(events)
    events_of(events)
    assert events == before


def test_usage_of_the_beginning_is_told_where_nothing_follows_it() -> None:
    begin, _, end = message(first={"input_tokens": 5, "output_tokens": 1})
    assert UsageReported(Usage(5, 1)) in events_of([begin, end])


def test_calls_without_an_id_get_one() -> None:
    events = events_of(
        message(*block(0, {**tool(), "id": "call_1"}), *block(1, {**tool(), "id": ""}), reason="tool_use")
    )
    assert [event.id for event in events if isinstance(event, ToolCallStarted)] == ["call_1", "call_1_"]
    assert noted(events) == ["tool_calls[1].id"]


def test_a_number_beyond_floats_is_no_infinity() -> None:
    events = events_of(message(*block(0, tool(a=float("inf"))), reason="tool_use"))
    assert ToolCallDelta(0, '{"a":null}') in events
    assert noted(events) == ["tool_calls[0].arguments"]
