"""JSON as it comes over the wire. What no UTF-8 text can hold, halves of surrogate pairs, becomes U+FFFD."""

import json
import re
from typing import Any

from pydantic_core import from_json

MOST_VALUES = 2_000_000
"""Of one text: commas and opening brackets. A value takes far more memory than its text, and while they are read no
other thread runs."""
_HALVES = re.compile("[\ud800-\udfff]")
_PIECE = 1024 * 1024
_SHAPE = b'"[{,'
_TEXT = bytes(byte for byte in range(256) if byte not in _SHAPE)


class TooManyValues(ValueError):
    """A text of more than `MOST_VALUES` values."""


def parsed(data: bytes) -> tuple[Any, bool]:
    """The value, and whether characters had to be replaced. Raises `ValueError`; NaN and Infinity are no JSON, nor
    are more than 200 levels."""
    _count(data)
    try:
        return from_json(data, allow_inf_nan=False), False
    except ValueError as strict:
        try:
            text = json.dumps(json.loads(data), ensure_ascii=False)
        except (ValueError, RecursionError):
            raise strict from None
        if not _HALVES.search(text):
            raise
        pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
        return from_json("".join([_HALVES.sub("\ufffd", piece) for piece in pieces]), allow_inf_nan=False), True


def is_json(data: bytes) -> bool:
    try:
        parsed(data)
    except ValueError:
        return False
    return True


def _count(data: bytes) -> None:
    """Raises `TooManyValues`. Exact only where there may be too many: what is said has commas, too."""
    if data.count(b",") + data.count(b"[") + data.count(b"{") < MOST_VALUES:
        return
    shape = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _TEXT)
    values = inside = 0
    for at in range(0, len(shape), _PIECE):
        pieces = shape[at : at + _PIECE].split(b'"')
        values += sum(map(len, pieces[inside::2]))
        inside ^= (len(pieces) - 1) & 1
        if values > MOST_VALUES:
            raise TooManyValues(f"more than {MOST_VALUES} values")
