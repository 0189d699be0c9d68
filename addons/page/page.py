"""The page that shows what the inspector records, as the gateway has it: from `start` to `stop`."""

import secrets
from collections.abc import Callable
from typing import Any

from addons.exchange.services import Services
from addons.inspector.inspector import Inspector
from addons.page.access import Access, Guard
from addons.page.api import application
from addons.page.backing import Ask, Backing
from addons.page.inspection import Inspection
from addons.page.mcp import Mcp
from addons.page.server import PageServer


class Page:
    """`services` are those of the configuration in use; `ask` sends requests through the gateway, which answers at
    `gateway`."""

    def __init__(
        self,
        inspector: Inspector,
        services: Callable[[], Services],
        ask: Ask,
        version: str,
        gateway: Callable[[], str | None],
    ) -> None:
        def kept() -> dict[str, Any]:
            return {"gateway": gateway(), **inspector.status()}

        self._settings = inspector.settings
        self._backing = Backing(inspector.store, inspector.redactor, services, ask, version, kept)
        self._server: PageServer | None = None
        self._mcp: Mcp | None = None

    @property
    def url(self) -> str:
        """Return the page's address, without its token."""
        return f"{self._settings.url}/"

    def start(self) -> tuple[bool, str]:
        """Begin to listen. Return whether that could be, and what the operator is told: the address, or why not."""
        settings, own = self._settings, self._settings.key
        access = Access(own.reveal() if own is not None else secrets.token_urlsafe(24), settings.host, settings.port)
        self._mcp = mcp = Mcp(Inspection(self._backing), self._backing.version)
        self._server = server = PageServer(settings.host, settings.port)
        app = Guard(application(self._backing, server.ending, [mcp.route()]), access)
        if (why := server.start(app)) is not None:
            return False, why
        token = f"?token={access.token}" if own is None else "?token=KEY, with the KEY of inspector.key"
        kept = "and on disk" if settings.spool is not None else "while it is on"
        return True, f"The inspector shows exchanges at {self.url}{token}; prompts are kept in memory {kept}."

    def stop(self) -> None:
        """End all at once: nobody is waited for."""
        if self._mcp is not None:
            self._mcp.stop()
        if self._server is not None:
            self._server.stop()
