"""Where gateways lose or change a chat on its way: every row is tried on every provider."""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from samples import COMPLETE, ENVELOPE, SAME_ANSWERS, chat_payloads, translate
from test_requests import MODELS

from translators.clients import chat
from translators.dialects import Model, Recall, Rendered
from translators.errors import BadRequest
from translators.events import Noted, ToolCallStarted
from translators.pipe import Pipe
from translators.registry import PROVIDERS

Body = dict[str, Any]
ASKING = {"role": "user", "content": "hi"}
ARGUMENTS = {"a": [1, {"b": "c"}]}

every_provider = pytest.mark.parametrize("provider", sorted(MODELS))


def rendered(provider: str, *messages: Body, **fields: Any) -> Rendered:
    body = {"model": "m", "messages": [ASKING, *messages], "max_tokens": 4000, **fields}
    before = copy.deepcopy(body)
    request = chat.parse(body)
    outgoing = PROVIDERS[provider].render(request.conversation, Model(MODELS[provider][0]))
    assert body == before
    notes = tuple(note for note in request.notes if note not in outgoing.notes)
    return replace(outgoing, notes=(*notes, *outgoing.notes))


def unless_refused(param: str, provider: str, *messages: Body, **fields: Any) -> Rendered | None:
    """Return None where an error names the client's own path as unsupported, which is honest, too."""
    try:
        return rendered(provider, *messages, **fields)
    except BadRequest as refused:
        if (refused.failure.param or "").startswith(param):
            return None
        raise


def function(name: str, **more: Any) -> Body:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}, **more}}


def called(*calls: tuple[str, str], text: str | None = None) -> Body:
    """An assistant's message with calls of these ids and names."""
    written = [
        {"id": id, "type": "function", "function": {"name": name, "arguments": json.dumps(ARGUMENTS)}}
        for id, name in calls
    ]
    return {"role": "assistant", "content": text, "tool_calls": written}


def result(id: str, content: Any = "done") -> Body:
    return {"role": "tool", "tool_call_id": id, "content": content}


# --- what a provider is sent, read back ---------------------------------------------------------------


@dataclass
class Wire:
    """Calls and results as any provider has them; a function's arguments parsed."""

    calls: list[tuple[Any, str, Any]] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)


def objects(value: Any) -> Iterator[Body]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def wire(body: Body) -> Wire:
    result = Wire()
    for each in objects(body):
        match each:
            case {"type": "tool_use", "id": id, "name": name, "input": arguments}:
                result.calls.append((id, name, arguments))
            case {"toolUse": {"toolUseId": id, "name": name, "input": arguments}}:
                result.calls.append((id, name, arguments))
            case {"functionCall": {"name": name, "args": arguments} as call}:
                result.calls.append((call.get("id"), name, arguments))
            case {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}:
                result.calls.append((id, name, json.loads(arguments)))
            case {"id": id, "function": {"name": name, "arguments": arguments}}:
                parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
                result.calls.append((id, name, parsed))
            case {"type": "tool_result", "tool_use_id": id} | {"toolResult": {"toolUseId": id}}:
                result.results.append(id)
            case {"type": "function_call_output", "call_id": id} | {"role": "tool", "tool_call_id": id}:
                result.results.append(id)
            case {"functionResponse": {"id": id}}:
                result.results.append(id)
            case {"type": "function", "function": {"name": name}} | {"toolSpec": {"name": name}}:
                result.declared.append(name)
            case {"type": "function", "name": name} | {"name": name, "input_schema": _}:
                result.declared.append(name)
            case {"functionDeclarations": [*declarations]}:
                result.declared += [declaration["name"] for declaration in declarations]
    return result


def texts(body: Body) -> list[str]:
    """Every text of a request, wherever it stands."""
    values = [value for each in objects(body) for value in each.values()]
    several = [value for each in values if isinstance(each, list) for value in each]
    return [value for value in (*values, *several) if isinstance(value, str)]


# --- calls and their results --------------------------------------------------------------------------


@every_provider
def test_trap_24_identical_calls_stay_two(provider: str) -> None:
    parsed = wire(
        rendered(provider, called(("x", "f"), ("y", "f")), result("y"), result("x"), tools=[function("f")]).body
    )
    assert [(name, arguments) for _, name, arguments in parsed.calls] == [("f", ARGUMENTS)] * 2
    assert sorted(parsed.results) == sorted({id for id, _, _ in parsed.calls}) == ["x", "y"]


