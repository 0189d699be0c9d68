"""An excerpt, for a log, of a provider's answer that could not be read: its shape, without its texts.

Fixture-ready: one JSON text a payload, whose keys, numbers and kinds are the provider's own; every other text is
replaced by as many `x`. Of what is no JSON the beginning is shown, masked too, and of a proxy's page its title.
"""

import re
from collections.abc import Iterable
from typing import Any

from pydantic_core import from_json, to_json

from addons.exchange.redaction import one_line

LONGEST = 2000
"""Characters of an excerpt."""
_RAW = 200
_MASKED = 64
_KINDS = frozenset(
    (
        *("type", "object", "role", "event", "status", "code", "reason", "finish_reason", "finishReason"),
        *("stop_reason", "stopReason", "done_reason", "blockReason", "native_finish_reason"),
    )
)
"""Keys whose values are words of the provider's API."""
_SAID = re.compile(r"[^\W_]")
_TITLE = re.compile(r"\s*(?:<!doctype[^>]*>\s*)?(<html\b.*?<title>[^<]{1,80}</title>)", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,47}")


def excerpt(payloads: Iterable[bytes]) -> str:
    """Return the payloads, one after the other, as far as there is room for them."""
    return one_line(" ".join(map(_shown, payloads)), LONGEST)


def _shown(payload: bytes) -> str:
    try:
        return to_json(_masked(from_json(payload))).decode()
    except ValueError:
        raw = payload[:_RAW].decode("utf-8", "replace")
        titled = _TITLE.match(raw)
        return repr(titled[1] if titled else _SAID.sub("x", raw))


def _masked(value: Any, key: str = "") -> Any:
    match value:
        case dict():
            return {name: _masked(each, name) for name, each in value.items()}
        case list():
            return [_masked(each, key) for each in value]
        case str() if key in _KINDS and _WORD.fullmatch(value):
            return value
        case str():
            return "x" * min(len(value), _MASKED)
        case _:
            return value
