"""What a client's history becomes at every provider."""

import json
import re
from typing import Any

import pytest

from routing.compatible_servers import SERVERS
from translators.dialects import Envelope, Model, Recall, Rendered
from translators.errors import BadRequest
from translators.passthrough import chat as chat_passthrough
from translators.registry import CLIENTS, PROVIDERS

CLAUDES = [
    ("anthropic", "claude-opus-4-6"),
    ("anthropic", "claude-opus-5-5"),
    ("vertex-anthropic", "claude-opus-4-6@default"),
    ("bedrock", "global.anthropic.claude-opus-4-6-v1"),
]
ANSWER_USERS_ONLY = [
    *CLAUDES,
    ("bedrock", "meta.llama3-3-70b-instruct-v1:0"),
    ("bedrock", "mistral.mistral-large-2407-v1:0"),
    ("gemini", "gemini-3.1-pro-preview"),
]
CONTINUE_THEMSELVES = [
    ("anthropic", "claude-haiku-4-5"),
    ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
    ("bedrock", "amazon.nova-lite-v1:0"),
    ("gemini", "gemini-2.5-flash"),
]
GO_ON = ("user", ["Please continue."])
USER: dict[str, Any] = {"role": "user", "content": "x"}
SAID: dict[str, Any] = {"role": "assistant", "content": "Thought: a\nObservation: 14"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


def rendered(client: str, body: dict[str, Any], provider: str, model: str) -> Rendered:
    request = CLIENTS[client].parse({"model": "m", **body})
    return PROVIDERS[provider].render(request.conversation, Model(model))


def chat(messages: list[dict[str, Any]], provider: str, model: str, **fields: Any) -> Rendered:
    return rendered("chat", {"messages": messages, "max_tokens": 100, **fields}, provider, model)


def texts(body: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Roles and texts, in the provider's order, without calls and results."""
    turns = body.get("messages") or body.get("contents") or body["input"]
    return [(_role(turn), _texts(turn.get("content") or turn.get("parts") or "")) for turn in turns if "role" in turn]


def _role(turn: dict[str, Any]) -> str:
    return "assistant" if turn["role"] == "model" else str(turn["role"])


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if "text" in part]


def synthesised(outgoing: Rendered) -> list[tuple[str, bool]]:
    return [(note.path, note.lost) for note in outgoing.notes if note.fate == "synthesised" and note.path != "stream"]


# --- the assistant spoke last -------------------------------------------------------------------------

LAST = [
    pytest.param("chat", {"messages": [USER, SAID], "stop": ["\nObservation:"]}, "messages[1]", id="an agent's ReAct"),
    pytest.param(
        "chat", {"messages": [USER, SAID, {**SAID, "content": "14"}]}, "messages[1]", id="two of the assistant's"
    ),
    pytest.param(
        "chat", {"messages": [USER, SAID, {"role": "assistant", "content": ""}]}, "messages[1]", id="an empty one after"
    ),
    pytest.param(
        "responses",
        {
            "input": [
                USER,
                {"role": "assistant", "content": [{"type": "output_text", "text": "Hm."}]},
            ]
        },
        "input[1]",
        id="a cut response's message",
    ),
    pytest.param("responses", {"input": [{"role": "assistant", "content": "Hm."}]}, "input[0]", id="nothing else"),
]


@pytest.mark.parametrize(("client", "body", "path"), LAST)
@pytest.mark.parametrize(("provider", "model"), ANSWER_USERS_ONLY)
def test_a_user_asks_a_model_to_go_on(client: str, body: dict[str, Any], path: str, provider: str, model: str) -> None:
    outgoing = rendered(client, body, provider, model)
    assert texts(outgoing.body)[-1] == GO_ON
    assert [text for text in texts(outgoing.body) if text == GO_ON] == [GO_ON]
    assert (path, True) in synthesised(outgoing)


@pytest.mark.parametrize(("provider", "model"), CONTINUE_THEMSELVES)
def test_a_model_that_can_continues_what_it_began(provider: str, model: str) -> None:
    outgoing = chat([USER, SAID], provider, model)
    assert texts(outgoing.body)[-1] == ("assistant", [SAID["content"]])
    assert synthesised(outgoing) == []


@pytest.mark.parametrize(("provider", "model"), CONTINUE_THEMSELVES[:2])
def test_an_answer_that_is_held_to_a_schema_is_begun_anew(provider: str, model: str) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "r", "strict": True, "schema": SCHEMA}}
    outgoing = chat([USER, SAID], provider, model, response_format=wanted)
    assert texts(outgoing.body)[-1] == GO_ON
    assert synthesised(outgoing) == [("messages[1]", True)]
    assert "outputConfig" in outgoing.body or "output_config" in outgoing.body


