"""An exchange as it grows: what the watcher hands over is put down as it is, and looked at before anybody reads it.

To look at it at once would cost an exchange more than all the rest of its recording, and most are never read.
"""

import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock

from addons.exchange.observers import AttemptReport, Pair, PhaseMessage, Record
from addons.inspector import search, texts
from addons.inspector.gaps import Gaps
from addons.inspector.recording import Attempt, EventPair, Exchange, Facts, Phase, Timings, Tokens, answering
from addons.inspector.redactor import Redactor
from routing.cooldowns import Rest
from translators.registry import CLIENTS

DIALECTS = {client.path: name for name, client in CLIENTS.items()}
"""By the paths that generate."""
EXCHANGE_COST = 1800
"""Bytes that Python itself needs for an exchange, about; then for a message, an event, a note."""
MESSAGE_COST = 350
HEADER_COST = 130
HEADER_BYTES = 40
"""Those of a header that nobody has looked at yet."""
EVENT_COST = 220
NOTE_COST = 600
MOST_NOTES = 500
MOST_ATTEMPTS = 64
MOST_NAMES = 100
LONGEST_NAME = 64
LARGE = 1024
"""Bytes of an event that is looked through by itself."""
SMALL_EXCHANGE = 32 * 1024
"""Bytes of an exchange whose messages wait for their redaction until somebody reads them: it would win no room."""
LARGE_EXCHANGE = 512 * 1024
"""Bytes of an exchange whose events are redacted at its end: there may be media in them, that take room."""
LARGEST_RAW = 64 * 1024
"""Bytes of a body that is not kept where nobody can redact it soon."""


