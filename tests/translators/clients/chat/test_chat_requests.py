"""What a chat request means: every field and every form of a message, compared whole."""

import copy
from typing import Any

import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

from translators.clients import chat
from translators.clients.chat import Form
from translators.clients.chat.shapes.request import Request
from translators.conversation import (
    Audio,
    Cache,
    Conversation,
    CustomTool,
    Document,
    Foreign,
    FunctionTool,
    Image,
    Inline,
    Link,
    Option,
    OutputFormat,
    PromptCache,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Text,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    Upload,
    WebSearch,
)
from translators.dialects import ParsedRequest
from translators.notes import Note

HI = {"role": "user", "content": "hi"}
HI_TURN = Turn("user", (Text("hi", "messages[0].content"),), None, "messages[0]")
WEATHER = {"type": "function", "function": {"name": "weather"}}
PNG = "iVBORw0KGgo="
UNKNOWN = "This field is not carried by this gateway."


def parse(**fields: Any) -> ParsedRequest:
    """Parses, and proves that the body is as it was."""
    body = {"model": "m", "messages": [HI], **fields}
    before = copy.deepcopy(body)
    request = chat.parse(body)
    assert body == before
    return request


def test_the_least() -> None:
    assert parse() == ParsedRequest("m", Conversation((HI_TURN,)), (), Form())


OPTIONS = [
    ({"max_tokens": 5}, "max_tokens", 5, "max_tokens"),
    ({"max_completion_tokens": 5}, "max_tokens", 5, "max_completion_tokens"),
    ({"max_completion_tokens": 5, "max_tokens": 5}, "max_tokens", 5, "max_completion_tokens"),
    ({"temperature": 0}, "temperature", 0, "temperature"),
    ({"temperature": 1.5}, "temperature", 1.5, "temperature"),
    ({"top_p": 1}, "top_p", 1, "top_p"),
    ({"top_k": 40}, "top_k", 40, "top_k"),
    ({"frequency_penalty": -2}, "frequency_penalty", -2, "frequency_penalty"),
    ({"presence_penalty": 0.5}, "presence_penalty", 0.5, "presence_penalty"),
    ({"seed": -7}, "seed", -7, "seed"),
    ({"n": 2}, "n", 2, "n"),
    ({"stop": "END"}, "stop", ("END",), "stop"),
    ({"stop": ["a", "b"]}, "stop", ("a", "b"), "stop"),
    ({"logit_bias": {"50256": -100}}, "logit_bias", {"50256": -100}, "logit_bias"),
    ({"logprobs": True}, "logprobs", True, "logprobs"),
    ({"parallel_tool_calls": False}, "parallel_tool_calls", False, "parallel_tool_calls"),
    ({"store": True}, "store", True, "store"),
    ({"reasoning_effort": "max"}, "reasoning_effort", "max", "reasoning_effort"),
    ({"reasoning": {"effort": "low"}}, "reasoning_effort", "low", "reasoning.effort"),
    ({"reasoning": {"max_tokens": 2000}}, "reasoning_budget", 2000, "reasoning.max_tokens"),
    ({"reasoning": {"exclude": True}}, "reasoning_visible", False, "reasoning.exclude"),
    ({"thinking": {"type": "disabled"}}, "thinking", {"type": "disabled"}, "thinking"),
    ({"verbosity": "low"}, "verbosity", "low", "verbosity"),
    ({"service_tier": "flex"}, "service_tier", "flex", "service_tier"),
    ({"user": "u"}, "user", "u", "user"),
    ({"safety_identifier": "s"}, "safety_identifier", "s", "safety_identifier"),
    ({"prompt_cache_key": "k"}, "prompt_cache_key", "k", "prompt_cache_key"),
    ({"prompt_cache_retention": "24h"}, "prompt_cache_retention", "24h", "prompt_cache_retention"),
    (
        {"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}},
        "prompt_cache",
        PromptCache("explicit", "30m"),
        "prompt_cache_options",
    ),
    ({"metadata": {"a": "b"}}, "metadata", {"a": "b"}, "metadata"),
    ({"modalities": ["text", "audio"]}, "modalities", ("text", "audio"), "modalities"),
    ({"audio": {"voice": "alloy", "format": "wav"}}, "audio", {"voice": "alloy", "format": "wav"}, "audio"),
    (
        {"prediction": {"type": "content", "content": [{"type": "text", "text": "x"}]}},
        "prediction",
        {"type": "content", "content": [{"type": "text", "text": "x"}]},
        "prediction",
    ),
    (
        {"moderation": {"model": "m", "policy": {"input": {"mode": "block"}}}},
        "moderation",
        {"model": "m", "policy": {"input": {"mode": "block"}}},
        "moderation",
    ),
    ({"response_format": {"type": "json_object"}}, "response_format", OutputFormat("json"), "response_format"),
    (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "a", "schema": {"type": "object"}, "strict": True, "description": "d"},
            }
        },
        "response_format",
        OutputFormat("schema", {"type": "object"}, "a", "d", True),
        "response_format",
    ),
    ({"web_search_options": {}}, "web_search", WebSearch(), "web_search_options"),
    (
        {
            "web_search_options": {
                "search_context_size": "low",
                "user_location": {"type": "approximate", "approximate": {"city": "Jena", "country": None}},
            }
        },
        "web_search",
        WebSearch("low", {"city": "Jena"}),
        "web_search_options",
    ),
    ({"repetition_penalty": 1.1}, "repetition_penalty", 1.1, "repetition_penalty"),
    ({"a b\n": 1}, "a b\n", 1, "a_b_"),
    ({"extra_body": {"top_k": 3}}, "top_k", 3, "extra_body.top_k"),
    ({"extra_body": {"google": {"x": 1}}}, "google", {"x": 1}, "extra_body.google"),
]