@pytest.mark.parametrize(("provider", "model"), ANSWER_USERS_ONLY)
def test_an_empty_last_message_of_the_assistants_is_none(provider: str, model: str) -> None:
    outgoing = chat([USER, {"role": "assistant", "content": ""}], provider, model)
    assert texts(outgoing.body) == [("user", ["x"])]
    assert synthesised(outgoing) == []


def test_a_servers_tool_under_way_goes_on_by_itself() -> None:
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}}
    paused = {"role": "assistant", "content": None, "provider_content": [{"dialect": "anthropic", "block": search}]}
    outgoing = chat([USER, paused], "anthropic", "claude-opus-4-6")
    assert outgoing.body["messages"][-1] == {"role": "assistant", "content": [search]}
    assert synthesised(outgoing) == []


# --- what the assistant made --------------------------------------------------------------------------

PICTURE = "iVBORw0KGgo="
MADE_IN_CHAT = {
    "role": "assistant",
    "content": "Here",
    "images": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}],
}
MADE_IN_RESPONSES = [
    {"role": "assistant", "content": "Here"},
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PICTURE, "quality": "high"},
]
HOLD_NO_PICTURES = [
    ("anthropic", "claude-opus-4-6"),
    ("vertex-anthropic", "claude-opus-4-6@default"),
    ("bedrock", "global.anthropic.claude-opus-4-6-v1"),
    ("ollama", "llama3.2"),
    ("openai", "gpt-5.5"),
    ("openai-responses", "gpt-5.6"),
]
HOLD_PICTURES = [("gemini", "gemini-3.1-pro-preview"), ("bedrock", "amazon.nova-lite-v1:0")]
WITH_PICTURES = [
    pytest.param("chat", {"messages": [USER, MADE_IN_CHAT]}, "messages[1].images[0]", id="chat, last"),
    pytest.param("chat", {"messages": [USER, MADE_IN_CHAT, USER]}, "messages[1].images[0]", id="chat"),
    pytest.param("responses", {"input": [USER, *MADE_IN_RESPONSES, USER]}, "input[2]", id="responses"),
]


def turns_of(body: dict[str, Any]) -> list[Any]:
    turns: list[Any] = body.get("messages") or body.get("contents") or body["input"]
    return turns


@pytest.mark.parametrize(("client", "body", "path"), WITH_PICTURES)
@pytest.mark.parametrize(("provider", "model"), HOLD_NO_PICTURES)
def test_the_user_shows_what_the_assistant_made(
    client: str, body: dict[str, Any], path: str, provider: str, model: str
) -> None:
    outgoing = rendered(client, body, provider, model)
    held = [turn["role"] for turn in turns_of(outgoing.body) if PICTURE in str(turn)]
    assert held == ["user"]
    assert texts(outgoing.body)[1] == ("assistant", ["Here"])
    assert [(note.path, note.lost) for note in outgoing.notes if note.fate == "moved"] == [(path, False)]
    assert synthesised(outgoing) == []


ONLY_PICTURES = [
    pytest.param(
        "responses", {"input": [USER, *MADE_IN_RESPONSES[1:], USER]}, "input[1]", ["user", "user"], id="responses"
    ),
    pytest.param("responses", {"input": [USER, *MADE_IN_RESPONSES[1:]]}, "input[1]", ["user", "user"], id="last"),
    pytest.param(
        "chat",
        {"messages": [USER, {**MADE_IN_CHAT, "content": ""}, USER]},
        "messages[1].images[0]",
        ["user", "user"],
        id="chat",
    ),
]


@pytest.mark.parametrize(("client", "body", "path", "roles"), ONLY_PICTURES)
@pytest.mark.parametrize(("provider", "model"), HOLD_NO_PICTURES)
def test_nothing_is_left_of_a_message_whose_picture_the_user_shows(
    client: str, body: dict[str, Any], path: str, roles: list[str], provider: str, model: str
) -> None:
    outgoing = rendered(client, body, provider, model)
    assert {turn["role"] for turn in turns_of(outgoing.body)} == {"user"}
    assert PICTURE in str(turns_of(outgoing.body)[-1])
    assert [(note.path, note.fate) for note in outgoing.notes if note.path.startswith(path[:5])] == [(path, "moved")]


