"""Records an exchange with its flow, for the views and for flow files: plain values, bounded, redacted.

`flow.metadata["gateway"]` holds a `Recording`. mitmproxy copies and saves metadata with the flow, so there are only
values in it that a flow file can carry, and it is complete enough to be read at any moment, also while a stream runs.
"""

from typing import TYPE_CHECKING, Annotated, Any, Final, NotRequired, TypedDict

from mitmproxy.addons.view import View
from mitmproxy.http import HTTPFlow
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from addons.exchange import redaction
from addons.exchange.observers import AttemptReport, Pair, PhaseMessage, Record
from addons.exchange.redaction import one_line
from addons.inspector.plain import LONGEST_TEXT, WIDEST, small, text
from addons.log_line import briefly, end_with_reasons, subject
from translators.notes import Note

if TYPE_CHECKING:
    from mitmproxy.master import Master

KEY: Final = "gateway"
VERSION: Final = 1
DEFAULT_LIMIT: Final = 4 * 1024 * 1024

NOTED: Final = ":warning:"
BROKEN: Final = ":x:"

_MOST_MESSAGES = 64
_MOST_NOTES = 200
_MOST_HEADERS = 200
_MOST_TRIES = 64
_LONGEST_HEADER = 4096
_LONGEST_MESSAGE = 4096
_PAIR_COST = 350
"""The bytes that Python itself needs for a stored pair, about."""


class StoredNote(TypedDict):
    path: str
    fate: str
    old: Any
    new: Any
    detail: str


class StoredMessage(TypedDict):
    phase: str
    at: float
    attempt: int
    line: str
    headers: list[list[str]]
    body: bytes | None
    bytes: int
    """The body's length before redaction and cutting."""
    cut: int
    """The number of the redacted body's bytes that were not stored."""
    call: NotRequired[int]
    """The number of the call, for a request that became several calls to its provider."""


class StoredPair(TypedDict):
    at: float
    name: str
    provider: bytes
    client: bytes
    notes: list[StoredNote]
    call: NotRequired[int]


class StoredUsage(TypedDict):
    input: int
    output: int
    cache_read: int | None
    cache_write: int | None
    reasoning: int | None


class StoredTry(TypedDict):
    """An attempt at one target, as an `AttemptReport` has it."""

    at: float
    target: str
    credential: str
    reason: str | None
    duration: float


class StoredRecord(TypedDict):
    id: str
    started: Annotated[float, Field(ge=0, le=32503680000)]
    """Seconds since 1970, up to the year 3000: beyond that no calendar can show it."""
    method: str
    path: str
    key_name: str | None
    model: str | None
    provider: str | None
    provider_model: str | None
    served_model: str | None
    provider_id: str | None
    stream: bool
    status: int
    end: str
    error: str | None
    message: NotRequired[str | None]
    param: NotRequired[str | None]
    cause: str | None
    finish_reason: str | None
    attempts: int
    calls: NotRequired[int]
    tries: NotRequired[list[StoredTry]]
    """All attempts, in the order of their ends; only where one of them failed."""
    injected: NotRequired[list[str]]
    """The faults that were injected into it, if any were."""
    usage: StoredUsage | None
    first_event: float | None
    duration: float
    own: float


class LeftOut(TypedDict):
    """The counts of what the limit did not let in."""

    messages: int
    notes: int
    pairs: int
    pair_bytes: int
    own_pairs: NotRequired[int]
    """The number of left-out pairs that come from the gateway itself."""


@with_config(ConfigDict(strict=True, extra="ignore"))
class Recording(TypedDict):
    version: int
    ended: bool
    record: StoredRecord | None
    messages: list[StoredMessage]
    notes: list[StoredNote]
    pairs: list[StoredPair]
    last_pairs: list[StoredPair]
    """The end of a stream that was too long for `pairs`; what is left out lies between the two."""
    left_out: LeftOut


_RECORDING = TypeAdapter(Recording)


def recording_of(flow: HTTPFlow) -> Recording | None:
    """Return what was recorded with the flow; None if nothing was. Raises ValueError for a record that this version
    cannot read."""
    value = flow.metadata.get(KEY)
    if value is None:
        return None
    try:
        return _RECORDING.validate_python(value)
    except ValidationError as error:
        raise ValueError(f"{error.error_count()} fields are not as version {VERSION} writes them") from None


def key_name_of(flow: HTTPFlow) -> str | None:
    """Return the name of the key that asked, or None. Raises ValueError as `recording_of` does."""
    recording = recording_of(flow)
    record = None if recording is None else recording["record"]
    return None if record is None else record["key_name"]


def wanted(master: "Master") -> bool:
    """Return whether anybody can look: a user interface keeps flows (mitmweb, mitmproxy), or flows go to a file
    (`-w`)."""
    options = master.options
    return "view" in master.addons.lookup or ("save_stream_file" in options and bool(options.save_stream_file))


