"""Tools, who must call them, and the search that the provider runs itself."""

from typing import Any

import pytest
from anthropic_options import MAPS, OLD, OPUS_5, A, B, C, D, E, fates, render

from translators.conversation import FunctionTool, ToolChoice, WebSearch
from translators.errors import BadRequest
from translators.notes import Note

TOOL = FunctionTool("f", at="tools[0]")
OTHER = FunctionTool("g", at="tools[1]")

AUTO, ANY, ONE = {"type": "auto"}, {"type": "any"}, {"type": "tool", "name": "f"}
SINGLE = ToolChoice("required", ("f",), single=True)
THINK = {"reasoning_effort": "low"}
CHOICES = [
    pytest.param(A, None, {}, None, "fg", 0, id="absent"),
    pytest.param(A, ToolChoice("auto"), {}, None, "fg", 0, id="auto"),
    pytest.param(A, ToolChoice("none"), {}, {"type": "none"}, "fg", 0, id="none"),
    pytest.param(A, ToolChoice("required"), {}, ANY, "fg", 0, id="required"),
    pytest.param(A, SINGLE, {}, ONE, "fg", 0, id="one function"),
    pytest.param(A, ToolChoice("auto", ("g",)), {}, None, "g", 1, id="allowed, auto"),
    pytest.param(A, ToolChoice("required", ("f", "g")), {}, ANY, "fg", 0, id="allowed, required"),
    pytest.param(A, ToolChoice("required", ("f",)), {}, ONE, "f", 1, id="one allowed, required"),
    pytest.param(A, ToolChoice("auto", ()), {}, {"type": "none"}, "fg", 0, id="none allowed"),
    pytest.param(
        A, None, {"parallel_tool_calls": False}, AUTO | {"disable_parallel_tool_use": True}, "fg", 0, id="one at a time"
    ),
    pytest.param(
        A, SINGLE, {"parallel_tool_calls": False}, ONE | {"disable_parallel_tool_use": True}, "fg", 0, id="one, once"
    ),
    pytest.param(A, None, {"parallel_tool_calls": True}, None, "fg", 0, id="in parallel"),
    pytest.param(A, SINGLE, THINK, None, "fg", 1, id="forced while it thinks, A"),
    pytest.param(B, ToolChoice("required"), THINK, None, "fg", 1, id="forced while it thinks, B"),
    pytest.param(
        B, ToolChoice("required"), {"reasoning_effort": "none"}, ANY, "fg", 0, id="forced without thinking, B"
    ),
    pytest.param(C, SINGLE, THINK, ONE, "fg", 0, id="forced, C"),
    pytest.param(OPUS_5, SINGLE, {}, ONE, "fg", 0, id="forced, C that thinks anyhow"),
    pytest.param(D, SINGLE, {}, None, "fg", 1, id="forced, D"),
    pytest.param(E, SINGLE, {}, None, "fg", 1, id="forced, E"),
    pytest.param(
        E,
        ToolChoice("required"),
        {"parallel_tool_calls": False},
        AUTO | {"disable_parallel_tool_use": True},
        "fg",
        1,
        id="forced, E, one at a time",
    ),
]


@pytest.mark.parametrize(("model", "choice", "options", "expected", "names", "notes"), CHOICES)
def test_tool_choice(model: str, choice: Any, options: Any, expected: Any, names: str, notes: int) -> None:
    rendered = render(model, {"max_tokens": 9000, **options}, tools=(TOOL, OTHER), tool_choice=choice)
    assert rendered.body.get("tool_choice") == expected
    assert "".join(tool["name"] for tool in rendered.body["tools"]) == names
    assert [note.path for note in rendered.notes] == ["tool_choice"] * notes


def test_what_cannot_be_forced_is_said() -> None:
    rendered = render(E, {"max_tokens": 9}, tools=(TOOL,), tool_choice=SINGLE)
    assert rendered.body["system"] == [{"type": "text", "text": "Your next answer must call the tool `f`."}]
    why = "This model cannot be forced to call a tool (while it thinks): it is told to."
    assert rendered.notes == (Note("tool_choice", "approximated", "required", "auto", why),)


