"""A streamed answer put together again out of its events, in the framing of the wire."""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from addons.inspector.reading import Detail
from translators.dialects import Framing
from translators.registry import PASSTHROUGH, PROVIDERS

_FRAMINGS: Mapping[str, Framing] = {
    **{name: passthrough.framing for (_, name), passthrough in PASSTHROUGH.items()},
    **{name: dialect.framing for name, dialect in PROVIDERS.items()},
}


def framing(detail: Detail) -> Framing:
    """Return the framing of a provider's stream."""
    return _FRAMINGS.get(str(detail.get("provider_dialect")), "sse")


def client(detail: Detail) -> str:
    """Return the client's stream as it was sent."""
    return "".join(str(pair.get("client") or "") for pair in detail.get("events") or ())


def provider(detail: Detail, call: int, attempt: Any) -> str:
    """Return the provider's stream in one attempt as text: what is binary on the wire is a line of JSON an event."""
    form: Framing = "ndjson" if framing(detail) == "eventstream" else framing(detail)
    return b"".join(data for _, data in pieces(detail, call, attempt, form)).decode("utf-8", "replace")


def pieces(detail: Detail, call: int, attempt: Any, form: Framing) -> Iterator[tuple[float, bytes]]:
    """Yield the time and the bytes of each event of a provider in one attempt."""
    for pair in detail.get("events") or ():
        mine = (pair.get("call") or 0) == call and pair.get("attempt") == attempt
        if mine and pair.get("provider"):
            yield float(pair.get("at") or 0), framed(form, str(pair.get("name") or ""), str(pair["provider"]))


def framed(form: Framing, name: str, payload: str) -> bytes:
    """Return one payload in its framing."""
    if form == "eventstream":
        return _message(payload)
    data = payload.strip()
    if form == "ndjson":
        return data.replace("\n", " ").encode("utf-8", "replace") + b"\n"
    lines = [f"event: {name}", *(f"data: {line}" for line in data.split("\n"))]
    return ("\n".join(lines if name else lines[1:]) + "\n\n").encode("utf-8", "replace")


def _message(payload: str) -> bytes:
    """Return `{"contentBlockDelta": {...}}` or `{"exception": {"type": ...}}` as a message of Amazon's event stream."""
    try:
        ((kind, inner),) = json.loads(payload).items()
    except (ValueError, AttributeError, RecursionError):
        kind, inner = "unknown", payload
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    if kind == "exception" and isinstance(inner, dict):
        failed = {":exception-type": str(inner.get("type", "")), ":message-type": "exception"}
        headers, inner = failed, {name: value for name, value in inner.items() if name != "type"}
    return _encoded(headers, json.dumps(inner, ensure_ascii=False).encode("utf-8", "replace"))


def _encoded(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return the lengths and their CRC, the headers (each a name and a string), the payload, the CRC of all."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    lengths = struct.pack(">II", len(head) + len(payload) + 16, len(head))
    body = lengths + struct.pack(">I", crc32(lengths)) + head + payload
    return body + struct.pack(">I", crc32(body))


def _header(name: str, value: str) -> bytes:
    text = value.encode("utf-8", "replace")[:65535]
    return struct.pack(">B", len(name)) + name.encode() + b"\x07" + struct.pack(">H", len(text)) + text
