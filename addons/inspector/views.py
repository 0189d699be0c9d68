"""mitmproxy's content views of an exchange: what both sides said, what became what, and what was bent on the way.

They show what was recorded with a flow, whether its request or its response is selected: the same exchange that the
inspector's page has.
Unasked, mitmproxy's interfaces show the overview, `gateway`, for the answer, and the client's own JSON for the request.
https://docs.mitmproxy.org/stable/addons/contentviews/
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from mitmproxy import contentviews
from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight
from mitmproxy.http import HTTPFlow

from addons.exchange.redaction import one_line
from addons.inspector.payloads import Shortener, hung, wrapped
from addons.inspector.recorder import KEY, recording_of
from addons.inspector.recording import Attempt, EventPair, Exchange, Facts, Phase, ended_by, iso
from translators.notes import Note

NOTHING_RECORDED: Final = (
    "The gateway kept nothing of this flow: it is not one of its exchanges, or nobody was looking."
)

PHASES: Final[Mapping[str, str]] = {
    "client_request": "client request",
    "provider_request": "provider request",
    "provider_response": "provider response",
    "client_response": "client response",
}

_FIRST_CHOICE = 50
"""Above all of mitmproxy's own views, none of which goes beyond 2."""


class View(Contentview):
    """One way of showing an `Exchange`; `draw` need not care for flows without one."""

    def __init__(
        self,
        name: str,
        draw: Callable[[Exchange], Iterator[str]],
        *,
        highlight: SyntaxHighlight = "none",
        chosen: Callable[[HTTPFlow, Metadata], bool] = lambda flow, metadata: False,
    ) -> None:
        self._name = name
        self._draw = draw
        self._highlight = highlight
        self._chosen = chosen

    @property
    def name(self) -> str:
        return self._name

    @property
    def syntax_highlight(self) -> SyntaxHighlight:
        return self._highlight

    def prettify(self, data: bytes, metadata: Metadata) -> str:
        flow = metadata.flow
        try:
            recording = recording_of(flow) if isinstance(flow, HTTPFlow) else None
        except ValueError as error:
            return f"What the gateway kept of this flow was written by another version of it: {error}."
        if recording is None:
            return NOTHING_RECORDED
        # JSON can hold halves of surrogate pairs, which no interface can display.
        return "\n".join(self._draw(recording)).encode("utf-8", "backslashreplace").decode()

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        flow = metadata.flow
        if not isinstance(flow, HTTPFlow) or KEY not in flow.metadata:
            return -1
        return _FIRST_CHOICE if self._chosen(flow, metadata) else 0


def register() -> None:
    """Make the views known; doing so again changes nothing."""
    for view in VIEWS:
        if contentviews.registry.get(view.name) is not view:
            contentviews.add(view)


def unregister() -> None:
    """Take the views away again. mitmproxy has no public way to do that, so its registry's own dictionary is asked;
    were it ever gone, the views would merely stay until they are replaced by others of their names."""
    known: dict[str, Contentview] = getattr(contentviews.registry, "_by_name", {})
    for view in VIEWS:
        if known.get(view.name) is view:
            del known[view.name]


def _answers(flow: HTTPFlow, metadata: Metadata) -> bool:
    return flow.response is None or metadata.http_message is flow.response


def _overview(exchange: Exchange) -> Iterator[str]:
    yield from _head(exchange)
    yield ""
    yield from _notes(exchange)
    yield ""
    yield "phases"
    for name, phase, attempt in _messages(exchange):
        body = f"{phase.bytes} bytes" if phase.body is not None else _without_body(name, exchange)
        which = "".join(f"  {word}" for word in _which(attempt, exchange))
        first = f"{_ms(phase.at)}  {PHASES.get(name, name):<17}  "
        yield from hung(f"{_cell(phase.line)}  {body}{which}", first, 14)
    if exchange.events:
        yield ""
        yield from _health(exchange)
    yield ""
    yield "More in the views"
    for view in VIEWS[1:]:
        yield f"  {view.name}"


def _messages(exchange: Exchange) -> list[tuple[str, Phase, Attempt | None]]:
    """Return all messages in the order of their times, those of providers with their attempts."""
    found: list[tuple[str, Phase | None, Attempt | None]] = [("client_request", exchange.client_request, None)]
    for attempt in exchange.attempts:
        found += [("provider_request", attempt.request, attempt), ("provider_response", attempt.response, attempt)]
    found.append(("client_response", exchange.client_response, None))
    there = [(name, phase, attempt) for name, phase, attempt in found if phase is not None]
    return sorted(there, key=lambda each: each[1].at)


def _head(exchange: Exchange) -> Iterator[str]:
    facts = exchange.facts
    state = "not ended yet" if facts.end == "running" else facts.end
    manner = "stream" if facts.stream else "whole"
    yield from hung(f"{_cell(facts.method)} {_cell(facts.path)}  {facts.status or '---'}  {manner}  {state}")
    for name, value in _facts(exchange):
        yield from hung(value, f"  {name:<12}", 14)


