"""Calls and results, reasoning, the budget of a prompt, and why a cache was missed."""

import json
from typing import Any

import pytest

from addons.inspector import budget, cache_finder
from addons.inspector.analysis import analysis, whole
from addons.inspector.conversations import conversation
from addons.inspector.reasoning import reasoning
from addons.inspector.recording import Tokens
from addons.inspector.tool_calls import tool_calls
from tests.addons.inspector.recorded import ASKED, FIXTURES, STREAMS, exchange
from translators.clients.responses.encrypted_content import EncryptedContent, encode
from translators.convert import PAIRS

TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
OTHER = {"type": "function", "function": {"name": "aaa", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": "Köln"}'}}
HISTORY = [
    {"role": "system", "content": "Be <b>brief</b>."},
    {"role": "user", "content": "Look."},
    {"role": "assistant", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "rain"},
]
CHAT = ASKED["chat"] | {"messages": HISTORY, "tools": TOOLS}
TEXT = (FIXTURES / "anthropic/text.sse").read_bytes()


def streamed(provider: str, client: str, wire: dict[str, Any] | None = None) -> dict[str, Any]:
    data = (FIXTURES / provider / STREAMS[provider]).read_bytes()
    return dict(whole(exchange(provider, data, client, request=wire)))


@pytest.mark.parametrize("provider", STREAMS)
def test_calls_of_the_history_have_their_results_on_both_legs(provider: str) -> None:
    calls = [call for call in tool_calls(streamed(provider, "chat", CHAT)) if call["path"] is not None]
    assert [call["leg"] for call in calls] == ["client", "provider"]
    for call in calls:
        assert call["name"] == "look"
        assert json.loads(call["arguments"]) == {"at": "Köln"}
        assert call["valid"]
        assert "rain" in call["result"]["text"]
    assert calls[0]["path"] == "messages[2].tool_calls[0]"
    assert calls[0]["result"]["path"] == "messages[3].content"


@pytest.mark.parametrize("client", ["chat", "responses"])
@pytest.mark.parametrize("provider", STREAMS)
def test_calls_of_the_answer_are_the_same_on_both_legs(provider: str, client: str) -> None:
    if (client, provider) not in PAIRS:
        return
    calls = [call for call in tool_calls(streamed(provider, client)) if call["path"] is None]
    legs = {leg: [call for call in calls if call["leg"] == leg] for leg in ("client", "provider")}
    seen = {
        leg: [(call["name"], json.loads(call["arguments"] or "{}")) for call in found] for leg, found in legs.items()
    }
    assert len(seen["client"]) >= 1
    assert seen["client"] == seen["provider"]
    for call in calls:
        assert call["valid"]
        assert "".join(piece["text"] for piece in call["grown"]) == call["arguments"]
        assert all(piece["event"] >= call["event"] for piece in call["grown"])


def test_arguments_grow_event_by_event() -> None:
    first = next(call for call in tool_calls(streamed("anthropic", "chat")) if call["leg"] == "provider")
    assert [piece["text"] for piece in first["grown"]] == ['{"city": "Ber', 'lin"}']
    assert first["id"] == "toolu_01A"


def test_arguments_that_are_no_json_and_results_without_a_call() -> None:
    bad = {**CALL, "function": {"name": "look", "arguments": '{"at": '}}
    history = [{"role": "assistant", "tool_calls": [bad]}, {"role": "tool", "tool_call_id": "c9", "content": "x"}]
    detail = {"dialect": "chat", "phases": {"client_request": {"body": json.dumps({"messages": history})}}}
    call, orphan = tool_calls(detail)
    assert (call["valid"], call["result"]) == (False, None)
    assert (orphan["path"], orphan["id"], orphan["result"]["path"]) == (None, "c9", "messages[1].content")


THINKING = {"type": "thinking", "thinking": "I should look.", "signature": "EqQBCg=="}


def asked_with(block: dict[str, Any]) -> dict[str, Any]:
    assistant = {"role": "assistant", "content": "Let me see.", "thinking_blocks": [block]}
    return ASKED["chat"] | {"messages": [HISTORY[1], assistant, HISTORY[1]]}


def test_reasoning_of_the_same_issuer_is_kept() -> None:
    detail = whole(exchange("anthropic", TEXT, request=asked_with(THINKING | {"issuer": "anthropic:m-1"})))
    found = [each for each in reasoning(detail) if each["where"] == "request"]
    assert [(each["leg"], each["path"], each["fate"]) for each in found] == [
        ("client", "messages[1].thinking_blocks[0]", "kept"),
        ("provider", "messages[1].content[0]", "kept"),
    ]
    assert found[0]["issuer"] == "anthropic:m-1"
    assert found[0]["signature"]["bytes"] == len("EqQBCg==")


def test_reasoning_of_another_issuer_is_dropped_for_a_reason() -> None:
    detail = whole(exchange("anthropic", TEXT, request=asked_with(THINKING | {"issuer": "gemini:gemini-3"})))
    (dropped,) = (each for each in reasoning(detail) if each["where"] == "request")
    assert (dropped["fate"], dropped["issuer"]) == ("dropped", "gemini:gemini-3")
    assert dropped["detail"] == next(note["detail"] for note in detail["notes"] if "thinking" in note["path"])


@pytest.mark.parametrize(
    ("provider", "client"),
    [
        ("anthropic", "chat"),
        ("anthropic", "responses"),
        ("bedrock", "responses"),
        ("gemini", "chat"),
        ("ollama", "chat"),
    ],
)
def test_reasoning_of_an_answer_reaches_the_client(provider: str, client: str) -> None:
    found = [each for each in reasoning(streamed(provider, client)) if each["where"] == "answer"]
    assert {each["leg"] for each in found} == {"client", "provider"}
    assert {each["fate"] for each in found} == {"kept"}
    signed = [each["signature"] for each in found if each["signature"]]
    issuers = {each["issuer"] for each in found if each["signature"]}
    if provider != "ollama":
        assert signed[0] in signed[1:]
        assert len(issuers) == 1
        assert str(issuers.pop()).startswith(f"{provider}:")


def test_what_the_gateway_wrapped_up_is_opened() -> None:
    wrapped = encode(EncryptedContent("thinking", "anthropic:m-1", "I should look.", "EqQBCg=="))
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": wrapped}
    body = {"input": [item, {"role": "user", "content": "x"}]}
    detail = {"dialect": "responses", "phases": {"client_request": {"body": json.dumps(body)}}}
    (thought,) = reasoning(detail)
    assert (thought["issuer"], thought["bytes"], thought["fate"]) == ("anthropic:m-1", 14, None)


# --- budget ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", [*STREAMS, "anthropic"])
def test_the_budget_adds_up(provider: str) -> None:
    data = (FIXTURES / provider / STREAMS[provider]).read_bytes()
    lines = budget.budget(whole(exchange(provider, data, request=CHAT, tokens=Tokens(1001, 5))))
    assert sum(line["tokens"] for line in lines) == 1001
    assert {"tool", "system", "text", "call", "result"} <= {line["what"] for line in lines}
    assert {line["how"] for line in lines} == {budget.PROPORTIONAL}


def test_bytes_are_exact_and_tokens_unknown_without_usage() -> None:
    lines = budget.budget(whole(exchange("anthropic", TEXT, request=CHAT)))
    system = next(line for line in lines if line["what"] == "system")
    assert system["bytes"] == len(b'{"type":"text","text":"Be <b>brief</b>."}')
    assert {(line["tokens"], line["how"]) for line in lines} == {(None, None)}


def test_pictures_are_counted_apart() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    wire = ASKED["chat"] | {"messages": [{"role": "user", "content": [{"type": "text", "text": "x" * 400}, picture]}]}
    detail = json.loads(json.dumps(whole(exchange("openai", TEXT, request=wire, tokens=Tokens(1000, 1)))))
    lines = {line["what"]: line for line in budget.budget(detail)}
    assert (lines["image"]["how"], lines["text"]["how"]) == (budget.OF_IMAGES, budget.BESIDE_IMAGES)
    assert lines["image"]["tokens"] + lines["text"]["tokens"] == 1000
    assert budget.images(detail)[0]["data"] == "data:image/png;base64,iVBORw0KGgo="
    collapsed = "[base64 image/png, 4321 bytes, sha256 0123456789ab]"
    phase = detail["phases"]["provider_request"]
    phase["body"] = phase["body"].replace("data:image/png;base64,iVBORw0KGgo=", collapsed)
    assert budget.images(detail)[0] | {"path": ""} == {
        "path": "",
        "type": "image/png",
        "bytes": 4321,
        "sha256": "0123456789ab",
        "url": None,
        "data": None,
    }


PIXEL = "iVBORw0KGgo="


@pytest.mark.parametrize("provider", [*STREAMS, "anthropic"])
def test_the_bytes_of_a_picture_where_they_are_kept(provider: str) -> None:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    data = (FIXTURES / provider / STREAMS[provider]).read_bytes()
    wire = ASKED["chat"] | {"messages": [{"role": "user", "content": [picture]}]}
    (found,) = budget.images(whole(exchange(provider, data, request=wire)))
    assert (found["data"], found["type"]) == (f"data:image/png;base64,{PIXEL}", "image/png")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"source": {"media_type": "text/html", "data": PIXEL}}, id="another type"),
        pytest.param({"source": {"media_type": "image/png", "data": "x' onerror='"}}, id="no base64"),
        pytest.param({"source": {"media_type": 'image/png"x', "data": PIXEL}}, id="no type"),
    ],
)
def test_what_is_no_picture_is_never_shown_as_one(value: dict[str, Any]) -> None:
    body = {"messages": [{"role": "user", "content": [{"type": "image", **value}]}]}
    detail = {"provider_dialect": "anthropic", "phases": {"provider_request": {"body": json.dumps(body)}}}
    assert budget.images(detail)[0]["data"] is None


