"""`gemini-api-key`: Gemini at Google's developer API; and what all entries have that reach Gemini models."""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from routing.auth import Auth, StaticKey
from routing.field_types import Headers, Key, Label, Section, headers_but, shaped
from routing.profiles import GeminiProfile
from routing.providers.entry import Entry, ServedModel
from routing.urls import GoogleURL

GEMINI_NAME = re.compile(r"gemini-[A-Za-z0-9._@-]{1,93}")

Threshold = Literal["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"]


class SafetySetting(Section):
    category: Annotated[str, shaped("HARM_CATEGORY_[A-Z_]+", "must be a category such as HARM_CATEGORY_HARASSMENT")]
    threshold: Annotated[Threshold, BeforeValidator(lambda value: "OFF" if value is False else value)]
    """A bare OFF is a truth in YAML."""


class GeminiModel(ServedModel):
    family: GeminiProfile = GeminiProfile()

    def overrides(self) -> dict[str, Any]:
        return self.family.explicit()


class GoogleEntry(Entry):
    lists: ClassVar = "gemini"

    safety_settings: tuple[SafetySetting, ...] = ()
    """Sent with every request to a Gemini model. Without any, Google's own hold."""

    def gemini_overrides(self) -> dict[str, Any]:
        if not self.safety_settings:
            return {}
        return {"safety_settings": tuple(each.model_dump() for each in self.safety_settings)}


class GeminiKey(GoogleEntry):
    """One key."""

    section: ClassVar = "gemini-api-key"
    called: ClassVar[tuple[str, ...]] = ("gemini", "google", "palm", "aistudio")
    lists_models: ClassVar[bool] = True

    api_key: Key
    base_url: GoogleURL = "https://generativelanguage.googleapis.com"
    api_version: Label = "v1beta"
    models: tuple[GeminiModel, ...] = ()
    headers: Annotated[Headers, headers_but("x-goog-api-key")] = Field(default_factory=dict)

    @property
    def provider(self) -> str:
        return "gemini"

    @property
    def takes_others(self) -> bool:
        return True

    def base_urls(self, model: str) -> dict[str, str]:
        return {"gemini": f"{self.base_url}/{self.api_version}"}

    def credentials(self) -> tuple[Auth, ...]:
        return (StaticKey("x-goog-api-key", self.api_key),)

    def hands_on(self, name: str, *, prefixed: bool) -> bool:
        return bool(GEMINI_NAME.fullmatch(name))

    def overrides(self, model: ServedModel) -> dict[str, Any]:
        return self.gemini_overrides() | model.overrides()
