"""`NAME(high)` asks for what the client's own field asks for, at every provider, whole and streamed."""

import copy
import json
from contextlib import nullcontext
from typing import Any

import pytest

from addons.exchange.request import ClientRequest, Rendering
from routing.catalogue import Catalogue
from routing.config import parse
from translators.dialects import FORGETFUL, Envelope
from translators.errors import BadRequest
from translators.events import Started
from translators.notes import Note
from translators.providers.shared.reasoning import level_of
from translators.registry import CLIENTS

COMPATIBLE = "openai-compatibility: [{name: x, base-url: 'http://h/v1', models: [{name: M}], endpoints: [E]}]"
PROVIDERS = {
    "anthropic": ("claude-api-key: [{api-key: k, models: [{name: M}]}]", "claude-opus-5-5"),
    "anthropic, budgets": ("claude-api-key: [{api-key: k, models: [{name: M}]}]", "claude-haiku-4-5"),
    "vertex-anthropic": ("vertex: [{project: p, application-default: true, models: [{name: M}]}]", "claude-opus-4-6"),
    "gemini": ("gemini-api-key: [{api-key: k, models: [{name: M}]}]", "gemini-3.1-pro-preview"),
    "gemini, budgets": ("gemini-api-key: [{api-key: k, models: [{name: M}]}]", "gemini-2.5-flash"),
    "bedrock": ("bedrock: [{region: us-east-1, api-key: k, models: [{name: M}]}]", "us.anthropic.claude-opus-5-5"),
    "ollama": ("ollama: [{models: [{name: M}]}]", "gpt-oss:20b"),
    "openai": (COMPATIBLE.replace("E", "chat"), "gpt-5.5"),
    "openai-responses": (COMPATIBLE.replace("E", "responses"), "gpt-5.6"),
    "openai-completions": (COMPATIBLE.replace("E", "completions"), "some-local-model"),
}
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "hi"}], "max_completion_tokens": 60_000},
    "responses": {"input": "hi", "max_output_tokens": 60_000, "reasoning": {"summary": "auto"}},
    "completions": {"prompt": "hi", "max_tokens": 60_000},
}
WORDS = {
    "chat": lambda level: {"reasoning_effort": level},
    "responses": lambda level: {"reasoning": {"effort": level}},
    "completions": lambda level: {"reasoning_effort": level},
}
ENVELOPE = Envelope("resp_1", 1_700_000_000, "asked-for")
LEVELS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
WAYS = [
    pytest.param(client, provider, stream, id=f"{client} -> {provider}, {'streamed' if stream else 'whole'}")
    for client in CLIENTS
    for provider in PROVIDERS
    for stream in (False, True)
    if client == "completions" or provider != "openai-completions"
]
PASSED_THROUGH = (("chat", "openai"), ("responses", "openai-responses"), ("completions", "openai-completions"))


class Asker:
    """Asks one provider, with a body of one client dialect."""

    def __init__(self, client: str, provider: str, stream: bool) -> None:
        text, self.name = PROVIDERS[provider]
        self.settings = parse(text.replace("M", self.name).encode(), "c.yaml", {}).settings
        self.catalogue = Catalogue(self.settings)
        self.client, self.stream = CLIENTS[client], {"stream": True} if stream else {}
        self.passes_through = (client, provider) in PASSED_THROUGH

    def ask(self, suffix: str = "", **fields: Any) -> Rendering:
        body = {"model": self.name + suffix, **BODIES[self.client.name], **self.stream, **fields}
        if self.client.name == "responses":
            body["reasoning"] = {**BODIES["responses"]["reasoning"], **fields.get("reasoning", {})}
        request = ClientRequest(self.client, self.client.parse, self.settings, FORGETFUL, {})
        request.read(json.dumps(body).encode(), lambda model: self.catalogue.candidates(model, "key-1"))
        kept = copy.deepcopy(request._wire)
        rendering = request.render(request.candidates[0])
        assert request._wire == kept
        assert request.model == rendering.model == self.name + suffix
        assert rendering.streams is bool(self.stream)
        return rendering


def sent(rendering: Rendering) -> dict[str, Any]:
    return json.loads(rendering.calls[0].request.body)  # type: ignore[no-any-return]


def of_the_model(notes: tuple[Note, ...]) -> list[Note]:
    return [note for note in notes if note.path == "model"]


@pytest.mark.parametrize(("client", "provider", "stream"), WAYS)
def test_a_level_is_the_clients_own_field(client: str, provider: str, stream: bool) -> None:
    asker = Asker(client, provider, stream)
    for level in LEVELS:
        named = asker.ask(f"({level})")
        moved = of_the_model(named.notes)[0]
        assert (moved.fate, moved.new) == ("moved", level)
        if client != "completions" or asker.passes_through:
            assert sent(named) == sent(asker.ask(**WORDS[client](level)))
        else:
            assert (sent(named) == sent(asker.ask())) is (
                sent(Asker("chat", provider, stream).ask(f"({level})")) == sent(Asker("chat", provider, stream).ask())
            )


