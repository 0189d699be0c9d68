"""Arguments of a call in the history: JSON text that a model wrote and a client stored, as the object it goes back
as."""

import json
import re
from decimal import Decimal
from math import isinf
from typing import Any

from translators.conversation import ToolCall
from translators.framing import json_text
from translators.notes import Note
from translators.providers.shared.custom_tools import wrapped

_HALVES = re.compile("[\ud800-\udfff]")
_DOUBTFUL = re.compile(r"\d[\d.]{15}|[eE][+-]?\d{3}")  # what a float may not hold
_ROUNDED = "A number in these arguments has more digits than a float: it is sent rounded."
_REPAIRED = "These arguments are JSON only loosely: they are sent repaired."


def of_call(call: ToolCall, notes: list[Note]) -> dict[str, Any]:
    """Return the arguments of a call of a function, or of the one that stands in for a custom tool (`{"input": ...}`),
    with a note if they are not quite what was written."""
    if call.kind == "custom":
        return wrapped(call.arguments)
    read, why = parsed(call.arguments)
    if why:
        notes.append(Note(call.at, "approximated", detail=why))
    return read


def parsed(text: str) -> tuple[dict[str, Any], str]:
    """Return the object, and a sentence if it is not quite what was written. No text is an empty object. A text that is
    no object, cut at its length for instance, goes back inside one (`{"INVALID_JSON": ...}`): agents send it back with
    the error that it caused."""
    if text.strip() in ("", "null"):
        return {}, ""
    try:
        return _read(text)
    except ValueError:
        return {"INVALID_JSON": text}, "These arguments are no JSON object: they are sent as the text of one field."


def _read(text: str) -> tuple[dict[str, Any], str]:
    """Return the object, and a sentence. Raises `ValueError` for what is no object."""
    try:
        try:
            rounded = _DOUBTFUL.search(text) is not None and _loaded(text, strict=True)[1]
            return _object(json_text.read(text.encode())), _ROUNDED if rounded else ""
        except json_text.TooManyValues:
            raise
        except ValueError:  # half a surrogate pair, or a raw control character: what models write, and Python reads
            loose, _ = _loaded(text, strict=False)
            whole = _HALVES.sub("\ufffd", json.dumps(loose, ensure_ascii=False))
            return _object(json_text.read(whole.encode())), _REPAIRED
    except RecursionError as error:
        raise ValueError("too deep") from error


def _loaded(text: str, *, strict: bool) -> tuple[Any, bool]:
    """Return the value that Python reads, and whether a float in it lost precision. Raises `ValueError` for a number
    beyond floats."""
    lost: list[bool] = []

    def number(written: str) -> float:
        read = float(written)
        if isinf(read):
            raise ValueError("infinite")
        lost.append(_differ(read, written))
        return read

    return json.loads(text, strict=strict, parse_constant=_no_constant, parse_float=number), any(lost)


def _differ(read: float, written: str) -> bool:
    try:
        return Decimal(repr(read)) != Decimal(written)
    except ArithmeticError:  # an exponent beyond even decimals
        return True


def _no_constant(constant: str) -> Any:
    raise ValueError(constant)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value
