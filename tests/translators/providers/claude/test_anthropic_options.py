"""Options: each one of the table in `conversation.py` is carried, refused or noted, and none is forwarded as is."""

import re
from typing import Any

import pytest
from anthropic_options import LOCAL, OLD, PERSON, TOMORROW, A, B, C, D, E, extra, fates, render

from translators.conversation import OPTIONS, FunctionTool, OutputFormat, PromptCache, WebSearch
from translators.errors import BadRequest

VALUES = [
    pytest.param(A, {"temperature": 0.0}, {"temperature": 0.0}, [], id="temperature 0"),
    pytest.param(
        A, {"temperature": 1.7}, {"temperature": 1.0}, [("temperature", "approximated")], id="a temperature of 1.7"
    ),
    pytest.param(C, {"temperature": 0.3}, {}, [("temperature", "dropped")], id="no sampling"),
    pytest.param(C, {"temperature": 1, "top_p": 1}, {}, [], id="no sampling, but the defaults"),
    pytest.param(E, {"top_p": 0.9, "top_k": 5}, {}, [("top_p", "dropped"), ("top_k", "dropped")], id="no top_p, top_k"),
    pytest.param(
        A, {"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5}, [("top_p", "dropped")], id="not both, 4.5"
    ),
    pytest.param(OLD, {"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5, "top_p": 0.9}, [], id="both, claude 3"),
    pytest.param(B, {"top_p": 0.9, "top_k": 5}, {"top_p": 0.9, "top_k": 5}, [], id="top_p and top_k"),
    pytest.param(B, {"top_k": 0}, {}, [("top_k", "dropped")], id="top_k 0"),
    pytest.param(A, {"stop": ("END",)}, {"stop_sequences": ["END"]}, [], id="stop is a list"),
    pytest.param(A, {"stop": ("\n", "X")}, {"stop_sequences": ["X"]}, [("stop", "approximated")], id="blank stop"),
    pytest.param(A, {"stop": ("",)}, {}, [("stop", "dropped")], id="only a blank stop"),
    pytest.param(A, {"service_tier": "auto"}, {"service_tier": "auto"}, [], id="tier auto"),
    pytest.param(A, {"service_tier": "default"}, {"service_tier": "standard_only"}, [], id="tier default"),
    pytest.param(
        A,
        {"service_tier": "priority"},
        {"service_tier": "auto"},
        [("service_tier", "approximated")],
        id="tier priority",
    ),
    pytest.param(A, {"service_tier": "flex"}, {}, [("service_tier", "dropped")], id="tier flex"),
    pytest.param(A, {"service_tier": "fast"}, {}, [("service_tier", "dropped")], id="tier fast, not there"),
    pytest.param(E, {"service_tier": "fast"}, {"speed": "fast"}, [], id="tier fast"),
    pytest.param(E, {"speed": "fast"}, {"speed": "fast"}, [], id="speed fast"),
    pytest.param(A, {"speed": "fast"}, {}, [("speed", "dropped")], id="speed fast, not there"),
    pytest.param(A, {"speed": "standard"}, {}, [], id="speed standard"),
    pytest.param(E, {"speed": 1.25}, {}, [("speed", "dropped")], id="a speed of somebody else's"),
    pytest.param(
        E,
        {"speed": "standard", "service_tier": "fast"},
        {"speed": "fast"},
        [("speed", "dropped")],
        id="speed standard, tier fast",
    ),
    pytest.param(
        E,
        {"speed": "fast", "service_tier": "default"},
        {"service_tier": "standard_only", "speed": "fast"},
        [],
        id="speed fast, tier default",
    ),
    pytest.param(A, {"inference_geo": "us"}, {"inference_geo": "us"}, [], id="geo"),
    pytest.param(A, {"inference_geo": ["us"]}, {}, [("inference_geo", "dropped")], id="a list of geos"),
    pytest.param(A, {"container": "c_1"}, {"container": "c_1"}, [], id="container"),
    pytest.param(
        A,
        {"container": {"id": "c_1", "skills": [{"type": "anthropic", "skill_id": "pdf"}]}},
        {"container": "c_1"},
        [("container.skills", "dropped")],
        id="container with skills",
    ),
    pytest.param(A, {"container": {"id": 3}}, {}, [("container.id", "dropped")], id="container 3"),
    pytest.param(A, {"container": []}, {}, [("container", "dropped")], id="containers"),
    pytest.param(A, {"mcp_servers": []}, {}, [("mcp_servers", "dropped")], id="mcp servers"),
    pytest.param(A, {"fallbacks": "default"}, {}, [("fallbacks", "dropped")], id="fallbacks"),
    pytest.param(A, {"user": "u-1"}, {"metadata": {"user_id": "u-1"}}, [], id="user"),
    pytest.param(A, {"user": " "}, {}, [], id="blank user"),
    pytest.param(
        A,
        {"user": "u", "safety_identifier": "s"},
        {"metadata": {"user_id": "s"}},
        [("user", "dropped")],
        id="user and safety_identifier",
    ),
    pytest.param(A, {"n": 1, "logprobs": False, "top_logprobs": 0, "modalities": ("text",)}, {}, [], id="asks nothing"),
    pytest.param(A, {"store": False, "presence_penalty": 0.0, "logit_bias": {}}, {}, [], id="says nothing"),
    pytest.param(A, {"store": True}, {}, [("store", "dropped")], id="store"),
    pytest.param(
        A,
        {"seed": 7, "logit_bias": {"5": 1}, "frequency_penalty": 1.0, "metadata": {"a": "b"}, "verbosity": "low"},
        {},
        [
            ("frequency_penalty", "dropped"),
            ("logit_bias", "dropped"),
            ("seed", "dropped"),
            ("metadata", "dropped"),
            ("verbosity", "dropped"),
        ],
        id="no place for these",
    ),
    pytest.param(
        A,
        {"moderation": {"model": "m", "policy": {"input": {"mode": "score"}}}},
        {},
        [("moderation", "dropped")],
        id="scores",
    ),
    pytest.param(A, {"parallel_tool_calls": False}, {}, [], id="one call at a time of no tools"),
    pytest.param(A, {"a_new_field": {"x": 1}}, {}, [("a_new_field", "dropped")], id="nobody knows it"),
]


@pytest.mark.parametrize(("model", "options", "expected", "notes"), VALUES)
def test_values(model: str, options: dict[str, Any], expected: dict[str, Any], notes: list[Any]) -> None:
    rendered = render(model, {"max_tokens": 100, **options})
    assert extra(rendered) == expected
    assert fates(rendered) == notes


CLEAR_CALLS = {"type": "clear_tool_uses_20250919", "keep": {"type": "tool_uses", "value": 3}}
CLEAR_THOUGHTS = {"type": "clear_thinking_20251015", "keep": "all"}
COMPACT = {"type": "compact_20260112"}


@pytest.mark.parametrize(
    ("model", "option", "sent", "notes"),
    [
        pytest.param(A, {"edits": [CLEAR_CALLS]}, [CLEAR_CALLS], [], id="calls"),
        pytest.param(E, {"edits": [CLEAR_THOUGHTS, CLEAR_CALLS]}, [CLEAR_THOUGHTS, CLEAR_CALLS], [], id="both"),
        pytest.param(A, {"edits": [CLEAR_THOUGHTS]}, None, [".edits[0]"], id="thinking, without any"),
        pytest.param(E, {"edits": [COMPACT, CLEAR_CALLS]}, [CLEAR_CALLS], [".edits[0]"], id="one sums up"),
        pytest.param(E, {"edits": [3, {}]}, None, [".edits[0]", ".edits[1]"], id="no edits"),
        pytest.param(E, {"edits": []}, None, [], id="none"),
        pytest.param(E, {"compact": True}, None, [""], id="another form"),
    ],
)
def test_context_is_edited(model: str, option: dict[str, Any], sent: Any, notes: list[str]) -> None:
    rendered = render(model, {"max_tokens": 100, "context_management": option})
    assert rendered.body.get("context_management") == ({"edits": sent} if sent else None)
    assert fates(rendered) == [(f"context_management{path}", "dropped") for path in notes]
    assert rendered.headers.get("anthropic-beta") == ("context-management-2025-06-27" if sent else None)


@pytest.mark.parametrize("value", ["ann@example.org", "+49 (30) 123-4567", "x" * 513], ids=["e-mail", "phone", "long"])
def test_trap_42_an_identifier_that_names_a_person_is_hashed(value: str) -> None:
    rendered = render(A, {"max_tokens": 9, "user": value})
    assert re.fullmatch(r"user_[0-9a-f]{40}", rendered.body["metadata"]["user_id"])
    assert fates(rendered) == [("user", "approximated")]
    assert all(note.old is None for note in rendered.notes)


REFUSED = [
    pytest.param({"logprobs": True}, "logprobs", id="logprobs"),
    pytest.param({"top_logprobs": 3}, "top_logprobs", id="top_logprobs"),
    pytest.param({"modalities": ("text", "audio")}, "modalities", id="spoken answers"),
    pytest.param({"audio": {"voice": "x"}}, "audio", id="a voice"),
    pytest.param({"moderation": {"policy": {"output": {"mode": "block"}}}}, "moderation", id="a filter that blocks"),
    pytest.param({"thinking": {"type": "often"}}, "thinking", id="unknown thinking"),
    pytest.param({"thinking": {"type": "enabled"}}, "thinking.budget_tokens", id="thinking without its budget"),
    pytest.param({"reasoning_effort": "huge"}, "reasoning_effort", id="unknown effort"),
]


@pytest.mark.parametrize(("options", "param"), REFUSED)
def test_refused(options: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        render(A, options)
    assert (caught.value.failure.status, caught.value.failure.param) == (400, f"at.{param}")


@pytest.mark.parametrize(
    ("model", "limit", "sent", "notes"),
    [
        pytest.param(A, 100, 100, [], id="given"),
        pytest.param(A, None, 64_000, [("max_tokens", "defaulted")], id="the model's own"),
        pytest.param(LOCAL, None, 4_096, [("max_tokens", "defaulted")], id="unknown model"),
        pytest.param(A, 100_000, 64_000, [("max_tokens", "approximated")], id="more than the model can"),
        pytest.param(LOCAL, 100_000, 100_000, [], id="more, of a model that nobody knows"),
        pytest.param(A, 0, 0, [], id="none: only the cache is to be filled"),
    ],
)
def test_max_tokens(model: str, limit: int | None, sent: int, notes: list[Any]) -> None:
    rendered = render(model, {} if limit is None else {"max_tokens": limit})
    assert rendered.body["max_tokens"] == sent
    assert fates(rendered) == notes


@pytest.mark.parametrize(
    ("limit", "wanted", "sent"), [(21_333, False, False), (21_334, False, True), (21_334, True, True), (9, True, True)]
)
def test_long_whole_answers_are_streamed(limit: int, wanted: bool, sent: bool) -> None:
    rendered = render(A, {"max_tokens": limit}, stream=wanted)
    assert rendered.body["stream"] is sent
    assert [(note.path, note.fate, note.old, note.new) for note in rendered.notes] == (
        [("stream", "synthesised", False, True)] if sent and not wanted else []
    )


TOOL = FunctionTool("f", at="tools[0]")

EVERY: dict[str, Any] = {
    "max_tokens": 9000,
    "seed": 1,
    "n": 2,
    "top_k": 4,
    "top_logprobs": 2,
    "reasoning_budget": 2000,
    "temperature": 0.5,
    "top_p": 0.5,
    "frequency_penalty": 0.5,
    "presence_penalty": 0.5,
    "stop": ("x",),
    "logit_bias": {"1": 2},
    "logprobs": True,
    "parallel_tool_calls": False,
    "store": True,
    "reasoning_visible": True,
    "reasoning_effort": "high",
    "verbosity": "low",
    "service_tier": "flex",
    "user": "u",
    "safety_identifier": "s",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "response_format": OutputFormat("schema", PERSON),
    "web_search": WebSearch(),
    "prompt_cache": PromptCache("implicit", "30m"),
    "metadata": {"a": "b"},
    "modalities": ("text", "audio"),
    "audio": {"voice": "v"},
    "prediction": {"type": "content"},
    "moderation": {"policy": {"input": {"mode": "block"}}},
    "thinking": {"type": "enabled", "budget_tokens": 2000},
}
SAME_NAME = {"max_tokens", "temperature", "top_p", "top_k", "service_tier", "metadata", "thinking"}
SILENT = {"reasoning_visible"}  # to see what is not thought is no loss


def test_every_option_has_a_value_here() -> None:
    assert EVERY.keys() == OPTIONS


def fate(model: str, name: str) -> str:
    """Return what becomes of an option: it is refused, noted, carried or, wrongly, lost."""
    plain = render(model, {"max_tokens": 8000}, tools=(TOOL,))
    try:
        rendered = render(model, {"max_tokens": 8000, name: EVERY[name]}, tools=(TOOL,))
    except BadRequest as caught:
        param = caught.failure.param
        return "refused" if param == f"at.{name}" else f"refused at {param}"
    if name in rendered.body.keys() - SAME_NAME:
        return "sent under OpenAI's name"
    if any(note.path.startswith(f"at.{name}") for note in rendered.notes):
        return "noted"
    return "carried" if (rendered.body, rendered.headers) != (plain.body, plain.headers) else "lost"


@pytest.mark.parametrize("model", [OLD, A, B, C, D, E, TOMORROW, LOCAL])
def test_every_option_is_carried_refused_or_noted(model: str) -> None:
    fates = {name: fate(model, name) for name in EVERY.keys() - SILENT}
    assert {name: fate for name, fate in fates.items() if fate not in ("carried", "refused", "noted")} == {}