@every_provider
def test_trap_22_a_call_of_2023_and_its_result_share_an_id(provider: str) -> None:
    messages = [
        message
        for number in ("1", "2")
        for message in (
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": number},
        )
    ]
    parsed = wire(rendered(provider, *messages, functions=[{"name": "f"}]).body)
    assert [id for id, _, _ in parsed.calls] == parsed.results
    assert len(set(parsed.results)) == 2


@every_provider
def test_trap_38_ids_and_names_that_are_nearly_alike_stay_apart(provider: str) -> None:
    ids = ["a.b", "a:b", "a/b", "a b", "a_b", "x" * 70 + "1", "x" * 70 + "2"]
    names = ["m.f", "m/f", "m_f", "n" * 100 + "1", "n" * 100 + "2"]
    calls = called(*((id, names[place % len(names)]) for place, id in enumerate(ids)))
    outgoing = rendered(
        provider, calls, *(result(id) for id in reversed(ids)), tools=[function(name) for name in names]
    )
    parsed = wire(outgoing.body)
    assert sorted(parsed.results) == sorted(id for id, _, _ in parsed.calls)
    assert len(set(parsed.results)) == len(ids)
    assert [outgoing.recall.names.get(name, name) for name in parsed.declared] == names
    assert [outgoing.recall.names.get(name, name) for _, name, _ in parsed.calls] == [
        names[place % len(names)] for place in range(len(ids))
    ]


@every_provider
def test_trap_25_a_result_that_is_json_stays_as_it_is(provider: str) -> None:
    content = '{"error": "none", "output": [1], "name": "f", "parts": []}'
    body = rendered(provider, called(("x", "f")), result("x", content), tools=[function("f")]).body
    assert content in texts(body)
    assert len(wire(body).results) == 1


@every_provider
def test_trap_19_text_beside_calls_stays(provider: str) -> None:
    body = rendered(provider, called(("x", "f"), text="First a look."), result("x"), tools=[function("f")]).body
    assert "First a look." in texts(body)
    assert len(wire(body).calls) == 1


@every_provider
def test_trap_14_custom_calls_keep_their_results(provider: str) -> None:
    call = {"id": "x", "type": "custom", "custom": {"name": "write", "input": "free 'text'\n"}}
    tool = {"type": "custom", "custom": {"name": "write"}}
    messages = [{"role": "assistant", "content": None, "tool_calls": [call]}, result("x")]
    outgoing = rendered(provider, *messages, tools=[tool])
    if "write" in outgoing.recall.custom:
        parsed = wire(outgoing.body)
        assert [(name, arguments) for _, name, arguments in parsed.calls] == [("write", {"input": "free 'text'\n"})]
        assert parsed.results == [id for id, _, _ in parsed.calls]
    else:
        assert "free 'text'\n" in texts(outgoing.body)


# --- messages and content -----------------------------------------------------------------------------


@every_provider
def test_trap_19_no_instruction_is_lost(provider: str) -> None:
    instructions = [{"role": role, "content": f"Rule {n}."} for n, role in enumerate(("system", "developer", "system"))]
    body = rendered(provider, instructions[0], {"role": "assistant", "content": "Yes?"}, *instructions[1:], ASKING).body
    outgoing = json.dumps(body)
    places = [outgoing.find(f"Rule {n}.") for n in range(3)]
    assert -1 not in places
    assert places == sorted(places)


@every_provider
def test_trap_23_a_refusal_of_the_assistants_stays(provider: str) -> None:
    refused = {"role": "assistant", "content": [{"type": "refusal", "refusal": "I would rather not."}]}
    assert "I would rather not." in texts(rendered(provider, refused, ASKING).body)


@every_provider
def test_trap_21_nothing_is_said_for_who_said_nothing(provider: str) -> None:
    empty: list[Body] = [{"role": "assistant", "content": ""}, {"role": "user", "content": ""}]
    outgoing = rendered(provider, *empty, {"role": "user", "content": "Are you there?"})
    without = rendered(provider, {"role": "user", "content": "Are you there?"})
    assert set(texts(outgoing.body)) - {"", "assistant"} == set(texts(without.body)) - {""}


