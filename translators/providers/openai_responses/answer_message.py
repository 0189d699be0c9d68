"""A message of an answer: its parts, their text as it comes, their citations and log probabilities.

A part that comes in pieces comes whole again when it is done. The rest of it is emitted then, so providers that send
only the end, and whole answers, are read by the same lines.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from translators.events import Annotation, Event, Logprobs, RefusalDelta, TextDelta, TokenLogprob, log_probability
from translators.providers.openai_responses.answer_state import AnswerState, entries, kind_of
from translators.providers.shared.answers import text_field


class _Part:
    """One content part: the characters that have been `emitted`, the number of its annotations that have been read, and
    those without a place (`placeless`), which wait for the part's end."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.emitted = 0
        self.annotations = 0
        self.placeless: list[Annotation] = []
        self.logprobs = False


class MessageItem:
    """A message: `{"type": "message", "content": [{"type": "output_text", "text": ..., "annotations": [...]}]}`."""

    def __init__(self, state: AnswerState) -> None:
        self._state = state
        self._parts: dict[int, _Part] = {}

    def added(self, item: Mapping[str, Any]) -> list[Event]:
        return []

    def on(self, kind: str, payload: Mapping[str, Any]) -> list[Event]:
        match kind:
            case "response.output_text.delta":
                return self._text(self._part(payload), text_field(payload, "delta"), payload.get("logprobs"))
            case "response.output_text.done":
                return self._text_done(self._part(payload), payload)
            case "response.output_text.annotation.added":
                return self._annotated(self._part(payload), payload.get("annotation"))
            case "response.refusal.delta":
                return self._refusal(self._part(payload), text_field(payload, "delta"))
            case "response.refusal.done":
                return self._refusal_done(self._part(payload), payload)
            case "response.content_part.done" if isinstance(payload.get("part"), Mapping):
                return self._part_done(self._part(payload), payload["part"])
        return []

    def done(self, item: Mapping[str, Any]) -> list[Event]:
        events: list[Event] = []
        parts = entries(item, "content")
        if isinstance(text := item.get("content"), str):
            parts = [{"type": "output_text", "text": text}]
        for place, content in zip(places_of(self._parts, len(parts)), parts, strict=True):
            events += self._part_done(self._part({"content_index": place}), content)
        for part in self._parts.values():
            events += self._placed(part)
        if item.get("phase") not in (None, "final_answer"):
            events += self._state.once("output.phase", "The phase of a message is not told.")
        return events

    def _part(self, payload: Mapping[str, Any]) -> _Part:
        index = payload.get("content_index")
        place = index if isinstance(index, int) else 0
        part = self._parts.get(place)
        if part is None:
            part = self._parts[place] = _Part(self._state.text)
        return part

    def _part_done(self, part: _Part, content: Mapping[str, Any]) -> list[Event]:
        match content.get("type"):
            case "output_text" | "text":
                events = self._text_done(part, content)
                for annotation in entries(content, "annotations")[part.annotations :]:
                    events += self._annotated(part, annotation)
                return events + self._placed(part)
            case "refusal":
                return self._refusal_done(part, content)
            case _:
                return self._state.once(f"content.{kind_of(content)}", "A part of this type is not known.")

    def _text(self, part: _Part, text: str, logprobs: Any) -> list[Event]:
        events: list[Event] = []
        if text:
            part.emitted += len(text)
            self._state.text += len(text)
            events.append(TextDelta(text))
        if logprobs:
            part.logprobs = True
            if tokens := _tokens(logprobs):
                events.append(Logprobs(tokens))
        return events

    def _text_done(self, part: _Part, content: Mapping[str, Any]) -> list[Event]:
        rest = text_field(content, "text")[part.emitted :]
        return self._text(part, rest, None if part.logprobs else content.get("logprobs"))

    def _refusal(self, part: _Part, text: str) -> list[Event]:
        part.emitted += len(text)
        return [RefusalDelta(text)] if text else []

    def _refusal_done(self, part: _Part, content: Mapping[str, Any]) -> list[Event]:
        return self._refusal(part, text_field(content, "refusal")[part.emitted :])

    def _annotated(self, part: _Part, annotation: Any) -> list[Event]:
        part.annotations += 1
        match annotation:
            case {"url_citation": {"url": str(url)} as citation} if url:  # as a chat has it
                return self._cited(part, url, citation)
            case {"type": "url_citation", "url": str(url)} if url:
                return self._cited(part, url, annotation)
            case Mapping():
                return self._state.once(f"annotations.{kind_of(annotation)}", "A citation without a web address.")
            case _:
                return self._state.once("annotations", "A citation that is no object.")

    def _cited(self, part: _Part, url: str, citation: Mapping[str, Any]) -> list[Event]:
        start, end, title = (citation.get(name) for name in ("start_index", "end_index", "title"))
        start = start if type(start) is int else 0
        title = title if isinstance(title, str) else ""
        if type(end) is int:
            return [Annotation(part.start + start, part.start + end, title, url)]
        part.placeless.append(Annotation(part.start + start, part.start + start, title, url))
        return []

    def _placed(self, part: _Part) -> list[Event]:
        """Return citations without an end from the provider: they are of all the text that came."""
        events: list[Event] = [replace(each, end=part.start + part.emitted) for each in part.placeless]
        part.placeless = []
        return events


def places_of(begun: Collection[int], count: int) -> list[int]:
    """Return the places under which the `count` parts of an item that is done came in pieces; `begun` are those that
    did. Some servers count other things too (reasoning beside a message): then the n-th part is the n-th that began."""
    if all(place < count for place in begun):
        return list(range(count))
    places = sorted(begun)
    return [*places, *range(places[-1] + 1, places[-1] + 1 + count)][:count]


def _tokens(entries: Any) -> tuple[TokenLogprob, ...]:
    if not isinstance(entries, list):
        return ()
    return tuple(token for entry in entries if (token := _token(entry)) is not None)


def _token(entry: Any) -> TokenLogprob | None:
    match entry:
        case {"token": str(token), "logprob": int() | float() as logprob}:
            code = entry.get("bytes")
            units = tuple(code) if isinstance(code, list) and all(type(unit) is int for unit in code) else None
            return TokenLogprob(token, log_probability(logprob), _tokens(entry.get("top_logprobs")), units)
        case _:
            return None
