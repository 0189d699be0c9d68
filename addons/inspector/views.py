"""mitmproxy's content views of an exchange: what both sides said, what became what, and what was bent on the way.

They read `flow.metadata`, so that they show the same whether the request or the response of a flow is selected.
Unasked, mitmproxy's interfaces show the overview, `gateway`, for the answer, and the client's own JSON for the request.
https://docs.mitmproxy.org/stable/addons/contentviews/
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, pairwise
from typing import Any, Final

from mitmproxy import contentviews
from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight
from mitmproxy.http import HTTPFlow

from addons.exchange.redaction import one_line
from addons.inspector.payloads import Shortener, hung, wrapped
from addons.inspector.recorder import (
    KEY,
    Recording,
    StoredMessage,
    StoredPair,
    StoredRecord,
    client_stream,
    recording_of,
)

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
    """One way of showing a `Recording`; `draw` need not care for flows without one."""

    def __init__(
        self,
        name: str,
        draw: Callable[[Recording], Iterator[str]],
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


def _overview(recording: Recording) -> Iterator[str]:
    record = recording["record"]
    if record is not None:
        yield from _head(record, recording["ended"])
    yield ""
    yield from _notes(recording)
    yield ""
    yield "phases"
    for message in recording["messages"]:
        body = f"{message['bytes']} bytes" if message["body"] is not None else _without_body(message, recording)
        which = "".join(f"  {word}" for word in _which(message, recording))
        phase = PHASES.get(message["phase"], message["phase"])
        yield from hung(f"{_cell(message['line'])}  {body}{which}", f"{_ms(message['at'])}  {phase:<17}  ", 14)
    if dropped := recording["left_out"]["messages"]:
        yield f"  ... {dropped} more were not kept"
    if recording["pairs"] or recording["last_pairs"]:
        yield ""
        yield from _health(recording)
    yield ""
    yield "More in the views"
    for view in VIEWS[1:]:
        yield f"  {view.name}"


def _head(record: StoredRecord, ended: bool) -> Iterator[str]:
    state = record["end"] if ended else "not ended yet"
    manner = "stream" if record["stream"] else "whole"
    yield from hung(
        f"{_cell(record['method'])} {_cell(record['path'])}  {record['status'] or '---'}  {manner}  {state}"
    )
    for name, value in _facts(record):
        yield from hung(value, f"  {name:<12}", 14)


def _facts(record: StoredRecord) -> Iterator[tuple[str, str]]:
    if record["error"] or record["cause"]:
        yield "error", ", ".join(part for part in (record["error"], record["cause"]) if part)
    if message := record.get("message"):
        yield "message", one_line(message, len(message) + 3)
    if param := record.get("param"):
        yield "param", _cell(param)
    if injected := record.get("injected"):
        yield "injected", _cell(", ".join(injected))
    if record["model"] is not None:
        went_to = "/".join(part for part in (record["provider"], record["provider_model"]) if part)
        served = f" (answered as {_cell(record['served_model'])})" if record["served_model"] else ""
        yield "model", f"{_cell(record['model'])}{f' -> {_cell(went_to)}' if went_to else ''}{served}"
    yield "started", datetime.fromtimestamp(record["started"], UTC).isoformat(sep=" ", timespec="milliseconds")
    yield "key", record["key_name"] or "-"
    provider_id = f", provider id {_cell(record['provider_id'])}" if record["provider_id"] else ""
    yield "exchange", f"{record['id']}{provider_id}"
    yield "tokens", _tokens(record)
    first = "" if record["first_event"] is None else f"first event {_ms(record['first_event']).strip()}, "
    yield "time", f"{first}total {_ms(record['duration']).strip()}, gateway {_ms(record['own']).strip()}"
    yield "finish", record["finish_reason"] or "-"
    if (calls := record.get("calls", 1)) > 1:
        yield "calls", str(calls)
    if record["attempts"] > calls:
        yield "attempts", str(record["attempts"])
    for tried in record.get("tries", ()):
        credential = f" ({_cell(tried['credential'])})" if tried["credential"] else ""
        outcome = "answered" if tried["reason"] is None else _cell(tried["reason"])
        yield "attempt", f"{_cell(tried['target'])}{credential}  {outcome}  after {_ms(tried['duration']).strip()}"


def _several(recording: Recording) -> bool:
    """Return whether the request became several calls to its provider."""
    record = recording["record"]
    return record is not None and record.get("calls", 1) > 1


def _which(message: StoredMessage, recording: Recording) -> Iterator[str]:
    """Yield the number of the call and of the attempt at it; neither where it goes without saying."""
    if message["phase"].startswith("provider") and _several(recording):
        yield f"call {message.get('call', 0) + 1}"
    if message["attempt"] > 1:
        yield f"attempt {message['attempt']}"


def _tokens(record: StoredRecord) -> str:
    usage = record["usage"]
    if usage is None:
        return "unknown"
    parts = {"read from cache": usage["cache_read"], "written to cache": usage["cache_write"]}
    read = "".join(f", {count} {what}" for what, count in parts.items() if count is not None)
    thought = "" if usage["reasoning"] is None else f", {usage['reasoning']} of it reasoning"
    so_far = "" if record["end"] == "complete" else ", when it broke off"
    return f"{usage['input']} in{read}; {usage['output']} out{thought}{so_far}"


def _notes(recording: Recording) -> Iterator[str]:
    notes, more = recording["notes"], recording["left_out"]["notes"]
    if not notes:
        record = recording["record"]
        without_answer = record is not None and record["end"] in ("refused", "failed")
        yield "no notes" if without_answer else "no notes: nothing was bent"
        return
    yield f"notes ({len(notes) + more})"
    for note in notes:
        old, new = _value(note["old"]), _value(note["new"])
        change = f": {old or 'nothing'} -> {new or 'nothing'}" if old or new else ""
        yield from hung(f"{_cell(note['path'])} {note['fate']}{change}", "  ")
        if note["detail"]:
            yield from hung(_cell(note["detail"]), "      ", 6)
    if more:
        yield f"  ... {more} more were not kept"


def _without_body(message: StoredMessage, recording: Recording) -> str:
    streamed = message["phase"].endswith("response") and (recording["pairs"] or recording["last_pairs"])
    return "streamed, see the pairs" if streamed else "no body"


def _health(recording: Recording) -> Iterator[str]:
    pairs = [*recording["pairs"], *recording["last_pairs"]]
    missing = recording["left_out"]["pairs"]
    silent = sum(1 for pair in pairs if not pair["client"])
    own = sum(1 for pair in pairs if not pair["provider"]) + recording["left_out"].get("own_pairs", 0)
    whole_runs = chain(pairwise(recording["pairs"]), pairwise(recording["last_pairs"]))
    longest = max((later["at"] - earlier["at"] for earlier, later in whole_runs), default=0.0)
    span = pairs[-1]["at"] - pairs[0]["at"]
    count = len(pairs) + missing
    rate = f", {(count - own) / span:.0f} events/s" if span > 0 else ""
    gap = f"longest gap {_ms(longest).strip()}"
    besides = f" and {own} of the gateway's own" if own else ""
    events = f"{count - own} event{'' if count - own == 1 else 's'}"
    yield from hung(f"stream: {events}{besides}, {silent} became nothing, {gap}{rate}")
    if missing:
        yield f"  {_missing(recording)}"


def _missing(recording: Recording) -> str:
    left_out = recording["left_out"]
    return f"... {left_out['pairs']} events ({left_out['pair_bytes']} bytes) were not kept ..."


def _stream_pairs(recording: Recording) -> Iterator[str]:
    if not recording["pairs"] and not recording["last_pairs"]:
        yield "No stream: this exchange has no event pairs."
        return
    yield from _health(recording)
    yield "Each event of the provider, and below it what became of it."
    yield "What stays the same from one to the next is shown once."
    yield ""
    yield f"{'#':>5} {'t ms':>9} {'gap ms':>9}  {'bytes':>6} -> {'bytes':<6} event"
    table = _PairTable(recording)
    for pair in recording["pairs"]:
        yield from table.row(pair)
    if missing := recording["left_out"]["pairs"]:
        yield f"\n{_missing(recording)}\n"
        table.number += missing
    for pair in recording["last_pairs"]:
        yield from table.row(pair)


class _PairTable:
    """The rows of a stream's pairs, from the first on."""

    def __init__(self, recording: Recording) -> None:
        self.number = 0
        self._before = (recording["pairs"] or recording["last_pairs"])[0]["at"]
        self._several = _several(recording)
        self._provider: defaultdict[int, Shortener] = defaultdict(Shortener)
        """One shortener for each call."""
        self._client = Shortener()

    def row(self, pair: StoredPair) -> Iterator[str]:
        provider, client, call = pair["provider"], pair["client"], pair.get("call", 0)
        self.number += 1
        name = _cell(pair["name"]) or ("(the gateway itself)" if not provider else "")
        if self._several and provider:
            name += f"  (call {call + 1})"
        times = f"{pair['at'] * 1000:9.1f} {(pair['at'] - self._before) * 1000:+9.1f}"
        yield f"{self.number:>5} {times}  {len(provider):>6} -> {len(client):<6} {name}".rstrip()
        self._before = pair["at"]
        if provider:
            short = self._provider[call].short(_string(provider).strip(), pair["name"])
            yield from wrapped(short, "       ", "       ")
        lines = [*_client_lines(_string(client), self._client)]
        for line in lines or ["nothing"]:
            yield from wrapped(line, "    -> ", "       ")
        for note in pair["notes"]:
            bent = f"{_cell(note['path'])} {note['fate']}  {_cell(note['detail'])}".rstrip()
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


