"""The texts of an exchange's bodies, for a search: what people and models wrote, without the JSON around it."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from addons.inspector import search
from addons.inspector.recording import Exchange, Phase

REQUEST = 4096
"""Characters of a request: its beginning, and four times as much of its end."""
ANSWER = 2048
LONGEST = 32 * 1024
FIRST_EVENTS, LAST_EVENTS = 200, 800
"""Those of a stream that a search looks through."""
_DEEPEST = 30
_WRITTEN = re.compile(
    rb'"(?:content|text|arguments|delta|reasoning_content|refusal)": ?"((?:[^"\\\n]|\\.)*)"',
)
"""The fields of a stream's events that hold a piece of the answer. Other events repeat it whole; a search does not
mind."""
_KNOWN = frozenset(("role", "type", "object"))


def searchable(exchange: Exchange, asked: Any) -> str:
    """Return what a search looks through, in lower case. `asked` is the client's request as `request` reads it."""
    answer = exchange.client_response
    asked = cut(" ".join(_texts(asked)), REQUEST)
    told = cut(streamed(exchange) if exchange.facts.stream else " ".join(_texts(_json(answer))), ANSWER)
    return f"{search.heading(exchange.facts)}\n{asked}\n{told}".lower()


def request(exchange: Exchange) -> Any:
    """Return the client's request, parsed as far as it can be."""
    return _json(exchange.client_request)


def streamed(exchange: Exchange) -> str:
    """Return the pieces of a streamed answer, put together."""
    events = exchange.events
    if len(events) > FIRST_EVENTS + LAST_EVENTS:
        events = (*events[:FIRST_EVENTS], *events[-LAST_EVENTS:])
    told = b"\n".join(event.client for event in events)
    return str(_loaded(b'"%s"' % b"".join(_WRITTEN.findall(told))))


def cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[: limit // 5]}\n{text[-(limit - limit // 5) :]}"


def _json(phase: Phase | None) -> Any:
    return None if phase is None or phase.body is None else _loaded(phase.body)


def _loaded(body: bytes) -> Any:
    """Return the value of JSON text; of what is none, or was cut, what can be read."""
    try:
        return from_json(body, allow_partial=True)
    except ValueError:
        return body.decode("utf-8", "replace")


def _texts(value: Any, deep: int = 0) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list() if deep < _DEEPEST:
            for each in value:
                yield from _texts(each, deep + 1)
        case dict() if deep < _DEEPEST:
            for name, each in value.items():
                if name not in _KNOWN:
                    yield from _texts(each, deep + 1)
