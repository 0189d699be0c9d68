"""What a Responses request means: every field and every kind of item, compared whole."""

import copy
from typing import Any, get_args

import pytest
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming
from openai.types.responses.response_input_item_param import ResponseInputItemParam
from openai.types.responses.tool_param import ToolParam
from responses_oracles import SEEN, whole
from test_responses_answers import EVERYTHING, TURN

from translators.clients import responses
from translators.clients.responses.encrypted_content import EncryptedContent, encode
from translators.clients.responses.shapes import items as item_shapes
from translators.clients.responses.shapes import tools as tool_shapes
from translators.clients.responses.shapes.request import Request
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
    Option,
    OutputFormat,
    Part,
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

PNG = "iVBORw0KGgo="
UNKNOWN = "This field is not carried by this gateway."
SIGNER = "anthropic:claude"


def parse(*items: Any, **fields: Any) -> ParsedRequest:
    """Parses, and proves that the body is as it was."""
    body = {"model": "m", "input": list(items) or "hi", **fields}
    before = copy.deepcopy(body)
    request = responses.parse(body)
    assert body == before
    return request


def turns(*items: Any) -> tuple[Turn, ...]:
    request = parse(*items)
    assert request.notes == ()
    return request.conversation.turns


def assistant(*parts: Part, at: str = "input[0]") -> Turn:
    return Turn("assistant", parts, at=at)


