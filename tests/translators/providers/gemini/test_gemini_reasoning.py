"""Thinking: four kinds of options, two units, and never both of them (matrix 1.7)."""

from typing import Any

import pytest
from gemini_requests import FLASH, HI, NEW, OLD, PRO, fates, render

from translators.errors import BadRequest

LITE, PRO_2_5 = "gemini-2.5-flash-lite", "gemini-2.5-pro"
EFFORT = [("reasoning_effort", "approximated")]


def level(name: str) -> dict[str, Any]:
    return {"thinkingLevel": name, "includeThoughts": True}


def budget(tokens: int) -> dict[str, Any]:
    return {"thinkingBudget": tokens, "includeThoughts": True}


EFFORTS = [
    pytest.param(NEW, None, None, [], id="nothing said"),
    pytest.param(NEW, "none", {"thinkingLevel": "LOW"}, EFFORT, id="cannot be off"),
    pytest.param("gemini-3.6-flash", "none", {"thinkingLevel": "MINIMAL"}, EFFORT, id="least of four"),
    pytest.param(NEW, "minimal", level("LOW"), EFFORT, id="minimal, not there"),
    pytest.param("gemini-3-flash-preview", "minimal", level("MINIMAL"), [], id="minimal"),
    pytest.param(PRO, "low", level("LOW"), [], id="low"),
    pytest.param(PRO, "medium", level("MEDIUM"), [], id="medium"),
    pytest.param("gemini-3-pro-preview", "medium", level("LOW"), EFFORT, id="medium, not there"),
    pytest.param("gemini-4-argon", "high", level("HIGH"), [], id="high"),
    pytest.param("gemini-9-unheard-of", "high", level("HIGH"), [], id="a Gemini of tomorrow"),
    pytest.param(NEW, "xhigh", level("HIGH"), EFFORT, id="xhigh"),
    pytest.param(NEW, "max", level("HIGH"), EFFORT, id="max"),
    pytest.param(FLASH, "none", {"thinkingBudget": 0}, [], id="2.5 can rest"),
    pytest.param(PRO_2_5, "none", {"thinkingBudget": 128}, EFFORT, id="2.5 pro cannot"),
    pytest.param(FLASH, "minimal", budget(512), [], id="2.5 minimal"),
    pytest.param(LITE, "minimal", budget(512), [], id="2.5 lite minimal"),
    pytest.param(PRO_2_5, "minimal", budget(128), [], id="2.5 pro minimal"),
    pytest.param(FLASH, "low", budget(1_024), [], id="2.5 low"),
    pytest.param(FLASH, "medium", budget(8_192), [], id="2.5 medium"),
    pytest.param(FLASH, "high", budget(24_576), [], id="2.5 high"),
    pytest.param(FLASH, "xhigh", budget(24_576), [], id="2.5 xhigh"),
    pytest.param(PRO_2_5, "max", budget(32_768), [], id="2.5 pro max"),
    pytest.param(OLD, "none", None, [], id="2.0 does not think"),
    pytest.param(OLD, "high", None, [("reasoning_effort", "dropped")], id="2.0 cannot think"),
]


@pytest.mark.parametrize(("model", "effort", "config", "notes"), EFFORTS)
def test_efforts(model: str, effort: str | None, config: Any, notes: list[Any]) -> None:
    rendered = render(HI, model=model, options={} if effort is None else {"reasoning_effort": effort})
    assert rendered.body.get("generationConfig", {}).get("thinkingConfig") == config
    assert fates(rendered) == notes


