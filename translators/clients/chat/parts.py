"""Parses the content of a message into parts. What comes in is a validated copy, and is popped empty."""

from dataclasses import replace
from typing import Any

from translators.clients.shared.findings import Findings
from translators.clients.shared.media import Unusable, from_file_data
from translators.clients.shared.parts import AtFault, as_object, audio_part, cache_of, image_part
from translators.conversation import Audio, Cache, Document, Image, Part, Refusal, Text, ToolCall, Upload

_NO_ROOM = "A prompt-cache breakpoint can only stand after text, an image, a document, a call or a tool's result."


def content(value: Any, at: str, findings: Findings, field: str = "content") -> list[Part]:
    """Return the parts of a content, `[{"type": "text", "text": ...}, {"type": "image_url", ...}, ...]`: a string is
    one part with the path of the content; null is none."""
    path = f"{at}.{field}"
    if value is None:
        return []
    if isinstance(value, str):
        return [Text(value, path)]
    parts: list[Part] = []
    for index, part in enumerate(value):
        try:
            parts.append(_part(part, f"{path}[{index}]", findings))
        except AtFault as fault:
            findings.problem(fault.path, fault.sentence)
    return parts


def cached(parts: list[Part], cache: Cache | None, at: str, findings: Findings) -> None:
    """Put the mark on a whole message behind its last part."""
    if cache is None:
        return
    last = parts[-1] if parts else None
    if not isinstance(last, Text | Image | Document | ToolCall):
        findings.note(f"{at}.cache_control", "dropped", _NO_ROOM)
    elif last.cache is None:
        parts[-1] = replace(last, cache=cache)


def _part(part: dict[str, Any], at: str, findings: Findings) -> Part:
    kind = part.pop("type")
    cache = cache_of(part, at, findings) if len(part) > 1 else None
    match kind:
        case "text":
            parsed: Part = Text(part.pop("text"), at, cache)
        case "image_url":
            image = as_object(part.pop("image_url"))
            parsed = image_part(image.pop("url"), image.pop("detail", None), at, cache)
            findings.unknown(f"{at}.image_url", image)
        case "file":
            parsed = _file(part.pop("file"), at, cache, findings)
        case "input_audio":
            parsed = audio_part(part.pop("input_audio"), at, findings)
        case _:
            parsed = Refusal(part.pop("refusal"), at)
    if cache is not None and isinstance(parsed, Audio | Refusal):
        findings.note(at, "dropped", _NO_ROOM)
    if part:
        findings.unknown(at, part)
    return parsed


def _file(file: dict[str, Any], at: str, cache: Cache | None, findings: Findings) -> Part:
    path = f"{at}.file"
    data, upload, filename = (file.pop(name, None) for name in ("file_data", "file_id", "filename"))
    findings.unknown(path, file)
    if (data is None) == (upload is None):
        raise AtFault(path, "must have one of file_data and file_id")
    if upload is not None:
        return Document(Upload(upload), filename, at, cache)
    try:
        return Document(from_file_data(data, filename), filename, at, cache)
    except Unusable as reason:
        raise AtFault(f"{path}.file_data", reason) from None
