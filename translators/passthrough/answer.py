"""Passes an answer on as it came, whole or streamed. It is parsed for its end, its usage and its errors, and mended
where no client could read it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from translators.dialects import Recall
from translators.errors import BadAnswer
from translators.events import Event, Finished, FinishReason, Noted, PassedThrough, Started
from translators.framing import sse
from translators.notes import Note
from translators.passthrough.endings import Endings, only_begins, speaks
from translators.providers.openai.answer import NO_TERMINATOR, choices_of, raise_error
from translators.providers.openai.answer_calls import call_prefix
from translators.providers.openai.answer_deltas import Joining, as_delta, joined, says, shifted
from translators.providers.openai.errors import raise_error_of
from translators.providers.openai.stop_reasons import OFFICIAL, native_of, reason_of
from translators.providers.openai.usage import Counts, usage_of
from translators.providers.shared.answers import incomplete


class Mender(Protocol):
    """The mender of one choice, for clients of the dialect. `delta` and `whole` return the same object where there is
    nothing to mend."""

    called: bool
    """True once the choice has tool calls."""
    legacy: bool
    """True once it has a `function_call`, as calls were before there were tools."""

    def delta(self, choice: dict[str, Any]) -> dict[str, Any]: ...

    def whole(self, choice: dict[str, Any]) -> dict[str, Any]: ...

    def last(self) -> dict[str, Any]:
        """Return the parts that were held back, for the payload with the choice's end."""

    def notes(self) -> list[Note]:
        """Return the notes since the last call."""


_WHY: dict[FinishReason | None, str] = {
    "stop": "The answer has tool calls.",
    "tool_calls": "The provider ended with tool calls, but made none.",
}


