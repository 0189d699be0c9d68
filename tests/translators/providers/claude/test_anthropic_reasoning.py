"""What becomes of the four ways to ask for reasoning, family by family."""

from typing import Any

import pytest
from anthropic_options import HI, LOCAL, OLD, OPUS_4_5, OPUS_5, TOMORROW, A, B, C, D, E, extra, fates, render

from translators.conversation import FunctionTool, Text, ToolCall, ToolResult, Turn
from translators.providers import anthropic as dialect


def adaptive(effort: str | None = None) -> dict[str, Any]:
    fields: dict[str, Any] = {"thinking": {"type": "adaptive", "display": "summarized"}}
    return fields | ({"output_config": {"effort": effort}} if effort else {})


def budget(tokens: int) -> dict[str, Any]:
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}}


OFF: dict[str, Any] = {"thinking": {"type": "disabled"}}
LEVELS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
MANUAL = [
    ({}, 0),
    (budget(1024), 0),
    (budget(2048), 0),
    (budget(8192), 0),
    (budget(24576), 0),
    (budget(32768), 0),
    (budget(51200), 1),
]
ADAPTIVE = [(adaptive("low"), 1), *((adaptive(level), 0) for level in LEVELS[2:])]
BETWEEN = [*ADAPTIVE[:4], (adaptive("high"), 1), (adaptive("max"), 0)]
NOTHING = [({}, 0), *[({}, 1)] * 6]
TABLE = {
    A: MANUAL,
    OPUS_4_5: MANUAL,
    B: [(OFF, 0), *BETWEEN],
    C: [(OFF, 0), *ADAPTIVE],
    OPUS_5: [(OFF, 0), *ADAPTIVE],
    "claude-haiku-5-5": [(OFF, 0), *ADAPTIVE],
    D: [(adaptive("low"), 1), *ADAPTIVE],
    E: [(adaptive("low"), 1), *ADAPTIVE],
    TOMORROW: [(adaptive("low"), 1), *ADAPTIVE],
    OLD: NOTHING,
    LOCAL: NOTHING,
}


@pytest.mark.parametrize(
    ("model", "level", "expected", "notes"),
    [
        pytest.param(model, level, expected, notes, id=f"{model} {level}")
        for model, row in TABLE.items()
        for level, (expected, notes) in zip(LEVELS, row, strict=True)
    ],
)
def test_trap_31_reasoning_effort(model: str, level: str, expected: dict[str, Any], notes: int) -> None:
    limit = dialect.profile_of(model, {}).max_output
    rendered = render(model, {"max_tokens": limit, "reasoning_effort": level})
    assert extra(rendered) == expected
    assert [note.path for note in rendered.notes] == ["at.reasoning_effort"] * notes


@pytest.mark.parametrize("model", TABLE)
def test_without_a_word_about_reasoning_nothing_is_sent(model: str) -> None:
    assert extra(render(model, {"max_tokens": 100})) == {}


