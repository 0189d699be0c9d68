"""All that counts exchanges, put together: nothing of it belongs to one configuration."""

from collections.abc import Callable, Iterable

from addons.exchange.exchange import Exchange
from addons.exchange.observers import Watcher
from addons.exchange.services import Clock, Tracing
from addons.metrics.counts import Counts, Names
from addons.metrics.report import Report
from addons.metrics.version import version
from routing.cooldowns import Cooldown
from routing.settings import OtelSettings


class Monitoring:
    """`names` are those of `Counts`, the others those of `Report`."""

    def __init__(
        self,
        otel: OtelSettings,
        clock: Clock,
        names: Callable[[], Names],
        running: Callable[[], Iterable[Exchange]],
        connections: Callable[[], int],
        cooldowns: Callable[[float], Iterable[Cooldown]],
    ) -> None:
        counts = Counts(clock, names)
        self.report = Report(counts, clock, running, connections, cooldowns)
        self.watchers: tuple[Watcher, ...] = (counts,)
        self.tracing: Tracing | None = None
        self.shut_down: Callable[[], None] = lambda: None
        if otel.enable:
            # Half a second of every start, for who wants it.
            from addons.metrics.exporting import Exporting
            from addons.metrics.telemetry import Telemetry

            exporting = Exporting(otel, version())
            telemetry = Telemetry(exporting.tracer, exporting.meter, names)
            self.watchers, self.tracing, self.shut_down = (counts, telemetry), telemetry, exporting.shut_down
