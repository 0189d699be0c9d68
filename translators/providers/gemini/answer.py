"""An answer of `generateContent` or `streamGenerateContent`, as events of one machine.

Each payload of a stream is a `GenerateContentResponse` like the whole answer. There is no end marker: an answer is
complete when its bytes end and every candidate has its reason. Reference: https://ai.google.dev/api/generate-content.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from translators.dialects import Numbers, Recall
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
from translators.providers.gemini.answer_candidates import Candidate
from translators.providers.gemini.answer_state import AnswerState
from translators.providers.gemini.errors import streamed_error
from translators.providers.gemini.signatures import issuer_of
from translators.providers.shared.answers import incomplete

_LENGTH = frozenset(("MAX_TOKENS", "CONTINUATION"))
_FILTERED = frozenset(
    (
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "LANGUAGE",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
        "ESCALATION",
        "PUP_LIMITED_DISABLED",
    )
)
_BROKEN = frozenset(
    (
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
    )
)
"""The answer is not what the model meant to say, however much came of it."""
_BARE = frozenset(("NO_IMAGE", "IMAGE_OTHER", "OTHER"))
"""Reasons that OpenAI has no word for. Without content they are errors."""
_KNOWN = frozenset(
    ("candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId", "createTime", "modelStatus")
)
_BLOCKED = "The prompt was blocked."
_STOPPED = "The answer was stopped by a content filter."
_ADDED = ("promptTokenCount", "toolUsePromptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
"""The counts whose sum is `totalTokenCount`."""
_TIERS = {
    "standard": "default",
    "flex": "flex",
    "priority": "priority",
    "ON_DEMAND": "default",
    "ON_DEMAND_FLEX": "flex",
    "ON_DEMAND_PRIORITY": "priority",
}


class GenerateAnswer:
    """One answer: its candidates, the usage so far, and the reason for a blocked prompt."""

    def __init__(self, recall: Recall) -> None:
        self.done = False
        self._state = AnswerState(recall)
        self._numbers = Numbers(recall)
        self._started = False
        self._candidates: dict[int, Candidate] = {}
        self._usage: Mapping[str, Any] = {}
        self._blocked: Mapping[str, Any] | None = None

    def on(self, payload: Any) -> list[Event]:
        """Return the events of one payload of the stream: `{"candidates": [{"content": {"parts": [{"text": ...}]},
        "finishReason": ...}], "usageMetadata": {...}}`. Raises `BadAnswer`."""
        if self.done:
            return []
        if not isinstance(payload, dict):
            raise BadAnswer.unreadable("The provider's answer has a payload that is no JSON object.")
        if payload.get("error"):
            raise BadAnswer(streamed_error(payload))
        events = self._unknown(payload)
        if payload and not payload.keys() & _KNOWN:
            return events
        if not self._started:
            events += self._start(payload)
        candidates = payload.get("candidates")
        for place, candidate in enumerate(candidates if isinstance(candidates, list) else ()):
            events += self._candidate(place, candidate)
        self._feedback(payload.get("promptFeedback"))
        return events + self._usage_events(payload.get("usageMetadata"))

    def whole(self, body: Any) -> Iterator[Event]:
        """Yield the events of a whole answer, or of the array that a stream is without `alt=sse`. Raises
        `BadAnswer`."""
        for payload in body if isinstance(body, list) else (body,):
            yield from self.on(payload)
        yield from self.close()

    def close(self) -> Iterator[Event]:
        """Yield the last events. Raises `BadAnswer` unless every candidate has ended: a cut answer must not look like a
        short one."""
        if self.done:
            return
        candidates = [self._candidates[choice] for choice in sorted(self._candidates)]
        if self._blocked:
            candidates = [candidate for candidate in candidates if candidate.native is not None]
        missing = [candidate.choice for candidate in candidates] != [*range(len(candidates))]
        unfinished = any(candidate.native is None for candidate in candidates)
        if missing or unfinished or not (candidates or self._blocked):
            raise incomplete(self._started, "answer")
        self.done = True
        if not candidates:
            yield from self._refused()
        for candidate in candidates:
            if candidate.native in _BROKEN:
                raise _failed(candidate)
        if candidates and all(candidate.native in _BARE and not candidate.has_content for candidate in candidates):
            raise _failed(candidates[0])
        for candidate in candidates:
            yield from self._finished(candidate)

    # --- what comes -------------------------------------------------------------------------------------

    def _unknown(self, payload: Mapping[str, Any]) -> list[Event]:
        events: list[Event] = []
        if not payload.keys() <= _KNOWN:
            for key in sorted(payload.keys() - _KNOWN):
                events += self._state.once(f"response.{key[:60]}", "This field is not known.")
        return events

    def _start(self, payload: Mapping[str, Any]) -> list[Event]:
        self._started = True
        id, model = _text(payload, "responseId"), _text(payload, "modelVersion")
        state = self._state
        state.issuer = issuer_of(state.recall.model or model or "")
        unique = id or [payload.get(key) for key in ("createTime", "modelVersion", "usageMetadata", "candidates")]
        state.seed = str(unique)
        return [Started(id, model)]

    def _candidate(self, place: int, entry: Any) -> list[Event]:
        if not isinstance(entry, dict):
            return self._state.once("response.candidates", "A candidate that is no object.")
        choice = self._numbers.of(entry.get("index"), place)
        if (candidate := self._candidates.get(choice)) is None:
            if not self._state.recall.admits(choice):
                return self._state.once("candidates", "The provider answered with more than it was asked for.")
            candidate = self._candidates[choice] = Candidate(choice, self._state)
        return candidate.on(entry)

    def _feedback(self, feedback: Any) -> None:
        match feedback:
            case {"blockReason": str(reason)} if reason and reason != "BLOCKED_REASON_UNSPECIFIED":
                self._blocked = feedback

    def _usage_events(self, usage: Any) -> list[Event]:
        if not isinstance(usage, dict) or not usage:
            return []
        self._usage = _merged(self._usage, usage)
        return [UsageReported(_usage_of(self._usage))]

    # --- how it ends ------------------------------------------------------------------------------------

    def _refused(self) -> Iterator[Event]:
        """Yield a refusal by the first candidate, since a blocked prompt has none."""
        blocked = self._blocked or {}
        message, reason = blocked.get("blockReasonMessage"), str(blocked.get("blockReason"))[:60]
        yield RefusalDelta(message if isinstance(message, str) and message else _BLOCKED)
        yield Noted(Note("promptFeedback.blockReason", "dropped", reason, detail="The prompt was blocked for this."))
        yield Finished("content_filter", reason, _tier(self._usage))

    def _finished(self, candidate: Candidate) -> Iterator[Event]:
        native, choice = str(candidate.native)[:60], candidate.choice
        yield from candidate.rest()
        reason: FinishReason = "tool_calls" if candidate.calls.count else "stop"
        if native in _FILTERED:
            reason = "content_filter"
            yield RefusalDelta(candidate.message or _STOPPED, choice)
        elif native in _LENGTH:
            reason = "length"
        if why := _why_approximated(native):
            yield Noted(Note("candidates.finishReason", "approximated", native, reason, why))
        if reason != "length":
            for doubt in candidate.calls.doubts:
                yield Noted(doubt)
        yield Finished(reason, native, _tier(self._usage), choice, approximated=bool(why))


def _why_approximated(native: str) -> str:
    """Return the sentence why OpenAI's reason is not quite the provider's; empty where it is."""
    if native == "CONTINUATION":
        return "The provider would go on if asked again: the answer is not finished."
    if native in _BARE:
        return "OpenAI has no such reason to stop."
    return "" if native in ("STOP", *_LENGTH, *_FILTERED) else "This reason to stop is not known."


def _failed(candidate: Candidate) -> BadAnswer:
    """Return the error of an answer that the provider did not give, or broke off, for a reason of its own."""
    reason = str(candidate.native)
    text = f"The provider stopped without an answer: {reason}."
    if candidate.has_content:
        text = f"The provider broke off its answer: {reason}."
    return BadAnswer(Failure(502, text, "server_error", None, reason.lower()))


def _text(holder: Mapping[str, Any], name: str) -> str | None:
    value = holder.get(name)
    return value if isinstance(value, str) and value else None


def _tier(usage: Mapping[str, Any]) -> str | None:
    return _TIERS.get(str(usage.get("serviceTier"))) or _TIERS.get(str(usage.get("trafficType")))


def _merged(before: Mapping[str, Any], usage: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the last report, with the counts of those before that it lacks. The wire omits zeroes: counts that add up
    to the report's own total lack none of theirs."""
    whole = usage.get("totalTokenCount") == sum(_count(usage, name) for name in _ADDED)
    earlier = {name: value for name, value in before.items() if not (whole and name in _ADDED)}
    return {**earlier, **{name: value for name, value in usage.items() if value is not None}}


def _usage_of(usage: Mapping[str, Any]) -> Usage:
    """Return the usage. Gemini's candidates exclude thoughts; some of its servers include them, as their total
    shows."""
    count = _count(usage, "promptTokenCount") + _count(usage, "toolUsePromptTokenCount")
    answer, thoughts = _count(usage, "candidatesTokenCount"), _count(usage, "thoughtsTokenCount")
    inclusive = thoughts and answer >= thoughts and usage.get("totalTokenCount") == count + answer
    cached = _count(usage, "cachedContentTokenCount") if "cachedContentTokenCount" in usage else None
    return Usage(
        count,
        answer if inclusive else answer + thoughts,
        None if cached is None else min(cached, count),
        None,
        thoughts if "thoughtsTokenCount" in usage else None,
    )


def _count(usage: Mapping[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if type(value) is int and value > 0 else 0
