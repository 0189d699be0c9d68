"""What a provider cannot do and the gateway does for it: stop sequences, and answers that are held to a schema."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from translators import convert
from translators.convert import Converted

HI = {"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 100}
BOTH_FORMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
THOUGHT = "Thought: a\nObservation: 14"
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
FORMAT = {"type": "json_schema", "json_schema": {"name": "r", "strict": True, "schema": SCHEMA}}
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
Block = dict[str, Any]


def text(value: str) -> Block:
    return {"type": "text", "text": value}


def call(name: str, given: Any) -> Block:
    return {"type": "tool_use", "id": f"t_{name}", "name": name, "input": given}


def claude(content: Sequence[Block], reason: str) -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 9}
    head = {"id": "m", "type": "message", "role": "assistant", "model": "m"}
    return {**head, "content": list(content), "stop_reason": reason, "usage": usage}


def bedrock(content: Sequence[Block], reason: str) -> dict[str, Any]:
    blocks = [
        {"text": block["text"]}
        if block["type"] == "text"
        else {"toolUse": {"toolUseId": block["id"], "name": block["name"], "input": block["input"]}}
        for block in content
    ]
    usage = {"inputTokens": 3, "outputTokens": 9, "totalTokens": 12}
    return {"output": {"message": {"role": "assistant", "content": blocks}}, "stopReason": reason, "usage": usage}


def responses(content: Sequence[Block], reason: str) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": block["text"], "annotations": []} for block in content]
    item = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": parts}
    usage = {"input_tokens": 3, "output_tokens": 9, "total_tokens": 12}
    return {"id": "r", "object": "response", "status": "completed", "model": "m", "output": [item], "usage": usage}


ANSWERS = {"anthropic": claude, "bedrock": bedrock, "openai-responses": responses}


def client_answer(conversion: Converted, body: dict[str, Any], *, stream: bool) -> dict[str, Any]:
    """The chat client's answer: content, calls, finish_reason and the tokens of it."""
    answered = convert.answer(json.dumps(body).encode(), request=conversion, stream=stream)
    assert answered.failure is None
    out = answered.body.decode()
    if not stream:
        whole = json.loads(out)
        message = whole["choices"][0]["message"]
        functions = [each["function"] for each in message.get("tool_calls", ())]
        return {
            "content": message["content"] or "",
            "calls": [(function["name"], function["arguments"]) for function in functions],
            "finish": whole["choices"][0]["finish_reason"],
            "tokens": whole["usage"]["completion_tokens"],
        }
    payloads = [json.loads(line[6:]) for line in out.splitlines() if line.startswith("data: {")]
    choices = [choice for each in payloads for choice in each["choices"]]
    pieces = [piece for each in choices for piece in each["delta"].get("tool_calls", ())]
    calls: dict[int, list[str]] = {}
    for piece in pieces:
        known = calls.setdefault(piece["index"], ["", ""])
        known[0] += piece["function"].get("name") or ""
        known[1] += piece["function"].get("arguments") or ""
    assert sorted(calls) == list(range(len(calls)))
    return {
        "content": "".join(each["delta"].get("content") or "" for each in choices),
        "calls": [(name, given) for name, given in calls.values()],
        "finish": next(each["finish_reason"] for each in choices if each["finish_reason"]),
        "tokens": payloads[-1]["usage"]["completion_tokens"],
    }


def chat(provider: str, model: str, *, stream: bool, **fields: Any) -> Converted:
    more = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    return convert.request({**HI, **fields, **more}, client="chat", provider=provider, model=model)


STOPS = [
    pytest.param("openai-responses", "gpt-5.5", ["\nObservation:"], id="the provider has none"),
    pytest.param("anthropic", "claude-sonnet-4-6", ["\n"], id="white space"),
    pytest.param("bedrock", "us.anthropic.claude-sonnet-4-6", ["\n"], id="white space at Bedrock"),
]


@BOTH_FORMS
@pytest.mark.parametrize(("provider", "model", "stops"), STOPS)
def test_the_text_ends_at_a_stop_sequence(provider: str, model: str, stops: list[str], stream: bool) -> None:
    conversion = chat(provider, model, stream=stream, stop=stops)
    assert ("stop", "approximated") in [(note.path, note.fate) for note in conversion.notes]
    assert json.dumps(stops[-1]) not in json.dumps(conversion.calls[0].body)
    answer = client_answer(conversion, ANSWERS[provider]([text(THOUGHT)], "end_turn"), stream=stream)
    assert answer == {"content": "Thought: a", "calls": [], "finish": "stop", "tokens": 9}


