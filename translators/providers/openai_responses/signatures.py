"""Reasoning items in the keeping of a client that knows texts only: an item is packed into the signature of its block,
and what came before a tool call is remembered under that call's id.

https://platform.openai.com/docs/guides/reasoning: without `store`, items go back as they came, `encrypted_content` and
all, each right before what it led to.
"""

import json
from collections.abc import Mapping
from typing import Any

from translators.dialects import Memory

DIALECT = "openai-responses"
_PREFIX = "responses-item-1:"
"""The version of the packing: what another one packed is not read."""
_KEPT = ("id", "summary", "content", "encrypted_content")

Item = dict[str, Any]


def packed(item: Mapping[str, Any]) -> str | None:
    """The signature that the item can be rebuilt from; None for one that says nothing without the provider's store."""
    if not item.get("encrypted_content") and not item.get("content"):
        return None
    kept = {name: item[name] for name in _KEPT if item.get(name) is not None}
    return _PREFIX + json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def unpacked(signature: str | None, issuer: str | None) -> Item | None:
    """The item in a signature of this dialect's; None for any other."""
    if signature is None or not signature.startswith(_PREFIX):
        return None
    if issuer is not None and issuer.partition(":")[0] != DIALECT:
        return None
    try:
        kept = json.loads(signature[len(_PREFIX) :])
    except (ValueError, RecursionError):
        return None
    if not isinstance(kept, dict):
        return None
    summary = kept.get("summary")
    item = {"type": "reasoning", "summary": summary if isinstance(summary, list) else []}
    return item | {name: kept[name] for name in _KEPT if name != "summary" and name in kept}


def remember(memory: Memory, call_id: str, signatures: list[str]) -> None:
    """What the model thought right before a call."""
    memory.put(f"{DIALECT}:{call_id}", json.dumps(signatures, ensure_ascii=False))


def remembered(memory: Memory, call_id: str) -> list[Item]:
    """The items that came right before a call, as far as they are remembered."""
    kept = memory.get(f"{DIALECT}:{call_id}")
    signatures: list[str] = json.loads(kept) if kept else []
    return [item for signature in signatures if (item := unpacked(signature, None)) is not None]
