"""The words of an API that say what something is, a `type` or a `role`: which became which follows from where what they
stand beside went, since an entry is rendered in one piece."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from translators.tracing.marks import NAMES, PIECES, name
from translators.tracing.places import Place, at
from translators.tracing.trace import Trace

_DEEPEST_ENTRY = 4
"""The steps to a part of a message; what lies deeper in a request is a schema of the client's own."""
_PROMPTING = ("system", "developer")
SPOKEN = ("messages", "contents", "input")
"""Where providers have the history; an entry with the role of a prompt may go elsewhere."""
_WORDS = ("type", "role")
_SCHEMAS = frozenset(("parameters", "schema", "input_schema", "inputSchema", "parametersJsonSchema", "properties"))


def link_kinds(trace: Trace, history: Collection[str]) -> None:
    """Link the role and the type of each entry of a history with the entries that its content went to: its kind decides
    theirs. Names also stand where others refer to them."""
    before = [link for link in trace.links if name(link[0]) not in NAMES]
    entries = {_entry(trace.value, source) for source, _ in before}
    before += [link for link in trace.links if name(link[0]) in NAMES and _entry(trace.value, link[0]) not in entries]
    settled = {target for _, target in trace.links}
    for source, target in before:
        entry = _entry(trace.value, source)
        if source[0] not in (*history, "tools") or entry is None or len(entry) > _DEEPEST_ENTRY:
            continue
        kind = _kind_of(trace.value, entry)
        typed = _typed(trace.output, target, innermost=len(entry) == _DEEPEST_ENTRY)
        if kind is not None and typed is not None:
            _link_new(trace, kind, typed, settled)
        if source[0] in history and (role := _speaker(trace.value, source) or kind) is not None:
            apart = target[:1] if at(trace.value, role) in _PROMPTING and target[0] not in SPOKEN else None
            if (spoken := _speaker(trace.output, target) or apart) is not None:
                _link_new(trace, role, spoken, settled)


def link_forms(trace: Trace) -> list[Place]:
    """Link each word of the input that has no link with the innermost place that has all that what stands beside it
    became. Return the words of the rendering that have no link either, and stand beside what came from one place."""
    sources, targets = trace.unlinked()
    sent, made = _by_place(trace.links, 0), _by_place(trace.links, 1)
    for source in (each for each in sources if _is_word(each)):
        beside = [link for link in _beside(sent, source) if trace.links[link]] or _beside(sent, source)
        if beside and (end := _around(made, source[:-1], _common([target for _, target in beside]))):
            trace.link(source, end, handed_on=False)
    return [place for place in targets if _is_word(place) and _is_held(_beside(made, place))]


def _by_place(links: Iterable[tuple[Place, Place]], side: int) -> dict[Place, list[tuple[Place, Place]]]:
    """Return the links by each place that their ends of a side lie in."""
    found: dict[Place, list[tuple[Place, Place]]] = {}
    for link in links:
        for cut in range(1, len(link[side]) + 1):
            found.setdefault(link[side][:cut], []).append(link)
    return found


def _is_held(beside: Sequence[tuple[Place, Place]]) -> bool:
    """Return whether all of it came from one place, and not out of a JSON text."""
    sources = [source for source, _ in beside]
    pieces = [source for source in sources if len(source) > 1 and name(source) in PIECES]
    return bool(sources and _common(sources)) and not pieces


def _is_word(place: Place) -> bool:
    return bool(place) and place[-1] in _WORDS and _SCHEMAS.isdisjoint(place)


def _beside(links: Mapping[Place, list[tuple[Place, Place]]], place: Place) -> list[tuple[Place, Place]]:
    """Return the links of what is in the same object as a place; those of names only where there are no others."""
    found = links.get(place[:-1], [])
    return [link for link in found if name(link[0]) not in NAMES] or found


def _common(places: Sequence[Place]) -> Place:
    """Return the innermost place that all lie in; an object that one of them is, too."""
    common = places[0]
    for place in places[1:]:
        pairs = zip(common, place, strict=False)
        common = common[: next((cut for cut, (one, other) in enumerate(pairs) if one != other), len(place))]
    return common


def _around(links: Mapping[Place, list[tuple[Place, Place]]], entry: Place, end: Place) -> Place:
    """Return the outermost object around a place, in the same entry of a list, that has nothing from elsewhere than an
    entry of the input."""
    while len(end) > 1 and isinstance(end[-1], str):
        if not all(source[: len(entry)] == entry for source, _ in links.get(end[:-1], ())):
            break
        end = end[:-1]
    return end


def _link_new(trace: Trace, source: Place, target: Place, settled: Collection[Place]) -> None:
    if target not in settled:
        trace.link(source, target)


def _entry(value: Any, place: Place) -> Place | None:
    """Return the innermost object in a list that a place lies in."""
    cuts = (place[:cut] for cut in range(len(place) - 1, 0, -1) if isinstance(place[cut - 1], int))
    return next((cut for cut in cuts if isinstance(at(value, cut), dict)), None)


def _kind_of(value: Any, entry: Place) -> Place | None:
    """Return the field of an entry that says what it is: the type of a part, a tool or an item, or the role of a
    tool's message. Other messages have parts of several kinds."""
    fields = at(value, entry)
    if fields.get("type", "message") != "message":
        return (*entry, "type")
    return (*entry, "role") if fields.get("role") == "tool" else None


def _typed(made: Any, place: Place, *, innermost: bool) -> Place | None:
    """Return the type of the innermost, or else the outermost, entry that a place lies in."""
    cuts = [place[:cut] for cut in range(1, len(place)) if isinstance(place[cut - 1], int)]
    types = [(*cut, "type") for cut in (reversed(cuts) if innermost else cuts)]
    return next((each for each in types if isinstance(at(made, each), str)), None)


def _speaker(value: Any, place: Place) -> Place | None:
    """Return the innermost role that a place lies under, of an entry of a list."""
    cuts = (place[:cut] for cut in range(len(place) - 1, 0, -1) if isinstance(place[cut - 1], int))
    return next(((*cut, "role") for cut in cuts if isinstance(at(value, (*cut, "role")), str)), None)
