"""The values of an answer that its notes say were lost.

The path of such a note names a field, or the list that an entry is in and its type: `citations.char_location`. An event
of a stream is read as a piece of the whole answer, so that the same values of both have the same notes.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from translators.notes import Note
from translators.tracing.marks import name
from translators.tracing.pieces import in_whole
from translators.tracing.places import Place
from translators.values import immutable

_EVENTS, _CALLS = "events", "calls"
_MIXED = frozenset(("content", "output", "parts"))
"""The lists of whose entries each is of a kind of its own: a note on the list is on none that could be named."""
_INSIDE = {
    "annotations": ("annotations",),
    "images": ("images", "content.image", "inlineData", "output.image_generation_call"),
    "tool_calls": (
        *("tool_calls", "content.tool_use", "content.toolUse", "functionCall"),
        *("output.function_call", "output.custom_tool_call"),
    ),
}
"""The names of what a note names alone, wherever it is, as each provider has it."""
_FRAME = frozenset(("type", "index", "role"))
"""The fields that say what an entry is, and nothing of what it says."""
_ROOTS = ("event.", "response.")
_LONGEST = 60
"""The characters of a name in a note's path."""


@immutable
class Made:
    """A note on an answer, and the number of the event at which it was made."""

    note: Note
    event: int = 0


def lost(
    value: Any,
    notes: Sequence[Made],
    became: Collection[Place],
    telling: Collection[Place],
    calls: Sequence[int] = (),
) -> dict[Place, int]:
    """Return the number of the note of each value that nothing became of, where there is one. `value` is a whole
    answer, `{"calls": [...]}` or `{"events": [...]}`; `became` are the places of which something became, `telling`
    those on which the client's answer depends; `calls` has the call of each event, where they answer several."""
    dropped = {number: each for number, each in enumerate(notes) if each.note.fate == "dropped"}
    if not dropped:
        return {}
    named, around = _named(value, calls)
    kept = {holder for place in around if _within(place, became) for holder in around[place]}
    said = kept.union(*(around[place][1:] for place in telling if place in around and name(place) not in _FRAME))
    noted: dict[Place, list[int]] = {}
    for number, made in dropped.items():
        for holder in _about(made, named):
            noted.setdefault(holder, []).append(number)
    found: dict[Place, int] = {}
    for place, (own, *others) in around.items():
        holders = [own] if own not in kept else []
        holders += [each for each in others if each not in said]
        if numbers := next((noted[each] for each in holders if each in noted), None):
            found[place] = min(numbers, key=lambda number: dropped[number].event not in place[:2])
    return found


def _within(place: Place, others: Collection[Place]) -> bool:
    return any(place[:cut] in others for cut in range(1, len(place) + 1))


def _about(made: Made, named: dict[str, set[Place]]) -> set[Place]:
    """Return what a note is on. A note on an event is on others of its type only if the first of them is odd, too."""
    path = made.note.path
    root = next((root for root in _ROOTS if path.startswith(root)), "")
    if root or ("." not in path and path not in _INSIDE):
        about = named.get(path.removeprefix(root), set())
    else:
        ends = tuple(f".{each}" for each in _INSIDE.get(path, (path,)))
        about = {holder for text, holders in named.items() if f".{text}".endswith(ends) for holder in holders}
    if root != "event.":
        return about
    mine = {holder for holder in about if holder[1] == made.event}
    return mine if any(_event(holder) < made.event for holder in about) else about


def _event(holder: Place) -> int:
    return holder[1] if isinstance(holder[1], int) else 0


# --- what a value is in -----------------------------------------------------------------------------


def _nodes(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any, bool]]:
    """Yield each value with its place, also those that have others in them, and whether it has none."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield place, value, not inner or not value
    for step, each in inner:
        yield from _nodes(each, (*place, step))


def _around(here: Place) -> list[Place]:
    """Return a value and all that it is in, the innermost first. Here, a place in the whole answer begins with
    `answer`, and one in an event with `event` and the event's number."""
    least = 2 if here[0] == "event" else 1
    return [here[:cut] for cut in range(len(here), least, -1)]


# --- what notes call it -----------------------------------------------------------------------------


def _named(value: Any, calls: Sequence[int]) -> tuple[dict[str, set[Place]], dict[Place, list[Place]]]:
    """Return all that is in an answer by the names that a note may have for it, and what each value is in."""
    named: dict[str, set[Place]] = {}
    around: dict[Place, list[Place]] = {}
    for start, piece in _pieces(value):
        for inner, node, is_leaf in _nodes(piece):
            here = _here(start, inner, piece, calls)
            if is_leaf:
                around[(*start, *inner)] = [*_around(here), *([("event", start[1])] if start[:1] == (_EVENTS,) else [])]
            for text in _names(node, inner, {_spelled(inner), _spelled(here[1:])}):
                named.setdefault(text, set()).add(here)
    return named, around


def _pieces(value: Any) -> Iterator[tuple[Place, Any]]:
    """Yield each event, or each whole answer, with its place."""
    kind = next((each for each in (_EVENTS, _CALLS) if isinstance(value, dict) and each in value), None)
    if kind is None:
        yield (), value
    else:
        yield from (((kind, number), piece) for number, piece in enumerate(value[kind]))


def _here(start: Place, inner: Place, piece: Any, calls: Sequence[int]) -> Place:
    """Return where a value is in the whole answer, that of its call where there are several, or in its event."""
    match start:
        case ("events", int(number)):
            here = in_whole(inner, piece, number)
            return ("answer", calls[number], *here[1:]) if calls and here[0] == "answer" else here
        case (_, int(call)):
            return ("answer", call, *inner)
    return ("answer", *inner)


def _names(value: Any, place: Place, spelled: set[str]) -> Iterator[str]:
    kind = _kind(value) if isinstance(value, dict) else None
    for text in spelled:
        last = text.rpartition(".")[2]
        mixed = last in _MIXED and (isinstance(value, list) or isinstance(place[-1], int))
        if last and not mixed and value not in (None, []):
            yield text
        if isinstance(kind, str):
            yield f"{text}.{kind[:_LONGEST]}".removeprefix(".")


def _kind(entry: dict[str, Any]) -> Any:
    """Return the type of an entry, or of the location of a citation of Bedrock's."""
    location = entry.get("location")
    return next(iter(location), "untyped") if isinstance(location, dict) else entry.get("type", "untyped")


def _spelled(steps: Place) -> str:
    text = ".".join(step[:_LONGEST] for step in steps if isinstance(step, str))
    return text.replace("choices.message", "choices.delta")
