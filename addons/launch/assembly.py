"""Makes the services of a configuration, and of each that follows it; ends what runs for them."""

import dataclasses
import logging
import math
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from addons import limiting, log_line
from addons.exchange.exchange import Exchange
from addons.exchange.observers import Watcher
from addons.exchange.response_store import ResponseStore
from addons.exchange.services import Services
from addons.launch import terminal
from addons.limiting.in_memory import InMemory
from addons.metrics.monitoring import Monitoring
from addons.usage.writer import UsageWriter
from routing.catalogue import Catalogue
from routing.client_keys import KeyRing
from routing.config import Loaded
from routing.router import Router
from routing.settings import InspectorSettings, Settings

if TYPE_CHECKING:
    from addons.inspector.inspector import Inspector
    from addons.limiting.in_redis import InRedis

logger = logging.getLogger("gateway")

THREADS = {"request": 1, "answer": 1, "limits": 8, "metrics": 1}
"""By what they do. Requests and answers are work, of which more at once would only hold up the rest; limits wait."""


class SystemClock:
    wall = staticmethod(time.time)
    now = staticmethod(time.monotonic)


class Assembly:
    """`first` makes the services at the start, `following` those of another configuration. `names` is the catalogue of
    the present ones; `running` and `connections` are what is under way."""

    def __init__(
        self,
        names: Callable[[], Catalogue],
        running: Callable[[], Iterable[Exchange]],
        connections: Callable[[], int],
    ) -> None:
        self._names, self._running, self._connections = names, running, connections
        self.workers = {name: ThreadPoolExecutor(most, f"gateway-{name}") for name, most in THREADS.items()}
        self._line: log_line.Terminal | None = None
        self._usage: UsageWriter | None = None
        self._monitoring: Monitoring | None = None
        self._client_counts: InMemory | InRedis | None = None
        self.inspector: Inspector | None = None
        """There is one where the configuration at the start wants it."""

    def first(self, settings: Settings, catalogue: Catalogue) -> Services:
        stream = None if terminal.has_console() else sys.stdout
        coloured = log_line.colours(stream, os.environ)
        self._line = log_line.Terminal(stream, as_json=settings.log_format == "json", coloured=coloured)
        watchers: list[Watcher] = [] if terminal.is_quiet() else [self._line]
        if settings.usage_db is not None:
            self._usage = UsageWriter(Path(settings.usage_db), settings.usage_db_max_days)
            self._usage.start()
            watchers.append(self._usage)
        if settings.inspected is not None:
            self._inspect(settings.inspected, watchers)
        router = Router()
        self._monitoring = monitoring = Monitoring(
            settings.otel, SystemClock, self._names, self._running, self._connections, router.cooldowns
        )
        watchers.extend(monitoring.watchers)
        self._client_counts = limiting.counts_in(settings.limits_storage, self.workers["limits"])
        return self._known(
            Services(
                settings=settings,
                catalogue=catalogue,
                keys=KeyRing(settings.api_keys),
                clock=SystemClock,
                new_id=lambda: secrets.token_hex(12),
                responses=_responses(settings, None),
                client_counts=self._client_counts,
                watchers=tuple(watchers),
                router=router,
                metrics=monitoring.report,
                tracing=monitoring.tracing,
            )
        )

    def _known(self, services: Services) -> Services:
        """Have the inspector know the keys of a configuration."""
        if self.inspector is not None:
            self.inspector.redactor.mask = services.mask
        return services

    def _inspect(self, settings: InspectorSettings, watchers: list[Watcher]) -> None:
        """Have exchanges recorded. Where that fails, the gateway goes on without."""
        try:
            from addons.inspector.inspector import Inspector  # it costs nothing where it is off

            self.inspector = Inspector(settings)
        except Exception:
            # An error that is logged during the start ends mitmproxy.
            logger.warning("There is no inspector; the gateway goes on without.", exc_info=True)
        else:
            watchers.append(self.inspector.watcher)

    def following(self, before: Services, loaded: Loaded) -> Services:
        """Return the services of another configuration, with all of those `before` that outlives theirs."""
        settings, catalogue = loaded.settings, before.catalogue.reloaded(loaded)
        services = dataclasses.replace(
            before,
            settings=settings,
            catalogue=catalogue,
            keys=KeyRing(settings.api_keys),
            responses=_responses(settings, before.responses),
        )
        if settings.faults == before.settings.faults:
            services.faults = before.faults  # as far as each rule has come
        services.router.keep(catalogue.identities())
        services.memories.keep(key.owner for key in settings.api_keys)
        assert self._line is not None
        self._line.as_json = settings.log_format == "json"
        return self._known(services)

    def close(self) -> None:
        """End all that was made here, also where there was no whole start."""
        if self._line is not None:
            self._line.done()
        if self._usage is not None:
            self._usage.done()
        if self.inspector is not None:
            self.inspector.close()
        if self._monitoring is not None:
            self._monitoring.shut_down()
        if self._client_counts is not None:
            self._client_counts.close()
        for worker in self.workers.values():
            worker.shutdown(wait=False, cancel_futures=True)


def _responses(settings: Settings, earlier: ResponseStore | None) -> ResponseStore | None:
    """Return the store of responses that settings want: an `earlier` one with all that it has room for."""
    wanted = settings.response_store
    if not wanted.enable:
        return None
    size, age = wanted.max_bytes, wanted.max_age_seconds or math.inf
    if earlier is None:
        return ResponseStore(size, age)
    earlier.resize(size, age, SystemClock.now())
    return earlier
