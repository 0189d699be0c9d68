"""An exchange as it grows: what the watcher hands over is put down as it is, and looked at before anybody reads it.

To look at it at once would cost an exchange more than all the rest of its recording, and most are never read.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from threading import Lock

from addons.exchange.observers import Pair, Pairs, PhaseMessage, Record
from addons.inspector import conversations, cut_secrets, kept_events, packed, search, search_text
from addons.inspector.attempts import MOST_ATTEMPTS, Attempts, ms
from addons.inspector.gaps import Gaps
from addons.inspector.kept_events import NOTE_COST, KeptEvents, unpacked
from addons.inspector.recording import Attempt, EventPair, Exchange, Facts, Phase, Timings, Tokens
from addons.inspector.redactor import LONGEST_NAME, Redactor
from translators.registry import CLIENTS

DIALECTS = {client.path: name for name, client in CLIENTS.items()}
"""By the paths that generate."""
EXCHANGE_COST = 1800
"""Bytes that Python itself needs for an exchange, about; then for a message, a header."""
MESSAGE_COST = 350
HEADER_COST = 130
HEADER_BYTES = 40
"""Those of a header that nobody has looked at yet."""
MOST_NOTES = 500
SMALL_EXCHANGE = 32 * 1024
"""Bytes of an exchange whose messages wait for their redaction until somebody reads them: it would win no room."""
LARGE_EXCHANGE = 512 * 1024
"""Bytes of an exchange whose events are redacted at its end: there may be media in them, that take room."""
MOST_WAITING = 16
"""Small events that wait to be kept together."""
LARGEST_RAW = 64 * 1024
"""Bytes of a body that is not kept where nobody can redact it soon."""

_NO_ATTEMPTS, _NO_EVENTS = Attempts(), KeptEvents(0)
"""Those of an exchange that has none yet."""


class Entry:
    """`limit` bounds its bytes: of a body the end is cut, of a long stream the middle is left out."""

    def __init__(self, facts: Facts, limit: int, redactor: Redactor) -> None:
        self.facts = facts
        """As somebody last knew them (`known`); its id, its place and whether it is pinned are always right."""
        self._record: Record | bytes | None = None
        """What there is more to know from; once it is over, packed."""
        self._ended = False
        self._limit, self._redactor = limit, redactor
        self._bodies_left = limit * 3 // 4
        self.size = EXCHANGE_COST
        """Bytes in memory."""
        self.counted = 0
        """Those of them that the store knows of."""
        self.text = ""
        """What a search looks through, once the exchange is over and somebody has looked through it."""
        self.gone_before = 0
        """The exchanges between this one and the one before it in the store that are there no more."""
        self.on_disk = False
        self._client_request: Phase | None = None
        self._client_response: Phase | None = None
        self._attempts = _NO_ATTEMPTS
        self._events = _NO_EVENTS
        self._gaps: Gaps | None = None
        self._waiting: list[Pairs] = []
        """The events that came last, each by itself: to keep some together takes less time."""
        self._clean_to = 0
        """The number of the first event that is not redacted yet."""
        self._mended = False
        """It was looked for secrets that its events have cut in pieces."""
        self._messages: list[packed.Message] = []
        """Those that nobody has looked at yet."""
        self._raw_phases: tuple[Phase, ...] = ()
        """Those that are not redacted yet."""
        self.forgotten = False
        """It is not recorded any more: there was no room for it."""
        self._lock = Lock()
        """Held for moments alone: the gateway's loop waits for it."""
        self._cleaning = Lock()
        """Held as long as redacting takes."""

    @classmethod
    def of(cls, record: Record, limit: int, redactor: Redactor) -> "Entry":
        """Return an exchange that has just begun."""
        name = redactor.name
        seq, dialect = round(record.started * 1_000_000), DIALECTS.get(record.path, "")
        client, path, method = name(record.key_name) or "", name(record.path) or "", name(record.method) or ""
        facts = Facts(redactor.text(record.id), seq, record.started, client, dialect, path, method=method)
        return cls(facts, limit, redactor)

    @classmethod
    def again(cls, exchange: Exchange, limit: int, redactor: Redactor) -> "Entry":
        """Return an exchange that was recorded elsewhere, redacted as it is wanted here."""
        facts = exchange.facts
        facts.notes = tuple(map(redactor.note, facts.notes))
        entry = cls(facts, limit, redactor)
        entry._client_request, entry._client_response = exchange.client_request, exchange.client_response
        entry._attempts = Attempts(exchange.attempts)
        phases = [exchange.client_request, exchange.client_response]
        for attempt in exchange.attempts:
            phases += (attempt.request, attempt.response)
        entry._raw_phases = tuple(phase for phase in phases if phase is not None)
        sizes = (MESSAGE_COST + _raw_size(phase, limit) for phase in entry._raw_phases)
        entry.size += sum(sizes) + NOTE_COST * len(facts.notes)
        entry._gaps = Gaps(facts.gaps)
        entry._events = KeptEvents(limit // 8)
        for event in exchange.events:
            pair = _pair(event)
            entry._events.skip(event.n)
            entry._keep([pair])
        entry._events.skip(facts.events)
        return entry

    @property
    def over(self) -> bool:
        return self._ended or self.facts.end != "running"

    # --- what the watcher hands over ---

    def follow(self, record: Record) -> None:
        """Take what there is to know from a record, whenever somebody wants to know it, until the `end`."""
        self._record = record

    def end(self) -> None:
        self._ended = True
        with self._lock:
            self._take_waiting()
        if isinstance(record := self._record, Record):
            self._record = packed.record(record)

    def message(self, message: PhaseMessage) -> None:
        with self._lock:
            if not self.forgotten:
                self._messages.append(packed.message(message))
                self.size += MESSAGE_COST + _raw_size(message, self._limit)

    def _put_down(self) -> None:
        """Make phases of the messages that came, and keep the events that wait."""
        self._take_waiting()
        messages, self._messages = self._messages, []
        if messages and self._attempts is _NO_ATTEMPTS:
            self._attempts = Attempts()
        for message in map(packed.message_of, messages):
            length = len(message.body or b"")
            phase = Phase(message.at * 1000, message.line, message.headers, message.body, length)
            self.facts.bytes += length
            self._raw_phases += (phase,)
            match message.phase:
                case "client_request":
                    self._client_request = phase
                case "client_response":
                    self._client_response = phase
                case "provider_request":
                    self._attempts.asked(message, phase)
                case _:
                    self._attempts.answered(message, phase)

    def pairs(self, pairs: Sequence[Pair]) -> int:
        """Take the events of one read. Return the number of the first."""
        with self._lock:
            first = self.facts.events + len(self._waiting)
            if isinstance(pairs, Pairs) and pairs.is_small:
                self._waiting.append(pairs)
                if len(self._waiting) >= MOST_WAITING:
                    self._take_waiting()
            else:
                self._take_waiting()
                self._take_events([pairs])
        return first

    def _take_waiting(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._take_events(waiting)

    def _take_events(self, reads: Sequence[Sequence[Pair]]) -> None:
        facts, pairs = self.facts, reads[0] if len(reads) == 1 else [*chain.from_iterable(reads)]
        names, providers, clients = kept_events.columns(pairs)
        facts.events += len(pairs)
        facts.bytes += sum(map(len, providers)) + sum(map(len, clients))
        for read in reads:
            if (at := kept_events.came(read)) is not None:
                self._gaps = self._gaps or Gaps()
                self._gaps.add(at * 1000)
        if max(map(len, {*names})) > LONGEST_NAME:
            pairs = [pair._replace(name=self._redactor.event_name(pair.name)) for pair in pairs]
        if not self.forgotten:
            self._keep(pairs)

    def _keep(self, pairs: Sequence[Pair]) -> None:
        if self._events is _NO_EVENTS:
            self._events = KeptEvents(self._limit // 8)
        self.size += self._events.add(pairs, self._limit * 7 // 8 - self.size)

    def take(self, record: Record, *, over: bool = False) -> None:
        """Take what the record has come to say."""
        facts, text, name = self.facts, self._redactor.maybe, self._redactor.name
        with self._lock:
            self._put_down()
            facts.client = name(record.key_name) or ""
            facts.model, facts.stream, facts.status = name(record.model), record.stream, record.status
            facts.provider, facts.provider_model = name(record.provider), name(record.provider_model)
            facts.attempts, facts.finish_reason = record.attempts, name(record.finish_reason)
            facts.served_model, facts.provider_id = name(record.served_model), text(record.provider_id)
            facts.injected = tuple(record.injected)
            if len(record.notes) != len(facts.notes) or (over and record.notes):
                notes = tuple(self._redactor.note(note) for note in record.notes[:MOST_NOTES])
                self.size += NOTE_COST * (len(notes) - len(facts.notes))
                facts.notes = notes
            for report in record.reports[:MOST_ATTEMPTS]:
                self._attempts.ended(report, name(report.reason))
            for rest in record.rests[:MOST_ATTEMPTS]:
                self._attempts.rests(rest)
            if over:
                facts.end, facts.error, facts.cause = record.end, text(record.error), text(record.cause)
                facts.message, facts.param = self._redactor.words(record.message, 4096), text(record.param)
            answered = self._attempts.answering
            facts.timings = _timings(record, answered, self._gaps, over=over)
            facts.provider_dialect = None if answered is None else answered.dialect
            if (usage := record.usage) is not None:
                cached = (usage.cache_read, usage.cache_write)
                facts.tokens = Tokens(usage.input, usage.output, *cached, usage.reasoning)

    # --- what others read ---

    def clean(self) -> None:
        """Redact what has come since the last time."""
        with self._cleaning:
            self._clean_events()
            self._clean_phases()

    def _clean_phases(self) -> None:
        with self._lock:
            self._put_down()
        while self._raw_phases:
            self._clean_phase(self._raw_phases[0])

    def _clean_events(self) -> None:
        over = self.over
        with self._lock:
            self._take_waiting()
            raw, until = self._events.since(self._clean_to), self.facts.events
        self._put(kept_events.changed(raw, lambda numbered: self._redactor.pairs([pair for _, pair in numbered])))
        self._clean_to = until
        if over and not self._mended:
            with self._lock:
                kept = self._events.since(0)
            self._put(kept_events.changed(kept, lambda numbered: cut_secrets.mended(numbered, self._redactor)))
            self._mended = True

    def _put(self, clean: Sequence[kept_events.Read]) -> None:
        """Put events that hide something in the places of those that do not."""
        if clean:
            with self._lock:
                self.size += self._events.put(clean)

    def _clean_phase(self, phase: Phase) -> None:
        redactor = self._redactor
        line, headers = redactor.text(phase.line, 4096), redactor.headers(phase.headers)
        body = None if phase.body is None else redactor.body(phase.body)
        with self._lock:
            if self.forgotten:
                return
            self._raw_phases = self._raw_phases[1:]
            self.size -= _raw_size(phase, self._limit)
            phase.line, phase.headers = line, headers
            self.size += len(line) + sum(HEADER_COST + len(name) + len(value) for name, value in headers)
            if body is None:
                return
            room = self._bodies_left * 7 // 8
            phase.cut = phase.cut or len(body) > room
            phase.body = body[:room] if phase.cut else body
            self._bodies_left -= len(phase.body)
            self.size += len(phase.body)

    def drop_large(self) -> None:
        """Keep nothing of the bodies that are too large to wait for their redaction."""
        with self._lock:
            self._put_down()
            for phase in self._raw_phases:
                if len(phase.body or b"") > LARGEST_RAW:
                    before = _raw_size(phase, self._limit)
                    phase.body, phase.cut = b"", True
                    self.size += _raw_size(phase, self._limit) - before

    def forget(self) -> None:
        """Let go of everything: there is no room for it, and what is still to come of it is not recorded."""
        with self._lock:
            self.forgotten = True
            self._client_request = self._client_response = None
            self._attempts, self._raw_phases, self._messages = _NO_ATTEMPTS, (), []
            self._record = None
            self._events, self._waiting = _NO_EVENTS, []
            self._gaps = None
            self.size = EXCHANGE_COST

    def known(self) -> Facts:
        """Return what is known of it now."""
        ended = self._ended
        if (record := self._record) is not None:
            self.take(packed.record_of(record), over=ended)
            if ended:
                self._record = None
        return self.facts

    def exchange(self) -> Exchange:
        """Return it as it is now."""
        self.known()
        with self._cleaning:
            while True:
                self._clean_events()
                self._clean_phases()
                with self._lock:
                    if not self._raw_phases and not self._messages and not self._waiting:
                        self.facts.gaps = _slices(self._gaps)
                        shown, reads = self._snapshot(), self._events.since(0, self._clean_to)
                        break
        shown.events = _shown(unpacked(reads), self._redactor)
        return shown

    def events(self, first: int, most: int | None = None) -> tuple[EventPair, ...]:
        """Return its events from number `first` on, as far as they are kept; at `most` so many."""
        with self._cleaning:
            self._clean_events()
            with self._lock:
                reads = self._events.since(first, self._clean_to)
        return _shown(unpacked(reads, first, most), self._redactor)

    def _outline(self) -> Exchange:
        """Return it with bodies that are redacted, and with those of its events that a search sees, which may not be,
        nor its headers: nobody is to see it."""
        self.known()
        with self._cleaning:
            if self.size > SMALL_EXCHANGE:
                self._clean_phases()
            with self._lock:
                self._put_down()
                outline, reads = self._snapshot(), self._events.since(0)
        numbered = unpacked(reads)
        if len(numbered) > search_text.FIRST_EVENTS + search_text.LAST_EVENTS:
            numbered = [*numbered[: search_text.FIRST_EVENTS], *numbered[-search_text.LAST_EVENTS :]]
        outline.events = _shown(numbered, self._redactor)
        outline.client_request = _legible(outline.client_request, self._redactor)
        outline.client_response = _legible(outline.client_response, self._redactor)
        return outline

    def _snapshot(self) -> Exchange:
        """Return it without its events."""
        return Exchange(self.facts, self._client_request, self._client_response, self._attempts.all)

    def searchable(self) -> str:
        """Return what a search looks through."""
        if self.over and not self.text and not self.forgotten:
            self.look_through()
        return self.text or search.heading(self.known())

    def look_through(self) -> None:
        """Find out about one that is over what needs time: its conversation, and what a search looks through."""
        whole = self._redactor.strict or self.size > LARGE_EXCHANGE
        exchange = self.exchange() if whole else self._outline()
        asked = search_text.request(exchange)
        text = self._redactor.text(self._redactor.made(search_text.searchable(exchange, asked)), search_text.LONGEST)
        conversation = conversations.of_exchange(exchange, asked)
        with self._lock:
            self.facts.conversation, self.facts.gaps = conversation, _slices(self._gaps)
            self.size += sys.getsizeof(text) - sys.getsizeof(self.text)
            self.text = text


def _pair(event: EventPair) -> Pair:
    payloads, notes = (event.provider, event.client), event.notes
    return Pair(event.at / 1000, event.name, *payloads, notes, event.call, event.attempt, event.injected)


def _shown(numbered: Iterable[tuple[int, Pair]], redactor: Redactor) -> tuple[EventPair, ...]:
    named = redactor.event_name
    return tuple(
        EventPair(n, at * 1000, named(name), provider, client, call, attempt, notes, injected)
        for n, (at, name, provider, client, notes, call, attempt, injected) in numbered
    )


def _legible(phase: Phase | None, redactor: Redactor) -> Phase | None:
    """Return a message with a body that is redacted."""
    return None if phase is None or phase.body is None else replace(phase, body=redactor.body(phase.body))


def _slices(gaps: Gaps | None) -> tuple[float, ...]:
    return () if gaps is None else gaps.shown


def _raw_size(message: PhaseMessage | Phase, limit: int) -> int:
    """Return what a message counts for until it is redacted; most of a body that is longer are media."""
    headers = len(message.headers) * (HEADER_COST + HEADER_BYTES)
    return headers + min(len(message.body or b""), limit * 3 // 4)


def _timings(record: Record, answered: Attempt | None, gaps: Gaps | None, *, over: bool) -> Timings:
    connect, first = (None, None) if answered is None else (answered.connect, answered.first_event)
    return Timings(
        own=record.own * 1000,
        connect=connect,
        waiting=None if first is None else first - (connect or 0.0),
        first_event=ms(record.first_event),
        longest_gap=None if gaps is None else gaps.longest,
        duration=record.duration * 1000 if over else 0.0,
    )