OTHERS = [
    pytest.param(
        NEW, {"reasoning_budget": 500}, level("LOW"), [("reasoning_budget", "approximated")], id="a small budget"
    ),
    pytest.param(
        NEW, {"reasoning_budget": 9_000}, level("HIGH"), [("reasoning_budget", "approximated")], id="a large budget"
    ),
    pytest.param(FLASH, {"reasoning_budget": 2_000}, budget(2_000), [], id="a budget"),
    pytest.param(
        PRO_2_5, {"reasoning_budget": 5}, budget(128), [("reasoning_budget", "approximated")], id="too small a budget"
    ),
    pytest.param(FLASH, {"reasoning_budget": 0}, {"thinkingBudget": 0}, [], id="no budget"),
    pytest.param(FLASH, {"reasoning_budget": -5}, None, [("reasoning_budget", "dropped")], id="less than none"),
    pytest.param(
        NEW,
        {"reasoning_budget": 500, "reasoning_effort": "high"},
        level("HIGH"),
        [("reasoning_budget", "dropped")],
        id="a level wins where levels count",
    ),
    pytest.param(
        FLASH,
        {"reasoning_budget": 500, "reasoning_effort": "high"},
        budget(500),
        [("reasoning_effort", "dropped")],
        id="a budget wins where budgets count",
    ),
    pytest.param(
        FLASH, {"reasoning_effort": "low", "reasoning_visible": False}, {"thinkingBudget": 1_024}, [], id="hidden"
    ),
    pytest.param(NEW, {"reasoning_visible": True}, {"includeThoughts": True}, [], id="shown"),
    pytest.param(OLD, {"reasoning_visible": True}, None, [], id="nothing to show"),
    pytest.param(
        FLASH, {"thinking": {"type": "enabled", "budget_tokens": 2_000}}, budget(2_000), [], id="Anthropic's words"
    ),
    pytest.param(FLASH, {"thinking": {"type": "disabled"}}, {"thinkingBudget": 0}, [], id="Anthropic's off"),
    pytest.param(NEW, {"thinking": {"type": "adaptive"}}, {"includeThoughts": True}, [], id="adaptive"),
    pytest.param(
        NEW, {"thinking": {"type": "adaptive"}, "reasoning_effort": "high"}, level("HIGH"), [], id="adaptive, much"
    ),
    pytest.param(OLD, {"thinking": {"type": "adaptive"}}, None, [("thinking", "dropped")], id="adaptive, 2.0"),
    pytest.param(
        NEW,
        {"thinking": {"type": "disabled", "display": "x"}},
        {"thinkingLevel": "LOW"},
        [("thinking.display", "dropped"), ("thinking", "approximated")],
        id="Anthropic's off, which it cannot be",
    ),
]


@pytest.mark.parametrize(("model", "options", "config", "notes"), OTHERS)
def test_other_words(model: str, options: dict[str, Any], config: Any, notes: list[Any]) -> None:
    rendered = render(HI, model=model, options=options)
    assert rendered.body.get("generationConfig", {}).get("thinkingConfig") == config
    assert fates(rendered) == notes


SHARES = [
    pytest.param(FLASH, "high", 4096, budget(3276), EFFORT, id="high"),
    pytest.param(FLASH, "medium", 4096, budget(2048), EFFORT, id="medium"),
    pytest.param(FLASH, "low", 1000, budget(200), EFFORT, id="low"),
    pytest.param(FLASH, "low", 4096, budget(1024), [], id="low fits"),
    pytest.param(FLASH, "max", 4096, budget(3276), EFFORT, id="max"),
    pytest.param(PRO_2_5, "low", 200, budget(128), EFFORT, id="its least"),
]
OWN_SHARES = [
    pytest.param(5000, 2000, budget(1600), True, id="above the limit"),
    pytest.param(1900, 2000, budget(1600), True, id="no room to answer"),
    pytest.param(1550, 2000, budget(1550), False, id="less than its share"),
    pytest.param(1500, 2000, budget(1500), False, id="fits"),
    pytest.param(99_999, 20_000, budget(16_000), True, id="above the model's range too"),
]


@pytest.mark.parametrize(
    ("options", "at"),
    [
        pytest.param(lambda tokens: {"reasoning_budget": tokens}, "reasoning_budget", id="a budget"),
        pytest.param(
            lambda tokens: {"thinking": {"type": "enabled", "budget_tokens": tokens}},
            "thinking.budget_tokens",
            id="Anthropic's words",
        ),
    ],
)
@pytest.mark.parametrize(("tokens", "limit", "config", "bent"), OWN_SHARES)
def test_the_client_s_own_budget_leaves_room_to_answer(
    options: Any, at: str, tokens: int, limit: int, config: Any, bent: bool
) -> None:
    rendered = render(HI, model=FLASH, options=options(tokens) | {"max_tokens": limit})
    assert rendered.body["generationConfig"]["thinkingConfig"] == config
    assert fates(rendered) == ([(at, "approximated")] if bent else [])


@pytest.mark.parametrize(("model", "effort", "limit", "config", "notes"), SHARES)
def test_a_budget_leaves_room_to_answer(model: str, effort: str, limit: int, config: Any, notes: list[Any]) -> None:
    rendered = render(HI, model=model, options={"reasoning_effort": effort, "max_tokens": limit})
    assert rendered.body["generationConfig"]["thinkingConfig"] == config
    assert fates(rendered) == notes


@pytest.mark.parametrize("thinking", [{"type": "dreaming"}, {"type": "enabled"}, "on"])
def test_refused(thinking: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        render(HI, options={"thinking": thinking})
    assert (caught.value.failure.param or "").startswith("at.thinking")
