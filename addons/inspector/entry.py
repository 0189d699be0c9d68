"""An exchange as it grows: what the watcher hands over is taken as it is, and redacted before anybody reads it.

To redact each event of a stream by itself would cost more than all the rest of its recording, and most are never read.
"""

import sys
from collections import deque
from threading import Lock

from addons.exchange.observers import AttemptReport, Pair, PhaseMessage, Record
from addons.inspector.gaps import Gaps
from addons.inspector.recording import Attempt, EventPair, Exchange, Facts, Phase, Timings, Tokens, answering
from addons.inspector.redactor import Redactor
from translators.registry import CLIENTS

DIALECTS = {client.path: name for name, client in CLIENTS.items()}
"""By the paths that generate."""
EXCHANGE_COST = 1800
"""Bytes that Python itself needs for an exchange, about; then for a message, an event, a note."""
MESSAGE_COST = 350
HEADER_COST = 130
EVENT_COST = 220
NOTE_COST = 600
MOST_NOTES = 500
MOST_ATTEMPTS = 64
MOST_NAMES = 100
LONGEST_NAME = 64
LARGE = 1024
"""Bytes of an event that is looked through by itself."""
LARGEST_RAW = 64 * 1024
"""Bytes of a body that is not kept where nobody can redact it soon."""


