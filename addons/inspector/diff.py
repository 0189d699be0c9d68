"""A diff of two JSON bodies, one made of the other, that knows from their links what moved: rows for a view side by
side, folded where nothing differs."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from addons.inspector.provenance import Traced, body_of, payload_of
from addons.inspector.reading import Direction
from addons.inspector.recording import Exchange
from translators.provenance import Link
from translators.tracing.answers import events_in
from translators.tracing.places import json_of, leaves, written

FOLDED = 4
"""The rows in a sequence that differ in nothing, from which on they are one."""
MOST_ROWS = 10_000
"""The rows of a diff; those after them are counted."""
MOST_EVENTS = 20_000
_LONGEST = 300
_NOT_SENT = "not sent"
"""The rule, in a row, of a value of which nothing is lost though it is not sent: no note says that it was dropped."""

Row = dict[str, Any]


def rows(left: Any, right: Any, links: Iterable[Link]) -> list[Row]:
    """Return the rows of a diff, in the order of both bodies:

    `{"kind": "equal", "left": path, "right": path, "rule": "copied", "note": null, "detail": "", "old": JSON text,
    "new": JSON text}`. `kind` is `equal`; `changed`, another value or another place in the same row; `moved`, where the
    other end is at another height: `left` or `right` is null then, and `other` has its path; `only`, a value that the
    other side does not have, with the rule `not sent` where no note says that it was lost; `folded`, `count` rows that
    are equal, from `left` and `right` on; or, at the end, `more`: `count` rows of a longer diff."""
    sides = [dict(_leaves(left)), dict(_leaves(right))]  # a body that was not kept has none
    links = list(links)
    ends = _ends(links, *sides)
    abreast = _abreast(ends, *sides)
    backwards = links[::-1]
    told = (
        {link.source: link for link in backwards if link.source is not None and link.target not in sides[1]},
        {link.target: link for link in backwards if link.target is not None and link.source not in sides[0]},
    )
    for links_of, side in zip(told, (left, right), strict=True):
        _inherit(links_of, side)
    by_source = [link for link in (*backwards, *reversed(ends.values())) if link.target in sides[1]]
    went = {str(link.source): link for link in by_source if link.source in sides[0]}
    return _folded(list(_rows(sides, ends, abreast, (went, *told))))


def of_exchange(exchange: Exchange, direction: Direction, links: Traced) -> list[Row]:
    """Return the rows of a direction: the client's request and the provider's, or the provider's answer and the
    client's. A stream is `{"events": {2: event}}`, by the numbers of the events that there are."""
    if direction == "request":
        client, provider = body_of(exchange, "client_request"), body_of(exchange, "provider_request")
        return rows(client, provider, links.request)
    if not exchange.events:
        answers = body_of(exchange, "provider_response"), body_of(exchange, "client_response")
        return rows(*answers, links.answer)
    events = [pair for pair in exchange.events if pair.n < MOST_EVENTS]
    said = {pair.n: payload_of(pair.provider) for pair in events if pair.provider}
    got = {pair.n: made for pair in events if (made := events_in(pair.client))}
    left = {"events": said} if said else body_of(exchange, "provider_response")
    right = ({"events": got} if got else {}) if exchange.facts.stream else body_of(exchange, "client_response")
    return rows(left, right, links.answer)


def lines(found: Iterable[Row]) -> Iterator[str]:
    """Yield the rows that differ as text, `seed -> -  dropped  7 ->   There is no such field.`; what moved is where it
    came from."""
    for row in found:
        if row["kind"] == "more":
            yield f"{row['count']} more"
        elif row["kind"] not in ("equal", "folded") and not (row["kind"] == "moved" and row["left"] is None):
            ends = f"{row['left'] or '-'} -> {row['right'] or row.get('other') or '-'}"
            yield f"{ends}  {row['rule']}  {row['old'] or ''} -> {row['new'] or ''}  {row['detail']}".rstrip()


def _leaves(value: Any) -> Iterator[tuple[str, Any]]:
    return ((written(place), leaf) for place, leaf in leaves(value) if place)


def _inherit(told: dict[str, Link], side: Any) -> None:
    """Give each leaf that no link names the link of the object around it, where that has no other end: all of it was
    dropped, or made."""
    whole = {path for path, link in told.items() if link.source is None or link.target is None}
    for place, _ in leaves(side) if whole else ():
        around = (written(place[:end]) for end in range(len(place) - 1, 0, -1))
        if written(place) not in told and (path := next((path for path in around if path in whole), None)):
            told[written(place)] = told[path]


