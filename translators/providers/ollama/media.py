"""Images as Ollama takes them, base64 without a `data:` prefix, and text files as text."""

import base64
import re

from translators.conversation import Document, Image, Inline
from translators.errors import BadRequest
from translators.notes import Note

_IMAGES = frozenset({"image/jpeg", "image/jpg", "image/png", "image/webp"})
_TEXTS = frozenset({"application/json", "application/xml", "application/x-yaml", "application/yaml"})
_OPAQUE = frozenset({"", "application/octet-stream"})
_PDF = b"%PDF"
_CHARSET = re.compile(r";\s*charset=\"?([\w.:-]+)", re.IGNORECASE)


def image(part: Image, notes: list[Note]) -> str:
    """Return an image's base64 text. Raises `BadRequest` for one that is not inline, or in another form."""
    if not isinstance(part.source, Inline):
        raise _unsupported("This model takes images inline (a base64 data URL) only.", part.at)
    if part.source.media_type.lower() not in _IMAGES or not part.source.data:
        raise _unsupported("This model takes images as JPEG, PNG or WebP in base64.", part.at)
    if part.detail not in (None, "auto"):
        notes.append(Note(f"{part.at}.detail", "dropped", part.detail, detail="There is one resolution for images."))
    return part.source.data


def document(part: Document, notes: list[Note]) -> str:
    """Return the text of a file under its name. Raises `BadRequest` for what is no text."""
    if not isinstance(part.source, Inline):
        raise _unsupported("This model takes files inline only.", part.at)
    text = _text(part.source, part.at)
    notes.append(Note(part.at, "approximated", detail="The file is sent as a part of the message's text."))
    return f"{part.name}:\n{text}" if part.name else text


def _text(source: Inline, at: str) -> str:
    kind = source.media_type.partition(";")[0].strip().lower()
    if not (kind in _OPAQUE or kind in _TEXTS or kind.startswith("text/")):
        raise _unsupported("This model takes text files only.", at)
    charset = _CHARSET.search(source.media_type)
    try:
        data = base64.b64decode(source.data, validate=True)
        if data.startswith(_PDF):
            raise _unsupported("This model takes text files only.", at)
        return data.decode(charset[1] if charset else "utf-8")
    except (ValueError, LookupError):
        why = "This text file is not in base64, or not in UTF-8 or the charset that it names."
        raise BadRequest(why, param=at or None) from None


def _unsupported(why: str, at: str) -> BadRequest:
    return BadRequest(why, param=at or None, code="unsupported_content")