EMPTY: dict[str, Any] = {"role": "assistant", "content": ""}
CALLED = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "abcdefghi", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}
RESULT = {"role": "tool", "tool_call_id": "abcdefghi", "content": "1"}
READ = {"role": "assistant", "content": "(The results are read.)"}
ASKED_ON = {"role": "user", "content": "Please continue."}
STRICT = [
    pytest.param([USER, EMPTY], [USER], [("messages[1]", "dropped")], id="last"),
    pytest.param([USER, {**EMPTY, "content": None}], [USER], [("messages[1]", "dropped")], id="null"),
    pytest.param(
        [USER, {**EMPTY, "content": [{"type": "text", "text": ""}]}], [USER], [("messages[1]", "dropped")], id="parts"
    ),
    pytest.param([USER, {**EMPTY, "prefix": True}], [USER], [("messages[1]", "dropped")], id="a prefix of nothing"),
    pytest.param(
        [USER, SAID, EMPTY],
        [USER, SAID, ASKED_ON],
        [("messages[2]", "dropped"), ("messages[1]", "synthesised")],
        id="after another",
    ),
    pytest.param([USER, EMPTY, USER], [USER, USER], [("messages[1]", "dropped")], id="between"),
    pytest.param(
        [USER, CALLED, RESULT, EMPTY, USER],
        [USER, CALLED, RESULT, READ, USER],
        [("messages[3]", "dropped"), ("messages[4]", "synthesised")],
        id="after a result",
    ),
]


@pytest.mark.parametrize(("messages", "sent", "noted"), STRICT)
def test_a_strict_server_gets_no_empty_message(messages: list[Any], sent: list[Any], noted: list[Any]) -> None:
    quirks = {"strict_roles": True, "short_call_ids": True}
    outgoing = chat_passthrough.render(
        {"model": "m", "messages": messages}, Model("mistral-large", {"quirks": quirks})
    ).rendered
    assert outgoing.body["messages"] == sent
    assert [(note.path, note.fate) for note in outgoing.notes] == noted


@pytest.mark.parametrize(("client", "body", "path"), WITH_PICTURES[1:])
@pytest.mark.parametrize(("provider", "model"), HOLD_PICTURES)
def test_a_model_that_can_holds_what_it_made(
    client: str, body: dict[str, Any], path: str, provider: str, model: str
) -> None:
    outgoing = rendered(client, body, provider, model)
    assert [_role(turn) for turn in turns_of(outgoing.body) if PICTURE in str(turn)] == ["assistant"]
    assert path not in [note.path for note in outgoing.notes]


def test_a_picture_without_data_is_dropped_with_a_note() -> None:
    request = CLIENTS["responses"].parse({"model": "m", "input": [{"type": "image_generation_call", "id": "x"}, USER]})
    assert [(note.path, note.fate) for note in request.notes] == [("input[0]", "dropped")]


SHOWN = {"type": "input_image", "image_url": f"data:image/png;base64,{PICTURE}"}
SEEN_BY_SYSTEM = [
    pytest.param(
        [{"role": "developer", "content": [{"type": "input_text", "text": "s"}, SHOWN]}, USER],
        "input[0].content[1]",
        id="first",
    ),
    pytest.param([USER, {"role": "system", "content": [SHOWN]}], "input[1].content[0]", id="alone and last"),
]


@pytest.mark.parametrize(("items", "path"), SEEN_BY_SYSTEM)
@pytest.mark.parametrize(("provider", "model"), [*HOLD_NO_PICTURES[:-1], *HOLD_PICTURES])
def test_the_user_shows_what_was_attached_to_instructions(
    items: list[Any], path: str, provider: str, model: str
) -> None:
    outgoing = rendered("responses", {"input": items}, provider, model)
    assert [turn["role"] for turn in turns_of(outgoing.body) if PICTURE in str(turn)] == ["user"]
    assert PICTURE not in str([outgoing.body.get("system"), outgoing.body.get("systemInstruction")])
    assert [note.path for note in outgoing.notes if note.fate == "moved"] == [path]


# --- thoughts and a server's tools take turns ---------------------------------------------------------

STEPS: list[Any] = [
    {"type": "thinking", "thinking": "A", "signature": "c2lnQQ=="},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "bash_code_execution", "input": {"command": "ls"}},
    {"type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_1", "content": {"type": "x"}},
    {"type": "thinking", "thinking": "B", "signature": "c2lnQg=="},
    {"type": "server_tool_use", "id": "srvtoolu_2", "name": "bash_code_execution", "input": {"command": "cat"}},
    {"type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_2", "content": {"type": "y"}},
    {"type": "text", "text": "Done."},
]


