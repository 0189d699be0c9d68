"""An answer of POST /api/chat, whole or streamed, as events that one machine emits.

Reference: https://docs.ollama.com/api/chat, and `ChatResponse` in Ollama's api/types.go. A line of a stream and a whole
answer have the same form; the last line (`done`) has the counts, and may still have a piece of the message.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from translators.dialects import Recall
from translators.errors import BadAnswer
from translators.events import (
    Event,
    Finished,
    FinishReason,
    Logprobs,
    Noted,
    ReasoningDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
    log_probability,
)
from translators.notes import Note
from translators.providers.ollama.errors import streamed_error
from translators.providers.shared import answer_arguments
from translators.providers.shared.answers import Oddities, incomplete, text_field, text_or_empty
from translators.providers.shared.custom_tools import unwrapped

_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length"}
_NO_ANSWER = ("load", "unload")
_FIELDS = frozenset(
    (
        "model",
        "remote_model",
        "remote_host",
        "created_at",
        "message",
        "done",
        "done_reason",
        "logprobs",
        "total_duration",
        "load_duration",
        "prompt_eval_count",
        "prompt_eval_duration",
        "eval_count",
        "eval_duration",
    )
)
_MESSAGE_FIELDS = frozenset(("role", "content", "thinking", "tool_calls"))


class ChatAnswer:
    """One answer: the ids of its calls, the notes on what was odd, and whether it had any content."""

    def __init__(self, recall: Recall) -> None:
        self.done = False
        self._recall = recall
        self._started = False
        self._has_content = False
        self._ids: list[str] = []  # of the calls, by index
        self._once = Oddities().once

    def on(self, payload: Any) -> list[Event]:
        """Return the events of one line of the stream (`{"model": ..., "message": {...}, "done": ...}`). Raises
        `BadAnswer`."""
        if self.done:
            return []
        if not isinstance(payload, dict):
            raise BadAnswer.unreadable("The provider's stream has a line that is no JSON object.")
        if payload.get("error") is not None:
            raise BadAnswer(streamed_error(payload))
        events: list[Event] = []
        if not self._started and payload.keys() & _FIELDS:
            self._started = True
            events.append(Started(None, text_or_empty(payload, "model") or None))
        self._message(payload, events)
        if "logprobs" in payload:
            self._logprobs(payload, events)
        self._note_unknown(payload, _FIELDS, "", events)
        if payload.get("done") is True:
            self._end(payload, events)
        return events

    def whole(self, body: Any) -> list[Event]:
        """Return the events of a whole answer, which has the form of a line. Raises `BadAnswer`."""
        if not isinstance(body, dict) or not (isinstance(body.get("message"), dict) or body.get("error") is not None):
            raise BadAnswer.unreadable("The provider's answer is no message.")
        events = self.on(body)
        if not self.done:
            raise BadAnswer.unreadable("The provider's answer is not complete.", code="incomplete_answer")
        return events

    def close(self) -> list[Event]:
        """Raise `BadAnswer` unless the last line came: a cut answer must not look like a short one."""
        if self.done:
            return []
        raise incomplete(self._started)

    # --- the message ------------------------------------------------------------------------------------

    def _message(self, payload: Mapping[str, Any], events: list[Event]) -> None:
        message = payload.get("message")
        if message is None:
            return
        if not isinstance(message, dict):
            events += self._once("message", "A message in this form is not known.")
            return
        if thought := text_field(message, "thinking"):
            self._has_content = True
            events.append(ReasoningDelta(0, thought))
        if text := text_field(message, "content"):
            self._has_content = True
            events.append(TextDelta(text))
        if calls := message.get("tool_calls"):
            self._calls(calls, payload, events)
        self._note_unknown(message, _MESSAGE_FIELDS, "message.", events)

    def _note_unknown(self, holder: Mapping[str, Any], known: frozenset[str], prefix: str, events: list[Event]) -> None:
        if not holder.keys() <= known:
            for name in sorted(holder.keys() - known):
                events += self._once(f"{prefix}{name[:60]}", "A field of this name is not known.")

    def _calls(self, calls: Any, payload: Mapping[str, Any], events: list[Event]) -> None:
        for call in calls if isinstance(calls, list) else [calls]:
            match call:
                case {"function": {"name": str(name), **function}} if name:
                    events += self._call(call.get("id"), name, function.get("arguments"), payload)
                case _:
                    events += self._once("message.tool_calls", "A call without a name cannot be told.")

    def _call(self, id: Any, name: str, arguments: Any, payload: Mapping[str, Any]) -> list[Event]:
        """Return the events of a call, which comes whole. Its arguments are an object; some models' templates leave
        them as text."""
        index = len(self._ids)
        noted: list[Event] = []
        if isinstance(arguments, str):
            written = arguments
        else:
            written, bent = answer_arguments.written({} if arguments is None else arguments)
            if bent:
                noted.append(Noted(answer_arguments.too_large(index)))
        if not isinstance(id, str) or not id or id in self._ids:
            id = self._minted(name, written, payload)
        self._ids.append(id)
        self._has_content = True
        kind: Literal["function", "custom"] = "custom" if name in self._recall.custom else "function"
        if kind == "custom":
            text, fits = unwrapped(written) or (written, False)
            written = text
            if not fits:
                noted.append(Noted(answer_arguments.no_single_text(index)))
        elif not (arguments is None or _is_object(arguments)):
            noted.append(Noted(answer_arguments.no_object(index)))
        pieces: list[Event] = [ToolCallDelta(index, written)] if written else []
        return [ToolCallStarted(index, id, name, kind), *pieces, *noted]

    def _minted(self, name: str, written: str, payload: Mapping[str, Any]) -> str:
        """Return an id made of what is certain: the same answer gives the same id, and hardly another one does."""
        source = f"{text_or_empty(payload, 'created_at')}\n{len(self._ids)}\n{name}\n{written}"
        return "call_" + hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:24]

    def _logprobs(self, payload: Mapping[str, Any], events: list[Event]) -> None:
        """Emit the log probabilities of the line's tokens. Ollama does not tell those of the reasoning from the
        text's."""
        entries, message = payload["logprobs"], payload.get("message")
        if not entries:
            return
        if not isinstance(entries, list):
            events += self._once("logprobs", "Log probabilities in this form are not known.")
            return
        message = message if isinstance(message, dict) else {}
        if message.get("thinking"):
            if not message.get("content"):
                events += self._once("logprobs", "Log probabilities of reasoning are not told.")
                return
            why = "Some of the log probabilities are of the reasoning before the text."
            events += self._once("logprobs", why, "approximated")
        tokens = [token for each in entries if (token := _token(each)) is not None]
        if len(tokens) < len(entries):
            events += self._once("logprobs", "Log probabilities in this form are not known.")
        events.append(Logprobs(tuple(tokens)))

    # --- the end ----------------------------------------------------------------------------------------

    def _end(self, payload: Mapping[str, Any], events: list[Event]) -> None:
        native = text_or_empty(payload, "done_reason")
        if native in _NO_ANSWER and not self._has_content:
            raise BadAnswer.unreadable(f"The provider answered nothing: it only did '{native}'.", code="empty_answer")
        self.done = True
        reason = _REASONS.get(native)
        if reason is None:
            why = "This reason to stop is not known." if native else "The provider did not tell why it stopped."
            events.append(Noted(Note("done_reason", "approximated", native[:60] or None, "stop", why)))
            reason = "stop"
        if reason == "stop" and self._ids:
            reason = "tool_calls"
        self._usage(payload, events)
        events.append(Finished(reason, native or None, approximated=native not in _REASONS))

    def _usage(self, payload: Mapping[str, Any], events: list[Event]) -> None:
        """Emit the usage. Ollama leaves out a count of zero, as older versions do of a prompt that was in the cache."""
        prompt, answer = _count(payload, "prompt_eval_count"), _count(payload, "eval_count")
        if prompt is None and answer is None:
            return
        if prompt is None:
            events.append(Noted(Note("prompt_eval_count", "defaulted", None, 0, "The provider did not count it.")))
        events.append(UsageReported(Usage(prompt or 0, answer or 0)))


def _count(holder: Mapping[str, Any], name: str) -> int | None:
    value = holder.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _is_object(arguments: Any) -> bool:
    """Return whether arguments are an object, or the JSON text of one."""
    return isinstance(arguments, dict) or (
        isinstance(arguments, str) and answer_arguments.parsed(arguments) is not None
    )


def _token(entry: Any) -> TokenLogprob | None:
    match entry:
        case {"token": str(text), "logprob": int(probability) | float(probability)}:
            above = entry.get("top_logprobs")
            top = tuple(token for each in above if (token := _token(each))) if isinstance(above, list) else ()
            raw = entry.get("bytes")
            whole = isinstance(raw, list) and all(isinstance(each, int) and 0 <= each < 256 for each in raw)
            return TokenLogprob(text, log_probability(probability), top, tuple(raw) if raw and whole else None)
        case _:
            return None
