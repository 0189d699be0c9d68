"""The counts in Prometheus' format. What Prometheus' client needs is made when it asks, not on the way of exchanges."""

import platform
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import metadata

from prometheus_client import CollectorRegistry, GCCollector, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from addons.metrics.counts import TOKENS
from addons.metrics.report import InFlight, Report
from addons.metrics.version import version


def renderer(report: Report) -> Callable[[InFlight], bytes]:
    """Return what renders the metrics of now, with what is in flight."""
    registry, collector = CollectorRegistry(), _Collector(report)
    registry.register(collector)
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)

    def rendered(in_flight: InFlight) -> bytes:
        collector.in_flight = in_flight
        return generate_latest(registry)

    return rendered


class _Collector:
    def __init__(self, report: Report) -> None:
        self._report = report
        self.in_flight: InFlight = 0, Counter()
        self._build = _build()

    def describe(self) -> list[Metric]:
        """Return nothing: names need no check among those of others."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield from self._exchanges()
        yield self._tokens()
        yield from self._attempts()
        yield from self._now()
        yield self._build

    def _exchanges(self) -> Iterator[Metric]:
        counts = self._report.counts
        requests = CounterMetricFamily(
            "gateway_requests",
            "Requests of clients by their end.",
            labels=("route", "model", "provider", "key", "status", "end", "stream"),
        )
        for (*words, stream), [number] in list(counts.requests.items()):
            requests.add_metric([*words, _truth(stream)], number)
        yield requests
        labels = ("provider", "model", "stream")
        duration = HistogramMetricFamily(
            "gateway_request_duration_seconds",
            "Time until the end of a request that went to a provider.",
            labels=labels,
        )
        first = HistogramMetricFamily(
            "gateway_first_event_seconds", "Time from the whole request to the provider's first event.", labels=labels
        )
        for (provider, model, stream), timed in list(counts.timed.items()):
            values = (provider, model, _truth(stream))
            duration.add_metric(values, timed.duration.buckets(), timed.duration.sum)
            first.add_metric(values, timed.first_event.buckets(), timed.first_event.sum)
        yield duration
        yield first
        own = HistogramMetricFamily("gateway_own_seconds", "Time that a request spent in the gateway's own code.")
        own.add_metric((), counts.own.buckets(), counts.own.sum)
        yield own

    def _tokens(self) -> Metric:
        tokens = CounterMetricFamily(
            "gateway_tokens",
            "Tokens that providers reported. input counts cached ones too, output counts reasoning.",
            labels=("kind", "provider", "model", "key"),
        )
        for labels, numbers in list(self._report.counts.tokens.items()):
            for kind, number in zip(TOKENS, numbers, strict=True):
                tokens.add_metric((kind, *labels), number)
        return tokens

    def _attempts(self) -> Iterator[Metric]:
        labels = ("provider", "model", "credential")
        attempts = CounterMetricFamily("gateway_attempts", "Attempts at providers.", labels=("outcome", *labels))
        for tried, tries in list(self._report.counts.tries.items()):
            attempts.add_metric(("ok", *tried), tries.ok)
            for kind, number in list(tries.errors.items()):
                attempts.add_metric((kind, *tried), number)
        yield attempts
        cooldowns = GaugeMetricFamily(
            "gateway_cooldowns", "1 for each credential that rests for a model after failures.", labels=labels
        )
        for tried in self._report.cooling():
            cooldowns.add_metric(tried, 1)
        yield cooldowns

    def _now(self) -> Iterator[Metric]:
        exchanges, calls = self.in_flight
        yield GaugeMetricFamily("gateway_in_flight", "Requests of clients that are not over.", exchanges)
        under_way = GaugeMetricFamily(
            "gateway_calls_in_flight", "Calls to providers.", labels=("provider", "model", "credential")
        )
        for tried, number in calls.items():
            under_way.add_metric(tried, number)
        yield under_way
        connections = self._report.connections()
        yield GaugeMetricFamily("gateway_client_connections", "Connections of clients.", connections)


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _build() -> Metric:
    build = GaugeMetricFamily(
        "gateway_build_info", "1, with the versions in use.", labels=("version", "mitmproxy", "python", "platform")
    )
    build.add_metric((version(), metadata.version("mitmproxy"), platform.python_version(), sys.platform), 1)
    return build