def make_room(view: View, most: int) -> None:
    """Take flows out of a user interface until one more fits: the oldest unmarked first, then those that only the
    gateway has marked. What a person has marked stays, and what still runs."""
    if (excess := view.store_count() + 1 - most) <= 0:
        return
    ended = [flow for flow in view.resolve("@all") if not flow.live and not flow.intercepted]
    unmarked = [flow for flow in ended if not flow.marked]
    marked_here = [flow for flow in ended if flow.marked in (NOTED, BROKEN)]
    for flow in [*unmarked, *marked_here][:excess]:
        view.remove([flow])


class FlowRecorder:
    """Watches one exchange into its flow's metadata, in at most about `limit_bytes` of memory.

    A body gets at most a sixth of the limit and all bodies two thirds; pairs get the rest, an eighth of the limit
    of it for the last ones, so that a long stream shows how it began and how it ended. What was left out is counted.

    mitmproxy shows no view at all for a message without content, which a streamed answer is: the recorder gives
    such an answer the bytes that the client got as its content, as far as they were stored.
    """

    detailed = True

    def __init__(self, flow: HTTPFlow, limit_bytes: int = DEFAULT_LIMIT) -> None:
        self._flow = flow
        self._largest_body = limit_bytes // 6
        self._bodies_left = limit_bytes * 2 // 3
        self._pairs_left = limit_bytes - self._bodies_left - limit_bytes // 8
        self._last_left = limit_bytes // 8
        self._beginning = True
        """True as long as pairs go to `pairs`; once one did not fit, all later ones go to `last_pairs`."""
        self._gave_content = False
        self._events = 0
        """The number of events in the provider's stream."""
        self._commented = ""
        self._recording: Recording = {
            "version": VERSION,
            "ended": False,
            "record": None,
            "messages": [],
            "notes": [],
            "pairs": [],
            "last_pairs": [],
            "left_out": {"messages": 0, "notes": 0, "pairs": 0, "pair_bytes": 0},
        }
        flow.metadata[KEY] = self._recording

    def message(self, record: Record, message: PhaseMessage) -> None:
        self._take(record)
        if len(self._recording["messages"]) >= _MOST_MESSAGES:
            self._recording["left_out"]["messages"] += 1
            return
        headers = [
            [text(name), text(value, _LONGEST_HEADER)]
            for name, value in redaction.headers(message.headers[:_MOST_HEADERS])
        ]
        self._bodies_left = max(0, self._bodies_left - sum(len(name) + len(value) for name, value in headers))
        body = None if message.body is None else redaction.body(message.body)
        room = min(self._largest_body, self._bodies_left)
        cut = 0 if body is None else max(0, len(body) - room)
        if body is not None:
            body = body[:room] if cut else body
            self._bodies_left -= len(body)
        taken: StoredMessage = {
            "phase": message.phase,
            "at": message.at,
            "attempt": message.attempt,
            "line": text(message.line, _LONGEST_HEADER),
            "headers": headers,
            "body": body,
            "bytes": len(message.body or b""),
            "cut": cut,
        }
        if message.call:
            taken["call"] = message.call
        self._recording["messages"].append(taken)
        self._comment(_subject(record))

    def pair(self, record: Record, pair: Pair) -> None:
        self._events += bool(pair.provider)
        taken: StoredPair = {
            "at": pair.at,
            "name": "injected" if pair.injected else text(pair.name, 64),
            "provider": redaction.body(pair.provider),
            "client": redaction.body(pair.client),
            "notes": [_note(note) for note in pair.notes[:WIDEST]] if pair.notes else [],
        }
        if pair.call:
            taken["call"] = pair.call
        if self._beginning and (cost := _cost(taken)) <= self._pairs_left:
            self._pairs_left -= cost
            self._recording["pairs"].append(taken)
        else:
            self._beginning = False
            self._keep_last(taken)
        if pair.client and not self._gave_content:
            self._give_content(taken["client"])

    def ended(self, record: Record) -> None:
        self._take(record)
        self._recording["ended"] = True
        if record.stream:
            self._give_content(b"")
        if self._gave_content and self._flow.response is not None:
            self._flow.response.raw_content = client_stream(self._recording)
        if self._flow.marked in ("", NOTED, BROKEN):
            self._flow.marked = _marker(record)
        self._comment(_comment(record, self._events))

    def _comment(self, comment: str) -> None:
        """Write the flow's comment, unless a person has written one."""
        if self._flow.comment == self._commented:
            self._flow.comment = self._commented = text(comment)

    def _take(self, record: Record) -> None:
        self._recording["record"] = _record(record)
        self._recording["notes"] = [_note(note) for note in record.notes[:_MOST_NOTES]]
        self._recording["left_out"]["notes"] = max(0, len(record.notes) - _MOST_NOTES)

    def _keep_last(self, taken: StoredPair) -> None:
        last, left_out = self._recording["last_pairs"], self._recording["left_out"]
        last.append(taken)
        self._last_left -= _cost(taken)
        while self._last_left < 0:
            gone = last.pop(0)
            self._last_left += _cost(gone)
            left_out["pairs"] += 1
            left_out["pair_bytes"] += len(gone["provider"]) + len(gone["client"])
            left_out["own_pairs"] = left_out.get("own_pairs", 0) + (not gone["provider"])

    def _give_content(self, content: bytes) -> None:
        response = self._flow.response
        if response is not None and response.raw_content is None:
            self._gave_content = True
            response.raw_content = content


