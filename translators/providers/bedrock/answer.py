"""An answer of the Converse API, whole or streamed, as events of one machine.

A whole answer goes through it as the stream that would have brought it. Reference:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html (`ConverseStreamOutput`; the
framing has put each payload under the name of its event).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from translators.dialects import Recall
from translators.errors import BadAnswer, Failure
from translators.events import (
    Event,
    Finished,
    FinishReason,
    Noted,
    RefusalDelta,
    Started,
    Usage,
    UsageReported,
)
from translators.notes import Note
from translators.providers.bedrock.answer_blocks import (
    AnswerBlock,
    ReasoningBlock,
    ServerCallBlock,
    ServerResultBlock,
    begins_another,
    block_of_delta,
    block_of_start,
)
from translators.providers.bedrock.errors import streamed_error
from translators.providers.claude.answer_state import AnswerState
from translators.providers.shared.answers import incomplete, index_field

_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    # not in Converse's list, but a Claude's own words
    "refusal": "content_filter",
    "pause_turn": "length",
}
_BROKEN = ("malformed_model_output", "malformed_tool_use")
_DECLINED = "The answer was withheld by a filter of the provider's."
_TIERS = {"default": "default", "priority": "priority", "flex": "flex", "reserved": "scale"}
_COUNTS = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")


class ConverseAnswer:
    """One answer: its open blocks, the state that they share, the reason to stop, the usage, and the tier."""

    def __init__(self, recall: Recall) -> None:
        self.done = False
        self._started = self._unannounced = False
        self._state = AnswerState(recall)
        self._state.issuer = f"bedrock:{recall.model}"
        self._open: dict[int, AnswerBlock] = {}
        self._stopped = False
        self._native: str | None = None
        self._counts: dict[str, int] = {}
        self._tier: str | None = None
        self._on: dict[str, Callable[[Mapping[str, Any]], list[Event]]] = {
            "contentBlockDelta": self._block_delta,
            "contentBlockStart": self._block_start,
            "contentBlockStop": self._block_stop,
            "messageStart": self._message_start,
            "messageStop": self._message_stop,
            "metadata": self._metadata,
        }

    def on(self, payload: Any) -> list[Event]:
        """Return the events of one payload of the stream, such as `{"contentBlockDelta": {"contentBlockIndex": 0,
        "delta": {"text": ...}}}`. Raises `BadAnswer`."""
        if self.done:
            return []
        if not isinstance(payload, dict):
            raise BadAnswer.unreadable("The provider's stream has an event that is no JSON object.")
        events: list[Event] = []
        for kind, value in payload.items():
            if (handler := self._on.get(kind)) is not None:
                if not isinstance(value, dict):
                    raise BadAnswer.unreadable(f"The provider's stream has a {kind} that is no object.")
                if not self._started and kind != "messageStart":
                    events += self._start_unannounced()
                events += handler(value)
            elif kind == "exception":
                raise BadAnswer(streamed_error(value))
            else:
                events += self._state.once(f"event.{kind[:60]}", "An event of this type is not known.")
        return events

    def whole(self, body: Any) -> list[Event]:
        """Return the events of a whole answer: `{"output": {"message": {"content": [...]}}, "stopReason": ..., "usage":
        {...}}`. Raises `BadAnswer`."""
        match body:
            case {"output": {"message": {"content": list(content), **message}}}:
                pass
            case _:
                raise BadAnswer.unreadable("The provider's answer is no message.")
        events = self.on({"messageStart": message})
        for index, block in enumerate(content):
            if not isinstance(block, dict):
                raise BadAnswer.unreadable("The provider's answer has a content block that is no object.")
            events += [event for payload in _stream_of(block, index) for event in self.on(payload)]
        events += self.on({"messageStop": {"stopReason": body.get("stopReason")}})
        return events + self.on({"metadata": body})

    def close(self) -> list[Event]:
        """Return the last events of an answer that has its stop, even if its usage never came. Raises `BadAnswer`
        before that: a cut answer must not look like a short one."""
        if self.done:
            return []
        if self._stopped:
            return self._finish()
        raise incomplete(self._started)

    # --- the message ------------------------------------------------------------------------------------

    def _message_start(self, payload: Mapping[str, Any]) -> list[Event]:
        if self._unannounced:
            return self._state.once("event.messageStart", "It came when the message was under way.")
        if self._started:
            return self._state.once("event.messageStart", "The message was begun a second time.")
        self._started = True
        return [Started()]

    def _start_unannounced(self) -> list[Event]:
        self._started = self._unannounced = True
        return [Started(), Noted(Note("event.messageStart", "synthesised", detail="The stream began without it."))]

    def _message_stop(self, payload: Mapping[str, Any]) -> list[Event]:
        events: list[Event] = []
        for block in list(self._open.values()):
            events += block.closed()
        self._open.clear()
        self._state.thoughts.remember(self._state.issuer)
        native = payload.get("stopReason")
        self._native = native[:60] if isinstance(native, str) else None
        self._stopped = True
        return events

    def _metadata(self, payload: Mapping[str, Any]) -> list[Event]:
        """Take the usage. After the stop it ends the answer; before, it is a report on the way."""
        events = self._usage(payload.get("usage"))
        match payload.get("serviceTier"):
            case {"type": str(tier)}:
                self._tier = _TIERS.get(tier)
        return events + self._finish() if self._stopped else events

    def _finish(self) -> list[Event]:
        self.done = True
        state, native = self._state, self._native
        events: list[Event] = []
        reason = self._reason(events)
        if reason == "content_filter" and not state.text:
            events.append(RefusalDelta(_DECLINED))
        if reason != "length":
            events += [Noted(note) for note in state.doubts]
        return [*events, Finished(reason, native, self._tier, approximated=native not in _REASONS)]

    def _reason(self, events: list[Event]) -> FinishReason:
        state, native = self._state, self._native
        reason = _REASONS.get(native or "")
        if native in _BROKEN:
            text = "The model's answer could not be read by the provider."
            raise BadAnswer(Failure(502, text, "server_error", None, native))
        if reason is None:
            why = "This reason to stop is not known."
            events.append(Noted(Note("stopReason", "approximated", native, "stop", why)))
        if reason in (None, "stop"):
            return "tool_calls" if state.calls else "stop"
        return reason

    # --- blocks -----------------------------------------------------------------------------------------

    def _block_delta(self, payload: Mapping[str, Any]) -> list[Event]:
        delta = payload.get("delta")
        if not isinstance(delta, dict):
            raise BadAnswer.unreadable("The provider's stream has a delta that is no object.")
        index = index_field(payload, "contentBlockIndex")
        events: list[Event] = []
        for kind, value in delta.items():
            if value is None or value == "":
                continue
            block = self._open.get(index)
            if block is not None and begins_another(kind, block):
                events += block.closed()
                block = None
            if block is None:
                block = self._open[index] = block_of_delta(kind, self._state)
                events += self._ordered(block)
            emitted = block.delta(kind, value)
            events = events + emitted if events else emitted
        return events

    def _block_start(self, payload: Mapping[str, Any]) -> list[Event]:
        index = index_field(payload, "contentBlockIndex")
        events = self._open.pop(index).closed() if index in self._open else []
        start = payload.get("start")
        members = start if isinstance(start, dict) else {}
        for kind, value in members.items():
            block = block_of_start(kind, value, self._state) if isinstance(value, dict) else None
            if block is not None and index not in self._open:
                self._open[index] = block
                events += [*self._ordered(block), *block.begin(value)]
            elif value is not None and kind not in ("text", "reasoningContent"):
                events += self._state.once(f"content.{kind[:60]}", "A block of this kind is not known.")
        return events

    def _block_stop(self, payload: Mapping[str, Any]) -> list[Event]:
        block = self._open.pop(index_field(payload, "contentBlockIndex"), None)
        return [] if block is None else block.closed()

    def _ordered(self, block: AnswerBlock) -> list[Event]:
        belongs_first = isinstance(block, ReasoningBlock | ServerCallBlock | ServerResultBlock)
        return self._state.note_order() if belongs_first else []

    # --- usage ------------------------------------------------------------------------------------------

    def _usage(self, usage: Any) -> list[Event]:
        if not isinstance(usage, dict):
            return []
        reported = {name: usage[name] for name in _COUNTS if _is_count(usage.get(name))}
        if not reported:
            return []
        self._counts = counts = {**self._counts, **reported}
        read, write = counts.get("cacheReadInputTokens"), counts.get("cacheWriteInputTokens")
        total = counts.get("inputTokens", 0) + (read or 0) + (write or 0)
        return [UsageReported(Usage(total, counts.get("outputTokens", 0), read, write))]


def _stream_of(block: dict[str, Any], index: int) -> Iterator[dict[str, Any]]:
    """Yield the payloads of the stream that would have brought a block. Its members are alternatives; should there be
    two, each is sent, in this order."""
    at = {"contentBlockIndex": index}
    members = {kind: value for kind, value in block.items() if value is not None}
    for kind in ("reasoningContent", "text", "citationsContent", "image"):
        if kind in members:
            for delta in _deltas_of(kind, members.pop(kind)):
                if kind == "image":
                    yield {"contentBlockStart": {"start": delta, **at}}
                yield {"contentBlockDelta": {"delta": delta, **at}}
        yield {"contentBlockStop": at}
    for kind, value in members.items():
        yield {"contentBlockStart": {"start": {kind: value}, **at}}
        yield {"contentBlockStop": at}


def _deltas_of(kind: str, value: Any) -> Iterator[dict[str, Any]]:
    """Yield the deltas that would have brought a member of a block."""
    match kind, value:
        case "citationsContent", {**cited}:
            for piece in _objects(cited.get("content")):
                yield {"text": piece.get("text")}
            for citation in _objects(cited.get("citations")):
                yield {"citation": citation}
        case "reasoningContent", {"reasoningText": {**reasoning}, **rest}:
            yield {"reasoningContent": reasoning}
            yield {"reasoningContent": rest}
        case _:
            yield {kind: value}


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