@pytest.mark.parametrize(
    ("fields", "name", "value", "at"), [pytest.param(*row, id=f"{row[1]}-{i}") for i, row in enumerate(OPTIONS)]
)
def test_a_field_becomes_an_option(fields: dict[str, Any], name: str, value: Any, at: str) -> None:
    assert parse(**fields) == ParsedRequest(
        "m",
        Conversation((HI_TURN,), options={name: Option(value, at)}),
        (),
        Form(reasoning="exclude" not in str(fields)),
    )


def test_top_logprobs_stand_beside_logprobs() -> None:
    assert parse(logprobs=True, top_logprobs=3).conversation.options == {
        "logprobs": Option(True, "logprobs"),
        "top_logprobs": Option(3, "top_logprobs"),
    }


def test_no_top_logprobs_need_no_logprobs() -> None:
    assert parse(logprobs=False, top_logprobs=0).model == "m"


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        pytest.param({"file_data": "JVBERi0=", "filename": "a.bin"}, "application/pdf", id="begins as a PDF does"),
        pytest.param({"file_data": "JVBERi0="}, "application/pdf", id="no name"),
        pytest.param({"file_data": "eCA9IDE=", "filename": "a.py"}, "application/octet-stream", id="unknown ending"),
    ],
)
def test_the_kind_of_a_bare_file(file: dict[str, Any], kind: str) -> None:
    request = parse(messages=[{"role": "user", "content": [{"type": "file", "file": file}]}])
    part = request.conversation.turns[0].parts[0]
    assert isinstance(part, Document)
    assert part.source == Inline(kind, file["file_data"])


def test_empty_functions_stand_beside_a_choice_of_tools() -> None:
    request = parse(functions=[], tools=[WEATHER], tool_choice="required")
    assert request.conversation.tool_choice == ToolChoice("required")


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(fields, id=next(iter(fields)))
        for fields in (
            {"n": 1},
            {"modalities": ["text"]},
            {"response_format": {"type": "text"}},
            {"logprobs": False, "top_logprobs": None},
            {"store": False},
            {"tool_choice": "auto"},
            {"parallel_tool_calls": True},
            {"service_tier": "auto"},
            {"verbosity": "medium"},
            {"frequency_penalty": 0, "presence_penalty": 0.0},
            {"stop": []},
            {"tools": [], "tool_choice": "none"},
            {"functions": [], "function_call": "auto"},
            {"metadata": {}, "logit_bias": {}},
            {"prompt_cache_options": {}},
            {"reasoning": {"exclude": False}},
            {"stream": False},
            {"extra_body": {}},
        )
    ],
)
def test_a_default_leaves_nothing(fields: dict[str, Any]) -> None:
    assert parse(**fields) == parse()


