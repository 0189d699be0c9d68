"""Prompt-cache breakpoints."""

from dataclasses import replace
from typing import Any

import pytest
from anthropic_oracles import check
from anthropic_turns import TOOL, TOOL_ON_WIRE, answered, call, paths, render, text, turn, user

from translators.conversation import Cache, Option, PromptCache, Text, ToolResult, Turn

FIVE, HOUR = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize(
    ("ttl", "control", "notes"),
    [
        pytest.param(None, FIVE, [], id="none"),
        pytest.param("5m", {"type": "ephemeral", "ttl": "5m"}, [], id="5m"),
        pytest.param("1h", HOUR, [], id="1h"),
        pytest.param("30m", HOUR, [("p", "approximated")], id="30m"),
        pytest.param("12h", HOUR, [("p", "approximated")], id="12h"),
        pytest.param("24h", HOUR, [("p", "approximated")], id="24h"),
        pytest.param("7d", FIVE, [("p", "approximated")], id="unknown"),
    ],
)
def test_cache_lifetimes(ttl: str | None, control: dict[str, str], notes: list[Any]) -> None:
    rendered = render(turn("user", Text("Hi", "p", Cache(ttl))))
    assert rendered.body["messages"] == [user(text("Hi", cache_control=control))]
    assert paths(rendered) == notes
    check(rendered.body)


def test_the_last_four_breakpoints_stay_and_none_outlives_an_earlier_one() -> None:
    rendered = render(
        turn("system", Text("S", "s", Cache("5m"))),
        turn("user", Text("U", "u", Cache())),
        turn("assistant", call("a")),
        Turn("tool", (ToolResult("a", (Text("R", "r", Cache()),), at="t", cache=Cache()),)),
        turn("user", Text("V", "v", Cache("1h"))),
        tools=(replace(TOOL, cache=Cache()),),
    )
    inner = answered("a", text("R", cache_control=HOUR), cache_control=HOUR)
    assert rendered.body["tools"] == [TOOL_ON_WIRE]
    assert rendered.body["system"] == [text("S")]
    assert rendered.body["messages"][0] == user(text("U", cache_control=HOUR))
    assert rendered.body["messages"][2] == user(inner, text("V", cache_control=HOUR))
    assert paths(rendered) == [("tools[0]", "dropped"), ("s", "dropped")] + [
        (at, "approximated") for at in ("t", "r", "u")
    ]
    check(rendered.body)


def test_a_breakpoint_on_nothing_is_not_sent() -> None:
    rendered = render(turn("user", "Hi", Text("", "p", Cache())))
    assert rendered.body["messages"] == [user("Hi")]
    assert paths(rendered) == [("p", "dropped")]


@pytest.mark.parametrize(
    ("mark", "beside", "top", "noted"),
    [
        pytest.param(FIVE, None, FIVE, [], id="5 minutes"),
        pytest.param(HOUR, None, HOUR, [], id="an hour"),
        pytest.param({**HOUR, "ttl": "12h"}, None, HOUR, [("c", "approximated")], id="half a day"),
        pytest.param({"type": "eternal"}, None, None, [("c", "dropped")], id="another type"),
        pytest.param({"type": "ephemeral", "ttl": 5}, None, None, [("c", "dropped")], id="a number"),
        pytest.param(True, None, None, [("c", "dropped")], id="a switch"),
        pytest.param(FIVE, PromptCache("implicit", "1h"), HOUR, [("c", "dropped")], id="implicit beside it"),
        pytest.param(HOUR, PromptCache("implicit", "1h"), HOUR, [], id="the same beside it"),
        pytest.param(HOUR, PromptCache("explicit", "1h"), HOUR, [], id="explicit beside it"),
    ],
)
def test_anthropics_own_mark_of_the_whole(mark: Any, beside: PromptCache | None, top: Any, noted: list[Any]) -> None:
    options = {"cache_control": Option(mark, "c")} | ({"prompt_cache": Option(beside, "o")} if beside else {})
    rendered = render(turn("user", "Hi"), options=options)
    assert rendered.body.get("cache_control") == top
    assert paths(rendered) == noted
    check(rendered.body)


@pytest.mark.parametrize(
    ("cache", "top", "block"),
    [
        pytest.param(PromptCache("implicit"), FIVE, FIVE, id="implicit"),
        pytest.param(PromptCache("implicit", "30m"), HOUR, HOUR, id="implicit, 30m"),
        pytest.param(PromptCache("explicit", "1h"), None, HOUR, id="explicit"),
        pytest.param(PromptCache(None, "24h"), HOUR, HOUR, id="retention only"),
    ],
)
def test_prompt_cache_options(cache: PromptCache, top: Any, block: Any) -> None:
    rendered = render(turn("user", Text("Hi", "p", Cache())), options={"prompt_cache": Option(cache, "o")})
    assert rendered.body.get("cache_control") == top
    assert rendered.body["messages"][0]["content"][0]["cache_control"] == block
    check(rendered.body)
