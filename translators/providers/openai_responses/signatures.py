"""Reasoning items at a client that knows texts only: an item is packed into the signature of its block, and the items
before a tool call are remembered under that call's id.

https://platform.openai.com/docs/guides/reasoning: without `store`, items go back as they came, `encrypted_content` and
all, each right before the item that it led to.
"""

import json
from collections.abc import Mapping
from typing import Any

from translators.dialects import Memory

DIALECT = "openai-responses"
_PREFIX = "responses-item-1:"
"""The version of the packing: signatures of another one are not read."""
_FIELDS = ("id", "summary", "content", "encrypted_content")

Item = dict[str, Any]


def packed(item: Mapping[str, Any]) -> str | None:
    """Return a signature that the item can be rebuilt from; None for one that is empty without the provider's store."""
    if not item.get("encrypted_content") and not item.get("content"):
        return None
    fields = {name: item[name] for name in _FIELDS if item.get(name) is not None}
    return _PREFIX + json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def unpacked(signature: str | None, issuer: str | None) -> Item | None:
    """Return the item in a signature of this dialect's (`{"type": "reasoning", "summary": [...], "encrypted_content":
    ...}`), None for any other."""
    if signature is None or not signature.startswith(_PREFIX):
        return None
    if issuer is not None and issuer.partition(":")[0] != DIALECT:
        return None
    try:
        fields = json.loads(signature[len(_PREFIX) :])
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    summary = fields.get("summary")
    item = {"type": "reasoning", "summary": summary if isinstance(summary, list) else []}
    return item | {name: fields[name] for name in _FIELDS if name != "summary" and name in fields}


def remember(memory: Memory, call_id: str, signatures: list[str]) -> None:
    """Remember the reasoning right before a call."""
    memory.put(f"{DIALECT}:{call_id}", json.dumps(signatures, ensure_ascii=False))


def remembered(memory: Memory, call_id: str) -> list[Item]:
    """Return the items that came right before a call, as far as they are remembered."""
    text = memory.get(f"{DIALECT}:{call_id}")
    signatures: list[str] = json.loads(text) if text else []
    return [item for signature in signatures if (item := unpacked(signature, None)) is not None]
