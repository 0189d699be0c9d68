"""One choice of an answer: the events of its deltas, and of its end when all have come."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from translators.events import (
    Annotation,
    Event,
    Finished,
    FinishReason,
    ForeignBlock,
    ImageMade,
    Logprobs,
    Noted,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    TokenLogprob,
    log_probability,
)
from translators.notes import Note
from translators.providers.openai.answer_choice_calls import ChoiceCalls
from translators.providers.openai.answer_deltas import as_delta, says
from translators.providers.openai.answer_state import MISSHAPEN, AnswerState
from translators.providers.openai.errors import raise_error_of
from translators.providers.openai.reasoning import OPAQUE_FIELDS, ReasoningDetails
from translators.providers.openai.stop_reasons import native_of, reason_of
from translators.providers.shared.answers import text_or_empty

_KNOWN = frozenset(("index", "delta", "text", "finish_reason", "logprobs", "usage", "native_finish_reason"))
_REASONING_FIELDS = frozenset(("role", "reasoning_content", "reasoning"))
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "content": (str, list),
    "tool_calls": list,
    "refusal": str,
    "function_call": dict,
    "annotations": list,
    "images": list,
    **dict.fromkeys(OPAQUE_FIELDS, list),
}


class Choice:
    """A choice so far: the length of its text, its calls, the fields that are emitted at its end, and its stop
    reason."""

    def __init__(self, number: int, state: AnswerState) -> None:
        self.ended = False
        self._number = number
        self._state = state
        self._text = 0  # code points so far
        self._begun = False
        self._calls = ChoiceCalls(number, state)
        self._reasoning_details = ReasoningDetails()
        self._cited: set[Annotation] = set()
        self._native: str | None = None
        self._on: dict[str, Callable[[Any], list[Event]]] = {
            "content": self._content,
            "tool_calls": self._calls.tool_calls,
            "refusal": self._refusal,
            "function_call": self._calls.function_call,
            "annotations": self._annotations,
            "images": self._images,
            **{name: partial(self._store, name) for name in OPAQUE_FIELDS},
        }

    def on(self, choice: dict[str, Any]) -> list[Event]:
        """Return the events of a choice in one payload (`{"index": 0, "delta": {...}, "finish_reason": ...}`). Raises
        `BadAnswer` where it has an error."""
        raise_error_of(choice)
        original, choice = choice, as_delta(choice, begun=self._begun)
        delta = choice.get("delta")
        self._begun = self._begun or says(delta)
        events = self._delta(delta) if isinstance(delta, dict) else self._no_delta(original)
        if choice.get("logprobs"):
            events += self._logprobs(choice["logprobs"])
        if choice.get("finish_reason") and (native := native_of(choice)) is not None:
            reason_of(native)
            self.ended, self._native = True, native
        if not choice.keys() <= _KNOWN:
            for name in sorted(choice.keys() - _KNOWN):
                if choice[name] not in (None, [], {}, ""):
                    events += self._state.once(f"choices.{name[:60]}", "This field of a choice is not known.")
        return events

    def reopen(self) -> None:
        """Begin another part of the choice, which has an end of its own."""
        self.ended = False

    def settle(self) -> list[Event]:
        """Mark the choice as ended, with a note where the provider gave no reason."""
        if self.ended:
            return []
        self.ended = True
        return self._state.once("finish_reason", "The provider gave none.", "defaulted")

    def sources(self, sources: list[Any]) -> list[Event]:
        """Return the answer's sources, addresses or objects that have one, as annotations of all its text, where it
        cites none itself."""
        if self._cited or not self._text:
            return []
        return self._annotations([{"url": source} if isinstance(source, str) else source for source in sources])

    def close(self, tier: str | None) -> list[Event]:
        """Return the events that wait for the end, and the end."""
        reason, notes = self._reason()
        events = [*notes, *self._calls.close(certain=reason != "length")]
        if (payload := self._reasoning_details.payload()) is not None:
            events.append(ForeignBlock("openai", payload, self._number))
        return [
            *events,
            Finished(reason, self._native, tier, self._number, approximated=bool(notes) or self._native is None),
        ]

    def _reason(self) -> tuple[FinishReason, list[Event]]:
        native = self._native or "stop"
        reason = reason_of(native)
        shown = native[:60]
        calls = self._calls.are_any
        if reason is None:
            likely: FinishReason = "tool_calls" if calls else "stop"
            note = Note("finish_reason", "approximated", shown, likely, "This reason to stop is not known.")
            return likely, [Noted(note)]
        if reason == "tool_calls" and not calls:
            why = "The provider ended with tool calls, but made none."
            return "stop", [Noted(Note("finish_reason", "approximated", shown, "stop", why))]
        return ("tool_calls" if reason == "stop" and calls else reason), []

    def _no_delta(self, choice: Mapping[str, Any]) -> list[Event]:
        """Return notes on the fields of a choice without a readable message."""
        odd = [name for name in ("delta", "message", "text") if choice.get(name)]
        return [event for name in odd for event in self._state.once(f"choices.{name}", MISSHAPEN)]

    # --- deltas -----------------------------------------------------------------------------------------

    def _delta(self, delta: Mapping[str, Any]) -> list[Event]:
        """Return the events of a delta, reasoning first: a whole message may name it after the text that it led to."""
        events: list[Event] = []
        if reasoning := _reasoning_in(delta):
            events += self._reasoning(reasoning)
        for name, value in delta.items():
            if not value or name in _REASONING_FIELDS or (name == "function_call" and _calls(delta)):
                continue
            form = _TYPES.get(name)
            if form is None:
                events += self._state.once(f"delta.{name[:60]}", "This field of a message is not known.")
            elif not isinstance(value, form):
                events += self._state.once(f"delta.{name}", MISSHAPEN)
            else:
                events += self._on[name](value)
        return events

    def _reasoning(self, value: Any) -> list[Event]:
        if isinstance(value, str):
            return [ReasoningDelta(0, value, self._number)]
        return self._state.once("delta.reasoning", "Reasoning that is no text.")

    def _content(self, value: Any) -> list[Event]:
        """Return the events of text, or of (Mistral's reasoning models) a list of text and thinking."""
        if isinstance(value, str):
            self._text += len(value)
            return [TextDelta(value, self._number)]
        events: list[Event] = []
        for part in value:
            match part:
                case str(text) | {"type": "text" | "output_text", "text": str(text)}:
                    events += self._content(text) if text else []
                case {"type": "thinking", "thinking": str(text)} | {"type": "reasoning", "text": str(text)}:
                    events += self._reasoning(text) if text else []
                case {"type": "thinking", "thinking": list(pieces)}:
                    text = "".join(text_or_empty(piece, "text") for piece in pieces if isinstance(piece, dict))
                    events += self._reasoning(text) if text else []
                case {"type": "image_url"}:
                    events += self._images([part])
                case _:
                    events += self._state.once("delta.content", "A part of this type is not known.")
        return events

    def _refusal(self, value: str) -> list[Event]:
        return [RefusalDelta(value, self._number)]

    def _store(self, name: str, value: list[Any]) -> list[Event]:
        return [] if self._reasoning_details.add(name, value) else self._state.once(f"delta.{name}", MISSHAPEN)

    def _annotations(self, value: list[Any]) -> list[Event]:
        events: list[Event] = []
        for entry in value:
            match entry:
                case {"url_citation": {"url": str(url)} as citation} | ({"url": str(url)} as citation):
                    start, end = citation.get("start_index"), citation.get("end_index")
                    start = start if type(start) is int else 0
                    end = end if type(end) is int else self._text
                    annotation = Annotation(start, end, text_or_empty(citation, "title"), url, self._number)
                    if annotation not in self._cited:
                        self._cited.add(annotation)
                        events.append(annotation)
                case _:
                    events += self._state.once("delta.annotations", "A citation without a web address.")
        return events

    def _images(self, value: list[Any]) -> list[Event]:
        events: list[Event] = []
        for entry in value:
            match entry:
                case {"image_url": {"url": str(url)} | str(url)} if url.startswith("data:"):
                    head, _, data = url[len("data:") :].partition(",")
                    events.append(ImageMade(head.partition(";")[0] or "image/png", data, self._number))
                case _:
                    events += self._state.once("delta.images", "An image that is no data: URL.")
        return events

    # --- log probabilities ------------------------------------------------------------------------------

    def _logprobs(self, value: Any) -> list[Event]:
        events: list[Event] = []
        if not isinstance(value, dict):
            return self._state.once("choices.logprobs", "Log probabilities that are no object.")
        for name in ("content", "refusal"):
            if tokens := value.get(name):
                try:
                    read = tuple(_token(token) for token in tokens)
                except (TypeError, KeyError, ValueError, OverflowError):
                    events += self._state.once("choices.logprobs", "Log probabilities of an unknown form.")
                else:
                    events.append(Logprobs(read, name == "refusal", self._number))
        return events


def _token(entry: Mapping[str, Any], *, nested: bool = True) -> TokenLogprob:
    token, bytes_ = str(entry["token"]), entry.get("bytes")
    more = tuple(_token(each, nested=False) for each in entry.get("top_logprobs") or ()) if nested else ()
    exact = tuple(int(byte) for byte in bytes_) if bytes_ and bytes_ != [*token.encode()] else None
    number = entry["logprob"]
    probability = log_probability(float(number) if isinstance(number, str) else number)
    return TokenLogprob(token, probability, more, exact)


def _calls(delta: Mapping[str, Any]) -> bool:
    calls = delta.get("tool_calls")
    return isinstance(calls, list) and any(isinstance(call, dict) for call in calls)


def _reasoning_in(delta: Mapping[str, Any]) -> Any:
    """Return the reasoning in a delta: a text if any of its fields has one, else whatever is in its place."""
    values = [delta.get(name) for name in ("reasoning_content", "reasoning")]
    for value in values:
        if value and isinstance(value, str):
            return value
    reasoning = values[0] or values[1]
    if not reasoning and "reasoning_details" in delta:
        return _from_details(delta["reasoning_details"])
    return reasoning


def _from_details(details: Any) -> str:
    """Return the text of OpenRouter's list of reasoning, where that stands alone."""
    entries = [entry for entry in details if isinstance(entry, dict)] if isinstance(details, list) else []
    return "".join(text_or_empty(entry, "text") or text_or_empty(entry, "summary") for entry in entries)