def _facts(exchange: Exchange) -> Iterator[tuple[str, str]]:
    facts = exchange.facts
    yield "ended by", _cell(ended_by(facts))
    if facts.error:
        yield "error", _cell(facts.error)
    if facts.message:
        yield "message", one_line(facts.message, len(facts.message) + 3)
    if facts.param:
        yield "param", _cell(facts.param)
    if facts.injected:
        yield "injected", _cell(", ".join(facts.injected))
    if facts.model is not None:
        went_to = "/".join(part for part in (facts.provider, facts.provider_model) if part)
        served = f" (answered as {_cell(facts.served_model)})" if facts.served_model else ""
        yield "model", f"{_cell(facts.model)}{f' -> {_cell(went_to)}' if went_to else ''}{served}"
    yield "started", iso(facts.started)
    yield "key", _cell(facts.client) or "-"
    provider_id = f", provider id {_cell(facts.provider_id)}" if facts.provider_id else ""
    yield "exchange", f"{_cell(facts.id)}{provider_id}"
    yield "tokens", _tokens(facts)
    yield "time", _times(facts)
    yield "finish", _cell(facts.finish_reason or "-")
    if exchange.calls > 1:
        yield "calls", str(exchange.calls)
    if facts.attempts > exchange.calls:
        yield "attempts", str(facts.attempts)
    if any(attempt.reason is not None for attempt in exchange.attempts):
        for attempt in exchange.attempts:
            yield "attempt", _attempt(attempt)


def _times(facts: Facts) -> str:
    """Return the times that are known."""
    timings = facts.timings
    known = {
        "connect": timings.connect,
        "waiting": timings.waiting,
        "first event": timings.first_event,
        "total": None if facts.end == "running" else timings.duration,
        "gateway": timings.own,
    }
    return ", ".join(f"{name} {_ms(value).strip()}" for name, value in known.items() if value is not None)


def _attempt(attempt: Attempt) -> str:
    credential = f" ({_cell(attempt.credential)})" if attempt.credential else ""
    target = f"{_cell(f'{attempt.provider}/{attempt.model}')}{credential}"
    if attempt.duration is None:
        return f"{target}  not ended yet"
    outcome = "answered" if attempt.reason is None else _cell(attempt.reason)
    rests = "" if attempt.rest is None else f", and its credential rests for {_ms(attempt.rest).strip()}"
    return f"{target}  {outcome}  after {_ms(attempt.duration).strip()}{rests}"


def _which(attempt: Attempt | None, exchange: Exchange) -> Iterator[str]:
    """Yield the number of the call and of the attempt at it; neither where it goes without saying."""
    if attempt is not None and exchange.calls > 1:
        yield f"call {attempt.call + 1}"
    if attempt is not None and attempt.n > 1:
        yield f"attempt {attempt.n}"


def _tokens(facts: Facts) -> str:
    tokens = facts.tokens
    if tokens is None:
        return "unknown"
    parts = {"read from cache": tokens.cache_read, "written to cache": tokens.cache_write}
    read = "".join(f", {count} {what}" for what, count in parts.items() if count is not None)
    thought = "" if tokens.reasoning is None else f", {tokens.reasoning} of it reasoning"
    so_far = "" if facts.end == "complete" else ", when it broke off"
    return f"{tokens.input} in{read}; {tokens.output} out{thought}{so_far}"


def _notes(exchange: Exchange) -> Iterator[str]:
    notes, end = exchange.facts.notes, exchange.facts.end
    if not notes:
        yield "no notes" if end in ("refused", "failed") else "no notes: nothing was bent"
        return
    yield f"notes ({len(notes)})"
    for note in notes:
        yield from hung(f"{_cell(note.path)} {note.fate}{_change(note)}", "  ")
        if note.detail:
            yield from hung(_cell(note.detail), "      ", 6)


def _change(note: Note) -> str:
    old, new = _value(note.old), _value(note.new)
    return f": {old or 'nothing'} -> {new or 'nothing'}" if old or new else ""


def _without_body(phase: str, exchange: Exchange) -> str:
    return "streamed, see the pairs" if phase.endswith("response") and exchange.events else "no body"


def _health(exchange: Exchange) -> Iterator[str]:
    facts, events = exchange.facts, exchange.events
    silent = sum(1 for event in events if not event.client)
    own = sum(1 for event in events if not event.provider)
    span = (events[-1].at - events[0].at) / 1000
    longest = facts.timings.longest_gap
    parts = [f"{facts.events} event{'' if facts.events == 1 else 's'}"]
    parts += [f"{own} of them the gateway's own"] if own else []
    parts += [f"{silent} became nothing"]
    parts += [] if longest is None else [f"longest gap {_ms(longest).strip()}"]
    parts += [f"{facts.events / span:.0f} events/s"] if span > 0 else []
    yield from hung(f"stream: {', '.join(parts)}")
    if exchange.events_left_out:
        yield f"  {_missing(exchange)}"


def _missing(exchange: Exchange) -> str:
    return f"... {exchange.events_left_out} events were not kept ..."


