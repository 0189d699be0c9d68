"""Makes the deltas of one choice from its events. A stream sends them one by one, a whole answer is their sum.

Follows openai/types/chat/chat_completion_chunk.py (openai 3.54), and what the accumulator of its SDK can take:
`role` once; `id`, `type` and `name` in a call's first delta only; no list in two deltas unless its entries have a
dense `index`. Annotations, images and providers' own blocks are lists that no client shows while they grow: they
come once, at the end. A signed block of reasoning comes when it is over, so that a client which cuts an answer into
turns has it before the text and the calls that it led to. `images` is a convention of OpenRouter and LiteLLM,
`extra_content` Google's own.
"""

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from translators.clients.chat.form import Form
from translators.events import (
    Annotation,
    Finished,
    ForeignBlock,
    ImageMade,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSigned,
    RefusalDelta,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallStarted,
)

Delta = dict[str, Any]

ChoiceEvent = (
    TextDelta
    | ReasoningDelta
    | ReasoningSigned
    | ReasoningRedacted
    | RefusalDelta
    | ToolCallStarted
    | ToolCallDelta
    | Annotation
    | ImageMade
    | ForeignBlock
    | Finished
)


class Deltas:
    """The state of one choice.

    A custom tool's call has no documented form in a stream: `ChoiceDeltaToolCall.type` knows `function` only. It
    has the form of the whole answer, cut the same way: `{"index", "id", "type": "custom", "custom": {"name",
    "input": ""}}`, then `{"index", "custom": {"input": piece}}`. The accumulator of openai 3.54 puts that together.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self.begun = False
        self.answered = False
        """True once something came that may stand alone as an answer: text, a refusal, a call, a picture."""
        self.call_types: list[str] = []
        """`function` or `custom`, by index of the tool call."""
        self.thoughts: dict[int, list[str]] = {}
        """The pieces of reasoning that is not signed yet, by block."""
        self.thinking_blocks = 0
        """The number of `thinking_blocks` so far. Only a signed or a redacted one is of use in the next request."""
        self.annotations: list[Delta] = []
        self.images: list[Delta] = []
        self.blocks: list[tuple[int, ForeignBlock]] = []
        """Each with the number of `thinking_blocks` before it."""
        self.finished: Finished | None = None

    def on(self, event: ChoiceEvent) -> Iterable[Delta]:
        """Return the deltas of one event: `{"content": ...}`, `{"tool_calls": [{"index": ..., ...}]}` and so on."""
        match event:
            case TextDelta(text):
                self.answered = self.answered or text != ""
                return ({"content": text},) if text else ()
            case ToolCallDelta():
                return self._arguments(event)
            case ReasoningDelta(block, text):
                self.thoughts.setdefault(block, []).append(text)
                return ({"reasoning_content": text},) if text and self.form.reasoning else ()
            case RefusalDelta(text):
                self.answered = True
                return ({"refusal": text},)
            case ToolCallStarted():
                return self._call(event)
            case ReasoningSigned(block, signature, issuer):
                thinking = "".join(self.thoughts.pop(block, ()))
                return self._thinking_block({"type": "thinking", "thinking": thinking, "signature": signature}, issuer)
            case ReasoningRedacted(_, data, issuer):
                return self._thinking_block({"type": "redacted_thinking", "data": data}, issuer)
            case _:
                self._store(event)
                return ()

    def open(self) -> Iterable[Delta]:
        """Return the first delta, once."""
        if self.begun:
            return ()
        self.begun = True
        return ({"role": "assistant"},)

    def close(self) -> Iterator[Delta]:
        """Yield what comes before the finish reason. An answer of nothing is the empty text: only calls and refusals
        leave `content` null."""
        yield from self.open()
        if not self.answered:
            yield {"content": ""}
        if self.annotations:
            yield {"annotations": self.annotations}
        if self.images:
            yield {"images": [{"index": index, **image} for index, image in enumerate(self.images)]}
        if self.blocks:
            yield {"provider_content": self._foreign()}

    def ending(self) -> Delta:
        """Return `{"finish_reason"}`; where that is not quite the provider's reason, with its own word in
        `native_finish_reason` (a field of OpenRouter's)."""
        if (finished := self.finished) is None:
            return {"finish_reason": None}
        legacy = self.form.legacy and finished.reason == "tool_calls"
        native = {"native_finish_reason": finished.native} if finished.approximated else {}
        return {"finish_reason": "function_call" if legacy else finished.reason, **native}

    def service_tier(self) -> dict[str, str]:
        tier = self.finished.service_tier if self.finished else None
        return {} if tier is None else {"service_tier": tier}

    def _store(self, event: Annotation | ImageMade | ForeignBlock | Finished) -> None:
        match event:
            case Annotation(start, end, title, url):
                citation = {"start_index": start, "end_index": end, "title": title, "url": url}
                self.annotations.append({"type": "url_citation", "url_citation": citation})
            case ImageMade(media_type, data):
                url = f"data:{media_type};base64,{data}"
                self.images.append({"type": "image_url", "image_url": {"url": url}})
                self.answered = True
            case ForeignBlock():
                self.blocks.append((self.thinking_blocks, event))
            case Finished():
                self.finished = event
            case _:
                assert_never(event)

    def _thinking_block(self, entry: Delta, issuer: str | None) -> Iterable[Delta]:
        index = self.thinking_blocks
        self.thinking_blocks += 1
        return ({"thinking_blocks": [{"index": index, **entry, **({} if issuer is None else {"issuer": issuer})}]},)

    def _foreign(self) -> list[Delta]:
        """Return the provider's own blocks. `after` is there only where reasoning came later: a history has that
        first."""
        return [
            {"index": index, "dialect": block.dialect, "block": dict(block.payload)}
            | ({"after": before} if before < self.thinking_blocks else {})
            for index, (before, block) in enumerate(self.blocks)
        ]

    def _call(self, call: ToolCallStarted) -> Iterable[Delta]:
        self.answered = True
        self.call_types.append(call.kind)
        if self.form.legacy:
            return () if call.index else ({"function_call": {"name": call.name, "arguments": ""}},)
        if call.kind == "custom":
            inner = {"custom": {"name": call.name, "input": ""}}
        else:
            inner = {"function": {"name": call.name, "arguments": ""}}
        entry: Delta = {"index": call.index, "id": call.id, "type": call.kind, **inner}
        if call.signature is not None:
            issuer = {} if call.issuer is None else {"issuer": call.issuer}
            entry["extra_content"] = {"google": {"thought_signature": call.signature, **issuer}}
        return ({"tool_calls": [entry]},)

    def _arguments(self, piece: ToolCallDelta) -> Iterable[Delta]:
        if piece.arguments == "":
            return ()
        if self.form.legacy:
            return () if piece.index else ({"function_call": {"arguments": piece.arguments}},)
        if self.call_types[piece.index] == "custom":
            return ({"tool_calls": [{"index": piece.index, "custom": {"input": piece.arguments}}]},)
        return ({"tool_calls": [{"index": piece.index, "function": {"arguments": piece.arguments}}]},)


def logprobs_object(tokens: Iterable[TokenLogprob] | None, refusal: Iterable[TokenLogprob] | None) -> Delta:
    """Return OpenAI's `ChoiceLogprobs`: `{"content": [...] or None, "refusal": [...] or None}`."""
    return {
        "content": None if tokens is None else [_token(token) for token in tokens],
        "refusal": None if refusal is None else [_token(token) for token in refusal],
    }


def _token(token: TokenLogprob) -> Delta:
    return {**_alternative(token), "top_logprobs": [_alternative(other) for other in token.top]}


def _alternative(token: TokenLogprob) -> Delta:
    utf8 = token.token.encode(errors="replace") if token.bytes is None else token.bytes
    return {"token": token.token, "logprob": token.logprob, "bytes": list(utf8)}
