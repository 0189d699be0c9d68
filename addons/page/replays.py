"""Replays a recorded exchange with today's code and configuration, calling nobody: what would go to the provider, and
what the client would get for the provider's recorded answer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from addons.exchange.request import ClientRequest, Rendering
from addons.exchange.services import Services
from addons.inspector.recording import Attempt, EventPair, Exchange, Phase, note_json
from addons.page.answers import Refused
from routing.targets import Target
from routing.unknown_models import UnknownModel
from translators.dialects import ClientDialect, Envelope, Memory
from translators.errors import TranslationError
from translators.notes import Note
from translators.pipe import Pipe
from translators.registry import CLIENTS

MOST_DIFFERENCES = 500
LONGEST = 2000
"""The most characters of a value in a difference."""
_FRAMED_STREAM = "text/event-stream"


@dataclass
class Replayed:
    """What came of it. `skipped` says what could not be compared, and why."""

    differences: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    now: dict[str, Any] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """`{"differences": [{"phase": "provider_request", "path": "max_tokens", "then": 100, "now": 200}],
        "skipped": ["client_response: ..."], "now": the exchange}`"""
        more = len(self.differences) - MOST_DIFFERENCES
        if more > 0:
            self.skipped.append(f"{more} further differences are not shown.")
        return {"differences": self.differences[:MOST_DIFFERENCES], "skipped": self.skipped, "now": self.now}


class ReadOnly:
    """What is remembered of a client, which a replay does not change."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._new: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self._new.get(key) or self._memory.get(key)

    def put(self, key: str, value: str) -> None:
        self._new[key] = value


def replay(services: Services, exchange: Exchange) -> dict[str, Any]:
    """Return what differs from then. Raises `Refused` where there is nothing to replay."""
    asked, body = exchange.client_request, recorded_body(exchange)
    assert asked is not None
    done = Replayed(now=exchange.detail())
    attempt = exchange.answering
    client = CLIENTS[exchange.facts.dialect]
    try:
        rendering = _rendered(services, exchange, client, dict(asked.headers), body, attempt)
    except TranslationError as refused:
        _refused(done, exchange, client.error(refused.failure)[1])
        return done.json()
    if attempt is None:
        then = None if exchange.client_response is None else exchange.client_response.line
        done.differences.append({"phase": "provider_request", "path": None, "then": then, "now": "a provider is asked"})
        return done.json()
    done.now["notes"] = [note_json(note) for note in rendering.notes]
    _compare_requests(done, exchange, rendering)
    _compare_answers(done, exchange, rendering)
    return done.json()


def target_of(services: Services, exchange: Exchange) -> Target | None:
    """Return the target that answered an exchange, as the configuration has it today."""
    facts = exchange.facts
    try:
        candidates = services.catalogue.candidates(facts.model or "", facts.client)
    except UnknownModel:
        return None
    return _target(candidates, exchange.answering)


def recorded_body(exchange: Exchange) -> bytes:
    """Return the client's request as it was recorded. Raises `Refused` where it was not, or not all of it."""
    asked = exchange.client_request
    if asked is None or asked.body is None:
        raise Refused(409, "The body of this request was not kept (inspector.bodies in config.yaml).", "not_recorded")
    if asked.cut:
        raise Refused(409, "The body of this request was cut (inspector.exchange-memory).", "not_recorded")
    return asked.body


def _rendered(
    services: Services,
    exchange: Exchange,
    client: ClientDialect,
    headers: Mapping[str, str],
    body: bytes,
    attempt: Attempt | None,
) -> Rendering:
    """Return the request for the target that answered then. Raises `BadRequest`, and `Refused` where there is no such
    target any more."""
    key, name = exchange.facts.client, exchange.facts.model or ""
    memory = ReadOnly(services.memories.of(services.keys.owner(key)))
    request = ClientRequest(client, client.parse, services.settings, memory, headers)
    request.read(body, lambda model: services.catalogue.candidates(model, key))
    target = _target(request.candidates, attempt)
    if target is None:
        what = f"{attempt.provider}/{attempt.model}" if attempt is not None else "a provider"
        raise Refused(409, f"{name} does not lead to {what} any more.", "no_such_target")
    return request.render(target)


