"""A conversation as the body of a request: items, tools, what is refused."""

import json
from typing import Any

import pytest
from openai_responses_conversations import (
    BODY,
    HI,
    assistant,
    call,
    called,
    options,
    output,
    render,
    result,
    turn,
    user,
)

from translators.conversation import (
    Audio,
    Cache,
    CustomTool,
    Document,
    Foreign,
    FunctionTool,
    Image,
    Inline,
    Link,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Text,
    ToolChoice,
    ToolResult,
    Turn,
    Upload,
    WebSearch,
)
from translators.errors import BadRequest

SIGNATURE = 'responses-item-1:{"id":"rs_1","summary":[{"type":"summary_text","text":"Hm."}],"encrypted_content":"gAA"}'
THOUGHT = {
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Hm."}],
    "id": "rs_1",
    "encrypted_content": "gAA",
}
MINE = Reasoning("Hm.", SIGNATURE, "openai-responses:gpt-5.6")
SEARCH = {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search", "query": "q"}}
EXPLICIT = {"mode": "explicit"}


@pytest.mark.parametrize(
    ("turns", "items"),
    [
        pytest.param([turn("user", "Hi")], [HI], id="a text"),
        pytest.param(
            [turn("system", "S"), turn("developer", "D"), turn("user", "Hi"), turn("system", "later")],
            [
                {**user("S"), "role": "system"},
                {**user("D"), "role": "developer"},
                HI,
                {**user("later"), "role": "system"},
            ],
            id="system and developer stay where they are",
        ),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", "a", "b", Refusal("no")), turn("user", "Go on")],
            [HI, assistant("a", "b", {"type": "refusal", "refusal": "no"}), user("Go on")],
            id="a refusal stays one",
        ),
        pytest.param(
            [
                turn("user", "Hi"),
                turn("assistant", call("c1"), call("c2", arguments=" ")),
                result("c2", "two"),
                result(),
            ],
            [HI, called("c1"), called("c2", arguments="{}"), output("c2", "two"), output()],
            id="parallel calls, one without arguments",
        ),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", "Look:", call(arguments="*** x", kind="custom")), result()],
            [
                HI,
                assistant("Look:"),
                {"type": "custom_tool_call", "call_id": "c1", "name": "f", "input": "*** x"},
                {"type": "custom_tool_call_output", "call_id": "c1", "output": "ok"},
            ],
            id="a custom tool's call",
        ),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", MINE, call()), result()],
            [HI, THOUGHT, called(), output()],
            id="reasoning goes back as it came",
        ),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", MINE), turn("assistant", "So."), turn("user", "?")],
            [HI, THOUGHT, assistant("So."), user("?")],
            id="reasoning in a turn of its own",
        ),
        pytest.param(
            [
                turn("user", "Hi"),
                turn(
                    "assistant",
                    Foreign(
                        "openai-responses",
                        {
                            "type": "web_search_call",
                            "id": "ws",
                            "status": "completed",
                            "action": {"type": "search", "query": "q"},
                        },
                    ),
                    "So.",
                ),
            ],
            [
                HI,
                {
                    "type": "web_search_call",
                    "id": "ws",
                    "status": "completed",
                    "action": {"type": "search", "query": "q"},
                },
                assistant("So."),
            ],
            id="a provider's own item",
        ),
        pytest.param(
            [
                turn(
                    "user",
                    "See",
                    Image(Inline("image/png", "AAAA"), "low"),
                    Image(Link("https://x/y.png")),
                    Image(Upload("file-1")),
                    Document(Inline("application/pdf", "JVBERi"), "a.pdf"),
                    Document(Upload("file-2")),
                    Document(Link("https://x/y.pdf")),
                )
            ],
            [
                user(
                    "See",
                    {"type": "input_image", "detail": "low", "image_url": "data:image/png;base64,AAAA"},
                    {"type": "input_image", "detail": "auto", "image_url": "https://x/y.png"},
                    {"type": "input_image", "detail": "auto", "file_id": "file-1"},
                    {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi"},
                    {"type": "input_file", "file_id": "file-2"},
                    {"type": "input_file", "file_url": "https://x/y.pdf"},
                )
            ],
            id="pictures and files",
        ),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", call()), result("c1", "a", Image(Link("https://x/y.png")))],
            [
                HI,
                called(),
                output(
                    output=[
                        {"type": "input_text", "text": "a"},
                        {"type": "input_image", "detail": "auto", "image_url": "https://x/y.png"},
                    ]
                ),
            ],
            id="a picture as a result",
        ),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", call()), result("c1", "")],
            [HI, called(), output(output="")],
            id="an empty result",
        ),
        pytest.param([turn("user", "", "Hi")], [HI], id="an empty text"),
    ],
)
def test_turns_become_items(turns: Any, items: Any) -> None:
    rendered = render(*turns)
    assert rendered.body == {**BODY, "input": items}
    assert rendered.notes == ()
    assert (rendered.path, rendered.headers, rendered.streams) == ("/responses", {}, True)


