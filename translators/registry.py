"""The dialects that the gateway knows, by the names that configuration and logs use."""

from collections.abc import Iterable, Mapping

from translators.clients import chat, completions, responses
from translators.dialects import ClientDialect, KnowsModels, Passthrough, ProviderDialect
from translators.passthrough import chat as chat_passthrough
from translators.passthrough import completions as completions_passthrough
from translators.passthrough import responses as responses_passthrough
from translators.providers import anthropic, bedrock, gemini, ollama, openai, openai_responses, vertex_anthropic

CLIENTS: Mapping[str, ClientDialect] = {chat.name: chat, responses.name: responses, completions.name: completions}
FALLBACK_CLIENT: ClientDialect = chat
"""The client dialect whose form errors have at paths that are no client dialect's."""
PROVIDERS: Mapping[str, ProviderDialect] = {
    anthropic.name: anthropic,
    bedrock.name: bedrock,
    gemini.name: gemini,
    ollama.name: ollama,
    openai.name: openai,
    openai_responses.name: openai_responses,
    vertex_anthropic.name: vertex_anthropic,
}
KNOWN_MODELS: Mapping[str, tuple[str, ...]] = {
    name: dialect.known_models() for name, dialect in PROVIDERS.items() if isinstance(dialect, KnowsModels)
}
"""The public models of a provider, by its dialect."""
PASSTHROUGH: Mapping[tuple[str, str], Passthrough] = {
    ("chat", chat_passthrough.name): chat_passthrough,
    ("completions", completions_passthrough.name): completions_passthrough,
    ("responses", responses_passthrough.name): responses_passthrough,
}
"""The passthroughs by the names of a client dialect and of a provider dialect that is the same."""


def route(client: str, formats: Iterable[str]) -> tuple[str, Passthrough | None]:
    """Return the dialect by which a provider of the `formats` (names of dialects, the preferred one first) serves
    `client`, and the passthrough where that is the client's own; else the request goes through the vocabulary. Raises
    `LookupError` if there is no way at all."""
    names = tuple(formats)
    for name in names:
        if (passthrough := PASSTHROUGH.get((client, name))) is not None:
            return name, passthrough
    for name in names:
        if name in PROVIDERS:
            return name, None
    raise LookupError(names)
