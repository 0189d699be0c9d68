"""Requests to Ollama: every body compared whole, every loss noted, every refusal by the client's path."""

import base64
import copy
from typing import Any

import pytest

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
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
    Upload,
    WebSearch,
)
from translators.dialects import Model, Recall, Rendered
from translators.errors import BadRequest, Failure
from translators.notes import NOT_CARRIED, Note
from translators.providers import ollama

UNCUT = {"truncate": False, "shift": False, "stream": False}
HI = {"role": "user", "content": "hi"}
LOOK = FunctionTool("look", "Looks.", {"type": "object", "properties": {"a": {"type": "string"}}}, at="tools[0]")
NOW = FunctionTool("now", at="tools[1]")
LOOK_SENT = {
    "type": "function",
    "function": {
        "name": "look",
        "description": "Looks.",
        "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
    },
}
NOW_SENT = {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}
PNG = Inline("image/png", "AAAA")


def turn(role: Role, *parts: Part, at: str = "messages[0]") -> Turn:
    return Turn(role, parts, at=at)


def conversation(
    *turns: Turn, tools: tuple[Tool, ...] = (), choice: ToolChoice | None = None, **options: Any
) -> Conversation:
    history = turns or (turn("user", Text("hi", "messages[0].content")),)
    return Conversation(history, tools, choice, {name: Option(value, name) for name, value in options.items()})


def render(conversation: Conversation, model: str = "llama3.2", **overrides: Any) -> Rendered:
    """Renders, and proves that nothing was changed."""
    before = copy.deepcopy((conversation, overrides))
    rendered = ollama.render(conversation, Model(model, overrides))
    assert (conversation, overrides) == before
    return rendered


def sent(*turns: Turn) -> Any:
    return render(conversation(*turns)).body["messages"]


def refused(conversation: Conversation) -> Failure:
    with pytest.raises(BadRequest) as caught:
        render(conversation)
    assert caught.value.failure.status == 400
    return caught.value.failure


def test_the_least() -> None:
    rendered = render(conversation())
    assert rendered == Rendered(
        "/api/chat", {"model": "llama3.2", "messages": [HI], **UNCUT}, {}, (), Recall("llama3.2"), False
    )


def test_everything() -> None:
    conversation = Conversation(
        (turn("developer", Text("Be brief.")), turn("user", Text("hi"))),
        (LOOK, CustomTool("patch", at="tools[1]")),
        None,
        {
            name: Option(value, name)
            for name, value in {
                "max_tokens": 100,
                "temperature": 1.5,
                "top_p": 0.9,
                "top_k": 40,
                "seed": 7,
                "presence_penalty": 0.5,
                "frequency_penalty": -0.5,
                "stop": ("END",),
                "logprobs": True,
                "top_logprobs": 3,
                "reasoning_effort": "high",
                "response_format": OutputFormat("schema", {"type": "object"}, "answer", None, True),
            }.items()
        },
        stream=True,
    )
    overrides = {
        "num_ctx": 8192,
        "keep_alive": "10m",
        "options": {"repeat_penalty": 1.1, "seed": 1},
        "think": ["low", "medium", "high"],
    }
    rendered = render(conversation, "gpt-oss:20b", **overrides)
    wrapped = rendered.body["tools"].pop()
    assert rendered.body == {
        "model": "gpt-oss:20b",
        "messages": [{"role": "system", "content": "Be brief."}, HI],
        "tools": [LOOK_SENT],
        "format": {"type": "object"},
        "think": "high",
        "logprobs": True,
        "top_logprobs": 3,
        "options": {
            "repeat_penalty": 1.1,
            "seed": 7,
            "num_ctx": 8192,
            "num_predict": 100,
            "temperature": 1.5,
            "top_p": 0.9,
            "top_k": 40,
            "presence_penalty": 0.5,
            "frequency_penalty": -0.5,
            "stop": ["END"],
        },
        "keep_alive": "10m",
        "truncate": False,
        "shift": False,
        "stream": True,
    }
    assert wrapped["function"]["parameters"]["required"] == ["input"]
    assert (rendered.notes, rendered.streams, rendered.choices) == ((), True, 1)
    assert rendered.recall == Recall("gpt-oss:20b", custom=frozenset({"patch"}))


