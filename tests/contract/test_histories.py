"""What a client's history becomes at every provider."""

from typing import Any

import pytest

from translators.dialects import Model, Rendered
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
    asked = CLIENTS[client].parse({"model": "m", **body})
    return PROVIDERS[provider].render(asked.conversation, Model(model))


def chat(messages: list[dict[str, Any]], provider: str, model: str, **fields: Any) -> Rendered:
    return rendered("chat", {"messages": messages, "max_tokens": 100, **fields}, provider, model)


def texts(body: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Who said what, in the provider's order; of calls and results there is nothing."""
    turns = body.get("messages") or body.get("contents") or body["input"]
    return [(_role(turn), _texts(turn.get("content") or turn.get("parts") or "")) for turn in turns if "role" in turn]


def _role(turn: dict[str, Any]) -> str:
    return "assistant" if turn["role"] == "model" else str(turn["role"])


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if "text" in part]


def synthesised(found: Rendered) -> list[tuple[str, bool]]:
    return [(note.path, note.lost) for note in found.notes if note.fate == "synthesised" and note.path != "stream"]


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
    found = rendered(client, body, provider, model)
    assert texts(found.body)[-1] == GO_ON
    assert [said for said in texts(found.body) if said == GO_ON] == [GO_ON]
    assert (path, True) in synthesised(found)


@pytest.mark.parametrize(("provider", "model"), CONTINUE_THEMSELVES)
def test_a_model_that_can_continues_what_it_began(provider: str, model: str) -> None:
    found = chat([USER, SAID], provider, model)
    assert texts(found.body)[-1] == ("assistant", [SAID["content"]])
    assert synthesised(found) == []


@pytest.mark.parametrize(("provider", "model"), CONTINUE_THEMSELVES[:2])
def test_an_answer_that_is_held_to_a_schema_is_begun_anew(provider: str, model: str) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "r", "strict": True, "schema": SCHEMA}}
    found = chat([USER, SAID], provider, model, response_format=wanted)
    assert texts(found.body)[-1] == GO_ON
    assert synthesised(found) == [("messages[1]", True)]
    assert "outputConfig" in found.body or "output_config" in found.body


@pytest.mark.parametrize(("provider", "model"), ANSWER_USERS_ONLY)
def test_an_empty_last_message_of_the_assistants_is_none(provider: str, model: str) -> None:
    found = chat([USER, {"role": "assistant", "content": ""}], provider, model)
    assert texts(found.body) == [("user", ["x"])]
    assert synthesised(found) == []


def test_a_servers_tool_under_way_goes_on_by_itself() -> None:
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}}
    paused = {"role": "assistant", "content": None, "provider_content": [{"dialect": "anthropic", "block": search}]}
    found = chat([USER, paused], "anthropic", "claude-opus-4-6")
    assert found.body["messages"][-1] == {"role": "assistant", "content": [search]}
    assert synthesised(found) == []
