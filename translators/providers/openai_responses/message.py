"""A message of an answer: its parts, their text as it comes, their citations and log probabilities.

Whatever comes in pieces comes whole again when it is done. What of it was not told yet is told then, so providers that
send only the end, and whole answers, are read by the same lines.
"""

from collections.abc import Mapping
from typing import Any

from translators.events import Annotation, Event, Logprobs, RefusalDelta, TextDelta, TokenLogprob
from translators.providers.openai_responses.tally import Tally, entries, kind_of, words


class _Part:
    """One content part. `told` are the characters that came of it."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.told = 0
        self.annotations = 0
        self.logprobs = False


class MessageItem:
    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._parts: dict[int, _Part] = {}

    def added(self, item: Mapping[str, Any]) -> list[Event]:
        return []

    def on(self, kind: str, payload: Mapping[str, Any]) -> list[Event]:
        match kind:
            case "response.output_text.delta":
                return self._text(self._part(payload), words(payload, "delta"), payload.get("logprobs"))
            case "response.output_text.done":
                return self._text_done(self._part(payload), payload)
            case "response.output_text.annotation.added":
                return self._annotated(self._part(payload), payload.get("annotation"))
            case "response.refusal.delta":
                return self._refusal(self._part(payload), words(payload, "delta"))
            case "response.refusal.done":
                return self._refusal_done(self._part(payload), payload)
            case "response.content_part.done" if isinstance(payload.get("part"), Mapping):
                return self._part_done(self._part(payload), payload["part"])
        return []

    def done(self, item: Mapping[str, Any]) -> list[Event]:
        events: list[Event] = []
        for index, part in enumerate(entries(item, "content")):
            events += self._part_done(self._part({"content_index": index}), part)
        if item.get("phase") not in (None, "final_answer"):
            events += self._tally.once("output.phase", "The phase of a message is not told.")
        return events

    def _part(self, payload: Mapping[str, Any]) -> _Part:
        index = payload.get("content_index")
        place = index if isinstance(index, int) else 0
        part = self._parts.get(place)
        if part is None:
            part = self._parts[place] = _Part(self._tally.text)
        return part

    def _part_done(self, part: _Part, told: Mapping[str, Any]) -> list[Event]:
        match told.get("type"):
            case "output_text":
                events = self._text_done(part, told)
                for annotation in entries(told, "annotations")[part.annotations :]:
                    events += self._annotated(part, annotation)
                return events
            case "refusal":
                return self._refusal_done(part, told)
            case _:
                return self._tally.once(f"content.{kind_of(told)}", "A part of this type is not known.")

    def _text(self, part: _Part, text: str, logprobs: Any) -> list[Event]:
        events: list[Event] = []
        if text:
            part.told += len(text)
            self._tally.text += len(text)
            events.append(TextDelta(text))
        if logprobs:
            part.logprobs = True
            if tokens := _tokens(logprobs):
                events.append(Logprobs(tokens))
        return events

    def _text_done(self, part: _Part, told: Mapping[str, Any]) -> list[Event]:
        rest = words(told, "text")[part.told :]
        return self._text(part, rest, None if part.logprobs else told.get("logprobs"))

    def _refusal(self, part: _Part, text: str) -> list[Event]:
        part.told += len(text)
        return [RefusalDelta(text)] if text else []

    def _refusal_done(self, part: _Part, told: Mapping[str, Any]) -> list[Event]:
        return self._refusal(part, words(told, "refusal")[part.told :])

    def _annotated(self, part: _Part, annotation: Any) -> list[Event]:
        part.annotations += 1
        match annotation:
            case {"type": "url_citation", "start_index": int(start), "end_index": int(end), "url": str(url)}:
                title = annotation.get("title")
                return [Annotation(part.start + start, part.start + end, title if isinstance(title, str) else "", url)]
            case Mapping():
                return self._tally.once(f"annotations.{kind_of(annotation)}", "A citation without a web address.")
            case _:
                return self._tally.once("annotations", "A citation that is no object.")


def _tokens(found: Any) -> tuple[TokenLogprob, ...]:
    if not isinstance(found, list):
        return ()
    return tuple(token for each in found if (token := _token(each)) is not None)


def _token(found: Any) -> TokenLogprob | None:
    match found:
        case {"token": str(token), "logprob": int() | float() as logprob}:
            code = found.get("bytes")
            units = tuple(code) if isinstance(code, list) and all(type(unit) is int for unit in code) else None
            return TokenLogprob(token, float(logprob), _tokens(found.get("top_logprobs")), units)
        case _:
            return None