@pytest.mark.parametrize(
    ("turns", "items", "noted"),
    [
        pytest.param([turn("user", "Hi", at="m[0]", name="Bob")], [HI], [("m[0].name", "dropped")], id="a name"),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", Reasoning("x", "sig", "anthropic:claude", "r"), "So.")],
            [HI, assistant("So.")],
            [("r", "dropped")],
            id="another's reasoning",
        ),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", Reasoning("x", SIGNATURE, "anthropic:claude", "r"), "So.")],
            [HI, assistant("So.")],
            [("r", "dropped")],
            id="ours under another's name",
        ),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", RedactedReasoning("x", None, "r"), Reasoning("x", at="s"), "So.")],
            [HI, assistant("So.")],
            [("r", "dropped"), ("s", "dropped")],
            id="reasoning without a signature",
        ),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", MINE, at="m[1]"), turn("user", "?")],
            [HI, user("?")],
            [("m[1]", "dropped"), ("m[1]", "dropped")],
            id="reasoning that led to nothing",
        ),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", Foreign("anthropic", {"type": "x"}, "f"), "So.")],
            [HI, assistant("So.")],
            [("f", "dropped")],
            id="another's block",
        ),
        pytest.param(
            [turn("user", Text("Hi", "t", Cache("1h")), Document(Inline("text/plain", "QQ=="), None, "d"))],
            [
                user(
                    {"type": "input_text", "text": "Hi", "prompt_cache_breakpoint": {**EXPLICIT, "ttl": "12h"}},
                    {"type": "input_file", "filename": "file.txt", "file_data": "data:text/plain;base64,QQ=="},
                )
            ],
            [("t", "approximated"), ("d", "defaulted")],
            id="a breakpoint, and a file without a name",
        ),
        pytest.param(
            [
                turn("user", "Hi"),
                turn("assistant", Text("So.", "t", Cache()), call()),
                Turn("tool", (ToolResult("c1", (Text("a"),), True, "r", Cache()),)),
            ],
            [
                HI,
                assistant("So."),
                called(),
                output(output=[{"type": "input_text", "text": "a", "prompt_cache_breakpoint": EXPLICIT}]),
            ],
            [("t", "dropped"), ("r", "dropped")],
            id="a breakpoint in an answer and at a result that failed",
        ),
        pytest.param([turn("assistant", at="a"), turn("user", "Hi")], [HI], [("a", "dropped")], id="nothing said"),
        pytest.param(
            [turn("user", Document(Upload("file-1"), "a.pdf", "d"))],
            [user({"type": "input_file", "file_id": "file-1"})],
            [("d", "dropped")],
            id="the name of an upload",
        ),
    ],
)
def test_what_is_bent_is_noted(turns: Any, items: Any, noted: Any) -> None:
    rendered = render(*turns, by_spec=False)
    assert rendered.body == {**BODY, "input": items}
    assert [(note.path, note.fate) for note in rendered.notes] == noted