def client_stream(recording: Recording) -> bytes:
    """Return the bytes that the client was streamed, as far as they were stored, with a comment where any
    are missing."""
    pieces = [pair["client"] for pair in recording["pairs"]]
    if missing := recording["left_out"]["pairs"]:
        pieces.append(b"\n\n: the gateway's recorder left out %d events here\n\n" % missing)
    pieces += [pair["client"] for pair in recording["last_pairs"]]
    return b"".join(pieces)


def _cost(pair: StoredPair) -> int:
    # The client's bytes are stored twice: here and as the answer's content.
    return _PAIR_COST + len(pair["provider"]) + 2 * len(pair["client"]) + 500 * len(pair["notes"])


def _marker(record: Record) -> str:
    if record.end in ("failed", "refused") or record.error is not None:
        return BROKEN
    return NOTED if any(note.matters for note in record.notes) else ""


def _comment(record: Record, events: int) -> str:
    """Return `claude-opus-4-8 -> anthropic  200  42 events  2 notes: seed dropped, temperature approximated`.

    An end that is no success comes first, since lists cut the end off: `failed: overloaded_error  claude-opus-4-8 ...`
    """
    parts = [_subject(record), str(record.status or "---")]
    if record.end != "complete" or record.error is not None:
        parts.insert(0, end_with_reasons(record.end, record.error))
    if events and record.stream:
        parts.append(_counted(events, "event"))
    if record.injected:
        parts.append(one_line(f"injected: {', '.join(record.injected)}", LONGEST_TEXT))
    if record.failed_attempts:
        parts.append(_counted(record.attempts, "attempt"))
    if record.cause and record.end != "complete":
        parts.append(one_line(record.cause, LONGEST_TEXT))
    if record.notes:
        parts.append(f"{_counted(len(record.notes), 'note')}: {briefly(record.notes, 3)}")
    return "  ".join(parts)


def _subject(record: Record) -> str:
    """Return the model and its provider; the model's other name only where it has one."""
    plain = subject(record)
    return plain.removesuffix(f"/{record.provider_model}") if record.provider_model == record.model else plain


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _record(record: Record) -> StoredRecord:
    usage = record.usage
    taken: StoredRecord = {
        "id": text(record.id),
        "started": record.started,
        "method": text(record.method),
        "path": text(record.path),
        "key_name": _maybe(record.key_name),
        "model": _maybe(record.model),
        "provider": _maybe(record.provider),
        "provider_model": _maybe(record.provider_model),
        "served_model": _maybe(record.served_model),
        "provider_id": _maybe(record.provider_id),
        "stream": record.stream,
        "status": record.status,
        "end": record.end,
        "error": _maybe(record.error),
        "message": None if record.message is None else text(record.message, _LONGEST_MESSAGE),
        "param": _maybe(record.param),
        "cause": _maybe(record.cause),
        "finish_reason": _maybe(record.finish_reason),
        "attempts": record.attempts,
        "usage": None
        if usage is None
        else {
            "input": usage.input,
            "output": usage.output,
            "cache_read": usage.cache_read,
            "cache_write": usage.cache_write,
            "reasoning": usage.reasoning,
        },
        "first_event": record.first_event,
        "duration": record.duration,
        "own": record.own,
    }
    if record.calls > 1:
        taken["calls"] = record.calls
    if record.injected:
        taken["injected"] = [text(fault) for fault in record.injected]
    if record.failed_attempts:
        taken["tries"] = [_try(report) for report in record.reports[:_MOST_TRIES]]
    return taken


def _try(report: AttemptReport) -> StoredTry:
    return {
        "at": report.at,
        "target": text(f"{report.provider}/{report.model}"),
        "credential": text(report.credential),
        "reason": _maybe(report.reason),
        "duration": report.duration,
    }


def _note(note: Note) -> StoredNote:
    return {
        "path": text(note.path),
        "fate": note.fate,
        "old": small(note.old),
        "new": small(note.new),
        "detail": text(note.detail),
    }


def _maybe(value: str | None) -> str | None:
    return None if value is None else text(value)
