"""The way of spans and metrics to a collector (OTLP over HTTP), in threads of OpenTelemetry's own. A collector that
takes nothing costs what there was to send and one warning; no exchange waits."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Tracer

from routing.secret import Secret
from routing.settings import OtelSettings

logger = logging.getLogger("gateway")

SERVICE = "mitmproxy-openai-gateway"
LAST_WORD_SECONDS = 2.0
"""Time for what is not sent yet when the gateway ends."""


class Exporting:
    """Reads, beside `settings`, OpenTelemetry's own variables (`OTEL_*`) of the environment."""

    def __init__(self, settings: OtelSettings, version: str) -> None:
        _silence()
        resource = Resource({"service.name": SERVICE, "service.version": version}).merge(Resource.create())
        if settings.service_name is not None:
            resource = resource.merge(Resource({"service.name": settings.service_name}))
        headers = {k: value.reveal() for k, value in settings.headers.items() if isinstance(value, Secret)} or None
        self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        if settings.traces:
            spans = _Spans(_endpoint(settings, "traces"), headers=headers)
            self._traces.add_span_processor(BatchSpanProcessor(spans))
        readers = []
        if settings.metrics:
            readers.append(PeriodicExportingMetricReader(_Metrics(_endpoint(settings, "metrics"), headers=headers)))
        self._metrics = MeterProvider(readers, resource, shutdown_on_exit=False)
        self.tracer: Tracer = self._traces.get_tracer(SERVICE, version)
        self.meter: Meter = self._metrics.get_meter(SERVICE, version)

    def shut_down(self) -> None:
        """Send what is not sent yet, as far as the collector takes it at once."""
        threads = [threading.Thread(target=each.shutdown, daemon=True) for each in (self._traces, self._metrics)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LAST_WORD_SECONDS)


class _Once:
    """Warns of the first failure after a success."""

    def __init__(self, what: str) -> None:
        self._what, self._failed = what, False

    def __call__(self, *, failed: bool) -> None:
        if failed and not self._failed:
            logger.warning("The OpenTelemetry collector takes no %s (otel in config.yaml). They are lost.", self._what)
        self._failed = failed


class _Spans(OTLPSpanExporter):
    def __init__(self, endpoint: str | None, headers: Mapping[str, str] | None) -> None:
        super().__init__(endpoint, headers=headers)
        self._log = _Once("traces")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = _guarded(lambda: super(_Spans, self).export(spans), SpanExportResult.FAILURE)
        self._log(failed=result is not SpanExportResult.SUCCESS)
        return result


class _Metrics(OTLPMetricExporter):
    def __init__(self, endpoint: str | None, headers: Mapping[str, str] | None) -> None:
        super().__init__(endpoint, headers=headers)
        self._log = _Once("metrics")

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **options: Any
    ) -> MetricExportResult:
        result = _guarded(
            lambda: super(_Metrics, self).export(metrics_data, timeout_millis, **options), MetricExportResult.FAILURE
        )
        self._log(failed=result is not MetricExportResult.SUCCESS)
        return result


def _guarded[Result](export: Callable[[], Result], failure: Result) -> Result:
    try:
        return export()
    except Exception:  # noqa: BLE001 - whatever it is, it may have a header in its text
        return failure


def _endpoint(settings: OtelSettings, signal: str) -> str | None:
    """Return the URL of a signal; None: the one of the environment, or this machine's."""
    return None if settings.endpoint is None else f"{settings.endpoint}/v1/{signal}"


def _silence() -> None:
    """Keep OpenTelemetry's own complaints, one for each try, out of the log."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
