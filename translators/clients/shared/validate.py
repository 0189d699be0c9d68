"""Validation by pydantic, with errors in words of ours and the paths as the client wrote them."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from translators.clients.shared.findings import Problem, step
from translators.errors import BadRequest

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


def json_object(body: Any) -> dict[str, Any]:
    """Return `body`. Raises `BadRequest` unless it is an object."""
    if not isinstance(body, dict):
        raise BadRequest("The request body must be a JSON object.", code="invalid_type")
    return body


def problem(detail: ErrorDetails, moved: frozenset[str] = frozenset()) -> Problem:
    """Return an error of pydantic's as a problem. `moved` are the names of fields that stood inside `extra_body`."""
    context = detail.get("ctx", {})
    place = (*detail["loc"], context["key"]) if "key" in context else detail["loc"]
    sentence, code = _SENTENCES.get(detail["type"], ("is not valid", "invalid_value"))
    return Problem(path(place, moved), sentence.format_map(context) or detail["msg"], code)


def copied(
    adapter: TypeAdapter[Any], body: dict[str, Any], as_problem: Callable[[ErrorDetails], Problem] = problem
) -> tuple[dict[str, Any], list[Problem]]:
    """Return a copy of `body` down to every object that has a shape, free to be popped from, and the problems in it;
    with problems the copy is empty."""
    try:
        return cast(dict[str, Any], adapter.validate_python(body)), []
    except ValidationError as error:
        return {}, [as_problem(detail) for detail in error.errors(include_url=False, include_input=False)]


def anthropics(name: str, fields: Mapping[str, Any]) -> bool:
    """Return whether the field `name` is not OpenAI's but Anthropic's of that name, which is an object."""
    return name == "context_management" and isinstance(fields.get(name), dict)


def path(place: tuple[int | str, ...], moved: frozenset[str] = frozenset()) -> str:
    """Return the path of a place: `messages[0].content`. Tags of unions and pydantic's `[key]` are no steps. Only
    `metadata` and `logit_bias` have keys of the client."""
    written = "extra_body" if place[0] in moved else ""
    for item in place:
        if isinstance(item, int):
            written += f"[{item}]"
        elif not item.startswith(("<", "[")):
            written = step(written, item)
    return written
