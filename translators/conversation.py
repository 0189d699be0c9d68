"""A client's request, in our words: turns made of parts, tools, options.

Parts are pure values; every one remembers in `at` where the client wrote it (`messages[2].content[0]`), so that
a provider dialect can refuse or note it by the client's own path. The vocabulary is closed: what only two ends
of the same dialect understand travels as `Foreign`, unread.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from translators.notes import NOT_CARRIED, Note
from translators.values import immutable

Role = Literal["system", "developer", "user", "assistant", "tool"]


# --- where media comes from ---------------------------------------------------------------------


@immutable
class Inline:
    """Bytes that came with the request, still in base64 without a `data:` prefix."""

    media_type: str
    data: str


@immutable
class Link:
    url: str


@immutable
class Upload:
    """A file that was uploaded to somebody's Files API; only that somebody can resolve the id."""

    id: str


Source = Inline | Link | Upload


@immutable
class Cache:
    """A prompt-cache breakpoint after this part. `ttl` as the client wrote it (`5m`, `30m`, `1h`, `12h`)."""

    ttl: str | None = None


# --- parts --------------------------------------------------------------------------------------


@immutable
class Text:
    text: str
    at: str = ""
    cache: Cache | None = None


@immutable
class Refusal:
    """The model's words where it refused to answer, earlier in the conversation."""

    text: str
    at: str = ""


@immutable
class Image:
    source: Source
    detail: str | None = None
    at: str = ""
    cache: Cache | None = None


@immutable
class Document:
    """A file handed to the model. A PDF or a text file, inline or uploaded."""

    source: Source
    name: str | None = None
    at: str = ""
    cache: Cache | None = None


@immutable
class Audio:
    data: str
    format: str
    at: str = ""


@immutable
class Reasoning:
    """A reasoning block of an earlier answer. Without `signature` no provider takes it back.

    `issuer` is the `dialect:model` that signed it, where the client kept it.
    """

    text: str
    signature: str | None = None
    issuer: str | None = None
    at: str = ""


@immutable
class RedactedReasoning:
    data: str
    issuer: str | None = None
    at: str = ""


@immutable
class ToolCall:
    """A call that the model made. `arguments` is the JSON text of an object for a function, free text for a
    custom tool, exactly as the client sent it. `signature` came with the call from `issuer` (`dialect:model`, where
    the client kept it) and is wanted back."""

    id: str
    name: str
    arguments: str
    kind: Literal["function", "custom"] = "function"
    at: str = ""
    signature: str | None = None
    issuer: str | None = None
    cache: Cache | None = None


@immutable
class ToolResult:
    call_id: str
    parts: tuple["Part", ...]
    failed: bool = False
    at: str = ""
    cache: Cache | None = None


@immutable
class Foreign:
    """A block that only `dialect` understands (a server tool's call or result), to be replayed to it unread."""

    dialect: str
    payload: Mapping[str, Any]
    at: str = ""


Part = Text | Refusal | Image | Document | Audio | Reasoning | RedactedReasoning | ToolCall | ToolResult | Foreign


@immutable
class Turn:
    """One message as the client sent it: turns are neither merged nor reordered before a provider dialect sees
    them. A turn of role `tool` holds exactly one `ToolResult`. `parts` may be empty."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    at: str = ""


# --- tools --------------------------------------------------------------------------------------


@immutable
class FunctionTool:
    """A tool of the client. `parameters` is a JSON Schema, or None where the client gave none."""

    name: str
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None
    at: str = ""
    cache: Cache | None = None


@immutable
class CustomTool:
    """A tool that takes free text, perhaps bound by a grammar (`syntax` is `lark` or `regex`)."""

    name: str
    description: str | None = None
    syntax: str | None = None
    grammar: str | None = None
    at: str = ""


Tool = FunctionTool | CustomTool


@immutable
class ToolChoice:
    """The choice among tools: `auto`, `none` or `required`, over all tools or (`names`) over some of them. One certain
    tool is `required` with one name and `single`; OpenAI's `allowed_tools` is `auto` or `required` with names."""

    mode: Literal["auto", "none", "required"]
    names: tuple[str, ...] | None = None
    single: bool = False
    at: str = "tool_choice"

    def among(self, tools: tuple[Tool, ...]) -> tuple[Tool, ...]:
        """Return the ones of `tools` that the choice is among."""
        if self.names is None:
            return tools
        names = frozenset(self.names)
        return tuple(tool for tool in tools if tool.name in names)


