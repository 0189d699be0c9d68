"""What a provider answers, in our words: the closed set of events that whole answers and streams alike are told in.

Order within an answer: `Started` first; then text, reasoning, refusals, tool calls, annotations as they come;
`UsageReported` any number of times (each overwrites the last); `Finished` exactly once and after everything but
`UsageReported` and `Noted`. An answer without `Finished` is a broken one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from translators.notes import Note

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class Started:
    """The provider began to answer. `id` and `model` are the provider's own."""

    id: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """`block` counts reasoning blocks (redacted ones too) from 0."""

    block: int
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningSigned:
    """The signature of reasoning block `block`, whole. `issuer` is `dialect:model`."""

    block: int
    signature: str
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class ReasoningRedacted:
    block: int
    data: str
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class RefusalDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallStarted:
    """`index` counts tool calls from 0 without a gap, in order of appearance; `name` is the client's own."""

    index: int
    id: str
    name: str
    kind: Literal["function", "custom"] = "function"


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the arguments: JSON text of a function, free text of a custom tool. The pieces of a function
    call without arguments are `{}` together."""

    index: int
    arguments: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """A web citation of the text from character `start` to `end` (code points of the whole text)."""

    start: int
    end: int
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class ForeignBlock:
    """A finished block that only `dialect` understands (a server tool's call or result), to be kept for replay."""

    dialect: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens so far. `input` counts cached ones too and `output` counts reasoning; None is unknown, not zero."""

    input: int
    output: int
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


@dataclass(frozen=True, slots=True)
class UsageReported:
    usage: Usage


@dataclass(frozen=True, slots=True)
class Finished:
    """`native` is the provider's own word for `reason`; `service_tier` is already OpenAI's."""

    reason: FinishReason
    native: str | None = None
    service_tier: str | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """Something in the answer was bent; the exchange keeps the note, a client dialect never sees it."""

    note: Note


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
    | ForeignBlock
    | UsageReported
    | Finished
    | Noted
)