def test_null_is_absent_everywhere() -> None:
    names = [name for fields, *_ in OPTIONS for name in fields]
    names += ["stream", "stream_options", "tools", "tool_choice", "functions", "function_call", "input", "prompt"]
    assert parse(**dict.fromkeys(names)) == parse()


def test_the_older_limit_gives_way() -> None:
    request = parse(max_tokens=9, max_completion_tokens=5)
    assert request.conversation.options == {"max_tokens": Option(5, "max_completion_tokens")}
    assert [(n.path, n.fate, n.old, n.new) for n in request.notes] == [("max_tokens", "dropped", 9, 5)]


def test_the_official_effort_wins() -> None:
    request = parse(reasoning_effort="high", reasoning={"effort": "low"})
    assert request.conversation.options == {"reasoning_effort": Option("high", "reasoning_effort")}
    assert [(n.path, n.fate) for n in request.notes] == [("reasoning.effort", "dropped")]


def test_what_stands_outside_extra_body_wins() -> None:
    request = parse(top_k=1, extra_body={"top_k": 2})
    assert request.conversation.options == {"top_k": Option(1, "top_k")}
    assert [(n.path, n.fate) for n in request.notes] == [("extra_body.top_k", "dropped")]


@pytest.mark.parametrize(
    ("options", "usage"),
    [
        pytest.param(None, False, id="none"),
        pytest.param({}, False, id="empty"),
        pytest.param({"include_usage": True, "include_obfuscation": False}, True, id="usage"),
    ],
)
def test_streams(options: Any, usage: bool) -> None:
    request = parse(stream=True, stream_options=options)
    assert request == ParsedRequest("m", Conversation((HI_TURN,), stream=True), (), Form(usage=usage))


CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"a": 1}'}}
CUSTOM = {"id": "c2", "type": "custom", "custom": {"name": "sql", "input": "select"}}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "mild"}


def user(*parts: Any) -> list[Any]:
    return [{"role": "user", "content": list(parts)}]


def turn(*parts: Any) -> tuple[Turn, ...]:
    return (Turn("user", parts, None, "messages[0]"),)


