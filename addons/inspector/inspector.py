"""The inspector as the gateway has it: made once, when config.yaml has its section, and kept over reloads."""

from pathlib import Path
from typing import Any

from addons.inspector.background import REST_SECONDS, Background
from addons.inspector.capture import Capture
from addons.inspector.redactor import Redactor
from addons.inspector.spool import Spool
from addons.inspector.store import Store
from routing.settings import InspectorSettings


class Inspector:
    """`watcher` is to hear all exchanges; `store` has what it heard."""

    def __init__(self, settings: InspectorSettings) -> None:
        self.settings = settings
        self.redactor = redactor = Redactor(settings.bodies, settings.redact)
        self.spool = _spool(settings)
        self.store = Store(settings.memory, self.spool)
        self.background = Background("gateway-inspector", REST_SECONDS if self.spool is None else 0.0)
        limit = min(settings.exchange_memory, settings.memory)
        take = None if self.spool is None else self.spool.take
        self.watcher = Capture(self.store, redactor, limit, self.background, take)

    def status(self) -> dict[str, Any]:
        """`{"memory": {"used": 812345, "limit": 67108864}, "spool": null, "bodies": "redacted", "exchanges": 12}`"""
        store = self.store
        return {
            "memory": {"used": store.used, "limit": store.limit},
            "spool": None if self.spool is None else self.spool.status(),
            "bodies": self.settings.bodies,
            "exchanges": len(store),
        }

    def close(self) -> None:
        """Finish what waits, as long as there is time."""
        self.background.close()
        if self.spool is not None:
            self.spool.done()


def _spool(settings: InspectorSettings) -> Spool | None:
    if settings.spool is None:
        return None
    spool = Spool(Path(settings.spool), settings.spool_bytes, settings.spool_days)
    spool.start()
    return spool
