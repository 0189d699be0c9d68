"""All of an exchange as one value, for readers who ask once: the detail, its provenance, and what is in its events."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from addons.inspector.exports import streams
from addons.inspector.provenance import Traced
from addons.inspector.recording import EventPair, Exchange
from translators.provenance import Link

MOST_LINKED = 1000
"""The most events of a stream whose links are looked for: it takes longer than all the rest."""
_EVENT = re.compile(r"events\[(\d+)\]")


def full(exchange: Exchange, links: Traced) -> dict[str, Any]:
    """Return the detail with `"pairs": [{"provider": 2, "client": [3, 4]}]`, `"provenance": {"request": [Link],
    "answer": [Link], "known": true}`, and the bodies of streamed phases as text. Of a longer stream `answer` is null,
    and the pairs are those of the same event."""
    detail = exchange.detail()
    return {
        **detail,
        "phases": _with_streams(exchange, detail["phases"]),
        "pairs": pairs(exchange.events[: len(detail["events"])], links.answer),
        "provenance": links.json() | ({} if linked(exchange) else {"answer": None}),
    }


def linked(exchange: Exchange) -> bool:
    return exchange.facts.events <= MOST_LINKED


def pairs(events: Sequence[EventPair], links: Iterable[Link]) -> list[dict[str, Any]]:
    """Return each event of the provider with the events in which the client got what became of it, by their numbers:
    `[{"provider": 2, "client": [3, 4]}]`. None became nothing; `"provider": null` is what the gateway made itself."""
    later: dict[int, set[int]] = {each.n: {each.n} for each in events if each.client and each.provider}
    for link in links:
        ends = _EVENT.match(link.source or ""), _EVENT.match(link.target or "")
        if ends[0] is not None and ends[1] is not None:
            later.setdefault(int(ends[0][1]), set()).add(int(ends[1][1]))
    told = set().union(*later.values())
    return [
        {"provider": each.n, "client": sorted(later.get(each.n, ()))}
        if each.provider
        else {"provider": None, "client": [each.n]}
        for each in events
        if each.provider or each.n not in told
    ]


def _with_streams(exchange: Exchange, phases: dict[str, Any]) -> dict[str, Any]:
    answering, cut = exchange.answering, exchange.events_left_out > 0
    if not exchange.events or answering is None:
        return phases
    detail = exchange.detail(len(exchange.events))
    bodies = {
        "provider_response": streams.provider(detail, answering.call, answering.n),
        "client_response": exchange.client_stream().decode("utf-8", "replace"),
    }
    return phases | {
        name: {**phases[name], "body": body, "bytes": len(body.encode()), "cut": phases[name]["cut"] or cut}
        for name, body in bodies.items()
        if phases[name] is not None and phases[name]["body"] is None
    }
