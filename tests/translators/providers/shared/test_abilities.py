"""Models that read text only or call no tools, wherever a table of theirs says so."""

from typing import Any

import pytest

from routing.catalogue import EMBEDDED
from translators.clients import chat, responses
from translators.dialects import ClientDialect, Model, Rendered
from translators.errors import BadRequest
from translators.registry import PROVIDERS

NEITHER = {"tools": False, "media": False}
FAMILIES = pytest.mark.parametrize(
    ("provider", "overrides"),
    [
        pytest.param("anthropic", EMBEDDED, id="embedded"),
        pytest.param("anthropic", NEITHER, id="anthropic"),
        pytest.param("vertex-anthropic", NEITHER, id="vertex"),
        pytest.param("bedrock", NEITHER, id="bedrock"),
    ],
)
HI: dict[str, Any] = {"role": "user", "content": "hi"}
LOOK = {"name": "look", "parameters": {"type": "object", "properties": {}}}
PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0="
CALL = {"id": "x", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}


def rendered(client: ClientDialect, body: dict[str, Any], provider: str, overrides: Any) -> Rendered:
    parsed = client.parse({"model": "m", **body})
    return PROVIDERS[provider].render(parsed.conversation, Model("some-model", overrides))


def content(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, *parts]}]}


CHAT_TOOLS = {"messages": [HI], "tools": [{"type": "function", "function": LOOK}]}
RESPONSES_TOOLS = {"input": "hi", "tools": [{"type": "function", **LOOK}]}


@FAMILIES
@pytest.mark.parametrize(
    ("client", "body", "param", "code"),
    [
        pytest.param(
            chat, content({"type": "image_url", "image_url": {"url": PNG}}), "messages[0].content[1]",
            "unsupported_content", id="an image",
        ),
        pytest.param(
            chat, content({"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}}), "messages[0].content[1]",
            "unsupported_content", id="a file",
        ),
        pytest.param(
            responses, {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": PNG}]}]},
            "input[0].content[0]", "unsupported_content", id="an image, responses",
        ),
        pytest.param(
            responses,
            {"input": [{"type": "function_call", "call_id": "x", "name": "f", "arguments": "{}"},
                       {"type": "function_call_output", "call_id": "x",
                        "output": [{"type": "input_image", "image_url": PNG}]}]},
            "input[1].output[0]", "unsupported_content", id="an image in a result",
        ),
        pytest.param(chat, {**CHAT_TOOLS, "tool_choice": "required"}, "tool_choice", "unsupported_parameter",
                     id="a call is required"),
        pytest.param(
            chat, {**CHAT_TOOLS, "tool_choice": {"type": "function", "function": {"name": "look"}}}, "tool_choice",
            "unsupported_parameter", id="one call is required",
        ),
        pytest.param(responses, {**RESPONSES_TOOLS, "tool_choice": "required"}, "tool_choice", "unsupported_parameter",
                     id="a call is required, responses"),
    ],
)  # fmt: skip
def test_what_is_refused(
    client: ClientDialect, body: dict[str, Any], param: str, code: str, provider: str, overrides: Any
) -> None:
    with pytest.raises(BadRequest) as refused:
        rendered(client, body, provider, overrides)
    failure = refused.value.failure
    assert (failure.status, failure.code) == (400, code)
    assert (failure.param or "").startswith(param)


@FAMILIES
@pytest.mark.parametrize("client", [chat, responses], ids=["chat", "responses"])
@pytest.mark.parametrize("choice", [None, "auto", "none"])
def test_tools_are_left_out(client: ClientDialect, choice: str | None, provider: str, overrides: Any) -> None:
    body = {**(CHAT_TOOLS if client is chat else RESPONSES_TOOLS), "tool_choice": choice, "parallel_tool_calls": False}
    body = {key: value for key, value in body.items() if value is not None}
    result = rendered(client, body, provider, overrides)
    assert "look" not in repr(result.body)
    assert [note for note in result.notes if (note.path, note.fate) == ("tools", "dropped")]


@FAMILIES
def test_calls_of_the_past_are_told_as_text(provider: str, overrides: Any) -> None:
    history = [HI, CALLED, {"role": "tool", "tool_call_id": "x", "content": "a tree"}, HI]
    result = rendered(chat, {"messages": history}, provider, overrides)
    assert not {"tools", "tool_choice", "toolConfig"} & result.body.keys()
    assert [
        (message["role"], [part["text"] for part in message["content"]]) for message in result.body["messages"]
    ] == [
        ("user", ["hi"]),
        ("assistant", ["look: {}"]),
        ("user", ["a tree", "hi"]),
    ]
    paths = [note.path for note in result.notes if note.fate == "approximated"]
    assert paths == ["messages[1].tool_calls[0]", "messages[2]"]
