"""How much to think, in the words of other makers than OpenAI: the same in every kind of request."""

from typing import Any

import pytest

from translators.conversation import Option
from translators.registry import CLIENTS

BODIES: dict[str, dict[str, Any]] = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    "responses": {"model": "m", "input": "hi"},
}
ON, OFF = ("reasoning_effort", "medium"), ("reasoning_effort", "none")
ENABLED, DISABLED = {"type": "enabled"}, {"type": "disabled"}
BUDGETED = {"type": "enabled", "budget_tokens": 2000}

READ = [
    pytest.param({"thinking": ENABLED}, [(*ON, "thinking")], [("thinking", "defaulted")], id="enabled"),
    pytest.param({"thinking": {**ENABLED, "budget_tokens": None}}, [(*ON, "thinking")], [("thinking", "defaulted")]),
    pytest.param(
        {"thinking": {**ENABLED, "clear_thinking": False}},
        [(*ON, "thinking")],
        [("thinking.clear_thinking", "dropped"), ("thinking", "defaulted")],
        id="enabled, with more",
    ),
    pytest.param({"thinking": DISABLED}, [("thinking", DISABLED, "thinking")], [], id="disabled"),
    pytest.param({"thinking": BUDGETED}, [("thinking", BUDGETED, "thinking")], [], id="a budget"),
    pytest.param(
        {"thinking": {"type": "auto"}},
        [("thinking", {"type": "adaptive"}, "thinking")],
        [("thinking.type", "approximated")],
        id="auto",
    ),
    pytest.param({"thinking": True}, [(*ON, "thinking")], [("thinking", "defaulted")], id="true"),
    pytest.param({"thinking": False}, [(*OFF, "thinking")], [], id="false"),
    pytest.param({"think": False}, [(*OFF, "think")], [], id="ollama"),
    pytest.param({"enable_thinking": True}, [(*ON, "enable_thinking")], [("enable_thinking", "defaulted")], id="qwen"),
    pytest.param({"enable_thinking": False}, [(*OFF, "enable_thinking")], [], id="qwen, off"),
    pytest.param(
        {"enable_thinking": True, "thinking_budget": 900},
        [("reasoning_budget", 900, "thinking_budget")],
        [],
        id="qwen, a budget",
    ),
    pytest.param({"thinking_budget": -1}, [], [], id="qwen, no limit"),
    pytest.param({"prompt_mode": "reasoning"}, [(*ON, "prompt_mode")], [("prompt_mode", "defaulted")], id="mistral"),
    pytest.param(
        {"chat_template_kwargs": {"enable_thinking": False, "x": 1}},
        [(*OFF, "chat_template_kwargs.enable_thinking")],
        [("chat_template_kwargs.x", "dropped")],
        id="a template",
    ),
    pytest.param(
        {"chat_template_kwargs": {"thinking": True}},
        [(*ON, "chat_template_kwargs.thinking")],
        [("chat_template_kwargs.thinking", "defaulted")],
        id="a template of deepseek's",
    ),
    pytest.param(
        {"google": {"thinking_config": {"thinking_level": "LOW", "include_thoughts": True}}},
        [
            ("reasoning_effort", "low", "google.thinking_config.thinking_level"),
            ("reasoning_visible", True, "google.thinking_config.include_thoughts"),
        ],
        [],
        id="google, a level",
    ),
    pytest.param(
        {"google": {"thinking_config": {"thinking_budget": 700, "x": 1}, "y": 1}},
        [("reasoning_budget", 700, "google.thinking_config.thinking_budget")],
        [("google.y", "dropped"), ("google.thinking_config.x", "dropped")],
        id="google, a budget",
    ),
    pytest.param({"include_reasoning": False}, [("reasoning_visible", False, "include_reasoning")], [], id="unseen"),
    pytest.param({"reasoning_format": "hidden"}, [("reasoning_visible", False, "reasoning_format")], [], id="hidden"),
    pytest.param({"reasoning_format": "parsed"}, [], [], id="seen"),
    pytest.param(
        {"enable_thinking": False, "thinking": BUDGETED},
        [(*OFF, "enable_thinking")],
        [("thinking", "dropped")],
        id="off, beside a budget",
    ),
    pytest.param(
        {"enable_thinking": True, "thinking": DISABLED},
        [("thinking", DISABLED, "thinking")],
        [("enable_thinking", "dropped")],
        id="on, beside off",
    ),
    pytest.param(
        {"chat_template_kwargs": {"x": 1}, "think": "high", "google": {"x": 1}},
        [
            ("chat_template_kwargs", {"x": 1}, "chat_template_kwargs"),
            ("think", "high", "think"),
            ("google", {"x": 1}, "google"),
        ],
        [],
        id="nothing known of it",
    ),
]


@pytest.mark.parametrize("client", BODIES)
@pytest.mark.parametrize(("fields", "options", "notes"), READ)
def test_another_makers_word(client: str, fields: dict[str, Any], options: list[Any], notes: list[Any]) -> None:
    request = CLIENTS[client].parse({**BODIES[client], **fields})
    assert request.conversation.options == {name: Option(value, at) for name, value, at in options}
    assert [(note.path, note.fate) for note in request.notes] == notes


REASONING = [
    pytest.param({"enabled": True}, [(*ON, "reasoning.enabled")], [("reasoning.enabled", "defaulted")], id="on"),
    pytest.param({"enabled": False}, [(*OFF, "reasoning.enabled")], [], id="off"),
    pytest.param({"enabled": True, "effort": "low"}, [("reasoning_effort", "low", "reasoning.effort")], [], id="low"),
    pytest.param(
        {"enabled": False, "effort": "low", "max_tokens": 9},
        [(*OFF, "reasoning.enabled")],
        [("reasoning.max_tokens", "dropped"), ("reasoning.effort", "dropped")],
        id="off, beside amounts",
    ),
    pytest.param(
        {"enabled": True, "max_tokens": 900}, [("reasoning_budget", 900, "reasoning.max_tokens")], [], id="budget"
    ),
    pytest.param({"effort": "default"}, [], [("reasoning.effort", "defaulted")], id="default"),
    pytest.param({"effort": "auto"}, [], [("reasoning.effort", "defaulted")], id="auto"),
]


@pytest.mark.parametrize("client", BODIES)
@pytest.mark.parametrize(("reasoning", "options", "notes"), REASONING)
def test_the_reasoning_of_openrouter(client: str, reasoning: Any, options: list[Any], notes: list[Any]) -> None:
    request = CLIENTS[client].parse({**BODIES[client], "reasoning": reasoning})
    read = {name: option for name, option in request.conversation.options.items() if name != "reasoning_visible"}
    assert read == {name: Option(value, at) for name, value, at in options}
    assert [(note.path, note.fate) for note in request.notes] == notes


def test_what_is_excluded_is_not_seen() -> None:
    request = CLIENTS["responses"].parse({**BODIES["responses"], "reasoning": {"exclude": True, "summary": "auto"}})
    assert request.conversation.options == {"reasoning_visible": Option(False, "reasoning.exclude")}
    assert not request.form.summary


def test_what_is_left_to_the_model_is_told_as_left_open() -> None:
    body = {**BODIES["responses"], "reasoning": {"effort": "default"}, "tools": [{"type": "function", "name": "f"}]}
    request = CLIENTS["responses"].parse({**body, "tool_choice": "any"})
    assert (request.form.echo["reasoning"]["effort"], request.form.echo["tool_choice"]) == (None, "required")
