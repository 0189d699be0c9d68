"""The whole body: OpenAI's 37 fields, and those of other makers that chat clients send."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, Tag, TypeAdapter

from translators.clients.chat.shapes.content import PlainContent
from translators.clients.chat.shapes.messages import Message
from translators.clients.chat.shapes.tools import Function, FunctionCallChoice, Name, Tool, ToolChoice
from translators.clients.chat.shapes.unions import JsonObject, by, neither, none_of, text_or_list, wire

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Penalty = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=1)]


@wire
class StreamOptions(TypedDict):
    include_usage: NotRequired[bool | None]
    include_obfuscation: NotRequired[bool | None]


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

Stop = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[Annotated[list[str], Field(max_length=4)], Tag("<list>")]
    | Annotated[Any, neither("must be a string or a list of strings"), Tag("<neither>")],
    text_or_list,
]


@wire
class Place(TypedDict):
    city: NotRequired[str | None]
    country: NotRequired[str | None]
    region: NotRequired[str | None]
    timezone: NotRequired[str | None]


@wire
class UserLocation(TypedDict):
    type: Literal["approximate"]
    approximate: Place


@wire
class WebSearchOptions(TypedDict):
    search_context_size: NotRequired[Literal["low", "medium", "high"] | None]
    user_location: NotRequired[UserLocation | None]


@wire
class PromptCacheOptions(TypedDict):
    mode: NotRequired[Literal["implicit", "explicit"] | None]
    ttl: NotRequired[Annotated[str, Field(max_length=16)] | None]


@wire
class AudioOutput(TypedDict):
    """`voice` is a name or the id of one's own voice."""

    format: str
    voice: Any


@wire
class Prediction(TypedDict):
    type: Literal["content"]
    content: PlainContent


@wire
class ModerationMode(TypedDict):
    mode: Literal["score", "block"]


@wire
class ModerationPolicy(TypedDict):
    input: NotRequired[ModerationMode | None]
    output: NotRequired[ModerationMode | None]


@wire
class Moderation(TypedDict):
    model: str
    policy: NotRequired[ModerationPolicy | None]


@wire
class Reasoning(TypedDict):
    """OpenRouter's."""

    effort: NotRequired[Effort | None]
    max_tokens: NotRequired[Tokens | None]
    exclude: NotRequired[bool | None]


Metadata = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
]


@wire
class Request(TypedDict):
    model: Annotated[str, Field(min_length=1)]
    messages: Annotated[list[Message], Field(min_length=1)]
    audio: NotRequired[AudioOutput | None]
    frequency_penalty: NotRequired[Penalty | None]
    function_call: NotRequired[FunctionCallChoice | None]
    functions: NotRequired[list[Function] | None]
    logit_bias: NotRequired[dict[str, Annotated[int, Field(ge=-100, le=100)]] | None]
    logprobs: NotRequired[bool | None]
    max_completion_tokens: NotRequired[Tokens | None]
    max_tokens: NotRequired[Tokens | None]
    metadata: NotRequired[Metadata | None]
    modalities: NotRequired[list[Literal["text", "audio"]] | None]
    moderation: NotRequired[Moderation | None]
    n: NotRequired[Annotated[int, Field(ge=1, le=128)] | None]
    parallel_tool_calls: NotRequired[bool | None]
    prediction: NotRequired[Prediction | None]
    presence_penalty: NotRequired[Penalty | None]
    prompt_cache_key: NotRequired[str | None]
    prompt_cache_options: NotRequired[PromptCacheOptions | None]
    prompt_cache_retention: NotRequired[Literal["in_memory", "in-memory", "24h"] | None]
    reasoning_effort: NotRequired[Effort | None]
    response_format: NotRequired[ResponseFormat | None]
    safety_identifier: NotRequired[Annotated[str, Field(max_length=128)] | None]
    seed: NotRequired[Annotated[int, Field(ge=-(2**63), le=2**63 - 1)] | None]
    service_tier: NotRequired[Literal["auto", "default", "flex", "scale", "priority", "fast"] | None]
    stop: NotRequired[Stop | None]
    store: NotRequired[bool | None]
    stream: NotRequired[bool | None]
    stream_options: NotRequired[StreamOptions | None]
    temperature: NotRequired[Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None]
    tool_choice: NotRequired[ToolChoice | None]
    tools: NotRequired[list[Tool] | None]
    top_logprobs: NotRequired[Annotated[int, Field(ge=0, le=20)] | None]
    top_p: NotRequired[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None]
    user: NotRequired[str | None]
    verbosity: NotRequired[Literal["low", "medium", "high"] | None]
    web_search_options: NotRequired[WebSearchOptions | None]
    # not OpenAI's
    reasoning: NotRequired[Reasoning | None]
    thinking: NotRequired[JsonObject | None]
    top_k: NotRequired[int | None]


ADAPTER: TypeAdapter[Request] = TypeAdapter(Request)