OTHER_WAYS = [
    pytest.param(A, {"reasoning_effort": "high"}, 4096, budget(3276), ["reasoning_effort"], id="high, a share"),
    pytest.param(A, {"reasoning_effort": "medium"}, 4096, budget(2048), ["reasoning_effort"], id="medium, a share"),
    pytest.param(A, {"reasoning_effort": "low"}, 4096, budget(2048), [], id="low fits"),
    pytest.param(A, {"reasoning_effort": "low"}, 2500, budget(1024), ["reasoning_effort"], id="low, at least 1024"),
    pytest.param(A, {"reasoning_effort": "high"}, 1200, {}, ["reasoning_effort"], id="next to no room for the answer"),
    pytest.param(A, {"reasoning_effort": "high"}, 1024, {}, ["reasoning_effort"], id="no room to think"),
    pytest.param(
        A,
        {"reasoning_effort": "low", "temperature": 0.2},
        9000,
        budget(2048),
        ["temperature"],
        id="a temperature beside a budget",
    ),
    pytest.param(
        B, {"reasoning_effort": "low", "top_p": 0.5, "top_k": 3}, 9000, adaptive("low"), ["top_p", "top_k"], id="top_p"
    ),
    pytest.param(
        A, {"reasoning_effort": "low", "top_p": 0.96}, 9000, budget(2048) | {"top_p": 0.96}, [], id="high top_p"
    ),
    pytest.param(A, {"reasoning_budget": 5000}, 9000, budget(5000), [], id="budget"),
    pytest.param(A, {"reasoning_budget": 5000}, 2000, budget(1600), ["reasoning_budget"], id="budget above the limit"),
    pytest.param(
        A, {"reasoning_budget": 1900}, 2000, budget(1600), ["reasoning_budget"], id="budget, no room to answer"
    ),
    pytest.param(A, {"reasoning_budget": 1550}, 2000, budget(1550), [], id="budget, less than its share"),
    pytest.param(A, {"reasoning_budget": 5000}, 1100, {}, ["reasoning_budget"], id="budget, no room for the least"),
    pytest.param(A, budget(5000), 2000, budget(1600), ["thinking"], id="Anthropic's own words, no room to answer"),
    pytest.param(A, {"reasoning_budget": 5}, 9000, budget(1024), ["reasoning_budget"], id="budget too small"),
    pytest.param(A, {"reasoning_budget": 0}, 9000, {}, [], id="budget 0"),
    pytest.param(A, {"reasoning_budget": -1}, 9000, {}, ["reasoning_budget"], id="budget below 0"),
    pytest.param(
        A, {"reasoning_budget": 5000, "reasoning_effort": "low"}, 9000, budget(5000), ["reasoning_effort"], id="both, A"
    ),
    pytest.param(
        C,
        {"reasoning_budget": 5000, "reasoning_effort": "low"},
        9000,
        adaptive("low"),
        ["reasoning_budget"],
        id="both, C",
    ),
    pytest.param(B, {"reasoning_budget": 5000}, 9000, budget(5000), [], id="budget, B"),
    pytest.param(C, {"reasoning_budget": 5000}, 9000, adaptive("medium"), ["reasoning_budget"], id="budget, C"),
    pytest.param(C, {"reasoning_budget": 99999}, 9000, adaptive("xhigh"), ["reasoning_budget"], id="large budget, C"),
    pytest.param(LOCAL, {"reasoning_budget": 2000}, 9000, budget(2000), [], id="budget, a model that nobody knows"),
    pytest.param(OLD, {"reasoning_budget": 2000}, 4096, {}, ["reasoning_budget"], id="budget, no thinking"),
    pytest.param(A, {"thinking": {"type": "enabled", "budget_tokens": 2000}}, 9000, budget(2000), [], id="as written"),
    pytest.param(A, {"thinking": {"type": "disabled"}}, 9000, OFF, [], id="switched off"),
    pytest.param(E, {"thinking": {"type": "disabled"}}, 9000, adaptive("low"), ["thinking"], id="cannot be off"),
    pytest.param(
        E,
        {"thinking": {"type": "enabled", "budget_tokens": 9000}},
        9999,
        adaptive("high"),
        ["thinking"],
        id="no budgets",
    ),
    pytest.param(A, {"thinking": {"type": "adaptive"}}, 12000, budget(8192), ["thinking"], id="only budgets"),
    pytest.param(OLD, {"thinking": {"type": "adaptive"}}, 4096, {}, ["thinking"], id="no thinking"),
    pytest.param(E, {"thinking": {"type": "between_tools"}}, 4096, {}, ["thinking"], id="a kind it does not have"),
    pytest.param(
        C,
        {"thinking": {"type": "adaptive", "display": "omitted", "x": 1}, "reasoning_effort": "max"},
        4096,
        {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "max"}},
        ["thinking.x"],
        id="with an effort beside it",
    ),
    pytest.param(
        A,
        {"thinking": {"type": "disabled"}, "reasoning_effort": "high", "reasoning_budget": 2000},
        9000,
        OFF,
        ["reasoning_effort", "reasoning_budget"],
        id="thinking goes before the others",
    ),
    pytest.param(
        C,
        {"reasoning_effort": "low", "reasoning_visible": False},
        100,
        {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "low"}},
        [],
        id="hidden",
    ),
    pytest.param(
        A,
        {"reasoning_budget": 2000, "reasoning_visible": False},
        9000,
        {"thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}},
        [],
        id="hidden, A",
    ),
    pytest.param(OPUS_5, {"reasoning_visible": True}, 100, adaptive(), [], id="shown, of a model that thinks anyhow"),
    pytest.param(A, {"reasoning_visible": True}, 100, {}, [], id="shown, of a model that does not think"),
]


@pytest.mark.parametrize(("model", "options", "limit", "expected", "notes"), OTHER_WAYS)
def test_other_ways_to_ask_for_reasoning(
    model: str, options: dict[str, Any], limit: int, expected: dict[str, Any], notes: list[str]
) -> None:
    rendered = render(model, {"max_tokens": limit, **options})
    assert extra(rendered) == expected
    assert [note.path.removeprefix("at.") for note in rendered.notes] == notes


TOOL = FunctionTool("f", at="tools[0]")
LOOP = (HI, Turn("assistant", (ToolCall("a", "f", ""),)), Turn("tool", (ToolResult("a", (Text("ok"),)),)))


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param(LOOP, id="calls under way without the thinking before them"),
        pytest.param((HI, Turn("assistant", (Text("So"),), at="m")), id="the assistant's own beginning"),
    ],
)
def test_thinking_by_budget_gives_way(turns: tuple[Turn, ...]) -> None:
    rendered = render(A, {"max_tokens": 9000, "reasoning_effort": "low"}, turns=turns, tools=(TOOL,))
    assert "thinking" not in rendered.body
    assert fates(rendered) == [("thinking", "dropped")]
    assert "thinking" in render(E, {"reasoning_effort": "low"}, turns=LOOP, tools=(TOOL,)).body
