"""Shorter values of the same kind: what became of a text does not depend on how much there is of it."""

import re
from typing import Any

from pydantic_core import from_json

from translators.framing.json_text import to_json
from translators.tracing.marks import is_json

LONGEST = 2_000
"""The letters of a text that stays as it is; longer than any limit of a field's."""
_KEPT = 1_000
"""Divisible by four, for base64."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_=-]+")


def shortened(value: Any) -> Any:
    """Return a JSON value with the beginnings of long texts: JSON stays JSON, a data URL and base64 one."""
    if isinstance(value, dict):
        return {name: shortened(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [shortened(inner) for inner in value]
    if not isinstance(value, str) or len(value) <= LONGEST:
        return value
    return _text(value)


def _text(text: str) -> str:
    if text.startswith("data:"):
        head, comma, data = text.partition(",")
        return text if len(head) > _KEPT else f"{head}{comma}{data[:_KEPT]}"
    if is_json(text):
        return to_json(shortened(from_json(text))).decode()
    wrapped = text.startswith("gw1.") and _BASE64.fullmatch(text, 4) is not None
    return text if wrapped else text[:_KEPT]