def client_message(content: list[Any], *, streams: bool) -> dict[str, Any]:
    """The message of an answer, as a chat client puts it together."""
    request = CLIENTS["chat"].parse({"model": "m", "messages": [USER], "max_tokens": 9})
    writer = (CLIENTS["chat"].streamed if streams else CLIENTS["chat"].whole)(request.form, Envelope("c_1", 1, "m"))
    answer = PROVIDERS["anthropic"].answer(Recall("claude-opus-4-6"))
    body = {"id": "m", "role": "assistant", "content": content, "stop_reason": "end_turn", "usage": {}}
    sent = b"".join([writer.on(event) for event in answer.whole(body)]) + writer.close()
    if not streams:
        message: dict[str, Any] = json.loads(sent)["choices"][0]["message"]
        return message
    deltas = [json.loads(line[6:])["choices"][0]["delta"] for line in sent.splitlines() if line.startswith(b"data: {")]
    lists: dict[str, Any] = {"role": "assistant", "content": ""}
    for delta in deltas:
        lists["content"] += delta.get("content") or ""
        for name in ("thinking_blocks", "provider_content"):
            lists.setdefault(name, []).extend(delta.get(name) or [])
    return lists


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(STEPS, id="in turn"),
        pytest.param([*STEPS[1:3], STEPS[0], STEPS[-1]], id="the tool first"),
        pytest.param([STEPS[0], STEPS[3], *STEPS[1:3], STEPS[-1]], id="the thoughts first"),
        pytest.param([*STEPS[1:3], STEPS[-1]], id="no thought"),
    ],
)
def test_thoughts_and_a_servers_tools_keep_their_order(content: list[Any], streams: bool) -> None:
    again = chat([USER, client_message(content, streams=streams), USER], "anthropic", "claude-opus-4-6")
    assert again.body["messages"][1]["content"] == content
    assert [note for note in again.notes if note.lost] == []


# --- calls that have no result ------------------------------------------------------------------------

