"""Reasoning -> items of type reasoning: a summary for who wants to read it, and `encrypted_content` that
the next request needs."""

from dataclasses import dataclass, field, replace

from translators.clients.responses.encrypted_content import EncryptedContent, encode
from translators.clients.responses.output_items import Items, Slot, Told, Wire


@dataclass(slots=True, eq=False)
class Thought:
    """A reasoning block. `pieces` are all of it, and so many of them as `past` says are in items that are done; `slot`
    and `wire` are there while its item is open."""

    pieces: list[str] = field(default_factory=list)
    past: int = 0
    slot: Slot | None = None
    wire: Wire | None = None

    def text(self) -> str:
        return "".join(self.pieces)


class Thinking:
    """The reasoning items of an answer, of which at most one is `open`. A block that the client does not see has none
    until it is signed or over: servers that sign nothing want their words back, too (DeepSeek refuses calls without the
    reasoning before them)."""

    def __init__(self, items: Items, *, visible: bool) -> None:
        self.items, self.visible = items, visible
        self.open: Thought | None = None
        self._unseen: Thought | None = None
        """The thought that goes on, and has no item yet."""
        self._thoughts: dict[int, Thought] = {}

    def block(self, block: int) -> Thought:
        return self._thoughts.setdefault(block, Thought())

    def grow(self, thought: Thought, text: str) -> None:
        thought.pieces.append(text)
        if not self.visible and text:
            self._unseen = thought

    def begin(self, thought: Thought) -> list[Told]:
        """Begin a thought's item. Other items must be done. What goes on after something else came between is an item
        of its own."""
        wire, added = self.items.added("rs", {"type": "reasoning", "summary": []})
        where = {"item_id": wire["id"], "output_index": added["output_index"], "summary_index": 0}
        thought.slot, thought.wire = Slot("response.reasoning_summary_text.delta", where), wire
        self.open = thought
        part = {"type": "summary_text", "text": ""}
        return [added, {"type": "response.reasoning_summary_part.added", **where, "part": part}]

    def close(self, what: EncryptedContent | None = None) -> list[Told]:
        if self.open is None:
            return self._seen()
        if (slot := self.open.slot) is None or (wire := self.open.wire) is None:
            return []
        self.open.slot = self.open.wire = None
        self.open = None
        text = slot.text()
        part = {"type": "summary_text", "text": text}
        wire["summary"].append(part)
        wire["encrypted_content"] = self._encode(what or EncryptedContent("thinking", text=text))
        return [
            {"type": "response.reasoning_summary_text.done", **slot.where, "text": text},
            {"type": "response.reasoning_summary_part.done", **slot.where, "part": dict(part)},
            self.items.done(wire),
        ]

    def signed(self, thought: Thought) -> None:
        """Forget that the thought is unseen: its item is about to be written."""
        if self._unseen is thought:
            self._unseen = None

    def _seen(self) -> list[Told]:
        thought, self._unseen = self._unseen, None
        if thought is None:
            return []
        text, thought.past = "".join(thought.pieces[thought.past :]), len(thought.pieces)
        return self.encrypted(EncryptedContent("thinking", text=text))

    def encrypted(self, what: EncryptedContent) -> list[Told]:
        """Return the events of an item without a summary, to be handed back. Other items must be done."""
        item, added = self.items.added("rs", {"type": "reasoning", "summary": []})
        item["encrypted_content"] = self._encode(what)
        return [added, self.items.done(item)]

    def _encode(self, what: EncryptedContent) -> str:
        return encode(replace(what, response=self.items.suffix))

    def broken(self) -> None:
        if self.open is not None:
            self.close()
