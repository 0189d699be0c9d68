"""`codex-api-key`: servers that speak OpenAI's Responses format only."""

from typing import Any, ClassVar, Literal

from routing.auth import Auth
from routing.compatible_servers import OPENAI
from routing.field_types import Flag, Key, Section
from routing.providers.entry import Entry, ServedModel, bearer, looks_like
from routing.providers.openai_format import FieldQuirks
from routing.urls import OpenAIURL


class ResponsesProfile(Section):
    """The facts about a model that the dialect `openai_responses` takes."""

    reasoning: Flag | None = None
    reasoning_summary: Literal["auto", "concise", "detailed"] | None = None
    instructions: Flag | None = None
    streams: Flag | None = None


class ResponsesModel(ServedModel):
    family: ResponsesProfile = ResponsesProfile()

    def overrides(self) -> dict[str, Any]:
        return self.family.explicit()


class CodexKey(Entry):
    """One key at one server."""

    section: ClassVar = "codex-api-key"
    called: ClassVar[tuple[str, ...]] = ("codex", "responses")
    lists_models: ClassVar = True

    api_key: Key
    base_url: OpenAIURL = "https://api.openai.com/v1"
    models: tuple[ResponsesModel, ...] = ()
    quirks: FieldQuirks = FieldQuirks()

    @property
    def provider(self) -> str:
        return "openai"

    @property
    def takes_others(self) -> bool:
        return True

    def base_urls(self, model: str) -> dict[str, str]:
        return {"openai-responses": self.base_url}

    def credentials(self) -> tuple[Auth | None, ...]:
        return (bearer(self.api_key),)

    def hands_on(self, name: str, *, prefixed: bool) -> bool:
        return looks_like(name, OPENAI.own)

    def overrides(self, model: ServedModel) -> dict[str, Any]:
        quirks = self.quirks.explicit()
        return ({"quirks": quirks} if quirks else {}) | model.overrides()