@every_provider
@pytest.mark.parametrize(
    "part",
    [
        pytest.param({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}, id="audio"),
        pytest.param({"type": "image_url", "image_url": {"url": "https://e.example/a.png"}}, id="an image's address"),
        pytest.param({"type": "file", "file": {"file_id": "file-1"}}, id="an upload"),
        pytest.param(
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"}},
            id="a file",
        ),
    ],
)
def test_trap_17_no_part_is_lost(provider: str, part: Body) -> None:
    content = [{"type": "text", "text": "Look:"}, part]
    outgoing = unless_refused("messages[1].content[1]", provider, {"role": "user", "content": content})
    sent = [] if outgoing is None else texts(outgoing.body)
    # only OpenAI takes `data:...;base64,` before the data
    values = [value.rpartition("base64,")[2] if "openai" in provider else value for value in sent]
    assert outgoing is None or {"UklGRg==", "https://e.example/a.png", "file-1", "JVBERi0="} & set(values)


# --- options ------------------------------------------------------------------------------------------


@every_provider
def test_trap_20_a_stop_is_a_list(provider: str) -> None:
    outgoing = rendered(provider, stop="END")
    values = [value for each in objects(outgoing.body) for value in each.values()]
    assert ["END"] in values or outgoing.recall.stops == ("END",)
    assert "END" not in values


@every_provider
@pytest.mark.parametrize("choice", ["none", "required", "named", "some"])
def test_traps_12_and_13_a_choice_of_tools_is_never_silently_auto(provider: str, choice: str) -> None:
    named = {"type": "function", "function": {"name": "g"}}
    choices = {"named": named, "some": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named]}}}
    tools = [function("f"), function("g")]
    chosen = unless_refused("tool_choice", provider, tools=tools, tool_choice=choices.get(choice, choice))
    assert chosen is None or chosen.body != rendered(provider, tools=tools).body


@every_provider
def test_trap_15_a_parameter_called_strict_stays(provider: str) -> None:
    schema = {
        "type": "object",
        "properties": {"strict": {"type": "boolean"}, "level": {"type": "integer", "enum": [1, 2]}},
        "required": ["strict", "level"],
        "additionalProperties": False,
    }
    body = rendered(provider, tools=[function("f", parameters=schema, strict=True)]).body
    [sent] = [each for each in objects(body) if {"properties", "required"} <= each.keys()]
    assert sent["required"] == schema["required"]
    assert sent["properties"]["strict"] == {"type": "boolean"}
    assert sent["properties"]["level"]["enum"] == [1, 2]


@every_provider
def test_trap_16_a_map_is_not_closed(provider: str) -> None:
    map_ = {"type": "object", "additionalProperties": {"type": "string"}}
    schema = {"type": "object", "properties": {"m": map_}, "required": ["m"], "additionalProperties": False}
    outgoing = rendered(provider, tools=[function("f", parameters=schema, strict=True)])
    assert map_ in list(objects(outgoing.body))


@every_provider
def test_traps_30_and_45_nothing_is_asked_for_that_nobody_asked_for(provider: str) -> None:
    body = rendered(provider, service_tier="auto").body
    assert "priority" not in texts(body)
    assert body.keys() <= {
        "model", "messages", "contents", "input", "max_tokens", "max_completion_tokens", "max_output_tokens",
        "inferenceConfig", "generationConfig", "options", "stream", "service_tier", "anthropic_version", "truncate",
        "shift", "include", "store",
    }  # fmt: skip


@every_provider
def test_traps_31_36_41_and_42_what_is_bent_is_said(provider: str) -> None:
    fields = {"temperature": 1.7, "user": "me@e.example", "seed": 7, "verbosity": "low", "parallel_tool_calls": False}
    outgoing = rendered(provider, tools=[function("f"), function("g")], **fields)
    noted = {note.path for note in outgoing.notes}
    for name, value in fields.items():
        with_it = rendered(provider, tools=[function("f"), function("g")], **{name: value})
        as_it_is = any(value in each.values() and type(value) is not bool for each in objects(with_it.body))
        carried = with_it.body != rendered(provider, tools=[function("f"), function("g")]).body
        assert name in noted or as_it_is or (carried and name == "parallel_tool_calls")


@every_provider
@pytest.mark.parametrize("kind", ["json_object", "json_schema"])
def test_trap_32_an_answer_in_json_is_always_asked_for(provider: str, kind: str) -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    more = {"json_schema": {"name": "n", "schema": schema}} if kind == "json_schema" else {}
    assert rendered(provider, response_format={"type": kind, **more}).body != rendered(provider).body


# --- answers ------------------------------------------------------------------------------------------

