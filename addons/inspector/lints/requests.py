"""Rules for requests: the history that is sent to a provider or comes from a client."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from addons.inspector.lints.finding import BLOCKS, Finding, is_json_object
from addons.inspector.prompt_parts import FAMILIES, Part, prompt_parts
from addons.inspector.reading import objects, within

RequestRule = Callable[[str, Mapping[str, Any], Sequence[Part]], Iterator[Finding]]
_ALTERNATE: Mapping[str, str] = {"anthropic": "messages", "bedrock": "messages", "gemini": "contents"}
"""The dialects whose providers want turns of the user and the model in turn, and where the turns are."""
_STRICT = ("anthropic", "bedrock")
"""The dialects whose providers refuse empty texts, and results that do not follow their calls."""


def _calls_have_results(family: str, body: Mapping[str, Any], parts: Sequence[Part]) -> Iterator[Finding]:
    """Every call has a result, unless it is in the last message."""
    results = {part.id for part in parts if part.kind == "result"}
    last = max((part.message for part in parts if part.message is not None), default=None)
    if family == "responses":
        last = _last_calls(parts)
    for part in parts:
        if part.kind == "call" and part.id is not None and part.id not in results and (part.message or 0) < (last or 0):
            yield Finding("The call has no result.", path=part.path)


def _last_calls(parts: Sequence[Part]) -> int | None:
    """Return the place of the first of the items of the model that end a history."""
    last = None
    for part in reversed(parts):
        if part.kind not in ("call", "reasoning") and part.role != "assistant":
            break
        last = part.message
    return last if last is not None else max((part.message or 0 for part in parts), default=0)


def _results_have_calls(family: str, body: Mapping[str, Any], parts: Sequence[Part]) -> Iterator[Finding]:
    """Every result follows the call that it is of."""
    if body.get("previous_response_id") or body.get("conversation"):
        return
    called = set[str | None]()
    for part in parts:
        if part.kind == "call":
            called |= {part.id, part.name}
        elif part.kind == "result" and (part.id or part.name) not in called:
            yield Finding("No call before this result has its id.", path=part.path)
        elif part.kind == "other" and part.id is not None:
            called.add(part.id)


def _arguments(family: str, body: Mapping[str, Any], parts: Sequence[Part]) -> Iterator[Finding]:
    """The arguments of calls are JSON objects."""
    for part in parts:
        custom = "custom" in part.value if isinstance(part.value, Mapping) else False
        free = within(part.value, "type") in ("custom_tool_call", "custom")
        if part.kind == "call" and not custom and not free and not is_json_object(part.text):
            yield Finding("The arguments are not a JSON object.", path=part.path)


def _alternate(family: str, body: Mapping[str, Any], parts: Sequence[Part]) -> Iterator[Finding]:
    """The user and the model speak in turn, the user first."""
    field = _ALTERNATE[family]
    turns = [(at, turn.get("role") or "user") for at, turn in objects(body.get(field))]
    if turns and turns[0][1] != "user":
        yield Finding("The first turn is not the user's.", path=f"{field}[0]")
    for role, run in groupby(turns, key=lambda turn: turn[1]):
        for at, _ in list(run)[1:]:
            yield Finding(f"Another turn of the {role} follows one.", path=f"{field}[{at}]")


def _results_follow(family: str, body: Mapping[str, Any], parts: Sequence[Part]) -> Iterator[Finding]:
    """The results stand in the message right after the one with their calls."""
    places = {part.id: part.message for part in parts if part.kind == "call"}
    for part in parts:
        if part.kind == "result" and part.id in places and part.message != (places[part.id] or 0) + 1:
            yield Finding("The result does not stand right after the message with its call.", path=part.path)


def _blocks(family: str, body: Mapping[str, Any], parts: Sequence[Part]) -> Iterator[Finding]:
    """No message and, where the provider refuses it, no text is empty."""
    field = "contents" if family == "gemini" else "messages"
    for at, turn in objects(body.get(field)):
        content = turn.get("parts" if family == "gemini" else "content")
        if content in (None, []) and not _says_otherwise(turn):
            yield Finding("The message is empty.", path=f"{field}[{at}]")
    for part in parts:
        if family in _STRICT and part.kind in ("text", "system") and not part.text.strip():
            yield Finding("The text is empty, which this provider refuses.", path=part.path)


def _says_otherwise(turn: Mapping[str, Any]) -> bool:
    names = ("tool_calls", "function_call", "refusal", "audio", "thinking", "reasoning_content", "thinking_blocks")
    return any(turn.get(name) for name in (*names, "images")) or turn.get("role") in ("tool", "function")


def _tools(family: str, body: Mapping[str, Any], parts: Sequence[Part]) -> Iterator[Finding]:
    """No two tools have the same name."""
    seen = set[str]()
    for part in parts:
        if part.kind == "tool" and part.name is not None:
            if part.name in seen:
                yield Finding("Another tool has this name.", path=part.path)
            seen.add(part.name)


RULES: Mapping[str, RequestRule] = {
    "calls have results": _calls_have_results,
    "results have calls": _results_have_calls,
    "arguments in the history are JSON": _arguments,
    "roles alternate": _alternate,
    "results follow their calls": _results_follow,
    f"{BLOCKS} in the request": _blocks,
    "tools have their own names": _tools,
}
_ONLY: Mapping[str, Collection[str]] = {
    "roles alternate": _ALTERNATE,
    "results follow their calls": _STRICT,
}
"""The dialects in which a rule means something, where that is not all."""


def judged(family: str, body: Any) -> Iterator[tuple[str, list[Finding]]]:
    """Yield every rule that means something in a dialect, and what breaks it."""
    if not isinstance(body, Mapping) or family not in FAMILIES:
        return
    parts = prompt_parts(family, body)
    for name, rule in RULES.items():
        if family in _ONLY.get(name, (family,)):
            yield name, list(rule(family, body, parts))
