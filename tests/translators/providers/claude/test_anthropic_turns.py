"""Whole bodies, compared with what they must be and judged by the SDK's types and the OpenAPI document."""

import json
from typing import Any

import pytest
from anthropic_oracles import check
from anthropic_turns import (
    HI,
    MARKED,
    NEW,
    OLD,
    TOOL,
    TOOL_ON_WIRE,
    answered,
    assistant,
    call,
    paths,
    render,
    result,
    text,
    turn,
    use,
    user,
)

from translators.conversation import Foreign, Reasoning, RedactedReasoning, Refusal, Turn
from translators.dialects import Recall, Rendered


def test_the_smallest_request_is_compared_whole() -> None:
    rendered = render(HI)
    assert rendered == Rendered(
        path="/v1/messages",
        body={"model": OLD, "max_tokens": 100, "messages": [user("Hi")], "stream": True},
        headers={"anthropic-version": "2023-06-01"},
        notes=(),
        recall=Recall(OLD),
        streams=True,
    )
    check(rendered.body)


UPLOADED = {"type": "container_upload", "file_id": "file_1"}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}}
MESSAGES = [
    pytest.param(
        OLD,
        (turn("system", "A", " "), turn("developer", "B"), HI),
        {"system": [text("A"), text("B")], "messages": [user("Hi")]},
        [(".content", "dropped")],
        id="leading system and developer turns, in order",
    ),
    pytest.param(
        OLD,
        (HI, turn("system", "Now", at="messages[1]"), turn("user", "Go")),
        {"messages": [user("Hi", MARKED.format("Now"), "Go")]},
        [("messages[1]", "approximated")],
        id="later system turn on a family without them: marked user text in its place",
    ),
    pytest.param(
        NEW,
        (HI, turn("system", "Now"), turn("developer", "Then")),
        {"messages": [user("Hi"), {"role": "system", "content": [text("Now"), text("Then")]}]},
        [],
        id="later system turns after a user's, last: one system message",
    ),
    pytest.param(
        NEW,
        (HI, turn("system", "Now"), turn("assistant", "Yes"), turn("user", "Go")),
        {"messages": [user("Hi"), {"role": "system", "content": [text("Now")]}, assistant("Yes"), user("Go")]},
        [],
        id="later system turn between a user's and an assistant's",
    ),
    pytest.param(
        NEW,
        (HI, turn("assistant", "Yes"), turn("system", "Now", at="messages[2]"), turn("user", "Go")),
        {"messages": [user("Hi"), assistant("Yes"), user(MARKED.format("Now"), "Go")]},
        [("messages[2]", "approximated")],
        id="later system turn after an assistant's: no place for it",
    ),
    pytest.param(
        NEW,
        (HI, turn("system", "Now", at="messages[1]"), turn("assistant", "", at="messages[2]"), turn("user", "Go")),
        {"messages": [user("Hi", MARKED.format("Now"), "Go")]},
        [("messages[2]", "dropped"), ("messages[1]", "approximated")],
        id="later system turn whose follower vanishes",
    ),
    pytest.param(
        OLD,
        (turn("system", "A", at="messages[0]"),),
        {"messages": [user("A")]},
        [("messages[0]", "moved")],
        id="nothing but system turns",
    ),
    pytest.param(
        OLD,
        (turn("user", "A"), turn("user", "B"), turn("assistant", "C"), turn("assistant", "D"), turn("user", "E")),
        {"messages": [user("A", "B"), assistant("C", "D"), user("E")]},
        [],
        id="consecutive turns of one role",
    ),
    pytest.param(
        OLD,
        (turn("assistant", "Hello", at="messages[0]"), turn("user", "Hi")),
        {"messages": [user("(The conversation begins with the assistant.)"), assistant("Hello"), user("Hi")]},
        [("messages[0]", "synthesised")],
        id="the assistant first",
    ),
    pytest.param(
        OLD,
        (HI, turn("assistant", "The answer is ", at="messages[1]")),
        {"messages": [user("Hi"), assistant("The answer is")]},
        [("messages[1]", "approximated")],
        id="prefill where it is known, its trailing space cut with a note",
    ),
    pytest.param(
        OLD,
        (turn("user", "", "Hi", at="messages[0]"), turn("assistant", "", at="messages[1]"), turn("user", "You?")),
        {"messages": [user("Hi", "You?")]},
        [("messages[1]", "dropped")],
        id="empty texts and empty turns are not sent",
    ),
    pytest.param(
        OLD,
        (turn("user", "Hi", at="messages[0]", name="Ann"),),
        {"messages": [user("Hi")]},
        [("messages[0].name", "dropped")],
        id="name",
    ),
    pytest.param(
        OLD,
        (HI, turn("assistant", Refusal("I can't.")), turn("user", "Why?")),
        {"messages": [user("Hi"), assistant("I can't."), user("Why?")]},
        [],
        id="an earlier refusal is text",
    ),
    pytest.param(
        OLD,
        (HI, turn("assistant", Foreign("anthropic", UPLOADED), Foreign("gemini", {}, "p"), "A"), HI),
        {"messages": [user("Hi"), assistant(UPLOADED, "A"), user("Hi")]},
        [("p", "dropped")],
        id="blocks of our own are replayed, another's are not",
    ),
    pytest.param(
        OLD,
        (HI, turn("assistant", Foreign("anthropic", SEARCH), "A", at="m"), HI),
        {"messages": [user("Hi"), assistant("A"), user("Hi")]},
        [("m", "dropped")],
        id="a server's call without its result",
    ),
    pytest.param(
        OLD,
        (HI, turn("assistant", "A", Foreign("anthropic", SEARCH), at="m")),
        {"messages": [user("Hi"), assistant("A", SEARCH)]},
        [],
        id="a server's call without its result that ends the prompt",
    ),
    pytest.param(
        OLD,
        (HI, turn("assistant", Reasoning("hm", "s"), at="m"), HI),
        {"messages": [user("Hi", "Hi")]},
        [("m", "dropped")],
        id="thinking that led to nothing",
    ),
]


