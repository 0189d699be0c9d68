"""`claude-api-key`: Claude at Anthropic, or at somebody who speaks its Messages format."""

import re
from typing import Annotated, Any, ClassVar

from pydantic import Field

from routing.auth import Auth, StaticKey
from routing.field_types import Headers, Key, headers_but
from routing.profiles import ClaudeProfile
from routing.providers.entry import Entry, ServedModel
from routing.urls import AnthropicURL

CLAUDE_NAME = re.compile(r"claude-[A-Za-z0-9._:@-]{1,93}")


class ClaudeModel(ServedModel):
    family: ClaudeProfile = ClaudeProfile()

    def overrides(self) -> dict[str, Any]:
        return self.family.explicit()


class ClaudeKey(Entry):
    """One credential."""

    section: ClassVar = "claude-api-key"
    called: ClassVar = ("anthropic", "claude")
    lists: ClassVar = "anthropic"

    api_key: Key
    base_url: AnthropicURL = "https://api.anthropic.com"
    models: tuple[ClaudeModel, ...] = ()
    headers: Annotated[Headers, headers_but("x-api-key")] = Field(default_factory=dict)

    @property
    def provider(self) -> str:
        return "anthropic"

    def base_urls(self, model: str) -> dict[str, str]:
        return {"anthropic": self.base_url}

    def credentials(self) -> tuple[Auth, ...]:
        return (StaticKey("x-api-key", self.api_key),)

    def hands_on(self, name: str, *, prefixed: bool) -> bool:
        return bool(CLAUDE_NAME.fullmatch(name))
