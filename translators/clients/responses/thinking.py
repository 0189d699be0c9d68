"""Makes items of type reasoning: a summary for clients that want to read it, and the `encrypted_content` that the next
request needs."""

from dataclasses import dataclass, field, replace

from translators.clients.responses.encrypted_content import EncryptedContent, encode
from translators.clients.responses.output_items import Items, Slot, StreamEvent, Wire


@dataclass(slots=True, eq=False)
class ThoughtState:
    """A reasoning block. The first `past` of its `pieces` are in items that are done; `slot` and `wire` are there while
    its item is open."""

    pieces: list[str] = field(default_factory=list)
    past: int = 0
    slot: Slot | None = None
    wire: Wire | None = None

    def text(self) -> str:
        return "".join(self.pieces)


class ReasoningItems:
    """The reasoning items of an answer, of which at most one is `open`. A block that the client does not see has no
    item until it is signed or over: servers that sign nothing want their words back, too (DeepSeek refuses calls
    without the reasoning before them)."""

    def __init__(self, items: Items, *, visible: bool) -> None:
        self.items, self.visible = items, visible
        self.open: ThoughtState | None = None
        self._unseen: ThoughtState | None = None
        """The thought that goes on, and has no item yet."""
        self._thoughts: dict[int, ThoughtState] = {}

    def block(self, block: int) -> ThoughtState:
        return self._thoughts.setdefault(block, ThoughtState())

    def grow(self, thought: ThoughtState, text: str) -> None:
        thought.pieces.append(text)
        if not self.visible and text:
            self._unseen = thought

    def begin(self, thought: ThoughtState) -> list[StreamEvent]:
        """Begin a thought's item. Other items must be done. A thought that goes on after another item has a new
        item."""
        wire, added = self.items.added("rs", {"type": "reasoning", "summary": []})
        where = {"item_id": wire["id"], "output_index": added["output_index"], "summary_index": 0}
        thought.slot, thought.wire = Slot("response.reasoning_summary_text.delta", where), wire
        self.open = thought
        part = {"type": "summary_text", "text": ""}
        return [added, {"type": "response.reasoning_summary_part.added", **where, "part": part}]

    def close(self, content: EncryptedContent | None = None) -> list[StreamEvent]:
        """End the open item, with `content` if the thought is signed; or make the item of a thought that is not
        seen."""
        if self.open is None:
            return self._unseen_item()
        if (slot := self.open.slot) is None or (wire := self.open.wire) is None:
            return []
        self.open.slot = self.open.wire = None
        self.open = None
        text = slot.text()
        part = {"type": "summary_text", "text": text}
        wire["summary"].append(part)
        wire["encrypted_content"] = self._encode(content or EncryptedContent("thinking", text=text))
        return [
            {"type": "response.reasoning_summary_text.done", **slot.where, "text": text},
            {"type": "response.reasoning_summary_part.done", **slot.where, "part": dict(part)},
            self.items.done(wire),
        ]

    def signed(self, thought: ThoughtState) -> None:
        """Mark a thought as no longer unseen: its item is about to be written."""
        if self._unseen is thought:
            self._unseen = None

    def _unseen_item(self) -> list[StreamEvent]:
        thought, self._unseen = self._unseen, None
        if thought is None:
            return []
        text, thought.past = "".join(thought.pieces[thought.past :]), len(thought.pieces)
        return self.encrypted(EncryptedContent("thinking", text=text))

    def encrypted(self, content: EncryptedContent) -> list[StreamEvent]:
        """Return the events of an item without a summary, to be handed back. Other items must be done."""
        item, added = self.items.added("rs", {"type": "reasoning", "summary": []})
        item["encrypted_content"] = self._encode(content)
        return [added, self.items.done(item)]

    def _encode(self, content: EncryptedContent) -> str:
        return encode(replace(content, response=self.items.suffix))

    def broken(self) -> None:
        """End the open item."""
        if self.open is not None:
            self.close()
