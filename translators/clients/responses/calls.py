"""Makes items of type function_call, custom_tool_call and tool_search_call from tool calls."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from translators.clients.responses.form import Form
from translators.clients.responses.output_items import Items, Slot, StreamEvent, Wire
from translators.errors import BadAnswer
from translators.events import ToolCallStarted


@dataclass(slots=True, eq=False)
class CallItem:
    """A call's item while it grows. `field` is the field of the item that holds its text. `tool_search`: it is a search
    for tools, whose arguments are sent at once when they are complete, and as JSON."""

    slot: Slot
    wire: Wire
    field: str
    tool_search: bool = False
    open: bool = True

    def complete(self) -> bool:
        """Return whether nothing more can come: free text ends with the next item."""
        return self.field == "input" or _is_json(self.slot.text())


class CallItems:
    """The calls of an answer. `waiting` are the open ones, by their index: more than one only for a provider that sends
    several calls at a time."""

    def __init__(self, items: Items, form: Form) -> None:
        self.items, self.form = items, form
        self.waiting: dict[int, CallItem] = {}
        self._grown: set[int] = set()  # since it was last seen whether they are complete
        self._calls: dict[int, CallItem] = {}

    def begin(self, event: ToolCallStarted) -> StreamEvent:
        """Begin a call's item. Other items must be done."""
        namespace, name = self.form.spaced.get(event.name, (None, event.name))
        tool_search = event.kind == "function" and event.name == self.form.tool_search
        fields = {"call_id": event.id, "name": name} | ({} if namespace is None else {"namespace": namespace})
        if tool_search:
            field, kind = "arguments", ""
            wire: Wire = {"type": "tool_search_call", "status": "in_progress", "execution": "client"}
            item, added = self.items.added("tsc", {**wire, "call_id": event.id, field: {}})
        elif event.kind == "custom":
            field, kind = "input", "response.custom_tool_call_input.delta"
            item, added = self.items.added("ctc", {"type": "custom_tool_call", **fields, field: ""})
        else:
            field, kind = "arguments", "response.function_call_arguments.delta"
            wire = {"type": "function_call", "status": "in_progress", **fields, field: ""}
            item, added = self.items.added("fc", wire)
        slot = Slot(kind, {"item_id": item["id"], "output_index": added["output_index"]})
        self._calls[event.index] = self.waiting[event.index] = CallItem(slot, item, field, tool_search)
        self._grown.add(event.index)
        return added

    def add(self, index: int, piece: str) -> Iterable[StreamEvent]:
        """Add a piece of a call's arguments. Raises `BadAnswer` for a call that is over."""
        call = self._calls[index]
        if call.open and piece:
            self._grown.add(index)
            delta = call.slot.add(piece)
            return () if call.tool_search else (delta,)
        if piece.strip():
            raise BadAnswer.unreadable("The provider went on with a tool call that was over.")
        return ()

    def close(self, *, all: bool = False) -> list[StreamEvent]:
        """End the calls that are complete, or all of them."""
        over = [
            index for index in sorted(self.waiting if all else self._grown) if all or self.waiting[index].complete()
        ]
        self._grown.clear()
        return [event for index in over for event in self._done(self.waiting.pop(index))]

    def broken(self) -> None:
        """Mark the open calls as incomplete, with what came of them."""
        for call in self.waiting.values():
            if not call.tool_search:
                call.wire[call.field] = call.slot.text()
            if "status" in call.wire:
                call.wire["status"] = "incomplete"

    def _done(self, call: CallItem) -> list[StreamEvent]:
        call.open = False
        text = call.slot.text()
        if call.tool_search:
            call.wire |= {"status": "completed", "arguments": _json_or_text(text)}
            return [self.items.done(call.wire)]
        call.wire[call.field] = text
        named: Wire = {}
        if call.field == "arguments":
            call.wire["status"], named = "completed", {"name": call.wire["name"]}
        kind = f"{call.slot.kind.removesuffix('.delta')}.done"
        return [{"type": kind, **call.slot.where, **named, call.field: text}, self.items.done(call.wire)]


def _is_json(text: str) -> bool:
    try:
        from_json(text)
    except ValueError:
        return False
    return True


def _json_or_text(text: str) -> Any:
    """Return the JSON value, or the text itself where it is none: the client that searches has to cope with that."""
    try:
        return from_json(text)
    except ValueError:
        return text or {}