@pytest.mark.parametrize(
    ("choice", "tools"),
    [
        pytest.param(ToolChoice("required"), (), id="required of none"),
        pytest.param(ToolChoice("required", ()), (TOOL,), id="required of none allowed"),
        pytest.param(ToolChoice("required", ("x",), single=True), (TOOL,), id="not declared"),
        pytest.param(ToolChoice("auto", ("f", "x")), (TOOL,), id="allowed, but not declared"),
    ],
)
def test_tool_choices_that_make_no_sense(choice: ToolChoice, tools: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        render(A, {}, tools=tools, tool_choice=choice)
    assert caught.value.failure.param == "tool_choice"


STRICT = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"]}
CLOSED = {
    "type": "object",
    "properties": {"a": {"type": "integer", "description": "{minimum: 1}"}},
    "additionalProperties": False,
    "required": ["a"],
}
TOOLS = [
    pytest.param(A, FunctionTool("f", ""), {"input_schema": {"type": "object", "properties": {}}}, [], id="bare"),
    pytest.param(A, FunctionTool("f", "D", STRICT), {"description": "D", "input_schema": STRICT}, [], id="as it is"),
    pytest.param(
        A,
        FunctionTool("f", None, {"properties": {}}),
        {"input_schema": {"type": "object", "properties": {}}},
        [],
        id="no type",
    ),
    pytest.param(
        A,
        FunctionTool("f", None, STRICT, True, "t"),
        {"input_schema": CLOSED, "strict": True},
        [("t.strict", "approximated")],
        id="strict",
    ),
    pytest.param(
        A,
        FunctionTool("f", None, MAPS, True, "t"),
        {"input_schema": MAPS},
        [("t.strict", "dropped")],
        id="maps",
    ),
    pytest.param(
        OLD, FunctionTool("f", None, STRICT, True, "t"), {"input_schema": STRICT}, [("t.strict", "dropped")], id="old"
    ),
    pytest.param(A, FunctionTool("f", None, STRICT, False), {"input_schema": STRICT}, [], id="not strict"),
    pytest.param(
        A,
        FunctionTool("f", None, {"type": "object", "properties": {"strict": {"type": "boolean"}}}),
        {"input_schema": {"type": "object", "properties": {"strict": {"type": "boolean"}}}},
        [],
        id="a parameter named strict",
    ),
]


@pytest.mark.parametrize(("model", "tool", "expected", "notes"), TOOLS)
def test_tools(model: str, tool: FunctionTool, expected: dict[str, Any], notes: list[Any]) -> None:
    rendered = render(model, {"max_tokens": 100}, tools=(tool,))
    assert rendered.body["tools"] == [{"name": "f", **expected}]
    assert fates(rendered) == notes


@pytest.mark.parametrize("schema", [{"type": "array"}, {"type": ["object", "null"]}])
def test_parameters_must_be_an_object(schema: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        render(A, {}, tools=(FunctionTool("f", None, schema, at="tools[3]"),))
    assert caught.value.failure.param == "tools[3]"


SEARCH = {"type": "web_search_20250305", "name": "web_search"}
PLACE = {"city": "Berlin", "country": "DE", "street": "?"}


@pytest.mark.parametrize(
    ("search", "expected", "notes"),
    [
        pytest.param(WebSearch(), SEARCH, [], id="bare"),
        pytest.param(WebSearch("low"), SEARCH | {"max_uses": 2}, [("web_search", "approximated")], id="low"),
        pytest.param(WebSearch("high"), SEARCH | {"max_uses": 10}, [("web_search", "approximated")], id="high"),
        pytest.param(WebSearch("huge"), SEARCH, [("web_search", "dropped")], id="unknown size"),
        pytest.param(
            WebSearch(None, PLACE),
            SEARCH | {"user_location": {"type": "approximate", "city": "Berlin", "country": "DE"}},
            [],
            id="near here",
        ),
    ],
)
def test_web_search(search: WebSearch, expected: dict[str, Any], notes: list[Any]) -> None:
    tools = (FunctionTool("web_search", at="tools[0]"),)
    rendered = render(A, {"max_tokens": 9, "web_search": search}, tools=tools)
    own = rendered.body["tools"][0]["name"]
    assert rendered.body["tools"][1:] == [expected]
    assert own != "web_search"  # the client's own tool of this name is renamed
    assert rendered.recall.names == {own: "web_search"}
    assert fates(rendered) == [("tools[0].name", "approximated"), *notes]


def test_no_web_search_no_answer() -> None:
    with pytest.raises(BadRequest) as caught:
        render(OLD, {"web_search": WebSearch()})
    assert caught.value.failure.param == "at.web_search"


def test_no_calls_means_no_search_and_is_noted() -> None:
    options = {"max_tokens": 9, "web_search": WebSearch()}
    rendered = render(A, options, tools=(FunctionTool("f"),), tool_choice=ToolChoice("none"))
    assert rendered.body["tool_choice"] == {"type": "none"}
    assert ("web_search", "approximated") in fates(rendered)


def test_a_schema_of_no_type_is_an_objects() -> None:
    rendered = render(A, {"max_tokens": 9}, tools=(FunctionTool("f", None, {"type": None, "properties": {}}),))
    assert rendered.body["tools"][0]["input_schema"] == {"type": "object", "properties": {}}
