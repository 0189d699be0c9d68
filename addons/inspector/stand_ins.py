"""Stand-ins for the media that were taken out of recorded bodies: what is read again needs base64 in their places."""

from base64 import b64encode
from typing import Any

from pydantic_core import from_json, to_json

from addons.exchange.redaction import MEDIUM

_SIGN = b"[base64 "
_URLS = frozenset(("url", "image_url", "file_data", "fileUri"))
"""The names of fields that have a medium as a data URL."""


def stand_in(value: Any, name: str = "") -> Any:
    """Return a body with a medium in the place of each that was taken out, as long as the words for it."""
    if isinstance(value, dict):
        return {key: stand_in(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [stand_in(inner, name) for inner in value]
    if not isinstance(value, str) or (medium := MEDIUM.fullmatch(value)) is None:
        return value
    data = _data(medium["hash"])
    return f"data:{medium['type']};base64,{data}" if name in _URLS else data


def stand_in_bytes(body: bytes) -> bytes:
    """Return a JSON text with stand-ins; the very same object where nothing was taken out."""
    if _SIGN not in body:
        return body
    try:
        return to_json(stand_in(from_json(body)))
    except ValueError:
        return body


def hashes(body: bytes) -> frozenset[str]:
    """Return the hashes of what was taken out of a body."""
    return frozenset(found["hash"] for found in MEDIUM.finditer(body.decode("utf-8", "replace")))


def same_media(value: Any, known: frozenset[str]) -> Any:
    """Return a JSON value in which each medium of a `known` hash is `[medium HASH]`, whether it is its stand-in or the
    words for it: the type is not always told in the same words."""
    if not known:
        return value
    return _same(value, {_data(each): each for each in known})


def _same(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _same(inner, known) for name, inner in value.items()}
    if isinstance(value, list):
        return [_same(inner, known) for inner in value]
    if not isinstance(value, str):
        return value
    words = MEDIUM.fullmatch(value)
    found = known.get(value.rpartition(";base64,")[2]) if words is None else words["hash"]
    return value if found is None else f"[medium {found}]"


def _data(hash: str) -> str:
    return b64encode(hash.encode() * 3).decode()
