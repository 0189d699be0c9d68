"""Pairs of places: one in a body that was made today, and the same in the one that was sent then. Entries of lists are
found again where the gateway had put others between them, such as reasoning that it remembered."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from translators.tracing.places import Place, json_of, same

MOST_ENTRIES = 500
"""The entries of two lists that are compared each with each."""


def aligned(now: Any, then: Any, here: Place = (), there: Place = ()) -> Iterator[tuple[Place, Place]]:
    """Yield the places in `now` that `then` has, too, each with its place there. Their values may differ."""
    yield here, there
    if isinstance(now, dict) and isinstance(then, dict):
        for name in now.keys() & then.keys():
            yield from aligned(now[name], then[name], (*here, name), (*there, name))
    elif isinstance(now, list) and isinstance(then, list):
        for one, other in _pairs(now, then):
            yield from aligned(now[one], then[other], (*here, one), (*there, other))


def _pairs(now: list[Any], then: list[Any]) -> Iterator[tuple[int, int]]:
    """Yield which entry is which. Of different ones between equal ones as many as there are others are those."""
    if len(now) == len(then):
        yield from ((index, index) for index in range(len(now)))
        return
    begin, end = 0, min(len(now), len(then))
    while begin < end and same(now[begin], then[begin]):
        yield begin, begin
        begin += 1
    if max(len(now), len(then)) - begin > MOST_ENTRIES:
        return
    ours, theirs = ([json_of(each) for each in entries[begin:]] for entries in (now, then))
    for kind, one, one_end, other, other_end in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and one_end - one == other_end - other):
            yield from ((begin + one + step, begin + other + step) for step in range(one_end - one))
