"""Reasons for the end of a Response object (`status`, `incomplete_details`), as OpenAI's in a chat.

Reference: https://platform.openai.com/docs/api-reference/responses/object.
"""

from collections.abc import Mapping
from typing import Any

from translators.events import FinishReason

_INCOMPLETE: dict[str, FinishReason] = {
    "max_output_tokens": "length",
    "max_messages": "length",
    "steered": "length",
    "content_filter": "content_filter",
}
TERMINAL = {"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed"}
"""The types of the events that end a stream, and the status that they mean."""
CALLS = ("function_call", "custom_tool_call")


def reason(response: Mapping[str, Any], status: str, calls: bool) -> tuple[FinishReason, str, bool]:
    """Return OpenAI's reason in a chat, the native word, and whether that word is known."""
    if status == "incomplete":
        details = response.get("incomplete_details")
        native = details.get("reason") if isinstance(details, Mapping) else None
        word = native[:60] if isinstance(native, str) else status
        return _INCOMPLETE.get(word, "length"), word, word in _INCOMPLETE
    return "tool_calls" if calls else "stop", status, status == "completed"


def status_of(response: Mapping[str, Any], event_status: str) -> str:
    """Return the response's own status, or its event's where it has none that ends an answer."""
    status = response.get("status")
    return status if status in ("completed", "incomplete", "failed", "cancelled") else event_status
