"""Names of tools, and tools that are not functions, on the wire."""

from anthropic_oracles import check
from anthropic_turns import HI, MIDDLE, assistant, call, paths, render, result, turn, use

from translators.conversation import CustomTool, FunctionTool, Option, ToolChoice, WebSearch


def test_names_of_tools_are_mapped_one_to_one_everywhere() -> None:
    names = ["a.b", "a/b", "a_b", "x" * 140, "x" * 141, "ok"]
    tools = tuple(FunctionTool(name) for name in names)
    rendered = render(
        HI, turn("assistant", call("1", "a.b")), result("1"), tools=tools, tool_choice=ToolChoice("required", ("a.b",))
    )
    wire = [tool["name"] for tool in rendered.body["tools"]]
    assert len(wire) == 1
    everything = render(HI, tools=tools, tool_choice=ToolChoice("required", ("a.b",), single=True))
    on_wire = [tool["name"] for tool in everything.body["tools"]]
    assert len(set(on_wire)) == 6
    assert (on_wire[2], on_wire[5]) == ("a_b", "ok")
    assert [everything.recall.names.get(name, name) for name in on_wire] == names
    assert everything.body["tool_choice"] == {"type": "tool", "name": on_wire[0]}
    assert rendered.body["messages"][1]["content"][0]["name"] == on_wire[0]
    assert render(HI, tools=tools).body["tools"] == everything.body["tools"]  # the same every time
    check(everything.body)


def test_a_custom_tool_is_a_function_on_the_wire() -> None:
    tools = (CustomTool("run", "Runs.", "lark", "start: X", at="tools[0]"),)
    rendered = render(HI, turn("assistant", call("a", "run", "ls", "custom")), result("a"), tools=tools)
    assert rendered.body["tools"][0]["input_schema"]["required"] == ["input"]
    assert rendered.body["messages"][1] == assistant(use("a", "run", input="ls"))
    assert rendered.recall.custom == {"run"}
    assert paths(rendered) == [("tools[0]", "approximated")]
    check(rendered.body)


def test_an_id_that_every_call_has_stays_cheap_and_distinct() -> None:
    turns = [one for _ in range(300) for one in (turn("assistant", call("a")), result("a"))]
    rendered = render(HI, *turns, tools=(FunctionTool("f"),))
    ids = [
        block["id"] for each in rendered.body["messages"] for block in each["content"] if block["type"] == "tool_use"
    ]
    assert len(set(ids)) == 300


def test_the_web_may_be_searched_beside_tools_of_the_history() -> None:
    options = {"web_search": Option(WebSearch(), "web_search_options")}
    rendered = render(HI, turn("assistant", call("a")), result("a"), options=options, model=MIDDLE)
    assert "tool_choice" not in rendered.body
