"""The recorded answers of a provider, once more on their way to the client."""

from collections.abc import Mapping, Sequence
from typing import Any

from addons.exchange.request import Rendering
from addons.inspector.recording import Attempt, EventPair, Exchange
from addons.inspector.stand_ins import stand_in_bytes
from addons.page.differing import events_of, parsed, without_comments
from translators.dialects import Envelope, Writer
from translators.errors import Failure
from translators.joining import Joined
from translators.notes import Note
from translators.pipe import Pipe
from translators.values import immutable

PROVIDERS_FAULT = "the provider's answer"
"""The cause of an end that is in what the provider said, not in how it came."""
_STREAM = "text/event-stream"


@immutable
class Piece:
    """The bytes that the client would get of one event, and the notes on it."""

    event: EventPair
    out: bytes
    notes: tuple[Note, ...] = ()


@immutable
class Answered:
    """The answer that the client would get now. `pieces` are those of a stream. `failure`: it is an error, in the
    stream if that has begun."""

    pieces: tuple[Piece, ...]
    whole: bytes
    failure: Failure | None


def answering(exchange: Exchange) -> dict[int, Attempt]:
    """Return the attempts that the answer is made of, by call; all of them are at the target that answered, or was the
    last one."""
    chosen = exchange.answering
    if chosen is None:
        return {}
    place = (chosen.provider, chosen.model, chosen.credential)
    same = [each for each in exchange.attempts if (each.provider, each.model, each.credential) == place]
    if exchange.facts.end == "complete":
        same = [each for each in same if each.reason is None]
    return {each.call: each for each in same}


def why_not(exchange: Exchange, rendering: Rendering) -> str | None:
    """Return why there is nothing to compare in a sentence, or None."""
    attempts, facts = answering(exchange), exchange.facts
    responses = [each.response for each in attempts.values() if each.response is not None]
    if facts.end == "running":
        return "the exchange is under way."
    if facts.injected:
        return "a fault was injected into it."
    if not responses:
        return "no provider answered."
    if len(rendering.calls) != len(attempts) and facts.end == "complete":
        return "the request becomes another number of calls."
    if exchange.events_left_out:
        return "some events of its stream were not kept."
    streamed = {event.call for event in exchange.events if event.provider}
    if any(each.response.cut for each in attempts.values() if each.response is not None):
        return "the provider's answer was not kept whole."
    complete = facts.end == "complete"
    if complete and any(call not in streamed and _body(each) is None for call, each in attempts.items()):
        return "the provider's answer was not kept whole."
    return None


def answered(exchange: Exchange, rendering: Rendering, then: Any) -> Answered:
    """Return what becomes of the recorded answers. `then` is JSON that the client got: its id and time are no
    differences."""
    return _Answers(exchange, rendering, _envelope(exchange, rendering, then)).all()


