"""Calls and results of a history, which the API wants in pairs. A `call_id` has 1 to 64 characters."""

from translators.conversation import Conversation, ToolCall
from translators.errors import BadRequest
from translators.providers.shared.wire_names import CallIds, call_ids


class CallPairs:
    """The calls in the order of the conversation, each until its result has come."""

    def __init__(self, conversation: Conversation) -> None:
        self._ids = CallIds(call_ids(conversation.turns), r"(?s).{1,64}")
        self._open: dict[str, ToolCall] = {}

    def of_call(self, call: ToolCall) -> str:
        """Return the wire's id of a call."""
        wire = self._ids.of_call(call.id)
        self._open[wire] = call
        return wire

    def of_result(self, id: str, at: str) -> tuple[str, str]:
        """Return the wire's id and the kind of a result's call. Raises `BadRequest` where there is none before it, or
        it has its result."""
        wire = self._ids.of_result(id, at)
        if wire not in self._open:
            raise BadRequest(f"The tool result for the call '{id[:80]}' is the second one.", param=at or "messages")
        return wire, self._open.pop(wire).kind

    def close(self) -> None:
        """End the conversation. Raises `BadRequest` for a call without its result."""
        for call in self._open.values():
            raise BadRequest(f"The tool call '{call.id[:80]}' has no result after it.", param=call.at or "messages")
