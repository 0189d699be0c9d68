"""Images, documents and audio as content blocks: bytes with the request, or a place in S3
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html)."""

import base64
import re
from typing import Any

from translators.conversation import Audio, Document, Image, Inline, Link, Source, Upload
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.bedrock.profiles import Profile
from translators.providers.shared.text_files import text_of

_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/markdown": "md",
    "text/x-markdown": "md",
    "application/json": "txt",
    "application/xml": "txt",
    "application/yaml": "txt",
    "application/x-yaml": "txt",
}
_ENDINGS = frozenset({"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"})
_TEXTUAL = frozenset({"csv", "html", "txt", "md"})
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9\s()\[\]-]+")
_SPACES = re.compile(r"\s+")
_S3 = re.compile(r"s3://[a-z0-9][.a-z0-9-]{1,61}[a-z0-9](?:/.*)?").fullmatch
_LONGEST_NAME = 200
_LARGEST_DOCUMENT = 4_500_000
_NO_FETCHING = "This model does not fetch URLs, and the gateway does not either: send {} inline, as a base64 data URL."


class Media:
    """Writes media; knows the names of the documents of this request, which must differ."""

    def __init__(self, profile: Profile, notes: list[Note]) -> None:
        self._profile, self._notes = profile, notes
        self.documents: dict[str, str] = {}
        """The place where the client wrote each document, by its name."""
        self._uses: dict[str, int] = {}  # so that a name that is used for every file is not tried from 2 each time

    def image(self, image: Image) -> dict[str, Any]:
        """Return `{"image": {"format": ..., "source": {...}}}`; a PDF that came as an image becomes a document. Raises
        `BadRequest`."""
        if image.detail not in (None, "auto"):
            why = "There is one resolution for images."
            self._notes.append(Note(f"{image.at}.detail", "dropped", image.detail, detail=why))
        kind = image.source.media_type.partition(";")[0].strip().lower() if isinstance(image.source, Inline) else ""
        if kind == "application/pdf":
            return self.document(Document(image.source, at=image.at))
        if isinstance(image.source, Inline):
            format = _IMAGES.get(kind, "")
        else:
            format = _IMAGES.get("image/" + _ending(image.source), "")
        source = _source(image.source, image.at, "the image")
        if not format:
            raise BadRequest("This model takes images as PNG, JPEG, GIF or WebP.", param=image.at or None)
        return {"image": {"format": format, "source": source}}

    def document(self, document: Document) -> dict[str, Any]:
        """Return `{"document": {"format": ..., "name": ..., "source": {...}}}`. Raises `BadRequest`."""
        source = _source(document.source, document.at, "the file")
        format = self._format(document)
        if isinstance(document.source, Inline):
            if format in _TEXTUAL:
                source = {"bytes": _base64(text_of(document.source, document.at))}
            if format != "pdf" and len(source["bytes"]) * 3 // 4 > _LARGEST_DOCUMENT + 2:
                raise BadRequest("A document may have 4.5 MB.", param=document.at or None, code="file_too_large")
        return {"document": {"format": format, "name": self._name(document), "source": source}}

    def audio(self, audio: Audio) -> dict[str, Any]:
        """Return `{"audio": {"format": ..., "source": {...}}}`. Raises `BadRequest`."""
        if not self._profile.audio:
            raise BadRequest("This model does not take audio.", param=audio.at or None, code="unsupported_content")
        if audio.format not in ("mp3", "wav"):
            raise BadRequest("This model takes audio as mp3 or wav.", param=audio.at or None)
        return {"audio": {"format": audio.format, "source": {"bytes": audio.data}}}

    def _format(self, document: Document) -> str:
        ending = (document.name or "").rpartition(".")[2].lower()
        source = document.source
        kind = source.media_type.partition(";")[0].strip().lower() if isinstance(source, Inline) else ""
        if not isinstance(source, Inline):
            ending = _ending(source)
        if kind in ("", "application/octet-stream", "text/plain") and ending in _ENDINGS - {"txt"}:
            return ending if kind != "text/plain" or ending in _TEXTUAL else "txt"
        if kind in _DOCUMENTS:
            return _DOCUMENTS[kind]
        if kind.startswith("text/") or kind in ("", "application/octet-stream"):
            return "txt"  # if it is text
        raise BadRequest("This model takes PDF, Word, Excel, HTML, CSV and text files only.", param=document.at or None)

    def _name(self, document: Document) -> str:
        """Return the file's name without its ending, in the characters that are allowed, and unlike any other."""
        given = (document.name or "").strip()
        stem, dot, ending = given.rpartition(".")
        stem = stem if dot and ending.lower() in _ENDINGS else given
        cleaned = _SPACES.sub(" ", _NOT_IN_NAMES.sub("-", stem)).strip()[:_LONGEST_NAME]
        name = cleaned = cleaned or "document"
        while name in self.documents:
            self._uses[cleaned] = count = self._uses.get(cleaned, 1) + 1
            tail = f" ({count})"
            name = cleaned[: _LONGEST_NAME - len(tail)] + tail
        self.documents[name] = document.at
        if given and name != stem:
            why = "A document's name has letters, digits, spaces, hyphens and brackets, and is its own."
            self._notes.append(Note(document.at, "approximated", detail=why))
        return name


def _source(source: Source, at: str, what: str) -> dict[str, Any]:
    match source:
        case Inline(_, data):
            if not data:
                raise BadRequest("There is nothing in it.", param=at or None)
            return {"bytes": data}
        case Link(url) if _S3(url):
            return {"s3Location": {"uri": url}}
        case Link():
            raise BadRequest(_NO_FETCHING.format(what), param=at or None, code="unsupported_content")
        case Upload():
            why = f"This file was not uploaded to Bedrock, so this model cannot read it. Send {what} inline."
            raise BadRequest(why, param=at or None, code="unsupported_content")


def _ending(source: Source) -> str:
    return source.url.rpartition(".")[2].lower() if isinstance(source, Link) else ""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
