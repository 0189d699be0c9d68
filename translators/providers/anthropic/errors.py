"""Anthropic's errors in OpenAI's words, and its rate limits (https://platform.claude.com/docs/en/api/errors).

The provider answers to the gateway's key, not to the client's: what is wrong with that key is no fault of the client.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from translators.errors import Failure

_LONGEST_MESSAGE = 1_000
_SECRET = re.compile(
    r"sk-[A-Za-z0-9_-]{6,}|(?i:\bbearer\s+)[^\s\"',]+|(?i:(?<=api-key: )|(?<=api_key=)|(?<=api-key=))[^\s\"',&]+"
)
_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_TOO_LONG = ("prompt is too long", "context window", "context limit", "context size", "context length")
_RETRY = ("retry-after", "retry-after-ms")


@dataclass(frozen=True, slots=True)
class _Said:
    """What the provider said, from whatever form its error had."""

    type: str = ""
    message: str = ""
    code: str = ""
    readable: bool = True


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """What the client is told of an answer that is no 2xx. Never raises."""
    kept = {name: headers[name] for name in _RETRY if name in headers}
    return _failure(status, _said(body), kept)


def streamed_error(event: Mapping[str, Any]) -> Failure:
    """The same for an `error` in the middle of a stream, where only its type tells the status."""
    said = _from_json(event)
    return _failure(_STATUS_OF_TYPE.get(said.type, 500), said, {})


def _said(body: bytes) -> _Said:
    try:
        return _from_json(json.loads(body))
    except (ValueError, RecursionError):
        text = body[: 4 * _LONGEST_MESSAGE].decode("utf-8", "replace").strip()
        return _Said(message="" if "<" in text[:200] else text, readable=False)


def _from_json(body: Any) -> _Said:
    """Anthropic's own form, OpenAI's, or those of proxies before it: a string, a message, a detail."""
    match body:
        case {"error": {"message": str(message), **error}}:
            match error.get("details"):
                case {"error_code": str(code)}:
                    pass
                case _:
                    code = str(error.get("code") or "")
            return _Said(str(error.get("type") or ""), message, code)
        case {"error": str(message)} | {"message": str(message)} | {"detail": str(message)}:
            return _Said("", message)
        case [first]:
            return _from_json(first)
        case _:
            return _Said(readable=False)


def _failure(status: int, said: _Said, headers: Mapping[str, str]) -> Failure:
    text = _presentable(said.message) or f"The provider answered {status}, and said no more."
    if (known := _by_meaning(said)) is not None:
        status, type, param, code = known
        return Failure(status, text, type, param, code, headers)
    match status:
        case 401 | 403:
            text = f"The provider refused the gateway's credentials: {text}"
            return Failure(502, text, "upstream_error", None, "upstream_authentication_error", headers)
        case 402:
            return Failure(429, text, "insufficient_quota", None, "insufficient_quota", headers)
        case 404 if not said.readable:
            return Failure(502, text, "upstream_error", None, "bad_provider_answer", headers)
        case 404:
            return Failure(404, text, "invalid_request_error", *_not_found(said), headers)
        case 408 | 499:
            return Failure(status, text, "timeout", None, "timeout", headers)
        case 409:
            return Failure(409, text, "invalid_request_error", None, "conflict", headers)
        case 413:
            return Failure(413, text, "invalid_request_error", None, "request_too_large", headers)
        case 429:
            return Failure(429, text, "rate_limit_error", None, "rate_limit_exceeded", headers)
        case 503 | 529:
            return Failure(503, text, "server_error", None, "server_overloaded", headers)
        case 504:
            return Failure(504, text, "server_error", None, "timeout", headers)
        case 500:
            return Failure(500, text, "server_error", None, None, headers)
    if 400 <= status < 500:
        return Failure(status, text, "invalid_request_error", None, None, headers)
    return Failure(502, text, "server_error", None, None, headers)


def _by_meaning(said: _Said) -> tuple[int, str, str | None, str] | None:
    """What the status does not tell: a spending limit behind a 400 or 429, a prompt that is too long."""
    if "spend_limit" in said.code or "credit balance is too low" in said.message.lower():
        return 429, "insufficient_quota", None, "insufficient_quota"
    if said.type in ("", "invalid_request_error", "exceed_context_size_error"):
        lowered = said.message.lower()
        if any(phrase in lowered for phrase in _TOO_LONG):
            return 400, "invalid_request_error", "messages", "context_length_exceeded"
    return None


def _not_found(said: _Said) -> tuple[str | None, str]:
    """Param and code of a 404, which may speak of a file as well as of a model."""
    return ("model", "model_not_found") if "model" in said.message.lower() else (None, "not_found")


def _presentable(message: str) -> str:
    masked = _SECRET.sub("***", message)
    return masked if len(masked) <= _LONGEST_MESSAGE else masked[: _LONGEST_MESSAGE - 1] + "…"


# --- rate limits ------------------------------------------------------------------------------------


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """`anthropic-ratelimit-*` under OpenAI's names; the end of a window as a duration instead of a time."""
    limits = {name: headers[name] for name in _RETRY if name in headers}
    for ours, theirs in (("requests", ("requests",)), ("tokens", ("tokens", "input-tokens"))):
        for kind in theirs:
            found = {
                what: headers.get(f"anthropic-ratelimit-{kind}-{what}") for what in ("limit", "remaining", "reset")
            }
            if found["limit"] is None and found["remaining"] is None:
                continue
            found["reset"] = _duration(found["reset"], now)
            limits |= {f"x-ratelimit-{what}-{ours}": value for what, value in found.items() if value is not None}
            break
    return limits


def _duration(moment: str | None, now: float) -> str | None:
    """`2026-11-22T19:00:00Z` as `6m0s` from now; None where it is no time."""
    try:
        at = datetime.fromisoformat(moment or "")
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    seconds = max(0, math.ceil(at.timestamp() - now))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s" if hours else f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
