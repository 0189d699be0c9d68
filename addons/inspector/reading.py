"""Bodies and events of a recorded exchange, parsed. Everything that analyses one reads it through here.

A *detail* is the JSON of one exchange: `{"dialect", "phases": {"client_request": {"body": text}}, "events": [...]}`.
Nothing in it was validated: a body may be cut, of any shape, or no JSON.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, cast

from pydantic_core import from_json

from translators.framing.sse import DONE, SseReader
from translators.values import immutable

Detail = Mapping[str, Any]
Leg = Literal["client", "provider"]
LEGS: tuple[Leg, ...] = ("client", "provider")
Direction = Literal["request", "answer"]
DIRECTIONS: tuple[Direction, ...] = ("request", "answer")
"""From the client's leg to the provider's, and back. In queries and commands a direction is called a leg, too."""
FAMILIES: Mapping[str, str] = {
    "vertex-anthropic": "anthropic",
    "openai": "chat",
    "openai-completions": "completions",
    "openai-responses": "responses",
}
"""The dialects of providers that are another's or a client's."""
END_MARK = DONE.decode()


@immutable
class StreamEvent:
    """One event of a stream, of either leg. `n` is its pair's number; `payload` is parsed, and None where that is
    impossible."""

    n: int
    name: str
    payload: Any
    text: str

    @property
    def fields(self) -> Mapping[str, Any]:
        """Return the payload's fields, none where it is no object."""
        return self.payload if isinstance(self.payload, dict) else {}


class Opened(dict[str, Any]):
    """A detail whose events are parsed once, however many look at them."""

    def __init__(self, detail: Detail) -> None:
        super().__init__(detail)
        self.found: dict[Any, Any] = {}


def once[T](detail: Detail, key: Any, find: Callable[[], T]) -> T:
    """Return what `find` finds in a detail; in an opened one it is looked for once."""
    if not isinstance(detail, Opened):
        return find()
    if key not in detail.found:
        detail.found[key] = find()
    return cast(T, detail.found[key])


def family(detail: Detail, leg: Leg) -> str:
    """Return the dialect that a leg speaks, under one name for dialects that are the same."""
    if leg == "client":
        return str(detail.get("dialect") or "")
    name = str(detail.get("provider_dialect") or "")
    return FAMILIES.get(name, name)


def phase(detail: Detail, leg: Leg, which: Literal["request", "response"]) -> Mapping[str, Any]:
    """Return one of the four phases, empty where it is not there."""
    return (detail.get("phases") or {}).get(f"{leg}_{which}") or {}


def body(detail: Detail, leg: Leg, which: Literal["request", "response"] = "request") -> Any:
    """Return the parsed body of a phase, None where there is none or it is no JSON."""
    return once(detail, ("body", leg, which), lambda: parsed(phase(detail, leg, which).get("body")))


def parsed(text: Any) -> Any:
    """Return the JSON value of a text, None where it has none."""
    if not isinstance(text, str):
        return None
    try:
        return from_json(text)
    except ValueError:
        pass  # half of a surrogate pair, which is JSON all the same
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def stream(detail: Detail, leg: Leg) -> list[StreamEvent]:
    """Return the events of the streamed answer on a leg, those of the attempt that answered."""
    read = _client_events if leg == "client" else _provider_events
    return once(detail, ("stream", leg), lambda: [event for pair in _answering(detail) for event in read(pair)])


def calls(detail: Detail) -> list[int]:
    """Return the numbers of the calls that a request became and whose events are there."""
    return sorted({pair.get("call") or 0 for pair in detail.get("events") or ()}) or [0]


def of_call(detail: Detail, call: int) -> list[StreamEvent]:
    """Return the provider's events in one of the calls."""
    pairs = (pair for pair in _answering(detail) if (pair.get("call") or 0) == call)
    return once(detail, ("call", call), lambda: [event for pair in pairs for event in _provider_events(pair)])


def _answering(detail: Detail) -> list[Mapping[str, Any]]:
    """Return the pairs without those of attempts whose answer was dropped."""
    pairs = detail.get("events") or []
    last = {pair.get("call") or 0: pair.get("attempt") for pair in pairs if pair.get("provider")}
    return [pair for pair in pairs if not pair.get("provider") or pair.get("attempt") == last[pair.get("call") or 0]]


def _client_events(pair: Mapping[str, Any]) -> Iterator[StreamEvent]:
    written = pair.get("client") or ""
    for name, data in SseReader().feed(written.encode("utf-8", "replace")):
        yield _event(pair["n"], name, data.decode("utf-8", "replace"))


def _provider_events(pair: Mapping[str, Any]) -> Iterator[StreamEvent]:
    if pair.get("provider"):
        yield _event(pair["n"], pair.get("name") or "", pair["provider"])


def _event(n: int, name: str, text: str) -> StreamEvent:
    bare = text.strip()
    return StreamEvent(n, name, END_MARK if bare == END_MARK else parsed(bare), text)


def objects(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the objects of a list with their places; nothing for what is no list."""
    if isinstance(value, list):
        yield from ((at, each) for at, each in enumerate(value) if isinstance(each, dict))


def text_in(value: Any) -> str:
    """Return a text, an empty one for any other value."""
    return value if isinstance(value, str) else ""


def name_in(value: Any) -> str | None:
    """Return a text that is not empty, None for any other value."""
    return value if isinstance(value, str) and value else None


def within(value: Any, *path: str) -> Any:
    """Return the value at a path of fields, None where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def compact(value: Any) -> str:
    """Return the JSON of a value as it goes over the wire, a text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def size(value: Any) -> int:
    """Return the bytes of a value's JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
