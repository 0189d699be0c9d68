"""OpenTelemetry: a span for each request of a client and one below it for each attempt at a provider, and metrics.

What leaves is names, numbers and times: no prompt, no answer, no key. A request's spans are made when it is over, but
for its own identity, which goes on to the provider. `exporting.py` has the threads that send all this.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.metrics import Meter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from addons.exchange import http_api
from addons.exchange.observers import AttemptReport, Pair, PhaseMessage, Record
from addons.exchange.redaction import one_line
from addons.metrics import conventions as words
from addons.metrics.attempt_classes import outcome
from addons.metrics.counts import OTHER, Names

Attributes = dict[str, Any]

_LONGEST = 200
"""Characters of a text that is no word of ours."""
_W3C = TraceContextTextMapPropagator()


class Identity:
    """A request's span that has begun. `headers` tell the provider of it (W3C Trace Context)."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.headers: dict[str, str] = {}
        _W3C.inject(self.headers, set_span_in_context(span, Context()))


class Telemetry:
    """A watcher of all exchanges. `names` returns those of the present configuration."""

    detailed = False

    def __init__(self, tracer: Tracer, meter: Meter, names: Callable[[], Names]) -> None:
        self._tracer, self._names = tracer, names
        self._instruments = _Instruments(meter)

    def begin(self, record: Record, headers: Mapping[str, str]) -> Identity:
        """Begin the span of a request, below the one that its `traceparent` words."""
        parent = _W3C.extract(headers, Context())
        return Identity(self._tracer.start_span("request", parent, SpanKind.SERVER, start_time=_nanoseconds(record)))

    def message(self, record: Record, message: PhaseMessage) -> None: ...

    def pairs(self, record: Record, pairs: Sequence[Pair]) -> None: ...

    def ended(self, record: Record) -> None:
        identity = record.trace if isinstance(record.trace, Identity) else self.begin(record, {})
        route, _ = http_api.ROUTES.get(record.path, (OTHER, ""))
        request = _request(record)
        self._instruments.request.record(record.duration, request)
        for report in record.reports:
            attempt = _attempt(report, words.OPERATIONS.get(route, route))
            if identity.span.is_recording():
                self._attempted(identity.span, record, report, attempt)
            known = self._names().knows(report.provider, report.model)
            measured = attempt if known else {**attempt, words.REQUEST_MODEL: OTHER}
            if not report.injected:
                self._instruments.measure(report, measured, record.stream)
        self._end(identity.span, record, request)

    def _attempted(self, parent: Span, record: Record, report: AttemptReport, attributes: Attributes) -> None:
        model = attributes[words.REQUEST_MODEL]
        span = self._tracer.start_span(
            f"{attributes[words.OPERATION]} {model}",
            set_span_in_context(parent, Context()),
            SpanKind.CLIENT,
            {**attributes, **_details(record, report)},
            start_time=_nanoseconds(record, report.at),
        )
        if report.reason is not None:
            span.set_status(Status(StatusCode.ERROR, one_line(report.reason, _LONGEST)))
        span.end(_nanoseconds(record, report.at + report.duration))

    def _end(self, span: Span, record: Record, attributes: Attributes) -> None:
        if span.is_recording():
            where = attributes.get(words.ROUTE)
            span.update_name(f"{attributes[words.METHOD]} {where}" if where else attributes[words.METHOD])
            span.set_attributes({**attributes, **_request_details(record)})
            if record.status >= 500 or record.end == "failed":
                span.set_status(StatusCode.ERROR)
        span.end(_nanoseconds(record, record.duration))


class _Instruments:
    def __init__(self, meter: Meter) -> None:
        def seconds(name: str, text: str) -> Any:
            return meter.create_histogram(name, "s", text, explicit_bucket_boundaries_advisory=words.SECONDS)

        self.request = seconds(words.REQUEST_DURATION, "Duration of clients' requests.")
        self._attempt = seconds(words.ATTEMPT_DURATION, "Duration of attempts at providers.")
        self._first_chunk = seconds(words.ATTEMPT_FIRST_CHUNK, "Time until the first event of a streamed answer.")
        self._tokens = meter.create_histogram(
            words.TOKEN_USAGE,
            "{token}",
            "Tokens that providers reported.",
            explicit_bucket_boundaries_advisory=words.TOKENS,
        )

    def measure(self, report: AttemptReport, attributes: Attributes, stream: bool) -> None:
        self._attempt.record(report.duration, attributes)
        if stream and report.first_event is not None:
            self._first_chunk.record(report.first_event, attributes)
        if report.usage is not None:
            self._tokens.record(report.usage.input, {**attributes, words.TOKEN_TYPE: "input"})
            self._tokens.record(report.usage.output, {**attributes, words.TOKEN_TYPE: "output"})


def _request(record: Record) -> Attributes:
    """Return the attributes of a client's request, each of a closed set."""
    attributes: Attributes = {
        words.METHOD: record.method if record.method in words.METHODS else words.OTHER_METHOD,
        words.SCHEME: "http",
    }
    if record.path in http_api.ROUTES:
        attributes[words.ROUTE] = record.path
    if record.status:
        attributes[words.STATUS] = record.status
    if record.end == "failed" or record.status >= 500:
        attributes[words.ERROR] = str(record.status)
    return attributes


def _request_details(record: Record) -> Attributes:
    texts = {words.ID: record.id, words.KEY: record.key_name, words.ASKED_MODEL: record.model}
    shown = {name: one_line(text, _LONGEST) for name, text in texts.items() if text is not None}
    if record.error is not None:
        shown[words.ERROR] = one_line(record.error, _LONGEST)
    if record.injected:
        shown[words.INJECTED] = one_line(", ".join(record.injected), _LONGEST)
    return {**shown, words.END: record.end, words.ATTEMPTS: record.attempts}


def _attempt(report: AttemptReport, operation: str) -> Attributes:
    """Return the attributes of an attempt: operator's words, and those of closed sets."""
    attributes: Attributes = {
        words.OPERATION: operation,
        words.PROVIDER: words.PROVIDERS.get(report.provider, report.provider),
        words.REQUEST_MODEL: one_line(report.model, _LONGEST),
    }
    if (kind := outcome(report)) != "ok":
        attributes[words.ERROR] = kind
    return attributes


def _details(record: Record, report: AttemptReport) -> Attributes:
    shown: Attributes = {
        words.STREAM: record.stream,
        words.CREDENTIAL: report.credential,
        words.STATUS: report.status or None,
        words.FIRST_CHUNK: report.first_event,
    }
    if report.reason is None:
        shown[words.RESPONSE_MODEL] = record.served_model and one_line(record.served_model, _LONGEST)
        shown[words.RESPONSE_ID] = record.provider_id and one_line(record.provider_id, _LONGEST)
        shown[words.FINISH_REASONS] = (record.finish_reason,) if record.finish_reason else None
    if (usage := report.usage) is not None:
        shown |= {
            words.INPUT_TOKENS: usage.input,
            words.OUTPUT_TOKENS: usage.output,
            words.CACHE_READ_TOKENS: usage.cache_read,
            words.CACHE_WRITE_TOKENS: usage.cache_write,
            words.REASONING_TOKENS: usage.reasoning,
        }
    return {name: value for name, value in shown.items() if value is not None}


def _nanoseconds(record: Record, after: float = 0.0) -> int:
    return int((record.started + after) * 1e9)
