"""Whole bodies: what chat's client dialect reads is written as it came, what others ask in OpenAI's form."""

import copy
from typing import Any

import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolUnionParam
from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from pydantic import TypeAdapter

from translators.clients import chat
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
    Part,
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
from translators.dialects import Model
from translators.errors import BadRequest
from translators.providers import openai as dialect

OPENAI = {"quirks": {"custom_tools": True, "developer_role": True}}
MESSAGE = TypeAdapter(ChatCompletionMessageParam)
TOOL = TypeAdapter(ChatCompletionToolUnionParam)
REST = TypeAdapter(CompletionCreateParamsBase)


def check(body: dict[str, Any]) -> None:
    """By the SDK's types. Those of iterables are checked one by one, since pydantic checks such fields lazily."""
    for message in body["messages"]:
        MESSAGE.validate_python(message)
    for tool in body.get("tools", ()):
        TOOL.validate_python(tool)
    REST.validate_python({**body, "messages": [], "tools": []})


def rendered(request: Conversation, **overrides: Any) -> Any:
    return dialect.render(request, Model("gpt-5.5", overrides or OPENAI))


def conversation(*turns: Turn, **more: Any) -> Conversation:
    return Conversation(turns or (Turn("user", (Text("hi"),)),), **more)


def messages(*turns: Turn, **overrides: Any) -> Any:
    body = rendered(conversation(*turns), **overrides).body
    return body["messages"]


def paths(result: Any) -> list[str]:
    return [note.path for note in result.notes]


LOOK = {
    "type": "function",
    "function": {
        "name": "look",
        "description": "Looks.",
        "parameters": {"type": "object", "properties": {}},
        "strict": True,
    },
}
GRAMMAR = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /x/"}}
WRITE = {"type": "custom", "custom": {"name": "write", "description": "Writes.", "format": GRAMMAR}}
HI = [{"role": "user", "content": "hi"}]
PNG = "data:image/png;base64,iVBORw0KGgo="
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}
ROUND = [
    pytest.param({"messages": HI}, id="little"),
    pytest.param(
        {
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "developer", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "t"},
                        {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
                        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
                        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                        {
                            "type": "file",
                            "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"},
                        },
                        {"type": "file", "file": {"file_id": "file-1"}},
                    ],
                    "name": "Ann",
                },
                {"role": "assistant", "content": "Well.", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": "seen"},
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
                {"role": "user", "content": "and?"},
            ]
        },
        id="every kind of message",
    ),
    pytest.param(
        {
            "messages": HI,
            "temperature": 1.7,
            "top_p": 0.3,
            "frequency_penalty": 0.5,
            "presence_penalty": -0.5,
            "seed": 5,
            "n": 2,
            "stop": ["a", "b"],
            "logit_bias": {"50256": -100},
            "logprobs": True,
            "top_logprobs": 3,
            "max_completion_tokens": 100,
            "user": "u",
            "safety_identifier": "s",
            "service_tier": "flex",
            "store": True,
            "metadata": {"a": "b"},
            "verbosity": "low",
            "reasoning_effort": "max",
            "prompt_cache_key": "k",
            "prompt_cache_retention": "24h",
            "prompt_cache_options": {"mode": "implicit", "ttl": "30m"},
            "prediction": {"type": "content", "content": "x"},
        },
        id="every plain option",
    ),
    pytest.param(
        {
            "messages": HI,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "description": "d", "schema": {"type": "object"}, "strict": True},
            },
        },
        id="a schema",
    ),
    pytest.param({"messages": HI, "response_format": {"type": "json_object"}}, id="any JSON"),
    pytest.param(
        {
            "messages": HI,
            "web_search_options": {
                "search_context_size": "low",
                "user_location": {"type": "approximate", "approximate": {"city": "Ulm"}},
            },
        },
        id="web search",
    ),
    pytest.param(
        {"messages": HI, "tools": [LOOK, WRITE], "tool_choice": "required", "parallel_tool_calls": False},
        id="both kinds of tools",
    ),
    pytest.param({"messages": HI, "tools": [LOOK], "tool_choice": "none"}, id="no tool"),
    pytest.param(
        {"messages": HI, "tools": [LOOK], "tool_choice": {"type": "function", "function": {"name": "look"}}},
        id="one tool",
    ),
    pytest.param(
        {"messages": HI, "tools": [WRITE], "tool_choice": {"type": "custom", "custom": {"name": "write"}}},
        id="one custom tool",
    ),
    pytest.param(
        {
            "messages": HI,
            "tools": [LOOK, WRITE],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "look"}}]},
            },
        },
        id="allowed tools",
    ),
    pytest.param(
        {
            "messages": [
                {"role": "user", "content": "go"},
                {
                    "role": "assistant",
                    "content": None,
                    "reasoning_content": "Hm.",
                    "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "write", "input": "x"}}],
                },
                {"role": "tool", "tool_call_id": "c", "content": "ok"},
            ],
            "tools": [WRITE],
        },
        id="a custom call in history",
    ),
]


