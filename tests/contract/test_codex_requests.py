"""What Codex CLI 0.169 really sends in the middle of a turn, onto every provider.

The recordings are from `codex exec` with a model that it knows nothing of (functions), one that has a patch tool and a
search for tools (search), and one with all its tools among the input (programs). Long texts in them are shortened.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from test_requests import KINDS

from translators.clients import responses
from translators.conversation import Option, Part, Reasoning, Text, ToolCall, ToolResult, WebSearch
from translators.dialects import Model
from translators.registry import PROVIDERS

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures/codex"
KEPT = ["exec_command", "write_stdin", "request_user_input", "view_image", "get_goal", "create_goal", "update_goal"]
AGENTS = [f"multi_agent_v1__{verb}_agent" for verb in ("close", "resume", "spawn", "wait")]
COLLABORATION = ("followup_task", "interrupt_agent", "list_agents", "send_message", "spawn_agent", "wait_agent")
PROGRAMS = ("exec", "wait", "request_user_input", "request_user_input_async")


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("name", "tools"),
    [
        ("functions", {*KEPT, *AGENTS, "multi_agent_v1__send_input"}),
        ("search", {*KEPT, "apply_patch", "tool_search", "multi_agent_v1__close_agent"}),
        (
            "programs",
            {
                *(f"functions__{name}" for name in PROGRAMS),
                "clock__sleep",
                *(f"collaboration__{name}" for name in COLLABORATION),
            },
        ),
    ],
)
def test_its_tools(name: str, tools: set[str]) -> None:
    assert {tool.name for tool in responses.parse(recorded(name)).conversation.tools} == tools


@pytest.mark.parametrize(
    ("name", "search"),
    [
        pytest.param("functions", None, id="not to the web"),
        pytest.param("search", Option(WebSearch(offered=True), "tools[9]"), id="beside other tools"),
        pytest.param("programs", None, id="none"),
    ],
)
def test_its_web_search(name: str, search: Option | None) -> None:
    assert responses.parse(recorded(name)).conversation.options.get("web_search") == search


def parts_after_the_prompt(name: str) -> list[Part]:
    """What followed the user's last word."""
    turns = responses.parse(recorded(name)).conversation.turns
    last = max(index for index, turn in enumerate(turns) if turn.role == "user")
    return [part for turn in turns[last + 1 :] for part in turn.parts]


def test_thinking_and_parallel_calls() -> None:
    match parts_after_the_prompt("functions"):
        case [Reasoning() as thought, Text(), ToolCall() as one, ToolCall() as two, ToolResult(), ToolResult()]:
            assert (thought.text, thought.signature) == ("A tool is needed.", "c2lnbmVk")
            assert thought.issuer == "anthropic:claude-sonnet-4-5"
            assert json.loads(one.arguments) == {"cmd": "echo one"}
            assert json.loads(two.arguments) == {"cmd": "echo two"}
        case other:
            pytest.fail(str(other))


def test_what_a_search_found_is_its_result() -> None:
    match parts_after_the_prompt("search"):
        case [ToolCall() as search, ToolResult(parts=(Text(output),)), ToolCall() as call, ToolCall() as patch, *_]:
            assert (search.name, json.loads(search.arguments)) == (
                "tool_search",
                {"query": "close an agent", "limit": 1},
            )
            assert json.loads(output) == {"tools": ["multi_agent_v1__close_agent"]}
            assert (call.name, call.kind) == ("multi_agent_v1__close_agent", "function")
            assert (patch.name, patch.kind) == ("apply_patch", "custom")
        case other:
            pytest.fail(str(other))


def test_two_results_of_one_call_are_one() -> None:
    match parts_after_the_prompt("programs"):
        case [ToolCall("call_1", "functions__exec"), ToolResult("call_1") as result]:
            assert [part.text for part in result.parts if isinstance(part, Text)][1:] == ["one\n", "on its way"]
        case other:
            pytest.fail(str(other))


@pytest.mark.parametrize(("provider", "model"), KINDS)
@pytest.mark.parametrize("name", ["functions", "search", "programs"])
def test_no_provider_refuses_it(provider: str, model: str, name: str) -> None:
    conversation = responses.parse(recorded(name)).conversation
    rendered = PROVIDERS[provider].render(conversation, Model(model))
    wire = {own: sent for sent, own in rendered.recall.names.items()}
    sent = json.dumps(rendered.body)
    assert [tool.name for tool in conversation.tools if f'"name": "{wire.get(tool.name, tool.name)}"' not in sent] == []
    assert sent.count("close_agent") == sent.count("multi_agent_v1__close_agent")
