"""Parses JSON that comes over the wire. Halves of surrogate pairs, which no UTF-8 text can hold, become U+FFFD."""

import json
import re
from collections.abc import Callable
from functools import partial
from json.decoder import JSONArray, JSONObject  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

import pydantic_core
from pydantic_core import from_json

MOST_VALUES = 2_000_000
"""The most values of one text, by its commas and opening brackets. A value takes far more memory than its text."""
PATIENT = 200_000
"""Values, above which a text is parsed in Python: it takes five times as long, but other threads run meanwhile, which
they do not while C parses."""
MOST_LEVELS = 200
MOST_FIELDS = 200_000
"""The most fields of one object, in a text that is parsed in Python: to make more of them into one holds up other
threads, too."""
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""The group is half a pair."""
_PIECE = 1024 * 1024
_SHAPE = b'"[{,'
_TEXT = bytes(byte for byte in range(256) if byte not in _SHAPE)


to_json = partial(pydantic_core.to_json, inf_nan_mode="null")
"""JSON of a value. A number beyond every float is parsed as infinity, which JSON cannot express."""


class TooManyValues(ValueError):
    """A text of more than `MOST_VALUES` values, or of more than `MOST_FIELDS` in one object."""


def parsed(data: bytes) -> tuple[Any, bool]:
    """Return the value, and whether characters had to be replaced. Raises `ValueError`; NaN and Infinity are no JSON,
    nor are more than 200 levels."""
    try:
        return read(data), False
    except TooManyValues:
        raise
    except ValueError as strict:
        try:
            whole = _without_halves(data)
        except ValueError:
            raise strict from None
        if whole == data:
            raise
        return read(whole), True


def read(data: bytes) -> Any:
    """Return the value of strict JSON. Raises `ValueError`."""
    values = _count(data) if len(data) > PATIENT else 0  # each takes a byte at least
    if values > MOST_VALUES:
        raise TooManyValues(f"more than {MOST_VALUES} values")
    if values < PATIENT:
        return from_json(data, allow_inf_nan=False)
    text = data.decode()
    if _HALF.search(data) and any(match[1] for match in _ESCAPE.finditer(text)):
        raise ValueError("lone surrogate")
    return _Patient().decode(text)


def _without_halves(data: bytes) -> bytes:
    """Return the text with U+FFFD for each half of a surrogate pair that stands alone. Raises `ValueError`."""
    pairs = data.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
    text = pairs.decode("utf-16-le", "replace")
    if _HALF.search(data):
        text = _ESCAPE.sub(lambda match: "\\ufffd" if match[1] else match[0], text)
    return text.encode()


def is_json(data: bytes) -> bool:
    try:
        parsed(data)
    except ValueError:
        return False
    return True


class _Patient(json.JSONDecoder):
    """A parser in Python, where `json` has one in C. It raises `ValueError`."""

    def __init__(self) -> None:
        super().__init__(parse_constant=_no_constant, object_pairs_hook=_object)
        self._levels = 0
        self.parse_object = self._one_level(JSONObject)
        self.parse_array = self._one_level(JSONArray)
        self.scan_once = py_make_scanner(self)

    def _one_level(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def inside(*args: Any) -> Any:
            self._levels += 1
            if self._levels > MOST_LEVELS:
                raise ValueError(f"more than {MOST_LEVELS} levels")
            value = read(*args)
            self._levels -= 1
            return value

        return inside


def _object(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(fields) > MOST_FIELDS:
        raise TooManyValues(f"more than {MOST_FIELDS} fields in one object")
    return dict(fields)


def _no_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _count(data: bytes) -> int:
    """Return the number of values. It is exact only where there may be many: strings have commas, too."""
    values = data.count(b",") + data.count(b"[") + data.count(b"{")
    if values < PATIENT:
        return values
    shape = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _TEXT)
    values = inside = 0
    for at in range(0, len(shape), _PIECE):
        pieces = shape[at : at + _PIECE].split(b'"')
        values += sum(map(len, pieces[inside::2]))
        inside ^= (len(pieces) - 1) & 1
    return values