CALL = {"id": "call_7", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLING: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT: dict[str, Any] = {"role": "tool", "tool_call_id": "call_7", "content": "ok"}
ITEM = {"type": "function_call", "call_id": "call_7", "name": "f", "arguments": "{}"}
UNPAIRED = [
    pytest.param("chat", {"messages": [USER, CALLING]}, "messages[1].tool_calls[0]", id="last"),
    pytest.param("chat", {"messages": [USER, CALLING, USER]}, "messages[1].tool_calls[0]", id="the user goes on"),
    pytest.param("chat", {"messages": [USER, RESULT]}, "messages[1].tool_call_id", id="no call"),
    pytest.param("chat", {"messages": [USER, CALLING, RESULT, RESULT]}, "messages[3].tool_call_id", id="twice"),
    pytest.param(
        "chat",
        {"messages": [USER, {**CALLING, "tool_calls": [CALL, CALL]}, RESULT]},
        "messages[1].tool_calls[1].id",
        id="an id twice",
    ),
    pytest.param("responses", {"input": [USER, ITEM]}, "input[1]", id="items, last"),
    pytest.param(
        "responses",
        {"input": [USER, {"type": "function_call_output", "call_id": "call_7", "output": "ok"}]},
        "input[1].call_id",
        id="items, no call",
    ),
]


@pytest.mark.parametrize(("client", "body", "path"), UNPAIRED)
def test_a_call_and_its_result_are_named_by_path_and_by_id(client: str, body: dict[str, Any], path: str) -> None:
    with pytest.raises(BadRequest, match=re.escape(f"{path} ('call_7') ")) as caught:
        CLIENTS[client].parse({"model": "m", **body})
    assert caught.value.failure.param == path


# --- what Mistral wants -------------------------------------------------------------------------------

MISTRAL = {"quirks": dict(SERVERS["mistral"].quirks)}
LONG, KEPT = "call_0123456789abcdef", "abcDEF123"


def calling(*ids: str) -> dict[str, Any]:
    return {"role": "assistant", "content": "", "tool_calls": [{**CALL, "id": id} for id in ids]}


def result(id: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": f"of {id}"}


def as_items(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same history of a client that is not passed through."""
    items: list[dict[str, Any]] = []
    for message in messages:
        if message["role"] == "tool":
            items.append(
                {"type": "function_call_output", "call_id": message["tool_call_id"], "output": message["content"]}
            )
            continue
        if message["content"]:
            items.append({"role": message["role"], "content": message["content"]})
        items += [{**ITEM, "call_id": call["id"]} for call in message.get("tool_calls") or ()]
    return items


def passed_through(messages: list[dict[str, Any]]) -> Rendered:
    return chat_passthrough.render(
        {"model": "m", "messages": messages}, Model("mistral-large-latest", MISTRAL)
    ).rendered


def translated(messages: list[dict[str, Any]]) -> Rendered:
    request = CLIENTS["responses"].parse({"model": "m", "input": as_items(messages)})
    return PROVIDERS["openai"].render(request.conversation, Model("mistral-large-latest", MISTRAL))


def ids(body: dict[str, Any]) -> tuple[list[str], list[str]]:
    calls = [call["id"] for message in body["messages"] for call in message.get("tool_calls") or ()]
    return calls, [message["tool_call_id"] for message in body["messages"] if message["role"] == "tool"]


BOTH_WAYS = pytest.mark.parametrize("sent", [passed_through, translated])


@BOTH_WAYS
@pytest.mark.parametrize(
    "history",
    [
        pytest.param([USER, calling(LONG, KEPT, "a"), result(LONG), result(KEPT), result("a")], id="parallel"),
        pytest.param([USER, calling(LONG), result(LONG), calling("b"), result("b")], id="one after the other"),
    ],
)
def test_ids_of_calls_have_nine_letters_and_digits(sent: Any, history: list[dict[str, Any]]) -> None:
    body = sent(history).body
    calls, results = ids(body)
    assert calls == results
    assert len(set(calls)) == len(calls)
    assert all(re.fullmatch("[a-zA-Z0-9]{9}", id) for id in calls)
    assert (KEPT in calls) == (KEPT in str(history))
    assert [message["content"] for message in body["messages"] if message["role"] == "tool"] == [
        message["content"] for message in history if message["role"] == "tool"
    ]


@BOTH_WAYS
def test_a_user_does_not_follow_a_tool(sent: Any) -> None:
    outgoing = sent([USER, calling(KEPT), result(KEPT), USER])
    roles = [message["role"] for message in outgoing.body["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]
    assert [note.fate for note in outgoing.notes] == ["synthesised"]


@BOTH_WAYS
def test_an_assistant_is_not_last(sent: Any) -> None:
    outgoing = sent([USER, SAID])
    assert texts(outgoing.body)[-1] == GO_ON
    assert [note.lost for note in outgoing.notes if note.fate == "synthesised"] == [True]


def test_mistrals_own_prefix_stays() -> None:
    history = [USER, {**SAID, "prefix": True}]
    assert passed_through(history).body["messages"] == history


ODD = [
    pytest.param([{"role": "assistant", "tool_calls": "x"}, USER], id="calls that are none"),
    pytest.param([{"role": "assistant", "tool_calls": [1, {"id": 2}]}, USER], id="ids that are none"),
    pytest.param([{"role": "assistant", "content": "a"}, {"role": "tool", "tool_call_id": LONG}], id="no such call"),
]


@pytest.mark.parametrize("history", ODD)
def test_what_is_odd_is_the_providers_to_judge(history: list[dict[str, Any]]) -> None:
    assert passed_through(history).body["messages"] == history


@pytest.mark.parametrize(
    ("model", "short"),
    [
        pytest.param("mistral.mistral-large-2407-v1:0", True, id="older"),
        pytest.param("us.mistral.pixtral-large-2502-v1:0", True, id="in a region"),
        pytest.param("mistral.ministral-3-14b-instruct", True, id="newer"),
        pytest.param("amazon.nova-lite-v1:0", False, id="somebody else's"),
    ],
)
def test_ids_of_calls_to_mistrals_models_on_bedrock(model: str, short: bool) -> None:
    outgoing = chat(
        [USER, calling(LONG), result(LONG)], "bedrock", model, tools=[{"type": "function", "function": {"name": "f"}}]
    )
    [call] = [
        part["toolUse"]["toolUseId"]
        for turn in outgoing.body["messages"]
        for part in turn["content"]
        if "toolUse" in part
    ]
    assert (re.fullmatch("[a-zA-Z0-9]{9}", call) is not None) == short
    assert str(outgoing.body).count(f"'{call}'") == 2


def test_an_id_that_openai_refuses_is_respelled() -> None:
    long = "c" * 41
    request = CLIENTS["responses"].parse({"model": "m", "input": as_items([USER, calling(long), result(long)])})
    calls, results = ids(PROVIDERS["openai"].render(request.conversation, Model("m")).body)
    assert calls == results
    assert 0 < len(calls[0]) <= 40


def test_the_functions_name_beside_its_result_adds_nothing() -> None:
    for name, noted in (("f", []), ("somebody", ["messages[2].name"])):
        outgoing = chat([USER, CALLING, {**RESULT, "name": name}], "anthropic", "claude-opus-4-6")
        assert [note.path for note in outgoing.notes if note.fate == "dropped"] == noted
