"""Images and documents as content blocks, which Anthropic takes inline, by URL, or by a file id of its own."""

import re
from typing import Any

from translators.conversation import Document, Image, Inline, Link, Upload
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.shared.text_files import text_of

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_PDF = "application/pdf"
_TEXTS = frozenset({"application/json", "application/xml", "application/x-yaml", "application/yaml"})
_BY_ENDING = {"pdf": _PDF, "txt": "text/plain", "md": "text/plain", "csv": "text/plain", "json": "application/json"}
_OWN_FILE = re.compile(r"file_[A-Za-z0-9]+").fullmatch
FILES_BETA = "files-api-2025-04-14"


def image_block(image: Image, notes: list[Note], betas: set[str]) -> dict[str, Any]:
    """Return `{"type": "image", "source": {...}}`; a PDF that came as an image becomes a document. Raises
    `BadRequest`."""
    if image.detail not in (None, "auto"):
        notes.append(Note(f"{image.at}.detail", "dropped", image.detail, detail="There is one resolution for images."))
    match image.source:
        case Inline(media_type, data):
            kind = "image/jpeg" if media_type.lower() == "image/jpg" else media_type.lower()
            if kind == _PDF:
                return {"type": "document", "source": {"type": "base64", "media_type": _PDF, "data": data}}
            if kind not in _IMAGES or not data:
                raise BadRequest(
                    "This model takes inline images as JPEG, PNG, GIF or WebP in base64.", param=image.at or None
                )
            return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}
        case Link(url):
            return {"type": "image", "source": {"type": "url", "url": _web_url(url, image.at)}}
        case Upload(id):
            return {"type": "image", "source": _own_file(id, image.at, betas)}


def document_block(document: Document, betas: set[str]) -> dict[str, Any]:
    """Return `{"type": "document", "source": {...}, "title": ...}` of a PDF, or of a text, which is sent decoded.
    Raises `BadRequest`."""
    match document.source:
        case Inline():
            source = _inline_document(document.source, document)
        case Link(url):
            source = {"type": "url", "url": _web_url(url, document.at)}
        case Upload(id):
            source = _own_file(id, document.at, betas)
    block: dict[str, Any] = {"type": "document", "source": source}
    if document.name and document.name.strip():
        block["title"] = document.name[:500]
    return block


def _inline_document(inline: Inline, document: Document) -> dict[str, Any]:
    kind = inline.media_type.partition(";")[0].strip().lower()
    if kind in ("", "application/octet-stream"):
        kind = _BY_ENDING.get((document.name or "").rpartition(".")[2].lower(), "text/plain")  # if it is UTF-8
    if kind == _PDF and inline.data:
        return {"type": "base64", "media_type": _PDF, "data": inline.data}
    if kind.startswith("text/") or kind in _TEXTS:
        return {"type": "text", "media_type": "text/plain", "data": text_of(inline, document.at)}
    raise BadRequest("This model takes PDF and text files only.", param=document.at or None)


def _web_url(url: str, at: str) -> str:
    if not url.lower().startswith(("https://", "http://")):
        raise BadRequest("This is neither an http(s) URL nor a base64 data URL.", param=at or None)
    return url


def _own_file(id: str, at: str, betas: set[str]) -> dict[str, Any]:
    """Return the source of a file of Anthropic's. OpenAI's ids are `file-...`, Anthropic's `file_...`: nobody can
    resolve the other's."""
    if not _OWN_FILE(id):
        raise BadRequest(
            "This file was not uploaded to Anthropic's Files API, so this model cannot read it. Send the file inline.",
            param=at or None,
        )
    betas.add(FILES_BETA)
    return {"type": "file", "file_id": id}
