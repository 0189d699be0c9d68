"""Unfolds a whole response into the events that would have brought it, in the documented order.

Reference: https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Payload = dict[str, Any]
_UNFINISHED = ("queued", "in_progress")


def unfolded(response: Mapping[str, Any]) -> Iterator[Payload]:
    """Yield the stream that a whole response would have been: `{"type", "sequence_number", ...}`, numbered from 0. A
    response that is still to come in the background ends without an end."""
    for number, event in enumerate(_events(response)):
        yield {"type": event.pop("type"), "sequence_number": number, **event}


def _events(response: Mapping[str, Any]) -> Iterator[Payload]:
    status = response.get("status")
    nothing: Payload = {"output": [], "usage": None, "error": None, "incomplete_details": None}
    begun = {**response, "status": status if status in _UNFINISHED else "in_progress", **nothing}
    yield {"type": "response.created", "response": begun}
    yield {"type": f"response.{begun['status']}", "response": begun}
    if status in _UNFINISHED:
        return
    for index, item in _objects(response.get("output")):
        yield from _item(index, item)
    kind = "response.incomplete" if status == "incomplete" else "response.completed"
    yield {"type": kind, "response": dict(response)}


def _item(index: int, item: Payload) -> Iterator[Payload]:
    at = {"item_id": item.get("id"), "output_index": index}
    begun = item
    between: Iterator[Payload] = iter(())
    match item:
        case {"type": "message", "content": list(parts)}:
            begun = {**item, "status": "in_progress", "content": []}
            between = _parts(parts, at)
        case {"type": "reasoning"}:
            begun = {key: value for key, value in item.items() if key not in ("content", "encrypted_content")}
            begun["summary"] = []
            between = _reasoning(item, at)
        case {"type": "function_call", "arguments": str(arguments)}:
            begun = {**item, "status": "in_progress", "arguments": ""}
            named = {"name": item.get("name"), "arguments": arguments}
            between = _pieces("function_call_arguments", arguments, named, at)
        case {"type": "custom_tool_call", "input": str(text)}:
            begun = {**item, "input": ""}
            between = _pieces("custom_tool_call_input", text, {"input": text}, at)
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    yield from between
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _pieces(name: str, text: str, done: Payload, at: Payload) -> Iterator[Payload]:
    if text:
        yield {"type": f"response.{name}.delta", **at, "delta": text}
    yield {"type": f"response.{name}.done", **at, **done}


def _parts(parts: list[Any], at: Payload) -> Iterator[Payload]:
    for index, part in _objects(parts):
        here = {**at, "content_index": index}
        begun = part
        between: Iterator[Payload] = iter(())
        match part:
            case {"type": "output_text", "text": str(text)}:
                begun = {**part, "text": "", "annotations": [], "logprobs": []}
                between = _text(part, text, here)
            case {"type": "refusal", "refusal": str(text)}:
                begun = {**part, "refusal": ""}
                between = _pieces("refusal", text, {"refusal": text}, here)
        yield {"type": "response.content_part.added", **here, "part": begun}
        yield from between
        yield {"type": "response.content_part.done", **here, "part": part}


def _text(part: Payload, text: str, here: Payload) -> Iterator[Payload]:
    logprobs = part.get("logprobs") or []
    if text:
        yield {"type": "response.output_text.delta", **here, "delta": text, "logprobs": logprobs}
    for index, annotation in _objects(part.get("annotations")):
        added = "response.output_text.annotation.added"
        yield {"type": added, **here, "annotation_index": index, "annotation": annotation}
    yield {"type": "response.output_text.done", **here, "text": text, "logprobs": logprobs}


def _reasoning(item: Payload, at: Payload) -> Iterator[Payload]:
    for index, part in _objects(item.get("summary")):
        here, text = {**at, "summary_index": index}, _words(part)
        yield {"type": "response.reasoning_summary_part.added", **here, "part": {**part, "text": ""}}
        yield from _pieces("reasoning_summary_text", text, {"text": text}, here)
        yield {"type": "response.reasoning_summary_part.done", **here, "part": part}
    for index, part in _objects(item.get("content")):
        here, text = {**at, "content_index": index}, _words(part)
        yield {"type": "response.content_part.added", **here, "part": {**part, "text": ""}}
        yield from _pieces("reasoning_text", text, {"text": text}, here)
        yield {"type": "response.content_part.done", **here, "part": part}


def _objects(entries: Any) -> Iterator[tuple[int, Payload]]:
    """Yield each object of a list with its place. A provider's other values go on in the whole response alone."""
    for place, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield place, entry


def _words(part: Payload) -> str:
    text = part.get("text")
    return text if isinstance(text, str) else ""
