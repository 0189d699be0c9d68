"""Images, audio, documents and videos as parts: inline, or by an address that Google itself can read.

Nothing is downloaded here. Reference: https://ai.google.dev/gemini-api/docs/file-input-methods.
"""

import re
from typing import Any

from translators.conversation import Audio, Document, Image, Inline, Link, Source, Upload
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.gemini.profiles import Profile

_RESOLUTIONS = {"low": "LOW", "medium": "MEDIUM", "high": "HIGH", "original": "ULTRA_HIGH"}
_BY_ENDING = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "xml": "text/xml",
    "json": "application/json",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
    "heif": "image/heif",
    "wav": "audio/wav",
    "mp3": "audio/mp3",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "aac": "audio/aac",
    "mp4": "video/mp4",
    "mov": "video/mov",
    "webm": "video/webm",
    "mpeg": "video/mpeg",
}
_FILE = re.compile(
    r"(?:https://generativelanguage\.googleapis\.com/v1(?:beta|alpha)?/)?(files/[a-zA-Z0-9-]+)"
).fullmatch
_FILES = "https://generativelanguage.googleapis.com/v1beta/"
_ALWAYS_READ = re.compile(r"https://(?:generativelanguage\.googleapis\.com/|(?:www\.)?youtube\.com/|youtu\.be/)").match

WirePart = dict[str, Any]
"""A part as it goes over the wire: `{"text": ...}`, `{"inlineData": {"mimeType": ..., "data": ...}}`, ..."""


def medium(part: Image | Document | Audio, profile: Profile, notes: list[Note]) -> WirePart:
    """Return `{"inlineData": {"mimeType": ..., "data": ...}}` or `{"fileData": {"fileUri": ...}}`. Raises `BadRequest`
    for what the platform cannot reach."""
    match part:
        case Audio(data, format, at):
            return {"inlineData": {"mimeType": f"audio/{format}", "data": data}}
        case Image(source, detail, at):
            written = _sourced(source, "", profile, at)
            if detail not in (None, "auto"):
                if profile.part_resolution and detail in _RESOLUTIONS:
                    written["mediaResolution"] = {"level": f"MEDIA_RESOLUTION_{_RESOLUTIONS[detail]}"}
                else:
                    why = "This model has no such resolution for a single image."
                    notes.append(Note(f"{at}.detail", "dropped", detail, detail=why))
            return written
        case Document(source, name, at):
            if name and name.strip():
                notes.append(Note(at, "dropped", detail="The name of a file is not sent."))
            return _sourced(source, name or "", profile, at)


def _sourced(source: Source, name: str, profile: Profile, at: str) -> WirePart:
    match source:
        case Inline(media_type, data):
            return {"inlineData": {"mimeType": _kind(media_type, name, at), "data": data}}
        case Link(url):
            return _file_data(_reachable(url, profile, at), name, profile, at)
        case Upload(id):
            return _file_data(_uploaded(id, profile, at), name, profile, at)


def _kind(media_type: str, name: str, at: str) -> str:
    kind = media_type.partition(";")[0].strip().lower()
    if kind == "image/jpg":
        return "image/jpeg"
    if kind not in ("", "application/octet-stream"):
        return kind
    if (known := _of_ending(name)) is None:
        raise BadRequest("What kind of file this is must be said by its media type or its name.", param=at or None)
    return known


def _of_ending(address: str) -> str | None:
    """Return the media type of a name or an address, by the ending of its path."""
    path = re.split("[?#]", address, maxsplit=1)[0]
    return _BY_ENDING.get(path.rpartition(".")[2].lower())


def _file_data(uri: str, name: str, profile: Profile, at: str) -> WirePart:
    kind = _of_ending(uri) or _of_ending(name)
    if kind is not None:
        return {"fileData": {"mimeType": kind, "fileUri": uri}}
    if profile.platform == "vertex":
        why = "Vertex must be told what kind of file this is: give it an address with an ending, or send it inline."
        raise BadRequest(why, param=at or None, code="unsupported_content")
    return {"fileData": {"fileUri": uri}}


def _reachable(url: str, profile: Profile, at: str) -> str:
    if profile.platform == "vertex" and url.startswith("gs://"):
        return url
    if not url.lower().startswith("https://"):
        why = "This model reads https addresses only. Send the file inline."
        raise BadRequest(why, param=at or None, code="unsupported_content")
    if not profile.links and profile.platform == "gemini" and not _ALWAYS_READ(url):
        why = "This model does not read files from the web. Send the file inline."
        raise BadRequest(why, param=at or None, code="unsupported_content")
    return url


def _uploaded(id: str, profile: Profile, at: str) -> str:
    """Return the address of an uploaded file. Google's Files API names `files/...`, Vertex reads from Cloud Storage:
    nobody resolves another's id."""
    if profile.platform == "vertex":
        if id.startswith("gs://"):
            return id
        where = "is not in Cloud Storage"
    elif match := _FILE(id):
        return _FILES + match[1]
    else:
        where = "was not uploaded to Google's Files API"
    why = f"This file {where}, so this model cannot read it. Send the file inline."
    raise BadRequest(why, param=at or None, code="unsupported_content")
