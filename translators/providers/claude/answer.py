"""An answer of the Messages API, whole or streamed, as events of one machine.

A whole answer goes through it as the stream that would have brought it. Reference:
https://platform.claude.com/docs/en/build-with-claude/streaming, and `stop_reason`, `usage` of /docs/en/api/messages.
"""

from collections.abc import Callable, Mapping
from typing import Any

from translators.dialects import Answer, Recall
from translators.errors import BadAnswer
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
from translators.providers.claude.answer_blocks import (
    AnswerBlock,
    RedactedBlock,
    ServerBlock,
    TextBlock,
    ThinkingBlock,
    block_of,
    block_of_delta,
)
from translators.providers.claude.answer_state import AnswerState
from translators.providers.claude.errors import streamed_error
from translators.providers.shared.answers import incomplete, index_field
from translators.providers.shared.transforms import transformed

_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",
    "compaction": "length",
    "refusal": "content_filter",
}
_BENT = {
    "pause_turn": "The provider paused its own tools: the answer is not finished.",
    "compaction": "The provider paused to compact the conversation: the answer is not finished.",
}
_DECLINED = "The model declined to answer this request."
_TIERS = {"standard": "default", "priority": "priority"}
_CACHED = ("cache_read_input_tokens", "cache_creation_input_tokens")
_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def answer(recall: Recall) -> Answer:
    """Return the machine that emits the events of one answer."""
    return transformed(MessageAnswer(recall), recall)