def _stream_pairs(exchange: Exchange) -> Iterator[str]:
    if not exchange.events:
        yield "No stream: this exchange has no event pairs."
        return
    yield from _health(exchange)
    yield "Each event of the provider, and below it what became of it."
    yield "What stays the same from one to the next is shown once."
    yield ""
    yield f"{'#':>5} {'t ms':>9} {'gap ms':>9}  {'bytes':>6} -> {'bytes':<6} event"
    table = _PairTable(exchange)
    beginning, end = exchange.beginning_and_end()
    for event in beginning:
        yield from table.row(event)
    if exchange.events_left_out:
        yield f"\n{_missing(exchange)}\n"
    for event in end:
        yield from table.row(event)


class _PairTable:
    """The rows of a stream's pairs, from the first on. They are counted from 1."""

    def __init__(self, exchange: Exchange) -> None:
        self._before = exchange.events[0].at
        self._several = exchange.calls > 1
        self._provider: defaultdict[int, Shortener] = defaultdict(Shortener)
        """One shortener for each call."""
        self._client = Shortener()

    def row(self, event: EventPair) -> Iterator[str]:
        provider, client = event.provider, event.client
        name = "injected" if event.injected else _cell(event.name) or ("(the gateway itself)" if not provider else "")
        if self._several and provider:
            name += f"  (call {event.call + 1})"
        times = f"{event.at:9.1f} {event.at - self._before:+9.1f}"
        yield f"{event.n + 1:>5} {times}  {len(provider):>6} -> {len(client):<6} {name}".rstrip()
        self._before = event.at
        if provider:
            short = self._provider[event.call].short(_string(provider).strip(), event.name)
            yield from wrapped(short, "       ", "       ")
        lines = [*_client_lines(_string(client), self._client)]
        for line in lines or ["nothing"]:
            yield from wrapped(line, "    -> ", "       ")
        for note in event.notes:
            bent = f"{_cell(note.path)} {note.fate}  {_cell(note.detail)}".rstrip()
            yield from wrapped(bent, "    !  ", "       ")


def _client_lines(client: str, shortener: Shortener) -> Iterator[str]:
    """Yield a client's events, a line each: the event's name if it has one, and its data."""
    name = ""
    for line in client.splitlines():
        field, colon, value = line.partition(": ")
        if field == "event" and colon:
            name = value
        elif field == "data" and colon:
            yield f"{_cell(name)} {shortener.short(value, name)}".lstrip()
            name = ""
        elif line:
            yield line


def _phase(wanted: str) -> Callable[[Exchange], Iterator[str]]:
    def draw(exchange: Exchange) -> Iterator[str]:
        found = [(phase, attempt) for name, phase, attempt in _messages(exchange) if name == wanted]
        if not found:
            yet = " yet" if exchange.facts.end == "running" else ""
            yield f"There is no {PHASES[wanted]} in this exchange{yet}."
        for phase, attempt in found:
            yield from _message(phase, attempt, exchange)
            yield ""

    return draw


def _message(phase: Phase, attempt: Attempt | None, exchange: Exchange) -> Iterator[str]:
    """Yield the line and the headers as comments, so that what is highlighted is the body."""
    which = ", ".join(_which(attempt, exchange))
    yield f"# {_ms(phase.at).strip()} after the start{f' ({which})' if which else ''}"
    yield f"# {_cell(phase.line)}"
    for header in phase.headers:
        yield f"# {_cell(': '.join(header))}"
    yield ""
    if phase.body is not None:
        if phase.cut:
            yield f"# cut: of {phase.bytes} bytes only the beginning was kept"
        yield _pretty(phase.body)
    elif attempt is not None:
        yield from _provider_stream(exchange, attempt)
    else:
        yield _string(exchange.client_stream())


def _provider_stream(exchange: Exchange, attempt: Attempt) -> Iterator[str]:
    """Yield the provider's events in one attempt, in SSE's notation, whatever framing they came in."""
    beginning, end = exchange.beginning_and_end()
    for event in beginning:
        yield from _event(event, attempt)
    if exchange.events_left_out:
        yield f"# {_missing(exchange)}\n"
    for event in end:
        yield from _event(event, attempt)


def _event(event: EventPair, attempt: Attempt) -> Iterator[str]:
    if event.provider and (event.call, event.attempt) == (attempt.call, attempt.n):
        name = f"event: {_cell(event.name)}\n" if event.name else ""
        data = _string(event.provider).strip().replace("\n", "\ndata: ")
        yield f"{name}data: {data}\n"


def _pretty(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return _string(body)


def _string(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")


def _value(value: Any) -> str:
    return "" if value is None else _cell(value if isinstance(value, str) else repr(value))


def _cell(value: str) -> str:
    """Return a text that others wrote, so that it cannot pass for another line of ours."""
    return one_line(value, 1000)


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:9.1f} ms"


VIEWS: Final = (
    View("gateway", _overview, chosen=_answers),
    *(View(f"gateway: {title}", _phase(phase), highlight="yaml") for phase, title in PHASES.items()),
    View("gateway: stream pairs", _stream_pairs),
    View("gateway: notes", _notes),
)