class PassedAnswer:
    """The machine of one answer: it has, by choice, the mender and the end; and the usage."""

    def __init__(self, recall: Recall, mender: Callable[[int, str], Mender]) -> None:
        """`mender` makes the mender of a choice from its number and a word that is unique to this answer."""
        self.done = False
        self._recall = recall
        self._mender = mender
        self._menders: dict[int, Mender] = {}
        self._joining = Joining(recall)
        self._ended: dict[int, Finished] = {}
        self._resumed: dict[int, str] = {}
        """The provider's word for the end, by choices that went on after it."""
        self._bent: dict[int, Note] = {}
        """The notes on ends that are not the provider's own, by choice."""
        self._endings = Endings()
        self._started = False
        self._begins = True
        """Nothing but the beginning has come."""
        self._prefix = ""
        self._newest: dict[str, Any] = {}
        self._counts = Counts()

    def on(self, payload: Any) -> list[Event]:
        """Return the events of one payload of the stream. Raises `BadAnswer`."""
        if self.done:
            return []
        if type(payload) is not dict:
            if payload == sse.DONE:
                return self._finished()
            raise BadAnswer.unreadable("The provider's stream has an event that is no JSON object.")
        return self._events(payload, whole=False)

    def whole(self, body: Any) -> list[Event]:
        """Return the events of a whole answer. Raises `BadAnswer`."""
        if type(body) is not dict:
            raise BadAnswer.unreadable("The provider's answer is no JSON object.")
        events = self._events(body, whole=True)
        if not self._menders:
            raise BadAnswer.unreadable("The provider's answer has no choices.")
        return events + self._finished()

    def close(self) -> list[Event]:
        """End the answer. Raises `BadAnswer` unless every choice had ended: a cut answer must not look like a short
        one."""
        if self.done:
            return []
        if len(self._ended) < max(len(self._menders), self._recall.choices or 1):
            raise incomplete(self._started)
        return [NO_TERMINATOR, *self._finished()]

    def _events(self, payload: dict[str, Any], *, whole: bool) -> list[Event]:
        raise_error(payload)
        choices = choices_of(payload)
        for choice in choices:
            raise_error_of(choice)
        self._newest = payload
        events: list[Event] = []
        if whole and len(choices) > 1 and (parts := joined(choices, self._joining)) is not choices:
            choices, payload = parts, {**payload, "choices": parts}
            events += [Noted(note) for note in self._joining.note()]
        if choices and not self._started:
            events += self._start(payload)
        mended = [self._choice(choice, place, events, whole=whole) for place, choice in enumerate(choices)]
        if any(one is not other for one, other in zip(mended, choices, strict=True)):
            payload = {**payload, "choices": mended}
        self._begins = self._begins and only_begins(payload)
        events += [PassedThrough(each, self._begins) for each in ([payload] if whole else self._endings.on(payload))]
        if usage := usage_of(payload, choices):
            events += self._counts.merged(usage)
        return events

    def _choice(self, choice: dict[str, Any], place: int, events: list[Event], *, whole: bool) -> dict[str, Any]:
        came = choice.get("index")
        number = self._joining.number(choice, place)
        target = self._joining.place(number, choice)
        if target not in self._menders:
            self._menders[target] = self._mender(target, self._prefix)
        mender = self._menders[target]
        ended = self._ended.get(target)
        if target != number:
            choice = shifted(as_delta(choice, begun=False), number)
            if says(choice.get("delta")):
                self._ended.pop(target, None)
                events += [Noted(note) for note in self._joining.note()]
        mended = mender.whole(choice) if whole else mender.delta(choice)
        if mended is not choice:
            events += [Noted(note) for note in mender.notes()]
        if ended is not None and speaks(mended):
            self._resumed[target] = ended.native or ""
        if came != target:
            mended = {**mended, "index": target}
        if native_of(mended) is not None:
            return self._ending(mended, target, mender)
        if whole:
            return self._defaulted(mended, target, events, called=mender.called)
        return mended if mended.get("finish_reason") is None else {**mended, "finish_reason": None}

    def _ending(self, choice: dict[str, Any], number: int, mender: Mender) -> dict[str, Any]:
        """Return a choice whose end is one of OpenAI's five reasons, which are all that clients know. After calls it is
        not `stop`, at which a client's loop would end, and without calls not `tool_calls`. The provider's own word
        stays beside it."""
        native = native_of(choice) or ""
        known, reason = reason_of(native), _reason(native, mender)
        self._ended[number] = Finished(reason, native, None, number)
        self._resumed.pop(number, None)
        self._bent.pop(number, None)
        if native in OFFICIAL and reason == known:
            return choice
        if reason != known:
            why = _WHY.get(known, "This reason to stop is not known.")
            self._bent[number] = Note("finish_reason", "approximated", native[:60], reason, why)
        return {**choice, "finish_reason": reason, "native_finish_reason": native}

    def _defaulted(self, choice: dict[str, Any], number: int, events: list[Event], *, called: bool) -> dict[str, Any]:
        """Return a choice that ended, but has no reason, with one."""
        reason: FinishReason = "tool_calls" if called else "stop"
        self._ended[number] = Finished(reason, None, None, number, approximated=True)
        events.append(Noted(Note("finish_reason", "defaulted", None, reason, "The provider gave none.")))
        return {**choice, "finish_reason": reason, "native_finish_reason": None}

    def _start(self, payload: Mapping[str, Any]) -> list[Event]:
        self._started = True
        id, model = (value if isinstance(value := payload.get(name), str) else None for name in ("id", "model"))
        self._prefix = call_prefix(id)
        return [Started(id, model)]

    def _finished(self) -> list[Event]:
        """Return the events of the end, which the provider has marked, perhaps without a reason."""
        if not self._menders:
            raise incomplete(self._started)
        self.done = True
        events: list[Event] = [PassedThrough(payload, self._begins) for payload in self._endings.close()]
        for number in sorted(self._menders):
            if number not in self._ended or number in self._resumed:
                events += self._end(number)
        events += [Noted(note) for _, note in sorted(self._bent.items())]
        return events + [finished for _, finished in sorted(self._ended.items())]

    def _end(self, number: int) -> list[Event]:
        mender, events = self._menders[number], list[Event]()
        choice = {"index": number, **mender.last()}
        events += [Noted(note) for note in mender.notes()]
        if native := self._resumed.get(number):
            ended = self._ending({**choice, "finish_reason": native}, number, mender)
        else:
            ended = self._defaulted(choice, number, events, called=mender.called)
        payload = {**self._newest, "choices": [ended]}
        return [*events, PassedThrough(payload, self._begins and only_begins(payload))]


def _reason(native: str, mender: Mender) -> FinishReason:
    """Return the reason for a choice's end, by the provider's word and by the calls in it."""
    known = reason_of(native)
    if mender.called:
        return "tool_calls" if known in (None, "stop") else known
    if known == "tool_calls" and not mender.legacy:
        return "stop"
    return known or "stop"
