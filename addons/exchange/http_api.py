"""The gateway's front: paths, methods, keys, and the answers that need no provider. Knows HTTP, not mitmproxy.

Nothing is matched by prefix: a path is taken apart, and what is not exactly one of `ROUTES` is a 404. Everything below
`/v1` needs a key, before any other answer.
"""

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any
from urllib.parse import unquote

from pydantic_core import to_json

from addons.exchange.observers import AttemptReport
from addons.exchange.redaction import one_line
from translators.clients.shared.openai_api import JSON, unauthorized
from translators.dialects import ClientDialect
from translators.errors import Failure
from translators.masking import Mask
from translators.notes import Note
from translators.registry import CLIENTS, FALLBACK_CLIENT
from translators.values import immutable

ROUTES: Mapping[str, tuple[str, str]] = {
    **{client.path: (client.name, "POST") for client in CLIENTS.values()},
    "/v1/models": ("models", "GET"),
    "/v1/metrics/providers": ("provider-metrics", "GET"),
    "/health": ("health", "GET"),
    "/health/ready": ("ready", "GET"),
    "/metrics": ("metrics", "GET"),
}
"""By path, the route and its method. The routes of client dialects have their names."""

WITHIN: Mapping[str, tuple[str, str]] = {
    "/v1/models/": ("model", "GET"),
    **{f"{client.path}/": ("answer", "GET, DELETE") for client in CLIENTS.values() if client.state is not None},
}
"""Paths that go on with an id."""

NOT_HERE = ("/v1/embeddings", "/v1/images/generations", "/v1/audio/speech", "/v1/moderations", "/v1/files")
"""Paths of OpenAI's that clients ask for, and that are not served."""

SECRET_HEADERS = frozenset(("authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key"))
"""Headers that a client may have put a key in. They leave a request before anybody else sees it."""

STREAM_HEADERS = (
    ("content-type", "text/event-stream; charset=utf-8"),
    ("cache-control", "no-cache, no-transform"),
    ("x-accel-buffering", "no"),
)
"""The last two are for proxies in between: nothing may be held back."""

NOTES_HEADER_BYTES = 2000
NOTE_CHARACTERS = 200
MOST_ATTEMPTS = 10


@immutable
class Reply:
    """A whole answer of ours. Header names are lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@immutable
class Head:
    """A request before its body. Header names are lower case; of several with one name the first counts.

    `key_name` is the name of the client's key where that is known without the key: a replay has it from its flow.
    `version` is that of HTTP."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    key_name: str | None = None
    version: str = "1.1"


@immutable
class Endpoint:
    """`id` is what a path of `WITHIN` goes on with."""

    route: str
    id: str = ""


def client_of(target: str) -> ClientDialect:
    """Return the dialect of a path's client, also where there is no such path."""
    path = target.partition("?")[0]
    return next((client for client in CLIENTS.values() if f"{path}/".startswith(f"{client.path}/")), FALLBACK_CLIENT)


def error_reply(failure: Failure, client: ClientDialect = FALLBACK_CLIENT) -> Reply:
    """Return the client dialect's form of an error."""
    headers, body = client.error(failure)
    return Reply(failure.status, headers, body)


def needs_key(target: str) -> bool:
    """Return whether a path needs a key, also where there is no such path."""
    return re.split(r"[/?]", target, maxsplit=2)[1:2] == ["v1"]


def endpoint(method: str, target: str, upgrade: str = "") -> Endpoint | Failure:
    """Return the place that a request is for, or the 404, 405 or 426 that helps. `upgrade` is the protocol it wants."""
    path = target.partition("?")[0]
    shown, entry, id = path, ROUTES.get(path), ""
    prefix = next((each for each in WITHIN if path.startswith(each)), None)
    if entry is None and prefix is not None:
        shown, id = f"{prefix}{{id}}", _id(path, prefix)
        entry = WITHIN[prefix] if id and (WITHIN[prefix][0] == "model" or "/" not in id) else None
    if entry is None:
        return Failure(404, _lost(path), "invalid_request_error", None, "unknown_url")
    route, allowed = entry
    if method in allowed.split(", ") or (method == "HEAD" and route in ("health", "ready")):
        return Endpoint(route, id)
    if upgrade.lower() == "websocket":
        return Failure(
            426,
            f"{shown} is not served over a WebSocket. Ask by {allowed}.",
            "invalid_request_error",
            None,
            "upgrade_not_supported",
            {"upgrade": "HTTP/1.1", "connection": "close"},
        )
    return Failure(
        405,
        f"{shown} takes {allowed}, not {_shown(method)}.",
        "invalid_request_error",
        None,
        "method_not_allowed",
        {"allow": allowed},
    )


