"""Replays a recorded exchange with today's code and configuration, calling nobody: what would go to the provider, and
what the client would get for the provider's recorded answer."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from addons.exchange.redaction import HIDDEN
from addons.exchange.request import Rendering, client_request
from addons.exchange.services import Services
from addons.inspector import stand_ins
from addons.inspector.recording import Attempt, Exchange, Phase, ended_by, note_json
from addons.inspector.stand_ins import same_media, stand_in_bytes
from addons.page import replayed_answers
from addons.page.answers import Refused
from addons.page.differing import differing, parsed, same_events, without_comments
from addons.page.replayed_answers import Answered
from routing.targets import Target
from routing.unknown_models import UnknownModel
from translators.dialects import ClientDialect, Memory
from translators.errors import Failure, TranslationError
from translators.registry import CLIENTS

MOST_DIFFERENCES = 500
LONGEST = 2000
"""The most characters of a value in a difference."""
GONE = "previous_response_not_found"
"""The code of an error that is about what is remembered, not about the request."""
_SHAPE = re.compile(rb'"\[text, \d+ characters\]"')
_OF_THE_MOMENT = (429, 503)
"""Statuses of refusals that a request gets or does not get by the minute."""


@dataclass
class Replayed:
    """The outcome of a replay. `skipped` says what could not be compared, and why."""

    differences: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    now: dict[str, Any] = field(default_factory=dict)

    def differ(self, phase: str, then: Any, now: Any, **where: Any) -> None:
        """Add a difference, at a `path` or in an `event`; without either the whole of a phase differs."""
        self.differences.append({"phase": phase, **(where or {"path": None}), "then": then, "now": now})

    def json(self) -> dict[str, Any]:
        """`{"differences": [{"phase": "provider_request", "path": "max_tokens", "then": 100, "now": 200}],
        "skipped": ["client_response: ..."], "now": the exchange}`"""
        more = len(self.differences) - MOST_DIFFERENCES
        if more > 0:
            self.skipped.append(f"{more} further differences are not shown.")
        return {"differences": self.differences[:MOST_DIFFERENCES], "skipped": self.skipped, "now": self.now}


class ReadOnly:
    """A client's memory, which a replay does not change."""

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
        _refused(done, exchange, refused.failure, client.error(refused.failure)[1])
        return done.json()
    if attempt is None:
        _asked_now(done, exchange)
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
    if _SHAPE.search(asked.body):
        raise Refused(409, "Of this request only its shape was kept (inspector.bodies: none).", "not_recorded")
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
    request = client_request(services, client, key, headers, memory)
    request.read(stand_in_bytes(body), lambda model: services.catalogue.candidates(model, key))
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
    return next(same, max(wanted, key=lambda each: each.credential.priority, default=None))


# --- comparing ----------------------------------------------------------------------------------


def _refused(done: Replayed, exchange: Exchange, failure: Failure, now: bytes) -> None:
    """Compare with a request that the gateway refuses today."""
    if failure.code == GONE and exchange.facts.error != GONE:
        done.skipped.append(f"provider_request: {failure.message}")
        return
    _compare(done, "client_response", replayed_answers.client_body(exchange), now)
    _put(done, "client_response", now)


def _asked_now(done: Replayed, exchange: Exchange) -> None:
    """Compare with a request that reached no provider then, and would be sent to one today."""
    facts = exchange.facts
    if facts.status in _OF_THE_MOMENT:
        done.skipped.append(f"client_response: limits and cooldowns are those of the moment ({facts.error}).")
    else:
        done.differ("provider_request", str(facts.status), "a provider is asked")


def _compare_requests(done: Replayed, exchange: Exchange, rendering: Rendering) -> None:
    attempts = replayed_answers.answering(exchange)
    if len(attempts) > len(rendering.calls):
        now = f"{len(rendering.calls)} calls"
        done.differ("provider_request", f"{len(attempts)} calls", now)
    for number, call in enumerate(rendering.calls):
        attempt = attempts.get(number)
        if attempt is None or attempt.request.body is None or attempt.request.cut:
            done.skipped.append("provider_request: its body was not kept whole.")
            continue
        _compare(done, "provider_request", attempt.request.body, call.request.body)
        _compare_headers(done, attempt.request, call.request.headers)
        if number == 0:
            _put(done, "provider_request", call.request.body)


def _compare_headers(done: Replayed, then: Phase, now: tuple[tuple[str, str], ...]) -> None:
    """Compare the headers that are no credentials, nor another each time."""
    before = {name.lower(): value for name, value in then.headers if HIDDEN not in value}
    for name, value in now:
        if name in before and before[name] != value and name not in ("traceparent", "tracestate"):
            done.differ("provider_request", before[name], value, path=f"headers.{name}")


def _compare_answers(done: Replayed, exchange: Exchange, rendering: Rendering) -> None:
    why = replayed_answers.why_not(exchange, rendering)
    if why is not None:
        done.skipped.append(f"client_response: {why}")
        return
    then = replayed_answers.client_body(exchange)
    known = parsed(then) if then is not None else replayed_answers.first_json(exchange.events)
    now = replayed_answers.answered(exchange, rendering, known)
    facts = exchange.facts
    if facts.end != "complete" and facts.cause != replayed_answers.PROVIDERS_FAULT and now.failure is None:
        done.skipped.append(f"client_response: its end, which is not the answer's ({ended_by(facts)}).")
        then = None
    if then is not None:
        _compare(done, "client_response", then, now.whole)
        _put(done, "client_response", now.whole)
    elif rendering.streams:
        _compare_pieces(done, now)


def _compare_pieces(done: Replayed, now: Answered) -> None:
    """Compare what became of each event of a stream."""
    by_number = {pair["n"]: pair for pair in done.now["events"]}
    for piece in now.pieces:
        pair, out = piece.event, without_comments(piece.out)
        then = without_comments(pair.client)
        if not same_events(then, out, stand_ins.hashes(then)):
            done.differ("client_response", _text(then), _text(out), event=pair.n)
        if (shown := by_number.get(pair.n)) is not None:
            shown["client"] = piece.out.decode("utf-8", "replace")
            shown["notes"] = [note_json(note) for note in piece.notes]


def _compare(done: Replayed, phase: str, then: bytes | None, now: bytes) -> None:
    media = stand_ins.hashes(then or b"")
    for path, old, new in differing(same_media(parsed(then), media), same_media(parsed(now), media)):
        done.differ(phase, _short(old), _short(new), path=path)
        if len(done.differences) > 2 * MOST_DIFFERENCES:
            return


def _put(done: Replayed, phase: str, body: bytes) -> None:
    if (shown := done.now["phases"].get(phase)) is not None:
        shown |= {"body": body.decode("utf-8", "replace"), "bytes": len(body)}


def _short(value: Any) -> Any:
    if isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False)
        return value if len(text) <= LONGEST else text[:LONGEST] + "..."
    return value[:LONGEST] if isinstance(value, str) else value


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")[:LONGEST]
