"""Makes items of type message from text and refusals, with the annotations and log probabilities of a text."""

from dataclasses import dataclass

from translators.clients.responses.output_items import Items, Slot, StreamEvent, Wire, index_of, snapshot
from translators.events import Annotation, Logprobs, TokenLogprob

_FIELDS = {"output_text": "text", "refusal": "refusal"}


@dataclass(slots=True, eq=False)
class MessagePart:
    """A content part of a message. `base` is the number of characters of the whole text before it."""

    slot: Slot
    wire: Wire
    base: int = 0

    @property
    def end(self) -> int:
        return self.base + len(self.slot.text())

    @property
    def place(self) -> Wire:
        return {key: self.slot.where[key] for key in ("item_id", "output_index", "content_index")}


class Messages:
    """The message items of an answer, of which at most one is `open`. `live` is the text that grows as long
    as nothing else comes."""

    def __init__(self, items: Items, *, logprobs: bool) -> None:
        self.items, self.logprobs = items, logprobs
        self.live: Slot | None = None
        self.open: Wire | None = None
        self._part: MessagePart | None = None
        self._texts: list[MessagePart] = []
        self._early: list[Annotation] = []
        """The annotations of text that is still to come."""

    def add(self, text: str, kind: str) -> list[StreamEvent]:
        """Add text of the `kind` output_text or refusal. Other items must be done."""
        events: list[StreamEvent] = []
        if self.open is None:
            wire = {"type": "message", "status": "in_progress", "role": "assistant", "content": []}
            self.open, event = self.items.added("msg", wire)
            events.append(event)
        part = self._part
        if part is None or part.wire["type"] != kind:
            events += self._part_done()
            part = self._part = self._begun(self.open, kind)
            events.append({"type": "response.content_part.added", **part.place, "part": snapshot(part.wire)})
        self.live = part.slot if kind == "output_text" else None
        events.append(part.slot.add(text))
        return events

    def close(self, *, all: bool = False) -> list[StreamEvent]:
        """End the message. With `all` nothing more comes, and every citation is sent now, if need be with an empty
        text."""
        events: list[StreamEvent] = []
        if all and self._early:
            events += self.add("", "output_text") if not self._texts else []
            late, self._early = self._early, []
            events += [event for each in late for event in self._cited(self._texts[-1], each)]
        if self.open is None:
            return events
        events += self._part_done()
        self.open["status"] = "completed"
        events.append(self.items.done(self.open))
        self.open = None
        return events

    def broken(self) -> None:
        """Mark the open message as incomplete, with what came of it."""
        if self._part is not None:
            self._part.wire[_FIELDS[self._part.wire["type"]]] = self._part.slot.text()
        if self.open is not None:
            self.open["status"] = "incomplete"

    def annotate(self, event: Annotation) -> list[StreamEvent]:
        """Add a citation to its part. Its characters are counted over the whole text, and a part counts its own. A
        citation that comes before its text waits for it."""
        part = next((each for each in reversed(self._texts) if each.base <= event.start), None)
        if part is None or (part is self._part and event.end > part.end):
            self._early.append(event)
            return []
        return self._cited(part, event)

    def _cited(self, part: MessagePart, event: Annotation) -> list[StreamEvent]:
        start = min(max(event.start, part.base), part.end)
        citation = {
            "type": "url_citation",
            "start_index": start - part.base,
            "end_index": max(start, min(event.end, part.end)) - part.base,
            "title": event.title,
            "url": event.url,
        }
        annotations: list[Wire] = part.wire["annotations"]
        annotations.append(citation)
        kind = "response.output_text.annotation.added"
        return [{"type": kind, **part.place, "annotation_index": len(annotations) - 1, "annotation": citation}]

    def add_logprobs(self, event: Logprobs) -> list[StreamEvent]:
        """Add log probabilities. They come after their text, and so with a delta of no text. A refusal has no room for
        them."""
        part = self._part
        if not self.logprobs or event.refusal or part is None or part.wire["type"] == "refusal":
            return []
        logprobs = [_logprob(token) for token in event.tokens]
        part.wire["logprobs"] += logprobs
        return [{"type": part.slot.kind, **part.slot.where, "delta": "", "logprobs": logprobs}]

    def _begun(self, message: Wire, kind: str) -> MessagePart:
        index = len(message["content"])
        where = {"item_id": message["id"], "output_index": index_of(message), "content_index": index}
        if kind == "refusal":
            part = MessagePart(Slot("response.refusal.delta", where), {"type": kind, "refusal": ""})
        else:
            base = self._texts[-1].end if self._texts else 0
            wire = {"type": kind, "annotations": [], "logprobs": [], "text": ""}
            part = MessagePart(Slot("response.output_text.delta", {**where, "logprobs": []}), wire, base)
            self._texts.append(part)
        message["content"].append(part.wire)
        return part

    def _part_done(self) -> list[StreamEvent]:
        part, self._part, self.live = self._part, None, None
        if part is None:
            return []
        kind = part.wire["type"]
        events = self._waited(part) if kind == "output_text" else []
        name = _FIELDS[kind]
        part.wire[name] = part.slot.text()
        probable = {} if kind == "refusal" else {"logprobs": list(part.wire["logprobs"])}
        return [
            *events,
            {"type": f"response.{kind}.done", **part.place, name: part.wire[name], **probable},
            {"type": "response.content_part.done", **part.place, "part": snapshot(part.wire)},
        ]

    def _waited(self, part: MessagePart) -> list[StreamEvent]:
        """Return the citations that waited for this part's text, which is all there now."""
        last = max(part.base, part.end - 1)
        ours = [each for each in self._early if each.start <= last]
        self._early = [each for each in self._early if each.start > last]
        return [event for each in ours for event in self._cited(part, each)]


def _logprob(token: TokenLogprob) -> Wire:
    top = [{"token": each.token, "bytes": _bytes(each), "logprob": each.logprob} for each in token.top]
    return {"token": token.token, "bytes": _bytes(token), "logprob": token.logprob, "top_logprobs": top}


def _bytes(token: TokenLogprob) -> list[int]:
    return list(token.token.encode() if token.bytes is None else token.bytes)