def _id(path: str, prefix: str) -> str:
    """Return the id after `prefix`, or "": ids may hold slashes, encoded or not, but no empty or dotted component."""
    rest = unquote(path.removeprefix(prefix), errors="replace")
    return "" if any(piece in ("", ".", "..") for piece in rest.split("/")) else rest


def _lost(path: str) -> str:
    shown = _shown(path)
    wanted = "/" + "/".join(piece for piece in path.split("/") if piece not in ("", ".", "..", "v1"))
    known = {valid.removeprefix("/v1"): valid for valid in ROUTES}
    near = known.get(wanted) or next(iter(difflib.get_close_matches(path, ROUTES, 1, 0.6)), None)
    if path in NOT_HERE:
        return f"{shown} is not served by this gateway, which answers at {', '.join(ROUTES)}."
    if near is None:
        return f"There is nothing at {shown}. The gateway answers at {', '.join(ROUTES)}."
    return f"There is nothing at {shown}. Did you mean {near}?"


def _shown(text: str) -> str:
    """Make what a client wrote fit for an error message."""
    text = re.sub(r"[^\x21-\x7e]", "?", text)
    return text if len(text) <= 100 else text[:100] + "..."


INCORRECT_KEY = unauthorized(
    "Incorrect API key provided. The gateway knows the keys under api-keys in its configuration."
)
EXPIRED_KEY = dataclasses.replace(
    unauthorized("This API key has expired. Ask whoever runs the gateway for a new one."), code="expired_api_key"
)
INCORRECT_METRICS_KEY = unauthorized(
    "Incorrect key for the metrics provided. It is metrics.key in the gateway's configuration, and none of api-keys."
)

DRAINING = Failure(
    503,
    "The gateway is shutting down. Try again in 5 seconds.",
    "server_error",
    None,
    "shutting_down",
    {"retry-after": "5"},
)
SHUT_DOWN = Failure(
    503,
    "The gateway shut down before the answer was complete. Try again in 5 seconds.",
    "server_error",
    None,
    "gateway_shutting_down",
    {"retry-after": "5"},
)
NOBODY = Failure(
    503, "None of the providers of this model could be asked. Try again.", "server_error", None, "no_provider"
)
INTERNAL = Failure(
    500, "The gateway failed on this request. Its log has the details.", "server_error", None, "internal_error"
)


def too_large(limit: int) -> Failure:
    message = f"The request's body is larger than {limit} bytes (body-size-limit in config.yaml)."
    return Failure(413, message, "invalid_request_error", None, "request_too_large")


def declares_more(head: Head, limit: int) -> bool:
    """Return whether a head announces a body of more than `limit` bytes."""
    declared = head.headers.get("content-length", "")
    return declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > limit)


def health(draining: bool) -> Reply:
    if draining:
        return Reply(503, (JSON, ("retry-after", "5")), b'{"status":"draining"}')
    return Reply(200, (JSON,), b'{"status":"ok"}')


EXPOSED = (
    "x-request-id, x-gateway-notes, x-gateway-model, x-gateway-attempts, x-gateway-injected, x-gateway-exchange, "
    "x-gateway-page, openai-processing-ms, "
    "retry-after, retry-after-ms, "
    "x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, "
    "x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens"
)


