"""Parts of a turn as content parts (openai/types/chat/chat_completion_content_part_param.py)."""

from typing import Any

from translators.conversation import Audio, Cache, Document, Image, Inline, Link, Part, Refusal, Text, Upload
from translators.errors import BadRequest

_NAMES = {"application/pdf": "file.pdf", "text/plain": "file.txt", "text/markdown": "file.md", "text/csv": "file.csv"}


def only_text(part: Part) -> dict[str, Any]:
    """Return a text as a content part (`{"type": "text", "text": ...}`). Raises `BadRequest` for any other part."""
    if isinstance(part, Text | Refusal):
        return content_part(part)
    raise BadRequest("Only text can stand here.", param=part.at or None)


def content_part(part: Part) -> dict[str, Any]:
    """Return a part of a user's message, such as `{"type": "image_url", "image_url": {"url": ...}}`. Raises
    `BadRequest` for what such a message cannot hold."""
    match part:
        case Text():
            return _marked({"type": "text", "text": part.text}, part.cache)
        case Refusal():
            return {"type": "text", "text": part.text}
        case Image():
            detail = {} if part.detail is None else {"detail": part.detail}
            return _marked({"type": "image_url", "image_url": {"url": _image_url(part), **detail}}, part.cache)
        case Document():
            return _marked({"type": "file", "file": _file(part)}, part.cache)
        case Audio():
            return {"type": "input_audio", "input_audio": {"data": part.data, "format": part.format}}
        case _:
            raise BadRequest("This cannot stand in a message of the user's.", param=part.at or None)


def _image_url(part: Image) -> str:
    match part.source:
        case Inline(media_type, data):
            return f"data:{media_type};base64,{data}"
        case Link(url):
            return url
        case Upload():
            why = "Chat completions take images as data or links, not by the id of a file."
            raise BadRequest(why, param=part.at or None, code="unsupported_content")


def _file(part: Document) -> dict[str, Any]:
    """Return `file`: OpenAI wants a name beside data, by whose ending it knows the type."""
    match part.source:
        case Inline(media_type, data):
            name = part.name or _NAMES.get(media_type.partition(";")[0], "file")
            return {"filename": name, "file_data": f"data:{media_type};base64,{data}"}
        case Link(url):
            return {"filename": part.name or url.partition("?")[0].rpartition("/")[2] or "file", "file_data": url}
        case Upload(id):
            return {"file_id": id} if part.name is None else {"file_id": id, "filename": part.name}


def _marked(written: dict[str, Any], cache: Cache | None) -> dict[str, Any]:
    if cache is not None:
        ttl = {} if cache.ttl is None else {"ttl": cache.ttl}
        written["prompt_cache_breakpoint"] = {"mode": "explicit", **ttl}
    return written