@pytest.mark.parametrize(("client", "provider", "stream"), WAYS)
@pytest.mark.parametrize("tokens", [1_500, 30_000])
def test_a_budget(client: str, provider: str, stream: bool, tokens: int) -> None:
    asker = Asker(client, provider, stream)
    named = asker.ask(f"({tokens})")
    if asker.passes_through:
        assert sent(named) == sent(asker.ask(**WORDS[client](level_of(tokens))))
        assert [(note.fate, note.old, note.new) for note in of_the_model(named.notes)] == [
            ("approximated", tokens, level_of(tokens))
        ]
    elif client != "completions":
        assert sent(named) == sent(asker.ask(reasoning={"max_tokens": tokens}))
        assert (of_the_model(named.notes)[0].fate, of_the_model(named.notes)[0].new) == ("moved", tokens)


@pytest.mark.parametrize(("client", "provider", "stream"), WAYS)
def test_auto_leaves_it_to_the_model(client: str, provider: str, stream: bool) -> None:
    asker = Asker(client, provider, stream)
    assert sent(asker.ask("(auto)")) == sent(asker.ask()) == sent(asker.ask("(AUTO)", **WORDS[client]("low")))


OTHERS: dict[str, dict[str, Any]] = {
    "the client's own field": {},
    "OpenRouter's effort": {"reasoning": {"effort": "low"}},
    "OpenRouter's budget": {"reasoning": {"max_tokens": 1024}},
    "Anthropic's object": {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    "Anthropic's effort": {"output_config": {"effort": "low"}},
    "Qwen's switch": {"enable_thinking": False},
    "a template's switch": {"chat_template_kwargs": {"enable_thinking": False}},
    "Google's": {"google": {"thinking_config": {"thinking_budget": 1024}}},
}


@pytest.mark.parametrize("other", [pytest.param(other, id=name) for name, other in OTHERS.items()])
@pytest.mark.parametrize(
    ("client", "provider"),
    [
        pytest.param(client, provider, id=f"{client} -> {provider}")
        for client in ("chat", "responses")
        for provider in ("anthropic", "openai", "openai-responses", "gemini")
    ],
)
def test_the_name_wins_over_the_body(client: str, provider: str, other: dict[str, Any]) -> None:
    asker = Asker(client, provider, stream=False)
    fields = other or WORDS[client]("low")
    rendering = asker.ask("(high)", **fields)
    assert sent(rendering) == sent(asker.ask("(high)"))
    lost = [note for note in rendering.notes if note.fate == "dropped"]
    assert [(note.new, note.lost) for note in lost] == [("high", False)]


@pytest.mark.parametrize("client", ["chat", "responses"])
def test_what_the_body_says_too_is_not_noted(client: str) -> None:
    asker = Asker(client, {"chat": "openai", "responses": "openai-responses"}[client], stream=False)
    for rendering in (asker.ask("(low)", **WORDS[client]("low")), Asker(client, "anthropic", False).ask("(low)")):
        assert [note.fate for note in rendering.notes if "effort" in note.path or note.path == "model"] == ["moved"]


@pytest.mark.parametrize(
    ("suffix", "effort"), [("(high)", "high"), ("(none)", "none"), ("(auto)", None), ("(1500)", "low"), ("", "minimal")]
)
def test_a_response_repeats_the_effort(suffix: str, effort: str | None) -> None:
    rendering = Asker("responses", "anthropic", stream=True).ask(suffix, reasoning={"effort": "minimal"})
    writer = rendering.write(ENVELOPE)
    begun = json.loads(writer.on(Started("msg_1", "m")).split(b"data: ")[1].split(b"\n")[0])
    assert begun["response"]["reasoning"] == {"effort": effort, "summary": "auto"}
    assert begun["response"]["model"] == ENVELOPE.model


@pytest.mark.parametrize(
    ("model", "served"),
    [("opus(high)", True), ("team/opus(high)", True), ("haiku(high)", False), ("haiku", False), ("opus(x)", False)],
)
def test_a_key_may_use_the_models_that_it_is_for(model: str, served: bool) -> None:
    entry = {"api-key": "k", "prefix": "team", "models": [{"name": "opus"}, {"name": "haiku"}]}
    key = {"key": "a-key", "name": "scoped", "models": ["opus", "team/opus"]}
    settings = parse(json.dumps({"api-keys": [key], "claude-api-key": [entry]}).encode(), "c.yaml", {}).settings
    catalogue = Catalogue(settings)
    request = ClientRequest(CLIENTS["chat"], CLIENTS["chat"].parse, settings, FORGETFUL, {})
    body = json.dumps({"model": model, **BODIES["chat"]}).encode()
    with nullcontext() if served else pytest.raises(BadRequest, match="model"):
        request.read(body, lambda name: catalogue.candidates(name, "scoped"))
    assert bool(request.candidates) is served
