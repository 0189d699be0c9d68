"""A provider's answer, in our words: the closed set of events that whole answers and streams alike become.

Order within an answer: `Started` first, and once more where id and model come late; then text, reasoning, refusals,
tool calls, annotations as they come; `UsageReported` any number of times (each overwrites the last); for each choice
`Finished` exactly once and after everything else of that choice. An answer without `Finished` is a broken one.

`choice` counts the alternatives of one answer from 0, as OpenAI's `choices[].index`. Whatever is counted (`index` of
tool calls, `block` of reasoning) is counted within its choice.
"""

import sys
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal, NamedTuple

from translators.notes import Note
from translators.values import immutable

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


MOST_TOKENS = 10**12
"""More tokens than any answer has: such a count is none."""


@immutable
class Usage:
    """The tokens so far. `input` counts cached ones too and `output` counts reasoning; None is unknown, not zero."""

    input: int
    output: int
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None

    @property
    def possible(self) -> bool:
        """Return whether an answer can have so many tokens: what a provider says may be anything."""
        return (
            0 <= self.input <= MOST_TOKENS
            and 0 <= self.output <= MOST_TOKENS
            and 0 <= (self.cache_read or 0) <= MOST_TOKENS
            and 0 <= (self.cache_write or 0) <= MOST_TOKENS
            and 0 <= (self.reasoning or 0) <= MOST_TOKENS
        )


@immutable
class Started:
    """The provider began to answer. `id` and `model` are the provider's own. `usage` is known by then, for those
    who watch an answer that breaks off; a client gets what is reported."""

    id: str | None = None
    model: str | None = None
    usage: Usage | None = field(default=None, compare=False)


@immutable
class TextDelta:
    text: str
    choice: int = 0


@immutable
class ReasoningDelta:
    """A piece of reasoning. `block` counts reasoning blocks (redacted ones too) from 0."""

    block: int
    text: str
    choice: int = 0


@immutable
class ReasoningSigned:
    """The signature of reasoning block `block`, whole. `issuer` is `dialect:model`."""

    block: int
    signature: str
    issuer: str | None = None
    choice: int = 0


@immutable
class ReasoningRedacted:
    block: int
    data: str
    issuer: str | None = None
    choice: int = 0


@immutable
class RefusalDelta:
    text: str
    choice: int = 0


@immutable
class ToolCallStarted:
    """The beginning of a tool call. `index` counts tool calls from 0 without a gap, in order of appearance; `name` is
    the client's own. `signature` is what the provider wants back with the call (Gemini's thought signature), `issuer`
    who signed it."""

    index: int
    id: str
    name: str
    kind: Literal["function", "custom"] = "function"
    signature: str | None = None
    issuer: str | None = None
    choice: int = 0


@immutable
class ToolCallDelta:
    """A piece of the arguments: JSON text of a function, free text of a custom tool. The pieces of a function
    call without arguments are `{}` together."""

    index: int
    arguments: str
    choice: int = 0


@immutable
class Annotation:
    """A web citation of the text from character `start` to `end` (code points of the whole text)."""

    start: int
    end: int
    title: str
    url: str
    choice: int = 0


@immutable
class ImageMade:
    """A picture that the model made, whole: `data` in base64 without a `data:` prefix."""

    media_type: str
    data: str
    choice: int = 0


_LARGEST = sys.float_info.max


def log_probability(number: float) -> float:
    """Return the `number`, of whatever size it came, as a float that JSON can say."""
    return float(max(-_LARGEST, min(_LARGEST, number)))


class TokenLogprob(NamedTuple):
    """One token and the natural logarithm of its probability; `top` are the likeliest ones at its place. `bytes` are
    its UTF-8, where that is not text."""

    token: str
    logprob: float
    top: tuple["TokenLogprob", ...] = ()
    bytes: tuple[int, ...] | None = None


@immutable
class Logprobs:
    """The log probabilities of the tokens that came just now, of the text or (`refusal`) of the refusal."""

    tokens: tuple[TokenLogprob, ...]
    refusal: bool = False
    choice: int = 0


@immutable
class ForeignBlock:
    """A finished block that only `dialect` understands (a server tool's call or result), which a client may send
    back."""

    dialect: str
    payload: Mapping[str, Any]
    choice: int = 0


@immutable
class UsageReported:
    usage: Usage


@immutable
class Finished:
    """The end of a choice. `native` is the provider's own word for `reason`, None where it gave none; `service_tier` is
    already OpenAI's. `approximated`: OpenAI has no word for `native`, so that the client gets that, too. (It follows
    from `native`, so that two ends that differ in it alone are equal.)"""

    reason: FinishReason
    native: str | None = None
    service_tier: str | None = None
    choice: int = 0
    approximated: bool = field(default=False, compare=False)


@immutable
class Noted:
    """A note on something in the answer that was bent; the exchange keeps it, a client dialect never sees it."""

    note: Note


@immutable
class PassedThrough:
    """One payload (or a whole answer) in the words of a client that speaks its provider's dialect. Only the
    machines in `passthrough/` emit it, and only the writers there take it. `begins`: it has nothing of the answer, and
    no payload before it had (`{"delta": {"role": "assistant"}}`, `response.created`, a heartbeat, an error, the end of
    an answer that says nothing)."""

    payload: Mapping[str, Any]
    begins: bool = field(default=False, compare=False)


Event = (
    Started
    | TextDelta
    | ReasoningDelta
    | ReasoningSigned
    | ReasoningRedacted
    | RefusalDelta
    | ToolCallStarted
    | ToolCallDelta
    | Annotation
    | ImageMade
    | Logprobs
    | ForeignBlock
    | UsageReported
    | Finished
    | Noted
    | PassedThrough
)