P0 = "messages[0].content[0]"
MESSAGES = [
    pytest.param(
        [
            {"role": "system", "content": "s", "name": "a"},
            {"role": "developer", "content": [{"type": "text", "text": "d"}]},
        ],
        (
            Turn("system", (Text("s", "messages[0].content"),), "a", "messages[0]"),
            Turn("developer", (Text("d", "messages[1].content[0]"),), None, "messages[1]"),
        ),
        id="system-developer",
    ),
    pytest.param(
        user({"type": "text", "text": "a"}, {"type": "text", "text": ""}),
        turn(Text("a", P0), Text("", "messages[0].content[1]")),
        id="text-parts",
    ),
    pytest.param(user(), turn(), id="no-parts"),
    pytest.param(
        user({"type": "image_url", "image_url": {"url": f"data:image/PNG;base64,{PNG}", "detail": "high"}}),
        turn(Image(Inline("image/png", PNG), "high", P0)),
        id="image-inline",
    ),
    pytest.param(
        user({"type": "image_url", "image_url": "https://x/y.png"}),
        turn(Image(Link("https://x/y.png"), None, P0)),
        id="an-address-alone",
    ),
    pytest.param(
        user({"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "auto"}}),
        turn(Image(Link("https://x/y.png"), None, P0)),
        id="image-link",
    ),
    pytest.param(
        user({"type": "image_url", "image_url": {"url": "data:application/pdf;base64,JVBERg=="}}),
        turn(Document(Inline("application/pdf", "JVBERg=="), None, P0)),
        id="pdf-as-image",
    ),
    pytest.param(
        user({"type": "image_url", "image_url": {"url": "data:text/plain;charset=utf-8,h%C3%A9"}}),
        turn(Document(Inline("text/plain;charset=utf-8", "aMOp"), None, P0)),
        id="percent-encoded-text",
    ),
    pytest.param(
        user({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
        turn(Audio("AAAA", "wav", P0)),
        id="audio",
    ),
    pytest.param(
        user({"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg==", "filename": "a.txt"}}),
        turn(Document(Inline("application/pdf", "JVBERg=="), "a.txt", P0)),
        id="file-data-url",
    ),
    pytest.param(
        user({"type": "file", "file": {"file_data": "aGk=", "filename": "a.TXT"}}),
        turn(Document(Inline("text/plain", "aGk="), "a.TXT", P0)),
        id="file-by-suffix",
    ),
    pytest.param(
        user({"type": "file", "file": {"file_data": "aGk="}}),
        turn(Document(Inline("application/pdf", "aGk="), None, P0)),
        id="file-without-name",
    ),
    pytest.param(
        user({"type": "file", "file": {"file_data": "https://x/y.pdf"}}),
        turn(Document(Link("https://x/y.pdf"), None, P0)),
        id="file-link",
    ),
    pytest.param(
        user({"type": "file", "file": {"file_id": "file-1"}}), turn(Document(Upload("file-1"), None, P0)), id="file-id"
    ),
    pytest.param(
        user(
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "text", "text": "b", "prompt_cache_breakpoint": {"mode": "explicit"}},
        ),
        turn(Text("a", P0, Cache("1h")), Text("b", "messages[0].content[1]", Cache())),
        id="breakpoints",
    ),
    pytest.param(
        [{**HI, "cache_control": {"type": "ephemeral"}}],
        turn(Text("hi", "messages[0].content", Cache())),
        id="breakpoint-on-message",
    ),
    pytest.param(
        [
            HI,
            {"role": "assistant", "content": None, "refusal": None, "tool_calls": [CALL, CUSTOM], "audio": None},
            {**RESULT, "cache_control": {"type": "ephemeral"}},
            {
                "role": "tool",
                "tool_call_id": "c2",
                "content": [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "http://i"}}],
            },
        ],
        (
            HI_TURN,
            Turn(
                "assistant",
                (
                    ToolCall("c1", "weather", '{"a": 1}', "function", "messages[1].tool_calls[0]"),
                    ToolCall("c2", "sql", "select", "custom", "messages[1].tool_calls[1]"),
                ),
                None,
                "messages[1]",
            ),
            Turn(
                "tool",
                (ToolResult("c1", (Text("mild", "messages[2].content"),), at="messages[2]", cache=Cache()),),
                None,
                "messages[2]",
            ),
            Turn(
                "tool",
                (
                    ToolResult(
                        "c2",
                        (Text("x", "messages[3].content[0]"), Image(Link("http://i"), at="messages[3].content[1]")),
                        at="messages[3]",
                    ),
                ),
                None,
                "messages[3]",
            ),
        ),
        id="tool-loop",
    ),
    pytest.param(
        [
            {
                "role": "assistant",
                "content": "here",
                "images": [{"index": 0, "type": "image_url", "image_url": {"url": "http://i"}}],
                "tool_calls": [{**CALL, "extra_content": {"google": {"thought_signature": "s", "issuer": "gemini:g"}}}],
            },
            RESULT,
        ],
        (
            Turn(
                "assistant",
                (
                    Text("here", "messages[0].content"),
                    Image(Link("http://i"), at="messages[0].images[0]"),
                    ToolCall("c1", "weather", '{"a": 1}', "function", "messages[0].tool_calls[0]", "s", "gemini:g"),
                ),
                None,
                "messages[0]",
            ),
            Turn(
                "tool",
                (ToolResult("c1", (Text("mild", "messages[1].content"),), at="messages[1]"),),
                None,
                "messages[1]",
            ),
        ),
        id="a-picture-and-a-signed-call",
    ),
    pytest.param(
        [
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"index": 0, "id": "c1", "function": CALL["function"]}],
            },
            {**RESULT, "name": "weather"},
        ],
        (
            Turn(
                "assistant",
                (ToolCall("c1", "weather", '{"a": 1}', "function", "messages[0].tool_calls[0]"),),
                None,
                "messages[0]",
            ),
            Turn(
                "tool",
                (ToolResult("c1", (Text("mild", "messages[1].content"),), at="messages[1]"),),
                None,
                "messages[1]",
            ),
        ),
        id="call-without-type",
    ),
    pytest.param(
        [
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "r"}],
                "refusal": "no",
                "name": "bob",
                "annotations": [],
            }
        ],
        (
            Turn(
                "assistant",
                (Text("a", P0), Refusal("r", "messages[0].content[1]"), Refusal("no", "messages[0].refusal")),
                "bob",
                "messages[0]",
            ),
        ),
        id="refusals",
    ),
    pytest.param([{"role": "assistant"}], (Turn("assistant", (), None, "messages[0]"),), id="empty-assistant"),
    pytest.param(
        [{"role": "assistant", "content": "a", "reasoning_content": "r", "reasoning": "r"}],
        (
            Turn(
                "assistant",
                (Reasoning("r", at="messages[0].reasoning_content"), Text("a", "messages[0].content")),
                None,
                "messages[0]",
            ),
        ),
        id="plain-reasoning",
    ),
    pytest.param(
        [{"role": "assistant", "content": "a", "reasoning": "r"}],
        (
            Turn(
                "assistant",
                (Reasoning("r", at="messages[0].reasoning"), Text("a", "messages[0].content")),
                None,
                "messages[0]",
            ),
        ),
        id="openrouter-reasoning",
    ),
    pytest.param(
        [
            {
                "role": "assistant",
                "content": "a",
                "reasoning_content": "r",
                "thinking_blocks": [
                    {"index": 0, "type": "thinking", "thinking": "r", "signature": "s", "issuer": "anthropic:c"},
                    {"type": "redacted_thinking", "data": "d"},
                ],
                "provider_content": [{"index": 0, "dialect": "anthropic", "block": {"type": "server_tool_use"}}],
            }
        ],
        (
            Turn(
                "assistant",
                (
                    Reasoning("r", "s", "anthropic:c", "messages[0].thinking_blocks[0]"),
                    RedactedReasoning("d", None, "messages[0].thinking_blocks[1]"),
                    Foreign("anthropic", {"type": "server_tool_use"}, "messages[0].provider_content[0]"),
                    Text("a", "messages[0].content"),
                ),
                None,
                "messages[0]",
            ),
        ),
        id="signed-reasoning-and-foreign",
    ),
    pytest.param(
        [
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "1"},
            {"role": "assistant", "content": None, "function_call": {"name": "g", "arguments": "{}"}},
            {"role": "function", "name": "g", "content": None},
        ],
        (
            Turn(
                "assistant",
                (ToolCall("call_legacy_0", "f", "{}", at="messages[0].function_call"),),
                None,
                "messages[0]",
            ),
            Turn(
                "tool",
                (ToolResult("call_legacy_0", (Text("1", "messages[1].content"),), at="messages[1]"),),
                None,
                "messages[1]",
            ),
            Turn(
                "assistant",
                (ToolCall("call_legacy_1", "g", "{}", at="messages[2].function_call"),),
                None,
                "messages[2]",
            ),
            Turn("tool", (ToolResult("call_legacy_1", (), at="messages[3]"),), None, "messages[3]"),
        ),
        id="legacy-functions",
    ),
]