def _target(candidates: Sequence[Target], attempt: Attempt | None) -> Target | None:
    wanted = [
        each
        for each in candidates
        if attempt is None or (each.provider == attempt.provider and each.model == attempt.model)
    ]
    same = (each for each in wanted if attempt is not None and each.credential.name == attempt.credential)
    return next(same, wanted[0] if wanted else None)


# --- comparing ----------------------------------------------------------------------------------


def _refused(done: Replayed, exchange: Exchange, now: bytes) -> None:
    """Compare with a request that the gateway refuses today."""
    response = exchange.client_response
    then = None if response is None or response.body is None else response.body
    _compare(done, "client_response", then, now)
    _put(done, "client_response", now)


def _compare_requests(done: Replayed, exchange: Exchange, rendering: Rendering) -> None:
    last = {attempt.call: attempt for attempt in exchange.attempts if attempt.reason is None or attempt.request.body}
    for number, call in enumerate(rendering.calls):
        attempt = last.get(number)
        if attempt is None or attempt.request.body is None or attempt.request.cut:
            done.skipped.append("provider_request: its body was not kept whole.")
            continue
        _compare(done, "provider_request", attempt.request.body, call.request.body)
        _compare_headers(done, attempt.request, call.request.headers)
        if number == 0:
            _put(done, "provider_request", call.request.body)


def _compare_headers(done: Replayed, then: Phase, now: tuple[tuple[str, str], ...]) -> None:
    """Compare the headers that are no credentials, nor another each time."""
    before = {name.lower(): value for name, value in then.headers if "[redacted]" not in value}
    for name, value in now:
        if name in before and before[name] != value and name not in ("traceparent", "tracestate"):
            path = f"headers.{name}"
            done.differences.append({"phase": "provider_request", "path": path, "then": before[name], "now": value})


def _compare_answers(done: Replayed, exchange: Exchange, rendering: Rendering) -> None:
    why = _unanswered(exchange, rendering)
    if why is not None:
        done.skipped.append(f"client_response: {why}")
        return
    if exchange.phase("provider_response") is not None and exchange.events:
        _compare_streams(done, exchange, rendering)
    else:
        _compare_whole(done, exchange, rendering)


def _unanswered(exchange: Exchange, rendering: Rendering) -> str | None:
    response = exchange.phase("provider_response")
    if exchange.facts.end != "complete" or response is None or not response.line.startswith("2"):
        return "there is no complete answer of a provider."
    if len(rendering.calls) > 1:
        return "it was put together from the answers to several calls."
    if exchange.events_left_out:
        return "some events of its stream were not kept."
    if not exchange.events and (response.body is None or response.cut):
        return "the provider's answer was not kept whole."
    return None


def _pipe(exchange: Exchange, rendering: Rendering, then: Any, content_type: str, **more: Any) -> Pipe:
    upstream = rendering.upstream
    return Pipe(
        upstream.answer(rendering.calls[0].rendered.recall),
        rendering.write(_envelope(exchange, rendering, then)),
        framing="sse" if content_type == _FRAMED_STREAM else upstream.framing,
        content_type=content_type,
        omitted=rendering.client.omitted,
        **more,
    )


def _envelope(exchange: Exchange, rendering: Rendering, then: Any) -> Envelope:
    """Return the envelope of the answer as it was `then`: its id and its time are no differences."""
    outer = then if isinstance(then, dict) else {}
    outer = outer["response"] if isinstance(outer.get("response"), dict) else outer
    id, created = outer.get("id"), outer.get("created", outer.get("created_at"))
    return Envelope(
        id if isinstance(id, str) else f"{rendering.client.id_prefix}0",
        created if isinstance(created, int) else int(exchange.facts.started),
        exchange.facts.model or rendering.model,
    )


def _compare_whole(done: Replayed, exchange: Exchange, rendering: Rendering) -> None:
    response, answered = exchange.phase("provider_response"), exchange.client_response
    assert response is not None
    then = None if answered is None else answered.body
    content_type = next((value for name, value in response.headers if name.lower() == "content-type"), "")
    pipe = _pipe(exchange, rendering, parsed(then), content_type)
    now = pipe.feed(response.body or b"") + pipe.close()
    if pipe.failure is not None:
        now = rendering.client.error(pipe.failure)[1]
    _compare(done, "client_response", then, now)
    _put(done, "client_response", now)