class _Answers:
    def __init__(self, exchange: Exchange, rendering: Rendering, envelope: Envelope) -> None:
        self._exchange, self._rendering = exchange, rendering
        self._attempts = answering(exchange)
        self._writer = rendering.write(envelope)
        several = len(rendering.calls) > 1
        self._joined = Joined(self._writer, len(rendering.calls)) if several else None
        self._pipes: dict[int, Pipe] = {}
        self._pieces: list[Piece] = []
        self._whole = bytearray()
        self._failure: Failure | None = None
        self._tapped: list[tuple[bytes, tuple[Note, ...]]] = []

    def all(self) -> Answered:
        for call, attempt in self._attempts.items():
            if (refused := self._refusal(attempt)) is not None:
                return Answered((), self._client().error(refused)[1], refused)
            if call < len(self._rendering.calls):
                self._pipes[call] = self._pipe(call, attempt)
        events = self._events()
        last = {event.call: event.n for event in events}
        for event in events:
            if self._failure is None and event.call in self._pipes:
                if not event.provider:
                    self._close_silent([call for call, n in last.items() if n < event.n])
                self._take(event)
        for call, attempt in self._attempts.items():
            if self._failure is None and call in self._pipes:
                self._close(self._pipes[call], attempt)
        if self._failure is not None:
            return Answered(tuple(self._pieces), self._client().error(self._failure)[1], self._failure)
        return Answered(tuple(self._pieces), bytes(self._whole), None)

    def _client(self) -> Any:
        return self._rendering.client

    def _events(self) -> list[EventPair]:
        """Return the events of the attempts that the answer is made of."""
        tries = {call: attempt.n for call, attempt in self._attempts.items()}
        return [
            each
            for each in self._exchange.events
            if each.attempt == tries.get(each.call) or (each.provider and not each.attempt)
        ]

    def _refusal(self, attempt: Attempt) -> Failure | None:
        response = attempt.response
        if response is None or response.line.startswith("2") or not response.line.isdecimal():
            return None
        headers = {name.lower(): value for name, value in response.headers}
        return self._rendering.upstream.read_error(int(response.line), headers, response.body or b"")

    def _pipe(self, call: int, attempt: Attempt) -> Pipe:
        made, upstream = self._rendering.calls[call], self._rendering.upstream
        content_type = _STREAM if _body(attempt) is None else _content_type(attempt)
        writer: Writer = self._writer
        if self._joined is not None:
            writer = self._joined.part(made.choice, made.rendered.choices)
        return Pipe(
            upstream.answer(made.rendered.recall),
            writer,
            framing="sse" if content_type == _STREAM else upstream.framing,
            content_type=content_type,
            omitted=self._client().omitted,
            tap=lambda events, _: self._tapped.extend((out, notes) for _, _, out, notes in events),
        )

    def _close_silent(self, calls: Sequence[int]) -> None:
        """Close the calls whose end became nothing for the client, and so is no event, before the one that ends all."""
        for call in calls:
            if call in self._pipes:
                self._whole += self._pipes[call].close()

    def _fed(self, pipe: Pipe, event: EventPair, body: bytes | None) -> bytes:
        if body is not None:
            return pipe.feed(stand_in_bytes(body)) + pipe.close()
        return pipe.feed(_framed(event)) if event.provider else pipe.close()

    def _take(self, event: EventPair) -> None:
        """Hand over a payload, a whole answer that became a stream, or an end that became something."""
        pipe = self._pipes[event.call]
        self._tapped.clear()
        body = _body(self._attempts[event.call])
        out = self._fed(pipe, event, body)
        notes = self._tapped[0][1] if self._tapped else ()
        if pipe.failure is not None:
            out += self._error(pipe.failure)
        self._pieces.append(Piece(event, out, notes))
        self._whole += out
        self._failure = pipe.failure

    def _close(self, pipe: Pipe, attempt: Attempt) -> None:
        """End an answer as far as it has come: how a connection broke is not told once more."""
        body = _body(attempt)
        if body is not None and not pipe.taken:
            self._whole += pipe.feed(stand_in_bytes(body))
        facts = self._exchange.facts
        if facts.end != "complete" and facts.cause != PROVIDERS_FAULT:
            return
        out = pipe.close()
        if (failure := pipe.failure) is not None:
            self._failure, out = failure, out + self._error(failure)
        self._whole += out
        if out and body is None and (last := self._last()) is not None:
            self._pieces.append(Piece(last, out))

    def _error(self, failure: Failure) -> bytes:
        """Return an error as a stream has it."""
        return (self._joined or self._writer).fail(failure) if self._rendering.streams else b""

    def _last(self) -> EventPair | None:
        """Return what the client was sent after the provider's last event."""
        own = (each for each in reversed(self._exchange.events) if not each.provider)
        return next((each for each in own if without_comments(each.client)), None)


def _envelope(exchange: Exchange, rendering: Rendering, then: Any) -> Envelope:
    outer: Mapping[str, Any] = then if isinstance(then, dict) else {}
    outer = outer["response"] if isinstance(outer.get("response"), dict) else outer
    id, created = outer.get("id"), outer.get("created", outer.get("created_at"))
    return Envelope(
        id if isinstance(id, str) else f"{rendering.client.id_prefix}0",
        created if isinstance(created, int) else int(exchange.facts.started),
        exchange.facts.model or rendering.model,
    )


def first_json(events: Sequence[EventPair]) -> Any:
    """Return the first JSON object that the client of a stream got."""
    values = (value for pair in events for value in events_of(pair.client))
    return next((value for value in values if isinstance(value, dict)), None)


def client_body(exchange: Exchange) -> bytes | None:
    """Return what the client got that is no stream: it stands in an event where blank lines came before it."""
    answer = exchange.client_response
    if answer is None or answer.body is not None:
        return None if answer is None else answer.body
    bodies = [pair.client for pair in exchange.events if not pair.provider and isinstance(parsed(pair.client), dict)]
    return bodies[-1] if bodies else None


def _body(attempt: Attempt) -> bytes | None:
    return None if attempt.response is None else attempt.response.body


def _content_type(attempt: Attempt) -> str:
    headers = () if attempt.response is None else attempt.response.headers
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _framed(pair: EventPair) -> bytes:
    """Return a payload as an event of a stream, whatever framing it came in."""
    payload = stand_in_bytes(pair.provider)
    lines = b"".join(b"data: " + line + b"\n" for line in payload.splitlines())
    return (f"event: {pair.name}\n".encode() if pair.name else b"") + lines + b"\n"
