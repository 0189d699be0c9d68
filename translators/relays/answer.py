"""An answer that goes on as it came, whole or streamed: read for its end, its usage and its errors, and mended where
no client could read it."""

from collections.abc import Mapping
from typing import Any, Protocol

from translators.dialects import Recall
from translators.errors import BadAnswer
from translators.events import Event, Finished, Noted, Relayed, Started
from translators.framing import sse
from translators.notes import Note
from translators.providers.openai.answer import NO_TERMINATOR, choices_of, raise_error
from translators.providers.openai.counts import Counts, usage_of
from translators.providers.openai.endings import OFFICIAL, incomplete, native_of, reason_of


class Mender(Protocol):
    """Brings what one choice says to what a client of the dialect can read. Both give the same object back where there
    is nothing to mend."""

    called: bool
    """Whether the choice has tool calls so far."""

    def delta(self, choice: dict[str, Any]) -> dict[str, Any]: ...

    def whole(self, choice: dict[str, Any]) -> dict[str, Any]: ...

    def notes(self) -> list[Note]:
        """Since the last call."""


class AsItCame:
    """Nothing to mend."""

    called = False

    def delta(self, choice: dict[str, Any]) -> dict[str, Any]:
        return choice

    def whole(self, choice: dict[str, Any]) -> dict[str, Any]:
        return choice

    def notes(self) -> list[Note]:
        return []


class RelayedAnswer:
    """One answer: by choice what mends it and why it ended; the usage."""

    def __init__(self, recall: Recall, mender: type[Mender]) -> None:
        self.done = False
        self._recall = recall
        self._mender = mender
        self._menders: dict[int, Mender] = {}
        self._ended: dict[int, Finished] = {}
        self._started = False
        self._counts = Counts()

    def on(self, payload: Any) -> list[Event]:
        """The events of one payload of the stream. Raises `BadAnswer`."""
        if self.done:
            return []
        if type(payload) is not dict:
            if payload == sse.DONE:
                return self._finished()
            raise BadAnswer.unreadable("The provider's stream has an event that is no JSON object.")
        return self._read(payload, whole=False)

    def whole(self, body: Any) -> list[Event]:
        """The events of a whole answer. Raises `BadAnswer`."""
        if type(body) is not dict:
            raise BadAnswer.unreadable("The provider's answer is no JSON object.")
        events = self._read(body, whole=True)
        if not self._menders:
            raise BadAnswer.unreadable("The provider's answer has no choices.")
        return events + self._finished()

    def close(self) -> list[Event]:
        """Raises `BadAnswer` unless every choice had ended: a cut answer must not look like a short one."""
        if self.done:
            return []
        if len(self._ended) < max(len(self._menders), self._recall.choices or 1):
            raise incomplete(self._started)
        return [NO_TERMINATOR, *self._finished()]

    def _read(self, payload: dict[str, Any], *, whole: bool) -> list[Event]:
        raise_error(payload)
        choices = choices_of(payload)
        events: list[Event] = []
        if choices and not self._started:
            events += self._start(payload)
        for place, choice in enumerate(choices):
            mended = self._choice(choice, place, events, whole=whole)
            if mended is not choice:
                before, after = payload["choices"][:place], choices[place + 1 :]
                payload = {**payload, "choices": [*before, mended, *after]}
        events.append(Relayed(payload))
        if usage := usage_of(payload, choices):
            events += self._counts.merged(usage)
        return events

    def _choice(self, choice: dict[str, Any], place: int, events: list[Event], *, whole: bool) -> dict[str, Any]:
        index = choice.get("index")
        number = index if type(index) is int else place
        if (mender := self._menders.get(number)) is None:
            self._recall.admit(number)
            mender = self._menders[number] = self._mender()
        mended = mender.whole(choice) if whole else mender.delta(choice)
        if mended is not choice:
            events += [Noted(note) for note in mender.notes()]
        if type(index) is not int:
            mended = {**mended, "index": number}
        if whole and not mended.get("finish_reason"):
            events.append(Noted(Note("finish_reason", "defaulted", None, "stop", "The provider gave none.")))
            mended = {**mended, "finish_reason": "stop"}
        if mended.get("finish_reason") is not None:
            mended = self._ending(mended, number, events, called=mender.called)
        return mended

    def _ending(self, choice: dict[str, Any], number: int, events: list[Event], *, called: bool) -> dict[str, Any]:
        """A client that knows OpenAI's five reasons gets no sixth, and after calls no `stop`, at which its loop would
        end; the provider's own stays beside it."""
        native = native_of(choice)
        if native is None:
            return {**choice, "finish_reason": None}
        known = reason_of(native)
        reason = "tool_calls" if called and known in (None, "stop") else known or "stop"
        self._ended[number] = Finished(reason, native, None, number)
        if native in OFFICIAL and reason == known:
            return choice
        if reason != known:
            why = "The answer has tool calls." if known else "This reason to stop is not known."
            events.append(Noted(Note("finish_reason", "approximated", native[:60], reason, why)))
        return {**choice, "finish_reason": reason, "native_finish_reason": native}

    def _start(self, payload: Mapping[str, Any]) -> list[Event]:
        self._started = True
        id, model = payload.get("id"), payload.get("model")
        return [Started(id if isinstance(id, str) else None, model if isinstance(model, str) else None)]

    def _finished(self) -> list[Event]:
        if not self._menders or self._menders.keys() != self._ended.keys():
            raise incomplete(self._started)
        self.done = True
        return [finished for _, finished in sorted(self._ended.items())]
