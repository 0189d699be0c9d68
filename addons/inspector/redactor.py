"""Redaction of what the inspector keeps, as `inspector.bodies` and `inspector.redact` want it.

The gateway's own keys are out already, and so is everything by its name in a header; this takes out keys by their
shape, media, and what the operator's expressions match.
"""

import importlib
import re
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Any, Literal

from pydantic_core import from_json, to_json

from addons.exchange import redaction
from addons.exchange.observers import Pair
from addons.exchange.redaction import HIDDEN
from addons.inspector.plain import small, text
from addons.inspector.recording import Headers
from routing.expressions import Expression
from translators.masking import Mask
from translators.notes import Note

Bodies = Literal["redacted", "full", "none"]
Span = tuple[int, int]
NEEDED = "re2"
"""The library that replaces what an expression matches, in time that grows with the text alone."""
NAMES = 1024
LONGEST_NAME = 64
"""Characters of the name of an event."""
LARGE = 1024
"""Bytes of an event that is looked through by itself."""
_MOST_HEADERS = 200
_LONGEST_HEADER = 4096
_NAME = re.compile(r"[\w.:/-]{1,64}", re.ASCII)
_WORD = re.compile(r"[A-Za-z][A-Za-z_.]{0,39}(?:_\d{8})?")
_TELLING = frozenset(("type", "role", "object", "event", "status", "finish_reason", "stop_reason", "finishReason"))
"""The fields of which also a body without texts shows the value."""
_DATA = b"data:"


def hindrance(patterns: Sequence[Expression]) -> str | None:
    """Return why expressions cannot be redacted, in a sentence, or None."""
    if not patterns:
        return None
    try:
        compiled(patterns)
    except ImportError:
        return f"inspector.redact needs google-re2, which is not installed: {sys.executable} -m pip install google-re2"
    except ValueError as error:
        return str(error)
    return None


def compiled(patterns: Sequence[Expression]) -> list[Any]:
    """Return the expressions with RE2. Raises `ImportError`, and `ValueError` for one that RE2 does not know."""
    re2 = importlib.import_module(NEEDED)
    options = re2.Options()
    options.log_errors = False
    found = []
    for at, pattern in enumerate(patterns):
        try:
            found.append(re2.compile(pattern.text, options))
        except re2.error:
            raise ValueError(
                f"inspector.redact[{at}] is no expression that RE2 knows; write it in the syntax of RE2."
            ) from None
    return found


