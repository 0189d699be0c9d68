"""The places in a JSON value, and copies of it with another value in one of them."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from pydantic_core import to_json

Place = tuple[str | int, ...]
"""The names and indices that lead to a value."""

MISSING: Final = object()
"""The value at a place that does not exist."""
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def written(place: Place) -> str:
    """Return a place as notes write it: `messages[0].content`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def read(text: str) -> Place:
    """Return the place that a path names."""
    return tuple(int(step[1]) if step[1] is not None else step[2] for step in _STEP.finditer(text))


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield each value that has none in it, with its place."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*place, name))
    elif isinstance(value, list | tuple) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*place, index))
    else:
        yield place, value


def at(value: Any, place: Place) -> Any:
    """Return the value at a place, or `MISSING`."""
    for step in place:
        inside = step < len(value) if isinstance(step, int) and isinstance(value, list | tuple) else False
        if isinstance(step, str) and isinstance(value, dict):
            inside = step in value
        if not inside:
            return MISSING
        value = value[step]
    return value


def replaced(value: Any, place: Place, new: Any) -> Any:
    """Return a copy with another value at a place that exists; `MISSING` takes it out."""
    if not place:
        return new
    step, rest = place[0], place[1:]
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    if not rest and new is MISSING:
        del copy[step]
    else:
        copy[step] = replaced(value[step], rest, new)
    return copy


def same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal, and `1` is not `True` nor `1.0`."""
    if type(one) is not type(other) or one != other:
        return False
    return not isinstance(one, dict | list) or json_of(one) == json_of(other)


def json_of(value: Any) -> bytes:
    """Return a value as JSON. Half a surrogate pair, which UTF-8 cannot hold, is written as an escape."""
    try:
        return to_json(value, inf_nan_mode="null")
    except ValueError:
        return json.dumps(value).encode()
