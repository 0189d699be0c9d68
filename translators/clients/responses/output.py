"""An answer's events -> output items, and the stream events that tell of them as they grow.

Follows openai/types/responses/response_stream_event.py (openai 3.54). Each item is done before the next one begins;
only a call whose arguments are not complete yet is kept open, for a provider that tells several calls at a time.
"""

from collections.abc import Iterable

from translators.clients.responses.calls import Calls
from translators.clients.responses.encrypted_content import EncryptedContent
from translators.clients.responses.form import Form
from translators.clients.responses.messages import Messages
from translators.clients.responses.output_items import Items, Told, Wire
from translators.clients.responses.thinking import Thinking
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
        self._thinking = Thinking(self.items, visible=form.summary)
        self._calls = Calls(self.items, form)

    def on(self, event: Event) -> Iterable[Told]:
        if getattr(event, "choice", 0):  # a response has one answer, and no more is ever asked for
            return ()
        match event:
            case TextDelta(text):
                if (live := self._messages.live) is None:
                    return self._say(text, "output_text")
                return (live.grown(text),) if text else ()
            case ToolCallDelta(index, arguments):
                return self._calls.arguments(index, arguments)
            case ReasoningDelta(block, text):
                return self._think(block, text)
            case RefusalDelta(text):
                return self._say(text, "refusal")
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
        """End the answer. `cut`: before its end, so that the last item is not complete."""
        if cut:
            waiting = list(self._calls.waiting.values())
            self.items.cut = self._messages.open or (waiting[-1].wire if waiting else None)
        return self._settle(all=True)

    def broken(self) -> None:
        """End an answer that failed: what is open stays as it is, and is said to be incomplete."""
        for part in (self._messages, self._thinking, self._calls):
            part.broken()

    def _rare(self, event: Event) -> Iterable[Told]:
        match event:
            case ReasoningSigned(block, signature, issuer):
                thought = self._thinking.block(block)
                what = EncryptedContent("thinking", issuer, text=thought.text(), signature=signature)
                self._thinking.signed(thought)
                return self._thinking.close(what) if self._thinking.open is thought else self._encrypted(what)
            case ReasoningRedacted(_, data, issuer):
                return self._encrypted(EncryptedContent("redacted", issuer, data=data))
            case ForeignBlock(dialect, payload):
                return self._encrypted(EncryptedContent("foreign", dialect, block=dict(payload)))
            case Annotation():
                return self._messages.annotate(event)
            case Logprobs():
                return self._messages.probable(event)
            case ImageMade(media_type, data):
                return self._picture(media_type, data)
            case _:  # an answer's beginning, and what only others hear
                return ()

    def _settle(self, *, all: bool = False) -> list[Told]:
        """End whatever is open, since something else begins. A thought that nobody sees gets its item only now."""
        return [*self._messages.close(all=all), *self._calls.close(all=all), *self._thinking.close()]

    def _say(self, text: str, kind: str) -> list[Told]:
        if not text:
            return []
        told = self._settle() if self._messages.open is None else []
        return told + self._messages.say(text, kind)

    def _think(self, block: int, text: str) -> Iterable[Told]:
        thought = self._thinking.block(block)
        self._thinking.grow(thought, text)
        if not self._thinking.visible or not text:
            return ()
        if thought.slot is not None:
            return (thought.slot.grown(text),)
        told = [*self._settle(), *self._thinking.begin(thought)]
        return [*told, thought.slot.grown(text)] if thought.slot is not None else told

    def _encrypted(self, what: EncryptedContent) -> list[Told]:
        return [*self._settle(), *self._thinking.encrypted(what)]

    def _call(self, event: ToolCallStarted) -> list[Told]:
        told = self._settle()
        if event.signature is not None:
            what = EncryptedContent("call", event.issuer, signature=event.signature, call_id=event.id)
            told += self._thinking.encrypted(what)
        return [*told, self._calls.begin(event)]

    def _picture(self, media_type: str, data: str) -> list[Told]:
        told = self._settle()
        wire: Wire = {"type": "image_generation_call", "status": "in_progress", "result": None}
        item, added = self.items.added("ig", wire)
        item |= {"status": "completed", "result": data}
        if media_type in _PICTURES:
            item["output_format"] = media_type.removeprefix("image/")
        where = {"item_id": item["id"], "output_index": added["output_index"]}
        return [
            *told,
            added,
            {"type": "response.image_generation_call.in_progress", **where},
            {"type": "response.image_generation_call.completed", **where},
            self.items.done(item),
        ]
