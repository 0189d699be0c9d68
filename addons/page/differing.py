"""The differences of two JSON values, and of two pieces of a stream."""

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from addons.inspector.stand_ins import same_media


def differing(then: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the paths at which two JSON values differ, with both values; None stands for nothing."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in dict.fromkeys((*then, *now)):
            inner = f"{path}.{name}" if path else name
            if name in then and name in now:
                yield from differing(then[name], now[name], inner)
            else:
                yield inner, then.get(name), now.get(name)
    elif isinstance(then, list) and isinstance(now, list):
        for at in range(max(len(then), len(now))):
            inner = f"{path}[{at}]"
            if at < len(then) and at < len(now):
                yield from differing(then[at], now[at], inner)
            else:
                yield inner, then[at] if at < len(then) else None, now[at] if at < len(now) else None
    elif then != now or isinstance(then, bool) is not isinstance(now, bool):
        yield path, then, now


def parsed(data: bytes | None) -> Any:
    """Return the JSON value, else the text."""
    try:
        return None if data is None else from_json(data)
    except ValueError:
        return data.decode("utf-8", "replace") if data is not None else None


def without_comments(data: bytes) -> bytes:
    """Return a piece of a stream without its comments: notes and signs of life are told there."""
    return b"\n".join(line for line in data.split(b"\n") if not line.startswith(b":")).strip(b"\n")


def same_events(one: bytes, other: bytes, media: frozenset[str] = frozenset()) -> bool:
    """Return whether two pieces of a stream have the same events, whose JSON may be written in another order."""
    return one == other or same_media(events_of(one), media) == same_media(events_of(other), media)


def events_of(data: bytes) -> list[Any]:
    """Return the lines of a piece of a stream, with the values of their JSON."""
    lines = (line for line in data.split(b"\n") if line.strip() and not line.startswith(b":"))
    return [parsed(line[5:].strip()) if line.startswith(b"data:") else line for line in lines]
