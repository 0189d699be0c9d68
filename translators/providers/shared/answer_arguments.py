"""Arguments of a call in an answer, as the JSON text that clients get, and notes on what is odd in them."""

import json
from typing import Any

from pydantic_core import to_json

from translators.notes import Note


def written(value: Any) -> tuple[str, bool]:
    """Return JSON text, and whether it is not quite the value: a number beyond every float was read as infinity."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False), False
    except ValueError:
        return to_json(value, inf_nan_mode="null").decode(), True


def parsed(text: str) -> dict[str, Any] | None:
    """Return the object in a text, None where it is no object's."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def too_large(index: int) -> Note:
    """Return the note on a number that `written` could not carry, in the arguments of the call `index`."""
    return _note(index, "A number is too large for any float: it is told as null.")


def no_object(index: int) -> Note:
    """Return the note on arguments of a function that are no object."""
    return _note(index, "These arguments are no JSON object.")


def no_single_text(index: int) -> Note:
    """Return the note on arguments of a custom tool's function that are more or less than one string."""
    return _note(index, "The input of a custom tool did not come as one string: it is passed on as it came.")


def _note(index: int, why: str) -> Note:
    return Note(f"tool_calls[{index}].arguments", "approximated", detail=why)