class Redactor:
    """A redactor. What it returns can be shown to anybody who may see what prompts `bodies` lets through."""

    def __init__(self, bodies: Bodies = "redacted", patterns: Sequence[Expression] = ()) -> None:
        self._bodies = bodies
        self._patterns = compiled(patterns) if patterns else []
        self.name = lru_cache(NAMES)(self.maybe)
        """As `maybe`, for what comes again and again."""
        self._short_name = lru_cache(NAMES)(partial(self.text, limit=LONGEST_NAME))
        self.mask = Mask()
        """The keys of the configuration. They are out of all that was heard, but may be in what is made of that."""

    @property
    def strict(self) -> bool:
        """Return whether more than keys and media is hidden."""
        return self._bodies == "none" or bool(self._patterns)

    @property
    def hides_texts(self) -> bool:
        """Return whether of texts nothing but their lengths is left."""
        return self._bodies == "none"

    def body(self, value: bytes) -> bytes:
        """Return a body; the very same object where nothing is to be hidden."""
        value = shape(value) if self._bodies == "none" else value
        value = redaction.keys(value) if self._bodies == "full" else redaction.body(value)
        return self._hidden(value) if self._patterns else value

    def event(self, value: bytes) -> bytes:
        """Return a payload, or the client's bytes of one: JSON behind `data:` there."""
        if self._bodies != "none" or _DATA not in value:
            return self.body(value)
        return b"\n".join(map(_line, value.split(b"\n")))

    def event_name(self, name: str) -> str:
        """Return the name of an event; the same object for the same name, as long as there are few."""
        return self._short_name(name) if len(name) <= LONGEST_NAME else self.text(name, LONGEST_NAME)

    def pairs(self, raw: list[Pair]) -> list[Pair]:
        """Return events without secrets; the very same ones where there are none."""
        short = [pair for pair in raw if len(pair.provider) < LARGE and len(pair.client) < LARGE]
        harmless = self._harmless([payload for pair in short for payload in (pair.provider, pair.client)])
        if harmless and len(short) == len(raw) and not any(pair.notes for pair in raw):
            return raw
        return [self._pair(pair, harmless=harmless) for pair in raw]

    def _pair(self, pair: Pair, *, harmless: bool) -> Pair:
        """Return an event without secrets. `harmless`: there are none in short ones."""
        provider, client = pair.provider, pair.client
        if harmless and not pair.notes and len(provider) < LARGE and len(client) < LARGE:
            return pair
        notes = tuple(map(self.note, pair.notes))
        return pair._replace(provider=self.event(provider), client=self.event(client), notes=notes)

    def _harmless(self, values: Iterable[bytes]) -> bool:
        """Return whether there is surely nothing to hide in short texts."""
        return not self.strict and not redaction.suspicious(b"\n".join(values))

    def text(self, value: str, limit: int = 500) -> str:
        value = text(value, limit)
        for pattern in self._patterns:
            value = pattern.sub(HIDDEN, value)
        return value

    def made(self, value: Any) -> Any:
        """Return what was made of pieces, or of JSON with escapes: a key in it may have stood whole in none of them."""
        match value:
            case str():
                return self._made_text(value)
            case bytes():
                return self._made_text(value.decode("utf-8", "replace")).encode("utf-8", "replace")
            case list() | tuple():
                return [self.made(each) for each in value]
            case dict():
                return {self.made(name): self.made(each) for name, each in value.items()}
        return value

    def _made_text(self, value: str) -> str:
        value = redaction.text(self.mask.text(value))
        for pattern in self._patterns:
            value = pattern.sub(HIDDEN, value)
        return value

    def secrets(self, value: str) -> list[Span]:
        """Return where a text that was made of pieces holds secrets, in order."""
        matches = chain.from_iterable(pattern.finditer(value) for pattern in self._patterns)
        found = chain(redaction.found(value), self.mask.found(value), (match.span() for match in matches))
        merged: list[Span] = []
        for begin, end in sorted(found):
            if merged and begin <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(end, merged[-1][1])
            elif begin < end:
                merged.append((begin, end))
        return merged

    def maybe(self, value: str | None, limit: int = 500) -> str | None:
        return None if value is None else self.text(value, limit)

    def words(self, value: str | None, limit: int = 500) -> str | None:
        """Return a sentence that may quote a body."""
        return None if value is None or self._bodies == "none" else self.text(value, limit)

    def headers(self, fields: Headers) -> Headers:
        shown = redaction.headers(fields[:_MOST_HEADERS])
        return tuple((self.text(name), self.text(value, _LONGEST_HEADER)) for name, value in shown)

    def note(self, note: Note) -> Note:
        old, new = small(note.old), small(note.new)
        if self._bodies == "none":
            old, new = _shape(old), _shape(new)
        elif self._patterns:
            old, new = self._value(old), self._value(new)
        return Note(self.text(note.path), note.fate, old, new, self.text(note.detail), note.loss)

    def _hidden(self, value: bytes) -> bytes:
        decoded = value.decode("utf-8", "replace")
        changed = decoded
        for pattern in self._patterns:
            changed = pattern.sub(HIDDEN, changed)
        return value if changed == decoded else changed.encode()

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case list():
                return [self._value(each) for each in value]
            case dict():
                return {self.text(name): self._value(each) for name, each in value.items()}
        return value


def shape(body: bytes) -> bytes:
    """Return a body with the length of each text in its place: `{"role":"user","content":"[text, 12 characters]"}`;
    of what is no JSON its length alone."""
    if not body.strip():
        return body
    try:
        value = from_json(body)
    except ValueError:
        return b'"[%d bytes]"' % len(body)
    return to_json(_shape(value), inf_nan_mode="null")


def _shape(value: Any, name: str = "") -> Any:
    match value:
        case str():
            shown = name in _TELLING and _WORD.fullmatch(value)
            return value if shown else f"[text, {len(value)} characters]"
        case list():
            return [_shape(each) for each in value]
        case dict():
            return {_name(key): _shape(each, key) for key, each in value.items()}
    return value


def _name(key: str) -> str:
    return key if _NAME.fullmatch(key) else f"[name, {len(key)} characters]"


def _line(line: bytes) -> bytes:
    """Return a line of an event stream without its texts; a comment is a text."""
    if line.startswith(_DATA):
        return _DATA + b" " + shape(line.removeprefix(_DATA).strip())
    return line if line.startswith((b"event:", b"id:")) or not line.strip() else b": [%d bytes]" % len(line)
