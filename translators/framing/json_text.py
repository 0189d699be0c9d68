"""JSON as it comes over the wire. What no UTF-8 text can hold, halves of surrogate pairs, becomes U+FFFD."""

import json
import re
from typing import Any

from pydantic_core import from_json

_HALVES = re.compile("[\ud800-\udfff]")


def parsed(data: bytes) -> tuple[Any, bool]:
    """The value, and whether characters had to be replaced. Raises `ValueError`; NaN and Infinity are no JSON."""
    try:
        return from_json(data, allow_inf_nan=False), False
    except ValueError as strict:
        try:
            text = json.dumps(json.loads(data), ensure_ascii=False)
        except (ValueError, RecursionError):
            raise strict from None
        if not _HALVES.search(text):
            raise
        return from_json(_HALVES.sub("\ufffd", text), allow_inf_nan=False), True
