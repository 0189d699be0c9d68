"""Mends answers of the Responses API that no client could read: arguments become text, calls get a `call_id`, and
the last response gets the items that were finished before it."""

import json
from collections.abc import Mapping
from typing import Any

from translators.notes import Note
from translators.providers.openai.answer_calls import call_prefix
from translators.providers.openai_responses.stop_reasons import CALLS

_IN_TEXT = Note("output.arguments", "approximated", detail="The provider gave a call's arguments as JSON, not as text.")
_NO_ARGUMENTS = Note("output.arguments", "synthesised", detail="A call without arguments is told as `{}`.")
_NO_ID = Note("output.call_id", "synthesised", detail="The provider gave a call no id.")
_NO_OUTPUT = Note("output", "synthesised", detail="The last response has none: it gets the items that were finished.")

_FINISHED = (None, "completed")

Payload = Mapping[str, Any]


class ResponseMender:
    """The mender of one answer: it has the finished items and the notes. Each method returns the same object where
    there is nothing to mend."""

    def __init__(self) -> None:
        self.id: str | None = None
        """The id of the response."""
        self._items: dict[int, Any] = {}
        self._noted: list[Note] = []
        self._new: list[Note] = []

    def event(self, kind: str, payload: Payload) -> Payload:
        """Return an event that is not the last."""
        if kind == "response.function_call_arguments.done":
            return self._in_text(payload)
        if kind not in ("response.output_item.added", "response.output_item.done"):
            return payload
        done, item, index = kind.endswith(".done"), payload.get("item"), payload.get("output_index")
        place = index if type(index) is int else max(self._items, default=-1) + 1
        mended = self._item(item, place, done=done)
        if done:
            self._items[place] = mended
        return payload if mended is item else {**payload, "item": mended}

    def response(self, response: Payload, *, cut: bool) -> Payload:
        """Return the last response, or the only one."""
        output = response.get("output")
        if not output and self._items:
            self._note(_NO_OUTPUT)
            return {**response, "output": [item for _, item in sorted(self._items.items())]}
        if not isinstance(output, list):
            return response
        mended = [self._item(item, place, done=not cut) for place, item in enumerate(output)]
        same = all(one is other for one, other in zip(mended, output, strict=True))
        return response if same else {**response, "output": mended}

    def notes(self) -> list[Note]:
        """Return the notes since the last call."""
        notes, self._new = self._new, []
        return notes

    def _item(self, item: Any, place: int, *, done: bool) -> Any:
        if not isinstance(item, Mapping) or item.get("type") not in CALLS:
            return item
        if item["type"] == "function_call":
            if done and item.get("arguments") is None and item.get("status") in _FINISHED:
                self._note(_NO_ARGUMENTS)
                item = {**item, "arguments": "{}"}
            item = self._in_text(item, empty="{}" if done else "")
        if _is_id(item.get("call_id")):
            return item
        self._note(_NO_ID)
        own = item.get("id")
        return {**item, "call_id": own if _is_id(own) else f"call_{call_prefix(self.id)}{place}"}

    def _in_text(self, holder: Payload, *, empty: str = "{}") -> Payload:
        """Return a call with its arguments as text, `empty` for an empty object: pieces of it may follow."""
        given = holder.get("arguments")
        if isinstance(given, str):
            return holder
        if given is None:
            return {**holder, "arguments": ""}
        self._note(_IN_TEXT)
        return {**holder, "arguments": json.dumps(given, ensure_ascii=False) if given else empty}

    def _note(self, note: Note) -> None:
        if note not in self._noted:
            self._noted.append(note)
            self._new.append(note)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
