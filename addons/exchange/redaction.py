"""Redaction of what others wrote: keys go by name and by shape, media shrink, a line stays one line.

The gateway takes secrets out before a watcher gets anything; this is the second net, for keys that stand where
nobody expects them. A key that is cut in two by a stream's events has no shape in any of them.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Final

HIDDEN: Final = "[redacted]"

_SECRET_HEADERS = frozenset({"authorization", "api-key", "apikey", "token", "secret", "password"})
_SECRET_ENDINGS = ("authorization", "cookie", "apikey", "-key", "-token", "-auth", "secret", "password", "credential")
_NO_SECRETS = frozenset({"idempotency-key"})

# Each shape with a literal that it cannot be without: looking for the literal is what makes a clean body cheap.
# Those that could begin anywhere in a long word begin at its start, or a hostile body would be searched for ever.
_SHAPES = (
    ("sk-", r"sk-(?<![A-Za-z0-9]sk-)[A-Za-z0-9_-]{16,}", HIDDEN),
    ("gsk_", r"gsk_[A-Za-z0-9]{16,}", HIDDEN),
    ("xai-", r"xai-[A-Za-z0-9]{16,}", HIDDEN),
    ("AIza", r"AIza[A-Za-z0-9_-]{30,}", HIDDEN),
    ("earer ", r"(earer +)(?=\S*[0-9_-])[A-Za-z0-9._~+/=-]{12,}", rf"\1{HIDDEN}"),
    ("key=", r"([?&](?:api[-_]?)?key=)[^&\s\"'<>\\\[]+", rf"\1{HIDDEN}"),
    ("sig=", r"([?&]sig=)[^&\s\"'<>\\\[]+", rf"\1{HIDDEN}"),
    ("oken=", r"((?:[Aa]ccess[-_]|[Ss]ecurity-)[Tt]oken=)[^&\s\"'<>\\\[]+", rf"\1{HIDDEN}"),
    ("ignature=", r"(ignature=)[0-9a-fA-F]{32,}", rf"\1{HIDDEN}"),
    ("ya29.", r"(?<![A-Za-z0-9._-])ya29\.[A-Za-z0-9._-]{16,}", HIDDEN),
    ("eyJ", r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}", HIDDEN),
    ("AKIA", r"(?<![A-Za-z0-9])AKIA[A-Z0-9]{16}(?![A-Za-z0-9])", HIDDEN),
    ("ASIA", r"(?<![A-Za-z0-9])ASIA[A-Z0-9]{16}(?![A-Za-z0-9])", HIDDEN),
    ("ABSK", r"(?<![A-Za-z0-9+/])ABSK[A-Za-z0-9+/]{40,}={0,2}", HIDDEN),
    ("bedrock-api-key-", r"bedrock-api-key-[A-Za-z0-9+/_=-]{16,}", HIDDEN),
)
_IN_TEXT = tuple((sign, re.compile(shape), instead) for sign, shape, instead in _SHAPES)
_IN_BYTES = tuple((sign.encode(), re.compile(shape.encode()), instead.encode()) for sign, shape, instead in _SHAPES)

_SHORTEST_KEY = 16
"""Below this only a `key=` in a query can give a key away."""

_SHORTEST_MEDIA = 1024
_LONGEST_UNKNOWN = 16384
"""Long base64 that is no medium we know is most often a signature, which is worth reading up to this length."""

_BASE64 = re.compile(rb'"(?:data:([\w.+/-]{1,100})(?:;[\w=.-]{1,50}){0,3};base64,)?([A-Za-z0-9+/_\\-]{1020,}+={0,2})"')
_MEDIA_SIGNS = (b";base64,", b'"iVBOR', b'"/9j/', b'"R0lGOD', b'"JVBERi0', b'"UklGR')
_SHORT_MEDIA = re.compile(
    rb'"(?:data:([\w.+/-]{1,100})(?:;[\w=.-]{1,50}){0,3};base64,|(?=iVBOR|/9j/|R0lGOD|JVBERi0|UklGR))'
    rb'([A-Za-z0-9+/_\\-]{16,}+={0,2})"'
)
"""Media that say what they are, however short."""
_SIGNS = (*(sign for sign, _, _ in _IN_BYTES), *_MEDIA_SIGNS)
MEDIUM = re.compile(r"\[base64 (?P<type>[\w.+/-]{1,100}), (?P<bytes>\d{1,12}) bytes, sha256 (?P<hash>[0-9a-f]{12})\]")
"""The words that stand in the place of a medium."""
_MAGIC = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
)
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/avi"}


def header(name: str, value: str) -> str:
    """Return the value of a header, hidden if its name or its shape is a secret's."""
    low = name.lower()
    if low in _SECRET_HEADERS or (low.endswith(_SECRET_ENDINGS) and low not in _NO_SECRETS):
        return HIDDEN
    return text(value)


def headers(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, header(name, value)) for name, value in fields]


def text(value: str) -> str:
    """Return `value` without anything that looks like a key."""
    if len(value) < _SHORTEST_KEY and "=" not in value:
        return value
    for sign, shape, instead in _IN_TEXT:
        if sign in value:
            value = shape.sub(instead, value)
    return value


def found(value: str) -> Iterator[tuple[int, int]]:
    """Yield where `value` holds what looks like a key: the beginning and the end of each, in any order."""
    for sign, shape, _ in _IN_TEXT:
        if sign in value:
            yield from (
                (match.end(shape.groups), match.end()) if shape.groups else match.span()
                for match in shape.finditer(value)
            )


def body(value: bytes) -> bytes:
    """Return `value` without keys, its media collapsed; the very same object where nothing is to be hidden."""
    return keys(media(value))


def media(value: bytes) -> bytes:
    """Return `value` with type, size and hash in the place of each medium: `"[base64 image/png, 1234 bytes, sha256
    0123456789ab]"`."""
    if len(value) >= _SHORTEST_MEDIA:
        value = _BASE64.sub(_collapsed, value)
    if any(value.find(sign) >= 0 for sign in _MEDIA_SIGNS):
        value = _SHORT_MEDIA.sub(_collapsed, value)
    return value


def keys(value: bytes) -> bytes:
    """Return `value` without keys."""
    for sign, shape, instead in _IN_BYTES:
        # On short bytes `in` takes four times as long as `find`: it first tries the sign as a number.
        if value.find(sign) >= 0:
            value = shape.sub(instead, value)
    return value


def suspicious(value: bytes) -> bool:
    """Return whether there may be a key in it, or a short medium: quick for many short texts together."""
    return any(value.find(sign) >= 0 for sign in _SIGNS)


def one_line(value: str, limit: int) -> str:
    """Return `value` fit for a log: no key, nothing that a terminal or a log reader obeys, at most `limit` long."""
    shown = text(value[: 4 * limit])
    if not shown.isprintable():
        shown = "".join(map(_printable, shown))
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape", "backslashreplace").decode()


def _collapsed(match: re.Match[bytes]) -> bytes:
    declared, encoded = match.groups()
    compact = encoded.replace(b"\\", b"").translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    try:
        content = base64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    except ValueError:
        return match[0]
    kind = declared.decode("ascii", "replace") if declared else _kind(content)
    if kind is None and len(encoded) < _LONGEST_UNKNOWN:
        return match[0]
    digest = hashlib.sha256(content).hexdigest()[:12]
    return f'"[base64 {kind or "data"}, {len(content)} bytes, sha256 {digest}]"'.encode()


def _kind(content: bytes) -> str | None:
    if content[:4] == b"RIFF":
        return _RIFF.get(content[8:12])
    if content[4:8] == b"ftyp":
        return "video/mp4"
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)
