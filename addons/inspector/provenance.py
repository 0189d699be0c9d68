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
from addons.inspector.recording import EventPair, Exchange
from addons.inspector.stand_ins import stand_in
from routing.targets import Target
from translators import convert, provenance
from translators.convert import Converted, NoWay
from translators.errors import TranslationError
from translators.notes import Note
from translators.provenance import Link, Links
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
    message = exchange.phase(phase)
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
    """Return the links of the answer to the first call, as far as it was recorded."""
    attempt = exchange.answering
    if attempt is not None and attempt.call != 0:
        return ()
    events = [pair for pair in exchange.events if pair.call == 0 and not pair.injected]
    if attempt is not None:
        events = [pair for pair in events if pair.attempt in (0, attempt.n)]
    try:
        if any(pair.provider for pair in events):
            return _streamed(exchange, events, converted)
        payload = body_of(exchange, "provider_response")
        found = Links((), (), None) if payload is None else provenance.answer(stand_in(payload), converted.answering)
        links = tuple(_as_answered(found, body_of(exchange, "client_response")))
        return _renumbered(links, found.notes, exchange.facts.notes)
    except (TranslationError, ValueError):
        return ()


def _streamed(exchange: Exchange, events: Sequence[EventPair], converted: Converted) -> tuple[Link, ...]:
    """Return the links of a stream, with the numbers of the events in the exchange."""
    said = [pair for pair in events if pair.provider]
    ends = [pair for pair in events if not pair.provider and pair.n > said[-1].n]
    found = provenance.stream([payload_of(pair.provider) for pair in said], converted.answering)
    pairs = [*said, *ends[-1:]]
    then = body_of(exchange, "client_response")
    if isinstance(found.output, dict) and "events" in found.output and converted.answering.stream:
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
        return provenance.events_in(pair.client)
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
