"""The values of an answer that nothing of it became or came from: whether they steer, and who writes them, as another
rendering tells."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from translators.errors import TranslationError
from translators.tracing.changes import Unlike, changed
from translators.tracing.marks import name
from translators.tracing.places import MISSING, Place, at, leaves, read, replaced, same, written
from translators.tracing.trace import Trace, others
from translators.values import immutable

NO_EFFECT = "Nothing of it is sent: the client's answer is the same with another value."
SAME_WITHOUT = "The client's answer is the same without it."
DECIDES = "It decides what becomes of the answer: with another value there is another, or none."
FORM = "The client's format requires it."
MADE = "The gateway makes it."
_WORK = 60_000
"""The values that are rendered again, over all renderings."""
_MOST_TRIED = 600
_EVENT = 2
"""The steps to what an event became: a list, empty where that is nothing."""
_SURE = frozenset(("type", "object", "role"))
_FORMS = _SURE | {"status", "event", "index"}
_PLACES = frozenset(("output_index", "content_index", "summary_index", "sequence_number"))
_IDS = frozenset(("id", "item_id", "call_id", "issuer"))


@immutable
class Unsaid:
    """The rule of a value that has no other end, with the reason."""

    place: Place
    rule: Literal["computed", "defaulted", "dropped"]
    detail: str


def sources(trace: Trace) -> tuple[list[Unsaid], bool]:
    """Return what is known of the values of an answer that have no link, and whether all were tried. Those that turn
    out to be handed on are linked."""
    found: list[Unsaid] = []
    open_ones = trace.unlinked()[0]
    most = min(_MOST_TRIED, _WORK // (len(trace.leaves) + 1))
    for place in open_ones if len(open_ones) <= most else _spread(trace, open_ones)[:most]:
        unsaid = _tried(trace, place)
        trace.settle_source(place)
        if unsaid is not None:
            found.append(unsaid)
    return found, len(open_ones) <= most


def _spread(trace: Trace, places: Sequence[Place]) -> list[Place]:
    """Return the places in another order: first one of each kind, since many events of a stream are of the same."""
    counts: dict[tuple[str, ...], int] = {}
    order: dict[Place, int] = {}
    for place in places:
        kind = (str(at(trace.value, (*place[:2], "type"))), *(step for step in place if isinstance(step, str)))
        order[place] = counts[kind] = counts.get(kind, 0) + 1
    return sorted(places, key=order.__getitem__)


def _tried(trace: Trace, place: Place) -> Unsaid | None:
    """Return what other values in a place show; None where that links it with a place."""
    value = at(trace.value, place)
    if value in (None, "", [], {}):
        return _without(trace, place)
    effect = False
    for other in _others(place, value):
        try:
            made = trace.rendered(replaced(trace.value, place, other))
            effect = effect or not same(made, trace.output)
            places = changed(trace.output, made)
        except (TranslationError, Unlike):
            return Unsaid(place, "computed", DECIDES)
        if places:
            return None if _linked(trace, place, other, made, places) else Unsaid(place, "computed", DECIDES)
    return Unsaid(place, "computed", DECIDES) if effect else Unsaid(place, "dropped", NO_EFFECT)


def _linked(trace: Trace, place: Place, other: Any, made: Any, places: Sequence[Place]) -> bool:
    """Link a value with the places that another one changes, if it turns up in all of them, or if nothing else is
    known of them. Return whether it does."""
    value = at(trace.value, place)
    handed_on = all(same(at(trace.output, each), value) and same(at(made, each), other) for each in places)
    in_place = all(not trace.linked(each) and at(made, each) is not MISSING for each in places)
    if not (handed_on or in_place) or not all(map(_has_path, places)):
        return False
    for target in places:
        trace.link(place, target, handed_on=handed_on)
    return True


def _without(trace: Trace, place: Place) -> Unsaid | None:
    """Return what a rendering without an empty value shows; None where it is handed on, which is linked."""
    value = at(trace.value, place)
    for other in (MISSING, "x"):
        try:
            made = trace.rendered(replaced(trace.value, place, other))
        except TranslationError:
            continue
        if other is MISSING and same(made, trace.output):
            return Unsaid(place, "dropped", SAME_WITHOUT)
        targets = [each for each, leaf in leaves(trace.output) if same(leaf, value) and same(at(made, each), other)]
        if other is not MISSING and len(targets) == 1:
            trace.link(place, targets[0])
            return None
    return Unsaid(place, "computed", DECIDES)


def _others(place: Place, value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield f"{value}x"
    yield from (other for other in others(place, value) if other is not MISSING)


def _has_path(place: Place) -> bool:
    """Return whether its path names this place and no other."""
    return read(written(place)) == place


def targets(trace: Trace, otherwise: Sequence[tuple[Callable[[], Any], str]], *, all_tried: bool) -> list[Unsaid]:
    """Return what is known of the values of a rendering that have no link. `otherwise` are other renderings of the same
    answer, with the words for what differs in them. `all_tried`: so nothing of what is left
    comes from the answer, and it is the form's; otherwise that is certain of some words alone."""
    found: list[Unsaid] = []
    for render, detail in otherwise:
        rule: Literal["computed", "defaulted"] = "defaulted" if detail == MADE else "computed"
        for place in _changed(trace, render):
            if not trace.linked(place) and _has_path(place):
                trace.settle(place)
                found.append(Unsaid(place, rule, detail))
    for place in trace.unlinked()[1]:
        is_value = len(place) != _EVENT or place[0] != "events" or at(trace.output, place) != []
        detail = _by_form(place, at(trace.output, place), all_tried) if is_value else ""
        if detail and _has_path(place):
            trace.settle(place)
            found.append(Unsaid(place, "defaulted", detail))
    return found


def _changed(trace: Trace, render: Callable[[], Any]) -> list[Place]:
    try:
        return changed(trace.output, render())
    except (TranslationError, Unlike):
        return []


def _by_form(place: Place, value: Any, all_tried: bool) -> str:
    if not all_tried:
        return FORM if name(place) in _SURE or value is None or value == "[DONE]" else ""
    if name(place) in _IDS:
        return MADE
    empty = value in (None, "", [], {}) or value == "[DONE]"
    zero = type(value) is int and value == 0 and "usage" in place
    return FORM if empty or zero or name(place) in _FORMS | _PLACES else ""
