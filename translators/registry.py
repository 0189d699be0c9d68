"""Who speaks what: every dialect that the gateway knows, by the name that configuration and logs use."""

from collections.abc import Iterable, Mapping

from translators.clients import chat, completions, responses
from translators.dialects import ClientDialect, ProviderDialect, Relay
from translators.passthrough import chat as chat_relay
from translators.passthrough import completions as completions_relay
from translators.passthrough import responses as responses_relay
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
RELAYS: Mapping[tuple[str, str], Relay] = {
    ("chat", chat_relay.name): chat_relay,
    ("completions", completions_relay.name): completions_relay,
    ("responses", responses_relay.name): responses_relay,
}
"""By the names of a client dialect and of a provider that speaks it."""


def way(client: str, spoken: Iterable[str]) -> tuple[str, Relay | None]:
    """How `client` is served by a provider that speaks the dialects `spoken`, the preferred one first: by its own
    dialect where that is among them, else through the vocabulary. Raises `LookupError` if there is no way at all."""
    names = tuple(spoken)
    for name in names:
        if (relay := RELAYS.get((client, name))) is not None:
            return name, relay
    for name in names:
        if name in PROVIDERS:
            return name, None
    raise LookupError(names)
