"""The request of one leg, to be made again by something else: with a variable where its key was."""

import re
from collections.abc import Mapping
from typing import Any

from addons.exchange.redaction import HIDDEN, MEDIUM
from addons.inspector import reading
from addons.inspector.exports.exported import Unexportable
from addons.inspector.reading import Detail, Leg
from translators.values import immutable

VARIABLES: Mapping[Leg, str] = {"client": "GATEWAY_KEY", "provider": "PROVIDER_KEY"}
"""The variables of the environment in which an export looks for the keys."""
_KEPT_FROM_ALL: Mapping[Leg, str] = {"client": "authorization"}
"""The key's header where nobody is told of it, though there was one."""
KEY_HEADERS = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
_OF_ONE_REQUEST = (
    *("host", "connection", "content-length", "transfer-encoding", "accept-encoding", "keep-alive", "te", "trailer"),
    *("upgrade", "expect", "proxy-connection", "proxy-authorization", "x-amz-date", "x-amz-content-sha256"),
    *("x-request-id", "traceparent", "tracestate"),
)
"""Headers that the next client makes for itself, or that are of one request only."""
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
HERE = "127.0.0.1:8080"


@immutable
class Outgoing:
    """A request. `url` may have the variable's place in it (`HIDDEN`). `key` is the header of the key and what stands
    before it (`Bearer `), `variable` the one that has it. `left_out` are headers with further secrets; `incomplete`:
    media in the body were not kept."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    variable: str
    key: tuple[str, str] | None
    left_out: tuple[str, ...] = ()
    incomplete: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what a reader should know before using it, in sentences without quotes."""
        remarks = []
        if self.left_out:
            remarks.append(f"Secret headers were left out: {', '.join(self.left_out)}.")
        if self.incomplete:
            remarks.append("Media in the body were not kept, their places hold type, size and hash.")
        return tuple(remarks)


def outgoing(detail: Detail, leg: Leg) -> Outgoing:
    """Return the request of a leg. Raises `Unexportable` where it was not sent, or not kept whole."""
    phase = reading.phase(detail, leg, "request")
    if not phase:
        raise Unexportable("No request was sent to a provider in this exchange.")
    body = phase.get("body")
    if body is None:
        raise Unexportable("The body was not kept: see inspector.bodies in the configuration.")
    if phase.get("cut"):
        raise Unexportable("The body was cut: a larger inspector.exchange-memory keeps it whole.")
    headers = [(str(name).lower(), str(value)) for name, value in phase.get("headers") or ()]
    method, url = _line(phase, headers)
    secret = [name for name, value in headers if HIDDEN in value]
    key = next((name for name in KEY_HEADERS if name in secret), _KEPT_FROM_ALL.get(leg))
    left_out = [name for name in secret if name != key and name not in _OF_ONE_REQUEST]
    return Outgoing(
        method,
        url,
        tuple(_shown(headers)),
        body,
        VARIABLES[leg],
        None if key is None else (key, "Bearer " if key == "authorization" else ""),
        tuple(name for name in left_out if _TOKEN.fullmatch(name)),
        MEDIUM.search(body) is not None,
    )


def _line(phase: Mapping[str, Any], headers: list[tuple[str, str]]) -> tuple[str, str]:
    """Return method and URL. The client's line only has a path: its `host` says where it went."""
    method, _, target = str(phase.get("line") or "POST /").partition(" ")
    if target.startswith("/"):
        host = next((value for name, value in headers if name == "host" and _HOST.fullmatch(value)), HERE)
        target = f"http://{host}{target}"
    if not target.startswith(("http://", "https://")) or not method.isalpha():
        raise Unexportable("The line of this request is none that can be made again.")
    return method, target


def _shown(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in headers
        if HIDDEN not in value and name not in _OF_ONE_REQUEST and _TOKEN.fullmatch(name) and _is_plain(value)
    ]


def _is_plain(value: str) -> bool:
    """Return whether a header's value can go into a line."""
    return all(character >= " " and character != "\x7f" for character in value)
