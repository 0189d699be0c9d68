"""Tools, who must call them, and what becomes of their schemas and names."""

from typing import Any

import pytest
from gemini_requests import FLASH, HI, NEW, OLD, TOOL, TOOL_ON_WIRE, call, fates, render, result, turn

from translators.conversation import Cache, CustomTool, FunctionTool, ToolChoice
from translators.errors import BadRequest

OTHER = FunctionTool("g", parameters={"type": "object", "properties": {}}, at="tools[1]")
STRICT = FunctionTool("s", strict=True, at="tools[0]")

CHOICES = [
    pytest.param(NEW, (TOOL,), None, None, [], id="nothing said"),
    pytest.param(NEW, (TOOL,), ToolChoice("auto"), None, [], id="auto"),
    pytest.param(NEW, (TOOL,), ToolChoice("none"), {"mode": "NONE"}, [], id="none"),
    pytest.param(NEW, (TOOL,), ToolChoice("required"), {"mode": "ANY"}, [], id="required"),
    pytest.param(
        NEW,
        (TOOL, OTHER),
        ToolChoice("required", ("g",), single=True),
        {"mode": "ANY", "allowedFunctionNames": ["g"]},
        [],
        id="this one",
    ),
    pytest.param(
        NEW,
        (TOOL, OTHER),
        ToolChoice("auto", ("f",)),
        {"mode": "VALIDATED", "allowedFunctionNames": ["f"]},
        [],
        id="some of them",
    ),
    pytest.param(NEW, (TOOL,), ToolChoice("auto", ()), {"mode": "NONE"}, [], id="none of them"),
    pytest.param(NEW, (STRICT,), None, {"mode": "VALIDATED"}, [], id="strict"),
    pytest.param(OLD, (STRICT,), None, None, [("tools[0].strict", "dropped")], id="strict, not there"),
    pytest.param(NEW, (STRICT,), ToolChoice("required"), {"mode": "ANY"}, [], id="strict and required"),
]


@pytest.mark.parametrize(("model", "tools", "choice", "config", "notes"), CHOICES)
def test_choices(model: str, tools: Any, choice: Any, config: Any, notes: list[Any]) -> None:
    rendered = render(HI, model=model, tools=tools, tool_choice=choice)
    assert rendered.body.get("toolConfig", {}).get("functionCallingConfig") == config
    assert fates(rendered) == notes


def test_some_of_them_where_the_mode_is_missing() -> None:
    rendered = render(HI, model=OLD, tools=(TOOL, OTHER), tool_choice=ToolChoice("auto", ("g",)))
    assert rendered.body["tools"] == [{"functionDeclarations": [{"name": "g"}]}]
    assert "toolConfig" not in rendered.body
    assert fates(rendered) == [("tool_choice", "moved")]


REFUSED = [
    pytest.param((), ToolChoice("required"), "tool_choice", id="none declared"),
    pytest.param((TOOL,), ToolChoice("required", ()), "tool_choice", id="none allowed"),
    pytest.param((TOOL,), ToolChoice("required", ("x",)), "tool_choice", id="an unknown one"),
    pytest.param((FunctionTool("f", parameters={"type": "array"}, at="t"),), None, "t", id="no object"),
    pytest.param(tuple(FunctionTool(f"f{at}") for at in range(513)), None, "tools", id="too many"),
]


@pytest.mark.parametrize(("tools", "choice", "param"), REFUSED)
def test_refused(tools: Any, choice: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        render(HI, tools=tools, tool_choice=choice)
    assert caught.value.failure.param == param


DECLARED = [
    pytest.param(TOOL, TOOL_ON_WIRE, [], id="as it is"),
    pytest.param(FunctionTool("f"), {"name": "f"}, [], id="neither described nor parametrised"),
    pytest.param(FunctionTool("f", "", {}), {"name": "f"}, [], id="empty"),
    pytest.param(OTHER, {"name": "g"}, [], id="an object of nothing"),
    pytest.param(
        FunctionTool("f", parameters={"properties": {"a": {}}}),
        {"name": "f", "parametersJsonSchema": {"type": "object", "properties": {"a": {}}}},
        [],
        id="no type",
    ),
    pytest.param(FunctionTool("f", cache=Cache(), at="t"), {"name": "f"}, [("t", "dropped")], id="a cache breakpoint"),
    pytest.param(
        FunctionTool(
            "f", parameters={"type": "object", "properties": {"strict": {"type": "boolean", "default": 1}}}, at="t"
        ),
        {
            "name": "f",
            "parametersJsonSchema": {
                "type": "object",
                "properties": {"strict": {"type": "boolean", "description": "{default: 1}"}},
            },
        },
        [("t.parameters", "approximated")],
        id="a parameter called strict, and a keyword that is not read",
    ),
]


@pytest.mark.parametrize(("tool", "declared", "notes"), DECLARED)
def test_declarations(tool: FunctionTool, declared: dict[str, Any], notes: list[Any]) -> None:
    rendered = render(HI, tools=(tool,))
    assert rendered.body["tools"] == [{"functionDeclarations": [declared]}]
    assert fates(rendered) == notes


def test_a_custom_tool_becomes_a_function() -> None:
    rendered = render(HI, tools=(CustomTool("sql", "Runs it.", "lark", "start: X", at="t"),))
    (declared,) = rendered.body["tools"][0]["functionDeclarations"]
    assert declared["parametersJsonSchema"]["required"] == ["input"]
    assert "start: X" in declared["description"]
    assert fates(rendered) == [("t", "approximated")]
    assert rendered.recall.custom == {"sql"}


def test_names_are_a_bijection() -> None:
    names = ["mcp/files read", "mcp_files read", "1st", "good.name:x-1", "x" * 200, "x" * 201]
    turns = (HI, turn("assistant", call(name="mcp/files read")), result())
    rendered = render(*turns, tools=tuple(FunctionTool(name, at="t") for name in names))
    wire = [each["name"] for each in rendered.body["tools"][0]["functionDeclarations"]]
    assert len(set(wire)) == len(names)
    assert all(len(name) <= 128 and (name[0].isalpha() or name[0] == "_") for name in wire)
    assert wire[3] == "good.name:x-1"
    assert [rendered.recall.names.get(name, name) for name in wire] == names
    assert rendered.body["contents"][1]["parts"][0]["functionCall"]["name"] == wire[0]
    assert rendered.body["contents"][2]["parts"][0]["functionResponse"]["name"] == wire[0]


def test_tools_of_the_history_need_no_declaration() -> None:
    assert render(HI, turn("assistant", call()), result(), model=FLASH).body.keys() == {"contents"}
