"""The values of a recorded exchange, and the JSON that the page, the API and the spool have of them.

Everything in an `Exchange` that is read has been redacted: keys are `[redacted]`, a medium stands as
`"[base64 image/png, 1234 bytes, sha256 0123456789ab]"` in its place. Bodies are bytes here and text in the JSON.
`at` and durations are milliseconds, `at` counts from the exchange's start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from addons.exchange.observers import Phase as PhaseName
from translators.notes import Note
from translators.values import immutable

End = Literal["complete", "refused", "failed", "cancelled", "running"]
Headers = tuple[tuple[str, str], ...]

PHASES: tuple[PhaseName, ...] = ("client_request", "provider_request", "provider_response", "client_response")
SLICES = 32
"""The gaps of a stream's spark line."""
MOST_EVENTS = 2000
"""The events of a detail; `Exchange.events` has the others."""


@dataclass(slots=True)
class Phase:
    """One message. `body` None: there was none, or it is a stream, whose content is in the events. `bytes` is its
    length before it was redacted and cut."""

    at: float
    line: str
    headers: Headers
    body: bytes | None
    bytes: int
    cut: bool = False

    def json(self) -> dict[str, Any]:
        """`{"at": 1.5, "line": "POST /v1/messages", "headers": [[name, value]], "body": text | null, "bytes": 812,
        "cut": false}`"""
        return {
            "at": self.at,
            "line": self.line,
            "headers": [[name, value] for name, value in self.headers],
            "body": None if self.body is None else self.body.decode("utf-8", "replace"),
            "bytes": self.bytes,
            "cut": self.cut,
        }


@dataclass(slots=True)
class EventPair:
    """A provider's event and the client bytes that it became; see `addons.exchange.observers.Pair`. `n` counts the
    events of an exchange from 0, with those that were left out."""

    n: int
    at: float
    name: str
    provider: bytes
    client: bytes
    call: int = 0
    attempt: int = 0
    notes: tuple[Note, ...] = ()
    injected: bool = False

    def json(self) -> dict[str, Any]:
        """`{"n": 0, "at": 12.5, "name": "message_start", "provider": text, "client": text, "call": 0, "attempt": 1,
        "notes": [Note], "injected": false}`"""
        return {
            "n": self.n,
            "at": self.at,
            "name": self.name,
            "provider": self.provider.decode("utf-8", "replace"),
            "client": self.client.decode("utf-8", "replace"),
            "call": self.call,
            "attempt": self.attempt,
            "notes": [note_json(note) for note in self.notes],
            "injected": self.injected,
        }


@dataclass(slots=True)
class Attempt:
    """One attempt at one target. `n` and `call` are its number and its call, as the events have them; `reason` and
    `kind` say why it did not answer; `status` is 0 where there was none. `duration` None: it is under way.
    `rest` is how long its credential rests since."""

    n: int
    call: int
    at: float
    request: Phase
    provider: str = ""
    model: str = ""
    credential: str = ""
    dialect: str = ""
    duration: float | None = None
    status: int = 0
    reason: str | None = None
    kind: str | None = None
    injected: bool = False
    first_event: float | None = None
    connect: float | None = None
    response: Phase | None = None
    rest: float | None = None

    def json(self) -> dict[str, Any]:
        """`{"n": 1, "call": 0, "provider": "anthropic", "model": "claude-opus-4-8", "credential": "anthropic-1",
        "dialect": "anthropic", "at": 1.5, "duration": 812.0, "status": 200, "reason": null, "kind": null,
        "injected": false, "first_event": 301.0, "connect": 42.0, "rest": null, "request": Phase,
        "response": Phase | null}`"""
        return {
            "n": self.n,
            "call": self.call,
            "provider": self.provider,
            "model": self.model,
            "credential": self.credential,
            "dialect": self.dialect,
            "at": self.at,
            "duration": self.duration,
            "status": self.status,
            "reason": self.reason,
            "kind": self.kind,
            "injected": self.injected,
            "first_event": self.first_event,
            "connect": self.connect,
            "rest": self.rest,
            "request": self.request.json(),
            "response": None if self.response is None else self.response.json(),
        }


@immutable
class Timings:
    """`waiting` is from the connection to the first event of the attempt that answered, `first_event` from the
    request's last byte to the provider's first event. None: it did not come to that."""

    own: float = 0.0
    connect: float | None = None
    waiting: float | None = None
    first_event: float | None = None
    longest_gap: float | None = None
    duration: float = 0.0

    def json(self) -> dict[str, Any]:
        return {
            "own": self.own,
            "connect": self.connect,
            "waiting": self.waiting,
            "first_event": self.first_event,
            "longest_gap": self.longest_gap,
            "duration": self.duration,
        }


