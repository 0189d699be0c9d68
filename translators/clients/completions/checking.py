"""From a parsed JSON body to a checked copy of it, or a refusal that names every field that is wrong."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NotRequired, TypedDict, cast

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from translators.clients.chat.findings import Problem, refusal, step
from translators.clients.chat.shapes.request import Penalty, Stop, StreamOptions, Tokens
from translators.clients.chat.shapes.unions import wire
from translators.errors import BadRequest

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

_SENTENCES = {
    "missing": ("is required", "missing_required_parameter"),
    "string_type": ("must be a string", "invalid_type"),
    "int_type": ("must be an integer", "invalid_type"),
    "float_type": ("must be a number", "invalid_type"),
    "finite_number": ("must be a finite number", "invalid_value"),
    "bool_type": ("must be true or false", "invalid_type"),
    "dict_type": ("must be an object", "invalid_type"),
    "wrong_form": ("", "invalid_type"),
    "greater_than_equal": ("must be at least {ge}", "invalid_value"),
    "less_than_equal": ("must be at most {le}", "invalid_value"),
    "string_too_short": ("must not be empty", "invalid_value"),
    "string_unicode": ("must be valid Unicode", "invalid_value"),
    "too_long": ("must have at most {max_length} entries", "invalid_value"),
}

Count = Annotated[int, Field(ge=1, le=128)]


@wire
class Request(TypedDict):
    """OpenAI's 18 fields, and `top_k`, which other makers' servers know. `prompts` examines the prompt."""

    model: Annotated[str, Field(min_length=1)]
    prompt: NotRequired[Any]
    best_of: NotRequired[Count | None]
    echo: NotRequired[bool | None]
    frequency_penalty: NotRequired[Penalty | None]
    logit_bias: NotRequired[dict[str, Annotated[int, Field(ge=-100, le=100)]] | None]
    logprobs: NotRequired[Annotated[int, Field(ge=0, le=5)] | None]
    max_tokens: NotRequired[Tokens | None]
    n: NotRequired[Count | None]
    presence_penalty: NotRequired[Penalty | None]
    seed: NotRequired[Annotated[int, Field(ge=-(2**63), le=2**63 - 1)] | None]
    stop: NotRequired[Stop | None]
    stream: NotRequired[bool | None]
    stream_options: NotRequired[StreamOptions | None]
    suffix: NotRequired[str | None]
    temperature: NotRequired[Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None]
    top_k: NotRequired[int | None]
    top_p: NotRequired[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None]
    user: NotRequired[str | None]


ADAPTER: TypeAdapter[Request] = TypeAdapter(Request)


def check(body: Any) -> dict[str, Any]:
    """A copy of `body`, free to be popped from. Raises `BadRequest`."""
    if not isinstance(body, dict):
        raise BadRequest("The request body must be a JSON object.", code="invalid_type")
    problems = list(_misplaced(body))
    fields: dict[str, Any] = {}
    try:
        fields = cast(dict[str, Any], ADAPTER.validate_python(body))
    except ValidationError as error:
        problems += [_problem(detail) for detail in error.errors(include_url=False, include_input=False)]
    if problems:
        raise refusal(problems)
    return fields


def _misplaced(body: Mapping[str, Any]) -> Iterator[Problem]:
    for name, sentence in _ELSEWHERE.items():
        if body.get(name) is not None:
            yield Problem(name, sentence, "unknown_parameter")


def _problem(detail: ErrorDetails) -> Problem:
    sentence, code = _SENTENCES.get(detail["type"], ("is not valid", "invalid_value"))
    return Problem(_path(detail["loc"]), sentence.format_map(detail.get("ctx", {})) or detail["msg"], code)


def _path(place: tuple[int | str, ...]) -> str:
    """Tags of unions and pydantic's `[key]` are no steps."""
    path = ""
    for item in place:
        if isinstance(item, int):
            path += f"[{item}]"
        elif not item.startswith(("<", "[")):
            path = step(path, item)
    return path
