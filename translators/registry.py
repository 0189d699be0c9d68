"""Who speaks what: every dialect that the gateway knows, by the name that configuration and logs use."""

from collections.abc import Iterable, Mapping

from translators.clients import chat
from translators.dialects import ClientDialect, ProviderDialect, Relay
from translators.providers import anthropic, openai_responses
from translators.relays import responses as responses_relay

CLIENTS: Mapping[str, ClientDialect] = {chat.name: chat}
PROVIDERS: Mapping[str, ProviderDialect] = {anthropic.name: anthropic, openai_responses.name: openai_responses}
RELAYS: Mapping[tuple[str, str], Relay] = {("responses", responses_relay.name): responses_relay}
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
