"""The place in a whole answer that a place in an event of its stream belongs to."""

from collections.abc import Sequence
from typing import Any

from translators.tracing.places import MISSING, Place, at

_BLOCK = ("answer", "content")
_ITEM = ("answer", "output")


def in_whole(inner: Place, event: Any, number: int) -> Place:
    """Return `answer` and where a place in an event is in the whole answer; what several events add up to has the
    number of each. Of what belongs to no more than the event, return `event`, its number and the place."""
    holder = at(event, inner[:1]) if inner else MISSING
    match event, inner, holder:
        case {"index": int(block)}, (("content_block" | "delta") as kind, *rest), _:
            return (*_BLOCK, block, *_of_block(kind, rest, number))
        case _, (_, ("start" | "delta") as kind, *rest), {"contentBlockIndex": int(block)}:
            return (*_BLOCK, block, *_of_block(kind, rest, number))
        case {"output_index": int(item)}, (str(kind), *rest), _:
            return _of_item(item, kind, rest, event, number)
        case _, ("response", *rest), {}:
            return ("answer", *rest)
        case _, ("candidates" | "choices" as choices, int(place), *rest), _:
            index = at(holder, (place, "index"))
            choice = index if isinstance(index, int) else place
            return ("answer", choices, choice, *((number, *rest) if rest else ()))
    return ("event", number, *inner)


def _of_block(kind: str, rest: Sequence[str | int], number: int) -> Place:
    """Return the place in a block of Claude's or Bedrock's: that of its beginning is its own."""
    if kind != "delta":
        return tuple(rest)
    return ("citations", number, *rest[1:]) if rest[:1] == ["citation"] else (number, *rest)


def _of_item(item: int, kind: str, rest: Sequence[str | int], event: Any, number: int) -> Place:
    """Return the place that an event of the Responses API has about an item."""
    match event, kind:
        case _, "item":
            return (*_ITEM, item, *rest)
        case {"content_index": int(part)}, "part":
            return (*_ITEM, item, "content", part, *rest)
        case {"content_index": int(part)}, "annotation":
            entry = event.get("annotation_index")
            place = entry if isinstance(entry, int) else number
            return (*_ITEM, item, "content", part, "annotations", place, *rest)
        case {"delta": str()}, "delta":
            return (*_ITEM, item, number, kind)
    return ("event", number, kind, *rest)
