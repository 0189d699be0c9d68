"""Parses the content of a message or of a call's output into parts. What comes in is a validated copy, and is popped
empty."""

from typing import Any

from translators.clients.shared.findings import Findings
from translators.clients.shared.media import Unusable, from_file_data, located
from translators.clients.shared.parts import AtFault, as_object, audio_part, cache_of, image_part
from translators.conversation import Cache, Document, Image, Part, Refusal, Text, Upload

_BY_OPENAI = "gAAAA"
"""The beginning of OpenAI's encrypted texts."""
_NO_ROOM = "A prompt-cache breakpoint can only stand after text, an image or a document."


def content(value: str | list[dict[str, Any]], path: str, findings: Findings) -> list[Part]:
    """Return the parts of a content, `[{"type": "input_text", "text": ...}, {"type": "input_image", ...}, ...]`: a
    string is one part with the path of the content."""
    if isinstance(value, str):
        return [Text(value, path)] if value else []
    parts: list[Part] = []
    for index, part in enumerate(value):
        at = f"{path}[{index}]"
        try:
            parsed = _part(part, at, findings)
            if parsed is not None:
                parts.append(parsed)
        except AtFault as fault:
            findings.problem(fault.path, fault.sentence)
        findings.unknown(at, part)
    return parts


def _part(part: dict[str, Any], at: str, findings: Findings) -> Part | None:
    cache = cache_of(part, at, findings)
    match part.pop("type"):
        case "input_image":
            return _image(part, at, cache, findings)
        case "input_file":
            return _file(part, at, cache)
        case "refusal":
            parsed: Part = Refusal(part.pop("refusal"), at)
        case "input_audio":
            parsed = audio_part(part.pop("input_audio"), at, findings)
        case "encrypted_content":
            return _encrypted(part, at, findings)
        case _:
            return _text(part, at, cache, findings)
    if cache is not None:
        findings.note(at, "dropped", _NO_ROOM)
    return parsed


def _encrypted(part: dict[str, Any], at: str, findings: Findings) -> Text | None:
    """Return the text; None, with a note, where OpenAI encrypted it. Nobody encrypts it on the way through here."""
    text: str = part.pop("encrypted_content")
    if not text.startswith(_BY_OPENAI):
        return Text(text, at)
    findings.note(at, "dropped", "It was encrypted by OpenAI, which alone can read it.")
    return None


def _text(part: dict[str, Any], at: str, cache: Cache | None, findings: Findings) -> Text:
    """Return a text without the probabilities of its tokens, which say nothing to a model."""
    part.pop("logprobs", None)
    if part.pop("annotations", None):
        findings.unsent(f"{at}.annotations", "Citations of an earlier answer are not sent back to a provider.")
    return Text(part.pop("text"), at, cache)


def _image(part: dict[str, Any], at: str, cache: Cache | None, findings: Findings) -> Part:
    url, upload, detail = (part.pop(name, None) for name in ("image_url", "file_id", "detail"))
    if (url is None) == (upload is None):
        raise AtFault(at, "must have one of image_url and file_id")
    if upload is not None:
        return Image(Upload(upload), None if detail == "auto" else detail, at, cache)
    image = as_object(url)
    parsed = image_part(image.pop("url"), detail or image.pop("detail", None), at, cache)
    findings.unknown(f"{at}.image_url", image)
    return parsed


def _file(part: dict[str, Any], at: str, cache: Cache | None) -> Part:
    data, url, upload, filename = (part.pop(name, None) for name in ("file_data", "file_url", "file_id", "filename"))
    if sum(source is not None for source in (data, url, upload)) != 1:
        raise AtFault(at, "must have one of file_data, file_url and file_id")
    if upload is not None:
        return Document(Upload(upload), filename, at, cache)
    try:
        source = located(url) if data is None else from_file_data(data, filename)
    except Unusable as reason:
        raise AtFault(f"{at}.{'file_url' if data is None else 'file_data'}", reason) from None
    return Document(source, filename, at, cache)
