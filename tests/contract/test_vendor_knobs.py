"""Values of knobs that only one maker has: they bend at every other maker's models, and break at none."""

from typing import Any

import pytest

from tests.contract.test_requests import KINDS, MODELS
from translators.conversation import Option, OutputFormat
from translators.dialects import Model
from translators.registry import CLIENTS, PROVIDERS

FUNCTION = {"name": "look", "parameters": {"type": "object", "properties": {}}}
CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "tools": [{"type": "function", "function": FUNCTION}],
    "max_completion_tokens": 20_000,
}
RESPONSES: dict[str, Any] = {
    "model": "m",
    "input": "hi",
    "tools": [{"type": "function", **FUNCTION}],
    "max_output_tokens": 20_000,
}
BODIES = {"chat": CHAT, "responses": RESPONSES}
KNOBS: list[dict[str, Any]] = [
    *({"service_tier": tier} for tier in ("on_demand", "performance", "standard_only", "standard")),
    *({"reasoning": {"enabled": on}} for on in (True, False)),
    {"reasoning": {"effort": "default"}},
    *({"thinking": value} for value in ({"type": "enabled"}, {"type": "auto"}, {"type": "disabled"}, True, False)),
    *({"enable_thinking": on} for on in (True, False)),
    {"chat_template_kwargs": {"enable_thinking": True}},
    {"do_sample": False, "safe_prompt": True, "tool_stream": True, "random_seed": 7},
]


@pytest.mark.parametrize(("provider", "model"), KINDS)
@pytest.mark.parametrize("client", BODIES)
def test_a_knob_bends(provider: str, model: str, client: str) -> None:
    for knob in KNOBS:
        request = CLIENTS[client].parse({**BODIES[client], **knob})
        rendered = PROVIDERS[provider].render(request.conversation, Model(model))
        assert not knob.keys() & rendered.body.keys() - {"service_tier", "reasoning", "thinking"}, knob


@pytest.mark.parametrize("client", BODIES)
@pytest.mark.parametrize("effort", ["low", "max"])
def test_anthropics_effort_is_the_common_one(client: str, effort: str) -> None:
    request = CLIENTS[client].parse({**BODIES[client], "output_config": {"effort": effort}})
    assert request.notes == ()
    assert request.conversation.options["reasoning_effort"] == Option(effort, "output_config.effort")
    body = PROVIDERS["anthropic"].render(request.conversation, Model("claude-opus-4-6")).body
    assert body["output_config"] == {"effort": effort}


def test_what_else_stands_beside_anthropics_effort_is_noted() -> None:
    request = CLIENTS["chat"].parse({**CHAT, "output_config": {"effort": "low", "task_budget": 3}})
    assert [(note.path, note.fate) for note in request.notes] == [("output_config.task_budget", "dropped")]
    assert request.conversation.options["reasoning_effort"].value == "low"


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
FORMAT = {"type": "json_schema", "schema": SCHEMA}


@pytest.mark.parametrize("client", BODIES)
def test_anthropics_format_is_the_common_one(client: str) -> None:
    request = CLIENTS[client].parse({**BODIES[client], "output_config": {"effort": "low", "format": FORMAT}})
    assert request.notes == ()
    assert request.conversation.options["response_format"] == Option(
        OutputFormat("schema", SCHEMA), "output_config.format"
    )
    body = PROVIDERS["anthropic"].render(request.conversation, Model("claude-opus-5-5")).body
    assert body["output_config"] == {"effort": "low", "format": FORMAT}


@pytest.mark.parametrize("client", BODIES)
@pytest.mark.parametrize("same", [True, False], ids=["the same", "another"])
def test_openais_format_wins_over_anthropics(client: str, same: bool) -> None:
    named = {"name": "n", "schema": SCHEMA if same else {"type": "object"}}
    ours = {"response_format": {"type": "json_schema", "json_schema": named}}
    if client == "responses":
        ours = {"text": {"format": {"type": "json_schema", **named}}}
    request = CLIENTS[client].parse({**BODIES[client], **ours, "output_config": {"format": FORMAT}})
    assert request.conversation.options["response_format"].value.name == "n"
    assert [note.path for note in request.notes] == ([] if same else ["output_config.format"])


