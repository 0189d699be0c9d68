"""The links of a recorded exchange: from paths of the client's request to those of the provider's, and from paths of
the provider's answer to those of the client's. Nothing here is done while an exchange runs.

What was taken out of a recorded body at capture has a stand-in while the translators trace it. What they make of the
body today is compared with what was sent then: a link whose end is another now is `unknown`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydantic_core import from_json

from addons.exchange.observers import Phase as PhaseName
from addons.exchange.redaction import HIDDEN, MEDIUM
from addons.inspector.aligned import aligned
from addons.inspector.recording import Attempt, EventPair, Exchange, Phase, answering
from addons.inspector.stand_ins import stand_in
from routing.targets import Target
from translators import convert, provenance
from translators.convert import Converted, NoWay
from translators.errors import TranslationError
from translators.notes import Note
from translators.provenance import Link, Links
from translators.tracing.answers import events_in
from translators.tracing.places import MISSING, at, leaves, read, same, written
from translators.tracing.unsaid import MADE
from translators.values import immutable

_OTHER = "Another value was sent: a payload rule's, or that of another configuration."
_EVENT = re.compile(r"events\[(\d+)\](?:\[(\d+)\])?")


@immutable
class Traced:
    """The links of an exchange. `known`: its request could be traced. In a stream, `events[7].delta.text` is in the
    provider's event 7, and `events[7][0].choices[0].delta.content` in the first of the client's events of that pair;
    what has no link there is unknown."""

    request: tuple[Link, ...] = ()
    answer: tuple[Link, ...] = ()
    known: bool = False

    def json(self) -> dict[str, Any]:
        """`{"request": [{"from": "messages[0].content", "to": "system[0].text", "rule": "renamed", "note": null,
        "detail": ""}], "answer": [...], "known": true}`"""
        return {
            "request": [link_json(link) for link in self.request],
            "answer": [link_json(link) for link in self.answer],
            "known": self.known,
        }


def link_json(link: Link) -> dict[str, Any]:
    return {"from": link.source, "to": link.target, "rule": link.rule, "note": link.note, "detail": link.detail}


def traced(exchange: Exchange, target: Target | None = None, *, with_answer: bool = True) -> Traced:
    """Return the links of an exchange. `target` is the one that answered, which has the facts about its model. An
    answer of many events takes long; `with_answer` false leaves it out."""
    facts, sent = exchange.facts, exchange.phase("provider_request")
    body, dialect = body_of(exchange, "client_request"), facts.provider_dialect
    if not isinstance(body, dict) or sent is None or dialect is None:
        return Traced()
    overrides = None if target is None else target.overrides
    way: dict[str, Any] = {"client": facts.dialect, "provider": dialect, "model": facts.provider_model}
    try:
        found = provenance.request(stand_in(body), **way, overrides=overrides)
        converted = convert.request(stand_in(body), **way, overrides=overrides)
    except (TranslationError, NoWay):
        return Traced()
    there = body_of(exchange, "provider_request")
    request = tuple(_as_sent(found, there)) if isinstance(there, dict) else found.links
    links = _renumbered(request, found.notes, facts.notes)
    answer = _answer(exchange, converted) if with_answer else ()
    return Traced(links, answer, bool(found.links))


# --- the request --------------------------------------------------------------------------------


def body_of(exchange: Exchange, phase: PhaseName) -> Any:
    """Return a recorded body as JSON, or None."""
    return _json_of(exchange.phase(phase))


def _json_of(message: Phase | None) -> Any:
    if message is None or message.body is None or message.cut:
        return None
    try:
        return from_json(message.body)
    except ValueError:
        return None


def _as_sent(found: Links, sent: dict[str, Any]) -> Iterator[Link]:
    """Yield the links with their ends in what was sent, and say of those that are others there that nobody knows."""
    there = dict(aligned(found.output, sent))
    untold = {place for place, _ in leaves(sent)}.difference(there.values())
    for link in found.links:
        place = None if link.target is None else read(link.target)
        then = None if place is None else there.get(place)
        if place is None:
            yield link
        elif then is not None and _alike(at(found.output, place), at(sent, then)):
            rule = "moved" if link.rule == "copied" and then != place else link.rule
            yield replace(link, target=written(then), rule=rule)
        elif then is not None:
            untold.add(then)
        elif link.source is not None:
            yield Link(link.source, None, "unknown", detail=_OTHER)
    yield from (Link(None, written(place), "unknown", detail=_OTHER) for place in sorted(untold, key=written))


def _alike(now: Any, then: Any) -> bool:
    """Return whether two values are the same but for what is taken out of recorded ones."""
    if isinstance(now, dict) and isinstance(then, dict):
        return now.keys() == then.keys() and all(_alike(now[name], then[name]) for name in now)
    if isinstance(now, list) and isinstance(then, list):
        return len(now) == len(then) and all(map(_alike, now, then))
    hidden = isinstance(then, str) and (MEDIUM.search(then) is not None or HIDDEN in then)
    return hidden or same(now, then)


def _renumbered(links: Sequence[Link], notes: Sequence[Note], recorded: Sequence[Note]) -> tuple[Link, ...]:
    """Return the links with the numbers of the notes in the exchange."""
    known = {(note.path, note.fate, note.detail): index for index, note in reversed([*enumerate(recorded)])}
    numbers = [known.get((note.path, note.fate, note.detail)) for note in notes]
    return tuple(link if link.note is None else replace(link, note=numbers[link.note]) for link in links)


# --- the answer ---------------------------------------------------------------------------------


def _answer(exchange: Exchange, converted: Converted) -> tuple[Link, ...]:
    """Return the links of the answer, as far as it was recorded."""
    attempts = _answered(exchange, len(converted.calls))
    tries = {attempt.call: attempt.n for attempt in attempts} if exchange.attempts else {0: 0}
    events = [pair for pair in exchange.events if not pair.injected and pair.call in tries]
    if exchange.attempts:
        events = [pair for pair in events if pair.attempt in (0, tries[pair.call])]
    try:
        if any(pair.provider for pair in events):
            return _streamed(exchange, events, converted, several=len(attempts) > 1)
        found = _together(attempts, converted)
    except (TranslationError, ValueError):
        return ()
    here = "" if exchange.answering is None else f"calls[{exchange.answering.call}]."
    links = [
        link if link.source is None else replace(link, source=link.source.removeprefix(here))
        for link in _as_answered(found, body_of(exchange, "client_response"))
    ]
    return _renumbered(links, found.notes, exchange.facts.notes)


def _answered(exchange: Exchange, calls: int) -> list[Attempt]:
    """Return the attempts that answered each of so many calls; that of the first where there were others then."""
    shown = exchange.answering
    if calls > 1 and exchange.calls == calls:
        of_calls = ([each for each in exchange.attempts if each.call == call] for call in range(calls))
        return [attempt for each in of_calls if (attempt := answering(each)) is not None]
    return [shown] if shown is not None and shown.call == 0 else []


def _together(attempts: Sequence[Attempt], converted: Converted) -> Links:
    """Return the links of whole answers. Raises `BadAnswer`."""
    payloads = [_json_of(attempt.response) for attempt in attempts]
    if not payloads or any(payload is None for payload in payloads):
        return Links((), (), None)
    if len(payloads) == 1:
        return provenance.answer(stand_in(payloads[0]), converted.answering)
    return provenance.answers([stand_in(payload) for payload in payloads], converted.answering)


def _streamed(
    exchange: Exchange, events: Sequence[EventPair], converted: Converted, *, several: bool
) -> tuple[Link, ...]:
    """Return the links of a stream, with the numbers of the events in the exchange. `several`: they answer several
    calls."""
    said = [pair for pair in events if pair.provider]
    ends = [pair for pair in events if not pair.provider and pair.n > said[-1].n]
    calls = [pair.call for pair in said] if several else []
    found = provenance.stream([payload_of(pair.provider) for pair in said], converted.answering, calls)
    pairs, then = said, body_of(exchange, "client_response")
    if isinstance(found.output, dict) and "events" in found.output and converted.answering.stream:
        closing = len(found.output["events"]) - len(said)
        pairs = [*said, *ends[-closing:]] if closing > 0 else said
        then = {
            "events": [
                _as_many(_events_of(pair), now) for pair, now in zip(pairs, found.output["events"], strict=False)
            ]
        }
    links = [
        replace(link, source=_numbered(link.source, pairs), target=_numbered(link.target, pairs))
        for link in _as_answered(found, then)
    ]
    return _renumbered(links, found.notes, exchange.facts.notes)


def _as_answered(found: Links, then: Any) -> Iterator[Link]:
    """Yield the links whose ends the client got then, as far as that was recorded."""
    for link in found.links:
        if link.target is None or then is None:
            yield link
            continue
        place = read(link.target)
        got = at(then, place)
        another = (link.rule == "computed" and link.source is not None) or link.detail == MADE
        if got is not MISSING and (another or _alike(at(found.output, place), got)):
            yield link


def _as_many(then: list[Any], now: list[Any]) -> list[Any]:
    """Return the events that a client got, or none where today others would be written."""
    return then if len(then) == len(now) else []


def _events_of(pair: EventPair) -> list[Any]:
    try:
        return events_in(pair.client)
    except ValueError:
        return []


def payload_of(data: bytes) -> Any:
    """Return an event of a provider's as JSON, or its text where it is none."""
    text = data.strip()
    return stand_in(from_json(text)) if text.startswith(b"{") else text.decode("utf-8", "replace")


def _numbered(path: str | None, pairs: Sequence[EventPair]) -> str | None:
    if path is None or (event := _EVENT.match(path)) is None or int(event[1]) >= len(pairs):
        return path
    chunk = f"[{event[2]}]" if event[2] is not None else ""
    return f"events[{pairs[int(event[1])].n}]{chunk}{path[event.end() :]}"
