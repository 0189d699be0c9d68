"""From a client's body to a provider's request, as far as routing decides it."""

import json
from typing import Any

import pytest

from addons.exchange.request import ClientRequest, Rendering
from routing.catalogue import Catalogue
from routing.config import parse
from routing.plan import Plan
from routing.router import Router
from translators import registry
from translators.clients import chat
from translators.dialects import FORGETFUL
from translators.errors import TranslationError
from translators.providers import anthropic


class Asker:
    """Asks the first of the candidates, in turn."""

    def __init__(self, text: str) -> None:
        self.settings = parse(text.encode(), "c.yaml", {}).settings
        self.catalogue = Catalogue(self.settings)

        self.router = Router()

    def question(self, body: bytes) -> Rendering:
        request = ClientRequest(chat, chat.parse, self.settings, FORGETFUL, {})
        request.read(body, lambda model: self.catalogue.candidates(model, "key-1"))
        request.plan = Plan(self.router, self.settings, request.model or "", request.candidates)
        turn = request.follow(request.plan.first(0.0), 0.0)
        if turn.failure is not None:
            raise TranslationError(turn.failure)
        assert isinstance(turn.then, Rendering)
        return turn.then


def body(model: str) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}]}).encode()


SERVER = "openai-compatibility: [{name: x, base-url: 'http://h/v1', models: [{name: m}]"


def test_one_question_takes_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anthropic, "name", "openai")
    monkeypatch.setattr("translators.registry.PROVIDERS", {**registry.PROVIDERS, "openai": anthropic})
    monkeypatch.setattr("addons.exchange.request.PROVIDERS", {**registry.PROVIDERS, "openai": anthropic})
    monkeypatch.setattr("translators.registry.PASSTHROUGH", {})
    asked = Asker(f"{SERVER}, api-key-entries: [{{api-key: a}}, {{api-key: b}}]}}]")
    secrets = [asked.question(body("m")).calls[0].request.secrets for _ in range(3)]
    assert secrets == [(("authorization", f"Bearer {key}"),) for key in ("a", "b", "a")]
    target = asked.question(body("m")).target
    assert (target.provider, target.model) == ("x", "m")


def test_a_model_of_another_endpoint() -> None:
    with pytest.raises(TranslationError) as caught:
        Asker(f"{SERVER}, endpoints: [completions]}}]").question(body("m"))
    assert (caught.value.failure.param, caught.value.failure.code) == ("model", "model_not_supported")


@pytest.mark.parametrize("model", ["m", "nobody"])
def test_a_model_that_a_key_may_not_use(model: str) -> None:
    with pytest.raises(TranslationError) as caught:
        Asker(f"{SERVER}}}]\napi-keys: [{{key: k, models: [other]}}]").question(body(model))
    failure = caught.value.failure
    assert (failure.status, failure.param, failure.code) == (404, "model", "model_not_found")
    assert failure.message.startswith(f'The key "key-1" may not use the model "{model}"')


def test_a_model_that_nobody_serves() -> None:
    with pytest.raises(TranslationError) as caught:
        Asker("{}").question(body("m"))
    failure = caught.value.failure
    assert (failure.status, failure.param, failure.code) == (400, "model", "model_not_found")


# --- limits ---


@pytest.mark.parametrize("model", ["m" * 1001, f"{'m' * 1000}(high)", f"claude-{'m' * 1000}"])
def test_a_name_that_no_model_has_is_not_looked_for(model: str) -> None:
    asked = Asker("claude-api-key: [{api-key: k}]")
    with pytest.raises(TranslationError) as caught:
        asked.question(body(model))
    failure = caught.value.failure
    assert (failure.status, failure.param, failure.code) == (400, "model", "invalid_value")
    assert f"has {len(model)} characters; 1000 are allowed" in failure.message