NO_TIMES = Timings()


@immutable
class Tokens:
    """The counts that the provider reported; None is unknown."""

    input: int
    output: int
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None

    def json(self) -> dict[str, Any]:
        return {
            "input": self.input,
            "output": self.output,
            "cache_read": self.cache_read,
            "cache_write": self.cache_write,
            "reasoning": self.reasoning,
        }


@dataclass(slots=True)
class Facts:
    """The exchange as a line of the list has it."""

    id: str
    seq: int
    """Its place in the list: a later exchange has a higher one, also after a restart."""
    started: float
    """Seconds since 1970."""
    client: str
    dialect: str
    """Empty where the path is none that generates."""
    path: str
    model: str | None = None
    provider: str | None = None
    provider_model: str | None = None
    provider_dialect: str | None = None
    status: int = 0
    stream: bool = False
    end: End = "running"
    error: str | None = None
    message: str | None = None
    """The error's message."""
    param: str | None = None
    """The field that the error is about."""
    cause: str | None = None
    finish_reason: str | None = None
    tokens: Tokens | None = None
    provider_id: str | None = None
    served_model: str | None = None
    timings: Timings = NO_TIMES
    notes: tuple[Note, ...] = ()
    note_count: tuple[int, int] | None = None
    """Number and weight of the notes, where they are not known themselves."""
    attempts: int = 0
    events: int = 0
    gaps: tuple[float, ...] = ()
    bytes: int = 0
    """All that was on the wire: the bodies and the events' payloads, before anything was redacted or left out."""
    pinned: bool = False
    conversation: str | None = None
    injected: tuple[str, ...] = ()
    method: str = "POST"


@dataclass(slots=True)
class Exchange:
    """A recorded exchange as it was when it was read. `events` are those that were stored, in their order."""

    facts: Facts
    client_request: Phase | None = None
    client_response: Phase | None = None
    attempts: tuple[Attempt, ...] = ()
    events: tuple[EventPair, ...] = ()

    @property
    def id(self) -> str:
        return self.facts.id

    @property
    def answering(self) -> Attempt | None:
        """Return the attempt that answered; else the last one."""
        return answering(self.attempts)

    @property
    def events_left_out(self) -> int:
        return self.facts.events - len(self.events)

    @property
    def calls(self) -> int:
        """Return the number of calls to its provider that the request became."""
        return max((attempt.call for attempt in self.attempts), default=0) + 1

    def beginning_and_end(self) -> tuple[Sequence[EventPair], Sequence[EventPair]]:
        """Return the stored events before those that were left out, and those after them."""
        events = self.events
        whole = next((at for at, event in enumerate(events) if event.n != at), len(events))
        return events[:whole], events[whole:]

    def client_stream(self) -> bytes:
        """Return the bytes that the client was streamed, as far as they were stored, with a comment where any are
        missing."""
        beginning, end = self.beginning_and_end()
        pieces = [event.client for event in beginning]
        if missing := self.events_left_out:
            pieces.append(b"\n\n: the gateway's recorder left out %d events here\n\n" % missing)
        return b"".join([*pieces, *(event.client for event in end)])

    def phase(self, name: PhaseName) -> Phase | None:
        """Return one of the four phases; those of the provider are of the attempt that answered."""
        attempt = self.answering
        match name:
            case "client_request":
                return self.client_request
            case "client_response":
                return self.client_response
            case "provider_request":
                return None if attempt is None else attempt.request
        return None if attempt is None else attempt.response

    def summary(self) -> dict[str, Any]:
        """Return the `Summary` of the API: `{"id", "started", "client", "model", "status", ...}`."""
        return summary_json(self.facts)

    def detail(self, most_events: int = MOST_EVENTS) -> dict[str, Any]:
        """Return the whole exchange as the API shows it, with its first `most_events` events.
        Its `events` are these; their number in the summary is `event_count` here."""
        facts = self.facts
        phases = {name: self.phase(name) for name in PHASES}
        return {
            **self.summary(),
            "phases": {name: None if phase is None else phase.json() for name, phase in phases.items()},
            "attempts": [attempt.json() for attempt in self.attempts],
            "events": [pair.json() for pair in self.events[:most_events]],
            "event_count": facts.events,
            "events_left_out": self.events_left_out,
            "notes": [note_json(note) for note in facts.notes],
            "timings": facts.timings.json(),
            "ended_by": ended_by(facts),
            "method": facts.method,
            "message": facts.message,
            "param": facts.param,
            "provider_id": facts.provider_id,
            "served_model": facts.served_model,
        }

    def written(self) -> dict[str, Any]:
        """Return the detail with all events, to be read by `restoring`; what stands in the attempts is not repeated
        in the phases."""
        detail = self.detail(len(self.events))
        phases = detail["phases"]
        clients = {name: phases[name] for name in ("client_request", "client_response")}
        return {**detail, "phases": clients, "attempt_count": self.facts.attempts}


