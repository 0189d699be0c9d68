"""Secrets that a stream has cut in pieces: none of its events has their shape, the text that they add up to does.

To take a stream apart takes time, so that the provider's side, from which the client's texts come, is looked through
quickly first.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from addons.exchange.observers import Pair
from addons.exchange.redaction import HIDDEN
from addons.inspector.redactor import Redactor, Span

_FIELDS = (
    *("arguments", "content", "delta", "input", "partial_json"),
    *("reasoning", "reasoning_content", "refusal", "text", "thinking"),
)
"""Those of an event that hold a piece of a text."""
_WRITTEN = re.compile(rb'"(%b)": ?"((?:[^"\\\n]|\\.)+)"' % "|".join(_FIELDS).encode())
_SEVERAL = re.compile(rb'"index": ?[1-9]')
"""A choice or a call beside the first: their pieces may come by turns."""
_DEEPEST = 30
_DATA = b"data:"

_Text = tuple[object, ...]
"""What tells the texts of a stream apart: a field's name, and the numbers of all that it lies in."""


class _Piece(NamedTuple):
    """A piece of a text: the field `name` of `holder`, in a line of an event."""

    event: int
    line: int
    holder: dict[str, Any]
    name: str


class _Event:
    """One side of an event: its lines, and the values of those that are JSON behind a `prefix`."""

    def __init__(self, data: bytes, prefix: bytes) -> None:
        self._prefix = prefix
        self._lines = data.split(b"\n") if prefix else [data]
        self.values: dict[int, Any] = {}
        for at, line in enumerate(self._lines):
            if line.startswith(prefix):
                with suppress(ValueError):  # of what nobody can read nothing is a piece of a text
                    self.values[at] = from_json(line[len(prefix) :])

    def written(self, lines: set[int]) -> bytes:
        """Return it with those of its lines written anew."""
        space = b" " if self._prefix else b""
        for at in lines:
            self._lines[at] = self._prefix + space + to_json(self.values[at], inf_nan_mode="constants")
        return b"\n".join(self._lines)


def mended(numbered: Sequence[tuple[int, Pair]], redactor: Redactor) -> list[Pair]:
    """Return events without the parts of secrets that they hold; the very same objects where there are none."""
    pairs = [pair for _, pair in numbered]
    if redactor.hides_texts or not _suspicious(pairs, redactor):
        return pairs
    runs = [n - at for at, (n, _) in enumerate(numbered)]  # no text goes on where events were left out
    calls = [(run, pair.call, pair.attempt) for run, pair in zip(runs, pairs, strict=True)]
    providers = _without([pair.provider for pair in pairs], b"", calls, redactor)
    clients = _without([pair.client for pair in pairs], _DATA, [(run,) for run in runs], redactor)
    return [
        pair if provider is pair.provider and client is pair.client else pair._replace(provider=provider, client=client)
        for pair, provider, client in zip(pairs, providers, clients, strict=True)
    ]


def _suspicious(pairs: Sequence[Pair], redactor: Redactor) -> bool:
    """Return whether there may be a secret in what a provider has streamed."""
    calls: defaultdict[int, list[bytes]] = defaultdict(list)
    for pair in pairs:
        calls[pair.call].append(pair.provider)
    return any(_may_hold(b"\n".join(payloads), redactor) for payloads in calls.values())


def _may_hold(payloads: bytes, redactor: Redactor) -> bool:
    if (b'"choices"' in payloads or b'"candidates"' in payloads) and _SEVERAL.search(payloads):
        return True
    texts: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for name, piece in _WRITTEN.findall(payloads):
        texts[name].append(piece)
    return any(redactor.secrets(_loaded(b"".join(pieces))) for pieces in texts.values())


def _loaded(text: bytes) -> str:
    try:
        return str(from_json(b'"%b"' % text))
    except ValueError:
        return text.decode("utf-8", "replace")


def _without(payloads: Sequence[bytes], prefix: bytes, places: Sequence[_Text], redactor: Redactor) -> list[bytes]:
    """Return payloads without the parts of secrets; the very same objects where there are none."""
    events = [_Event(payload, prefix) for payload in payloads]
    texts: defaultdict[_Text, list[_Piece]] = defaultdict(list)
    for at, (event, place) in enumerate(zip(events, places, strict=True)):
        for line, value in event.values.items():
            for text, holder, name in _pieces(value, place):
                texts[text].append(_Piece(at, line, holder, name))
    changed: defaultdict[int, set[int]] = defaultdict(set)
    for pieces in texts.values():
        for piece in _redacted(pieces, redactor):
            changed[piece.event].add(piece.line)
    made = list(payloads)
    for at, lines in changed.items():
        made[at] = events[at].written(lines)
    return made


def _pieces(value: Any, place: _Text, deep: int = 0) -> Iterator[tuple[_Text, dict[str, Any], str]]:
    """Yield the pieces of texts in an event: the text that each belongs to, and what holds it under which name."""
    if deep > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from _pieces(each, place, deep + 1)
    elif isinstance(value, dict):
        place = (*place, *(each for name, each in value.items() if name.endswith("ndex") and isinstance(each, int)))
        for name, each in value.items():
            if not isinstance(each, str):
                yield from _pieces(each, place, deep + 1)
            elif each and name in _FIELDS:
                yield (name, *place), value, name


def _redacted(pieces: Sequence[_Piece], redactor: Redactor) -> Iterator[_Piece]:
    """Take the secrets out of a text, and yield the pieces that held a part of one."""
    texts = [piece.holder[piece.name] for piece in pieces]
    spans = redactor.secrets("".join(texts))
    begins, ends = [begin for begin, _ in spans], [end for _, end in spans]
    start = 0
    for piece, text in zip(pieces, texts, strict=True):
        stop = start + len(text)
        if here := spans[bisect_right(ends, start) : bisect_left(begins, stop)]:
            piece.holder[piece.name] = _hidden(text, start, here)
            yield piece
        start = stop


def _hidden(text: str, start: int, spans: Sequence[Span]) -> str:
    """Return a piece, which begins at `start`, without what lies in the `spans` of the whole text."""
    kept, at = "", 0
    for begin, end in spans:
        kept += text[at : max(begin - start, 0)] + HIDDEN
        at = end - start
    return kept + text[at:]
