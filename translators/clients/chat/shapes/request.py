"""The whole body: OpenAI's 37 fields, and those of other makers that chat clients send."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, Tag, TypeAdapter

from translators.clients.chat.shapes.content import PlainContent
from translators.clients.chat.shapes.messages import Message
from translators.clients.chat.shapes.tools import Function, FunctionCallChoice, Tool, ToolChoice
from translators.clients.shared.shapes.fields import (
    Choices,
    Effort,
    LogitBias,
    Metadata,
    ModelName,
    Moderation,
    Name,
    Penalty,
    Place,
    PromptCacheOptions,
    Retention,
    SafetyId,
    Seed,
    Stop,
    StreamOptions,
    Temperature,
    Thinking,
    Tier,
    Tokens,
    TopLogprobs,
    TopP,
    Verbosity,
)
from translators.clients.shared.shapes.unions import JsonObject, by, none_of, wire


@wire
class JsonSchema(TypedDict):
    name: Name
    description: NotRequired[str | None]
    schema: NotRequired[JsonObject | None]
    strict: NotRequired[bool | None]


@wire
class PlainFormat(TypedDict):
    type: Literal["text", "json_object"]


@wire
class SchemaFormat(TypedDict):
    type: Literal["json_schema"]
    json_schema: JsonSchema


_FORMATS = {"text": "<plain>", "json_object": "<plain>", "json_schema": "<schema>"}
ResponseFormat = Annotated[
    Annotated[PlainFormat, Tag("<plain>")]
    | Annotated[SchemaFormat, Tag("<schema>")]
    | Annotated[Any, none_of("type", _FORMATS), Tag("<unknown>")],
    by("type", _FORMATS),
]


@wire
class UserLocation(TypedDict):
    type: Literal["approximate"]
    approximate: Place


@wire
class WebSearchOptions(TypedDict):
    search_context_size: NotRequired[Literal["low", "medium", "high"] | None]
    user_location: NotRequired[UserLocation | None]


@wire
class AudioOutput(TypedDict):
    """The wish for an answer as speech. `voice` is a name or the id of one's own voice."""

    format: str
    voice: Any


@wire
class Prediction(TypedDict):
    type: Literal["content"]
    content: PlainContent


@wire
class ReasoningOptions(TypedDict):
    """OpenRouter's object of that name."""

    effort: NotRequired[Effort | None]
    enabled: NotRequired[bool | None]
    max_tokens: NotRequired[Tokens | None]
    exclude: NotRequired[bool | None]


@wire
class Request(TypedDict):
    model: ModelName
    messages: Annotated[list[Message], Field(min_length=1)]
    audio: NotRequired[AudioOutput | None]
    frequency_penalty: NotRequired[Penalty | None]
    function_call: NotRequired[FunctionCallChoice | None]
    functions: NotRequired[list[Function] | None]
    logit_bias: NotRequired[LogitBias | None]
    logprobs: NotRequired[bool | None]
    max_completion_tokens: NotRequired[Tokens | None]
    max_tokens: NotRequired[Tokens | None]
    metadata: NotRequired[Metadata | None]
    modalities: NotRequired[list[Literal["text", "audio"]] | None]
    moderation: NotRequired[Moderation | None]
    n: NotRequired[Choices | None]
    parallel_tool_calls: NotRequired[bool | None]
    prediction: NotRequired[Prediction | None]
    presence_penalty: NotRequired[Penalty | None]
    prompt_cache_key: NotRequired[str | None]
    prompt_cache_options: NotRequired[PromptCacheOptions | None]
    prompt_cache_retention: NotRequired[Retention | None]
    reasoning_effort: NotRequired[Effort | None]
    response_format: NotRequired[ResponseFormat | None]
    safety_identifier: NotRequired[SafetyId | None]
    seed: NotRequired[Seed | None]
    service_tier: NotRequired[Tier | None]
    stop: NotRequired[Stop | None]
    store: NotRequired[bool | None]
    stream: NotRequired[bool | None]
    stream_options: NotRequired[StreamOptions | None]
    temperature: NotRequired[Temperature | None]
    tool_choice: NotRequired[ToolChoice | None]
    tools: NotRequired[list[Tool] | None]
    top_logprobs: NotRequired[TopLogprobs | None]
    top_p: NotRequired[TopP | None]
    user: NotRequired[str | None]
    verbosity: NotRequired[Verbosity | None]
    web_search_options: NotRequired[WebSearchOptions | None]
    # not OpenAI's
    reasoning: NotRequired[ReasoningOptions | None]
    thinking: NotRequired[Thinking | None]
    top_k: NotRequired[int | None]


ADAPTER: TypeAdapter[Request] = TypeAdapter(Request)