def test_a_prompt_may_be_cut_where_configuration_says_so() -> None:
    assert render(conversation(), truncate=True).body == {"model": "llama3.2", "messages": [HI], "stream": False}


# --- messages -------------------------------------------------------------------------------------


def test_a_round_of_tools() -> None:
    turns = (
        turn("user", Text("Look.")),
        turn(
            "assistant",
            Reasoning("Hm."),
            Text("I "),
            Text("look."),
            ToolCall("c1", "look", '{"b":1,"a":12345678901234567890}'),
            ToolCall("c2", "look", ""),
            ToolCall("c3", "patch", "x = 1", "custom"),
        ),
        turn("tool", ToolResult("c2", (Text("one"), Text("two")))),
        turn("tool", ToolResult("c1", ())),
        turn("assistant", Refusal("No.")),
        turn("system", Text("Be brief.")),
    )
    assert sent(*turns) == [
        {"role": "user", "content": "Look."},
        {
            "role": "assistant",
            "content": "I look.",
            "thinking": "Hm.",
            "tool_calls": [
                {"id": "c1", "function": {"name": "look", "arguments": {"b": 1, "a": 12345678901234567890}}},
                {"id": "c2", "function": {"name": "look", "arguments": {}}},
                {"id": "c3", "function": {"name": "patch", "arguments": {"input": "x = 1"}}},
            ],
        },
        {"role": "tool", "content": "one\ntwo", "tool_name": "look", "tool_call_id": "c2"},
        {"role": "tool", "content": "", "tool_name": "look", "tool_call_id": "c1"},
        {"role": "assistant", "content": "No."},
        {"role": "system", "content": "Be brief."},
    ]


def test_identical_calls_stay_two() -> None:
    calls = (ToolCall("c1", "look", "{}"), ToolCall("c2", "look", "{}"))
    results = (turn("tool", ToolResult("c1", (Text("1"),))), turn("tool", ToolResult("c2", (Text("2"),))))
    messages = sent(turn("assistant", *calls), *results)
    assert [len(message.get("tool_calls", ())) for message in messages] == [2, 0, 0]


def test_images() -> None:
    parts = (Text("What"), Image(PNG, at="i1"), Text("is this?"), Image(Inline("image/jpg", "BBBB"), "auto", "i2"))
    rendered = render(conversation(turn("user", *parts)))
    assert rendered.body["messages"] == [{"role": "user", "content": "What\nis this?", "images": ["AAAA", "BBBB"]}]
    assert rendered.notes == (Note("i1", "moved", detail="Images come before the text of their message."),)


def test_images_of_tool_results_follow_all_of_them() -> None:
    rendered = render(
        conversation(
            turn("assistant", ToolCall("c1", "look", "{}"), ToolCall("c2", "look", "{}")),
            turn("tool", ToolResult("c1", (Text("a"), Image(PNG)), at="messages[1]")),
            turn("tool", ToolResult("c2", (Text("b"),))),
            turn("user", Text("Well?")),
        )
    )
    assert rendered.body["messages"][1:] == [
        {"role": "tool", "content": "a", "tool_name": "look", "tool_call_id": "c1"},
        {"role": "tool", "content": "b", "tool_name": "look", "tool_call_id": "c2"},
        {"role": "user", "content": "", "images": ["AAAA"]},
        {"role": "user", "content": "Well?"},
    ]
    why = "The images of a tool's result follow in a message of the user's."
    assert rendered.notes == (Note("messages[1]", "moved", detail=why),)


