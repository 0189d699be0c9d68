"""Who speaks what: every dialect that the gateway knows, by the name that configuration and logs use."""

from collections.abc import Iterable, Mapping

from translators.clients import chat, completions, responses
from translators.dialects import ClientDialect, Passthrough, ProviderDialect
from translators.passthrough import chat as chat_passthrough
from translators.passthrough import completions as completions_passthrough
from translators.passthrough import responses as responses_passthrough
from translators.providers import anthropic, bedrock, gemini, ollama, openai, openai_responses, vertex_anthropic

CLIENTS: Mapping[str, ClientDialect] = {chat.name: chat, completions.name: completions, responses.name: responses}
PROVIDERS: Mapping[str, ProviderDialect] = {
    anthropic.name: anthropic,
    bedrock.name: bedrock,
    gemini.name: gemini,
    ollama.name: ollama,
    openai.name: openai,
    openai_responses.name: openai_responses,
    vertex_anthropic.name: vertex_anthropic,
}
PASSTHROUGH: Mapping[tuple[str, str], Passthrough] = {
    ("chat", chat_passthrough.name): chat_passthrough,
    ("completions", completions_passthrough.name): completions_passthrough,
    ("responses", responses_passthrough.name): responses_passthrough,
}
"""By the names of a client dialect and of a provider that speaks it."""


def route(client: str, spoken: Iterable[str]) -> tuple[str, Passthrough | None]:
    """How `client` is served by a provider that speaks the dialects `spoken`, the preferred one first: by its own
    dialect where that is among them, else through the vocabulary. Raises `LookupError` if there is no way at all."""
    names = tuple(spoken)
    for name in names:
        if (passthrough := PASSTHROUGH.get((client, name))) is not None:
            return name, passthrough
    for name in names:
        if name in PROVIDERS:
            return name, None
    raise LookupError(names)
