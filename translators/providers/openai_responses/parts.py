"""Parts of a message or of a tool's result as content (`input_text`, `input_image`, `input_file`).

Reference: https://platform.openai.com/docs/api-reference/responses/create (`input`).
"""

from collections.abc import Iterable
from typing import Any

from translators.conversation import Audio, Cache, Document, Image, Inline, Link, Part, Refusal, Text, Upload
from translators.errors import BadRequest
from translators.notes import Note

Content = dict[str, Any]
_TTLS = {"5m": "30m", "1h": "12h"}
"""Lifetimes that only Anthropic knows, and the next longer ones."""
_EXTENSIONS = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "text/markdown": "md",
    "text/csv": "csv",
    "text/html": "html",
    "application/json": "json",
}


def contents(parts: Iterable[Part], notes: list[Note]) -> list[Content]:
    """Return the content of a user's, a system's or a tool's parts, such as `{"type": "input_text", "text": ...}`.
    Raises `BadRequest`."""
    return [content for part in parts if (content := _content(part, notes)) is not None]


def breakpoint(cache: Cache, at: str, notes: list[Note]) -> Content:
    """Return `prompt_cache_breakpoint`, `{"mode": "explicit", "ttl": ...}`."""
    ttl = _TTLS.get(cache.ttl or "", cache.ttl)
    if ttl != cache.ttl:
        notes.append(Note(at, "approximated", cache.ttl, ttl, "The next longer lifetime of a cached prompt."))
    return {"mode": "explicit"} | ({} if ttl is None else {"ttl": ttl})


def _content(part: Part, notes: list[Note]) -> Content | None:
    match part:
        case Text(text, at, cache):
            if not text:
                if cache is not None:
                    notes.append(Note(at, "dropped", detail="An empty text cannot end a cached prompt."))
                return None
            content: Content = {"type": "input_text", "text": text}
        case Refusal(text):
            return {"type": "input_text", "text": text}
        case Image(source, detail, at, cache):
            content = {"type": "input_image", "detail": detail or "auto", **_image(source)}
        case Document(source, name, at, cache):
            content = {"type": "input_file", **_file(source, name, at, notes)}
        case Audio(at=at):
            message = "The Responses API does not take audio."
            raise BadRequest(message, param=at or None, code="unsupported_content")
        case _:
            raise BadRequest("This cannot stand in such a message.", param=part.at or None)
    if cache is not None:
        content["prompt_cache_breakpoint"] = breakpoint(cache, at, notes)
    return content


def _image(source: Inline | Link | Upload) -> Content:
    match source:
        case Inline():
            return {"image_url": _data_url(source)}
        case Link(url):
            return {"image_url": url}
        case Upload(id):
            return {"file_id": id}


def _file(source: Inline | Link | Upload, name: str | None, at: str, notes: list[Note]) -> Content:
    if isinstance(source, Inline):
        extension = _EXTENSIONS.get(source.media_type.partition(";")[0], "bin")
        if not name:
            notes.append(Note(at, "defaulted", None, f"file.{extension}", "A file needs a name."))
        return {"filename": name or f"file.{extension}", "file_data": _data_url(source)}
    if name:
        notes.append(Note(at, "dropped", detail="A file that is linked or was uploaded has its own name."))
    return {"file_url": source.url} if isinstance(source, Link) else {"file_id": source.id}


def _data_url(source: Inline) -> str:
    return f"data:{source.media_type};base64,{source.data}"