def _phase(phase: str) -> Callable[[Recording], Iterator[str]]:
    def draw(recording: Recording) -> Iterator[str]:
        messages = [message for message in recording["messages"] if message["phase"] == phase]
        if not messages:
            yield f"There is no {PHASES[phase]} in this exchange{'' if recording['ended'] else ' yet'}."
        for message in messages:
            yield from _message(message, recording)
            yield ""

    return draw


def _message(message: StoredMessage, recording: Recording) -> Iterator[str]:
    """Yield the line and the headers as comments, so that what is highlighted is the body."""
    which = ", ".join(_which(message, recording))
    yield f"# {_ms(message['at']).strip()} after the start{f' ({which})' if which else ''}"
    yield f"# {_cell(message['line'])}"
    for header in message["headers"]:
        yield f"# {_cell(': '.join(header))}"
    yield ""
    if message["body"] is not None:
        if message["cut"]:
            yield f"# cut: the last {message['cut']} bytes of the body were not kept"
        yield _pretty(message["body"])
    elif message["phase"] == "provider_response":
        yield from _provider_stream(recording, message.get("call", 0))
    else:
        yield _string(client_stream(recording))


def _provider_stream(recording: Recording, call: int) -> Iterator[str]:
    """Yield the provider's events in one call, in SSE's notation, whatever framing they came in."""
    for pair in recording["pairs"]:
        yield from _event(pair, call)
    if recording["left_out"]["pairs"]:
        yield f"# {_missing(recording)}\n"
    for pair in recording["last_pairs"]:
        yield from _event(pair, call)


def _event(pair: StoredPair, call: int) -> Iterator[str]:
    if pair["provider"] and pair.get("call", 0) == call:
        name = f"event: {_cell(pair['name'])}\n" if pair["name"] else ""
        data = _string(pair["provider"]).strip().replace("\n", "\ndata: ")
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


def _ms(seconds: float, sign: str = "") -> str:
    return f"{seconds * 1000:{sign}9.1f} ms"


VIEWS: Final = (
    View("gateway", _overview, chosen=_answers),
    *(View(f"gateway: {title}", _phase(phase), highlight="yaml") for phase, title in PHASES.items()),
    View("gateway: stream pairs", _stream_pairs),
    View("gateway: notes", _notes),
)
