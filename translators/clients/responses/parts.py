"""Content of a message or of a call's output -> parts. What comes in is a checked copy, and is popped empty."""

from typing import Any

from translators.clients.chat.findings import Findings
from translators.clients.chat.media import Unusable, base64, from_file_data, located
from translators.clients.chat.parts import cache_of
from translators.conversation import Audio, Cache, Document, Image, Inline, Part, Refusal, Text, Upload

_BY_OPENAI = "gAAAA"
"""How its encrypted texts begin."""
_NO_ROOM = "A prompt-cache breakpoint can only stand after text, an image or a document."


def content(value: str | list[dict[str, Any]], path: str, findings: Findings) -> list[Part]:
    """A string is one part with the path of the content."""
    if isinstance(value, str):
        return [Text(value, path)] if value else []
    parts: list[Part] = []
    for index, part in enumerate(value):
        at = f"{path}[{index}]"
        try:
            if (read := _part(part, at, findings)) is not None:
                parts.append(read)
        except _AtFault as fault:
            findings.problem(fault.path, fault.sentence)
        findings.unknown(at, part)
    return parts


class _AtFault(Exception):
    def __init__(self, path: str, sentence: object) -> None:
        self.path, self.sentence = path, str(sentence)


def _part(part: dict[str, Any], at: str, findings: Findings) -> Part | None:
    cache = cache_of(part, at, findings)
    match part.pop("type"):
        case "input_image":
            return _image(part, at, cache)
        case "input_file":
            return _file(part, at, cache)
        case "refusal":
            read: Part = Refusal(part.pop("refusal"), at)
        case "input_audio":
            read = _audio(part, at, findings)
        case "encrypted_content":
            return _encrypted(part, at, findings)
        case _:
            return _text(part, at, cache, findings)
    if cache is not None:
        findings.note(at, "dropped", _NO_ROOM)
    return read


def _encrypted(part: dict[str, Any], at: str, findings: Findings) -> Text | None:
    """Nobody encrypts it on the way through here."""
    text: str = part.pop("encrypted_content")
    if not text.startswith(_BY_OPENAI):
        return Text(text, at)
    findings.note(at, "dropped", "It was encrypted by OpenAI, which alone can read it.")
    return None


def _text(part: dict[str, Any], at: str, cache: Cache | None, findings: Findings) -> Text:
    """Probabilities of what was said say nothing to a model."""
    part.pop("logprobs", None)
    if part.pop("annotations", None):
        findings.note(f"{at}.annotations", "dropped", "Citations of an earlier answer are not sent back to a provider.")
    return Text(part.pop("text"), at, cache)


def _image(part: dict[str, Any], at: str, cache: Cache | None) -> Part:
    url, upload, detail = (part.pop(name, None) for name in ("image_url", "file_id", "detail"))
    if (url is None) == (upload is None):
        raise _AtFault(at, "must have one of image_url and file_id")
    detail = None if detail == "auto" else detail
    if upload is not None:
        return Image(Upload(upload), detail, at, cache)
    path = f"{at}.image_url"
    try:
        source = located(url)
    except Unusable as reason:
        raise _AtFault(path, reason) from None
    if not isinstance(source, Inline) or source.media_type.startswith("image/"):
        return Image(source, detail, at, cache)
    if source.media_type == "application/pdf" or source.media_type.startswith("text/"):
        return Document(source, None, at, cache)
    raise _AtFault(path, "must carry an image, a PDF or text")


def _file(part: dict[str, Any], at: str, cache: Cache | None) -> Part:
    data, url, upload, filename = (part.pop(name, None) for name in ("file_data", "file_url", "file_id", "filename"))
    if sum(source is not None for source in (data, url, upload)) != 1:
        raise _AtFault(at, "must have one of file_data, file_url and file_id")
    if upload is not None:
        return Document(Upload(upload), filename, at, cache)
    try:
        source = located(url) if data is None else from_file_data(data, filename)
    except Unusable as reason:
        raise _AtFault(f"{at}.{'file_url' if data is None else 'file_data'}", reason) from None
    return Document(source, filename, at, cache)


def _audio(part: dict[str, Any], at: str, findings: Findings) -> Part:
    audio, path = part.pop("input_audio"), f"{at}.input_audio"
    try:
        read = Audio(base64(audio.pop("data")), audio.pop("format"), at)
    except Unusable as reason:
        raise _AtFault(f"{path}.data", reason) from None
    findings.unknown(path, audio)
    return read
