"""Issuers of signatures by tool call, for clients that hand a signature back and drop its `issuer`."""

from translators.dialects import Memory


def remember(memory: Memory, call_id: str, issuer: str) -> None:
    """Remember `issuer` (`dialect:model`) as the signer of the call `call_id` or of the reasoning before it."""
    memory.put(_key(call_id), issuer)


def signer(memory: Memory, call_id: str) -> str | None:
    """Return the issuer, None where it is not remembered."""
    return memory.get(_key(call_id))


def _key(call_id: str) -> str:
    return f"signer {call_id}"
