"""From a parsed JSON body to a checked copy of it, or a refusal that names every field that is wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from translators.clients.chat.findings import Problem, refusal, step
from translators.clients.chat.shapes.request import ADAPTER
from translators.errors import BadRequest

_RESPONSES = {
    "input": "send `messages`",
    "instructions": "send a message of role `developer`",
    "previous_response_id": "send the earlier messages in `messages`",
    "conversation": "send the earlier messages in `messages`",
    "max_output_tokens": "send `max_completion_tokens`",
    "text": "send `response_format` and `verbosity`",
    "include": "send `logprobs` for log probabilities; nothing else can be included",
    "truncation": "shorten `messages` yourself",
    "background": "there is no such thing in a chat",
    "context_management": "there is no such thing in a chat",
    "max_tool_calls": "count the calls yourself, since your code makes them",
}
"""Fields of POST /v1/responses that chat completions lack, and what to do in a chat."""

_TEXT_ONLY = {"prompt": "belongs to POST /v1/completions (text) or POST /v1/responses (a template); send `messages`"}

_ELSEWHERE = frozenset(_RESPONSES) | frozenset(_TEXT_ONLY)

_SENTENCES = {
    "missing": ("is required", "missing_required_parameter"),
    "string_type": ("must be a string", "invalid_type"),
    "int_type": ("must be an integer", "invalid_type"),
    "int_from_float": ("must be an integer", "invalid_type"),
    "float_type": ("must be a number", "invalid_type"),
    "finite_number": ("must be a finite number", "invalid_value"),
    "bool_type": ("must be true or false", "invalid_type"),
    "list_type": ("must be a list", "invalid_type"),
    "dict_type": ("must be an object", "invalid_type"),
    "wrong_form": ("", "invalid_type"),
    "unknown_kind": ("", "invalid_value"),
    "literal_error": ("must be {expected}", "invalid_value"),
    "greater_than_equal": ("must be at least {ge}", "invalid_value"),
    "less_than_equal": ("must be at most {le}", "invalid_value"),
    "string_too_short": ("must not be empty", "invalid_value"),
    "string_too_long": ("must have at most {max_length} characters", "invalid_value"),
    "string_pattern_mismatch": ("must have neither spaces nor control characters", "invalid_value"),
    "string_unicode": ("must be valid Unicode", "invalid_value"),
    "too_short": ("must not be empty", "invalid_value"),
    "too_long": ("must have at most {max_length} entries", "invalid_value"),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """`fields` is a copy down to every object that has a shape, free to be popped from. `moved` are the names of
    fields that the client wrote inside `extra_body`, and `doubled` those that it wrote inside and outside."""

    fields: dict[str, Any]
    moved: frozenset[str]
    doubled: tuple[str, ...]

    def at(self, name: str) -> str:
        """Where the client wrote a field of the request."""
        return f"extra_body.{name}" if name in self.moved else name


def check(body: Any) -> Checked:
    if not isinstance(body, dict):
        raise BadRequest("The request body must be a JSON object.", code="invalid_type")
    opened, moved, doubled = _open_extra_body(body)
    problems = [] if _ELSEWHERE.isdisjoint(opened) else list(_misplaced(opened, moved))
    try:
        fields = ADAPTER.validate_python(opened)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        problems += [problem(detail, moved) for detail in details]
    if problems:
        raise refusal(problems)
    return Checked(cast(dict[str, Any], fields), moved, doubled)


def _open_extra_body(body: dict[str, Any]) -> tuple[dict[str, Any], frozenset[str], tuple[str, ...]]:
    """`extra_body` is an argument of OpenAI's SDK, which spreads it over the body before it sends. Who sends it
    as a field means the same; what stands outside it wins."""
    extra = body.get("extra_body")
    if extra is None:
        return body, frozenset(), ()
    if not isinstance(extra, dict):
        raise BadRequest("extra_body must be an object.", param="extra_body", code="invalid_type")
    opened = {name: value for name, value in body.items() if name != "extra_body"}
    moved = frozenset(extra) - frozenset(opened)
    doubled = tuple(name for name in extra if name in opened)
    return {**opened, **{name: extra[name] for name in extra if name in moved}}, moved, doubled


def _misplaced(body: Mapping[str, Any], moved: frozenset[str]) -> Iterator[Problem]:
    for name, instead in _RESPONSES.items():
        if body.get(name) is not None:
            sentence = f"belongs to POST /v1/responses; {instead}"
            yield Problem(_path((name,), moved), sentence, "unknown_parameter")
    for name, sentence in _TEXT_ONLY.items():
        if body.get(name) is not None:
            yield Problem(_path((name,), moved), sentence, "unknown_parameter")


def problem(detail: ErrorDetails, moved: frozenset[str] = frozenset()) -> Problem:
    """What pydantic has against a body, told as the client wrote it."""
    context = detail.get("ctx", {})
    place = (*detail["loc"], context["key"]) if "key" in context else detail["loc"]
    sentence, code = _SENTENCES.get(detail["type"], ("is not valid", "invalid_value"))
    if detail["type"] == "missing" and place[0] == "tools" and place[2:] == ("<function>", "function"):
        sentence += " and holds the name and the parameters (POST /v1/responses has them outside)"
    return Problem(_path(place, moved), sentence.format_map(context) or detail["msg"], code)


def _path(place: tuple[int | str, ...], moved: frozenset[str]) -> str:
    """Tags of unions and pydantic's `[key]` are no steps. Only `metadata` and `logit_bias` have keys of the client."""
    path = "extra_body" if place[0] in moved else ""
    for item in place:
        if isinstance(item, int):
            path += f"[{item}]"
        elif not item.startswith(("<", "[")):
            path = step(path, item)
    return path