@pytest.mark.parametrize(("messages", "turns"), MESSAGES)
def test_messages(messages: list[Any], turns: tuple[Turn, ...]) -> None:
    assert parse(messages=messages) == ParsedRequest("m", Conversation(turns), (), Form())


@pytest.mark.parametrize(
    ("tool", "read"),
    [
        pytest.param(WEATHER, FunctionTool("weather", at="tools[0]"), id="least"),
        pytest.param(
            {
                "type": "function",
                "function": {"name": "a.b/c", "description": "d", "parameters": {"type": "object"}, "strict": True},
                "cache_control": {"type": "ephemeral"},
            },
            FunctionTool("a.b/c", "d", {"type": "object"}, True, "tools[0]", Cache()),
            id="most",
        ),
        pytest.param(
            {"type": "function", "function": {"name": "a", "cache_control": {"type": "ephemeral", "ttl": "5m"}}},
            FunctionTool("a", at="tools[0]", cache=Cache("5m")),
            id="cache-inside",
        ),
        pytest.param({"type": "custom", "custom": {"name": "a"}}, CustomTool("a", at="tools[0]"), id="custom"),
        pytest.param(
            {"type": "custom", "custom": {"name": "a", "description": "d", "format": {"type": "text"}}},
            CustomTool("a", "d", at="tools[0]"),
            id="custom-text",
        ),
        pytest.param(
            {
                "type": "custom",
                "custom": {
                    "name": "a",
                    "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /x/"}},
                },
            },
            CustomTool("a", None, "lark", "start: /x/", "tools[0]"),
            id="custom-grammar",
        ),
    ],
)
def test_tools(tool: dict[str, Any], read: Any) -> None:
    assert parse(tools=[tool]) == ParsedRequest("m", Conversation((HI_TURN,), (read,)), (), Form())


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        pytest.param({"tools": [WEATHER, WEATHER]}, "tools", id="tools"),
        pytest.param({"functions": [{"name": "weather"}] * 2}, "functions", id="functions"),
    ],
)
def test_the_same_tool_twice_is_one(fields: dict[str, Any], at: str) -> None:
    request = parse(**fields)
    assert request.conversation.tools == (FunctionTool("weather", at=f"{at}[0]"),)
    assert [(note.path, note.fate) for note in request.notes] == [(f"{at}[1]", "dropped")]


