"""Payloads of a stream as a person reads them: without what stood in the one before, and what matters first."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 76
"""Characters of a line: what a window of 1280 pixels shows beside the list of flows."""

_FIRST = ("delta", "choices", "candidates", "message", "text", "content", "arguments", "item", "part", "usage")
"""The fields for which a payload is sent. They are shown before the rest, and also where they are the same again."""


class Shortener:
    """Shortens the payloads of one side of a stream, in their order."""

    def __init__(self) -> None:
        self._before: Mapping[str, Any] = {}

    def short(self, payload: str, name: str = "") -> str:
        """Return `payload` without what is known from the one before or from the event's `name`; what is no JSON object
        as it is.

        `{"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":null}]}` becomes
        `{"choices":[{"delta":{"content":"Hi"}}]}` where the payload before had the same id and model.
        """
        try:
            fields = json.loads(payload)
        except (ValueError, RecursionError):
            return payload
        if not isinstance(fields, dict):
            return payload
        before, self._before = self._before, fields
        news = {key: value for key, value in fields.items() if not _is_known(key, value, before, name)}
        return json.dumps(_ordered(news), ensure_ascii=False, separators=(",", ":"))


def _is_known(key: str, value: Any, before: Mapping[str, Any], name: str) -> bool:
    if key == "type" and value == name:
        return True
    return key not in _FIRST and not isinstance(value, dict | list) and key in before and before[key] == value


def _ordered(fields: dict[str, Any]) -> dict[str, Any]:
    first = {key: fields[key] for key in _FIRST if key in fields}
    for key in ("choices", "candidates"):
        if isinstance(fields.get(key), list):
            first[key] = [_choice(each) if isinstance(each, dict) else each for each in fields[key]]
    return first | {key: value for key, value in fields.items() if key not in first}


def _choice(choice: dict[str, Any]) -> dict[str, Any]:
    """Return a choice without what it leaves open, and without the number of the first."""
    return _ordered({key: value for key, value in choice.items() if value is not None and (key, value) != ("index", 0)})


def wrapped(text: str, first: str, further: str) -> Iterator[str]:
    """Return `text` in lines of at most `WIDTH` characters, each behind its indent."""
    room = WIDTH - len(first)
    for line in text.splitlines() or [""]:
        for at in range(0, max(1, len(line)), room):
            yield first + line[at : at + room]
            first = further


def hung(text: str, first: str = "", further: int = 4) -> Iterator[str]:
    """Return `text` behind `first` in lines of at most `WIDTH` characters, cut between words, those after the first
    behind `further` spaces."""
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * further,
        replace_whitespace=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