def cors(origins: tuple[str, ...], headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the headers that let a page of an allowed origin read an answer; none where it is not allowed."""
    origin = headers.get("origin") if origins else None
    if origin is None:
        return ()
    if "*" in origins:
        return (("access-control-allow-origin", "*"), ("access-control-expose-headers", EXPOSED))
    if origin not in origins:
        return (("vary", "origin"),)
    return (
        ("access-control-allow-origin", origin),
        ("vary", "origin"),
        ("access-control-expose-headers", EXPOSED),
    )


def preflight(origins: tuple[str, ...], head: Head) -> Reply | None:
    """Return the answer to a CORS preflight (which carries no key), or None where the request is not allowed."""
    if head.method != "OPTIONS" or "access-control-request-method" not in head.headers:
        return None
    allowed = dict(cors(origins, head.headers))
    if "access-control-allow-origin" not in allowed:
        return None
    wanted = head.headers.get("access-control-request-headers", "authorization, content-type")
    return Reply(
        204,
        (
            *allowed.items(),
            ("access-control-allow-methods", "GET, POST, DELETE, OPTIONS"),
            ("access-control-allow-headers", _shown(wanted.replace(" ", ""))),
            ("access-control-max-age", "600"),
        ),
        b"",
    )


REQUEST_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")


def request_id(headers: Mapping[str, str], mask: Mask) -> str | None:
    """Return the client's own `x-request-id`, where it is fit to be repeated."""
    own = headers.get("x-request-id", "")
    return own if REQUEST_ID.fullmatch(own) and mask.text(own) == own else None


_PASSED_ON = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,98}[\x21-\x7e])?")


def safe_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those of a provider's headers for its client whose values are short and on one line."""
    return {name: value for name, value in headers.items() if _PASSED_ON.fullmatch(value)}


def notes_header(notes: list[Note], *, debug: bool = False) -> str:
    """`x-gateway-notes`: ASCII JSON of paths and fates, with values only where they are numbers; capped, with the
    number of the others as `{"more": n}`, and `"failover": true` where the first target would have lost nothing. For a
    key with `debug` each has all its values, and its detail."""
    out: list[str] = []
    size = 0
    for note in notes:
        entry: dict[str, Any] = {"path": note.path[:200], "fate": note.fate}
        entry |= {k: v for k, v in (("old", note.old), ("new", note.new)) if isinstance(v, bool | int | float)}
        entry |= {"failover": True} if note.failover else {}
        if debug:
            entry |= {k: _brief(v) for k in ("old", "new", "detail") if (v := getattr(note, k)) not in (None, "")}
        text = ascii_json(to_json(entry).decode())
        if size + len(text) > NOTES_HEADER_BYTES:
            out.append(f'{{"more":{len(notes) - len(out)}}}')
            break
        size += len(text)
        out.append(text)
    return f"[{','.join(out)}]"


def _brief(value: Any) -> Any:
    """Return a note's value as it is where it is a number, otherwise as text of at most so many letters."""
    if isinstance(value, bool | int | float):
        return value
    return (value if isinstance(value, str) else to_json(value).decode())[:NOTE_CHARACTERS]


def notes_comment(notes: list[Note], *, debug: bool = False) -> bytes:
    """Return the same as a comment in a stream of server-sent events."""
    return f": x-gateway-notes {notes_header(notes, debug=debug)}\n\n".encode()


def attempts_header(reports: Sequence[AttemptReport], *, debug: bool = False) -> str:
    """`x-gateway-attempts`: ASCII JSON of the attempts that failed, in order; the last ones where they are many:
    `[{"target": "anthropic/claude-x", "status": 429, "reason": "429 rate_limit_exceeded", "ms": 120}]`. For a key with
    `debug` each has the name of its `credential` too."""
    shown = [
        {
            "target": f"{report.provider}/{report.model}"[:200],
            "status": report.status,
            "reason": report.reason and one_line(report.reason, 200),
            "ms": round(report.duration * 1000),
        }
        | ({"credential": report.credential[:200]} if debug else {})
        for report in reports[-MOST_ATTEMPTS:]
    ]
    return ascii_json(to_json(shown).decode())


def attempts_comment(model: str, reports: Sequence[AttemptReport], *, debug: bool = False) -> bytes:
    """Return the same as comments in a stream whose head has left before, and who answers after all."""
    return f": x-gateway-attempts {attempts_header(reports, debug=debug)}\n: x-gateway-model {model}\n\n".encode()


def ascii_json(text: str) -> str:
    """Return `text` with JSON's escapes for what a header cannot hold."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if " " <= c <= "~" else "".join(f"\\u{u:04x}" for u in _units(c)) for c in text)


def _units(character: str) -> tuple[int, ...]:
    raw = character.encode("utf-16-be", "surrogatepass")
    return tuple(int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2))