def _compare_streams(done: Replayed, exchange: Exchange, rendering: Rendering) -> None:
    """Hand over the payloads one by one, and compare what becomes of each."""
    events = [pair for pair in exchange.events if pair.provider]
    pieces: list[tuple[bytes, tuple[Note, ...]]] = []
    pipe = _pipe(
        exchange,
        rendering,
        _first_json(exchange.events),
        _FRAMED_STREAM,
        tap=lambda name, payload, out, notes: pieces.append((out, notes)),
    )
    if not rendering.streams:
        done.skipped.append("client_response: the client wanted no stream, and its provider streamed.")
        return
    for pair in events:
        pipe.feed(_framed(pair))
    pipe.close()
    if pipe.failure is not None:
        pieces.append((pipe.writer.fail(pipe.failure), ()))
    by_number = {pair["n"]: pair for pair in done.now["events"]}
    for at, pair in enumerate(events):
        out, notes = pieces[at] if at < len(pieces) else (b"", ())
        then, now = _without_comments(pair.client), _without_comments(out)
        if then != now and not _same_events(then, now):
            difference = {"phase": "client_response", "event": pair.n, "then": _text(then), "now": _text(now)}
            done.differences.append(difference)
        if (shown := by_number.get(pair.n)) is not None:
            shown["client"], shown["notes"] = out.decode("utf-8", "replace"), [note_json(note) for note in notes]


def _framed(pair: EventPair) -> bytes:
    """Return a payload as an event of a stream, whatever framing it came in."""
    lines = b"".join(b"data: " + line + b"\n" for line in pair.provider.splitlines())
    return (f"event: {pair.name}\n".encode() if pair.name else b"") + lines + b"\n"


def _without_comments(data: bytes) -> bytes:
    """Return a piece of a stream without its comments: notes and signs of life are told there."""
    return b"\n".join(line for line in data.split(b"\n") if not line.startswith(b":")).strip(b"\n")


def _same_events(one: bytes, other: bytes) -> bool:
    """Return whether two pieces of a stream have the same events, whose JSON may be written in another order."""
    return _events(one) == _events(other)


def _events(data: bytes) -> list[Any]:
    lines = (line for line in data.split(b"\n") if line.strip())
    return [parsed(line[5:].strip()) if line.startswith(b"data:") else line for line in lines]


def _first_json(events: tuple[EventPair, ...]) -> Any:
    lines = (line for pair in events for line in pair.client.split(b"\n") if line.startswith(b"data:"))
    return next((value for line in lines if isinstance(value := parsed(line[5:]), dict)), None)


def _compare(done: Replayed, phase: str, then: bytes | None, now: bytes) -> None:
    for path, old, new in differing(parsed(then), parsed(now)):
        done.differences.append({"phase": phase, "path": path, "then": _short(old), "now": _short(new)})
        if len(done.differences) > 2 * MOST_DIFFERENCES:
            return


def differing(then: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the paths at which two JSON values differ, with both values; None stands for nothing."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in dict.fromkeys((*then, *now)):
            inner = f"{path}.{name}" if path else name
            if name in then and name in now:
                yield from differing(then[name], now[name], inner)
            else:
                yield inner, then.get(name), now.get(name)
    elif isinstance(then, list) and isinstance(now, list):
        for at in range(max(len(then), len(now))):
            inner = f"{path}[{at}]"
            if at < len(then) and at < len(now):
                yield from differing(then[at], now[at], inner)
            else:
                yield inner, then[at] if at < len(then) else None, now[at] if at < len(now) else None
    elif then != now or isinstance(then, bool) is not isinstance(now, bool):
        yield path, then, now


def _put(done: Replayed, phase: str, body: bytes) -> None:
    if (shown := done.now["phases"].get(phase)) is not None:
        shown |= {"body": body.decode("utf-8", "replace"), "bytes": len(body)}


def parsed(data: bytes | None) -> Any:
    try:
        return None if data is None else from_json(data)
    except ValueError:
        return data.decode("utf-8", "replace") if data is not None else None


def _short(value: Any) -> Any:
    if isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False)
        return value if len(text) <= LONGEST else text[:LONGEST] + "..."
    return value[:LONGEST] if isinstance(value, str) else value


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")[:LONGEST]
