"""Thought signatures on their way back (https://ai.google.dev/gemini-api/docs/thought-signatures).

A signature is valid for the model that gave it, and corrupts the request of any other. Gemini 3 refuses a turn under
way in which the first call of a step has none.
"""

from translators.conversation import ToolCall
from translators.dialects import Memory
from translators.providers.gemini.profiles import short_name
from translators.providers.shared.signers import signer

SKIP = "skip_thought_signature_validator"
"""The signature that Google documents for calls that it did not sign itself."""


def issuer_of(model: str) -> str:
    return f"gemini:{short_name(model)}"


def memory_key(issuer: str, call_id: str) -> str:
    """Return the key under which a call's signature is remembered: another model does not find it."""
    return f"{issuer} {call_id}"


class Signatures:
    """The signatures that may be sent to one model."""

    def __init__(self, model: str, memory: Memory) -> None:
        self._issuer, self._memory = issuer_of(model), memory

    def of_call(self, call: ToolCall) -> tuple[str | None, bool]:
        """Return the signature that goes with a call, and whether one had to be dropped. A signature in Google's own
        field without an issuer is Google's, and this model's unless another is remembered."""
        issuer = call.issuer or signer(self._memory, call.id)
        if call.signature and (issuer is None or self.own(issuer)):
            return call.signature, False
        remembered = self._memory.get(memory_key(self._issuer, call.id))
        return remembered, bool(call.signature) and remembered is None

    def own(self, issuer: str | None) -> bool:
        if issuer is None:
            return False
        dialect, _, model = issuer.partition(":")
        return issuer_of(model) == self._issuer and dialect == "gemini"
