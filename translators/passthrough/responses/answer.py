"""Passes an answer of the Responses API on as it came. It is parsed for its beginning, its end, its usage and errors,
and mended where no client could read it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from translators.errors import BadAnswer
from translators.events import Event, Finished, Noted, PassedThrough, Started, UsageReported
from translators.notes import Note
from translators.passthrough.responses.mending import ResponseMender
from translators.passthrough.responses.placing import Places
from translators.providers.openai_responses.errors import streamed_error
from translators.providers.openai_responses.stop_reasons import CALLS, TERMINAL, reason, status_of
from translators.providers.openai_responses.usage import usage_of
from translators.providers.shared.answers import incomplete

_BEGINNINGS = frozenset(("response.created", "response.queued", "response.in_progress"))


class PassedResponse:
    """The machine of one answer, which emits `PassedThrough` for every payload. One that reports a failure is emitted
    before the failure is raised: the writer stores it, since the client gets the failure in that form."""

    def __init__(self) -> None:
        self.done = False
        self._started = False
        self._begins = True
        """Nothing but the beginning has come."""
        self._calls = False
        self._numbered = False
        self._mender = ResponseMender()
        self._places: Places | None = None
        """The counter of places, where the server numbers none of its events."""

    def on(self, payload: Any) -> Iterable[Event]:
        """Return the events of one payload of the stream. Raises `BadAnswer`."""
        if self.done:
            return ()
        if not isinstance(payload, dict):
            if payload == b"[DONE]":  # another dialect's end: here it ends no answer
                return self.close()
            raise BadAnswer.unreadable("The provider's stream has an event that is no JSON object.")
        kind = payload.get("type")
        if "sequence_number" in payload:
            self._numbered = True
        elif not self._numbered and isinstance(kind, str) and kind.startswith("response."):
            return self._placed(kind, payload)
        return self._passed(kind, payload)

    def _placed(self, kind: str, payload: Mapping[str, Any]) -> Iterator[Event]:
        if self._places is None:
            self._places = Places()
            why = "The provider leaves out where its events belong: they are counted here."
            yield Noted(Note("sequence_number", "synthesised", detail=why))
        yield from self._passed(kind, self._places.filled_in(payload))

    def _passed(self, kind: Any, payload: Mapping[str, Any]) -> Iterable[Event]:
        if isinstance(kind, str) and self._started and kind not in TERMINAL and kind != "error":
            if kind == "response.output_item.done":
                self._calls = self._calls or _is_call(payload.get("item"))
            mended = self._mender.event(kind, payload)
            passed = PassedThrough(mended, self._only_begins(kind, payload))
            return (passed,) if mended is payload else (*self._noted(), passed)
        return self._rare(kind, payload)

    def whole(self, body: Any) -> Iterable[Event]:
        """Return the events of a whole answer; a response that runs in the background, and is only queued yet, is one
        too."""
        if not isinstance(body, dict) or not (isinstance(body.get("output"), list) or body.get("error")):
            raise BadAnswer.unreadable("The provider's answer is no response.")
        if body.get("error") or body.get("status") == "failed":
            raise BadAnswer(streamed_error(body))
        status = body.get("status", "completed")
        status = status if isinstance(status, str) else "completed"
        begun = self._begin(body)
        mended = self._mender.response(body, cut=status != "completed")
        return [*begun, *self._noted(), *self._ended(mended, mended, status)]

    def close(self) -> Iterable[Event]:
        """End the stream. Raises `BadAnswer` unless the response had ended."""
        if self.done:
            return ()
        raise incomplete(self._started)

    def _rare(self, kind: Any, payload: Mapping[str, Any]) -> Iterator[Event]:
        """Yield the events of the first payload, of the last, and of one without a type."""
        if not isinstance(kind, str):
            if payload.get("error"):
                raise BadAnswer(streamed_error(payload))
            yield Noted(Note("event.untyped", "dropped", detail="An event has no type."))
            return
        response = payload.get("response")
        response = response if isinstance(response, Mapping) else {}
        if response or kind in TERMINAL:
            yield from self._begin(response)
        if kind == "error" or (kind in TERMINAL and status_of(response, TERMINAL[kind]) == "failed"):
            yield PassedThrough(payload, self._begins)
            raise BadAnswer(streamed_error(payload))
        if kind in TERMINAL:
            status = status_of(response, TERMINAL[kind])
            mended = self._mender.response(response, cut=status != "completed")
            yield from self._noted()
            yield from self._ended(payload if mended is response else {**payload, "response": mended}, mended, status)
        else:
            yield PassedThrough(payload, self._only_begins(kind, payload))

    def _only_begins(self, kind: str, payload: Mapping[str, Any]) -> bool:
        """Return whether nothing of the response has come, with this event. One that is not the response's
        (`keepalive`) is nothing of it."""
        if self._begins and kind.startswith("response."):
            self._begins = kind in _BEGINNINGS or _only_opens(payload)
        return self._begins

    def _begin(self, response: Mapping[str, Any]) -> list[Event]:
        if self._started:
            return []
        self._started = True
        id, model = response.get("id"), response.get("model")
        self._mender.id = id if isinstance(id, str) else None
        return [Started(self._mender.id, model if isinstance(model, str) else None)]

    def _noted(self) -> list[Event]:
        return [Noted(note) for note in self._mender.notes()]

    def _ended(self, payload: Mapping[str, Any], response: Mapping[str, Any], status: str) -> list[Event]:
        self.done = True
        output = response.get("output")
        calls = self._calls or (isinstance(output, list) and any(_is_call(item) for item in output))
        why, native, _ = reason(response, status, calls)
        events: list[Event] = [PassedThrough(payload, self._begins and not output)]
        if (usage := usage_of(response)) is not None:
            events.append(UsageReported(usage))
        tier = response.get("service_tier")
        return [*events, Finished(why, native, tier if isinstance(tier, str) else None)]


def _only_opens(payload: Mapping[str, Any]) -> bool:
    """Return whether an event opens a message, a thought, or a part of one, and has nothing of what it says."""
    match payload:
        case {"type": "response.output_item.added", "item": {"type": "message" | "reasoning"} as item}:
            return not item.get("content") and not item.get("summary")
        case {
            "type": "response.content_part.added" | "response.reasoning_summary_part.added",
            "part": {"type": "output_text" | "summary_text" | "reasoning_text", "text": ""},
        }:
            return True
    return False


def _is_call(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("type") in CALLS
