"""Who speaks what: every dialect that the gateway knows, by the name that configuration and logs use."""

from collections.abc import Mapping

from translators.clients import chat
from translators.dialects import ClientDialect, ProviderDialect
from translators.providers import anthropic

CLIENTS: Mapping[str, ClientDialect] = {chat.name: chat}
PROVIDERS: Mapping[str, ProviderDialect] = {anthropic.name: anthropic}