# --- the cache ------------------------------------------------------------------------------------


def turn(provider: str = "anthropic", read: int = 0, written: int = 0, **changes: Any) -> dict[str, Any]:
    wire = CHAT | changes
    data = (FIXTURES / provider / STREAMS[provider]).read_bytes()
    return dict(whole(exchange(provider, data, request=wire, tokens=Tokens(2000, 5, read, written))))


NEXT = [*HISTORY, {"role": "assistant", "content": "It rains."}, {"role": "user", "content": "And now?"}]


@pytest.mark.parametrize("provider", STREAMS)
def test_a_prompt_that_only_grew_is_no_difference(provider: str) -> None:
    found = cache_finder.compare(turn(provider, 0, 1500), turn(provider, 1500, 100, messages=NEXT))
    assert found is not None
    assert found["difference"] is None
    assert found["tokens"] == {"read": 1500, "written": 100, "known": 1500, "lost": 0}
    assert found["settings"] == []


@pytest.mark.parametrize("provider", STREAMS)
def test_a_clock_in_the_instructions(provider: str) -> None:
    def system(time: str) -> list[dict[str, Any]]:
        return [{"role": "system", "content": f"Be brief. It is {time}."}, *HISTORY[1:]]

    turns = (turn(provider, 0, 1500, messages=system(time)) for time in ("12:00", "12:01"))
    found = cache_finder.compare(*turns)
    assert found is not None
    difference = found["difference"]
    assert (difference["what"], difference["change"]) == ("system", "changed")
    assert "12:00." in difference["old"]
    assert "12:01." in difference["new"]
    assert 0 < difference["byte"] < difference["bytes_now"]
    assert found["tokens"]["lost"] == 1500
    assert str(difference["byte"]) in found["explanation"]