def encoded(text: str, charset: str = "utf-8") -> str:
    return base64.b64encode(text.encode(charset)).decode()


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(Document(Inline("text/plain", encoded("é")), "a.txt", "d"), "a.txt:\né", id="named"),
        pytest.param(Document(Inline("text/csv", encoded("a,b")), None, "d"), "a,b", id="unnamed"),
        pytest.param(Document(Inline("application/json", encoded("{}")), None, "d"), "{}", id="JSON"),
        pytest.param(Document(Inline("", encoded("x")), None, "d"), "x", id="no type"),
        pytest.param(
            Document(Inline("text/plain; charset=latin-1", encoded("é", "latin-1")), None, "d"), "é", id="a charset"
        ),
    ],
)
def test_text_files_are_text(document: Document, expected: str) -> None:
    rendered = render(conversation(turn("user", Text("Read:"), document)))
    assert rendered.body["messages"] == [{"role": "user", "content": f"Read:\n{expected}"}]
    assert rendered.notes == (Note("d", "approximated", detail="The file is sent as a part of the message's text."),)


LOSSES = [
    pytest.param(turn("user", Text("x", "p", Cache("5m"))), "p", "dropped", id="a cache breakpoint"),
    pytest.param(turn("user", Text("x"), Image(PNG, "low", "p")), "p.detail", "dropped", id="an image's detail"),
    pytest.param(Turn("user", (Text("x"),), "Ann", "p"), "p.name", "dropped", id="a name"),
    pytest.param(turn("user", Text(""), at="p"), "p", "dropped", id="an empty message"),
    pytest.param(turn("assistant", Text("x"), Reasoning("t", "sig", at="p")), "p", "dropped", id="signed reasoning"),
    pytest.param(
        turn("assistant", Text("x"), Reasoning("t", None, "anthropic:c", "p")), "p", "dropped", id="another's reasoning"
    ),
    pytest.param(turn("assistant", Text("x"), RedactedReasoning("d", at="p")), "p", "dropped", id="redacted reasoning"),
    pytest.param(turn("assistant", Text("x"), Foreign("anthropic", {}, "p")), "p", "dropped", id="a foreign block"),
    pytest.param(
        turn("assistant", ToolCall("c", "look", "not JSON", at="p")), "p", "approximated", id="broken arguments"
    ),
    pytest.param(turn("tool", ToolResult("c0", (Text("x"),), True, "p")), "p", "dropped", id="a tool that failed"),
]


@pytest.mark.parametrize(("lossy", "path", "fate"), LOSSES)
def test_losses_are_noted(lossy: Turn, path: str, fate: str) -> None:
    rendered = render(conversation(turn("user", Text("hi")), turn("assistant", ToolCall("c0", "look", "{}")), lossy))
    assert [(note.path, note.fate) for note in rendered.notes] == [(path, fate)]


def test_broken_arguments_go_back_as_they_were() -> None:
    messages = sent(turn("assistant", ToolCall("c", "look", '{"a":')))
    assert messages[0]["tool_calls"][0]["function"]["arguments"] == {"INVALID_JSON": '{"a":'}


REFUSALS = [
    pytest.param((turn("user", Audio("AAAA", "wav", "p")),), "p", id="audio"),
    pytest.param((turn("user", Image(Link("https://x/y.png"), at="p")),), "p", id="an image's address"),
    pytest.param((turn("user", Image(Inline("image/gif", "AAAA"), at="p")),), "p", id="a GIF"),
    pytest.param((turn("user", Image(Inline("image/png", ""), at="p")),), "p", id="an empty image"),
    pytest.param((turn("user", Image(Upload("file-1"), at="p")),), "p", id="an uploaded image"),
    pytest.param((turn("user", Document(Inline("application/pdf", "AAAA"), at="p")),), "p", id="a PDF"),
    pytest.param((turn("user", Document(Inline("", encoded("%PDF-1.7")), at="p")),), "p", id="a PDF without its type"),
    pytest.param((turn("user", Document(Link("https://x/y.txt"), at="p")),), "p", id="a file's address"),
    pytest.param((turn("user", Document(Inline("text/plain", "/w=="), at="p")),), "p", id="a text that is none"),
    pytest.param((turn("tool", ToolResult("c", (), at="p")),), "p", id="a result without its call"),
    pytest.param((turn("user", Text("")),), "messages", id="nothing at all"),
]