@pytest.mark.parametrize("body", ROUND)
def test_what_chat_says_is_said_again(body: dict[str, Any]) -> None:
    body = {"model": "gpt-5.5", **body, "stream": False}
    parsed = chat.parse(copy.deepcopy(body))
    result = rendered(parsed.conversation)
    assert result.body == body
    assert (parsed.notes, result.notes, result.headers) == ((), (), {})
    assert (result.path, result.choices) == ("/chat/completions", body.get("n", 1))
    assert result.recall.choices == result.choices
    check(result.body)


def test_a_stream_tells_its_usage() -> None:
    result = rendered(conversation(stream=True))
    assert (result.streams, result.body["stream"]) == (True, True)
    assert result.body["stream_options"] == {"include_usage": True}
    without = rendered(conversation(stream=True), quirks={"stream_usage": False})
    assert "stream_options" not in without.body


def history(*parts: Part) -> Turn:
    return Turn("assistant", parts, at="messages[0]")


def result(id: str, *parts: Part, **more: Any) -> Turn:
    return Turn("tool", (ToolResult(id, parts, at="r", **more),))


TURNS = [
    pytest.param(
        (Turn("developer", (Text("d"),)),),
        {"developer_role": False},
        [{"role": "system", "content": "d"}],
        id="developers are the system",
    ),
    pytest.param(
        (Turn("developer", (Text("d"),)),),
        {},
        [{"role": "system", "content": "d"}],
        id="developers of an unknown server are the system",
    ),
    pytest.param(
        (history(ToolCall("c", "f", " ")),),
        {},
        [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            }
        ],
        id="no arguments",
    ),
    pytest.param((Turn("user", (Text("x"),)), history()), {}, [{"role": "user", "content": "x"}], id="nothing said"),
    pytest.param(
        (Turn("user", (Text("x"),)), history(Text(""), Reasoning("Hm.", issuer="gemini:x"))),
        {},
        [{"role": "user", "content": "x"}],
        id="nothing left to say",
    ),
    pytest.param(
        (history(Refusal("No."), Text("So.")),),
        {},
        [{"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}, {"type": "text", "text": "So."}]}],
        id="a refusal",
    ),
    pytest.param(
        (
            history(ToolCall("a", "f", "{}")),
            history(Text("and"), ToolCall("b", "f", "{}")),
            result("a", Text("1")),
            result("b", Text("2")),
        ),
        {},
        [
            {
                "role": "assistant",
                "content": "and",
                "tool_calls": [
                    {"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}} for id in "ab"
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": "1"},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
        ],
        id="calls of two turns",
    ),
    pytest.param(
        (history(ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}")), result("a", Text("1")), result("b")),
        {"reasoning_field": None},
        [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}} for id in "ab"
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": "1"},
            {"role": "tool", "tool_call_id": "b", "content": ""},
        ],
        id="two calls alike",
    ),
    pytest.param(
        (
            Turn("assistant", (ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))),
            result("a", Text("see"), Image(Inline("image/png", "AA"))),
            result("b", Text("2")),
            Turn("user", (Text("?"),)),
        ),
        {},
        [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}} for id in "ab"
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": "see"},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]},
            {"role": "user", "content": "?"},
        ],
        id="an image of a tool comes after all results",
    ),
    pytest.param(
        (history(Reasoning("Hm."), Reasoning("m."), Text("So.")),),
        {},
        [{"role": "assistant", "content": "So.", "reasoning_content": "Hm.m."}],
        id="reasoning goes back",
    ),
    pytest.param(
        (history(Reasoning("Hm."), Text("So.")),),
        {"reasoning_field": "reasoning"},
        [{"role": "assistant", "content": "So.", "reasoning": "Hm."}],
        id="reasoning under another name",
    ),
    pytest.param(
        (history(ToolCall("a", "f", "{}")), result("a"), history(Reasoning("Hm."), Text("So."))),
        {},
        [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
                "reasoning_content": "",
            },
            {"role": "tool", "tool_call_id": "a", "content": ""},
            {"role": "assistant", "content": "So.", "reasoning_content": "Hm."},
        ],
        id="all or nothing",
    ),
    pytest.param(
        (history(Foreign("openai", {"reasoning_details": [{"type": "x"}], "other": 1}), Text("So.")),),
        {},
        [{"role": "assistant", "content": "So.", "reasoning_details": [{"type": "x"}]}],
        id="what the provider wants back",
    ),
    pytest.param(
        (history(ToolCall("a", "f", "{}", signature="s", issuer="openai:gpt-5.5")),),
        {},
        [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "a",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                        "extra_content": {"google": {"thought_signature": "s"}},
                    }
                ],
            }
        ],
        id="the signature of a call",
    ),
    pytest.param(
        (Turn("user", (Text("t", cache=Cache("30m")),)),),
        {},
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "t", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}
                ],
            }
        ],
        id="a breakpoint",
    ),
    pytest.param(
        (history(ToolCall("a", "w", 'x "y"', kind="custom")),),
        {},
        [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "w", "arguments": '{"input": "x \\"y\\""}'}}
                ],
            }
        ],
        id="a custom call for a server without",
    ),
]