FUNCTIONS = [{"type": "function", "function": {"name": f"f{n}"}} for n in range(5)]
NAMED = [{"type": "function", "name": f"f{n}"} for n in range(5)]
TOO_MUCH = {
    "messages": ({"messages": [{"role": "user", "content": "x"}] * 11}, "messages", "11 messages", "items"),
    "parts": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}] * 10}]},
        "messages",
        "11 messages",
        "items",
    ),
    "calls": ({"messages": [{"role": "assistant", "tool_calls": [{}] * 10}]}, "messages", "11 messages", "items"),
    "items": ({"input": [{"role": "user", "content": "x"}] * 11}, "input", "11 messages", "items"),
    "outputs": ({"input": [{"type": "function_call_output", "output": [{}] * 10}]}, "input", "11 messages", "items"),
    "tools": ({"tools": FUNCTIONS}, "tools", "5 tools", "tools"),
    "functions": ({"functions": NAMED}, "functions", "5 tools", "tools"),
    "a namespace": ({"tools": [{"type": "namespace", "tools": NAMED[:4]}]}, "tools", "5 tools", "tools"),
    "tools that come late": ({"input": [{"type": "additional_tools", "tools": NAMED}]}, "input", "5 tools", "tools"),
    "allowed tools": ({"tool_choice": {"type": "allowed_tools", "tools": NAMED}}, "tool_choice", "5 tools", "tools"),
    "allowed tools of chat": (
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": FUNCTIONS}}},
        "tool_choice",
        "5 tools",
        "tools",
    ),
}


@pytest.mark.parametrize("model", ["m", "nobody's"])
@pytest.mark.parametrize(("fields", "param", "number", "limit"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_there_is_a_limit(fields: dict[str, Any], param: str, number: str, limit: str, model: str) -> None:
    """Whoever is asked: a server that it is passed through to, too."""
    asked = Asker(f"{SERVER}}}]\nlimits: {{items: 10, tools: 4}}")
    with pytest.raises(TranslationError) as caught:
        asked.question(json.dumps({"model": model, **fields}).encode())
    failure = caught.value.failure
    assert (failure.param, failure.code, failure.status) == (param, "request_too_large", 400)
    assert number in failure.message
    assert f"limits: {limit}" in failure.message


def test_up_to_the_limit() -> None:
    asked = Asker(f"{SERVER}}}]\nlimits: {{items: 10, tools: 4}}")
    fields = {"messages": [{"role": "user", "content": "x"}] * 10, "tools": FUNCTIONS[:4]}
    assert asked.question(json.dumps({"model": "m", **fields}).encode()).calls


@pytest.mark.parametrize(
    "many", [b"[]," * 1_000_000, b"{}," * 1_000_000, b"1," * 2_000_000, b'"a",' * 2_000_000], ids=["[]", "{}", "1", "a"]
)
def test_there_is_a_limit_to_the_values_in_a_body(many: bytes) -> None:
    with pytest.raises(TranslationError, match="more than 2000000 values"):
        Asker(f"{SERVER}}}]").question(b'{"model":"m","x":[' + many + b"1]}")


@pytest.mark.parametrize(
    "fields",
    [
        {f"x{n}": 1 for n in range(201)},
        {"messages": [{"role": "user", "content": "x", **{f"x{n}": 1 for n in range(201)}}]},
    ],
    ids=["request", "message"],
)
def test_there_is_a_limit_to_the_fields_of_an_object(fields: dict[str, Any]) -> None:
    with pytest.raises(TranslationError, match="200 are allowed"):
        Asker(f"{SERVER}}}]").question(json.dumps({"model": "m", **fields}).encode())


def test_there_is_a_limit_to_what_is_told_of_a_request() -> None:
    message = {"role": "user", "content": "x", **{f"x{n}": 1 for n in range(150)}}
    body = {"model": "claude-haiku-4-5", "messages": [message] * 150}
    with pytest.raises(TranslationError, match="More than 20000 notes"):
        Asker("claude-api-key: [{api-key: k}]").question(json.dumps(body).encode())


@pytest.mark.parametrize(
    "text", ["a, b, [c], {d} ", '\\"', "\\", '\\",["\\'], ids=["prose", "quotes", "backslashes", "both"]
)
def test_what_is_said_is_not_counted(text: str) -> None:
    said = json.dumps({"model": "m", "messages": [{"role": "user", "content": text * 1_000_000}]}).encode()
    assert Asker(f"{SERVER}}}]").question(said).calls
