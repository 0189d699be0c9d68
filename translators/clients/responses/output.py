"""An answer's events -> output items, and the stream events that tell of them as they grow.

Follows openai/types/responses/response_stream_event.py (openai 3.54). Each item is done before the next one begins;
only a call whose arguments are not complete yet is kept open, for a provider that tells several calls at a time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from translators.clients.responses.form import Form
from translators.clients.responses.sealed import Sealed, seal
from translators.errors import BadAnswer
from translators.events import (
    Annotation,
    Event,
    Finished,
    ForeignBlock,
    ImageMade,
    Logprobs,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSigned,
    RefusalDelta,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)

Wire = dict[str, Any]


@dataclass(slots=True, eq=False)
class Slot:
    """A text that grows: `kind` is the type of its delta events, `where` what all of them say of their place. `head`
    is room for who writes them."""

    kind: str
    where: Wire
    pieces: list[str] = field(default_factory=list)
    head: bytes | None = None

    def text(self) -> str:
        """So far. It is put together once, however often it is asked for."""
        if len(self.pieces) > 1:
            self.pieces[:] = ["".join(self.pieces)]
        return self.pieces[0] if self.pieces else ""


Told = Wire | tuple[Slot, str]
"""A whole stream event, but for its sequence number; or one more piece of a slot, which is nearly all of a stream."""


@dataclass(slots=True, eq=False)
class Part:
    """A content part of a message. `base` is the number of characters of the whole text before it."""

    index: int
    slot: Slot
    wire: Wire
    base: int = 0

    @property
    def refusal(self) -> bool:
        return "refusal" in self.wire


@dataclass(slots=True, eq=False)
class Call:
    """`field` is the one of its item that holds its text."""

    slot: Slot
    wire: Wire
    field: str
    open: bool = True

    def complete(self) -> bool:
        """Whether nothing more can come: free text is over with whatever comes next."""
        return self.field == "input" or _is_json(self.slot.text())


@dataclass(slots=True, eq=False)
class Thought:
    """A reasoning block. `wire` is its item while that is open: a block that the client does not see gets one when it
    is signed."""

    pieces: list[str] = field(default_factory=list)
    slot: Slot | None = None
    wire: Wire | None = None


class Output:
    """The state of one answer. `items` are its output, those that are open in the form that they have so far."""

    def __init__(self, form: Form, suffix: str) -> None:
        """`suffix` makes the ids of items unique among those of all answers."""
        self.form, self.suffix = form, suffix
        self.items: list[Wire] = []
        self.usage: Usage | None = None
        self.finished: Finished | None = None
        self.refused = False
        self._live: Slot | None = None
        """The text that goes on growing as long as nothing else comes."""
        self._message: Wire | None = None
        self._part: Part | None = None
        self._texts: list[Part] = []
        self._thought: Thought | None = None
        """The one whose item is open."""
        self._thoughts: dict[int, Thought] = {}
        self._calls: dict[int, Call] = {}
        self._waiting: list[Call] = []
        """Those that are open."""
        self._last: Wire | None = None
        """The item that is cut where the answer is."""

    def on(self, event: Event) -> Iterable[Told]:
        match event:
            case TextDelta(text):
                if (slot := self._live) is None:
                    return self._say(text, "output_text") if text else ()
                if not text:
                    return ()
                slot.pieces.append(text)
                return ((slot, text),)
            case ToolCallDelta(index, arguments):
                return self._arguments(index, arguments)
            case ReasoningDelta(block, text):
                return self._think(block, text)
            case RefusalDelta(text):
                self.refused = self.refused or text != ""
                return self._say(text, "refusal") if text else ()
            case ToolCallStarted():
                return self._call(event)
            case UsageReported(usage):
                self.usage = usage
                return ()
            case Finished():
                self.finished = event
                return ()
            case _:
                return self._rare(event)

    def close(self, *, cut: bool) -> list[Told]:
        """The answer is over. `cut`: before its end, so that the last item is not complete."""
        self._last = self._open_item() if cut else None
        told = self._settle()
        for call in self._waiting:
            told += self._call_done(call)
        return told

    def broken(self) -> None:
        """The answer failed: what is open stays as it is, and is said to be incomplete."""
        if self._part is not None:
            self._part.wire[_FIELDS[self._part.wire["type"]]] = self._part.slot.text()
        if self._message is not None:
            self._message["status"] = "incomplete"
        if self._thought is not None and self._thought.wire is not None and self._thought.slot is not None:
            self._thought.wire["summary"] = [{"type": "summary_text", "text": self._thought.slot.text()}]
        for call in self._waiting:
            call.wire[call.field] = call.slot.text()
            if "status" in call.wire:
                call.wire["status"] = "incomplete"

    def _rare(self, event: Event) -> Iterable[Told]:
        match event:
            case ReasoningSigned(block, signature, issuer):
                text = "".join(self._block(block).pieces)
                return self._sealed(block, Sealed("thinking", issuer, text=text, signature=signature))
            case ReasoningRedacted(block, data, issuer):
                return self._sealed(block, Sealed("redacted", issuer, data=data))
            case ForeignBlock(dialect, payload):
                return self._sealed(None, Sealed("foreign", dialect, block=dict(payload)))
            case Annotation():
                return self._annotate(event)
            case Logprobs():
                return self._probable(event)
            case ImageMade(media_type, data):
                return self._picture(media_type, data)
            case _:  # an answer's beginning, and what only others hear
                return ()

    # --- items ------------------------------------------------------------------------------------

    def _add(self, prefix: str, wire: Wire) -> tuple[Wire, Wire]:
        """The item with its id, which becomes part of the output, and the event that tells it."""
        item = {"id": f"{prefix}_{self.suffix}_{len(self.items)}", **wire}
        event = {"type": "response.output_item.added", "output_index": len(self.items), "item": _copy(item)}
        self.items.append(item)
        return item, event

    def _done(self, item: Wire) -> Wire:
        if item is self._last and "status" in item:
            item["status"] = "incomplete"
        return {"type": "response.output_item.done", "output_index": self._index(item), "item": _copy(item)}

    def _index(self, item: Wire) -> int:
        return int(item["id"].rpartition("_")[2])

    def _open_item(self) -> Wire | None:
        if self._message is not None:
            return self._message
        if self._thought is not None:
            return self._thought.wire
        return self._waiting[-1].wire if self._waiting else None

    def _settle(self) -> list[Told]:
        """Whatever is open ends, since something else begins."""
        told: list[Told] = []
        self._live = None
        if self._message is not None:
            told += self._part_done()
            self._message["status"] = "completed"
            told.append(self._done(self._message))
            self._message = None
        if self._thought is not None:
            told += self._thought_done(self._thought, None)
        over = [call for call in self._waiting if call.complete()] if self._waiting else []
        for call in over:
            told += self._call_done(call)
        if over:
            self._waiting = [call for call in self._waiting if call.open]
        return told

    # --- messages ---------------------------------------------------------------------------------

    def _say(self, text: str, kind: str) -> list[Told]:
        told: list[Told] = []
        if self._message is None:
            told = self._settle()
            wire = {"type": "message", "status": "in_progress", "role": "assistant", "content": []}
            self._message, event = self._add("msg", wire)
            told.append(event)
        if self._part is None or self._part.wire["type"] != kind:
            told += self._part_done()
            told.append(self._part_added(self._message, kind))
        if self._part is not None:
            self._part.slot.pieces.append(text)
            self._live = None if self._part.refusal else self._part.slot
            told.append((self._part.slot, text))
        return told

    def _part_added(self, message: Wire, kind: str) -> Wire:
        where = {
            "item_id": message["id"],
            "output_index": self._index(message),
            "content_index": len(message["content"]),
        }
        base = self._texts[-1].base + len(self._texts[-1].slot.text()) if self._texts else 0
        if kind == "refusal":
            wire: Wire = {"type": kind, "refusal": ""}
            slot = Slot("response.refusal.delta", where)
        else:
            wire = {"type": kind, "annotations": [], "logprobs": [], "text": ""}
            slot = Slot("response.output_text.delta", {**where, "logprobs": []})
        self._part = Part(where["content_index"], slot, wire, base)
        if kind != "refusal":
            self._texts.append(self._part)
        message["content"].append(wire)
        return {"type": "response.content_part.added", **where, "part": _copy(wire)}

    def _part_done(self) -> list[Told]:
        part, self._part, self._live = self._part, None, None
        if part is None:
            return []
        kind = part.wire["type"]
        name = _FIELDS[kind]
        part.wire[name] = part.slot.text()
        where = {key: part.slot.where[key] for key in ("item_id", "output_index", "content_index")}
        probable = {} if part.refusal else {"logprobs": list(part.wire["logprobs"])}
        return [
            {"type": f"response.{kind}.done", **where, name: part.wire[name], **probable},
            {"type": "response.content_part.done", **where, "part": _copy(part.wire)},
        ]

    def _annotate(self, event: Annotation) -> list[Told]:
        """The characters are counted over the whole text, and a part counts its own."""
        part = next((each for each in reversed(self._texts) if each.base <= event.start), None)
        if part is None:
            return []
        citation = {
            "type": "url_citation",
            "start_index": event.start - part.base,
            "end_index": max(event.start, min(event.end, part.base + len(part.slot.text()))) - part.base,
            "title": event.title,
            "url": event.url,
        }
        where = {key: part.slot.where[key] for key in ("item_id", "output_index", "content_index")}
        part.wire["annotations"].append(citation)
        index = len(part.wire["annotations"]) - 1
        kind = "response.output_text.annotation.added"
        return [{"type": kind, **where, "annotation_index": index, "annotation": citation}]

    def _probable(self, event: Logprobs) -> list[Told]:
        """They come after their text, and so with a delta of no text. A refusal has no room for them."""
        part = self._part
        if not self.form.logprobs or event.refusal or part is None or part.refusal:
            return []
        told = [_logprob(token) for token in event.tokens]
        part.wire["logprobs"] += told
        return [{"type": part.slot.kind, **part.slot.where, "delta": "", "logprobs": told}]

    # --- reasoning --------------------------------------------------------------------------------

    def _block(self, block: int) -> Thought:
        return self._thoughts.setdefault(block, Thought())

    def _think(self, block: int, text: str) -> list[Told]:
        thought = self._block(block)
        thought.pieces.append(text)
        if not self.form.summary or not text:
            return []
        told: list[Told] = []
        if self._thought is not thought:
            told = self._settle()
            told += self._thought_added(thought)
        if thought.slot is not None:
            thought.slot.pieces.append(text)
            told.append((thought.slot, text))
        return told

    def _thought_added(self, thought: Thought) -> list[Told]:
        """What goes on after something else came between is an item of its own."""
        thought.wire, added = self._add("rs", {"type": "reasoning", "summary": []})
        where = {"item_id": thought.wire["id"], "output_index": added["output_index"], "summary_index": 0}
        thought.slot, self._thought = Slot("response.reasoning_summary_text.delta", where), thought
        part = {"type": "summary_text", "text": ""}
        return [added, {"type": "response.reasoning_summary_part.added", **where, "part": part}]

    def _thought_done(self, thought: Thought, sealed: str | None) -> list[Told]:
        slot, wire = thought.slot, thought.wire
        self._thought = thought.slot = thought.wire = None
        if slot is None or wire is None:
            return []
        text = slot.text()
        part = {"type": "summary_text", "text": text}
        wire["summary"].append(part)
        if sealed is not None:
            wire["encrypted_content"] = sealed
        return [
            {"type": "response.reasoning_summary_text.done", **slot.where, "text": text},
            {"type": "response.reasoning_summary_part.done", **slot.where, "part": dict(part)},
            self._done(wire),
        ]

    def _sealed(self, block: int | None, what: Sealed) -> list[Told]:
        """A signature ends its block. Where that has no item (any more), it gets one without a summary."""
        thought = None if block is None else self._block(block)
        if thought is not None and thought is self._thought and what.kind == "thinking":
            return self._thought_done(thought, seal(what))
        told = self._settle()
        item, added = self._add("rs", {"type": "reasoning", "summary": []})
        item["encrypted_content"] = seal(what)
        return [*told, added, self._done(item)]

    # --- calls and pictures -----------------------------------------------------------------------

    def _call(self, event: ToolCallStarted) -> list[Told]:
        told = self._settle()
        if event.signature is not None:
            told += self._sealed(None, Sealed("call", event.issuer, signature=event.signature, call_id=event.id))
        namespace, name = self.form.spaced.get(event.name, (None, event.name))
        spaced = {} if namespace is None else {"namespace": namespace}
        wire: Wire
        if event.kind == "custom":
            prefix, name_of_text, kind = "ctc", "input", "response.custom_tool_call_input.delta"
            wire = {"type": "custom_tool_call", "call_id": event.id, "name": name, **spaced, "input": ""}
        else:
            prefix, name_of_text, kind = "fc", "arguments", "response.function_call_arguments.delta"
            wire = {"type": "function_call", "status": "in_progress", "call_id": event.id, "name": name}
            wire |= {**spaced, "arguments": ""}
        item, added = self._add(prefix, wire)
        slot = Slot(kind, {"item_id": item["id"], "output_index": added["output_index"]})
        self._calls[event.index] = call = Call(slot, item, name_of_text)
        self._waiting.append(call)
        told.append(added)
        return told

    def _arguments(self, index: int, piece: str) -> Iterable[Told]:
        call = self._calls[index]
        if call.open and piece:
            call.slot.pieces.append(piece)
            return ((call.slot, piece),)
        if piece.strip():
            raise BadAnswer.unreadable("The provider went on with a tool call that was over.")
        return ()

    def _call_done(self, call: Call) -> list[Told]:
        call.open = False
        call.wire[call.field] = text = call.slot.text()
        kind = call.slot.kind.removesuffix(".delta")
        named: Wire = {}
        if call.field == "arguments":
            call.wire["status"], named = "completed", {"name": call.wire["name"]}
        return [{"type": f"{kind}.done", **call.slot.where, **named, call.field: text}, self._done(call.wire)]

    def _picture(self, media_type: str, data: str) -> list[Told]:
        told = self._settle()
        item, added = self._add("ig", {"type": "image_generation_call", "status": "in_progress", "result": None})
        item |= {"status": "completed", "result": data}
        if media_type in _PICTURES:
            item["output_format"] = media_type.removeprefix("image/")
        where = {"item_id": item["id"], "output_index": added["output_index"]}
        return [
            *told,
            added,
            {"type": "response.image_generation_call.in_progress", **where},
            {"type": "response.image_generation_call.completed", **where},
            self._done(item),
        ]


_FIELDS = {"output_text": "text", "refusal": "refusal"}
_PICTURES = ("image/png", "image/webp", "image/jpeg", "image/gif")


def _copy(wire: Wire) -> Wire:
    """As it is now: its lists still grow."""
    return {name: list(value) if isinstance(value, list) else value for name, value in wire.items()}


def _is_json(text: str) -> bool:
    try:
        from_json(text)
    except ValueError:
        return False
    return True


def _logprob(token: TokenLogprob) -> Wire:
    return {
        "token": token.token,
        "bytes": _bytes(token),
        "logprob": token.logprob,
        "top_logprobs": [{"token": t.token, "bytes": _bytes(t), "logprob": t.logprob} for t in token.top],
    }


def _bytes(token: TokenLogprob) -> list[int]:
    return list(token.token.encode() if token.bytes is None else token.bytes)