def test_of_the_same_tool_twice_the_breakpoint_is_kept() -> None:
    request = parse(tools=[WEATHER, {**WEATHER, "cache_control": {"type": "ephemeral"}}])
    assert request.conversation.tools == (FunctionTool("weather", at="tools[0]", cache=Cache()),)


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        pytest.param("auto", None, id="auto"),
        pytest.param("none", ToolChoice("none"), id="none"),
        pytest.param("required", ToolChoice("required"), id="required"),
        pytest.param(WEATHER, ToolChoice("required", ("weather",), single=True), id="function"),
        pytest.param(
            {"type": "custom", "custom": {"name": "sql"}}, ToolChoice("required", ("sql",), single=True), id="custom"
        ),
        pytest.param(
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [WEATHER, {"type": "custom", "custom": {"name": "sql"}}]},
            },
            ToolChoice("auto", ("weather", "sql")),
            id="allowed",
        ),
    ],
)
def test_tool_choice(choice: Any, read: ToolChoice | None) -> None:
    request = parse(tools=[WEATHER, {"type": "custom", "custom": {"name": "sql"}}], tool_choice=choice)
    assert (request.conversation.tool_choice, request.notes) == (read, ())


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        pytest.param("auto", None, id="auto"),
        pytest.param("none", ToolChoice("none", at="function_call"), id="none"),
        pytest.param({"name": "f"}, ToolChoice("required", ("f",), single=True, at="function_call"), id="name"),
    ],
)
def test_legacy_functions(choice: Any, read: ToolChoice | None) -> None:
    functions = [{"name": "f", "description": "d", "parameters": {}}]
    assert parse(functions=functions, function_call=choice) == ParsedRequest(
        "m",
        Conversation(
            (HI_TURN,),
            (FunctionTool("f", "d", {}, at="functions[0]"),),
            read,
            {"parallel_tool_calls": Option(False, "functions")},
        ),
        (),
        Form(legacy=True),
    )


