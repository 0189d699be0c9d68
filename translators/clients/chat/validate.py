"""Validates a request: a copy of its body that fits the shapes, or a refusal that names every field that is wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import ErrorDetails

from translators.clients.chat.shapes.request import ADAPTER
from translators.clients.shared.findings import Problem, refusal
from translators.clients.shared.validate import anthropics, copied, json_object, path, problem
from translators.errors import BadRequest
from translators.values import immutable

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


@immutable
class ValidRequest:
    """A request that fits the shapes. `fields` is a copy down to every object that has a shape, free to be popped from.
    `moved` are the names of fields that the client wrote inside `extra_body`, and `doubled` those that it wrote inside
    and outside."""

    fields: dict[str, Any]
    moved: frozenset[str]
    doubled: tuple[str, ...]

    def at(self, name: str) -> str:
        """Return where the client wrote a field of the request."""
        return f"extra_body.{name}" if name in self.moved else name


def validate(body: Any) -> ValidRequest:
    """Return the request in the JSON `body`. Raises `BadRequest`."""
    merged, moved, doubled = _merge_extra_body(json_object(body))
    fields, problems = copied(ADAPTER, merged, lambda detail: _problem(detail, moved))
    if not _ELSEWHERE.isdisjoint(merged):
        problems = [*_misplaced(merged, moved), *problems]
    if problems:
        raise refusal(problems)
    return ValidRequest(fields, moved, doubled)


def _problem(detail: ErrorDetails, moved: frozenset[str]) -> Problem:
    plain, place = problem(detail, moved), detail["loc"]
    if detail["type"] == "missing" and place[0] == "tools" and place[2:] == ("<function>", "function"):
        more = " and holds the name and the parameters (POST /v1/responses has them outside)"
        return replace(plain, sentence=plain.sentence + more)
    return plain


def _merge_extra_body(body: dict[str, Any]) -> tuple[dict[str, Any], frozenset[str], tuple[str, ...]]:
    """Spread `extra_body` over the body, as OpenAI's SDK does with its argument of that name before it sends. A
    client that sends it as a field means the same. What stands outside wins."""
    extra = body.get("extra_body")
    if extra is None:
        return body, frozenset(), ()
    if not isinstance(extra, dict):
        raise BadRequest("extra_body must be an object.", param="extra_body", code="invalid_type")
    merged = {name: value for name, value in body.items() if name != "extra_body"}
    moved = frozenset(extra) - frozenset(merged)
    doubled = tuple(name for name in extra if name in merged)
    return {**merged, **{name: extra[name] for name in extra if name in moved}}, moved, doubled


def _misplaced(body: Mapping[str, Any], moved: frozenset[str]) -> Iterator[Problem]:
    for name, instead in _RESPONSES.items():
        if body.get(name) is not None and not anthropics(name, body):
            sentence = f"belongs to POST /v1/responses; {instead}"
            yield Problem(path((name,), moved), sentence, "unknown_parameter")
    for name, sentence in _TEXT_ONLY.items():
        if body.get(name) is not None:
            yield Problem(path((name,), moved), sentence, "unknown_parameter")