def call(call_id: str = "c", name: str = "look", **fields: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": "{}", **fields}


def output(call_id: str = "c", value: Any = "seen", **fields: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": value, **fields}


def result(at: str, *parts: Part, id: str = "c") -> Turn:
    return Turn("tool", (ToolResult(id, parts, at=at),), at=at)


# --- input --------------------------------------------------------------------------------------


def test_the_least() -> None:
    request = parse()
    assert request.model == "m"
    assert request.notes == ()
    assert request.conversation.turns == (Turn("user", (Text("hi", "input"),), at="input"),)
    assert (request.conversation.tools, request.conversation.tool_choice) == ((), None)
    assert (request.conversation.options, request.conversation.stream) == ({}, False)


def test_instructions_come_first() -> None:
    first, _ = parse(instructions="Be brief.").conversation.turns
    assert first == Turn("system", (Text("Be brief.", "instructions"),), at="instructions")


@pytest.mark.parametrize("role", ["user", "system", "developer"])
@pytest.mark.parametrize("typed", [{}, {"type": "message"}, {"type": None}], ids=["untyped", "typed", "null"])
def test_a_message(role: str, typed: dict[str, Any]) -> None:
    value = {**typed, "role": role, "content": "x", "status": "completed", "id": "msg_1"}
    assert turns(value) == (Turn(role, (Text("x", "input[0].content"),), at="input[0]"),)  # type: ignore[arg-type]


P = "input[0].content[0]"
PARTS = [
    pytest.param({"type": "input_text", "text": "x"}, Text("x", P), id="text"),
    pytest.param(
        {"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
        Text("x", P, Cache("30m")),
        id="a breakpoint",
    ),
    pytest.param(
        {"type": "input_text", "text": "x", "cache_control": {"type": "ephemeral"}},
        Text("x", P, Cache()),
        id="Anthropic's breakpoint",
    ),
    pytest.param({"type": "input_image", "image_url": "https://a/b"}, Image(Link("https://a/b"), at=P), id="a link"),
    pytest.param(
        {"type": "input_image", "image_url": {"url": "https://a/b", "detail": "low"}},
        Image(Link("https://a/b"), "low", at=P),
        id="in the form of a chat",
    ),
    pytest.param(
        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "high"},
        Image(Inline("image/png", PNG), "high", P),
        id="an image",
    ),
    pytest.param(
        {"type": "input_image", "file_id": "f", "image_url": None, "detail": "auto"},
        Image(Upload("f"), at=P),
        id="an uploaded image",
    ),
    pytest.param(
        {"type": "input_image", "image_url": "data:application/pdf;base64,AAAA"},
        Document(Inline("application/pdf", "AAAA"), at=P),
        id="a file in the place of an image",
    ),
    pytest.param(
        {"type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"},
        Document(Inline("application/pdf", "AAAA"), "a.pdf", P),
        id="a file",
    ),
    pytest.param(
        {"type": "input_file", "file_url": "https://a/b.pdf"}, Document(Link("https://a/b.pdf"), at=P), id="a file link"
    ),
    pytest.param({"type": "input_file", "file_id": "f"}, Document(Upload("f"), at=P), id="an upload"),
    pytest.param(
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}, Audio("AAAA", "wav", P), id="audio"
    ),
]


@pytest.mark.parametrize(("part", "read"), PARTS)
def test_a_part(part: Any, read: Part) -> None:
    assert turns({"role": "user", "content": [part]}) == (Turn("user", (read,), at="input[0]"),)


@pytest.mark.parametrize(("part", "read"), PARTS[:3])
def test_a_part_of_a_result(part: Any, read: Part) -> None:
    (_, tool) = turns(call(), output(value=[part]))
    (answer,) = tool.parts
    assert isinstance(answer, ToolResult)
    assert type(answer.parts[0]) is type(read)


def test_what_the_model_said_before() -> None:
    value = [
        {"type": "output_text", "text": "a", "annotations": [], "logprobs": []},
        {"type": "refusal", "refusal": "no"},
    ]
    message = {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content": value}
    assert turns(message) == (assistant(Text("a", P), Refusal("no", "input[0].content[1]")),)


def test_what_is_not_sent_of_a_message_is_noted() -> None:
    cited = {"type": "output_text", "text": "a", "annotations": [{"type": "url_citation"}]}
    request = parse({"role": "assistant", "content": [cited], "phase": "commentary"})
    detail = "Citations of an earlier answer are not sent back to a provider."
    assert request.notes == (
        Note(f"{P}.annotations", "dropped", detail=detail, loss=False),
        Note("input[0].phase", "dropped", detail=UNKNOWN),
    )


# --- calls --------------------------------------------------------------------------------------


def test_a_call_and_its_result() -> None:
    request = (call(id="fc_1", status="completed"), output("c", "seen", id="fco_1", status="completed"))
    assert turns(*request) == (
        assistant(ToolCall("c", "look", "{}", at="input[0]")),
        result("input[1]", Text("seen", "input[1].output")),
    )


def test_a_custom_call_and_its_result() -> None:
    custom = {"type": "custom_tool_call", "call_id": "c", "name": "patch", "input": "*** x"}
    assert turns(custom, {"type": "custom_tool_call_output", "call_id": "c", "output": "ok"}) == (
        assistant(ToolCall("c", "patch", "*** x", "custom", "input[0]")),
        result("input[1]", Text("ok", "input[1].output")),
    )


def test_what_the_assistant_did_without_a_pause_is_one_turn_in_its_order() -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}
    value = {"role": "assistant", "content": "Let me."}
    read = turns(thought, call("a"), value, call("b"), output("a"), output("b"), call("d"), output("d"))
    assert read == (
        assistant(
            Reasoning("Hm.", at="input[0]"),
            ToolCall("a", "look", "{}", at="input[1]"),
            Text("Let me.", "input[2].content"),
            ToolCall("b", "look", "{}", at="input[3]"),
        ),
        result("input[4]", Text("seen", "input[4].output"), id="a"),
        result("input[5]", Text("seen", "input[5].output"), id="b"),
        assistant(ToolCall("d", "look", "{}", at="input[6]"), at="input[6]"),
        result("input[7]", Text("seen", "input[7].output"), id="d"),
    )


def test_a_message_between_agents_is_the_users_word() -> None:
    """Codex sends it. What a model wrote as an argument that is to be encrypted comes back as it wrote it, unless the
    model was OpenAI's."""
    message = {"type": "agent_message", "id": "amsg_1", "author": "/root", "recipient": "/root/helper"}
    written, encrypted = ({"type": "encrypted_content", "encrypted_content": text} for text in ("Do it.", "gAAAAABq"))
    request = parse({**message, "content": [{"type": "input_text", "text": "Sender: /root\n"}, written, encrypted]})
    at = "input[0].content"
    text = Text("Sender: /root\n", f"{at}[0]"), Text("Do it.", f"{at}[1]")
    assert request.conversation.turns == (Turn("user", text, at="input[0]"),)
    assert [(note.path, note.fate) for note in request.notes] == [
        (f"{at}[2]", "dropped"),
        ("input[0].author", "dropped"),
        ("input[0].recipient", "dropped"),
    ]


def test_a_second_result_goes_on_with_the_first() -> None:
    """A tool may tell of its progress by a result of its own; other providers take one for each call."""
    request = parse(call("a"), output("a"), call("b"), output("b"), output("a"))
    first, second = Text("seen", "input[1].output"), Text("seen", "input[4].output")
    assert request.conversation.turns[1] == result("input[1]", first, second, id="a")
    why = "A call has one result: this goes on with its earlier one."
    assert request.notes == (Note("input[4]", "moved", detail=why),)


def test_a_result_that_comes_later_is_moved_to_its_call() -> None:
    """OpenAI takes it; other providers want it right after the call."""
    request = parse(call("a"), call("b"), output("b"), {"role": "user", "content": "x"}, output("a"))
    assert [turn.at for turn in request.conversation.turns] == ["input[0]", "input[2]", "input[4]", "input[3]"]
    assert request.notes == (Note("input[4]", "moved", detail="The result of a call is sent right after it."),)


def test_an_id_may_come_again_when_its_call_is_answered() -> None:
    """Providers without ids get counted ones, which begin anew with each answer."""
    read = turns(call(), output(value="1"), call(), output(value="2"))
    assert [turn.role for turn in read] == ["assistant", "tool", "assistant", "tool"]
    assert read[3] == result("input[3]", Text("2", "input[3].output"))


def test_a_tool_of_a_namespace_is_called_by_its_whole_name() -> None:
    first, _ = turns(call(namespace="crm", name="find"), output(name="find", namespace="crm"))
    assert first.parts == (ToolCall("c", "crm__find", "{}", at="input[0]"),)


# --- reasoning ----------------------------------------------------------------------------------


def encrypted(**fields: Any) -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": encode(EncryptedContent(**fields))}


@pytest.mark.parametrize(
    ("item", "read"),
    [
        pytest.param(
            encrypted(kind="thinking", issuer=SIGNER, text="Hm.", signature="s"),
            Reasoning("Hm.", "s", SIGNER, "input[0]"),
            id="signed",
        ),
        pytest.param(
            encrypted(kind="redacted", issuer=SIGNER, data="d"),
            RedactedReasoning("d", SIGNER, "input[0]"),
            id="redacted",
        ),
        pytest.param(
            encrypted(kind="foreign", issuer="anthropic", block={"type": "x"}),
            Foreign("anthropic", {"type": "x"}, "input[0]"),
            id="a provider's own block",
        ),
        pytest.param(
            {
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": "short"}],
                "content": [{"type": "reasoning_text", "text": "long"}],
            },
            Reasoning("long", at="input[0]"),
            id="not encrypted",
        ),
    ],
)
def test_reasoning(item: Any, read: Part) -> None:
    assert turns(item) == (assistant(read),)


def test_the_signature_of_a_call_goes_back_to_it() -> None:
    first, _ = turns(encrypted(kind="call", issuer="gemini:g", signature="s", call_id="c"), call(), output())
    assert first.parts == (ToolCall("c", "look", "{}", at="input[1]", signature="s", issuer="gemini:g"),)


def test_a_signature_without_its_call_is_noted() -> None:
    request = parse(encrypted(kind="call", signature="s", call_id="c"))
    assert request.notes == (Note("input[0]", "dropped", detail="It signs a call that does not come after it."),)


def test_what_another_server_sealed_is_noted() -> None:
    request = parse({"type": "reasoning", "summary": [], "encrypted_content": "gAAAAAB"})
    detail = "It was sealed by another server, which alone can read it."
    assert request.notes == (Note("input[0].encrypted_content", "dropped", detail=detail),)


def test_a_stateless_loop_keeps_everything() -> None:
    """What an agent gets, it sends back as it is."""
    (turn, *_) = turns(*whole(TURN, SEEN)["output"], output("call_a"), output("call_b"))
    assert turn.parts == (
        Reasoning("Two calls.", "sig0", SIGNER, "input[0]"),
        Text("Let me.", "input[1].content[0]"),
        ToolCall("call_a", "look", '{"at":1}', at="input[2]"),
        ToolCall("call_b", "sql", "select 1", "custom", "input[3]"),
    )
    request = parse(*whole(EVERYTHING, SEEN)["output"], output("call_a"))
    parts = request.conversation.turns[0].parts
    assert [type(part) for part in parts] == [
        *(RedactedReasoning, Reasoning, Text, Foreign, Text, Image, ToolCall, Refusal)
    ]
    assert parts[5] == Image(Inline("image/png", "iVBORw0KGgo="), at="input[5]")
    assert parts[6] == ToolCall("call_a", "look", "{}", at="input[7]", signature="gsig", issuer="gemini:g")
    assert [note.path for note in request.notes] == [
        "input[2].content[0].annotations",
        "input[4].content[0].annotations",
    ]


THOUGHT_A, THOUGHT_B = (
    {
        "type": "reasoning",
        "id": f"rs_{response}_0",
        "summary": [],
        "encrypted_content": encode(EncryptedContent("thinking", SIGNER, text=text, signature="s", response=response)),
    }
    for response, text in (("a1", "A"), ("b2", "B"))
)
MESSAGE_A, MESSAGE_B = (
    {"role": "assistant", "id": f"msg_{response}_1", "content": [{"type": "output_text", "text": text}]}
    for response, text in (("a1", "said A"), ("b2", "said B"))
)


def _by_codex(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "id"}


@pytest.mark.parametrize(
    ("items", "value", "noted"),
    [
        pytest.param([THOUGHT_A, THOUGHT_B, MESSAGE_B], ["B", "said B"], ["input[0]"], id="a cut attempt's thought"),
        pytest.param([THOUGHT_A, THOUGHT_A, THOUGHT_B, MESSAGE_B], ["B", "said B"], ["input[1]", "input[0]"], id="two"),
        pytest.param(
            [*map(_by_codex, (THOUGHT_A, THOUGHT_B, MESSAGE_B))], ["B", "said B"], ["input[0]"], id="without ids"
        ),
        pytest.param([THOUGHT_A, MESSAGE_B], ["said B"], ["input[0]"], id="before another's message"),
        pytest.param([THOUGHT_A, MESSAGE_A], ["A", "said A"], [], id="its own message"),
        pytest.param(
            [THOUGHT_A, MESSAGE_A, THOUGHT_B, MESSAGE_B], ["A", "said A", "B", "said B"], [], id="a cut behind the text"
        ),
        pytest.param([THOUGHT_A, _by_codex(MESSAGE_B)], ["A", "said B"], [], id="a message of nobody knows what"),
        pytest.param([THOUGHT_A, {**MESSAGE_B, "id": "msg_68af"}], ["A", "said B"], [], id="another server's id"),
    ],
)
def test_thoughts_go_back_before_what_they_led_to_only(
    items: list[dict[str, Any]], value: list[str], noted: list[str]
) -> None:
    request = parse(*items, {"role": "user", "content": "x"})
    parts = request.conversation.turns[0].parts
    assert [part.text for part in parts if isinstance(part, Text | Reasoning)] == value
    assert [(note.path, note.fate) for note in request.notes] == [(path, "dropped") for path in noted]


# --- other items --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", item_shapes.SERVERS)
def test_what_servers_did_is_noted(kind: str) -> None:
    request = parse({"type": kind, "id": "x"}, {"role": "user", "content": "x"})
    detail = "What a server's own tool did earlier is not sent to a provider."
    assert request.notes == (Note("input[0]", "dropped", detail=detail),)
    assert len(request.conversation.turns) == 1


def test_more_tools_may_come_in_the_input() -> None:
    more = {"type": "additional_tools", "role": "developer", "tools": [{"type": "function", "name": "b"}]}
    request = parse(more, {"role": "user", "content": "x"}, tools=[{"type": "function", "name": "a"}])
    assert [(tool.name, tool.at) for tool in request.conversation.tools] == [
        ("a", "tools[0]"),
        ("b", "input[0].tools[0]"),
    ]
    assert request.notes == ()


def test_the_same_tool_twice_is_one() -> None:
    """Also where only one of the two waits to be searched for."""
    tool = {"type": "function", "name": "a", "parameters": {"type": "object"}, "defer_loading": True}
    more = {"type": "additional_tools", "role": "developer", "tools": [{**tool, "defer_loading": False}]}
    request = parse(more, {"role": "user", "content": "x"}, tools=[tool])
    assert [(tool.name, tool.at) for tool in request.conversation.tools] == [("a", "tools[0]")]
    assert [(note.path, note.fate) for note in request.notes] == [
        ("tools[0].defer_loading", "dropped"),
        ("input[0].tools[0]", "dropped"),
    ]


def test_the_last_configuration_wins() -> None:
    def update(**fields: Any) -> dict[str, Any]:
        return {"type": "configuration_update", **fields}

    request = parse(
        update(reasoning={"effort": "low"}),
        update(reasoning={"effort": "high"}, text={"format": {"type": "json_object"}}),
        {"role": "user", "content": "x"},
        reasoning={"effort": "medium"},
    )
    assert request.notes == ()
    assert request.conversation.options == {
        "reasoning_effort": Option("high", "input[1].reasoning.effort"),
        "reasoning_visible": Option(False, "reasoning.summary"),
        "response_format": Option(OutputFormat("json"), "input[1].text.format"),
    }


def test_every_official_kind_of_item_is_known() -> None:
    kinds = {
        kind
        for item in get_args(ResponseInputItemParam)
        for literal in _literals(item.__annotations__["type"])
        for kind in get_args(literal)
    }
    assert kinds | {"agent_message"} == set(item_shapes._KINDS)  # which Codex alone sends


def test_every_official_kind_of_tool_is_known() -> None:
    kinds = {
        kind
        for tool in get_args(ToolParam)
        for literal in _literals(tool.__annotations__["type"])
        for kind in get_args(literal)
    }
    assert kinds <= set(tool_shapes._TOOLS)


def _literals(annotation: Any) -> list[Any]:
    """The `Literal[...]` in `Required[Literal[...]]` and the like, which is text in these files."""
    import typing

    text = annotation.__forward_arg__ if hasattr(annotation, "__forward_arg__") else str(annotation)
    start = text.index("Literal[")
    return [eval(text[start : text.index("]", start) + 1], {"Literal": typing.Literal})]


# --- tools --------------------------------------------------------------------------------------

SCHEMA = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("tool", "read"),
    [
        pytest.param(
            {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA, "strict": True},
            FunctionTool("f", "d", SCHEMA, True, "tools[0]"),
            id="a function",
        ),
        pytest.param({"type": "function", "name": "f"}, FunctionTool("f", at="tools[0]"), id="a bare function"),
        pytest.param(
            {"type": "function", "name": "f", "allowed_callers": ["direct"], "strict": None},
            FunctionTool("f", at="tools[0]"),
            id="for direct calls",
        ),
        pytest.param(
            {"type": "function", "name": "f", "cache_control": {"type": "ephemeral"}},
            FunctionTool("f", at="tools[0]", cache=Cache()),
            id="a breakpoint",
        ),
        pytest.param(
            {"type": "custom", "name": "c", "description": "d"}, CustomTool("c", "d", at="tools[0]"), id="free text"
        ),
        pytest.param(
            {"type": "custom", "name": "c", "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"}},
            CustomTool("c", None, "lark", "start: x", "tools[0]"),
            id="a grammar",
        ),
    ],
)
def test_a_tool(tool: Any, read: Any) -> None:
    request = parse(tools=[tool])
    assert request.conversation.tools == (read,)
    assert request.notes == ()


