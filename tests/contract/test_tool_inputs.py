"""Tools whose parameters a provider refuses as they are: what is sent, and what the client gets back."""

import json
from typing import Any

import pytest

from translators import convert
from translators.convert import Converted

CLAUDES = [
    pytest.param("anthropic", "claude-sonnet-4-6", id="anthropic"),
    pytest.param("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", id="bedrock"),
]
KEYS = ("$top", "filter[id]", "user name")
PARAMETERS = {"type": "object", "properties": {key: {"type": "string"} for key in KEYS}, "required": ["$top"]}
CALL = {"$top": "1", "user name": "Ann", "kept": "k"}


def request_body(client: str, parameters: dict[str, Any], *, stream: bool) -> dict[str, Any]:
    """A conversation with a call in its history."""
    if client == "chat":
        call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps(CALL)}}
        messages = [
            {"role": "user", "content": "x"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": "ok"},
        ]
        tools = [{"type": "function", "function": {"name": "f", "parameters": parameters}}]
        return {"model": "m", "messages": messages, "tools": tools, "max_tokens": 100, "stream": stream}
    items = [
        {"role": "user", "content": "x"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": json.dumps(CALL)},
        {"type": "function_call_output", "call_id": "c", "output": "ok"},
    ]
    tool = {"type": "function", "name": "f", "parameters": parameters, "strict": False}
    return {"model": "m", "input": items, "tools": [tool], "max_output_tokens": 100, "stream": stream}


def schema_and_input(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    if "toolConfig" in body:
        return body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"], next(
            block["toolUse"]["input"] for each in body["messages"] for block in each["content"] if "toolUse" in block
        )
    return body["tools"][0]["input_schema"], next(
        block["input"] for each in body["messages"] for block in each["content"] if block["type"] == "tool_use"
    )


def answer(provider: str, given: dict[str, Any]) -> dict[str, Any]:
    if provider == "bedrock":
        use = {"toolUse": {"toolUseId": "t", "name": "f", "input": given}}
        usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
        message = {"message": {"role": "assistant", "content": [use]}}
        return {"output": message, "stopReason": "tool_use", "usage": usage}
    block = {"type": "tool_use", "id": "t", "name": "f", "input": given}
    return {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "c",
        "content": [block],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def client_output(conversion: Converted, body: dict[str, Any], *, stream: bool) -> str:
    answered = convert.answer(json.dumps(body).encode(), request=conversion, stream=stream)
    assert answered.failure is None
    return answered.body.decode()


def arguments(client: str, out: str, *, stream: bool) -> Any:
    if not stream:
        whole = json.loads(out)
        if client == "chat":
            return json.loads(whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"])
        return json.loads(next(item for item in whole["output"] if item["type"] == "function_call")["arguments"])
    payloads = [json.loads(line[6:]) for line in out.splitlines() if line.startswith("data: {")]
    if client == "chat":
        deltas = [choice["delta"] for each in payloads for choice in each["choices"]]
        calls = [call for delta in deltas for call in delta.get("tool_calls") or ()]
        return json.loads("".join(call["function"].get("arguments") or "" for call in calls))
    return json.loads("".join(each["delta"] for each in payloads if each["type"].endswith("arguments.delta")))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("client", ["chat", "responses"])
@pytest.mark.parametrize(("provider", "model"), CLAUDES)
def test_keys_that_claude_refuses_come_back_as_the_client_wrote_them(
    provider: str, model: str, client: str, stream: bool
) -> None:
    conversion = convert.request(
        request_body(client, PARAMETERS, stream=stream), client=client, provider=provider, model=model
    )
    schema, given = schema_and_input(conversion.calls[0].body)
    wire = dict(zip(KEYS, schema["properties"], strict=True))
    assert all(key.replace("_", "").replace("-", "").isalnum() and len(key) <= 64 for key in wire.values())
    assert schema["required"] == [wire["$top"]]
    assert given == {wire["$top"]: "1", wire["user name"]: "Ann", "kept": "k"}
    assert ("tools[0].parameters.properties", "approximated") in [(n.path, n.fate) for n in conversion.notes]
    out = client_output(
        conversion, answer(provider, {wire["filter[id]"]: "7", wire["$top"]: "2", "new": {}}), stream=stream
    )
    assert arguments(client, out, stream=stream) == {"filter[id]": "7", "$top": "2", "new": {}}


@pytest.mark.parametrize("union", ["anyOf", "oneOf", "allOf"])
@pytest.mark.parametrize("strict", [False, True], ids=["loose", "strict"])
@pytest.mark.parametrize(("provider", "model"), CLAUDES)
def test_alternatives_at_the_root_are_merged(provider: str, model: str, strict: bool, union: str) -> None:
    properties = {"a": {"type": "string"}, "b": {"type": "string"}}
    parameters = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        union: [{"required": ["a"]}, {"required": ["b"]}],
    }
    wire = request_body("chat", parameters, stream=False)
    wire["tools"][0]["function"]["strict"] = strict
    conversion = convert.request(wire, client="chat", provider=provider, model=model)
    schema, _ = schema_and_input(conversion.calls[0].body)
    assert not schema.keys() & {"anyOf", "oneOf", "allOf"}
    assert schema["properties"] == properties
    assert schema.get("required", []) == (["a", "b"] if union == "allOf" else [])
    noted = [note for note in conversion.notes if note.path == "tools[0].parameters"]
    assert [note.fate for note in noted] == ([] if union == "allOf" else ["approximated"])
    assert ("must fit" in schema.get("description", "")) == (union != "allOf")