def _ends(links: Iterable[Link], left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Link]:
    """Return the link of each leaf at the right that one leaf at the left became; of several, the one that is no
    computation."""
    ends: dict[str, Link] = {}
    for link in links:
        if link.source in left and link.target in right:
            known = ends.get(str(link.target))
            if known is None or (known.rule == "computed" != link.rule):
                ends[str(link.target)] = link
    return ends


def _abreast(ends: Mapping[str, Link], left: Iterable[str], right: Iterable[str]) -> dict[str, str]:
    """Return the most links that do not cross one another, as targets by their sources: a longest sequence in which
    both ends go down."""
    height = {path: index for index, path in enumerate(left)}
    tails: list[int] = []
    last: list[str] = []
    before: dict[str, str | None] = {}
    for target in (path for path in right if path in ends):
        here = height[str(ends[target].source)]
        at = bisect_left(tails, here)
        before[target] = last[at - 1] if at else None
        tails[at : at + 1], last[at : at + 1] = [here], [target]
    found: dict[str, str] = {}
    target_or_none = last[-1] if last else None
    while target_or_none is not None:
        found[str(ends[target_or_none].source)] = target_or_none
        target_or_none = before[target_or_none]
    return found


def _rows(
    sides: Sequence[Mapping[str, Any]],
    ends: Mapping[str, Link],
    abreast: Mapping[str, str],
    others: tuple[Mapping[str, Link], Mapping[str, Link], Mapping[str, Link]],
) -> Iterator[Row]:
    """Yield the rows down to each pair that is abreast, then that pair. `others` are the links of the left's values to
    those of the right, and those of either side to objects of the other, or to nothing."""
    left, right = sides
    went, *told = others
    rest = iter(right)
    for source in left:
        target = abreast.get(source)
        if target is None:
            yield _alone(source, None, sides, went.get(source) or told[0].get(source))
            continue
        for path in rest:
            if path == target:
                break
            yield _alone(None, path, sides, ends.get(path) or told[1].get(path))
        yield _pair(source, target, sides, ends[target])
    for path in rest:
        yield _alone(None, path, sides, ends.get(path) or told[1].get(path))


def _pair(left: str, right: str, sides: Sequence[Mapping[str, Any]], link: Link) -> Row:
    kind = "equal" if link.rule == "copied" else "changed"
    return _row(kind, left, right, sides, link)


def _alone(left: str | None, right: str | None, sides: Sequence[Mapping[str, Any]], link: Link | None) -> Row:
    if link is None or link.source is None or link.target is None:
        return _row("only", left, right, sides, link)
    return _row("moved", left, right, sides, link) | {"other": link.source if left is None else link.target}


def _row(kind: str, left: str | None, right: str | None, sides: Sequence[Mapping[str, Any]], link: Link | None) -> Row:
    return {
        "kind": kind,
        "left": left,
        "right": right,
        "rule": _rule(link),
        "note": None if link is None else link.note,
        "detail": "" if link is None else link.detail,
        "old": None if left is None else _text(sides[0][left]),
        "new": None if right is None else _text(sides[1][right]),
    }


def _rule(link: Link | None) -> str:
    if link is None:
        return "unknown"
    return _NOT_SENT if link.rule == "dropped" and link.note is None else link.rule


def _text(value: Any) -> str:
    if isinstance(value, str):
        value = value[:_LONGEST]
    text = json_of(value).decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _folded(found: Sequence[Row]) -> list[Row]:
    """Return the rows with one in the place of many that are equal."""
    made: list[Row] = []
    begin = 0
    while begin < len(found):
        if len(made) >= MOST_ROWS:
            return [*made[:MOST_ROWS], {"kind": "more", "left": None, "right": None, "count": len(found) - begin}]
        end = begin
        while end < len(found) and found[end]["kind"] == "equal":
            end += 1
        if end - begin >= FOLDED:
            first = found[begin]
            made.append({"kind": "folded", "left": first["left"], "right": first["right"], "count": end - begin})
        else:
            made += found[begin : max(end, begin + 1)]
            end = max(end, begin + 1)
        begin = end
    return made