# --- options ------------------------------------------------------------------------------------


@immutable
class OutputFormat:
    """The format of the answer: `json` (any object) or `schema` (an object that fits `schema`). Plain text is no option
    at all."""

    kind: Literal["json", "schema"]
    schema: Mapping[str, Any] | None = None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


@immutable
class WebSearch:
    """The provider's own search. `size` is low, medium or high; `location` has some of city, country, region, timezone.
    `offered`: the client has tools of its own beside it, and can do without. `allowed` and `blocked` are domains."""

    size: str | None = None
    location: Mapping[str, str] | None = None
    offered: bool = False
    allowed: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()


@immutable
class PromptCache:
    """The wishes for the prompt cache. `mode` is implicit or explicit; `ttl` as in `Cache`."""

    mode: str | None = None
    ttl: str | None = None


OPTIONS = frozenset(
    (
        *("max_tokens", "seed", "n", "top_k", "top_logprobs", "reasoning_budget"),
        *("temperature", "top_p", "frequency_penalty", "presence_penalty"),
        *("stop", "logit_bias", "logprobs", "parallel_tool_calls", "store", "reasoning_visible"),
        *("reasoning_effort", "verbosity", "service_tier", "user", "safety_identifier"),
        *("prompt_cache_key", "prompt_cache_retention", "response_format", "web_search", "prompt_cache"),
        *("metadata", "modalities", "audio", "prediction", "moderation", "thinking"),
    )
)
"""Names that mean something to a provider dialect. A client dialect gives none of them to a field that a client
happened to call by the same name."""


@immutable
class Option:
    """An option of a request: `value` under one of `OPTIONS`; `at` is the path that the client used for it.

    | name | value |
    |---|---|
    | max_tokens, seed, n, top_k, top_logprobs, reasoning_budget | int (`reasoning_budget` in tokens) |
    | temperature, top_p, frequency_penalty, presence_penalty | float |
    | stop | tuple[str, ...] |
    | logit_bias | Mapping[str, int] |
    | logprobs, parallel_tool_calls, store, reasoning_visible | bool (`reasoning_visible`: False hides it) |
    | reasoning_effort | none, minimal, low, medium, high, xhigh or max |
    | verbosity, service_tier, user, safety_identifier, prompt_cache_key, prompt_cache_retention | str |
    | response_format | OutputFormat |
    | web_search | WebSearch |
    | prompt_cache | PromptCache |
    | metadata | Mapping[str, str] |
    | modalities | tuple[str, ...] |
    | audio, prediction, moderation, thinking | the client's JSON object (`thinking` in Anthropic's own words) |

    Any other name is a field that the client dialect does not know, with the value as it came: only a
    provider whose own field it is takes it (Anthropic's `inference_geo`); elsewhere it stays unused and becomes a note.
    """

    value: Any
    at: str


class Knobs:
    """A renderer's working copy of the options: it carries what it `take`s; the `unused` ones become notes."""

    def __init__(self, options: Mapping[str, Option]) -> None:
        self._unused = dict(options)

    def take(self, name: str) -> Any:
        """Return the value under `name`, or None where the client did not set it."""
        option = self._unused.pop(name, None)
        return None if option is None else option.value

    def pop(self, name: str) -> Option | None:
        """Return the same with its path, for a renderer that notes something about it."""
        return self._unused.pop(name, None)

    def unused(self, detail: str = "") -> list[Note]:
        """Return a `dropped` note for every option that nobody took. `detail` is the reason
        for those that mean something here."""
        return [
            Note(
                option.at,
                "dropped",
                old=option.value if isinstance(option.value, int | float) else None,
                detail=detail if name in OPTIONS else NOT_CARRIED,
            )
            for name, option in self._unused.items()
        ]


@immutable
class Conversation:
    """A whole request. `stream` says how the client wants its answer, and is no option of the model's."""

    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    stream: bool = False
