"""Sessions: the same for requests that belong together, and different for others."""

from typing import Any

import pytest

from routing.sessions import HEADERS, MOST, Bindings, session_of

CHAT = {"model": "m", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]}
GROWN = {
    **CHAT,
    "messages": [*CHAT["messages"], {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "x"}],
}  # type: ignore[misc]


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_names_it(header: str) -> None:
    one, other = (session_of({header: id}, CHAT) for id in ("s-1", "s-2"))
    assert one is not None
    assert one != other
    assert one == session_of({header: "s-1"}, {"model": "x"})
    assert one != session_of({}, CHAT)


@pytest.mark.parametrize(
    "field",
    [
        pytest.param({"session_id": "s"}, id="session_id"),
        pytest.param({"sessionId": "s"}, id="sessionId"),
        pytest.param({"prompt_cache_key": "s"}, id="prompt_cache_key"),
        pytest.param({"conversation": "s"}, id="a conversation"),
        pytest.param({"conversation": {"id": "s"}}, id="a conversation's object"),
        pytest.param({"conversation_id": "s"}, id="conversation_id"),
        pytest.param({"metadata": {"user_id": "user_1_session_0af3-77"}}, id="a user with a session"),
        pytest.param({"metadata": {"user_id": "somebody"}}, id="a user"),
    ],
)
def test_a_field_names_it(field: dict[str, Any]) -> None:
    one = session_of({}, {**CHAT, **field})
    assert one == session_of({}, {**GROWN, **field})
    assert one == session_of({}, {"messages": [{"role": "user", "content": "something else"}], **field})
    assert one != session_of({}, CHAT)


def test_a_session_of_a_user_is_that_of_all_of_its_spellings() -> None:
    one, other = ({"metadata": {"user_id": f"user_{n}_account__session_0af3"}} for n in (1, 2))
    assert session_of({}, one) == session_of({}, other)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        pytest.param(CHAT, GROWN, True, id="a conversation that grows"),
        pytest.param(CHAT, {**CHAT, "temperature": 1, "stream": True, "model": "x"}, True, id="other options"),
        pytest.param({"input": "Hi"}, {"input": [{"role": "user", "content": "Hi"}]}, True, id="a text is a message"),
        pytest.param({"input": "Hi"}, {"input": "Ho"}, False, id="other words"),
        pytest.param({"input": "Hi", "instructions": "a"}, {"input": "Hi", "instructions": "b"}, False,
                     id="other instructions"),
        pytest.param({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
                     {"messages": [{"role": "user", "content": "Hi"}]}, True, id="parts"),
        pytest.param({"messages": [{"role": "developer", "content": "a"}, {"role": "user", "content": "Hi"}]},
                     {"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "Hi"}]}, True,
                     id="a developer is a system"),
        pytest.param({"prompt": "Hi"}, {"prompt": "Hi"}, True, id="a prompt"),
    ],
)  # fmt: skip
def test_the_first_messages_name_it(first: dict[str, Any], second: dict[str, Any], same: bool) -> None:
    assert session_of({}, first) is not None
    assert (session_of({}, first) == session_of({}, second)) is same


@pytest.mark.parametrize(
    "body",
    [None, [], "x", 1, {}, {"messages": None}, {"messages": [None, 1, {"role": []}]}, {"input": 3}, {"prompt": [1, 2]},
     {"messages": [{"role": "user", "content": [None, {"text": 3}]}]}, {"conversation": {"id": 3}}, {"metadata": []},
     {"session_id": "x" * 257}, {"session_id": "a\nb"}],
)  # fmt: skip
def test_nothing_else_names_one(body: Any) -> None:
    assert session_of({"session-id": "", "x-session-id": "x" * 1000}, body) is None


def test_it_tells_nothing() -> None:
    assert "secret" not in str(session_of({"session-id": "secret"}, None))


def test_bindings_have_a_bound() -> None:
    bindings = Bindings()
    for number in range(MOST + 10):
        bindings.bind(str(number), ("key", "model"), 10.0, 0.0)
    assert bindings.get("9", 0.0) is None
    assert bindings.get("10", 0.0) == ("key", "model")
    assert bindings.get("10", 10.0) is None
