"""`claude-api-key`: Claude at Anthropic, or at somebody who speaks its Messages format."""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from routing.auth import Auth, StaticKey
from routing.field_types import Headers, Key, headers_but
from routing.profiles import ClaudeProfile
from routing.providers.entry import Entry, ServedModel, bearer
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
    lists_models: ClassVar = True

    api_key: Key
    base_url: AnthropicURL = "https://api.anthropic.com"
    models: tuple[ClaudeModel, ...] = ()
    headers: Annotated[Headers, headers_but("x-api-key")] = Field(default_factory=dict)
    auth: Literal["x-api-key", "bearer"] = "x-api-key"
    """The header that the key goes into; `bearer` is `Authorization: Bearer`, as relays want it."""

    @model_validator(mode="after")
    def _one_authorization(self) -> "ClaudeKey":
        if self.auth == "bearer" and "authorization" in self.headers:
            raise ValueError("has an authorization in headers beside its api-key; write auth: x-api-key, or remove it")
        return self

    @property
    def provider(self) -> str:
        return "anthropic"

    @property
    def takes_others(self) -> bool:
        return True

    def base_urls(self, model: str) -> dict[str, str]:
        return {"anthropic": self.base_url}

    def credentials(self) -> tuple[Auth | None, ...]:
        return (bearer(self.api_key) if self.auth == "bearer" else StaticKey("x-api-key", self.api_key),)

    def hands_on(self, name: str, *, prefixed: bool) -> bool:
        return bool(CLAUDE_NAME.fullmatch(name))
