"""One candidate of an answer, that is one choice: its parts as they come, and what they add up to.

Reference: https://ai.google.dev/api/generate-content#candidate.
"""

from collections.abc import Callable, Mapping
from typing import Any

from translators.events import (
    Event,
    ForeignBlock,
    ImageMade,
    Logprobs,
    ReasoningDelta,
    ReasoningSigned,
    TextDelta,
    TokenLogprob,
)
from translators.providers.gemini.answered import Answered
from translators.providers.gemini.calls import Calls
from translators.providers.gemini.grounding import Grounding, Told
from translators.providers.gemini.parts import FOREIGN

_ABOUT_A_PART = frozenset(("thought", "thoughtSignature", "partMetadata", "videoMetadata", "mediaResolution"))


class Candidate:
    """What it remembers: the parts so far, the reasoning block that is open, why it stopped."""

    def __init__(self, choice: int, answered: Answered) -> None:
        self.choice, self._answered = choice, answered
        self.calls = Calls(choice, answered)
        self.native: str | None = None
        """The reason to stop, once there is one."""
        self.message = ""
        self.spoke = False
        """Something came that may stand alone as an answer."""
        self._parts: list[Told] = []
        self._text = 0  # code points so far
        self._blocks = 0
        self._thinking = False  # the last reasoning block still grows
        self._unsigned = False  # the last reasoning block has no signature
        self._grounding = Grounding()
        self._beside: Mapping[str, Callable[[Any], list[Event]]] = {
            "finishReason": self._finish_reason,
            "finishMessage": self._finish_message,
            "logprobsResult": self._logprobs,
            "groundingMetadata": self._grounded,
            "citationMetadata": self._cited,
            "safetyRatings": self._nothing,
            "tokenCount": self._nothing,
            "avgLogprobs": self._nothing,
        }

    def on(self, told: Mapping[str, Any]) -> list[Event]:
        """What one payload says of this candidate."""
        events: list[Event] = []
        match told.get("content"):
            case {"parts": [*parts]}:
                follows = True
                for part in parts:
                    events += self._part(part, follows)
                    follows = False
        for key, value in told.items():
            if key == "content" or key == "index" or value is None:
                continue
            if (handler := self._beside.get(key)) is not None:
                events += handler(value)
            else:
                events += self._answered.once(f"candidates.{key[:60]}", "Clients have no place for this.")
        return events

    def rest(self) -> list[Event]:
        """What is told when everything has come."""
        events, complete = self._grounding.annotations(self._parts, self.choice)
        if complete:
            return [*events]
        why = "Citations whose place in the text cannot be told."
        return [*events, *self._answered.once("candidates.groundingMetadata.groundingSupports", why)]

    # --- parts ------------------------------------------------------------------------------------------

    def _part(self, part: Any, follows: bool) -> list[Event]:
        """`follows`: it is the first of its payload, and goes on with the last part if it is of its kind."""
        if not isinstance(part, dict):
            return self._answered.once("candidates.content.parts", "A part that is no object.")
        text = part.get("text")
        if isinstance(text, str):
            if len(part) == 1:
                return self._said(text, follows)
            events = self._thought(text, follows) if part.get("thought") else self._said(text, follows)
        else:
            events = self._other(part)
        signature = part.get("thoughtSignature")
        if isinstance(signature, str) and signature and "functionCall" not in part and not part.keys() & FOREIGN:
            events = [*events, self._signed(signature)]
        return events

    def _said(self, text: str, follows: bool) -> list[Event]:
        parts = self._parts
        if not (follows and parts and parts[-1].kind == "text"):
            parts.append(Told("text", self._text))
        if not text:
            return []
        self._thinking = False
        parts[-1].pieces.append(text)
        self._text += len(text)
        self.spoke = True
        return [TextDelta(text, self.choice)]

    def _thought(self, text: str, follows: bool) -> list[Event]:
        if not (follows and self._parts and self._parts[-1].kind == "thought"):
            self._parts.append(Told("thought", self._text))
        if not text:
            return []
        if not self._thinking:
            self._blocks += 1
            self._thinking = self._unsigned = True
        return [ReasoningDelta(self._blocks - 1, text, self.choice)]

    def _signed(self, signature: str) -> Event:
        """A signature belongs to the thoughts before it, which may have been kept secret."""
        if not self._unsigned:
            self._blocks += 1
        self._thinking = self._unsigned = False
        return ReasoningSigned(self._blocks - 1, signature, self._answered.issuer, self.choice)

    def _other(self, part: Mapping[str, Any]) -> list[Event]:
        self._parts.append(Told("other", self._text))
        match part:
            case {"functionCall": dict()}:
                self._thinking = False
                events = self.calls.called(part["functionCall"], part.get("thoughtSignature"))
                self.spoke = self.spoke or self.calls.count > 0
                return events
            case {"inlineData": {"mimeType": str(kind), "data": str(data)}}:
                return self._picture(kind, data, bool(part.get("thought")))
        if kinds := part.keys() & FOREIGN:
            self._thinking = False
            kept = {key: part[key] for key in part if key in kinds or key == "thoughtSignature"}
            return [ForeignBlock("gemini", kept, self.choice)]
        unknown = sorted(key[:60] for key in part.keys() - _ABOUT_A_PART)
        return [note for key in unknown for note in self._answered.once(f"parts.{key}", "A part of unknown kind.")]

    def _picture(self, kind: str, data: str, thought: bool) -> list[Event]:
        if thought:
            return self._answered.once("parts.thought.inlineData", "Pictures that were only thought of are not told.")
        if not kind.startswith("image/"):
            return self._answered.once("parts.inlineData", "Clients have no place for media of this kind.")
        self.spoke = True
        return [ImageMade(kind, data, self.choice)]

    # --- what stands beside the content -----------------------------------------------------------------

    def _finish_reason(self, reason: Any) -> list[Event]:
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
        return self._answered.once("candidates.groundingMetadata.searchEntryPoint", "Clients have no place for this.")

    def _cited(self, metadata: Any) -> list[Event]:
        if isinstance(metadata, dict):
            self._grounding.cited(metadata)
        return []

    def _nothing(self, value: Any) -> list[Event]:
        return []

    def _logprobs(self, result: Any) -> list[Event]:
        if not isinstance(result, dict):
            return []
        chosen, top = result.get("chosenCandidates"), result.get("topCandidates")
        tops = top if isinstance(top, list) else []
        tokens = []
        for at, entry in enumerate(chosen if isinstance(chosen, list) else []):
            likeliest = tops[at].get("candidates") if at < len(tops) and isinstance(tops[at], dict) else None
            others = [_logprob(other) for other in likeliest] if isinstance(likeliest, list) else []
            tokens.append(_logprob(entry)._replace(top=tuple(others)))
        return [Logprobs(tuple(tokens), choice=self.choice)] if tokens else []


def _logprob(entry: Any) -> TokenLogprob:
    """Zero, which is certainty, may be left out on the wire."""
    match entry:
        case {"token": str(token), **more}:
            value = more.get("logProbability")
            return TokenLogprob(token, float(value) if isinstance(value, int | float) else 0.0)
        case _:
            return TokenLogprob("", 0.0)
