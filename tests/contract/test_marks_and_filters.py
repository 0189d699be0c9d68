"""What stands at a call or at a search of the web: it is carried where the provider has a place for it, noted or
refused elsewhere."""

from typing import Any

import pytest

from tests.contract.test_requests import MODELS
from translators.dialects import Model, Rendered
from translators.errors import BadRequest
from translators.registry import CLIENTS, PROVIDERS

MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {}}}
CALLED: dict[str, dict[str, Any]] = {
    "chat": {
        "tools": [{"type": "function", "function": FUNCTION}],
        "messages": [
            {"role": "user", "content": "hi"},
            {
                "role": "assistant",
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}, **MARK}],
            },
            {"role": "tool", "tool_call_id": "c", "content": "x"},
        ],
    },
    "responses": {
        "tools": [{"type": "function", **FUNCTION}],
        "input": [
            {"role": "user", "content": "hi"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", **MARK},
            {"type": "function_call_output", "call_id": "c", "output": "x"},
        ],
    },
}
PATHS = {"chat": "messages[1].tool_calls[0]", "responses": "input[1]"}


def rendered(client: str, provider: str, body: dict[str, Any]) -> Rendered:
    conversation = CLIENTS[client].parse({"model": "m", **body}).conversation
    return PROVIDERS[provider].render(conversation, Model(MODELS.get(provider, MODELS["anthropic"])[0]))


@pytest.mark.parametrize("client", CALLED)
def test_a_breakpoint_at_a_call_is_carried(client: str) -> None:
    body = rendered(client, "anthropic", CALLED[client]).body
    assert body["messages"][1]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize("client", CALLED)
def test_a_breakpoint_at_a_call_is_a_point_behind_it(client: str) -> None:
    use, point = rendered(client, "bedrock", CALLED[client]).body["messages"][1]["content"]
    assert "toolUse" in use
    assert point == {"cachePoint": {"type": "default", "ttl": "1h"}}


@pytest.mark.parametrize("provider", ["gemini", "ollama", "openai", "openai-responses"])
@pytest.mark.parametrize("client", CALLED)
def test_a_breakpoint_at_a_call_is_noted(client: str, provider: str) -> None:
    notes = rendered(client, provider, CALLED[client]).notes
    assert (PATHS[client], "dropped") in [(note.path, note.fate) for note in notes]


def test_a_breakpoint_at_a_whole_message_stands_behind_its_last_call() -> None:
    message = {"role": "assistant", "content": "a", "tool_calls": [{"id": "c", "function": FUNCTION_CALL}], **MARK}
    messages = [{"role": "user", "content": "hi"}, message, {"role": "tool", "tool_call_id": "c", "content": "x"}]
    first, use = rendered("chat", "anthropic", {"messages": messages}).body["messages"][1]["content"]
    assert "cache_control" not in first
    assert "cache_control" in use


FUNCTION_CALL = {"name": "f", "arguments": "{}"}
SITES = {"allowed_domains": ["a.example"]}


def search(*more: dict[str, Any], filters: dict[str, Any] = SITES) -> dict[str, Any]:
    return {"input": "hi", "tools": [{"type": "web_search", "filters": filters}, *more]}


@pytest.mark.parametrize("filters", [SITES, {"blocked_domains": ["b.example"]}], ids=["allowed", "blocked"])
def test_a_search_keeps_to_its_sites(filters: dict[str, Any]) -> None:
    (claudes,) = rendered("responses", "anthropic", search(filters=filters)).body["tools"]
    (responses,) = rendered("responses", "openai-responses", search(filters=filters)).body["tools"]
    assert filters.items() <= claudes.items()
    assert responses["filters"] == filters


def test_a_claude_takes_one_of_both() -> None:
    with pytest.raises(BadRequest, match="either allowed or blocked"):
        rendered("responses", "anthropic", search(filters={**SITES, "blocked_domains": ["b.example"]}))


WITHOUT = [("gemini", MODELS["gemini"][0]), ("bedrock", "us.amazon.nova-2-lite-v1:0"), ("openai", "gpt-5.5")]


@pytest.mark.parametrize(("provider", "model"), WITHOUT)
def test_a_search_that_keeps_to_no_sites(provider: str, model: str) -> None:
    """Beside functions the model has these alone; by itself it is refused."""

    def render(body: dict[str, Any]) -> Rendered:
        conversation = CLIENTS["responses"].parse({"model": "m", **body}).conversation
        return PROVIDERS[provider].render(conversation, Model(model))

    notes = render(search({"type": "function", **FUNCTION})).notes
    assert ("tools[0]", "dropped") in [(note.path, note.fate) for note in notes]
    with pytest.raises(BadRequest, match="cannot be kept to some sites"):
        render(search())
