"""Validates a request: a copy of its body that fits the shapes, or a refusal that names every field that is wrong."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from translators.clients.responses.shapes.request import ADAPTER
from translators.clients.shared.findings import Problem, refusal
from translators.clients.shared.validate import anthropics, copied, json_object

_CHATS = {
    "messages": "send `input`",
    "max_tokens": "send `max_output_tokens`",
    "max_completion_tokens": "send `max_output_tokens`",
    "response_format": "send `text.format`",
    "functions": "send `tools`",
    "function_call": "send `tool_choice`",
    "web_search_options": "send a tool of type web_search",
    "modalities": "Responses are text",
    "audio": "Responses are text",
    "logprobs": "send `top_logprobs`, and message.output_text.logprobs in `include`",
    "n": "a response has one answer",
    "stop": "Responses cannot be told where to stop",
}
"""Fields of POST /v1/chat/completions that Responses lack, where an answer without them would be another one."""

_NOT_STORED = {
    "conversation": "names a conversation, and none is kept here; send the earlier items in input",
    "prompt": "names a prompt template, and none is kept here; send its text in instructions and input",
    "context_management": "is not done here; shorten input yourself",
}
_PLACE = re.compile(r"input\[([0-9]+)\]")


def validate(body: Any, before: int = 0) -> dict[str, Any]:
    """Return a copy of the JSON `body`, free to be popped from. The first `before` items of `input` are not the
    client's own: paths are counted without them. Raises `BadRequest`."""
    fields, problems = copied(ADAPTER, json_object(body))
    problems = [replace(each, path=client_path(each.path, before)) for each in problems]
    misplaced = () if _CHATS.keys().isdisjoint(body) else _misplaced(body)
    if problems := [*misplaced, *_not_stored(body), *problems]:
        raise refusal(problems)
    return fields


def client_path(path: str, before: int) -> str:
    """Return where the client wrote what stands at `path` of the whole input."""
    if not before or (place := _PLACE.match(path)) is None:
        return path
    return item_path(int(place[1]), before) + path[place.end() :]


def item_path(index: int, before: int) -> str:
    """Return the path of an item of the whole input."""
    return f"input[{index - before}]" if index >= before else f"previous_response_id[{index}]"


def _misplaced(body: Mapping[str, Any]) -> Iterator[Problem]:
    for name, instead in _CHATS.items():
        if body.get(name) is not None:
            yield Problem(name, f"belongs to POST /v1/chat/completions; {instead}", "unknown_parameter")


def _not_stored(body: Mapping[str, Any]) -> Iterator[Problem]:
    for name, sentence in _NOT_STORED.items():
        if body.get(name) and not anthropics(name, body):
            yield Problem(name, sentence, "unsupported_parameter")
    if body.get("background") is True:
        yield Problem("background", "must be false: an answer is given while its client waits", "unsupported_parameter")
