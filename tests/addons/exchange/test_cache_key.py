"""`support-prompt-cache-key`: requests of one session go with one key, in every format that a server has."""

import json
from typing import Any

import pytest

from addons.exchange.request import ClientRequest, Rendering
from routing.catalogue import Catalogue
from routing.config import parse
from translators.dialects import FORGETFUL
from translators.registry import CLIENTS

ENTRY = "openai-compatibility: [{name: x, base-url: 'http://h/v1', support-prompt-cache-key: ON, endpoints: [E], M}]"
MODELS = "models: [{name: m}, {name: other}]"
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "hi"}]},
    "responses": {"input": "hi"},
    "completions": {"prompt": "hi"},
}
WAYS = [
    pytest.param("chat", "chat", id="chat, passed through"),
    pytest.param("responses", "chat", id="responses as chat"),
    pytest.param("chat", "responses", id="chat as responses"),
    pytest.param("responses", "responses", id="responses, passed through"),
    pytest.param("completions", "completions", id="completions, passed through"),
]


def ask(
    client: str, endpoint: str, headers: dict[str, str] | None = None, on: str = "true", rules: str = "", **fields: Any
) -> Rendering:
    text = ENTRY.replace("ON", on).replace("E]", f"{endpoint}]").replace("M}", f"{MODELS}}}") + rules
    settings = parse(text.encode(), "c.yaml", {}).settings
    request = ClientRequest(CLIENTS[client], CLIENTS[client].parse, settings, FORGETFUL, headers or {})
    catalogue = Catalogue(settings)
    body = {"model": "m", **BODIES[client], **fields}
    request.read(json.dumps(body).encode(), lambda model: catalogue.candidates(model, "key-1"))
    return request.render(request.candidates[0])


def key(rendering: Rendering) -> Any:
    return json.loads(rendering.calls[0].request.body).get("prompt_cache_key")


@pytest.mark.parametrize(("client", "endpoint"), WAYS)
def test_a_session_has_a_key(client: str, endpoint: str) -> None:
    one, two = ({"session-id": name} for name in ("one", "two"))
    made = ask(client, endpoint, one)
    assert len(key(made)) == 32
    assert [note.fate for note in made.notes if note.path == "prompt_cache_key"] == ["synthesised"]
    assert key(ask(client, endpoint, one, user="somebody")) == key(made)
    assert key(ask(client, endpoint, two)) != key(made)
    assert key(ask(client, endpoint, one, model="other")) != key(made)


@pytest.mark.parametrize(("client", "endpoint"), WAYS)
def test_off(client: str, endpoint: str) -> None:
    assert key(ask(client, endpoint, {"session-id": "one"}, on="false")) is None


@pytest.mark.parametrize(("client", "endpoint"), WAYS[:-1])
def test_the_clients_own_wins(client: str, endpoint: str) -> None:
    made = ask(client, endpoint, {"session-id": "one"}, prompt_cache_key="mine")
    assert key(made) == "mine"
    assert not [note for note in made.notes if note.path == "prompt_cache_key"]


def test_a_key_that_says_nothing_does_not() -> None:
    assert key(ask("chat", "chat", {"session-id": "one"}, prompt_cache_key=None))


def test_a_rule_of_the_operators_wins() -> None:
    rules = "\npayload: {override: [{models: [{name: m}], params: {prompt_cache_key: ruled}}]}"
    assert key(ask("chat", "chat", {"session-id": "one"}, rules=rules)) == "ruled"