@pytest.mark.parametrize(("turns", "param"), REFUSALS)
def test_refused_messages(turns: tuple[Turn, ...], param: str) -> None:
    assert refused(conversation(*turns)).param == param


# --- tools ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "tools"),
    [
        pytest.param(None, [LOOK_SENT, NOW_SENT], id="none said"),
        pytest.param(ToolChoice("auto"), [LOOK_SENT, NOW_SENT], id="auto"),
        pytest.param(ToolChoice("auto", ("now",)), [NOW_SENT], id="some of them"),
        pytest.param(ToolChoice("none"), None, id="none of them"),
    ],
)
def test_which_tools_are_sent(choice: ToolChoice | None, tools: list[Any] | None) -> None:
    rendered = render(conversation(tools=(LOOK, NOW), choice=choice))
    assert rendered.body.get("tools") == tools
    fewer = len(tools or ()) < 2
    why = "Tools that may not be called are not sent."
    assert rendered.notes == ((Note("tool_choice", "moved", detail=why),) if fewer else ())


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        pytest.param(ToolChoice("required"), "unsupported_parameter", id="any"),
        pytest.param(ToolChoice("required", ("look",), True), "unsupported_parameter", id="one"),
        pytest.param(ToolChoice("auto", ("other",)), None, id="an undeclared one"),
    ],
)
def test_nobody_can_be_forced(choice: ToolChoice, code: str | None) -> None:
    result = refused(conversation(tools=(LOOK,), choice=choice))
    assert (result.param, result.code) == ("tool_choice", code)


def test_what_tools_lose() -> None:
    strict = FunctionTool("look", strict=True, at="tools[0]", cache=Cache())
    grammar = CustomTool("patch", None, "lark", "start: x", "tools[1]")
    rendered = render(conversation(tools=(strict, grammar), parallel_tool_calls=False))
    assert [(note.path, note.fate) for note in rendered.notes] == [
        ("parallel_tool_calls", "dropped"),
        ("tools[0].strict", "dropped"),
        ("tools[0]", "dropped"),
        ("tools[1]", "approximated"),
    ]


# --- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output_format", "sent_as"),
    [
        pytest.param(OutputFormat("json"), "json", id="JSON"),
        pytest.param(OutputFormat("schema", None, "x"), "json", id="a schema without one"),
        pytest.param(OutputFormat("schema", {"type": "object"}, "x", None, False), {"type": "object"}, id="a schema"),
    ],
)
def test_output_format(output_format: OutputFormat, sent_as: Any) -> None:
    rendered = render(conversation(response_format=output_format))
    assert (rendered.body["format"], rendered.notes) == (sent_as, ())


def test_a_formats_description_is_lost() -> None:
    rendered = render(conversation(response_format=OutputFormat("schema", {"type": "object"}, "x", "An answer.")))
    assert [(note.path, note.fate) for note in rendered.notes] == [("response_format", "dropped")]


EFFORTS: list[tuple[Any, str, str, Any, str | None]] = [
    # what configuration says, the model, the effort, `think`, the fate
    (None, "llama3.2", "none", False, None),
    (None, "llama3.2", "high", None, "approximated"),
    (None, "gpt-oss:20b", "minimal", "low", "approximated"),
    (None, "openai/gpt-oss:20b", "medium", "medium", None),
    (None, "gpt-oss:20b", "max", "high", "approximated"),
    (None, "gpt-oss:20b", "none", "low", "approximated"),
    (True, "qwen3", "none", False, None),
    (True, "qwen3", "low", True, "approximated"),
    (False, "llama3.2", "none", False, None),
    (False, "llama3.2", "low", None, "dropped"),
    (["low", "high", "max", False], "glm", "none", False, None),
    (["low", "high", "max", False], "glm", "medium", "low", "approximated"),
    (["low", "high", "max", False], "glm", "max", "max", None),
    (["high"], "m", "low", "high", "approximated"),
    ("high", "m", "high", "high", None),
    ([True], "m", "none", None, "approximated"),
    ([True], "m", "low", True, "approximated"),
]


