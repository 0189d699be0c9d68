"""The content of `encrypted_content`, which a client hands back unread: what a provider wants back with the next
request.

It is not encrypted: providers sign what they want unchanged. The prefix tells it from what other servers seal.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from translators.framing.json_text import to_json

_PREFIX = "gw1."
_GIVEN_HERE = re.compile(r"rs_[0-9a-f]+_[0-9]+")
"""Ids of reasoning, as `growing.Items` makes them; other servers' have no number after the name of their response."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """`thinking` has its text, and a signature where its provider gave one; `redacted` has its data, `call` the
    signature of the call `call_id`, `foreign` a block of the dialect `issuer`."""

    kind: Literal["thinking", "redacted", "call", "foreign"]
    issuer: str | None = None
    text: str = ""
    signature: str = ""
    data: str = ""
    call_id: str = ""
    block: dict[str, Any] | None = None
    response: str = ""
    """The part that the ids of all items of its response have in common."""


_ADAPTER: TypeAdapter[Sealed] = TypeAdapter(Sealed)


def seal(what: Sealed) -> str:
    said = {name: value for name in Sealed.__slots__ if (value := getattr(what, name))}
    return _PREFIX + urlsafe_b64encode(to_json(said)).decode().rstrip("=")


def is_only_known_here(item: Any) -> bool:
    """Return whether an input item is reasoning that nobody else can have kept: sealed here, or without what was sealed
    under an id that was given here."""
    match item:
        case {"type": "reasoning", "encrypted_content": str(sealed)} if sealed:
            return sealed.startswith(_PREFIX)
        case {"type": "reasoning", "id": str(id)}:
            return _GIVEN_HERE.fullmatch(id) is not None
        case _:
            return False


def is_shown_only(item: Mapping[str, Any]) -> bool:
    """Return whether such reasoning is nothing but words that were given out to be shown: nobody signed them."""
    sealed = item.get("encrypted_content")
    if not sealed:
        return True
    what = unseal(sealed)
    return what is not None and what.kind == "thinking" and not what.signature


def unseal(text: str) -> Sealed | None:
    """Return what was sealed here; None for what another server sealed, or somebody changed."""
    if not text.startswith(_PREFIX):
        return None
    data = text[len(_PREFIX) :]
    try:
        said = from_json(urlsafe_b64decode(data + "=" * (-len(data) % 4)))
        what = _ADAPTER.validate_python(said)
    except (ValueError, ValidationError):
        return None
    fits = {"thinking": what.signature or what.text, "redacted": what.data, "call": what.call_id, "foreign": what.block}
    return what if fits[what.kind] else None
