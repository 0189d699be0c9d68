"""The content of `encrypted_content`, which a client hands back unread and a provider wants back with the next
request.

It is base64 of JSON and not encrypted: providers sign what they want unchanged. The prefix tells it from what other
servers encrypt.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from translators.framing.json_text import to_json
from translators.values import immutable

_PREFIX = "gw1."
_GIVEN_HERE = re.compile(r"rs_[0-9a-f]+_[0-9]+")
"""The ids of reasoning, as `output_items.Items` makes them; those of other servers have no number after the name of
their response."""


@immutable
class EncryptedContent:
    """The content of one item: `thinking` has its text, and a signature where its provider gave one; `redacted` has its
    data, `call` the signature of the call `call_id`, `foreign` a block of the dialect `issuer`."""

    kind: Literal["thinking", "redacted", "call", "foreign"]
    issuer: str | None = None
    text: str = ""
    signature: str = ""
    data: str = ""
    call_id: str = ""
    block: dict[str, Any] | None = None
    response: str = ""
    """The part that the ids of all items of its response have in common."""


_FIELDS = tuple(field.name for field in fields(EncryptedContent))
_ADAPTER: TypeAdapter[EncryptedContent] = TypeAdapter(EncryptedContent)


def encode(content: EncryptedContent) -> str:
    """Return the text of `encrypted_content`."""
    values = {name: getattr(content, name) for name in _FIELDS}
    return wrapped(to_json({name: value for name, value in values.items() if value}))


def wrapped(data: bytes) -> str:
    """Return the text of `encrypted_content` that has this JSON."""
    return _PREFIX + urlsafe_b64encode(data).decode().rstrip("=")


def unwrapped(text: str) -> bytes | None:
    """Return the JSON in a text that was encoded here; of one that was changed it may be none."""
    data = text.removeprefix(_PREFIX)
    if len(data) == len(text):
        return None
    try:
        return urlsafe_b64decode(data + "=" * (-len(data) % 4))
    except ValueError:
        return None


def is_only_known_here(item: Any) -> bool:
    """Return whether an input item is reasoning that no other server can know: encoded here, or without
    `encrypted_content` under an id that was given here."""
    match item:
        case {"type": "reasoning", "encrypted_content": str(encrypted)} if encrypted:
            return encrypted.startswith(_PREFIX)
        case {"type": "reasoning", "id": str(id)}:
            return _GIVEN_HERE.fullmatch(id) is not None
        case _:
            return False


def is_shown_only(item: Mapping[str, Any]) -> bool:
    """Return whether such reasoning is only words to be shown, which no provider signed."""
    encrypted = item.get("encrypted_content")
    if not encrypted:
        return True
    content = decode(encrypted)
    return content is not None and content.kind == "thinking" and not content.signature


def decode(text: str) -> EncryptedContent | None:
    """Return the content that was encoded here; None for one that another server encrypted, or that was changed."""
    if (data := unwrapped(text)) is None:
        return None
    try:
        fields = from_json(data)
        content = _ADAPTER.validate_python(fields)
    except (ValueError, ValidationError):
        return None
    required = {
        "thinking": content.signature or content.text,
        "redacted": content.data,
        "call": content.call_id,
        "foreign": content.block,
    }
    return content if required[content.kind] else None