OWN: dict[str, Any] = {
    "cache_control": {"type": "ephemeral", "ttl": "1h"},
    "speed": "fast",
    "inference_geo": "us",
    "container": "container_1",
    "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]},
}
"""Anthropic's own fields, and those of them that Claude has on Vertex AI."""
ON_VERTEX = ("cache_control", "context_management")


TAKEN = {("anthropic", "claude-opus-5-5"): tuple(OWN), ("vertex-anthropic", "claude-opus-5-5"): ON_VERTEX}
OTHERS = {(provider, model): () for provider, models in MODELS.items() for model in models if provider != "anthropic"}


@pytest.mark.parametrize(
    ("provider", "model", "taken"),
    [pytest.param(*one, names, id=": ".join(one)) for one, names in (TAKEN | OTHERS).items()],
)
@pytest.mark.parametrize("client", BODIES)
def test_anthropics_own_fields_go_to_anthropic(provider: str, model: str, taken: tuple[str, ...], client: str) -> None:
    for name, value in OWN.items():
        request = CLIENTS[client].parse({**BODIES[client], name: value})
        assert request.notes == (), name
        rendered = PROVIDERS[provider].render(request.conversation, Model(model))
        assert rendered.body.get(name) == (value if name in taken else None), name
        noted = [note.fate for note in rendered.notes if note.path == name]
        assert noted == ([] if name in taken else ["dropped"]), name


TIERS = {"bedrock": {"type": "priority"}, "gemini": "priority", "openai-responses": "priority", "anthropic": "auto"}


@pytest.mark.parametrize("provider", TIERS)
@pytest.mark.parametrize("client", BODIES)
def test_groqs_fastest_tier_is_the_common_one(provider: str, client: str) -> None:
    request = CLIENTS[client].parse({**BODIES[client], "service_tier": "performance"})
    body = PROVIDERS[provider].render(request.conversation, Model(MODELS[provider][0])).body
    assert (body.get("service_tier") or body.get("serviceTier")) == TIERS[provider]


FORCED = [pytest.param(name, models[0], id=name) for name, models in MODELS.items() if name != "ollama"]


@pytest.mark.parametrize(("provider", "model"), FORCED)
@pytest.mark.parametrize("client", BODIES)
def test_any_tool_is_a_required_one(provider: str, model: str, client: str) -> None:
    def rendered(choice: str) -> dict[str, Any]:
        request = CLIENTS[client].parse({**BODIES[client], "tool_choice": choice})
        body: dict[str, Any] = PROVIDERS[provider].render(request.conversation, Model(model)).body
        return body

    assert rendered("any") == rendered("required")


THINKING = {
    "anthropic": ("claude-opus-4-6", "thinking", "adaptive", "disabled"),
    "gemini": ("gemini-2.5-flash", "generationConfig", 8_192, 0),
    "openai-responses": ("gpt-5.6", "reasoning", "medium", "none"),
    "ollama": ("gpt-oss:20b", "think", "medium", "low"),
    "openai": ("gpt-5.5", "reasoning_effort", "medium", "none"),
}


@pytest.mark.parametrize("provider", THINKING)
@pytest.mark.parametrize("client", BODIES)
@pytest.mark.parametrize("switch", ["reasoning", "enable_thinking", "thinking"])
@pytest.mark.parametrize("on", [True, False], ids=["on", "off"])
def test_a_switch_works(provider: str, client: str, switch: str, on: bool) -> None:
    model, field, thinks, rests = THINKING[provider]
    fields = {"reasoning": {"enabled": on}} if switch == "reasoning" else {switch: on}
    request = CLIENTS[client].parse({**BODIES[client], **fields})
    sent: Any = PROVIDERS[provider].render(request.conversation, Model(model)).body[field]
    if provider == "anthropic":
        sent = sent["type"]
    elif provider == "gemini":
        sent = sent["thinkingConfig"]["thinkingBudget"]
    elif provider == "openai-responses":
        sent = sent["effort"]
    assert sent == (thinks if on else rests)