def test_ids_that_the_api_refuses_are_respelled() -> None:
    long = "call_" + "x" * 100
    turns = (turn("assistant", call(long), call("a"), at="m"), result(long), result("a"), turn("assistant", call("a")))
    items = render(turn("user", "Hi"), *turns, result("a")).body["input"][1:]
    ids = [item["call_id"] for item in items]
    assert ids[1] == "a"
    assert ids == [ids[0], "a", ids[0], "a", ids[4], ids[4]]
    assert len(set(ids)) == 3
    assert all(len(id) <= 64 for id in ids)
    assert items == render(turn("user", "Hi"), *turns, result("a")).body["input"][1:]


def test_38_names_that_the_api_refuses_are_respelled_and_restored() -> None:
    names = ["mcp.look", "mcp/look", "mcp_look"]
    rendered = render(tools=tuple(FunctionTool(name) for name in names))
    wire = [tool["name"] for tool in rendered.body["tools"]]
    assert wire[2] == "mcp_look"
    assert len(set(wire)) == 3
    assert rendered.recall.names == {wire[0]: "mcp.look", wire[1]: "mcp/look"}


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
WIRE = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("more", "body"),
    [
        pytest.param(
            {"tools": (FunctionTool("f", "Does.", SCHEMA, True), FunctionTool("g"))},
            {
                "tools": [
                    {"type": "function", "name": "f", "description": "Does.", "parameters": SCHEMA, "strict": True},
                    {"type": "function", "name": "g", "parameters": WIRE, "strict": False},
                ]
            },
            id="strict, and not strict where nobody asked for it",
        ),
        pytest.param(
            {"tools": (CustomTool("p", "Patches.", "lark", "start: x"), CustomTool("q"))},
            {
                "tools": [
                    {
                        "type": "custom",
                        "name": "p",
                        "description": "Patches.",
                        "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"},
                    },
                    {"type": "custom", "name": "q"},
                ]
            },
            id="custom tools and grammars are native",
        ),
        pytest.param(
            {"options": options(web_search=WebSearch("low", {"city": "Oslo"}))},
            {
                "tools": [
                    {
                        "type": "web_search",
                        "search_context_size": "low",
                        "user_location": {"type": "approximate", "city": "Oslo"},
                    }
                ]
            },
            id="web search",
        ),
    ],
)
def test_tools(more: Any, body: Any) -> None:
    rendered = render(**more)
    assert rendered.body == {**BODY, "input": [HI], **body}
    assert rendered.notes == ()


TOOLS = (FunctionTool("f"), CustomTool("p"))


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        pytest.param(None, None, id="open"),
        pytest.param(ToolChoice("auto"), "auto", id="auto"),
        pytest.param(ToolChoice("none"), "none", id="none"),
        pytest.param(ToolChoice("required"), "required", id="required"),
        pytest.param(ToolChoice("required", ("f",), True), {"type": "function", "name": "f"}, id="a function"),
        pytest.param(ToolChoice("required", ("p",), True), {"type": "custom", "name": "p"}, id="a custom tool"),
        pytest.param(
            ToolChoice("auto", ("f", "p")),
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "p"}],
            },
            id="allowed tools",
        ),
        pytest.param(ToolChoice("auto", ()), "none", id="no tool allowed"),
    ],
)
def test_tool_choice(choice: Any, wire: Any) -> None:
    assert render(tools=TOOLS, tool_choice=choice).body.get("tool_choice") == wire