@pytest.mark.parametrize(("turns", "quirks", "expected"), TURNS)
def test_turns(turns: tuple[Turn, ...], quirks: dict[str, Any], expected: Any) -> None:
    assert messages(*turns, quirks=quirks) == expected


@pytest.mark.parametrize(
    ("part", "path"),
    [
        pytest.param(Reasoning("x", "sig", "anthropic:claude-opus-5", "p"), "p", id="another's reasoning"),
        pytest.param(RedactedReasoning("x", at="p"), "p", id="redacted reasoning"),
        pytest.param(Foreign("anthropic", {"type": "x"}, "p"), "p", id="another's block"),
        pytest.param(ToolCall("a", "f", "{}", at="p", signature="s", issuer="gemini:g"), "p", id="another's signature"),
    ],
)
def test_what_is_anothers_is_noted(part: Part, path: str) -> None:
    result = rendered(conversation(history(Text("x"), part)))
    assert paths(result) == [path]
    assert "sig" not in str(result.body)
    assert "extra_content" not in str(result.body)


@pytest.mark.parametrize(
    ("conversation", "param"),
    [
        pytest.param(conversation(Turn("user", (Image(Upload("f"), at="p"),))), "p", id="an uploaded image"),
        pytest.param(conversation(result("a", Audio("AA", "wav", "p"))), "p", id="a tool's audio"),
        pytest.param(conversation(tool_choice=ToolChoice("required")), "tool_choice", id="required without tools"),
        pytest.param(
            conversation(tools=(FunctionTool("f"),), tool_choice=ToolChoice("required", ("g",))),
            "tool_choice",
            id="unknown",
        ),
        pytest.param(
            conversation(tools=(FunctionTool("f"),), tool_choice=ToolChoice("required", ())),
            "tool_choice",
            id="of none",
        ),
        pytest.param(
            conversation(options={"modalities": Option(("text", "audio"), "modalities")}),
            "modalities",
            id="spoken answers",
        ),
    ],
)
def test_what_cannot_be_carried_is_refused(conversation: Conversation, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        rendered(conversation)
    assert caught.value.failure.param == param


def test_a_server_without_n_is_asked_again_by_the_gateway() -> None:
    result = rendered(conversation(options={"n": Option(3, "n")}), quirks={"drop": ("n",)})
    assert (result.choices, "n" in result.body) == (1, False)


def option(name: str, value: Any, quirks: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    result = rendered(conversation(options={name: Option(value, f"at.{name}")}), quirks=quirks)
    standing = {"model", "messages", "stream"}
    return {key: value for key, value in result.body.items() if key not in standing}, paths(result)


@pytest.mark.parametrize(
    ("name", "value", "quirks", "fields", "noted"),
    [
        pytest.param("max_tokens", 5, {}, {"max_completion_tokens": 5}, [], id="the newer limit"),
        pytest.param("max_tokens", 5, {"max_tokens_field": "max_tokens"}, {"max_tokens": 5}, [], id="the older limit"),
        pytest.param("seed", 5, {"rename": {"seed": "random_seed"}}, {"random_seed": 5}, [], id="renamed"),
        pytest.param("logit_bias", {"5": 1}, {"drop": ["logit_bias"]}, {}, ["at.logit_bias"], id="dropped"),
        pytest.param("top_k", 5, {}, {}, ["at.top_k"], id="no field of OpenAI's"),
        pytest.param("top_k", 5, {"extras": ["top_k"]}, {"top_k": 5}, [], id="but of others"),
        pytest.param("reasoning_budget", 900, {}, {}, ["at.reasoning_budget"], id="a budget"),
        pytest.param(
            "reasoning_budget",
            900,
            {"extras": ["reasoning"]},
            {"reasoning": {"max_tokens": 900}},
            [],
            id="OpenRouter's budget",
        ),
        pytest.param("reasoning_visible", False, {}, {}, [], id="the client's own part"),
        pytest.param("thinking", {"type": "x"}, {}, {}, ["at.thinking"], id="Anthropic's words"),
        pytest.param("modalities", ("text", "image"), {}, {"modalities": ["text", "image"]}, [], id="images"),
        pytest.param("parallel_tool_calls", False, {}, {}, ["at.parallel_tool_calls"], id="without tools"),
        pytest.param("stop", ("END",), {}, {"stop": ["END"]}, [], id="one stop"),
        pytest.param("web_search", WebSearch(), {}, {"web_search_options": {}}, [], id="a plain search"),
        pytest.param("what", 1, {"unknown_quirk": 1}, {}, ["at.what"], id="nobody's"),
    ],
)
def test_options(name: str, value: Any, quirks: dict[str, Any], fields: dict[str, Any], noted: list[str]) -> None:
    assert option(name, value, quirks) == (fields, noted)


def test_a_budget_leaves_room_to_answer() -> None:
    options = {"max_tokens": Option(2000, "max_tokens"), "reasoning_budget": Option(5000, "reasoning.max_tokens")}
    result = rendered(conversation(options=options), quirks={"extras": ["reasoning"]})
    assert result.body["reasoning"] == {"max_tokens": 1600}
    assert [(note.path, note.fate, note.new) for note in result.notes] == [
        ("reasoning.max_tokens", "approximated", 1600)
    ]


def test_a_custom_tool_for_a_server_without() -> None:
    tool = CustomTool("write", "Writes.", "lark", "start: /x/", at="tools[0]")
    result = rendered(
        conversation(tools=(tool,), tool_choice=ToolChoice("required", ("write",), single=True)),
        quirks={"custom_tools": False},
    )
    (sent,) = result.body["tools"]
    assert (sent["type"], sent["function"]["name"]) == ("function", "write")
    assert result.body["tool_choice"] == {"type": "function", "function": {"name": "write"}}
    assert result.recall.custom == {"write"}
    assert paths(result) == ["tools[0]"]
    check(result.body)


def test_allowed_tools_for_a_server_without() -> None:
    tools = (FunctionTool("a"), FunctionTool("b"))
    result = rendered(
        conversation(tools=tools, tool_choice=ToolChoice("auto", ("b",))), quirks={"allowed_tools": False}
    )
    assert [tool["function"]["name"] for tool in result.body["tools"]] == ["b"]
    assert result.body["tool_choice"] == "auto"
    assert paths(result) == ["tool_choice"]


def test_a_file_by_link() -> None:
    turn = Turn("user", (Document(Link("https://a.example/x/b.pdf?c=1")),))
    file = {"filename": "b.pdf", "file_data": "https://a.example/x/b.pdf?c=1"}
    assert messages(turn) == [{"role": "user", "content": [{"type": "file", "file": file}]}]
