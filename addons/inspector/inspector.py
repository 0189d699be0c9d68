"""The inspector as the gateway has it: made once, when config.yaml has its section, and kept over reloads."""

from typing import Any

from addons.inspector.background import Background
from addons.inspector.capture import Capture
from addons.inspector.redactor import Redactor
from addons.inspector.store import Store
from routing.settings import InspectorSettings


class Inspector:
    """`watcher` is to hear all exchanges; `store` has what it heard."""

    def __init__(self, settings: InspectorSettings) -> None:
        self.settings = settings
        redactor = Redactor(settings.bodies, settings.redact)
        self.store = Store(settings.memory)
        self.background = Background("gateway-inspector")
        limit = min(settings.exchange_memory, settings.memory)
        self.watcher = Capture(self.store, redactor, limit, self.background)

    def status(self) -> dict[str, Any]:
        """`{"memory": {"used": 812345, "limit": 67108864}, "spool": null, "bodies": "redacted", "exchanges": 12}`"""
        store = self.store
        return {
            "memory": {"used": store.used, "limit": store.limit},
            "spool": None,
            "bodies": self.settings.bodies,
            "exchanges": len(store),
        }

    def close(self) -> None:
        """Finish what waits, as long as there is time."""
        self.background.close()
