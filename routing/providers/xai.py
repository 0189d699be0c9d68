"""`xai-api-key`: Grok at xAI, through its Responses format."""

from typing import ClassVar

from routing.compatible_servers import SERVERS
from routing.providers.codex import CodexKey
from routing.providers.entry import looks_like
from routing.urls import OpenAIURL

XAI = SERVERS["xai"]


class XaiKey(CodexKey):
    """One key."""

    section: ClassVar = "xai-api-key"
    called: ClassVar = ()

    base_url: OpenAIURL = XAI.base_url

    @property
    def provider(self) -> str:
        return "xai"

    def hands_on(self, name: str, *, prefixed: bool) -> bool:
        return looks_like(name, XAI.own)
