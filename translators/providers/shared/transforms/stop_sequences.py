"""Stop sequences for a provider that does not take them: the text ends where the first one begins."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from translators.events import (
    Annotation,
    Event,
    Finished,
    ImageMade,
    Logprobs,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from translators.notes import Note

_WHY = "The provider takes no such stop sequence: the gateway ends the text there, the provider writes and counts on."
EMPTY = "An empty stop sequence would end every answer at once."
_AnswerEvent = Annotation | ImageMade | Logprobs | RefusalDelta | TextDelta | ToolCallDelta | ToolCallStarted
"""Events that a client does not get behind a stop sequence."""


def enforced_here(stops: Iterable[str], at: str, notes: list[Note]) -> tuple[str, ...]:
    """Return `Recall.stops`: those of `stops` at which the gateway itself ends the text, with a note at `at`."""
    given = tuple(stops)
    ours = tuple(stop for stop in given if stop)
    if len(ours) < len(given):
        notes.append(Note(at, "dropped", detail=EMPTY))
    if ours:
        notes.append(Note(at, "approximated", detail=_WHY))
    return ours


class StopSequences:
    """Ends each choice's text at the first of `stops`, however it is cut."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held: dict[int, str] = {}
        """By choice, the end of its text that may be the beginning of a stop sequence."""
        self._ended: set[int] = set()
        """The choices whose text is over."""

    def on(self, event: Event) -> Iterator[Event]:
        match event:
            case Finished(choice=choice) if choice in self._ended:
                yield replace(event, reason="stop")
            case TextDelta(text, choice) if choice not in self._ended:
                yield from self._text(text, choice)
            case Finished() | Annotation() | ImageMade() | RefusalDelta() | ToolCallStarted():
                yield from self._behind_text(event)
            case Logprobs() | ToolCallDelta() | TextDelta() if event.choice in self._ended:
                return
            case _:
                yield event

    def _behind_text(self, event: Finished | _AnswerEvent) -> Iterator[Event]:
        if event.choice in self._ended:
            return
        if held := self._held.pop(event.choice, ""):
            yield TextDelta(held, event.choice)
        yield event

    def _text(self, piece: str, choice: int) -> Iterator[Event]:
        text = self._held.pop(choice, "") + piece
        places = [(text.find(stop), stop) for stop in self._stops]
        matches = [(at + len(stop), at) for at, stop in places if at >= 0]
        if matches:
            self._ended.add(choice)
            certain = min(matches)[1]  # of several, the one that is complete first, as a provider would see it
        else:
            certain = len(text) - self._begun(text)
            self._held[choice] = text[certain:]
        if certain:
            yield TextDelta(text[:certain], choice)

    def _begun(self, text: str) -> int:
        """Return how many characters at the end of `text` may be the beginning of a stop sequence."""
        longest = min(len(text), max(map(len, self._stops)) - 1)
        for length in range(longest, 0, -1):
            if any(stop.startswith(text[-length:]) for stop in self._stops):
                return length
        return 0