class Entry:
    """`limit` bounds its bytes: of a body the end is cut, of a long stream the middle is left out."""

    def __init__(self, facts: Facts, limit: int, redactor: Redactor) -> None:
        self.facts = facts
        self._limit, self._redactor = limit, redactor
        self._bodies_left = limit * 3 // 4
        self.size = EXCHANGE_COST
        """Bytes in memory."""
        self.counted = 0
        """Those of them that the store knows of."""
        self.text = ""
        """What a search looks through, once the exchange is over."""
        self.gone_before = 0
        """The exchanges between this one and the one before it in the store that are there no more."""
        self.on_disk = False
        self.forgotten = False
        """Somebody wanted it forgotten."""
        self._client_request: Phase | None = None
        self._client_response: Phase | None = None
        self._attempts: list[Attempt] = []
        self._head: list[EventPair] = []
        self._tail: deque[EventPair] = deque()
        self._tail_left = limit // 8
        self._gaps = Gaps()
        self._names: dict[str, str] = {}
        self._clean_to = 0
        """The number of the first event that is not redacted yet."""
        self._raw_phases: list[Phase] = []
        self.forgotten = False
        """It is not recorded any more: there was no room for it."""
        self._lock = Lock()
        """Held for moments alone: the gateway's loop waits for it."""
        self._cleaning = Lock()
        """Held as long as redacting takes."""

    @classmethod
    def of(cls, record: Record, limit: int, redactor: Redactor) -> "Entry":
        """Return an exchange that has just begun."""
        text = redactor.text
        seq, dialect = round(record.started * 1_000_000), DIALECTS.get(record.path, "")
        client, path = text(record.key_name or ""), text(record.path)
        facts = Facts(text(record.id), seq, record.started, client, dialect, path, method=text(record.method))
        return cls(facts, limit, redactor)

    @classmethod
    def again(cls, exchange: Exchange, limit: int, redactor: Redactor) -> "Entry":
        """Return an exchange that was recorded elsewhere, redacted as it is wanted here."""
        facts = exchange.facts
        facts.notes = tuple(map(redactor.note, facts.notes))
        entry = cls(facts, limit, redactor)
        entry._client_request, entry._client_response = exchange.client_request, exchange.client_response
        entry._attempts = list(exchange.attempts)
        phases = [exchange.client_request, exchange.client_response]
        for attempt in exchange.attempts:
            phases += (attempt.request, attempt.response)
        entry._raw_phases = [phase for phase in phases if phase is not None]
        sizes = (MESSAGE_COST + entry._raw_size(phase) for phase in entry._raw_phases)
        entry.size += sum(sizes) + NOTE_COST * len(facts.notes)
        for event in exchange.events:
            if event.provider:
                entry._gaps.add(event.at)
            entry._keep(event)
        return entry

    @property
    def over(self) -> bool:
        return self.facts.end != "running"

    # --- what the watcher hands over ---

    def message(self, message: PhaseMessage) -> None:
        length = len(message.body or b"")
        phase = Phase(message.at * 1000, message.line, message.headers, message.body, length)
        with self._lock:
            if self.forgotten:
                return
            self.facts.bytes += length
            self._raw_phases.append(phase)
            self.size += MESSAGE_COST + self._raw_size(phase)
            match message.phase:
                case "client_request":
                    self._client_request = phase
                case "client_response":
                    self._client_response = phase
                case "provider_request":
                    self._asked(message, phase)
                case _:
                    self._answered(message, phase)

    def _raw_size(self, phase: Phase) -> int:
        """Return what a body counts for until it is redacted; most of one that is longer are media."""
        return min(len(phase.body or b""), self._limit * 3 // 4)

    def _asked(self, message: PhaseMessage, phase: Phase) -> None:
        if len(self._attempts) >= MOST_ATTEMPTS:
            return
        attempt = Attempt(message.attempt, message.call, phase.at, phase)
        if (asked := message.asked) is not None:
            attempt.provider, attempt.model = asked.provider, asked.model
            attempt.credential, attempt.dialect = asked.credential, asked.dialect
        self._attempts.append(attempt)

    def _answered(self, message: PhaseMessage, phase: Phase) -> None:
        attempt = self._attempt(message.attempt, message.call)
        if attempt is not None:
            attempt.response = phase
            attempt.status = int(message.line) if message.line.isdecimal() else 0

    def _attempt(self, number: int, call: int) -> Attempt | None:
        """Return the last attempt of that number at a call."""
        return next((each for each in reversed(self._attempts) if (each.n, each.call) == (number, call)), None)

    def pair(self, pair: Pair) -> EventPair:
        """Take an event. What it returns may only be shown after `clean`."""
        facts, at, name, provider, client = self.facts, pair.at * 1000, pair.name, pair.provider, pair.client
        if provider:
            self._gaps.add(at)
        if name:
            name = self._name(name)
        notes, injected = pair.notes, pair.injected
        event = EventPair(facts.events, at, name, provider, client, pair.call, pair.attempt, notes, injected)
        with self._lock:
            facts.events += 1
            facts.bytes += len(provider) + len(client)
            if not self.forgotten:
                self._keep(event)
        return event

    def _name(self, name: str) -> str:
        """Return an event's name, redacted; the same object for the same name, as long as there are few."""
        known = self._names.get(name)
        if known is None:
            known = self._redactor.text(name, LONGEST_NAME)
            if len(self._names) < MOST_NAMES:
                self._names[name] = known
        return known

    def _keep(self, event: EventPair) -> None:
        size = EVENT_COST + len(event.provider) + len(event.client)
        if event.notes:
            size += NOTE_COST * len(event.notes)
        if not self._tail and self.size + size <= self._limit * 7 // 8:
            self._head.append(event)
            self.size += size
        else:
            self._keep_last(event, size)

    def _keep_last(self, event: EventPair, size: int) -> None:
        self._tail.append(event)
        self._tail_left -= size
        self.size += size
        while self._tail_left < 0 and self._tail:
            gone = self._tail.popleft()
            back = EVENT_COST + len(gone.provider) + len(gone.client) + NOTE_COST * len(gone.notes)
            self._tail_left += back
            self.size -= back

    def take(self, record: Record, *, over: bool = False) -> None:
        """Take what the record has come to say."""
        facts, text = self.facts, self._redactor.maybe
        with self._lock:
            facts.client = text(record.key_name) or ""
            facts.model, facts.stream, facts.status = text(record.model), record.stream, record.status
            facts.provider, facts.provider_model = text(record.provider), text(record.provider_model)
            facts.attempts, facts.finish_reason = record.attempts, text(record.finish_reason)
            facts.served_model, facts.provider_id = text(record.served_model), text(record.provider_id)
            facts.injected = tuple(record.injected)
            if len(record.notes) != len(facts.notes):
                notes = tuple(self._redactor.note(note) for note in record.notes[:MOST_NOTES])
                self.size += NOTE_COST * (len(notes) - len(facts.notes))
                facts.notes = notes
            for report in record.reports[:MOST_ATTEMPTS]:
                self._take_report(report)
            if over:
                facts.end, facts.error, facts.cause = record.end, text(record.error), text(record.cause)
                facts.message, facts.param = self._redactor.words(record.message, 4096), text(record.param)
            self._take_timings(record, over=over)
            answered = answering(self._attempts)
            facts.provider_dialect = None if answered is None else answered.dialect
            if (usage := record.usage) is not None:
                cached = (usage.cache_read, usage.cache_write)
                facts.tokens = Tokens(usage.input, usage.output, *cached, usage.reasoning)

    def _take_report(self, report: AttemptReport) -> None:
        attempt = self._attempt(report.attempt, report.call)
        if attempt is None or attempt.duration is not None:
            return
        attempt.duration, attempt.status = report.duration * 1000, report.status
        attempt.reason, attempt.kind = self._redactor.maybe(report.reason), report.kind
        attempt.injected = report.injected
        attempt.first_event, attempt.connect = _ms(report.first_event), _ms(report.connected)

    def _take_timings(self, record: Record, *, over: bool) -> None:
        connect = first = None
        if (answered := answering(self._attempts)) is not None:
            connect, first = answered.connect, answered.first_event
        self.facts.timings = Timings(
            own=record.own * 1000,
            connect=connect,
            waiting=None if first is None else first - (connect or 0.0),
            first_event=_ms(record.first_event),
            longest_gap=self._gaps.longest,
            duration=record.duration * 1000 if over else 0.0,
        )

    # --- what others read ---

    def clean(self) -> None:
        """Redact what has come since the last time."""
        with self._cleaning:
            self._clean_events()
            self._clean_phases()

    def _clean_phases(self) -> None:
        while self._raw_phases:
            self._clean_phase(self._raw_phases[0])

    def _clean_events(self) -> None:
        with self._lock:
            first, until = self._clean_to, self.facts.events
            raw = [*self._head[first:], *(event for event in self._tail if event.n >= first)]
        redactor = self._redactor
        short: list[bytes] = []
        for event in raw:
            if len(event.provider) < LARGE and len(event.client) < LARGE:
                short += (event.provider, event.client)
        harmless = redactor.harmless(short)
        for event in raw:
            if not harmless or len(event.provider) >= LARGE or len(event.client) >= LARGE:
                self._replace(event, redactor.event(event.provider), redactor.event(event.client))
            if event.notes:
                event.notes = tuple(redactor.note(note) for note in event.notes)
        self._clean_to = until

    def _replace(self, event: EventPair, provider: bytes, client: bytes) -> None:
        """Give an event its redacted payloads, and count their bytes if it is still kept."""
        with self._lock:
            by = len(provider) + len(client) - len(event.provider) - len(event.client)
            event.provider, event.client = provider, client
            in_tail = bool(self._tail) and event.n >= self._tail[0].n
            if in_tail or (self._head and event.n <= self._head[-1].n):
                self.size += by
            if in_tail:
                self._tail_left -= by

    def _clean_phase(self, phase: Phase) -> None:
        redactor = self._redactor
        line, headers = redactor.text(phase.line, 4096), redactor.headers(phase.headers)
        body = None if phase.body is None else redactor.body(phase.body)
        with self._lock:
            if self.forgotten:
                return
            self._raw_phases.pop(0)
            phase.line, phase.headers = line, headers
            self.size += len(line) + sum(HEADER_COST + len(name) + len(value) for name, value in headers)
            if body is None:
                return
            self.size -= self._raw_size(phase)
            room = self._bodies_left * 7 // 8
            phase.cut = phase.cut or len(body) > room
            phase.body = body[:room] if phase.cut else body
            self._bodies_left -= len(phase.body)
            self.size += len(phase.body)

    def drop_large(self) -> None:
        """Keep nothing of the bodies that are too large to wait for their redaction."""
        with self._lock:
            for phase in self._raw_phases:
                if len(phase.body or b"") > LARGEST_RAW:
                    self.size -= self._raw_size(phase)
                    phase.body, phase.cut = b"", True

    def forget(self) -> None:
        """Let go of everything: there is no room for it, and what is still to come of it is not recorded."""
        with self._lock:
            self.forgotten = True
            self._client_request = self._client_response = None
            self._attempts, self._head, self._raw_phases = [], [], []
            self._tail.clear()
            self._names.clear()
            self.size = EXCHANGE_COST

    def exchange(self) -> Exchange:
        """Return it as it is now."""
        with self._cleaning:
            while True:
                self._clean_events()
                self._clean_phases()
                with self._lock:
                    if not self._raw_phases:
                        self.facts.gaps = self._gaps.shown
                        return self._snapshot(self._clean_to)

    def outline(self) -> Exchange:
        """Return it as it is now, with messages that are redacted and events that may not be: nobody is to see it."""
        with self._cleaning:
            self._clean_phases()
            with self._lock:
                return self._snapshot(self.facts.events)

    def _snapshot(self, until: int) -> Exchange:
        """Return it with its events up to number `until`."""
        events = tuple(event for event in (*self._head, *self._tail) if event.n < until)
        return Exchange(self.facts, self._client_request, self._client_response, tuple(self._attempts), events)

    def finish(self, conversation: str | None, text: str) -> None:
        """Take what was found out about it after its end."""
        with self._lock:
            self.facts.conversation, self.facts.gaps = conversation, self._gaps.shown
            self.size += sys.getsizeof(text) - sys.getsizeof(self.text)
            self.text = text
            self._names.clear()


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