def answering(attempts: Sequence[Attempt]) -> Attempt | None:
    """Return the attempt that answered; else the last one."""
    answered = (each for each in attempts if each.duration is not None and each.reason is None)
    return next(answered, attempts[-1] if attempts else None)


def summary_json(facts: Facts) -> dict[str, Any]:
    """Return a line of the list: `{"id": "req_1", "seq": 7, "started": "2026-01-31T12:00:00.123Z", "client": "alice",
    "dialect": "chat", "path": "/v1/chat/completions", "model": "claude", "provider": "anthropic", "status": 200,
    "stream": true, "end": "complete", "tokens": {"input": 12, ...} | null, "first_event": 301.0, "duration": 900.0,
    "own": 1.2, "notes": {"count": 1, "weight": 5}, "attempts": 1, "events": 42, "gaps": [0.5], "bytes": 8123,
    "pinned": false, "conversation": null, "injected": []}`"""
    timings = facts.timings
    count, weight = facts.note_count or (len(facts.notes), max((note.weight for note in facts.notes), default=0))
    return {
        "id": facts.id,
        "seq": facts.seq,
        "started": iso(facts.started),
        "client": facts.client,
        "dialect": facts.dialect,
        "path": facts.path,
        "model": facts.model,
        "provider": facts.provider,
        "provider_model": facts.provider_model,
        "provider_dialect": facts.provider_dialect,
        "status": facts.status,
        "stream": facts.stream,
        "end": facts.end,
        "error": facts.error,
        "cause": facts.cause,
        "finish_reason": facts.finish_reason,
        "tokens": None if facts.tokens is None else facts.tokens.json(),
        "first_event": timings.first_event,
        "duration": timings.duration,
        "own": timings.own,
        "longest_gap": timings.longest_gap,
        "notes": {"count": count, "weight": weight},
        "attempts": facts.attempts,
        "events": facts.events,
        "gaps": list(facts.gaps),
        "bytes": facts.bytes,
        "pinned": facts.pinned,
        "conversation": facts.conversation,
        "injected": list(facts.injected),
    }


def repeated(id: str, seq: int) -> str:
    """Return the name of an exchange with whose id a later one came: a client may repeat it, also after a restart."""
    return f"{id}~{seq}"


def note_json(note: Note) -> dict[str, Any]:
    """`{"path": "seed", "fate": "dropped", "old": 7, "new": null, "detail": "...", "weight": 5, "lost": true}`"""
    return {
        "path": note.path,
        "fate": note.fate,
        "old": note.old,
        "new": note.new,
        "detail": note.detail,
        "weight": note.weight,
        "lost": note.lost,
    }


def note_of(value: Mapping[str, Any]) -> Note:
    """Return the note of `note_json`."""
    loss = value["lost"] if value["lost"] != (value["fate"] == "dropped") or value["weight"] == 0 else None
    return Note(value["path"], value["fate"], value["old"], value["new"], value["detail"], loss)


def ended_by(facts: Facts) -> str:
    """Return who ended the exchange, and why, in a few words."""
    why = facts.cause or facts.error
    match facts.end:
        case "running":
            return "it is under way"
        case "complete":
            return facts.cause or "the provider: its answer is complete"
        case "refused":
            return f"the gateway: it refused the request ({why})" if why else "the gateway: it refused the request"
        case "cancelled":
            return why or "the client left"
    return why or "it failed"


def iso(seconds: float) -> str:
    """Return a time in UTC with milliseconds: `2026-01-31T12:00:00.123Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


@immutable
class Listing:
    """A part of the list, newest first. `total` counts all that a query found, `gone` what the store had to forget."""

    exchanges: tuple[dict[str, Any], ...]
    total: int
    gone: int
    more: bool

    def json(self) -> dict[str, Any]:
        return {"exchanges": list(self.exchanges), "total": self.total, "gone": self.gone, "more": self.more}


@immutable
class Change:
    """A change, as a subscriber is told of it. `exchange`: `summary` is there or has changed. `events`: `events` came,
    of `id`. `gone`: `ids` are there no more. `resync`: there was more than the subscriber took; it should read the
    list."""

    kind: Literal["exchange", "events", "gone", "resync"]
    id: str = ""
    summary: Mapping[str, Any] | None = None
    events: tuple[EventPair, ...] = ()
    ids: tuple[str, ...] = ()
