"""`toy`: the section of config.yaml that a new provider gets, as a module of `routing/providers` would have it."""

from typing import ClassVar

from routing.auth import Auth, StaticKey
from routing.field_types import Key
from routing.providers.entry import Entry
from routing.urls import OllamaURL


class Toy(Entry):
    section: ClassVar = "toy"
    called: ClassVar = ("toybox",)

    api_key: Key
    base_url: OllamaURL = "https://toy.example"

    @property
    def provider(self) -> str:
        return "toy"

    def base_urls(self, model: str) -> dict[str, str]:
        return {"toy": self.base_url}

    def credentials(self) -> tuple[Auth, ...]:
        return (StaticKey("x-toy-key", self.api_key),)
