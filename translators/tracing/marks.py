"""Marks in texts: letters that survive JSON, URLs and base64, to find a text again where it was joined to others, taken
apart or written in another form."""

import re

from pydantic_core import from_json

from translators.clients.responses.encrypted_content import unwrapped, wrapped
from translators.tracing.places import Place

MARK = re.compile(r"Qj([0-9A-Z]{4})jQ")
MARK_BYTES = re.compile(MARK.pattern.encode())
_FIELD_BEGINS = re.compile(rb'(?:, ?)?\\*"\Z')
_FIELD_ENDS = re.compile(rb'\\*": ?0')
_LONGEST_BEGINNING = 32
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_MARKS = 36**4

KINDS = frozenset(
    (
        *("role", "type", "object", "status", "detail", "effort", "reasoning_effort", "service_tier", "mode"),
        *("verbosity", "format", "media_type", "mimeType", "mime_type", "summary", "truncation", "syntax"),
        *("stop_reason", "finish_reason", "finishReason", "stopReason", "done_reason", "prompt_cache_retention"),
        *("model", "ttl", "search_context_size", "voice", "phase", "tool_choice", "events"),
    )
)
"""The names of fields whose texts are words of an API."""
NAMES = frozenset(("id", "call_id", "tool_call_id", "name", "item_id", "tool_use_id", "toolUseId", "response_id"))
"""The names of fields whose texts refer to one another: equal ones stay equal."""
PIECES = frozenset(("arguments", "partial_json", "input", "delta"))
"""The names of fields that may have a piece of JSON."""
_SIGNS = frozenset('{}[]":,0123456789')
_INSIDE = re.compile(r"(?<=[A-Za-z])(?=[A-Za-z])")
"""Inside a word, where no JSON ends."""
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?', re.DOTALL)
"""The groups are the text, and a colon where it is the name of a field."""


_WRAPPED = re.compile(rb"gw1\.[\w-]+")
_CARRIED = re.compile(rb'"(?:text|signature|data)":"')
"""The beginnings of the texts that are wrapped for a provider."""


def mark(number: int) -> str:
    digits = ""
    for _ in range(4):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return f"Qj{digits}jQ"


def numbers(text: str) -> list[int]:
    """Return the numbers of the marks in a text, or in what is wrapped in it."""
    inside = unwrapped(text)
    return [int(match[1], 36) for match in MARK.finditer(text if inside is None else inside.decode("utf-8", "replace"))]


def markable(place: Place, value: object) -> bool:
    """Return whether a mark in a text does not take its meaning away."""
    return isinstance(value, str) and not value.isspace() and value != "" and name(place) not in KINDS


def name(place: Place) -> str:
    """Return the name of the field at a place, or of the one whose list it is in."""
    return next((step for step in reversed(place) if isinstance(step, str)), "")


def number_of(place: Place) -> int | None:
    """Return the number of the mark that is the name of a field."""
    match = MARK.fullmatch(place[-1]) if place and isinstance(place[-1], str) else None
    return None if match is None else int(match[1], 36)


def unmarked_json(data: bytes) -> bytes:
    """Return JSON without any marks, with the texts that were wrapped in others as they are."""
    if b"gw1." in data:
        data = _WRAPPED.sub(lambda match: unwrapped(match[0].decode()) or match[0], data)
    made, end = [], 0
    for match in MARK_BYTES.finditer(data):
        begin, last = match.span()
        ending = _FIELD_ENDS.match(data, last)
        beginning = _FIELD_BEGINS.search(data[max(end, begin - _LONGEST_BEGINNING) : begin])
        if ending is not None and beginning is not None:
            begin, last = begin - len(beginning[0]), ending.end()
        made.append(data[end:begin])
        end = last
    return b"".join((*made, data[end:]))


def marked(text: str, sign: str, name: str = "", *, fields: bool = True) -> str | None:
    """Return a text of the field `name` with a mark in it, of the same kind: JSON stays JSON, a data URL one. An object
    in JSON gets a field that is a mark, unless `fields` is False. None: it has no room for one."""
    if (carried := unwrapped(text)) is not None:
        return wrapped(_CARRIED.sub(lambda match: match[0] + sign.encode(), carried))
    if text.startswith("data:"):
        head, comma, data = text.partition(",")
        middle = len(data) // 8 * 4
        return f"{head},{data[:middle]}{sign}{data[middle:]}" if comma and middle else None
    if text.startswith(("http://", "https://")):
        cut = text.rfind("/") + 1
        return text[:cut] + sign + text[cut:] if cut > len("https://") else None
    if is_json(text):
        more = _STRING.sub(lambda match: match[0] if match[2] or not match[1] else f'"{match[1]}{sign}"', text)
        if fields and text.rstrip().endswith("}"):
            more = _with_field(more.rstrip(), sign)
        return more if more != text else None
    middle = len(text) // 8 * 4 if " " not in text else len(text) // 2
    inside = _INSIDE.search(text, middle) or _INSIDE.search(text)
    if inside is None and name in PIECES and not _SIGNS.isdisjoint(text):
        return None
    middle = inside.start() if inside is not None else middle
    return text[:middle] + sign + text[middle:]


def _with_field(text: str, sign: str) -> str:
    comma = "" if text[:-1].strip() == "{" else ","
    return f'{text[:-1]}{comma}"{sign}":0}}'


def unmarked(place: Place) -> Place:
    """Return a place without the marks in its names: a piece of JSON may have had one in a name."""
    return tuple(MARK.sub("", step) if isinstance(step, str) else step for step in place)


def is_json(text: str) -> bool:
    """Return whether a text is an object or a list in JSON."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        from_json(text)
    except ValueError:
        return False
    return True
