"""An answer of the Responses API, whole or streamed, as events that one machine emits.

The event that ends a stream holds the whole response, so a whole answer is read as that event alone: all that has not
been emitted yet is emitted then. Reference: https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from collections.abc import Mapping
from typing import Any

from translators.dialects import Recall
from translators.errors import BadAnswer
from translators.events import Event, Finished, Noted, Started, UsageReported
from translators.notes import Note
from translators.providers.openai_responses.answer_items import ITEM_OF_PIECE, Item, item_of
from translators.providers.openai_responses.answer_state import AnswerState, entries, kind_of
from translators.providers.openai_responses.errors import streamed_error
from translators.providers.openai_responses.signatures import DIALECT
from translators.providers.openai_responses.stop_reasons import TERMINAL, reason, status_of
from translators.providers.openai_responses.usage import usage_of
from translators.providers.shared.answers import incomplete
from translators.providers.shared.tiers import OPENAI_TIERS

_OPENING = frozenset(("response.created", "response.queued", "response.in_progress"))
_QUIET = (
    "keepalive",
    "ping",
    "response.content_part.added",
    "response.reasoning_summary_part.added",
    "response.web_search_call.",
    "response.file_search_call.",
    "response.code_interpreter_call",
    "response.image_generation_call.",
    "response.mcp_",
    "response.shell_call_",
    "response.compaction.",
)
"""Beginnings of types without news, or only of the progress of a provider's own tool: its item has the rest."""


class _Place:
    """An item of the answer, its type and its progress."""

    def __init__(self, kind: str, machine: Item) -> None:
        self.kind, self.machine = kind, machine
        self.done = False


