"""An answer of chat completions, whole or streamed, as events that one machine emits.

A whole answer gives the events of the stream that would have brought it. Follows
openai/types/chat/chat_completion_chunk.py.
"""

from collections.abc import Mapping
from typing import Any

from translators.dialects import Recall
from translators.errors import BadAnswer
from translators.events import Event, Noted, Started
from translators.framing import sse
from translators.notes import Note
from translators.providers.openai.answer_calls import call_prefix
from translators.providers.openai.answer_choices import Choice
from translators.providers.openai.answer_deltas import Joining, as_delta, says, shifted
from translators.providers.openai.answer_state import MISSHAPEN, AnswerState
from translators.providers.openai.errors import streamed_error
from translators.providers.openai.usage import Counts, usage_of
from translators.providers.shared.answers import incomplete
from translators.providers.shared.tiers import OPENAI_TIERS

_ENVELOPE = frozenset(("id", "object", "created", "model", "choices", "usage", "system_fingerprint", "obfuscation"))
_SOURCES = ("citations", "search_results")
_UNKNOWN = "This field of the provider's answer has no place in the client's."


class ChatAnswer:
    """One answer: its choices by their index, the usage, the tier."""

    def __init__(self, recall: Recall) -> None:
        self.done = False
        self._started = False
        self._state = AnswerState(recall)
        self._joining = Joining(recall)
        self._choices: dict[int, Choice] = {}
        self._counts = Counts()
        self._tier: str | None = None
        self._sources: list[Any] = []
        """Perplexity's search results for the answer, which come beside it with each payload."""

    def on(self, payload: Any) -> list[Event]:
        """Return the events of one payload of the stream (`{"id": ..., "choices": [{"index": 0, "delta": {...}}]}`).
        Raises `BadAnswer`."""
        if self.done:
            return []
        if type(payload) is not dict:
            if payload == sse.DONE:
                return self._end()
            raise BadAnswer.unreadable("The provider's stream has an event that is no JSON object.")
        raise_error(payload)
        choices = choices_of(payload)
        events: list[Event] = []
        if not self._started and (choices or payload.get("usage")):
            events = self._start(payload)
        if not payload.keys() <= _ENVELOPE:
            events += self._other_fields(payload)
        for place, choice in enumerate(choices):
            events += self._choice(choice, self._joining.number(choice, place))
        if usage := usage_of(payload, choices):
            events += self._counts.merged(usage)
            if not isinstance(usage, dict):
                events += self._state.once("usage", MISSHAPEN)
        return events

    def whole(self, body: Any) -> list[Event]:
        """Return the events of a whole answer (`{"id": ..., "choices": [{"index": 0, "message": {...}}]}`). Raises
        `BadAnswer`."""
        if type(body) is not dict:
            raise BadAnswer.unreadable("The provider's answer is no chat completion.")
        raise_error(body)
        choices = choices_of(body)
        if not choices:
            raise BadAnswer.unreadable("The provider's answer has no choices.")
        return self.on(body) + self._end()

    def close(self) -> list[Event]:
        """Return the end of a stream without `[DONE]`. Raises `BadAnswer` unless every choice had ended: a cut answer
        must not look like a short one."""
        if self.done:
            return []
        ended = [choice for choice in self._choices.values() if choice.ended]
        if len(ended) < max(len(self._choices), self._state.recall.choices or 1):
            raise incomplete(self._started)
        return [NO_TERMINATOR, *self._end()]

    def _choice(self, choice: dict[str, Any], number: int) -> list[Event]:
        target = self._joining.place(number, choice)
        if not self._state.recall.admits(target):
            return self._state.once("choices", UNREQUESTED)
        if target not in self._choices:
            self._choices[target] = Choice(target, self._state)
        joined = self._choices[target]
        if target == number:
            return joined.on(choice)
        part = shifted(as_delta(choice, begun=False), number)
        if not says(part.get("delta")):
            return joined.on(part)
        joined.reopen()
        return [*(Noted(note) for note in self._joining.note()), *joined.on(part)]

    def _start(self, payload: Mapping[str, Any]) -> list[Event]:
        self._started = True
        id, model = payload.get("id"), payload.get("model")
        model = model if isinstance(model, str) and model else None
        self._state.issuer = f"openai:{self._state.recall.model or model or ''}"
        id = id if isinstance(id, str) and id else None
        self._state.prefix = call_prefix(id)
        return [Started(id, model)]

    def _end(self) -> list[Event]:
        """Return the events of the end, which the provider has marked, though perhaps without a reason. Raises
        `BadAnswer` for an answer without choices, or with one missing before another."""
        if not self._choices or max(self._choices) >= len(self._choices):
            raise incomplete(self._started)
        self.done = True
        events = [event for choice in self._choices.values() for event in choice.settle()]
        for _, choice in sorted(self._choices.items()):
            events += choice.sources(self._sources) + choice.close(self._tier)
        return events

    def _other_fields(self, payload: Mapping[str, Any]) -> list[Event]:
        """Read the fields beside the choices: the tier, sources, and unknown ones, which are noted."""
        events: list[Event] = []
        for name in payload.keys() - _ENVELOPE:
            value = payload[name]
            if name in _SOURCES and isinstance(value, list):
                self._sources = value if name == "search_results" or not self._sources else self._sources
            elif name == "service_tier":
                self._tier = value if isinstance(value, str) and value in OPENAI_TIERS else self._tier
            elif value not in (None, [], {}, "") and not _is_padding(name, value):
                events += self._state.once(name[:60], _UNKNOWN)
        return sorted(events, key=lambda event: event.note.path if isinstance(event, Noted) else "")


UNREQUESTED = "The provider answered with more choices than it was asked for."
NO_TERMINATOR = Noted(Note("[DONE]", "synthesised", detail="The stream ended without it, after every choice's end."))


def _is_padding(name: str, value: Any) -> bool:
    """Return whether a field means nothing: Mistral pads its chunks with `p`; Groq's own has usage and errors, which
    are read elsewhere."""
    return name == "p" or (name == "x_groq" and isinstance(value, dict) and value.keys() <= {"id", "usage"})


def raise_error(payload: Mapping[str, Any]) -> None:
    """Raise `BadAnswer` for an error in the place of an answer or of a chunk (`{"error": {...}}`)."""
    if "error" in payload or "type" in payload or "x_groq" in payload or payload.get("object") == "error":
        groq = payload.get("x_groq")
        marked = payload.get("type") == "error" or payload.get("object") == "error"
        if marked or payload.get("error") or (isinstance(groq, dict) and groq.get("error")):
            raise BadAnswer(streamed_error(payload))


def choices_of(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the choices in a payload. Raises `BadAnswer` where they are no list of objects."""
    choices = payload.get("choices")
    if choices is None:
        return []
    if type(choices) is list:
        for choice in choices:
            if type(choice) is not dict:
                break
        else:
            return choices
    raise BadAnswer.unreadable("The provider's answer has choices that are no list of objects.")
