"""Messages of the six roles, with what clients give back of a reasoning model's earlier answers."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, Tag

from translators.clients.chat.shapes.content import (
    ImageUrl,
    PlainContent,
    ReturnedContent,
    SaidContent,
    ShownContent,
)
from translators.clients.shared.shapes.fields import Marked
from translators.clients.shared.shapes.unions import JsonObject, by, none_of, wire

Id = Annotated[str, Field(min_length=1)]


@wire
class CalledFunction(TypedDict):
    name: str
    arguments: str


@wire
class CalledCustom(TypedDict):
    name: str
    input: str


@wire
class GoogleExtra(TypedDict):
    """Google's way to hand a Gemini's thought signature through a chat; `issuer` is ours."""

    thought_signature: NotRequired[str | None]
    issuer: NotRequired[str | None]


@wire
class ExtraContent(TypedDict):
    google: NotRequired[GoogleExtra | None]


@wire
class FunctionCall(Marked):
    """A call of a function. `type` may be missing and `index` there: so it looks where a client put a stream together
    by hand."""

    id: Id
    type: NotRequired[Literal["function"] | None]
    function: CalledFunction
    index: NotRequired[int | None]
    extra_content: NotRequired[ExtraContent | None]


@wire
class CustomCall(Marked):
    id: Id
    type: Literal["custom"]
    custom: CalledCustom
    index: NotRequired[int | None]
    extra_content: NotRequired[ExtraContent | None]


_CALLS = {"function": "<function>", "custom": "<custom>"}
Call = Annotated[
    Annotated[FunctionCall, Tag("<function>")]
    | Annotated[CustomCall, Tag("<custom>")]
    | Annotated[Any, none_of("type", _CALLS), Tag("<unknown>")],
    by("type", _CALLS, absent="<function>"),
]


@wire
class SignedThinking(TypedDict):
    """LiteLLM's way to hand a Claude's reasoning through a chat; `issuer` is ours."""

    type: Literal["thinking"]
    thinking: str
    signature: NotRequired[str | None]
    issuer: NotRequired[str | None]
    index: NotRequired[int | None]


@wire
class RedactedThinking(TypedDict):
    type: Literal["redacted_thinking"]
    data: str
    issuer: NotRequired[str | None]
    index: NotRequired[int | None]


_THOUGHTS = {"thinking": "<thinking>", "redacted_thinking": "<redacted>"}
ThinkingBlock = Annotated[
    Annotated[SignedThinking, Tag("<thinking>")]
    | Annotated[RedactedThinking, Tag("<redacted>")]
    | Annotated[Any, none_of("type", _THOUGHTS), Tag("<unknown>")],
    by("type", _THOUGHTS),
]


@wire
class ProviderBlock(TypedDict):
    """A block of an answer that only the provider's own dialect understands (a field of ours). `after` is how many of
    the `thinking_blocks` came before it; without it, all of them."""

    dialect: Id
    block: JsonObject
    after: NotRequired[Annotated[int, Field(ge=0)] | None]
    index: NotRequired[int | None]


@wire
class SpokenAudio(TypedDict):
    id: str


@wire
class SystemMessage(Marked):
    role: Literal["system", "developer"]
    content: PlainContent
    name: NotRequired[str | None]


@wire
class UserMessage(Marked):
    role: Literal["user"]
    content: ShownContent
    name: NotRequired[str | None]


@wire
class MadeImage(TypedDict):
    """A picture that a model made, as OpenRouter and LiteLLM show it."""

    type: Literal["image_url"]
    image_url: ImageUrl
    index: NotRequired[int | None]


@wire
class AssistantMessage(Marked):
    role: Literal["assistant"]
    content: NotRequired[SaidContent | None]
    refusal: NotRequired[str | None]
    audio: NotRequired[SpokenAudio | None]
    name: NotRequired[str | None]
    tool_calls: NotRequired[list[Call] | None]
    function_call: NotRequired[CalledFunction | None]
    annotations: NotRequired[list[Any] | None]
    reasoning_content: NotRequired[str | None]
    reasoning: NotRequired[str | None]
    thinking_blocks: NotRequired[list[ThinkingBlock] | None]
    provider_content: NotRequired[list[ProviderBlock] | None]
    images: NotRequired[list[MadeImage] | None]


@wire
class ToolMessage(Marked):
    role: Literal["tool"]
    tool_call_id: Id
    content: ReturnedContent
    name: NotRequired[str | None]


@wire
class FunctionMessage(Marked):
    role: Literal["function"]
    name: str
    content: str | None


_ROLES = {
    "system": "<system>",
    "developer": "<system>",
    "user": "<user>",
    "assistant": "<assistant>",
    "tool": "<tool>",
    "function": "<function>",
}
Message = Annotated[
    Annotated[SystemMessage, Tag("<system>")]
    | Annotated[UserMessage, Tag("<user>")]
    | Annotated[AssistantMessage, Tag("<assistant>")]
    | Annotated[ToolMessage, Tag("<tool>")]
    | Annotated[FunctionMessage, Tag("<function>")]
    | Annotated[Any, none_of("role", _ROLES), Tag("<unknown>")],
    by("role", _ROLES),
]