@pytest.mark.parametrize(
    ("choice", "wire", "noted"),
    [
        pytest.param(
            ToolChoice("auto", ("f",)),
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "f"}, {"type": "web_search"}],
            },
            [],
            id="is allowed beside the allowed tools",
        ),
        pytest.param(ToolChoice("none"), "none", ["client.web_search"], id="is a call too"),
    ],
)
def test_a_search_beside_a_choice(choice: Any, wire: Any, noted: Any) -> None:
    rendered = render(tools=TOOLS, tool_choice=choice, options=options(web_search=WebSearch()))
    assert rendered.body["tool_choice"] == wire
    assert [note.path for note in rendered.notes] == noted


@pytest.mark.parametrize(
    ("turns", "more", "param"),
    [
        pytest.param([turn("user", Audio("AAAA", "wav", "a"))], {}, "a", id="audio"),
        pytest.param([turn("user", "")], {}, "messages", id="nothing to say"),
        pytest.param([turn("user", "Hi"), turn("assistant", call())], {}, "calls[c1]", id="no result"),
        pytest.param([turn("user", "Hi"), result("c9")], {}, "results[c9]", id="no call"),
        pytest.param(
            [turn("user", "Hi"), turn("assistant", call()), result(), result()], {}, "results[c1]", id="two results"
        ),
        pytest.param(
            [turn("assistant", Foreign("openai-responses", {"type": "item_reference", "id": "x"}, "f"))],
            {},
            "f.block",
            id="a forged item",
        ),
        pytest.param([turn("user", "Hi")], {"tool_choice": ToolChoice("required")}, "tool_choice", id="no tools"),
        pytest.param(
            [turn("user", "Hi")],
            {"tools": TOOLS, "tool_choice": ToolChoice("required", ())},
            "tool_choice",
            id="none allowed",
        ),
        pytest.param(
            [turn("user", "Hi")],
            {"tools": TOOLS, "tool_choice": ToolChoice("auto", ("x",))},
            "tool_choice",
            id="an unknown tool",
        ),
        pytest.param([turn("user", "Hi")], {"options": options(audio={"voice": "x"})}, "client.audio", id="audio out"),
        pytest.param(
            [turn("user", "Hi")],
            {"options": options(modalities=("text", "audio"))},
            "client.modalities",
            id="modalities",
        ),
    ],
)
def test_what_cannot_be_carried_is_refused(turns: Any, more: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        render(*turns, **more)
    assert (caught.value.failure.status, caught.value.failure.param) == (400, param)


# --- what is remembered for a client that forgets ---------------------------------------------------


class Kept(dict[str, str]):
    def put(self, key: str, value: str) -> None:
        self[key] = value


def test_reasoning_that_the_client_dropped_is_put_back_before_its_call() -> None:
    memory: Any = Kept({"openai-responses:c2": json.dumps([SIGNATURE])})
    turns = [turn("user", "Hi"), turn("assistant", "So.", call("c1"), call("c2")), result("c1"), result("c2")]
    items = [HI, assistant("So."), called("c1"), THOUGHT, called("c2"), output("c1"), output("c2")]
    assert render(*turns, memory=memory).body["input"] == items


def test_what_the_client_kept_is_not_doubled() -> None:
    memory: Any = Kept({"openai-responses:c1": json.dumps([SIGNATURE])})
    turns = [turn("user", "Hi"), turn("assistant", MINE, call("c1")), result("c1")]
    assert render(*turns, memory=memory).body["input"] == [HI, THOUGHT, called("c1"), output("c1")]


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param("gAAA", id="of another packing"),
        pytest.param("responses-item-1:{", id="no JSON"),
        pytest.param("responses-item-1:[]", id="no object"),
        pytest.param("responses-item-1:" + "[" * 100_000, id="too deep"),
    ],
)
def test_a_broken_signature_is_dropped(signature: str) -> None:
    rendered = render(turn("user", "Hi"), turn("assistant", Reasoning("x", signature, None, "r"), "So."))
    assert rendered.body["input"] == [HI, assistant("So.")]
    assert [note.path for note in rendered.notes] == ["r"]