def test_the_first_byte_is_the_first_byte() -> None:
    old, new = b"a" * 5000 + b"x" + b"b" * 10, b"a" * 5000 + b"y"
    assert cache_finder._first_difference(old, new) == 5000
    assert cache_finder._first_difference(b"", b"abc") == 0
    assert cache_finder._first_difference(b"abc", b"abcd") == 3


@pytest.mark.parametrize(
    ("changes", "path", "change"),
    [
        pytest.param({"tools": [OTHER, *TOOLS]}, "tools[0]", "inserted", id="a tool before the others"),
        pytest.param({"tools": []}, "system[0]", "removed", id="no tools"),
        pytest.param({"messages": HISTORY[1:2]}, "messages[0].content[0]", "removed", id="no instructions"),
    ],
)
def test_what_changed(changes: dict[str, Any], path: str | None, change: str) -> None:
    found = cache_finder.compare(turn(messages=HISTORY[:2]), turn(**{"messages": HISTORY[:2]} | changes))
    assert found is not None
    assert (found["difference"]["path"], found["difference"]["change"]) == (path, change)


def test_marks_of_the_cache_are_no_difference() -> None:
    def marked(at: int) -> list[dict[str, Any]]:
        texts = [{"type": "text", "text": str(n)} for n in range(3)]
        texts[at]["cache_control"] = {"type": "ephemeral"}  # type: ignore[assignment]
        return [{"role": "user", "content": texts}]

    before, now = turn(messages=marked(0)), turn(messages=marked(2))
    assert before["phases"]["provider_request"]["body"] != now["phases"]["provider_request"]["body"]
    found = cache_finder.compare(before, now)
    assert found is not None
    assert found["difference"] is None


