"""Validates a request: a copy of its body that fits the shapes, or a refusal that names every field that is wrong."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from pydantic import Field, TypeAdapter

from translators.clients.shared.findings import Problem, refusal
from translators.clients.shared.shapes.fields import (
    Choices,
    LogitBias,
    ModelName,
    Penalty,
    Seed,
    Stop,
    StreamOptions,
    Temperature,
    Tokens,
    TopP,
)
from translators.clients.shared.shapes.unions import wire
from translators.clients.shared.validate import copied, json_object

_ELSEWHERE = {
    "messages": "belongs to POST /v1/chat/completions; send `prompt`",
    "tools": "belongs to POST /v1/chat/completions; a completion calls no tools",
    "tool_choice": "belongs to POST /v1/chat/completions; a completion calls no tools",
    "functions": "belongs to POST /v1/chat/completions; a completion calls no tools",
    "function_call": "belongs to POST /v1/chat/completions; a completion calls no tools",
    "response_format": "belongs to POST /v1/chat/completions; say in `prompt` how the text must look",
    "web_search_options": "belongs to POST /v1/chat/completions; a completion searches nothing",
    "modalities": "belongs to POST /v1/chat/completions; a completion is text",
    "audio": "belongs to POST /v1/chat/completions; a completion is text",
    "max_completion_tokens": "belongs to POST /v1/chat/completions; send `max_tokens`",
    "top_logprobs": "belongs to POST /v1/chat/completions; send their number in `logprobs`",
    "input": "belongs to POST /v1/responses; send `prompt`",
    "instructions": "belongs to POST /v1/responses; write them into `prompt`",
    "previous_response_id": "belongs to POST /v1/responses; write the earlier text into `prompt`",
    "max_output_tokens": "belongs to POST /v1/responses; send `max_tokens`",
}
"""Fields of other paths whose loss would change what the client gets, and what to do here."""


@wire
class Request(TypedDict):
    """OpenAI's 18 fields, and `top_k`, which other makers' servers know. `prompts` examines the prompt."""

    model: ModelName
    prompt: NotRequired[Any]
    best_of: NotRequired[Choices | None]
    echo: NotRequired[bool | None]
    frequency_penalty: NotRequired[Penalty | None]
    logit_bias: NotRequired[LogitBias | None]
    logprobs: NotRequired[Annotated[int, Field(ge=0, le=5)] | None]
    max_tokens: NotRequired[Tokens | None]
    n: NotRequired[Choices | None]
    presence_penalty: NotRequired[Penalty | None]
    seed: NotRequired[Seed | None]
    stop: NotRequired[Stop | None]
    stream: NotRequired[bool | None]
    stream_options: NotRequired[StreamOptions | None]
    suffix: NotRequired[str | None]
    temperature: NotRequired[Temperature | None]
    top_k: NotRequired[int | None]
    top_p: NotRequired[TopP | None]
    user: NotRequired[str | None]


ADAPTER: TypeAdapter[Request] = TypeAdapter(Request)


def validate(body: Any) -> dict[str, Any]:
    """Return a copy of the JSON `body`, free to be popped from. Raises `BadRequest`."""
    fields, problems = copied(ADAPTER, json_object(body))
    if problems := [*_misplaced(body), *problems]:
        raise refusal(problems)
    return fields


def _misplaced(body: Mapping[str, Any]) -> Iterator[Problem]:
    for name, sentence in _ELSEWHERE.items():
        if body.get(name) is not None:
            yield Problem(name, sentence, "unknown_parameter")