UNHELD = [
    pytest.param("anthropic", "claude-sonnet-4", {}, id="Claude 4"),
    pytest.param("anthropic", "claude-3-5-haiku", {"reasoning_effort": "low"}, id="Claude that cannot think"),
    pytest.param("anthropic", "llama-behind-messages", {}, id="a server of Anthropic's format"),
    pytest.param("bedrock", "anthropic.claude-sonnet-4-20250514-v1:0", {}, id="Claude 4 at Bedrock"),
    pytest.param("bedrock", "amazon.nova-pro-v1:0", {}, id="Nova"),
]


def declared(body: dict[str, Any]) -> tuple[list[tuple[str, Any]], Any]:
    """Names and schemas of the tools of a request, and its tool choice."""
    if "toolConfig" in body:
        specs = [tool["toolSpec"] for tool in body["toolConfig"]["tools"] if "toolSpec" in tool]
        return [(spec["name"], spec["inputSchema"]["json"]) for spec in specs], body["toolConfig"]["toolChoice"]
    return [(tool["name"], tool["input_schema"]) for tool in body["tools"]], body["tool_choice"]


@BOTH_FORMS
@pytest.mark.parametrize(("provider", "model", "more"), UNHELD)
def test_a_schema_is_kept_to_through_a_tool(provider: str, model: str, more: dict[str, Any], stream: bool) -> None:
    conversion = chat(provider, model, stream=stream, response_format=FORMAT, **more)
    tools, choice = declared(conversion.calls[0].body)
    assert tools == [("answer", SCHEMA)]
    assert choice in ({"type": "tool", "name": "answer"}, {"tool": {"name": "answer"}})
    assert ("response_format", "approximated") in [(note.path, note.fate) for note in conversion.notes]
    answer = client_answer(conversion, ANSWERS[provider]([call("answer", {"a": 1})], "tool_use"), stream=stream)
    assert json.loads(answer.pop("content")) == {"a": 1}
    assert answer == {"calls": [], "finish": "stop", "tokens": 9}


@BOTH_FORMS
@pytest.mark.parametrize(
    ("content", "reason", "expected"),
    [
        pytest.param(
            [text("Here:"), call("answer", {"a": 1})], "tool_use", ('{"a":1}', [], "stop"), id="words beside it"
        ),
        pytest.param([text("No.")], "end_turn", ("No.", [], "stop"), id="words alone"),
        pytest.param([call("look", {})], "tool_use", ("", [("look", "{}")], "tool_calls"), id="another tool"),
        pytest.param(
            [text("I look."), call("look", {}), call("answer", {"a": 1})],
            "tool_use",
            ('I look.{"a":1}', [("look", "{}")], "tool_calls"),
            id="another tool first",
        ),
        pytest.param(
            [call("answer", {"a": 1}), call("look", {}), call("answer", {"a": 2})],
            "tool_use",
            ('{"a":1}', [("look", "{}")], "tool_calls"),
            id="two answers",
        ),
        pytest.param([call("answer", {"a": 1})], "max_tokens", ('{"a":1}', [], "length"), id="cut"),
    ],
)
def test_what_a_model_may_do_with_the_tool(
    content: list[Block], reason: str, expected: tuple[str, list[tuple[str, str]], str], stream: bool
) -> None:
    conversion = chat("anthropic", "claude-sonnet-4", stream=stream, response_format=FORMAT, tools=[LOOK])
    tools, choice = declared(conversion.calls[0].body)
    assert [name for name, _ in tools] == ["look", "answer"]
    assert choice == {"type": "any"}
    answer = client_answer(conversion, claude(content, reason), stream=stream)
    assert (answer["content"].replace('"a": 1', '"a":1'), answer["calls"], answer["finish"]) == expected


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        pytest.param("claude-sonnet-4", {"reasoning_effort": "high"}, id="thinks"),
        pytest.param("claude-sonnet-4", {"tools": [LOOK], "tool_choice": "required"}, id="must call another tool"),
        pytest.param("claude-sonnet-4", {"response_format": {"type": "json_object"}}, id="any object"),
    ],
)
def test_else_it_is_asked_for_in_words(model: str, fields: dict[str, Any]) -> None:
    conversion = chat("anthropic", model, stream=False, **{"response_format": FORMAT, **fields})
    assert "answer" not in [tool["name"] for tool in conversion.calls[0].body.get("tools", ())]
    assert "JSON" in json.dumps(conversion.calls[0].body["system"])


def test_the_tool_has_a_name_of_its_own() -> None:
    mine = {"type": "function", "function": {"name": "answer"}}
    conversion = chat("anthropic", "claude-sonnet-4", stream=False, response_format=FORMAT, tools=[mine])
    assert [tool["name"] for tool in conversion.calls[0].body["tools"]] == ["answer", "answer_2"]