def test_a_namespace_is_its_tools() -> None:
    inner = [{"type": "function", "name": "find", "defer_loading": True}, {"type": "custom", "name": "note"}]
    request = parse(tools=[{"type": "namespace", "name": "crm", "description": "d", "tools": inner}])
    assert request.conversation.tools == (
        FunctionTool("crm__find", at="tools[0].tools[0]"),
        CustomTool("crm__note", at="tools[0].tools[1]"),
    )
    assert request.form.spaced == {"crm__find": ("crm", "find"), "crm__note": ("crm", "note")}
    assert [(note.path, note.fate) for note in request.notes] == [
        ("tools[0].description", "dropped"),
        ("tools[0].tools[0].defer_loading", "dropped"),
    ]


def test_a_search_among_tools_is_noted() -> None:
    request = parse(tools=[{"type": "tool_search"}])
    assert [(note.path, note.fate) for note in request.notes] == [("tools[0]", "dropped")]


def test_a_search_among_tools_that_the_client_does_itself() -> None:
    """It is a function to a model, and its results are declared from then on."""
    parameters = {"type": "object"}
    crm = {"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "find", "defer_loading": True}]}
    items: list[Any] = [
        {"type": "tool_search_call", "execution": "client", "call_id": id, "arguments": {"query": "q"}}
        if kind == "call"
        else {"type": "tool_search_output", "execution": "client", "call_id": id, "tools": loaded}
        for kind, id, loaded in [
            ("call", "a", []),
            ("output", "a", [crm, {"type": "custom", "name": "note"}]),
            ("call", "b", []),
            ("output", "b", [crm]),
        ]
    ]
    tool = {"type": "tool_search", "execution": "client", "description": "Finds.", "parameters": parameters}
    request = parse(*items, tools=[tool])
    assert request.conversation.tools == (
        FunctionTool("tool_search", "Finds.", parameters, at="tools[0]"),
        FunctionTool("crm__find", at="input[1].tools[0].tools[0]"),
        CustomTool("note", at="input[1].tools[1]"),
    )
    searched = '{"query":"q"}'
    both, again = '{"tools":["crm__find","note"]}', '{"tools":["crm__find"]}'
    assert request.conversation.turns == (
        assistant(ToolCall("a", "tool_search", searched, at="input[0]"), at="input[0]"),
        result("input[1]", Text(both, "input[1].output"), id="a"),
        assistant(ToolCall("b", "tool_search", searched, at="input[2]"), at="input[2]"),
        result("input[3]", Text(again, "input[3].output"), id="b"),
    )
    assert (request.form.tool_search, request.form.spaced, request.notes) == (
        "tool_search",
        {"crm__find": ("crm", "find")},
        (),
    )


@pytest.mark.parametrize(
    ("search", "option", "notes"),
    [
        pytest.param({}, Option(WebSearch(offered=True), "tools[1]"), [], id="an offer"),
        pytest.param({"external_web_access": False}, None, [("tools[1]", "dropped")], id="not to the web"),
    ],
)
def test_a_web_search_beside_other_tools(search: Any, option: Option | None, notes: list[Any]) -> None:
    request = parse(tools=[{"type": "function", "name": "f"}, {"type": "web_search", **search}])
    assert request.conversation.options.get("web_search") == option
    assert [(note.path, note.fate) for note in request.notes] == notes


@pytest.mark.parametrize("kind", tool_shapes.SEARCHES)
def test_a_web_search(kind: str) -> None:
    place = {"type": "approximate", "country": "DE", "city": None}
    request = parse(tools=[{"type": kind, "search_context_size": "low", "user_location": place, "filters": None}])
    assert request.conversation.options == {"web_search": Option(WebSearch("low", {"country": "DE"}), "tools[0]")}
    assert (request.conversation.tools, request.notes) == ((), ())


A, B = {"type": "function", "name": "a"}, {"type": "custom", "name": "b"}


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        pytest.param(None, None, id="nothing"),
        pytest.param("auto", None, id="auto"),
        pytest.param("none", ToolChoice("none"), id="none"),
        pytest.param("required", ToolChoice("required"), id="required"),
        pytest.param(A, ToolChoice("required", ("a",), single=True), id="a function"),
        pytest.param(B, ToolChoice("required", ("b",), single=True), id="a custom tool"),
        pytest.param(
            {"type": "allowed_tools", "mode": "auto", "tools": [B, A, B]}, ToolChoice("auto", ("b", "a")), id="some"
        ),
        pytest.param(
            {"type": "function", "name": "find"}, ToolChoice("required", ("crm__find",), single=True), id="in a space"
        ),
    ],
)
def test_a_choice(choice: Any, read: Any) -> None:
    crm = {"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "find"}]}
    request = parse(tools=[A, B, crm], tool_choice=choice)
    assert request.conversation.tool_choice == read
    assert request.notes == ()


# --- options ------------------------------------------------------------------------------------

OPTIONS = [
    ({"max_output_tokens": 5}, "max_tokens", 5, "max_output_tokens"),
    ({"temperature": 0}, "temperature", 0, "temperature"),
    ({"top_p": 0.5}, "top_p", 0.5, "top_p"),
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
    ({"moderation": {"model": "m"}}, "moderation", {"model": "m"}, "moderation"),
    ({"metadata": {"a": "b"}}, "metadata", {"a": "b"}, "metadata"),
    ({"parallel_tool_calls": False}, "parallel_tool_calls", False, "parallel_tool_calls"),
    ({"service_tier": "flex"}, "service_tier", "flex", "service_tier"),
    ({"include": ["message.output_text.logprobs"]}, "logprobs", True, "include[0]"),
    ({"text": {"verbosity": "low"}}, "verbosity", "low", "text.verbosity"),
    ({"text": {"format": {"type": "json_object"}}}, "response_format", OutputFormat("json"), "text.format"),
    (
        {
            "text": {
                "format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True, "description": "d"}
            }
        },
        "response_format",
        OutputFormat("schema", SCHEMA, "n", "d", True),
        "text.format",
    ),
    ({"image": {"context_compression": "enabled"}}, "image", {"context_compression": "enabled"}, "image"),
]


@pytest.mark.parametrize(("fields", "name", "value", "at"), OPTIONS, ids=[str(each[0])[:50] for each in OPTIONS])
def test_an_option(fields: dict[str, Any], name: str, value: Any, at: str) -> None:
    request = parse(**fields)
    assert request.conversation.options == {name: Option(value, at)}
    assert request.notes == ()


def test_probabilities_of_the_likeliest_tokens() -> None:
    request = parse(top_logprobs=3)
    assert request.conversation.options == {
        "top_logprobs": Option(3, "top_logprobs"),
        "logprobs": Option(True, "top_logprobs"),
    }
    assert request.form.logprobs


@pytest.mark.parametrize(
    ("reasoning", "visible", "at"),
    [
        ({"effort": "low", "summary": "auto"}, True, "reasoning.summary"),
        ({"effort": "low", "generate_summary": "concise"}, True, "reasoning.generate_summary"),
        ({"effort": "low", "summary": None}, False, "reasoning.summary"),
        ({"effort": "low", "context": "auto", "mode": "standard"}, False, "reasoning.summary"),
    ],
)
def test_reasoning_options(reasoning: dict[str, Any], visible: bool, at: str) -> None:
    request = parse(reasoning=reasoning)
    assert request.conversation.options == {
        "reasoning_effort": Option("low", "reasoning.effort"),
        "reasoning_visible": Option(visible, at),
    }
    assert request.form.summary == visible
    assert request.notes == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"background": False},
        {"conversation": None},
        {"context_management": []},
        {"include": ["reasoning.encrypted_content"]},
        {"metadata": {}},
        {"parallel_tool_calls": True},
        {"previous_response_id": None},
        {"service_tier": "auto"},
        {"store": False},
        {"stream_options": {"include_obfuscation": True}},
        {"text": {"format": {"type": "text"}, "verbosity": "medium"}},
        {"tool_choice": "none"},
        {"top_logprobs": 0},
        {"truncation": "disabled"},
    ],
    ids=str,
)
def test_what_only_says_the_default_leaves_nothing(fields: dict[str, Any]) -> None:
    request = parse(**fields)
    assert request.conversation.options == {}
    assert request.notes == ()


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"truncation": "auto"}, "truncation"),
        ({"max_tool_calls": 3}, "max_tool_calls"),
        ({"include": ["web_search_call.action.sources"]}, "include[0]"),
        ({"store": True}, "store"),
        ({"stream_options": {"x": 1}}, "stream_options.x"),
        ({"reasoning": {"mode": "pro", "summary": "auto"}}, "reasoning.mode"),
        ({"text": {"x": 1}}, "text.x"),
        ({"tools": [{"type": "function", "name": "f", "output_schema": {}}]}, "tools[0].output_schema"),
        *(
            ({"tools": [{"type": "function", "name": "f"}, {"type": kind}]}, "tools[1]")
            for kind in ("image_generation", "code_interpreter", "mcp", "local_shell", "file_search", "computer_use")
        ),
    ],
    ids=str,
)
def test_what_cannot_be_carried_is_noted(fields: dict[str, Any], path: str) -> None:
    assert [(note.path, note.fate) for note in parse(**fields).notes] == [(path, "dropped")]


@pytest.mark.parametrize(
    "name", ["web_search", "prompt_cache", "reasoning_budget", "reasoning_visible", "seed", "verbosity"]
)
def test_our_names_of_options_are_no_fields(name: str) -> None:
    request = parse(**{name: {"x": 1}})
    assert request.conversation.options == {}
    assert request.notes == (Note(name, "dropped", detail=UNKNOWN),)


def test_an_unknown_field_is_an_option_of_its_name() -> None:
    assert parse(surprise=[1]).conversation.options == {"surprise": Option([1], "surprise")}


def test_streams() -> None:
    assert parse(stream=True).conversation.stream


def test_every_official_field_is_known_or_unread() -> None:
    unread = {"access_programs", "background_options", "image"}
    assert set(ResponseCreateParamsStreaming.__annotations__) <= set(Request.__annotations__) | unread
