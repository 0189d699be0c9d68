"""One candidate of an answer, that is one choice: its parts as they come, and what they add up to.

Reference: https://ai.google.dev/api/generate-content#candidate.
"""

from collections.abc import Callable, Mapping, Set
from itertools import zip_longest
from typing import Any

from translators.events import (
    Event,
    ForeignBlock,
    ImageMade,
    Logprobs,
    Noted,
    ReasoningDelta,
    ReasoningSigned,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallStarted,
    log_probability,
)
from translators.providers.gemini.answer_calls import CandidateCalls
from translators.providers.gemini.answer_state import AnswerState
from translators.providers.gemini.grounding import AnswerPart, Grounding
from translators.providers.gemini.parts import FOREIGN

_NUMBERED = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER"}
"""Reasons as some of Google's servers and proxies write enums. Beyond these the Gemini API and Vertex count apart."""
_ABOUT_A_PART = frozenset(("thought", "thoughtSignature", "partMetadata", "videoMetadata", "mediaResolution"))

_AT_ONCE = (ForeignBlock, ImageMade, ReasoningSigned, ToolCallDelta, ToolCallStarted)


class Candidate:
    """One candidate: its parts so far, the reasoning block that is open, and the reason to stop."""

    def __init__(self, choice: int, state: AnswerState) -> None:
        self.choice, self._state = choice, state
        self.calls = CandidateCalls(choice, state)
        self.native: str | None = None
        """The reason to stop, once there is one."""
        self.message = ""
        self.has_content = False
        """There is something that may stand alone as an answer."""
        self._parts: list[AnswerPart] = []
        self._text = 0  # code points so far
        self._blocks = 0
        self._thinking = False  # the last reasoning block still grows
        self._unsigned = False  # the last reasoning block has no signature
        self._in_text = False  # the last event is of text
        self._held: list[Event] = []
        """Events of what comes whole after text. The sources of the text are known only when all is there, and must
        come before anything else begins; thoughts do not wait for that."""
        self._grounding = Grounding()
        self._beside: Mapping[str, Callable[[Any], list[Event]]] = {
            "finishReason": self._finish_reason,
            "finishMessage": self._finish_message,
            "logprobsResult": self._logprobs,
            "groundingMetadata": self._grounded,
            "citationMetadata": self._cited,
            "safetyRatings": self._ignored,
            "tokenCount": self._ignored,
            "avgLogprobs": self._ignored,
        }

    def on(self, candidate: Mapping[str, Any]) -> list[Event]:
        """Return the events of one payload's `{"content": {"parts": [...]}, "finishReason": ..., "index": ...}`."""
        events: list[Event] = []
        match candidate.get("content"):
            case {"parts": [*parts]}:
                follows = True
                for part in parts:
                    events += self._in_order(self._part(part, follows))
                    follows = False
            case {"parts": dict() as part}:
                events += self._in_order(self._part(part, True))
            case None | {"parts": None}:
                pass
            case dict() as content if "parts" not in content:
                pass
            case _:
                events += self._state.once("candidates.content", "Content in this form is not known.")
        for key, value in candidate.items():
            if key == "content" or key == "index" or value is None:
                continue
            if (handler := self._beside.get(key)) is not None:
                events += handler(value)
            else:
                events += self._state.once(f"candidates.{key[:60]}", "Clients have no place for this.")
        return events

    def rest(self) -> list[Event]:
        """Return the events that follow when all content is there: sources, and what waited for them."""
        events, notes = self._grounding.annotations(self._parts, self.choice)
        held, self._held = self._held, []
        return [*events, *held, *(Noted(note) for note in notes)]

    def _in_order(self, events: list[Event]) -> list[Event]:
        if not self._held and len(events) == 1 and type(events[0]) is TextDelta:
            self._in_text = True
            return events
        emitted: list[Event] = []
        for event in events:
            if self._in_text and isinstance(event, _AT_ONCE):
                self._held.append(event)
                continue
            if not isinstance(event, Noted):
                emitted += self._held
                self._held.clear()
                self._in_text = isinstance(event, TextDelta)
            emitted.append(event)
        return emitted

    # --- parts ------------------------------------------------------------------------------------------

    def _part(self, part: Any, follows: bool) -> list[Event]:
        """Return the events of a part. `follows`: it is the first of its payload, and goes on with the last part if it
        is of its kind."""
        if not isinstance(part, dict):
            return self._state.once("candidates.content.parts", "A part that is no object.")
        text = part.get("text")
        if isinstance(text, str) and len(part) == 1:
            return self._text_events(text, follows)
        part = {key: value for key, value in part.items() if value is not None}
        others = part.keys() - _ABOUT_A_PART - ({"text"} if isinstance(text, str) else set())
        events: list[Event] = []
        if isinstance(text, str) and (text or not others):
            events += (self._thought_events if part.get("thought") else self._text_events)(text, follows)
        if others or not isinstance(text, str):
            events += self._other(part, others)
        signature = part.get("thoughtSignature")
        if isinstance(signature, str) and signature and "functionCall" not in part and not part.keys() & FOREIGN:
            events.append(self._signed(signature))
        return events

    def _text_events(self, text: str, follows: bool) -> list[Event]:
        parts = self._parts
        if not (follows and parts and parts[-1].kind == "text"):
            parts.append(AnswerPart("text", self._text))
        if not text:
            return []
        self._thinking = False
        parts[-1].pieces.append(text)
        self._text += len(text)
        self.has_content = True
        return [TextDelta(text, self.choice)]

    def _thought_events(self, text: str, follows: bool) -> list[Event]:
        if not (follows and self._parts and self._parts[-1].kind == "thought"):
            self._parts.append(AnswerPart("thought", self._text))
        if not text:
            return []
        if not self._thinking:
            self._blocks += 1
            self._thinking = self._unsigned = True
        return [ReasoningDelta(self._blocks - 1, text, self.choice)]

    def _signed(self, signature: str) -> Event:
        """Return the event of a signature, which belongs to the thoughts before it, even if these are secret."""
        if not self._unsigned:
            self._blocks += 1
        self._thinking = self._unsigned = False
        return ReasoningSigned(self._blocks - 1, signature, self._state.issuer, self.choice)

    def _other(self, part: Mapping[str, Any], kinds: Set[str]) -> list[Event]:
        """Return the events of a part that is no text. The `kinds` are alternatives; should there be two, each has its
        events."""
        self._parts.append(AnswerPart("other", self._text))
        events: list[Event] = []
        unknown = set(kinds)
        match part:
            case {"functionCall": dict() as call}:
                self._thinking = False
                unknown.remove("functionCall")
                events += self.calls.called(call, part.get("thoughtSignature"))
                self.has_content = self.has_content or self.calls.count > 0
        match part:
            case {"inlineData": {"mimeType": str(kind), "data": str(data)}}:
                unknown.remove("inlineData")
                events += self._picture(kind, data, bool(part.get("thought")))
        if foreign := unknown & FOREIGN:
            self._thinking = False
            unknown -= foreign
            block = {key: part[key] for key in part if key in foreign or key == "thoughtSignature"}
            events.append(ForeignBlock("gemini", block, self.choice))
        for key in sorted(unknown):
            events += self._state.once(f"parts.{key[:60]}", "A part of unknown kind.")
        return events

    def _picture(self, kind: str, data: str, thought: bool) -> list[Event]:
        if thought:
            return self._state.once("parts.thought.inlineData", "Pictures that were only thought of are not told.")
        if not kind.startswith("image/"):
            return self._state.once("parts.inlineData", "Clients have no place for media of this kind.")
        self.has_content = True
        return [ImageMade(kind, data, self.choice)]

    # --- what stands beside the content -----------------------------------------------------------------

    def _finish_reason(self, reason: Any) -> list[Event]:
        if type(reason) is int and reason > 0:
            reason = _NUMBERED.get(reason, str(reason))
        if isinstance(reason, str) and reason and reason != "FINISH_REASON_UNSPECIFIED":
            self.native = reason
        return []

    def _finish_message(self, message: Any) -> list[Event]:
        self.message = message if isinstance(message, str) else ""
        return []

    def _grounded(self, metadata: Any) -> list[Event]:
        if not isinstance(metadata, dict):
            return []
        self._grounding.grounded(metadata)
        if metadata.get("searchEntryPoint") is None:
            return []
        return self._state.once("candidates.groundingMetadata.searchEntryPoint", "Clients have no place for this.")

    def _cited(self, metadata: Any) -> list[Event]:
        if isinstance(metadata, dict):
            self._grounding.cited(metadata)
        return []

    def _ignored(self, value: Any) -> list[Event]:
        return []

    def _logprobs(self, result: Any) -> list[Event]:
        if not isinstance(result, dict):
            return []
        chosen, top = result.get("chosenCandidates"), result.get("topCandidates")
        tops = top if isinstance(top, list) else []
        entries = chosen if isinstance(chosen, list) else []
        tokens = []
        for entry, likeliest in zip_longest(entries, tops[: len(entries)]):
            match likeliest:
                case {"candidates": [*others]}:
                    tokens.append(_logprob(entry)._replace(top=tuple(map(_logprob, others))))
                case _:
                    tokens.append(_logprob(entry))
        return [Logprobs(tuple(tokens), choice=self.choice)] if tokens else []


def _logprob(entry: Any) -> TokenLogprob:
    """Return a token with its log probability. The wire may omit zero, which is certainty."""
    match entry:
        case {"token": str(token), **more}:
            value = more.get("logProbability")
            return TokenLogprob(token, log_probability(value) if isinstance(value, int | float) else 0.0)
        case _:
            return TokenLogprob("", 0.0)
