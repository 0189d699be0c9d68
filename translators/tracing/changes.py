"""The places at which two renderings of one request differ, where that can be told for certain."""

from typing import Any

from translators.tracing.places import Place, leaves, same


class Unlike(Exception):
    """Two lists of which nobody can tell which entry became which."""


def changed(old: Any, new: Any, place: Place = ()) -> list[Place]:
    """Return the places in `old` whose value is another in `new`, or is not there. Raises `Unlike`."""
    if same(old, new):
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        found: list[Place] = []
        for name, value in old.items():
            found += changed(value, new[name], (*place, name)) if name in new else _all(value, (*place, name))
        return found
    if isinstance(old, list) and isinstance(new, list):
        return _changed_lists(old, new, place)
    return _all(old, place)


def _changed_lists(old: list[Any], new: list[Any], place: Place) -> list[Place]:
    """Compare what is between the equal entries at both ends."""
    begin, shorter = 0, min(len(old), len(new))
    if len(old) != len(new):
        while begin < shorter and same(old[begin], new[begin]):
            begin += 1
    end = 0
    while len(old) != len(new) and end < shorter - begin and same(old[-1 - end], new[-1 - end]):
        end += 1
    before, after = old[begin : len(old) - end], new[begin : len(new) - end]
    if not after:
        return [each for index, value in enumerate(before, begin) for each in _all(value, (*place, index))]
    if len(before) != len(after):
        if before:
            raise Unlike
        return []
    pairs = enumerate(zip(before, after, strict=True), begin)
    return [each for index, (one, other) in pairs for each in changed(one, other, (*place, index))]


def _all(value: Any, place: Place) -> list[Place]:
    return [each for each, _ in leaves(value, place)]