class ResponseAnswer:
    """One answer. Its items are known by their id and by their place in `output`; either may be wrong or missing."""

    def __init__(self, recall: Recall) -> None:
        self.done = False
        self._started = self._announced = False
        self._state = AnswerState(recall)
        self._by_id: dict[str, _Place] = {}
        self._by_index: dict[int, _Place] = {}
        self._places: list[_Place] = []

    def on(self, payload: Any) -> list[Event]:
        """Return the events of one payload of the stream (`{"type": "response.output_text.delta", "delta": ...}`).
        Raises `BadAnswer`."""
        if self.done:
            return []
        if not isinstance(payload, dict):
            if payload == b"[DONE]":  # another dialect's end: here it ends no answer
                return self.close()
            raise BadAnswer.unreadable("The provider's stream has an event that is no JSON object.")
        kind = payload.get("type")
        if not isinstance(kind, str):
            if payload.get("error"):
                raise BadAnswer(streamed_error(payload))
            return self._state.once("event.untyped", "An event has no type.")
        belongs = ITEM_OF_PIECE.get(kind)
        return self._other(kind, payload) if belongs is None else self._piece(kind, belongs, payload)

    def whole(self, body: Any) -> list[Event]:
        """Return the events of a whole answer (`{"id": ..., "status": ..., "output": [...]}`). Raises `BadAnswer`."""
        if not isinstance(body, dict) or not (isinstance(body.get("output"), list) or body.get("error")):
            raise BadAnswer.unreadable("The provider's answer is no response.")
        if body.get("error"):
            raise BadAnswer(streamed_error(body))
        status = body.get("status", "completed")
        if status in ("queued", "in_progress"):
            raise BadAnswer.unreadable("The provider's answer is not finished.", code="incomplete_answer")
        return [*self._begin(body), *self._end(body, str(status))]

    def close(self) -> list[Event]:
        """Raise `BadAnswer` unless the response had ended: a cut answer must not look like a short one."""
        if self.done:
            return []
        raise incomplete(self._started)

    # --- the response -----------------------------------------------------------------------------------

    def _other(self, kind: str, payload: Mapping[str, Any]) -> list[Event]:
        """Return the events of a payload that is no piece of an item."""
        response = payload.get("response")
        response = response if isinstance(response, Mapping) else {}
        if kind in _OPENING:
            return self._begin(response)
        if kind == "response.content_part.done":
            return self._part_done(payload)
        if kind == "response.output_item.added" or kind == "response.output_item.done":
            item = payload.get("item")
            if not isinstance(item, Mapping):
                raise BadAnswer.unreadable("The provider's stream has an item that is no object.")
            return [*self._begin({}), *self._item(payload, item, done=kind.endswith("done"))]
        if kind in TERMINAL:
            return [*self._begin(response), *self._end(response, TERMINAL[kind])]
        if kind == "error":
            raise BadAnswer(streamed_error(payload))
        if kind.startswith(_QUIET):
            return []
        return self._state.once(f"event.{kind[:60]}", "An event of this type is not known.")

    def _begin(self, response: Mapping[str, Any]) -> list[Event]:
        """Return `Started`, once; with a note where nothing announced it, and again where its names come late."""
        if self._announced or (self._started and not response):
            return []
        late = self._started
        self._started, self._announced = True, bool(response)
        id, model = response.get("id"), response.get("model")
        model = model if isinstance(model, str) else None
        self._state.issuer = f"{DIALECT}:{self._state.recall.model or model or ''}"
        started = Started(id if isinstance(id, str) else None, model)
        if response or late:
            return [started]
        note = Note("event.response.created", "synthesised", detail="The stream began without it.")
        return [started, Noted(note)]

    def _end(self, response: Mapping[str, Any], event_status: str) -> list[Event]:
        status = status_of(response, event_status)
        if status == "failed":
            raise BadAnswer(streamed_error({"response": response}))
        if status == "cancelled":
            raise BadAnswer.unreadable("The provider cancelled the answer.", code="incomplete_answer")
        events: list[Event] = []
        listed: set[_Place] = set()
        for index, item in enumerate(entries(response, "output")):
            events += self._item({"output_index": index}, item, done=True, listed=listed)
        for place in list(self._places):
            if not place.done:
                events += self._settle(place, {})
        self.done = True
        why, native, known = reason(response, status, self._state.calls > 0)
        if not known:
            events.append(Noted(Note("status", "approximated", native, why, "This reason to stop is not known.")))
        if why != "length":
            events += [Noted(note) for note in self._state.doubts]
        if response.get("moderation") is not None:
            events += self._state.once("moderation", "A chat's answer has no place for it.")
        if (usage := usage_of(response)) is not None:
            events.append(UsageReported(usage))
        tier = response.get("service_tier")
        tier = tier if isinstance(tier, str) and tier in OPENAI_TIERS else None
        return [*events, Finished(why, native, tier, approximated=not known)]

    # --- items ------------------------------------------------------------------------------------------

    def _piece(self, kind: str, belongs: str, payload: Mapping[str, Any]) -> list[Event]:
        place = self._place(payload, belongs)
        if place is not None:
            return [] if place.done else place.machine.on(kind, payload)
        begun = self._begin({})
        return [*begun, *self._new_place(payload, belongs).machine.on(kind, payload)]

    def _part_done(self, payload: Mapping[str, Any]) -> list[Event]:
        """Return the events of a part that is done: a message's, or of reasoning whose text is not summarised."""
        match payload.get("part"):
            case {"type": "reasoning_text", "text": str(text)}:
                kind = "response.reasoning_text.done"
                return self._piece(kind, ITEM_OF_PIECE[kind], {**payload, "text": text})
            case _:
                return self._piece("response.content_part.done", "message", payload)

    def _item(
        self, payload: Mapping[str, Any], item: Mapping[str, Any], *, done: bool, listed: set[_Place] | None = None
    ) -> list[Event]:
        """Return the events of an item that was begun, or is complete; either may come without the other. In a list of
        them (`listed` are the places of those before it) each is one of its own, whatever its id."""
        kind, id, call_id = kind_of(item), item.get("id"), item.get("call_id")
        place = self._named(id, kind) or self._named(call_id, kind)
        if place is None and done:
            place = self._place(payload, kind)
        if place is None or (listed and place in listed):
            place = self._new_place({**payload, "item_id": id}, kind)
            if isinstance(call_id, str):
                self._by_id[call_id] = place
        if listed is not None:
            listed.add(place)
        if place.done:
            return []
        return self._settle(place, item) if done else place.machine.added(item)

    def _settle(self, place: _Place, item: Mapping[str, Any]) -> list[Event]:
        place.done = True
        return place.machine.done(item)

    def _named(self, id: Any, kind: str) -> _Place | None:
        place = self._by_id.get(id) if isinstance(id, str) and id else None
        return place if place is not None and place.kind == kind else None

    def _place(self, payload: Mapping[str, Any], kind: str) -> _Place | None:
        """Return the place of a payload's item, if it is of that type."""
        id, index = payload.get("item_id"), payload.get("output_index")
        place = self._by_id.get(id) if isinstance(id, str) else None
        if place is None and isinstance(index, int):
            place = self._by_index.get(index)
        return place if place is not None and place.kind == kind else None

    def _new_place(self, payload: Mapping[str, Any], kind: str) -> _Place:
        id, index = payload.get("item_id"), payload.get("output_index")
        place = _Place(kind, item_of(kind, self._state))
        self._places.append(place)
        if isinstance(id, str):
            self._by_id[id] = place
        if isinstance(index, int):
            self._by_index[index] = place
        return place
