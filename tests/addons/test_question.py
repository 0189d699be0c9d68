"""From a client's body to a provider's request, as far as routing decides it."""

import json

import pytest

from addons.observers import Record
from addons.question import Asker
from routing.catalogue import Catalogue
from routing.config import parse
from translators import registry
from translators.clients import chat
from translators.dialects import FORGETFUL
from translators.errors import BadRequest
from translators.providers import anthropic


def asker(text: str) -> Asker:
    settings = parse(text.encode(), "c.yaml", {}).settings
    return Asker(
        chat, chat.parse, settings, Catalogue(settings), FORGETFUL, Record("id", 0.0, "POST", "/v1/chat/completions")
    )


def body(model: str) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}]}).encode()


SERVER = "openai-compatibility: [{name: x, base-url: 'http://h/v1', models: [{name: m}]"


def test_one_question_takes_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translators.registry.PROVIDERS", {**registry.PROVIDERS, "openai": anthropic})
    monkeypatch.setattr("addons.question.PROVIDERS", {**registry.PROVIDERS, "openai": anthropic})
    monkeypatch.setattr("translators.registry.RELAYS", {})
    asked = asker(f"{SERVER}, api-key-entries: [{{api-key: a}}, {{api-key: b}}]}}]")
    secrets = [asked.question(body("m"), {}).calls[0].request.secrets for _ in range(3)]
    assert secrets == [(("authorization", f"Bearer {key}"),) for key in ("a", "b", "a")]
    assert (asked.record.provider, asked.record.provider_model) == ("x", "m")


def test_a_model_of_another_endpoint() -> None:
    with pytest.raises(BadRequest) as caught:
        asker(f"{SERVER}, endpoints: [completions]}}]").question(body("m"), {})
    assert (caught.value.failure.param, caught.value.failure.code) == ("model", "model_not_supported")


def test_a_model_that_nobody_serves() -> None:
    with pytest.raises(BadRequest) as caught:
        asker("{}").question(body("m"), {})
    assert (caught.value.failure.param, caught.value.failure.code) == ("model", "model_not_found")