class MessageAnswer:
    """One answer: its open blocks, the state that they share, the usage, and the reason to stop."""

    def __init__(self, recall: Recall) -> None:
        self.done = False
        self._started = self._announced = False
        self._state = AnswerState(recall)
        self._open: dict[int, AnswerBlock] = {}
        self._usage: dict[str, int] = {}
        self._counted = False  # whether the usage was reported
        self._tier: str | None = None
        self._stop: Mapping[str, Any] = {}
        self._on: dict[str, Callable[[Mapping[str, Any]], list[Event]]] = {
            "content_block_delta": self._block_delta,
            "content_block_start": self._block_start,
            "content_block_stop": self._block_stop,
            "message_start": self._message_start,
            "message_delta": self._message_delta,
            "message_stop": self._message_stop,
        }

    def on(self, payload: Any) -> list[Event]:
        """Return the events of one payload of the stream, such as `{"type": "content_block_delta", "index": 0, "delta":
        {"type": "text_delta", "text": ...}}`. Raises `BadAnswer`."""
        if self.done:
            return []
        if not isinstance(payload, dict):
            raise BadAnswer.unreadable("The provider's stream has an event that is no JSON object.")
        kind = payload.get("type")
        if isinstance(kind, str) and (handler := self._on.get(kind)) is not None:
            if self._started or kind == "message_start":
                return handler(payload)
            return [*self._start_unannounced(), *handler(payload)]
        if kind == "ping":
            return []
        if kind == "error" or (kind is None and payload.get("error")):
            raise BadAnswer(streamed_error(payload))
        return self._state.once(f"event.{str(kind)[:60]}", "An event of this type is not known.")

    def whole(self, body: Any) -> list[Event]:
        """Return the events of a whole answer: `{"type": "message", "content": [...], "stop_reason": ..., "usage":
        {...}}`.

        Raises `BadAnswer`."""
        if isinstance(body, dict) and (body.get("type") == "error" or body.get("error")):
            raise BadAnswer(streamed_error(body))
        if not isinstance(body, dict) or not isinstance(body.get("content"), list):
            raise BadAnswer.unreadable("The provider's answer is no message.")
        events = self.on({"type": "message_start", "message": {**body, "content": []}})
        for index, block in enumerate(body["content"]):
            events += self.on({"type": "content_block_start", "index": index, "content_block": block})
            events += self.on({"type": "content_block_stop", "index": index})
        events += self.on({"type": "message_delta", "delta": body, "usage": {}})
        return events + self.on({"type": "message_stop"})

    def close(self) -> list[Event]:
        """Raise `BadAnswer` unless the message has ended: a cut answer must not look like a short one."""
        if self.done:
            return []
        raise incomplete(self._started)

    # --- the message ------------------------------------------------------------------------------------

    def _message_start(self, payload: Mapping[str, Any]) -> list[Event]:
        message = payload.get("message")
        message = message if isinstance(message, dict) else {}
        notes: list[Event] = []
        if self._started:
            self._counted = False
            self._merge(message.get("usage"), late=True)
            notes = self._state.once("event.message_start", "It came late, or again: of its usage what is new is read.")
            if self._announced:
                return notes
        else:
            self._merge(message.get("usage"))
        self._started = self._announced = True
        id, model = message.get("id"), message.get("model")
        return [*self._begin(id if isinstance(id, str) else None, model if isinstance(model, str) else None), *notes]

    def _start_unannounced(self) -> list[Event]:
        self._started = True
        note = Note("event.message_start", "synthesised", detail="The stream began without it.")
        return [*self._begin(None, None), Noted(note)]

    def _begin(self, id: str | None, model: str | None) -> list[Event]:
        self._state.issuer = f"anthropic:{self._state.recall.model or model or ''}"
        return [Started(id, model, self._reported() if self._usage else None)]

    def _message_delta(self, payload: Mapping[str, Any]) -> list[Event]:
        delta = payload.get("delta")
        if isinstance(delta, dict):
            self._stop = {**self._stop, **{key: value for key, value in delta.items() if value is not None}}
        self._merge(payload.get("usage"))
        return self._report()

    def _message_stop(self, payload: Mapping[str, Any]) -> list[Event]:
        events: list[Event] = []
        for block in sorted(self._open.values(), key=lambda block: not isinstance(block, TextBlock)):
            events += block.closed()  # a text is cited before anything follows it
        self._open.clear()
        self._state.thoughts.remember(self._state.issuer)
        self.done = True
        native = self._stop.get("stop_reason")
        reason = self._reason(native, events)
        if native == "refusal":
            events += self._refusal()
        if reason != "length":
            events += [Noted(note) for note in self._state.doubts]
        if not self._counted:
            events += self._report()
        native = native if isinstance(native, str) else None
        known = native in _REASONS and native not in _BENT
        return [*events, Finished(reason, native, self._tier, approximated=not known)]

    def _reason(self, native: Any, events: list[Event]) -> FinishReason:
        reason = _REASONS.get(native) if isinstance(native, str) else None
        if reason is None or native in _BENT:
            why = _BENT.get(str(native), "This reason to stop is not known.")
            native_text = native[:60] if isinstance(native, str) else None
            events.append(Noted(Note("stop_reason", "approximated", native_text, reason or "stop", why)))
        if reason in (None, "stop"):
            return "tool_calls" if self._state.calls else "stop"
        return reason

    def _refusal(self) -> list[Event]:
        details = self._stop.get("stop_details")
        details = details if isinstance(details, dict) else {}
        category, explanation = details.get("category"), details.get("explanation")
        events: list[Event] = [RefusalDelta(explanation if isinstance(explanation, str) and explanation else _DECLINED)]
        if isinstance(category, str):
            events.append(Noted(Note("stop_details.category", "dropped", category)))
        return events

    # --- blocks -----------------------------------------------------------------------------------------

    def _block_delta(self, payload: Mapping[str, Any]) -> list[Event]:
        delta = payload.get("delta")
        if not isinstance(delta, dict):
            raise BadAnswer.unreadable("The provider's stream has a delta that is no object.")
        block = self._open.get(index := index_field(payload, "index"))
        if block is not None:
            return block.delta(delta)
        note = self._state.once("event.content_block_start", "A block was never begun: its first delta begins it.")
        self._open[index], begun = block_of_delta(delta, self._state)
        return [*note, *begun, *self._open[index].delta(delta)]

    def _block_start(self, payload: Mapping[str, Any]) -> list[Event]:
        start = payload.get("content_block")
        if not isinstance(start, dict):
            raise BadAnswer.unreadable("The provider's answer has a content block that is no object.")
        index = index_field(payload, "index")
        before = self._open.pop(index).closed() if index in self._open else []
        block = self._open[index] = block_of(start, self._state)
        if isinstance(block, ThinkingBlock | RedactedBlock | ServerBlock):
            before = [*before, *self._state.note_order()]
        return [*before, *block.begin(start)]

    def _block_stop(self, payload: Mapping[str, Any]) -> list[Event]:
        block = self._open.pop(index_field(payload, "index"), None)
        if block is None:
            return self._state.once("event.content_block_stop", "A block ended that was not begun.")
        return block.closed()

    # --- usage ------------------------------------------------------------------------------------------

    def _merge(self, usage: Any, *, late: bool = False) -> None:
        """Take over counts, which are totals so far: a later one overwrites an earlier one, but not if it comes `late`,
        with the answer's beginning. A 0 overwrites more only if it is of the cache, and the input beside it is not
        0."""
        if not isinstance(usage, dict):
            return
        details = usage.get("output_tokens_details")
        counts = {name: usage.get(name) for name in _COUNTS}
        counts["thinking_tokens"] = details.get("thinking_tokens") if isinstance(details, dict) else None
        for name, count in counts.items():
            if late and self._usage.get(name):
                continue
            none = name not in self._usage or (name in _CACHED and usage.get("input_tokens") != 0)
            if type(count) is int and (count > 0 or (count == 0 and none)):
                self._usage[name] = count
        if usage.get("speed") == "fast":
            self._tier = "priority"  # OpenAI reports its own fast tier so
        elif isinstance(tier := usage.get("service_tier"), str) and self._tier is None:
            self._tier = _TIERS.get(tier)

    def _report(self) -> list[Event]:
        self._counted = bool(self._usage)
        return [UsageReported(self._reported())] if self._usage else []

    def _reported(self) -> Usage:
        known = self._usage.get
        read, write = known("cache_read_input_tokens"), known("cache_creation_input_tokens")
        total = known("input_tokens", 0) + (read or 0) + (write or 0)
        return Usage(total, known("output_tokens", 0), read, write, known("thinking_tokens"))
