"""Reasons for the end of a choice: OpenAI's `finish_reason`, and the words of servers that speak like it."""

from typing import Any

from translators.errors import BadAnswer, Failure
from translators.events import FinishReason

OFFICIAL = frozenset(("stop", "length", "tool_calls", "content_filter", "function_call"))
_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "safety": "content_filter",
    "recitation": "content_filter",
    "refusal": "content_filter",
    "sensitive": "content_filter",
}
_BROKEN = {
    "error": Failure(502, "The provider broke off its answer with an error.", "server_error", None, "provider_error"),
    "abort": Failure(502, "The provider aborted its answer.", "server_error", None, "incomplete_answer"),
    "network_error": Failure(502, "The provider lost its own model.", "server_error", None, "incomplete_answer"),
    "insufficient_system_resource": Failure(
        503, "The provider broke off its answer for want of resources.", "server_error", None, "server_overloaded"
    ),
}


def reason_of(native: str) -> FinishReason | None:
    """Return our reason, None for a word that is not known. Raises `BadAnswer` where the answer was broken off."""
    reason = _REASONS.get(native)
    if reason is None and native not in OFFICIAL:
        lowered = native.lower()
        if (failure := _BROKEN.get(lowered)) is not None:
            raise BadAnswer(failure)
        reason = _REASONS.get(lowered)
    return reason


def native_of(choice: dict[str, Any]) -> str | None:
    """Return the reason in a choice, None where it goes on; some servers write `""` for that."""
    reason = choice.get("finish_reason")
    return (reason if isinstance(reason, str) else str(reason)[:60]) if reason else None
