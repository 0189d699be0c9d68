"""Tool calls of an exchange: each call with its result over the turns, and how the arguments of new ones grew."""

from collections.abc import Mapping, Sequence
from typing import Any

from addons.inspector import reading
from addons.inspector.answer_blocks import Block, answer_blocks
from addons.inspector.lints.finding import is_json_object
from addons.inspector.prompt_parts import Part, prompt_parts
from addons.inspector.reading import LEGS, Detail, Leg, within


def tool_calls(detail: Detail) -> list[dict[str, Any]]:
    """Return the calls of both legs, those of the history first:

    `[{"leg": "client", "path": "messages[1].tool_calls[0]", "id": "call_1", "name": "look", "arguments": "{}",
    "valid": true, "grown": [], "event": null, "result": {"path": "messages[2].content", "text": "...", "bytes": 12} |
    null}]`. One that the answer brings has `path` null, the `event` with which it began (null in a whole answer) and
    `grown`, its pieces: `[{"event": 4, "text": "{\\"ci"}]`. A result without a call has no `path`.
    """
    return [call for leg in LEGS for call in (*_history(detail, leg), *_new(detail, leg))]


def _history(detail: Detail, leg: Leg) -> list[dict[str, Any]]:
    parts = prompt_parts(reading.family(detail, leg), reading.body(detail, leg))
    results, pairs = [part for part in parts if part.kind == "result"], list[dict[str, Any]]()
    for call in (part for part in parts if part.kind == "call"):
        result = _result_of(call, results)
        if result is not None:
            results.remove(result)
        pairs.append(_line(leg, call.id, call.name, call.text, call.path, result, _is_free(call)))
    return pairs + [_line(leg, orphan.id, orphan.name, "", None, orphan, True) for orphan in results]


def _result_of(call: Part, results: Sequence[Part]) -> Part | None:
    """Return the first result after a call that is its own: by id or, where the dialect has none, by name."""
    later = [result for result in results if (result.message or 0) > (call.message or 0)]
    if call.id is not None and (own := [result for result in later if result.id == call.id]):
        return own[0]
    return next((result for result in later if result.id is None and result.name == call.name), None)


def _is_free(call: Part) -> bool:
    """Return whether the arguments are a text of any form."""
    value = call.value if isinstance(call.value, Mapping) else {}
    return "custom" in value or within(value, "type") == "custom_tool_call"


def _new(detail: Detail, leg: Leg) -> list[dict[str, Any]]:
    return [_grown(leg, block) for block in answer_blocks(detail, leg) if block.kind == "call"]


def _grown(leg: Leg, block: Block) -> dict[str, Any]:
    line = _line(leg, block.id, block.name, block.text, None, None, block.custom)
    if block.first is not None:
        line["grown"] = [{"event": event, "text": text} for event, text in block.grown]
    return {**line, "event": block.first}


def _line(
    leg: Leg, id: str | None, name: str | None, arguments: str, path: str | None, result: Part | None, free: bool
) -> dict[str, Any]:
    return {
        "leg": leg,
        "path": path,
        "id": id,
        "name": name,
        "arguments": arguments,
        "valid": free or is_json_object(arguments),
        "grown": [],
        "event": None,
        "result": result
        and {"path": result.path, "text": result.text, "bytes": len(result.text.encode("utf-8", "replace"))},
    }