complete = pytest.mark.parametrize("name", sorted(COMPLETE))


UNCOUNTED = {"openai/azure_filtered.sse", "openai/no_terminator.sse", "openai/odd_but_readable.sse"}
"""Recordings that do not say what the answer cost."""


@pytest.mark.parametrize("name", sorted(COMPLETE.keys() - UNCOUNTED))
def test_trap_33_usage_adds_up(name: str) -> None:
    provider, data = COMPLETE[name]
    usage = json.loads(translate(provider, "chat", data, streamed=False)[0])["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    prompt, completion = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    assert (prompt.get("cached_tokens") or 0) + (prompt.get("cache_write_tokens") or 0) <= usage["prompt_tokens"]
    assert (completion.get("reasoning_tokens") or 0) <= usage["completion_tokens"]


@complete
def test_trap_34_usage_comes_last_and_only_where_it_is_requested(name: str) -> None:
    provider, data = COMPLETE[name]
    for requested in (True, False):
        pipe = Pipe(
            PROVIDERS[provider].answer(Recall()),
            chat.streamed(chat.Form(usage=requested), ENVELOPE),
            framing=PROVIDERS[provider].framing,
        )
        payloads = chat_payloads(pipe.feed(data) + pipe.close())
        with_usage = [place for place, payload in enumerate(payloads) if payload.get("usage")]
        last = [len(payloads) - 1] if requested and name not in UNCOUNTED else []
        assert with_usage == last, requested
        assert all(payloads[place]["choices"] == [] for place in with_usage)


@complete
def test_traps_7_and_8_a_finished_choice_says_why_in_openais_words(name: str) -> None:
    provider, data = COMPLETE[name]
    for choice in json.loads(translate(provider, "chat", data, streamed=False)[0])["choices"]:
        assert choice["finish_reason"] in ("stop", "length", "tool_calls", "content_filter")
        calls = choice["message"].get("tool_calls")
        assert (choice["finish_reason"] == "tool_calls") <= bool(calls)
        assert not calls or choice["finish_reason"] != "stop"


CLAUDE = {"id": "a", "name": "f", "input": {}}
BEDROCK = {"toolUse": {"toolUseId": "a", "name": "f", "input": {}}}
GEMINI = {"functionCall": {"id": "a", "name": "f"}}
RESPONSES = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
OTHERS = {"id": "a", "type": "function", "function": {"name": "f", "arguments": {}}}
TWICE = {
    "anthropic": {"type": "message", "content": [{"type": "tool_use", **CLAUDE}] * 2, "stop_reason": "tool_use"},
    "bedrock": {"output": {"message": {"content": [BEDROCK, BEDROCK]}}, "stopReason": "tool_use"},
    "gemini": {"candidates": [{"content": {"parts": [GEMINI, GEMINI]}, "finishReason": "STOP"}]},
    "openai": {"choices": [{"message": {"tool_calls": [OTHERS, OTHERS]}, "finish_reason": "tool_calls"}]},
    "openai-responses": {"output": [RESPONSES, RESPONSES], "status": "completed"},
    "ollama": {"message": {"content": "", "tool_calls": [OTHERS, OTHERS]}, "done": True, "done_reason": "stop"},
}
"""By provider dialect, a whole answer with two calls that are alike, down to their ids."""


@pytest.mark.parametrize("provider", sorted(TWICE.keys() | PROVIDERS.keys() - SAME_ANSWERS.keys()))
def test_trap_24_an_answers_identical_calls_stay_two(provider: str) -> None:
    events = list(PROVIDERS[provider].answer(Recall("m")).whole(TWICE[provider]))
    calls = [event for event in events if isinstance(event, ToolCallStarted)]
    assert [(call.index, call.name) for call in calls] == [(0, "f"), (1, "f")]
    assert calls[0].id == "a" != calls[1].id
    assert any(isinstance(event, Noted) for event in events) or provider in ("gemini", "ollama")  # ids are rare there


@complete
def test_trap_26_an_id_is_no_place_for_anything_else(name: str) -> None:
    provider, data = COMPLETE[name]
    for choice in json.loads(translate(provider, "chat", data, streamed=False)[0])["choices"]:
        ids = [call["id"] for call in choice["message"].get("tool_calls") or ()]
        assert all(re.fullmatch("[a-zA-Z0-9_.:-]{1,64}", id) for id in ids)
        assert len(set(ids)) == len(ids)
