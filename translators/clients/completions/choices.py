"""Makes pieces of choices from an answer's events. A stream sends them one by one, a whole answer is their sum.

Follows openai/types/completion_choice.py (openai 3.54). This API has no words for tools and reasoning, and none for a
refusal but the reason `content_filter`: the rest of those is left out.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, assert_never

from translators.clients.completions.form import Form
from translators.events import (
    Annotation,
    Event,
    Finished,
    ForeignBlock,
    ImageMade,
    Logprobs,
    Noted,
    PassedThrough,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSigned,
    RefusalDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)

Reason = Literal["stop", "length", "content_filter"]


class Piece(NamedTuple):
    """A piece of one choice: some text, the log probabilities of some tokens, or the end."""

    choice: int
    text: str = ""
    logprobs: dict[str, Any] | None = None
    ending: dict[str, Any] | None = None
    """The fields of the last chunk: `finish_reason`, and where that is not quite the provider's reason,
    `native_finish_reason`."""


class Choices:
    """The state of one answer: which choices have begun, which were refused, how long the texts of their tokens are."""

    def __init__(self, form: Form) -> None:
        self.usage: Usage | None = None
        self._form = form
        self._begun: set[int] = set()
        self._refused: set[int] = set()
        self._offsets: dict[int, int] = {}

    def on(self, event: Event) -> Sequence[Piece]:
        match event:
            case TextDelta(text, choice):
                return self._pieces(Piece(choice, text)) if text else ()
            case Logprobs(tokens, refusal, choice):
                return () if refusal or not tokens else self._pieces(Piece(choice, logprobs=self._logprobs(event)))
            case Finished():
                return self._pieces(Piece(event.choice, ending=self._ending(event)))
            case RefusalDelta(choice=choice):
                self._refused.add(choice)
            case UsageReported(usage):
                self.usage = usage
            case (
                Started()
                | ReasoningDelta()
                | ReasoningSigned()
                | ReasoningRedacted()
                | ToolCallStarted()
                | ToolCallDelta()
                | Annotation()
                | ImageMade()
                | ForeignBlock()
                | Noted()
                | PassedThrough()
            ):
                pass
            case _:
                assert_never(event)
        return ()

    def _pieces(self, piece: Piece) -> Sequence[Piece]:
        """Return the piece, and before the first of a choice its prompt, if it is echoed."""
        if piece.choice in self._begun:
            return (piece,)
        self._begun.add(piece.choice)
        prompt = self._form.echoed(piece.choice)
        return (Piece(piece.choice, prompt), piece) if prompt else (piece,)

    def _ending(self, finished: Finished) -> dict[str, Any]:
        reason: Reason = "length" if finished.reason == "length" else "stop"
        if finished.choice in self._refused or finished.reason == "content_filter":
            reason = "content_filter"
        native = {"native_finish_reason": finished.native} if finished.approximated else {}
        return {"finish_reason": reason, **native}

    def _logprobs(self, event: Logprobs) -> dict[str, Any]:
        """Return `{"tokens": [...], "token_logprobs": [...], "top_logprobs": [{...}], "text_offset": [...]}`. The
        chosen token is always among the likely ones, as at OpenAI."""
        logprobs: dict[str, Any] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
        offset = self._offsets.get(event.choice, 0)
        for token in event.tokens:
            likely: dict[str, float] = {}
            for each in (*token.top, token):
                likely.setdefault(_name(each), each.logprob)
            logprobs["tokens"].append(_name(token))
            logprobs["token_logprobs"].append(token.logprob)
            logprobs["top_logprobs"].append(likely)
            logprobs["text_offset"].append(offset)
            offset += _length(token)
        self._offsets[event.choice] = offset
        return logprobs


def _name(token: TokenLogprob) -> str:
    r"""Return the token's text; of one that is a part of a character its bytes, in OpenAI's form `bytes:\xe2\x80`."""
    if token.bytes is None:
        return token.token
    try:
        return bytes(token.bytes).decode()
    except ValueError:
        return "bytes:" + "".join([f"\\x{byte & 255:02x}" for byte in token.bytes])


def _length(token: TokenLogprob) -> int:
    """Return the number of characters that begin in the token."""
    if token.bytes is None:
        return len(token.token)
    return sum(byte & 0xC0 != 0x80 for byte in token.bytes)
