"""Fields that are the same in requests of several kinds, and the ranges of their values."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, StringConstraints, Tag

from translators.clients.shared.shapes.unions import JsonObject, neither, switch_or_object, text_or_list, wire

Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\s\p{C}]+$")]
"""OpenAI takes 64 of [a-zA-Z0-9_-]; names made from MCP servers have dots and slashes and are longer."""

ModelName = Annotated[str, Field(min_length=1)]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max", "default", "auto"]
"""The last two leave it to the model: Groq's word, and that of many pickers of models."""
Verbosity = Literal["low", "medium", "high"]
Retention = Literal["in_memory", "in-memory", "24h"]
SafetyId = Annotated[str, Field(max_length=128)]
Tokens = Annotated[int, Field(ge=1)]
Choices = Annotated[int, Field(ge=1, le=128)]
Seed = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Temperature = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
TopP = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
TopLogprobs = Annotated[int, Field(ge=0, le=20)]
Penalty = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
LogitBias = dict[str, Annotated[int, Field(ge=-100, le=100)]]
Metadata = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
]
Stop = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[Annotated[list[str], Field(max_length=4)], Tag("<list>")]
    | Annotated[Any, neither("must be a string or a list of strings"), Tag("<neither>")],
    text_or_list,
]


Thinking = Annotated[
    Annotated[bool, Tag("<switch>")]
    | Annotated[JsonObject, Tag("<object>")]
    | Annotated[Any, neither("must be an object"), Tag("<neither>")],
    switch_or_object,
]
"""Anthropic's object, or one of others that has its name, or their switch."""
_OPENAIS_TIERS = Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"]
_OTHERS_TIERS = Literal["on_demand", "performance", "standard", "standard_only", "reserved", "batch"]
Tier = Literal[_OPENAIS_TIERS, _OTHERS_TIERS]


@wire
class StreamOptions(TypedDict):
    include_usage: NotRequired[bool | None]
    include_obfuscation: NotRequired[bool | None]


@wire
class CacheControl(TypedDict):
    """Anthropic's mark of a prompt-cache breakpoint, which many OpenAI clients can send."""

    type: Literal["ephemeral"]
    ttl: NotRequired[Annotated[str, Field(max_length=16)] | None]


@wire
class Breakpoint(TypedDict):
    """OpenAI's mark of a prompt-cache breakpoint."""

    mode: Literal["explicit"]
    ttl: NotRequired[Literal["30m", "12h"] | None]


@wire
class Marked(TypedDict):
    """A part that a prompt-cache breakpoint can stand behind."""

    cache_control: NotRequired[CacheControl | None]
    prompt_cache_breakpoint: NotRequired[Breakpoint | None]


@wire
class InputAudio(TypedDict):
    data: str
    format: Literal["wav", "mp3"]


@wire
class Place(TypedDict):
    city: NotRequired[str | None]
    country: NotRequired[str | None]
    region: NotRequired[str | None]
    timezone: NotRequired[str | None]


@wire
class PromptCacheOptions(TypedDict):
    mode: NotRequired[Literal["implicit", "explicit"] | None]
    ttl: NotRequired[Annotated[str, Field(max_length=16)] | None]
    prewarm: NotRequired[bool | None]


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