@pytest.mark.parametrize(("model", "turns", "expected", "notes"), MESSAGES)
def test_turns(model: str, turns: tuple[Turn, ...], expected: dict[str, Any], notes: list[Any]) -> None:
    rendered = render(*turns, model=model)
    assert rendered.body == {"model": model, "max_tokens": 100, "stream": True, **expected}
    assert paths(rendered) == notes
    if '"x"' not in json.dumps(rendered.body):
        check(rendered.body)


SAME = f"anthropic:{OLD}"
TOOL_TURNS = [
    pytest.param(
        (HI, turn("assistant", "", call("a"), call("b")), result("a"), result("b"), turn("user", "Go")),
        [user("Hi"), assistant(use("a"), use("b")), user(answered("a"), answered("b"), "Go")],
        [],
        id="parallel results in one message, first, then the user's text",
    ),
    pytest.param(
        (HI, turn("assistant", call("a"), call("b")), result("a"), turn("user", "Hm"), result("b")),
        [user("Hi"), assistant(use("a"), use("b")), user(answered("a"), answered("b"), "Hm")],
        [("results[a]", "moved")],
        id="text between results",
    ),
    pytest.param(
        (HI, turn("assistant", call("a")), turn("system", "S", at="messages[2]"), result("a")),
        [user("Hi"), assistant(use("a")), user(answered("a"), MARKED.format("S"))],
        [("messages[2]", "approximated"), ("results[a]", "moved")],
        id="a system turn between call and result",
    ),
    pytest.param(
        (HI, turn("assistant", call("a", arguments=" ")), result("a", "", failed=True)),
        [
            user("Hi"),
            assistant({"type": "tool_use", "id": "a", "name": "f", "input": {}}),
            user({"type": "tool_result", "tool_use_id": "a", "is_error": True}),
        ],
        [],
        id="no arguments, an empty result, a failed one",
    ),
    pytest.param(
        (HI, turn("assistant", call("a", arguments='{"z": 12345678901234567890, "a": "é"}')), result("a", "1", "2")),
        [user("Hi"), assistant(use("a", z=12345678901234567890, a="é")), user(answered("a", "1", "2"))],
        [],
        id="order of keys and big numbers",
    ),
    pytest.param(
        (HI, turn("assistant", call("a")), result("a"), turn("assistant", call("a")), result("a", "again")),
        [
            user("Hi"),
            assistant(use("a")),
            user(answered("a")),
            assistant(use("a_ca978112ca1b")),
            user(answered("a_ca978112ca1b", "again")),
        ],
        [],
        id="an id that is used again",
    ),
    pytest.param(
        (HI, turn("assistant", call("a.b"), call("a:b")), result("a.b"), result("a:b", "2")),
        [
            user("Hi"),
            assistant(use("a_b_2e7336dc8eba"), use("a_b_6783a31eabf6")),
            user(answered("a_b_2e7336dc8eba"), answered("a_b_6783a31eabf6", "2")),
        ],
        [],
        id="ids that differ stay different",
    ),
    pytest.param(
        (
            HI,
            turn(
                "assistant",
                Reasoning("one", "sig1", SAME),
                RedactedReasoning("blob", None),
                Reasoning("two", "sig2", "anthropic:claude-sonnet-4-5-20250929"),
                "Text",
                call("a"),
            ),
            result("a"),
        ),
        [
            user("Hi"),
            assistant(
                {"type": "thinking", "thinking": "one", "signature": "sig1"},
                {"type": "redacted_thinking", "data": "blob"},
                {"type": "thinking", "thinking": "two", "signature": "sig2"},
                "Text",
                use("a"),
            ),
            user(answered("a")),
        ],
        [],
        id="signed reasoning goes back byte for byte, in order, before the call",
    ),
    pytest.param(
        (HI, turn("assistant", call("a"), Reasoning("late", "sig")), result("a")),
        [
            user("Hi"),
            assistant({"type": "thinking", "thinking": "late", "signature": "sig"}, use("a")),
            user(answered("a")),
        ],
        [],
        id="reasoning that a client lists last came first",
    ),
    pytest.param(
        (
            HI,
            turn(
                "assistant",
                Reasoning("no signature", None, SAME, at="r0"),
                Reasoning("x", "sig", "gemini:g", at="r1"),
                Reasoning("x", "sig", "anthropic:claude-opus-4-6", at="r2"),
                RedactedReasoning("x", "anthropic:claude-opus-4-6", at="r3"),
                call("a"),
            ),
            result("a"),
        ),
        [user("Hi"), assistant(use("a")), user(answered("a"))],
        [("r0", "dropped"), ("r1", "dropped"), ("r2", "dropped"), ("r3", "dropped")],
        id="unsigned and foreign reasoning is dropped",
    ),
]


@pytest.mark.parametrize(("turns", "messages", "notes"), TOOL_TURNS)
def test_turns_with_tools(turns: tuple[Turn, ...], messages: list[Any], notes: list[Any]) -> None:
    rendered = render(*turns, tools=(TOOL,))
    assert rendered.body == {
        "model": OLD,
        "max_tokens": 100,
        "messages": messages,
        "tools": [TOOL_ON_WIRE],
        "stream": True,
    }
    assert paths(rendered) == notes
    check(rendered.body)
