"""Heads of HTTP messages, as mitmproxy has them and as an exchange does."""

import copy
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from mitmproxy import http
from mitmproxy.net.http.status_codes import RESPONSES

from addons.exchange.provider_request import ProviderRequest

_REQUEST = http.Request("", 0, b"POST", b"http", b"", b"/", b"HTTP/1.1", http.Headers(), b"", None, 0.0, 0.0)
_RESPONSE = http.Response(b"HTTP/1.1", 200, b"", http.Headers(), b"", None, 0.0, None)


def header_values(headers: http.Headers) -> dict[str, str]:
    """Return values by lower-case names; of several with one name the first. Bytes that are no UTF-8 are escaped."""
    return {
        name.decode("utf-8", "surrogateescape").lower(): value.decode("utf-8", "surrogateescape")
        for name, value in reversed(headers.fields)
    }


def address(url: str) -> tuple[tuple[str, int], bool]:
    """Return the host and port of a URL, and whether they are spoken to over TLS."""
    parts = urlsplit(url)
    encrypted = parts.scheme == "https"
    return (parts.hostname or "", parts.port or (443 if encrypted else 80)), encrypted


def outgoing(request: ProviderRequest) -> http.Request:
    """Return the request as it leaves, with its key."""
    parts = urlsplit(request.url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    fields = [(b"host", parts.netloc.rpartition("@")[2].encode())]
    # A header that a client sent and configuration lets through may hold any bytes, which mitmproxy shows as escapes.
    together = (*request.headers, *request.secrets)
    fields += [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in together]
    fields.append((b"content-length", str(len(request.body)).encode()))
    leaving = _copied(_REQUEST)
    data = leaving.data
    (data.host, data.port), _ = address(request.url)
    data.scheme = parts.scheme.encode()
    data.path, data.headers, data.content = path.encode(), http.Headers(fields), request.body
    data.timestamp_start = data.timestamp_end = time.time()
    return leaving


def response_head(status: int, headers: Iterable[tuple[str, str]]) -> http.Response:
    """Return a response that begins now, with an empty body."""
    fields = http.Headers([(name.encode(), value.encode("utf-8", "replace")) for name, value in headers])
    response = _copied(_RESPONSE)
    data = response.data
    data.status_code, data.reason, data.headers = status, RESPONSES.get(status, "").encode(), fields
    data.timestamp_start = time.time()
    return response


def _copied[Message: (http.Request, http.Response)](message: Message) -> Message:
    """Return a message to be filled in. mitmproxy checks every field of a new one, which takes as long as translating
    a request."""
    new = copy.copy(message)
    new.data = copy.copy(message.data)
    return new