MARKED = {"cache_control": {"type": "ephemeral"}}
NOTED = [
    ({"messages": [{**HI, "x": 1, "y": None}]}, "messages[0].x"),
    ({"messages": user({"type": "text", "text": "a", "x": 1})}, f"{P0}.x"),
    ({"messages": user({"type": "image_url", "image_url": {"url": "http://i", "x": 1}})}, f"{P0}.image_url.x"),
    ({"messages": user({"type": "file", "file": {"file_id": "f", "x": 1}})}, f"{P0}.file.x"),
    (
        {"messages": user({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3", "x": 1}})},
        f"{P0}.input_audio.x",
    ),
    ({"messages": [{"role": "assistant", "content": "a", "x": 1}]}, "messages[0].x"),
    (
        {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "extra_content": {"x": 1}}]}, RESULT]},
        "messages[0].tool_calls[0].extra_content.x",
    ),
    (
        {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "extra_content": {"google": {"x": 1}}}]}, RESULT]},
        "messages[0].tool_calls[0].extra_content.google.x",
    ),
    (
        {
            "messages": [
                {"role": "assistant", "images": [{"type": "image_url", "image_url": {"url": "http://i"}, "x": 1}]}
            ]
        },
        "messages[0].images[0].x",
    ),
    (
        {
            "messages": [
                {"role": "assistant", "tool_calls": [{**CALL, "function": {**CALL["function"], "x": 1}}]},
                RESULT,
            ]
        },
        "messages[0].tool_calls[0].function.x",
    ),
    ({"messages": [{"role": "assistant", "tool_calls": [CALL]}, {**RESULT, "is_error": True}]}, "messages[1].is_error"),
    (
        {"messages": [{"role": "assistant", "thinking_blocks": [{"type": "redacted_thinking", "data": "d", "x": 1}]}]},
        "messages[0].thinking_blocks[0].x",
    ),
    (
        {"messages": [{"role": "assistant", "provider_content": [{"dialect": "d", "block": {}, "x": 1}]}]},
        "messages[0].provider_content[0].x",
    ),
    ({"tools": [{**WEATHER, "x": 1}]}, "tools[0].x"),
    ({"tools": [{"type": "function", "function": {"name": "a", "x": 1}}]}, "tools[0].function.x"),
    ({"tools": [{"type": "custom", "custom": {"name": "a", "x": 1}}]}, "tools[0].custom.x"),
    ({"tools": [{"type": "custom", "custom": {"name": "a"}, **MARKED}]}, "tools[0].cache_control"),
    ({"tools": [WEATHER], "tool_choice": {**WEATHER, "x": 1}}, "tool_choice.x"),
    (
        {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "weather", "x": 1}}},
        "tool_choice.function.x",
    ),
    (
        {
            "tools": [WEATHER],
            "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{**WEATHER, "x": 1}]}},
        },
        "tool_choice.allowed_tools.tools[0].x",
    ),
    ({"stream": True, "stream_options": {"x": 1}}, "stream_options.x"),
    ({"reasoning": {"x": 1}}, "reasoning.x"),
    ({"response_format": {"type": "text", "x": 1}}, "response_format.x"),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "x": 1}}},
        "response_format.json_schema.x",
    ),
    ({"web_search_options": {"x": 1}}, "web_search_options.x"),
    (
        {"web_search_options": {"user_location": {"type": "approximate", "approximate": {"x": 1}}}},
        "web_search_options.user_location.approximate.x",
    ),
    ({"prompt_cache_options": {"x": 1}}, "prompt_cache_options.x"),
    ({"messages": [{**HI, "cache_control": {"type": "ephemeral", "x": 1}}]}, "messages[0].cache_control.x"),
]


@pytest.mark.parametrize(("fields", "path"), [pytest.param(*row, id=row[1]) for row in NOTED])
def test_an_unknown_field_is_noted(fields: dict[str, Any], path: str) -> None:
    assert parse(**fields).notes == (Note(path, "dropped", detail=UNKNOWN),)


BENT = [
    ([{"role": "assistant", "content": None, **MARKED}], "messages[0].cache_control"),
    (user({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}, **MARKED}), P0),
    (
        user({"type": "text", "text": "a", **MARKED, "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}),
        f"{P0}.cache_control",
    ),
    ([{"role": "assistant", "content": "a", "annotations": [{"type": "url_citation"}]}], "messages[0].annotations"),
    (
        [{"role": "assistant", "reasoning": "x", "thinking_blocks": [{"type": "thinking", "thinking": "y"}]}],
        "messages[0].reasoning",
    ),
    ([{"role": "assistant", "reasoning": "x", "reasoning_content": "y"}], "messages[0].reasoning"),
    (
        [
            {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "g", "content": "1"},
        ],
        "messages[1].name",
    ),
]


@pytest.mark.parametrize(("messages", "path"), [pytest.param(*row, id=row[1]) for row in BENT])
def test_what_cannot_be_carried_is_noted(messages: list[Any], path: str) -> None:
    assert [(note.path, note.fate) for note in parse(messages=messages).notes] == [(path, "dropped")]


@pytest.mark.parametrize("name", ["web_search", "prompt_cache", "reasoning_budget", "reasoning_visible"])
def test_no_field_passes_for_an_option_of_ours(name: str) -> None:
    request = parse(**{name: {"x": 1}})
    assert request.conversation.options == {}
    assert [(note.path, note.fate) for note in request.notes] == [(name, "dropped")]


def test_every_official_field_is_known() -> None:
    assert set(CompletionCreateParamsStreaming.__annotations__) <= set(Request.__annotations__)


@pytest.mark.parametrize(
    "kind", ["image_generation", "code_interpreter", "mcp", "local_shell", "file_search", "web_search"]
)
def test_a_hosted_tool_beside_functions_is_noted(kind: str) -> None:
    request = parse(tools=[WEATHER, {"type": kind, "size": "1x1"}], tool_choice="required")
    assert [tool.name for tool in request.conversation.tools] == ["weather"]
    assert [(note.path, note.fate) for note in request.notes] == [("tools[1]", "dropped")]
