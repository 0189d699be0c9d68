"""Output items while they grow, and the stream events about them."""

from dataclasses import dataclass, field
from typing import Any

Wire = dict[str, Any]


@dataclass(slots=True, eq=False)
class Slot:
    """A text that grows: `kind` is the type of its delta events, `where` has the fields for their place. `head` is for
    the writer of the events."""

    kind: str
    where: Wire
    pieces: list[str] = field(default_factory=list)
    head: bytes | None = None

    def text(self) -> str:
        """Return the text so far. It is joined once, however often this is called."""
        if len(self.pieces) > 1:
            self.pieces[:] = ["".join(self.pieces)]
        return self.pieces[0] if self.pieces else ""

    def add(self, piece: str) -> "StreamEvent":
        """Add a piece, and return its event."""
        self.pieces.append(piece)
        return (self, piece)


StreamEvent = Wire | tuple[Slot, str]
"""A whole stream event, but for its sequence number; or one more piece of a slot, which is nearly all of a stream."""


class Items:
    """The output so far, open items in the form that they have. `cut` is the one that was cut."""

    def __init__(self, suffix: str) -> None:
        """`suffix` makes the ids of items unique among those of all answers."""
        self.suffix = suffix
        self.wires: list[Wire] = []
        self.cut: Wire | None = None

    def added(self, prefix: str, wire: Wire) -> tuple[Wire, Wire]:
        """Return the item with its id, which is part of the output now, and its event: `{"type":
        "response.output_item.added", "output_index", "item"}`."""
        index = len(self.wires)
        item = {"id": f"{prefix}_{self.suffix}_{index}", **wire}
        self.wires.append(item)
        return item, {"type": "response.output_item.added", "output_index": index, "item": snapshot(item)}

    def done(self, item: Wire) -> Wire:
        """Return the event that ends an item: `{"type": "response.output_item.done", "output_index", "item"}`."""
        if item is self.cut and "status" in item:
            item["status"] = "incomplete"
        return {"type": "response.output_item.done", "output_index": index_of(item), "item": snapshot(item)}


def index_of(item: Wire) -> int:
    """Return the place of an item in the output, which its id ends with."""
    return int(item["id"].rpartition("_")[2])


def snapshot(wire: Wire) -> Wire:
    """Return a copy of an item as it is now: its lists still grow."""
    return {name: list(value) if isinstance(value, list) else value for name, value in wire.items()}
