"""`openai-compatibility`: servers that speak OpenAI's format, known by name or not."""

from typing import Any, ClassVar

from pydantic import model_validator

from routing.auth import Auth
from routing.compatible_servers import NAMES, SERVERS, Server, known
from routing.field_types import Flag, Key, Name, Section, Weight
from routing.providers.entry import ANY_NAME, Entry, ServedModel, bearer, looks_like
from routing.providers.openai_format import Endpoint, Quirks, by_dialect, refuse_repeated
from routing.proxies import Proxies, ProxyURL
from routing.urls import OpenAIURL


class KeyEntry(Section):
    api_key: Key
    weight: Weight | None = None
    proxy_url: ProxyURL = None


class Compatible(Entry):
    """One server. One that `routing.compatible_servers` knows has its address and its quirks."""

    section: ClassVar = "openai-compatibility"
    called: ClassVar = ("compatible", "compatibility", "llamacpp", *NAMES, "gpt")

    lists_models: ClassVar = True

    name: Name
    base_url: OpenAIURL | None = None
    api_key_entries: tuple[KeyEntry, ...] = ()
    """Taken in turn."""
    endpoints: tuple[Endpoint, ...] | None = None
    quirks: Quirks = Quirks()
    support_prompt_cache_key: Flag = False
    """Requests get a `prompt_cache_key` for their session, unless they have one."""

    @model_validator(mode="after")
    def _reachable(self) -> "Compatible":
        if self.base_url is None and self.server is None:
            raise ValueError(f"has no base-url; add it (known by name alone are {', '.join(SERVERS)})")
        refuse_repeated(self.endpoints)
        return self

    @property
    def server(self) -> Server | None:
        return known(self.name)

    @property
    def provider(self) -> str:
        return self.name

    @property
    def takes_others(self) -> bool:
        return self.prefix is not None or bool(self.server and self.server.own)

    def base_urls(self, model: str) -> dict[str, str]:
        server = self.server
        base_url = self.base_url or (server.base_url if server else "")
        endpoints = self.endpoints or (server.endpoints if server else ("chat",))
        return by_dialect(endpoints, lambda endpoint: base_url)

    def credentials(self) -> tuple[Auth | None, ...]:
        return tuple(bearer(each.api_key) for each in self.api_key_entries) or (None,)

    def key_weight(self, at: int) -> int:
        own = self.api_key_entries[at].weight if self.api_key_entries else None
        return self.weight if own is None else own

    def key_proxies(self, at: int) -> Proxies | None:
        own = self.api_key_entries[at].proxy_url if self.api_key_entries else None
        return self.proxy_url if own is None else own

    def keys_caches(self) -> bool:
        return self.support_prompt_cache_key

    def hands_on(self, name: str, *, prefixed: bool) -> bool:
        own = self.server.own if self.server else ()
        return bool(prefixed and ANY_NAME.fullmatch(name)) or looks_like(name, own)

    def overrides(self, model: ServedModel) -> dict[str, Any]:
        quirks = {**(self.server.quirks if self.server else {}), **self.quirks.explicit()}
        return ({"quirks": quirks} if quirks else {}) | model.overrides()