class Entry:
    """`limit` bounds its bytes: of a body the end is cut, of a long stream the middle is left out."""

    def __init__(self, facts: Facts, limit: int, redactor: Redactor) -> None:
        self.facts = facts
        """As somebody last knew them (`known`); its id, its place and whether it is pinned are always right."""
        self._record: Record | None = None
        """What there is more to know from."""
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
        self._attempts: list[Attempt] = []
        self._head: list[Pair] = []
        """The first events; their numbers are their places."""
        self._tail: deque[Pair] | tuple[()] = ()
        """The last ones."""
        self._tail_left = limit // 8
        self._gaps: Gaps | None = None
        self._names: dict[str, str] = {}
        self._clean_to = 0
        """The number of the first event that is not redacted yet."""
        self._messages: list[PhaseMessage] = []
        """Those that nobody has looked at yet."""
        self._raw_phases: list[Phase] = []
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
        entry._attempts = list(exchange.attempts)
        phases = [exchange.client_request, exchange.client_response]
        for attempt in exchange.attempts:
            phases += (attempt.request, attempt.response)
        entry._raw_phases = [phase for phase in phases if phase is not None]
        sizes = (MESSAGE_COST + entry._raw_size(phase) for phase in entry._raw_phases)
        entry.size += sum(sizes) + NOTE_COST * len(facts.notes)
        entry._gaps = Gaps(facts.gaps)
        for event in exchange.events:
            entry._keep_again(event)
        return entry

    def _keep_again(self, event: EventPair) -> None:
        pair = _pair(event)
        if event.n == len(self._head):
            self._keep([pair], _cost(pair))
        else:
            self._keep_last([pair], _cost(pair))

    @property
    def over(self) -> bool:
        return self._ended or self.facts.end != "running"

    # --- what the watcher hands over ---

    def follow(self, record: Record) -> None:
        """Take what there is to know from a record, whenever somebody wants to know it, until the `end`."""
        self._record = record

    def end(self) -> None:
        self._ended = True

    def message(self, message: PhaseMessage) -> None:
        with self._lock:
            if not self.forgotten:
                self._messages.append(message)
                self.size += MESSAGE_COST + self._raw_size(message)

    def _put_down(self) -> None:
        """Make phases of the messages that came."""
        messages, self._messages = self._messages, []
        for message in messages:
            length = len(message.body or b"")
            phase = Phase(message.at * 1000, message.line, message.headers, message.body, length)
            self.facts.bytes += length
            self._raw_phases.append(phase)
            match message.phase:
                case "client_request":
                    self._client_request = phase
                case "client_response":
                    self._client_response = phase
                case "provider_request":
                    self._asked(message, phase)
                case _:
                    self._answered(message, phase)

    def _raw_size(self, phase: PhaseMessage | Phase) -> int:
        """Return what a message counts for until it is redacted; most of a body that is longer are media."""
        headers = len(phase.headers) * (HEADER_COST + HEADER_BYTES)
        return headers + min(len(phase.body or b""), self._limit * 3 // 4)

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

    def pairs(self, pairs: Sequence[Pair]) -> int:
        """Take the events of one read. Return the number of the first."""
        length = sum([len(pair.provider) + len(pair.client) for pair in pairs])
        noted = sum([len(pair.notes) for pair in pairs])
        if max([len(pair.name) for pair in pairs]) > LONGEST_NAME:
            pairs = [pair._replace(name=self._name(pair.name)) for pair in pairs]
        with self._lock:
            first = self.facts.events
            if any(pair.provider for pair in pairs):
                self._gaps = self._gaps or Gaps()
                self._gaps.add(pairs[0].at * 1000)
            self.facts.events += len(pairs)
            self.facts.bytes += length
            if not self.forgotten:
                self._keep(pairs, EVENT_COST * len(pairs) + length + NOTE_COST * noted)
        return first

    def _name(self, name: str) -> str:
        """Return an event's name, redacted; the same object for the same name, as long as there are few."""
        known = self._names.get(name)
        if known is None:
            known = self._redactor.text(name, LONGEST_NAME)
            if len(self._names) < MOST_NAMES:
                self._names[name] = known
        return known

    def _keep(self, pairs: Sequence[Pair], size: int) -> None:
        if not self._tail and self.size + size <= self._limit * 7 // 8:
            self._head += pairs
            self.size += size
        else:
            self._keep_last(pairs, size)

    def _keep_last(self, pairs: Sequence[Pair], size: int) -> None:
        self._tail = tail = self._tail or deque()
        tail += pairs
        self._tail_left -= size
        self.size += size
        while self._tail_left < 0 and tail:
            back = _cost(tail.popleft())
            self._tail_left += back
            self.size -= back

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
                self._take_report(report)
            for rest in record.rests[:MOST_ATTEMPTS]:
                self._take_rest(rest)
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

    def _take_rest(self, rest: Rest) -> None:
        """Give a rest to the last attempt at its target."""
        asked = (rest.provider, rest.model, rest.credential)
        for attempt in reversed(self._attempts):
            if (attempt.provider, attempt.model, attempt.credential) == asked:
                attempt.rest = rest.seconds * 1000
                return

    def _take_timings(self, record: Record, *, over: bool) -> None:
        connect = first = None
        if (answered := answering(self._attempts)) is not None:
            connect, first = answered.connect, answered.first_event
        self.facts.timings = Timings(
            own=record.own * 1000,
            connect=connect,
            waiting=None if first is None else first - (connect or 0.0),
            first_event=_ms(record.first_event),
            longest_gap=None if self._gaps is None else self._gaps.longest,
            duration=record.duration * 1000 if over else 0.0,
        )

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
        with self._lock:
            first, until = self._clean_to, self.facts.events
            raw = self._numbered(first)
        clean = self._redacted([pair for _, pair in raw])
        changed = [(n, old, new) for (n, old), new in zip(raw, clean, strict=True) if new is not old]
        if changed:
            with self._lock:
                for n, old, new in changed:
                    self._replace(n, old, new)
        self._clean_to = until

    def _numbered(self, first: int, until: int | None = None) -> list[tuple[int, Pair]]:
        """Return the events from number `first` on, with their numbers."""
        tail_at = self.facts.events - len(self._tail)
        head = enumerate(self._head[first:until], first)
        last = self.facts.events if until is None else until
        return [*head, *((n, pair) for n, pair in enumerate(self._tail, tail_at) if first <= n < last)]

    def _redacted(self, raw: list[Pair]) -> list[Pair]:
        """Return events without secrets; the very same ones where there are none."""
        short = [pair for pair in raw if len(pair.provider) < LARGE and len(pair.client) < LARGE]
        harmless = self._redactor.harmless([payload for pair in short for payload in (pair.provider, pair.client)])
        if harmless and len(short) == len(raw) and not any(pair.notes for pair in raw):
            return raw
        return [self._redacted_pair(pair, harmless=harmless) for pair in raw]

    def _redacted_pair(self, pair: Pair, *, harmless: bool) -> Pair:
        """Return an event without secrets. `harmless`: there are none in short ones."""
        redactor, provider, client = self._redactor, pair.provider, pair.client
        if harmless and not pair.notes and len(provider) < LARGE and len(client) < LARGE:
            return pair
        notes = tuple(map(redactor.note, pair.notes))
        return pair._replace(provider=redactor.event(provider), client=redactor.event(client), notes=notes)

    def _replace(self, n: int, old: Pair, new: Pair) -> None:
        """Put a redacted event in the place of number `n`, if that is still kept, and count its bytes."""
        by, place = _cost(new) - _cost(old), n - self.facts.events + len(self._tail)
        if n < len(self._head):
            self._head[n] = new
            self.size += by
        elif place >= 0 and self._tail:
            self._tail[place] = new
            self.size += by
            self._tail_left -= by

    def _clean_phase(self, phase: Phase) -> None:
        redactor = self._redactor
        line, headers = redactor.text(phase.line, 4096), redactor.headers(phase.headers)
        body = None if phase.body is None else redactor.body(phase.body)
        with self._lock:
            if self.forgotten:
                return
            self._raw_phases.pop(0)
            self.size -= self._raw_size(phase)
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
                    before = self._raw_size(phase)
                    phase.body, phase.cut = b"", True
                    self.size += self._raw_size(phase) - before

    def forget(self) -> None:
        """Let go of everything: there is no room for it, and what is still to come of it is not recorded."""
        with self._lock:
            self.forgotten = True
            self._client_request = self._client_response = None
            self._attempts, self._head, self._raw_phases, self._messages = [], [], [], []
            self._record = None
            self._tail, self._gaps, self._names = (), None, {}
            self.size = EXCHANGE_COST

    def known(self) -> Facts:
        """Return what is known of it now."""
        ended = self._ended
        if (record := self._record) is not None:
            self.take(record, over=ended)
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
                    if not self._raw_phases and not self._messages:
                        self.facts.gaps = self._shown_gaps()
                        shown, numbered = self._snapshot(), self._numbered(0, self._clean_to)
                        break
        shown.events = self._shown(numbered)
        return shown

    def events(self, first: int, most: int | None = None) -> tuple[EventPair, ...]:
        """Return its events from number `first` on, as far as they are kept; at `most` so many."""
        with self._cleaning:
            self._clean_events()
            with self._lock:
                numbered = self._numbered(first, self._clean_to)[:most]
        return self._shown(numbered)

    def _outline(self) -> Exchange:
        """Return it with bodies that are redacted, and with those of its events that a search sees, which may not be,
        nor its headers: nobody is to see it."""
        self.known()
        with self._cleaning:
            if self.size > SMALL_EXCHANGE:
                self._clean_phases()
            with self._lock:
                self._put_down()
                outline, numbered = self._snapshot(), self._numbered(0)
        if len(numbered) > texts.FIRST_EVENTS + texts.LAST_EVENTS:
            numbered = [*numbered[: texts.FIRST_EVENTS], *numbered[-texts.LAST_EVENTS :]]
        outline.events = self._shown(numbered)
        outline.client_request = self._legible(outline.client_request)
        outline.client_response = self._legible(outline.client_response)
        return outline

    def _legible(self, phase: Phase | None) -> Phase | None:
        """Return a message with a body that is redacted."""
        return None if phase is None or phase.body is None else replace(phase, body=self._redactor.body(phase.body))

    def _shown_gaps(self) -> tuple[float, ...]:
        return () if self._gaps is None else self._gaps.shown

    def _snapshot(self) -> Exchange:
        """Return it without its events."""
        return Exchange(self.facts, self._client_request, self._client_response, tuple(self._attempts))

    def _shown(self, numbered: list[tuple[int, Pair]]) -> tuple[EventPair, ...]:
        return tuple(
            EventPair(n, at * 1000, self._name(name) if name else "", provider, client, call, attempt, notes, injected)
            for n, (at, name, provider, client, notes, call, attempt, injected) in numbered
        )

    def searchable(self) -> str:
        """Return what a search looks through."""
        if self.over and not self.text and not self.forgotten:
            self.look_through()
        return self.text or search.heading(self.known())

    def look_through(self) -> None:
        """Find out about one that is over what needs time: its conversation, and what a search looks through."""
        whole = self._redactor.strict or self.size > LARGE_EXCHANGE
        exchange = self.exchange() if whole else self._outline()
        asked = texts.request(exchange)
        text = self._redactor.text(self._redactor.made(texts.searchable(exchange, asked)), texts.LONGEST)
        conversation = texts.conversation(exchange, asked)
        with self._lock:
            self.facts.conversation, self.facts.gaps = conversation, self._shown_gaps()
            self.size += sys.getsizeof(text) - sys.getsizeof(self.text)
            self.text = text


def _pair(event: EventPair) -> Pair:
    payloads, notes = (event.provider, event.client), event.notes
    return Pair(event.at / 1000, event.name, *payloads, notes, event.call, event.attempt, event.injected)


def _cost(pair: Pair) -> int:
    return EVENT_COST + len(pair.provider) + len(pair.client) + NOTE_COST * len(pair.notes)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