@pytest.mark.parametrize(("declared", "model", "effort", "think", "fate"), EFFORTS)
def test_reasoning_effort(declared: Any, model: str, effort: str, think: Any, fate: str | None) -> None:
    rendered = render(conversation(reasoning_effort=effort), model, **({} if declared is None else {"think": declared}))
    assert rendered.body.get("think") == think
    assert [(note.path, note.fate) for note in rendered.notes] == ([("reasoning_effort", fate)] if fate else [])


@pytest.mark.parametrize(
    ("options", "think", "noted"),
    [
        pytest.param({"thinking": {"type": "disabled"}}, "low", ["thinking"], id="disabled"),
        pytest.param({"thinking": {"type": "enabled", "budget_tokens": 20000}}, "high", ["thinking"], id="a budget"),
        pytest.param({"thinking": {"type": "adaptive"}}, "medium", ["thinking"], id="adaptive"),
        pytest.param({"reasoning_budget": 1000}, "low", ["reasoning_budget"], id="a small budget"),
        pytest.param({"reasoning_budget": 8000}, "medium", ["reasoning_budget"], id="a medium budget"),
        pytest.param(
            {"reasoning_budget": 1000, "reasoning_effort": "high"}, "high", ["reasoning_budget"], id="effort wins"
        ),
        pytest.param({"reasoning_visible": False}, None, [], id="hidden"),
    ],
)
def test_other_ways_to_ask_for_reasoning(options: dict[str, Any], think: Any, noted: list[str]) -> None:
    rendered = render(conversation(**options), "gpt-oss:20b")
    assert rendered.body.get("think") == think
    assert [note.path for note in rendered.notes] == noted


def test_an_answer_that_cannot_fit_is_noted() -> None:
    rendered = render(conversation(max_tokens=5000), num_ctx=4096)
    assert rendered.body["options"] == {"num_ctx": 4096, "num_predict": 5000}
    assert [(note.path, note.old, note.new) for note in rendered.notes] == [("max_tokens", 5000, 4096)]


def test_an_empty_stop_would_stop_everything() -> None:
    rendered = render(conversation(stop=("", "\n")))
    assert rendered.body["options"] == {"stop": ["\n"]}
    assert [(note.path, note.fate) for note in rendered.notes] == [("stop", "dropped")]


@pytest.mark.parametrize("options", [{"n": 1}, {"logit_bias": {}}, {"store": False}, {"logprobs": False}])
def test_what_asks_for_nothing_is_no_loss(options: dict[str, Any]) -> None:
    assert render(conversation(**options)) == render(conversation())


def test_a_field_that_means_nothing_here_is_not_said_to_be_unknown_to_ollama() -> None:
    (note,) = render(conversation(anything=2)).notes
    assert (note.path, note.fate, note.detail) == ("anything", "dropped", NOT_CARRIED)


@pytest.mark.parametrize("option", ["n", "user", "logit_bias", "service_tier", "metadata", "store"])
def test_what_has_no_place_is_noted(option: str) -> None:
    rendered = render(conversation(**{option: 2}))
    assert rendered.notes == (Note(option, "dropped", 2, detail="Ollama has no such field."),)
    assert rendered.choices == 1


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("web_search", WebSearch()),
        ("audio", {"voice": "x"}),
        ("modalities", ("text", "audio")),
        ("moderation", {"model": "m", "policy": {"input": {"mode": "block"}}}),
    ],
)
def test_refused_options(option: str, value: Any) -> None:
    result = refused(conversation(**{option: value}))
    assert (result.param, result.code) == (option, "unsupported_parameter")
