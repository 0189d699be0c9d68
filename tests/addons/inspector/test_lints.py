"""Conformance of both legs: recordings are clean, but for what is odd about them; every rule finds what breaks it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.inspector.analysis import analysed
from addons.inspector.lints import MOST_FINDINGS, STREAMS, WHOLES, finding, lint
from addons.inspector.lints.requests import RULES
from tests.addons.inspector.recorded import ASKED, FIXTURES, exchange
from translators.convert import PAIRS

DIALECTS = ("anthropic", "bedrock", "gemini", "ollama", "openai", "openai-completions", "openai-responses")
SUFFIXES = (".sse", ".ndjson", ".eventstream")
STREAMED = [
    pytest.param(provider, str(path.relative_to(FIXTURES / provider)), client, id=f"{provider} {path.stem} {client}")
    for provider in DIALECTS
    for path in sorted((FIXTURES / provider).rglob("*"))
    if path.suffix in SUFFIXES
    for client in ("chat", "responses", "completions")
    if (client, provider) in PAIRS
]
ODD: Mapping[str, set[tuple[str, str]]] = {
    "anthropic/llama_cpp_without_message_start.sse": {("provider", finding.ORDER)},
    "anthropic/odd_but_readable.sse": {
        ("provider", finding.ORDER),
        ("provider", finding.DENSE),
        ("provider", "deltas of the block's kind"),
    },
    "bedrock/odd_but_readable.eventstream": {
        ("provider", finding.ORDER),
        ("provider", finding.DENSE),
        ("provider", "calls begin with id and name"),
    },
    "gemini/odd_but_readable.sse": {("provider", finding.END), ("provider", finding.ORDER)},
    "ollama/odd_but_readable.ndjson": {("provider", "calls have a name")},
    "openai/azure_filter_results.sse": {("client", finding.SAME)},
    "openai/azure_filtered.sse": {
        ("client", finding.SAME),
        ("client", finding.USAGE),
        ("provider", finding.USAGE),
    },
    "openai/mistral_whole_calls_without_index.sse": {("provider", finding.DENSE)},
    "openai/moonshot_usage_in_the_choice.sse": {("provider", finding.USAGE)},
    "openai/no_terminator.sse": {("provider", finding.END), ("client", finding.USAGE), ("provider", finding.USAGE)},
    "openai/odd_but_readable.sse": {
        ("client", finding.ARGUMENTS),
        ("client", finding.USAGE),
        ("provider", finding.USAGE),
    },
    "openai/openrouter_reasoning_and_tools.sse": {("provider", finding.DENSE)},
    "openai-responses/items_only_when_done.sse": {
        ("client", finding.ORDER),
        ("provider", finding.ORDER),
        ("provider", finding.SUMS),
    },
    "openai-responses/odd_but_readable.sse": {
        *((leg, rule) for leg in ("client", "provider") for rule in (finding.ORDER, finding.SUMS)),
        *(("provider", rule) for rule in (finding.END, finding.READABLE, "events are numbered")),
    },
}
"""The recordings that break a rule, and which; not with every client."""


def broken(detail: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(line["leg"], line["rule"]) for line in lint(detail) if not line["ok"]}


def recorded(provider: str, name: str, client: str = "chat") -> dict[str, Any]:
    wire = ASKED[client] | ({"n": 2} if "two_" in name and client == "chat" else {})
    return exchange(provider, (FIXTURES / provider / name).read_bytes(), client, request=wire).detail(1 << 30)


@pytest.mark.parametrize(("provider", "name", "client"), STREAMED)
def test_recordings_are_clean(provider: str, name: str, client: str) -> None:
    detail = recorded(provider, name, client)
    assert broken(detail) <= ODD.get(f"{provider}/{name}", set())
    assert any(line["ok"] for line in lint(detail))


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_found(name: str) -> None:
    provider, _, file = name.partition("/")
    clients = [client for client in ("chat", "responses", "completions") if (client, provider) in PAIRS]
    assert set.union(*(broken(recorded(provider, file, client)) for client in clients)) == ODD[name]


Events = list[tuple[str, Any]]


def streamed(family: str, payloads: Events, leg: str = "provider", end: str = "complete") -> dict[str, Any]:
    """A detail whose leg has this stream."""
    texts = [text if isinstance(text, str) else json.dumps(text) for _, text in payloads]
    pairs = [
        {
            "n": n,
            "at": float(n),
            "name": name,
            "provider": text if leg == "provider" else "",
            "client": (f"event: {name}\n" if name else "") + f"data: {text}\n\n" if leg == "client" else "",
            "call": 0,
            "attempt": 1,
        }
        for n, ((name, _), text) in enumerate(zip(payloads, texts, strict=True))
    ]
    spoken = {"dialect": family} if leg == "client" else {"provider_dialect": family}
    asked = {"body": json.dumps({"stream_options": {"include_usage": True}})}
    return {"end": end, "events": pairs, "phases": {f"{leg}_request": asked}, **spoken}


def payloads(provider: str, name: str) -> Events:
    return [
        (pair["name"], json.loads(pair["provider"]) if pair["provider"].strip() != "[DONE]" else "[DONE]")
        for pair in recorded(provider, name)["events"]
        if pair["provider"]
    ]


def without(at: int) -> Callable[[Events], Events]:
    return lambda events: [each for n, each in enumerate(events) if n != at % len(events)]


def twice(at: int) -> Callable[[Events], Events]:
    return lambda events: [*events[: at % len(events)], events[at], *events[at % len(events) :]]


def again(at: int) -> Callable[[Events], Events]:
    """The event once more at the end."""
    return lambda events: [*events, events[at]]


def put(at: int, *path: str | int, value: Any) -> Callable[[Events], Events]:
    def change(events: Events) -> Events:
        changed: Events = json.loads(json.dumps(events))
        inner = changed[at][1]
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
        return changed

    return change


def named(at: int, name: str) -> Callable[[Events], Events]:
    return lambda events: [(name, payload) if n == at else (old, payload) for n, (old, payload) in enumerate(events)]


BROKEN = [
    ("openai", "parallel_tools.sse", put(0, "choices", 0, "delta", value={}), finding.ORDER),
    ("openai", "parallel_tools.sse", without(6), finding.ORDER),
    ("openai", "parallel_tools.sse", again(2), finding.END),
    ("openai", "parallel_tools.sse", twice(-1), finding.END),
    ("openai", "parallel_tools.sse", without(-1), finding.END),
    ("openai", "parallel_tools.sse", put(0, "choices", 0, "index", value=3), finding.DENSE),
    ("openai", "parallel_tools.sse", without(1), "calls begin with id and name"),
    ("openai", "parallel_tools.sse", without(2), finding.ARGUMENTS),
    ("openai", "parallel_tools.sse", without(-2), finding.USAGE),
    ("openai", "parallel_tools.sse", put(3, "id", value="another"), finding.SAME),
    ("openai", "text.sse", put(3, "choices", 0, "finish_reason", value="tool_calls"), finding.FINISH),
    ("openai", "text.sse", lambda events: [*events[:2], ("", "{half"), *events[2:]], finding.READABLE),
    ("openai-completions", "text.sse", without(-2), finding.USAGE),
    ("openai-completions", "text.sse", without(3), finding.ORDER),
    ("openai-completions", "text.sse", twice(-1), finding.END),
    ("openai-responses", "reasoning_and_parallel_calls.sse", without(0), finding.ORDER),
    ("openai-responses", "reasoning_and_parallel_calls.sse", without(2), finding.ORDER),
    ("openai-responses", "reasoning_and_parallel_calls.sse", without(-1), finding.END),
    ("openai-responses", "reasoning_and_parallel_calls.sse", again(-1), finding.END),
    ("openai-responses", "reasoning_and_parallel_calls.sse", without(5), "events are numbered"),
    ("openai-responses", "reasoning_and_parallel_calls.sse", put(2, "output_index", value=9), finding.DENSE),
    ("openai-responses", "reasoning_and_parallel_calls.sse", named(3, "response.other"), finding.NAMES),
    ("openai-responses", "reasoning_and_parallel_calls.sse", without(16), finding.SUMS),
    ("openai-responses", "reasoning_and_parallel_calls.sse", put(-1, "response", "usage", value=None), finding.USAGE),
    ("openai-responses", "reasoning_and_parallel_calls.sse", put(20, "item", "content", value=[]), finding.BLOCKS),
    (
        "openai-responses",
        "reasoning_and_parallel_calls.sse",
        put(25, "item", "arguments", value="{half"),
        finding.ARGUMENTS,
    ),
    ("anthropic", "parallel_tools_after_thinking.sse", without(0), finding.ORDER),
    ("anthropic", "parallel_tools_after_thinking.sse", without(5), finding.ORDER),
    ("anthropic", "parallel_tools_after_thinking.sse", without(-1), finding.END),
    ("anthropic", "parallel_tools_after_thinking.sse", again(-1), finding.END),
    ("anthropic", "parallel_tools_after_thinking.sse", twice(-2), finding.END),
    ("anthropic", "text.sse", lambda events: [*events, ("", "[DONE]")], finding.END),
    ("anthropic", "parallel_tools_after_thinking.sse", without(-2), finding.FINISH),
    ("anthropic", "parallel_tools_after_thinking.sse", put(1, "index", value=5), finding.DENSE),
    (
        "anthropic",
        "parallel_tools_after_thinking.sse",
        put(2, "delta", "type", value="text_delta"),
        "deltas of the block's kind",
    ),
    ("anthropic", "parallel_tools_after_thinking.sse", named(0, "ping"), finding.NAMES),
    (
        "anthropic",
        "parallel_tools_after_thinking.sse",
        put(9, "content_block", "name", value=""),
        "calls begin with id and name",
    ),
    (
        "anthropic",
        "text.sse",
        lambda events: [event for event in events if event[0] != "content_block_delta"],
        finding.BLOCKS,
    ),
    ("anthropic", "parallel_tools_after_thinking.sse", without(12), finding.ARGUMENTS),
    (
        "anthropic",
        "text.sse",
        lambda events: put(0, "message", "usage", value=None)(put(-2, "usage", value=None)(events)),
        finding.USAGE,
    ),
    ("bedrock", "reasoning_and_parallel_tools.eventstream", without(0), finding.ORDER),
    ("bedrock", "reasoning_and_parallel_tools.eventstream", without(-2), finding.END),
    ("bedrock", "reasoning_and_parallel_tools.eventstream", again(-1), finding.END),
    ("bedrock", "reasoning_and_parallel_tools.eventstream", without(-2), finding.FINISH),
    ("bedrock", "reasoning_and_parallel_tools.eventstream", without(-1), finding.USAGE),
    ("bedrock", "reasoning_and_parallel_tools.eventstream", without(9), finding.ARGUMENTS),
    (
        "bedrock",
        "reasoning_and_parallel_tools.eventstream",
        put(7, "contentBlockStart", "start", "toolUse", "toolUseId", value=""),
        "calls begin with id and name",
    ),
    (
        "bedrock",
        "text.eventstream",
        put(1, "contentBlockDelta", "contentBlockIndex", value=4),
        finding.DENSE,
    ),
    (
        "bedrock",
        "reasoning_and_parallel_tools.eventstream",
        put(9, "contentBlockDelta", "delta", value={"text": "x"}),
        "deltas of the block's kind",
    ),
    ("gemini", "text.sse", without(-1), finding.END),
    ("gemini", "text.sse", again(-1), finding.ORDER),
    ("gemini", "text.sse", again(-1), finding.END),
    ("gemini", "text.sse", put(0, "candidates", 0, "index", value=2), finding.DENSE),
    ("gemini", "text.sse", put(1, "responseId", value="another"), finding.SAME),
    (
        "gemini",
        "text.sse",
        lambda events: [(name, {**payload, "usageMetadata": None}) for name, payload in events],
        finding.USAGE,
    ),
    (
        "gemini",
        "parallel_tools_after_thinking.sse",
        put(3, "candidates", 0, "content", "parts", 0, "functionCall", "name", value=""),
        "calls have a name",
    ),
    ("ollama", "text.ndjson", without(-1), finding.END),
    ("ollama", "text.ndjson", again(0), finding.END),
    ("ollama", "text.ndjson", put(-1, "done_reason", value=None), finding.FINISH),
    ("ollama", "text.ndjson", put(-1, "eval_count", value=None), finding.USAGE),
    (
        "ollama",
        "thinking_and_parallel_tools.ndjson",
        put(3, "message", "tool_calls", 0, "function", "name", value=""),
        "calls have a name",
    ),
]


def source(provider: str, name: str) -> Events:
    if provider != "openai-completions":
        return payloads(provider, name)
    pairs = recorded(provider, name, "completions")["events"]
    texts = [(pair["name"], pair["provider"].strip()) for pair in pairs if pair["provider"]]
    return [(kind, text if text == "[DONE]" else json.loads(text)) for kind, text in texts]


@pytest.mark.parametrize(
    ("provider", "name", "breaks", "rule"),
    [pytest.param(*case, id=f"{case[0]}: {case[3]} {n}") for n, case in enumerate(BROKEN)],
)
def test_a_broken_stream_is_found(provider: str, name: str, breaks: Callable[[Events], Events], rule: str) -> None:
    events = source(provider, name)
    good, bad = streamed(provider, events), streamed(provider, breaks(events))
    assert broken(good) == set()
    found = [line for line in lint(bad) if line["rule"] == rule and not line["ok"]]
    assert found
    assert all(line["detail"].endswith(".") and line["leg"] == "provider" for line in found)
    assert all(line["event"] is None or 0 <= line["event"] < len(bad["events"]) for line in found)


@pytest.mark.parametrize("provider", DIALECTS)
def test_an_answer_behind_the_end_is_recorded_and_found(provider: str) -> None:
    """Nobody reads it, and the client gets nothing of it; but Gemini has no mark behind which nothing is read."""
    client = "completions" if provider == "openai-completions" else "chat"
    path = next(path for path in (FIXTURES / provider).glob("text.*") if path.suffix in SUFFIXES)
    once, twice = (exchange(provider, path.read_bytes() * times, client) for times in (1, 2))
    assert provider == "gemini" or twice.client_stream() == once.client_stream()
    assert [each.provider for each in twice.events if each.provider] == 2 * [
        each.provider for each in once.events if each.provider
    ]
    assert ("provider", finding.END) in broken(twice.detail())
    assert not [leg for leg, _ in broken(twice.detail()) if leg == "client"]


def test_every_rule_of_a_stream_has_a_broken_one() -> None:
    families = {"openai": "chat", "openai-responses": "responses", "openai-completions": "completions"}
    tried = {(families.get(case[0], case[0]), case[3]) for case in BROKEN}
    shared = {  # rules that two dialects share, broken in one of them
        ("completions", rule) for rule in STREAMS["chat"]
    } | {("bedrock", rule) for rule in STREAMS["anthropic"]}
    rules = {(family, rule) for family, table in STREAMS.items() for rule in table}
    common = {(family, rule) for family, rule in rules if rule in (finding.READABLE, finding.ARGUMENTS)}
    assert rules - tried - shared <= common
    assert {rule for _, rule in common} <= {rule for _, rule in tried}


@pytest.mark.parametrize(
    ("events", "rule"),
    [
        pytest.param([("", {"choices": [{"index": 0, "delta": {"content": "x"}}]})], finding.END, id="no end"),
        pytest.param([("", "[DONE]"), ("", "[DONE]")], finding.END, id="two ends"),
    ],
)
def test_the_clients_leg_is_read_from_the_bytes_that_it_got(events: Events, rule: str) -> None:
    found = [line for line in lint(streamed("chat", events, "client")) if line["rule"] == rule]
    assert [(line["leg"], line["ok"]) for line in found[:1]] == [("client", False)]


@pytest.mark.parametrize("end", ["failed", "cancelled", "running"])
def test_of_an_answer_that_broke_off_no_end_is_expected(end: str) -> None:
    events = payloads("anthropic", "parallel_tools_after_thinking.sse")[:12]
    assert broken(streamed("anthropic", events, end=end)) == set()
    assert ("provider", finding.END) in broken(streamed("anthropic", events))


def test_events_that_were_not_kept_are_not_judged() -> None:
    detail = {**streamed("anthropic", payloads("anthropic", "text.sse")[3:]), "events_left_out": 3}
    lines = lint(detail)
    assert ("provider", "every event was kept") in broken(detail)
    assert not {line["rule"] for line in lines} & set(STREAMS["anthropic"])


def test_an_answer_that_was_dropped_is_not_judged() -> None:
    """Of two attempts only the events of the one that answered count."""
    events = payloads("anthropic", "text.sse")
    detail = streamed("anthropic", events[:4] + events)
    for number, pair in enumerate(detail["events"]):
        pair["attempt"] = 1 if number < 4 else 2
    assert broken(detail) == set()
    detail["events"][-1]["attempt"] = 1
    assert broken(detail)


def test_each_of_several_calls_is_an_answer() -> None:
    events = payloads("anthropic", "text.sse")
    detail = streamed("anthropic", [each for pair in zip(events, events, strict=True) for each in pair])
    assert broken(detail)
    for number, pair in enumerate(detail["events"]):
        pair["call"] = number % 2
    assert broken(detail) == set()


def test_the_findings_of_a_rule_are_bounded() -> None:
    detail = streamed("ollama", [("", {"done": True})] * 500)
    ends = [line for line in lint(detail) if line["rule"] == finding.END]
    assert len(ends) == MOST_FINDINGS


CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
USER = {"role": "user", "content": "x"}
CLAUDE_CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]}
CLAUDE_RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "1"}]}
GOOD_REQUESTS = [
    (
        "chat",
        {
            "messages": [
                USER,
                {"role": "assistant", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": ""},
            ]
        },
    ),
    ("chat", {"messages": [USER, {"role": "assistant", "tool_calls": [CALL]}]}),
    ("anthropic", {"messages": [USER, CLAUDE_CALL, CLAUDE_RESULT]}),
    (
        "responses",
        {
            "input": [
                {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
                {"type": "function_call", "call_id": "c2", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c1", "output": "1"},
                {"type": "function_call_output", "call_id": "c2", "output": "1"},
            ]
        },
    ),
    (
        "responses",
        {"previous_response_id": "r", "input": [{"type": "function_call_output", "call_id": "c1", "output": "1"}]},
    ),
    (
        "gemini",
        {
            "contents": [
                {"role": "user", "parts": [{"text": "x"}]},
                {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]},
            ]
        },
    ),
]
BAD_REQUESTS = [
    (
        "chat",
        {"messages": [{"role": "assistant", "tool_calls": [CALL]}, USER]},
        "calls have results",
        "messages[0].tool_calls[0]",
    ),
    (
        "chat",
        {"messages": [USER, {"role": "tool", "tool_call_id": "c9", "content": "x"}]},
        "results have calls",
        "messages[1].content",
    ),
    (
        "chat",
        {
            "messages": [
                USER,
                {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "{"}}]},
            ]
        },
        "arguments in the history are JSON",
        "messages[1].tool_calls[0]",
    ),
    (
        "chat",
        {"messages": [USER, {"role": "assistant", "content": None}]},
        "no empty blocks in the request",
        "messages[1]",
    ),
    (
        "chat",
        {"messages": [USER], "tools": [{"type": "function", "function": {"name": "f"}}] * 2},
        "tools have their own names",
        "tools[1]",
    ),
    (
        "responses",
        {"input": [{"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}, USER]},
        "calls have results",
        "input[0]",
    ),
    (
        "responses",
        {"input": [{"type": "function_call_output", "call_id": "c1", "output": "1"}]},
        "results have calls",
        "input[0].output",
    ),
    ("anthropic", {"messages": [USER, USER]}, "roles alternate", "messages[1]"),
    ("bedrock", {"messages": [{"role": "assistant", "content": [{"text": "x"}]}]}, "roles alternate", "messages[0]"),
    (
        "anthropic",
        {"messages": [USER, CLAUDE_CALL, {"role": "user", "content": "no"}, CLAUDE_RESULT]},
        "results follow their calls",
        "messages[3].content[0]",
    ),
    (
        "anthropic",
        {"messages": [{"role": "user", "content": [{"type": "text", "text": " "}]}]},
        "no empty blocks in the request",
        "messages[0].content[0]",
    ),
    ("gemini", {"contents": [{"role": "model", "parts": [{"text": "x"}]}]}, "roles alternate", "contents[0]"),
    ("ollama", {"messages": [{"role": "assistant", "content": None}]}, "no empty blocks in the request", "messages[0]"),
]


def asked(family: str, body: Any) -> dict[str, Any]:
    return {"provider_dialect": family, "end": "complete", "phases": {"provider_request": {"body": json.dumps(body)}}}


@pytest.mark.parametrize(("family", "body"), [pytest.param(*case, id=case[0]) for case in GOOD_REQUESTS])
def test_a_good_history_is_clean(family: str, body: Any) -> None:
    assert broken(asked(family, body)) == set()


@pytest.mark.parametrize(
    ("family", "body", "rule", "path"), [pytest.param(*case, id=f"{case[0]}: {case[2]}") for case in BAD_REQUESTS]
)
def test_a_broken_history_is_found_where_it_is(family: str, body: Any, rule: str, path: str) -> None:
    found = {(line["rule"], line["path"]) for line in lint(asked(family, body)) if not line["ok"]}
    assert (rule, path) in found


def test_every_rule_of_requests_has_a_broken_one() -> None:
    assert {case[2] for case in BAD_REQUESTS} == set(RULES)


GOOD_CALL = {"function": {"name": "f", "arguments": {}}}
WHOLE = [
    ("chat", {"choices": [{"message": {"tool_calls": [{**CALL, "function": {"name": "f", "arguments": "{"}}]}}]}),
    ("completions", {"choices": [{"text": "x"}]}),
    (
        "responses",
        {
            "status": "completed",
            "output": [{"type": "message", "content": []}, {"type": "function_call", "arguments": "{"}],
        },
    ),
    ("anthropic", {"type": "message", "content": [{"type": "tool_use", "input": "x"}, {"type": "text", "text": ""}]}),
    ("bedrock", {"output": {"message": {"content": [{"toolUse": {"input": "x"}}]}}}),
    ("gemini", {"candidates": [{"index": 1, "content": {"parts": [{"functionCall": {"args": "x"}}]}}]}),
    ("ollama", {"done": False, "message": {"tool_calls": [{"function": {"arguments": "x"}}]}}),
]


@pytest.mark.parametrize(("family", "body"), [pytest.param(*case, id=case[0]) for case in WHOLE])
def test_a_whole_answer_that_lacks_everything(family: str, body: Any) -> None:
    """It breaks nearly every rule; those that it cannot break are those of numbers and of one id."""
    detail = {
        "provider_dialect": family,
        "end": "complete",
        "phases": {"provider_response": {"body": json.dumps(body)}},
    }
    rules = {rule for _, rule in broken(detail)}
    spared = {
        finding.ORDER,
        finding.SAME,
        finding.DENSE,
        finding.END,
        finding.FINISH,
        finding.USAGE,
        finding.BLOCKS,
        "calls begin with id and name",
    }
    assert set(WHOLES[family]) - rules <= (spared if family in ("gemini", "ollama", "bedrock") else set())
    assert rules


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "messages",
                    "content",
                    "parts",
                    "contents",
                    "role",
                    "tools",
                    "tool_calls",
                    "function",
                    "input",
                    "type",
                    "id",
                    "choices",
                    "delta",
                    "index",
                    "candidates",
                    "message",
                    "output",
                    "item",
                    "response",
                    "usage",
                    "system",
                    "images",
                    "contentBlockDelta",
                    "contentBlockStart",
                    "content_block",
                    "output_index",
                    "finish_reason",
                    "error",
                )
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(request=JSON, whole=JSON, events=st.lists(JSON, max_size=4), dialect=st.sampled_from(sorted(STREAMS)))
def test_nothing_that_anybody_sends_is_an_exception(request: Any, whole: Any, events: list[Any], dialect: str) -> None:
    detail = streamed(dialect, [("", event) for event in events])
    detail["phases"] = {
        "provider_request": {"body": json.dumps(request)},
        "provider_response": {"body": json.dumps(whole) if not events else None},
    }
    assert isinstance(lint(detail), list)
    assert isinstance(analysed(detail, detail), dict)