def test_settings_and_another_provider() -> None:
    found = cache_finder.compare(turn("openai"), turn("anthropic", tool_choice="required"))
    assert found is not None
    assert not found["same_provider"]
    assert "tool_choice" in found["settings"]


def test_an_expired_cache() -> None:
    found = cache_finder.compare(turn(read=0, written=1500), turn(read=0, written=1500))
    assert found is not None
    assert "expired" in found["explanation"]


def test_without_a_prompt_nothing_is_compared() -> None:
    assert cache_finder.compare({"phases": {}}, turn()) is None


# --- conversations --------------------------------------------------------------------------------


def test_a_conversation_goes_on_where_it_ended() -> None:
    first = conversation("alice", "chat", {}, {"messages": HISTORY[:2]})
    assert conversation("alice", "chat", {}, CHAT) == first
    clock = {"role": "system", "content": "It is 12:01."}
    assert conversation("alice", "chat", {}, {"messages": [clock, *NEXT[1:]]}) == first
    assert conversation("bob", "chat", {}, CHAT) != first
    long = {"role": "user", "content": "Summarise this: " + "x" * 200}
    other = {**long, "content": f"{long['content']}y"}
    assert conversation("alice", "chat", {}, {"messages": [long]}) != conversation(
        "alice", "chat", {}, {"messages": [other]}
    )
    assert conversation("alice", "chat", {}, {"messages": "no list"}) is None


def test_a_session_that_the_client_names() -> None:
    named = conversation("alice", "chat", {"x-session-id": "s1"}, CHAT)
    assert conversation("alice", "responses", {"x-session-id": "s1"}, None) == named
    assert conversation("alice", "chat", {}, CHAT | {"prompt_cache_key": "s2"}) != named
    assert conversation("alice", "chat", {"x-client-request-id": "1"}, CHAT) == conversation("alice", "chat", {}, CHAT)
    assert "s1" not in str(named)


def test_the_analysis_of_an_exchange() -> None:
    found = analysis(exchange("anthropic", TEXT, request=CHAT), exchange("anthropic", TEXT, request=CHAT, id="req_0"))
    assert set(found) == {"lints", "tool_calls", "reasoning", "budget", "cache", "images"}
    assert found["cache"]["before"] == "req_0"
    assert json.loads(json.dumps(found)) == found
