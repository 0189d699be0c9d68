"""Makes output items from an answer's events, and the stream events about them as they grow.

Follows openai/types/responses/response_stream_event.py (openai 3.54). Each item is done before the next one begins;
only a call whose arguments are not complete yet stays open, for a provider that sends several calls at a time.
"""

from collections.abc import Iterable

from translators.clients.responses.calls import CallItems
from translators.clients.responses.encrypted_content import EncryptedContent
from translators.clients.responses.form import Form
from translators.clients.responses.messages import Messages
from translators.clients.responses.output_items import Items, StreamEvent, Wire
from translators.clients.responses.thinking import ReasoningItems
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
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)

_PICTURES = ("image/png", "image/webp", "image/jpeg", "image/gif")


class Output:
    """The state of one answer."""

    def __init__(self, form: Form, suffix: str) -> None:
        self.items = Items(suffix)
        self.usage: Usage | None = None
        self.finished: Finished | None = None
        self._messages = Messages(self.items, logprobs=form.logprobs)
        self._thinking = ReasoningItems(self.items, visible=form.summary)
        self._calls = CallItems(self.items, form)

    def on(self, event: Event) -> Iterable[StreamEvent]:
        """Return the stream events of one event: `{"type": "response.output_item.added", ...}` and so on."""
        if getattr(event, "choice", 0):  # a response has one answer, and no more is ever requested
            return ()
        match event:
            case TextDelta(text):
                if (live := self._messages.live) is None:
                    return self._text(text, "output_text")
                return (live.add(text),) if text else ()
            case ToolCallDelta(index, arguments):
                return self._calls.add(index, arguments)
            case ReasoningDelta(block, text):
                return self._think(block, text)
            case RefusalDelta(text):
                return self._text(text, "refusal")
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

    def close(self, *, cut: bool) -> list[StreamEvent]:
        """End the answer. `cut`: before its end, so that the last item is not complete."""
        if cut:
            waiting = list(self._calls.waiting.values())
            self.items.cut = self._messages.open or (waiting[-1].wire if waiting else None)
        return self._settle(all=True)

    def broken(self) -> None:
        """End an answer that failed: what is open stays as it is, and is marked as incomplete."""
        for part in (self._messages, self._thinking, self._calls):
            part.broken()

    def _rare(self, event: Event) -> Iterable[StreamEvent]:
        match event:
            case ReasoningSigned(block, signature, issuer):
                thought = self._thinking.block(block)
                content = EncryptedContent("thinking", issuer, text=thought.text(), signature=signature)
                self._thinking.signed(thought)
                return self._thinking.close(content) if self._thinking.open is thought else self._encrypted(content)
            case ReasoningRedacted(_, data, issuer):
                return self._encrypted(EncryptedContent("redacted", issuer, data=data))
            case ForeignBlock(dialect, payload):
                return self._encrypted(EncryptedContent("foreign", dialect, block=dict(payload)))
            case Annotation():
                return self._messages.annotate(event)
            case Logprobs():
                return self._messages.add_logprobs(event)
            case ImageMade(media_type, data):
                return self._picture(media_type, data)
            case _:  # an answer's beginning, and events that are not for clients
                return ()

    def _settle(self, *, all: bool = False) -> list[StreamEvent]:
        """End the open items, since another one begins. A thought that the client does not see gets its item only
        now."""
        return [*self._messages.close(all=all), *self._calls.close(all=all), *self._thinking.close()]

    def _text(self, text: str, kind: str) -> list[StreamEvent]:
        if not text:
            return []
        events = self._settle() if self._messages.open is None else []
        return events + self._messages.add(text, kind)

    def _think(self, block: int, text: str) -> Iterable[StreamEvent]:
        thought = self._thinking.block(block)
        self._thinking.grow(thought, text)
        if not self._thinking.visible or not text:
            return ()
        if thought.slot is not None:
            return (thought.slot.add(text),)
        events = [*self._settle(), *self._thinking.begin(thought)]
        return [*events, thought.slot.add(text)] if thought.slot is not None else events

    def _encrypted(self, content: EncryptedContent) -> list[StreamEvent]:
        return [*self._settle(), *self._thinking.encrypted(content)]

    def _call(self, event: ToolCallStarted) -> list[StreamEvent]:
        events = self._settle()
        if event.signature is not None:
            content = EncryptedContent("call", event.issuer, signature=event.signature, call_id=event.id)
            events += self._thinking.encrypted(content)
        return [*events, self._calls.begin(event)]

    def _picture(self, media_type: str, data: str) -> list[StreamEvent]:
        events = self._settle()
        wire: Wire = {"type": "image_generation_call", "status": "in_progress", "result": None}
        item, added = self.items.added("ig", wire)
        item |= {"status": "completed", "result": data}
        if media_type in _PICTURES:
            item["output_format"] = media_type.removeprefix("image/")
        where = {"item_id": item["id"], "output_index": added["output_index"]}
        return [
            *events,
            added,
            {"type": "response.image_generation_call.in_progress", **where},
            {"type": "response.image_generation_call.completed", **where},
            self.items.done(item),
        ]
