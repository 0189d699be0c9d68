"""The whole body: OpenAI's fields; what other makers add goes through unread."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, Tag, TypeAdapter

from translators.clients.responses.shapes.formats import TextConfig
from translators.clients.responses.shapes.items import Item
from translators.clients.responses.shapes.tools import Tool, ToolChoice
from translators.clients.shared.shapes.fields import (
    Effort,
    Metadata,
    ModelName,
    Moderation,
    PromptCacheOptions,
    Retention,
    SafetyId,
    Temperature,
    Thinking,
    Tier,
    Tokens,
    TopLogprobs,
    TopP,
)
from translators.clients.shared.shapes.unions import (
    JsonObject,
    list_or_object,
    neither,
    text_or_list,
    text_or_object,
    wire,
)


@wire
class StreamOptions(TypedDict):
    include_obfuscation: NotRequired[bool | None]


Summary = Literal["auto", "concise", "detailed"]


@wire
class ReasoningOptions(TypedDict):
    effort: NotRequired[Effort | None]
    summary: NotRequired[Summary | None]
    generate_summary: NotRequired[Summary | None]
    # not OpenAI's, but OpenRouter's
    enabled: NotRequired[bool | None]
    max_tokens: NotRequired[Tokens | None]
    exclude: NotRequired[bool | None]


Input = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[list[Item], Tag("<list>")]
    | Annotated[Any, neither("must be a string or a list of items"), Tag("<neither>")],
    text_or_list,
]
ContextManagement = Annotated[
    Annotated[list[JsonObject], Tag("<list>")]
    | Annotated[JsonObject, Tag("<object>")]
    | Annotated[Any, neither("must be a list, or Anthropic's object"), Tag("<neither>")],
    list_or_object,
]
ConversationId = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[JsonObject, Tag("<object>")]
    | Annotated[Any, neither("must be a string or an object"), Tag("<neither>")],
    text_or_object,
]


@wire
class Request(TypedDict):
    model: ModelName
    input: Input
    background: NotRequired[bool | None]
    context_management: NotRequired[ContextManagement | None]
    conversation: NotRequired[ConversationId | None]
    include: NotRequired[list[str] | None]
    instructions: NotRequired[str | None]
    max_output_tokens: NotRequired[Tokens | None]
    max_tool_calls: NotRequired[Annotated[int, Field(ge=1)] | None]
    metadata: NotRequired[Metadata | None]
    moderation: NotRequired[Moderation | None]
    parallel_tool_calls: NotRequired[bool | None]
    previous_response_id: NotRequired[Annotated[str, Field(min_length=1)] | None]
    prompt: NotRequired[JsonObject | None]
    prompt_cache_key: NotRequired[str | None]
    prompt_cache_options: NotRequired[PromptCacheOptions | None]
    prompt_cache_retention: NotRequired[Retention | None]
    reasoning: NotRequired[ReasoningOptions | None]
    safety_identifier: NotRequired[SafetyId | None]
    service_tier: NotRequired[Tier | None]
    store: NotRequired[bool | None]
    stream: NotRequired[bool | None]
    stream_options: NotRequired[StreamOptions | None]
    temperature: NotRequired[Temperature | None]
    text: NotRequired[TextConfig | None]
    tool_choice: NotRequired[ToolChoice | None]
    tools: NotRequired[list[Tool] | None]
    top_logprobs: NotRequired[TopLogprobs | None]
    top_p: NotRequired[TopP | None]
    truncation: NotRequired[Literal["auto", "disabled"] | None]
    user: NotRequired[str | None]
    # not OpenAI's
    thinking: NotRequired[Thinking | None]


ADAPTER: TypeAdapter[Request] = TypeAdapter(Request)
