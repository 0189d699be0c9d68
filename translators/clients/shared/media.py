"""Parses the sources of pictures and files: a `data:` URL (RFC 2397), a link, or an upload's id."""

from base64 import b64encode
from binascii import Error as NotBase64
from binascii import a2b_base64
from urllib.parse import unquote_to_bytes

from translators.conversation import Inline, Link

_SUFFIXES = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "htm": "text/html",
    "xml": "text/xml",
    "json": "application/json",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_TEXT = "text/"
_PDF = "application/pdf"
_PDF_BEGINS = "JVBERi"  # %PDF in base64


class Unusable(Exception):
    """The reason why a source cannot be used, as a sentence that goes on after its path."""


def located(url: str) -> Inline | Link:
    """Return the source in `data:image/png;base64,...` or `https://...`. Raises `Unusable`."""
    scheme = url[:8].lower()
    if scheme.startswith("data:"):
        return _from_data_url(url)
    if scheme.startswith(("http://", "https://")) and not url.endswith("//"):
        return Link(url)
    raise Unusable("must be a data: URL in base64 or an http(s) URL")


def from_file_data(data: str, filename: str | None) -> Inline | Link:
    """Return the source in `file_data`. OpenAI documents bare base64 and takes data URLs; clients of other gateways
    also send links. Raises `Unusable`."""
    if ":" in data[:8]:
        return located(data)
    suffix = (filename or "").rpartition(".")[2].lower()
    unnamed = _PDF if data.startswith(_PDF_BEGINS) or not filename else "application/octet-stream"
    return Inline(_SUFFIXES.get(suffix, unnamed), base64(data))


def base64(data: str) -> str:
    """Return the same text, proven to be base64. Raises `Unusable`."""
    try:
        a2b_base64(data, strict_mode=True)
    except (NotBase64, ValueError):
        raise Unusable("must be valid base64") from None
    if not data:
        raise Unusable("must not be empty")
    return data


def _from_data_url(url: str) -> Inline:
    head, comma, data = url.partition(",")
    if not comma:
        raise Unusable("must be a complete data: URL, with a comma before its data")
    media_type, *parameters = (word.strip().lower() for word in head[len("data:") :].split(";"))
    media_type = media_type or "text/plain"
    if media_type.startswith(_TEXT):  # only the charset of a text says something to whoever decodes it
        media_type = ";".join((media_type, *(word for word in parameters if word.startswith("charset="))))
    if "base64" in parameters:
        return Inline(media_type, base64(data))
    if media_type.startswith(_TEXT):
        return Inline(media_type, b64encode(unquote_to_bytes(data)).decode())
    raise Unusable("must be a data: URL in base64")
