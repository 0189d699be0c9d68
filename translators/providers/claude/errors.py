"""Anthropic's errors in OpenAI's words, and its rate limits (https://platform.claude.com/docs/en/api/errors)."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from translators.errors import Failure
from translators.providers.shared.failures import (
    ProviderError,
    by_status,
    model_not_found,
    parse_error,
    presentable,
    prompt_too_long,
    retry_headers,
    too_long,
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
_LIMITS = {"requests": ("requests",), "tokens": ("tokens", "input-tokens")}
"""OpenAI's name of a limit, and Anthropic's, the first of which counts."""
_ABOUT_THE_REQUEST = ("", "invalid_request_error", "exceed_context_size_error")


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Return the client's failure for an answer that is no 2xx: `{"type": "error", "error": {"type": ..., "message":
    ...}}`. Never raises."""
    return _failure(status, parse_error(body, _from_json), retry_headers(headers))


def streamed_error(event: Mapping[str, Any]) -> Failure:
    """Return the client's failure for an `error` in the middle of a stream, where only its type tells the status."""
    error = _from_json(event)
    return _failure(_STATUS_OF_TYPE.get(error.type, 500), error, {})


def _from_json(body: Any) -> ProviderError:
    """Parse Anthropic's own form, OpenAI's, or those of proxies before it: a string, a message, a detail."""
    match body:
        case {"error": {"message": str(message), **error}}:
            match error.get("details"):
                case {"error_code": str(code)}:
                    pass
                case _:
                    code = str(error.get("code") or "")
            return ProviderError(message, str(error.get("type") or ""), code)
        case {"error": str(message)} | {"message": str(message)} | {"detail": str(message)}:
            return ProviderError(message)
        case [first]:
            return _from_json(first)
        case _:
            return ProviderError(readable=False)


def _failure(status: int, error: ProviderError, headers: Mapping[str, str]) -> Failure:
    text = presentable(error.message, status)
    message = error.message.lower()
    if "spend_limit" in error.code or "credit balance is too low" in message:
        return by_status(402, text, headers)
    if error.type in _ABOUT_THE_REQUEST and too_long(error.message, error.type):
        return prompt_too_long(text, headers)
    if status == 404 and error.readable and "model" in message:
        return model_not_found(text, headers)
    return by_status(status, text, headers, readable=error.readable)


# --- rate limits ------------------------------------------------------------------------------------


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """Return `anthropic-ratelimit-*` under OpenAI's names; the end of a window as a duration instead of a time."""
    limits = retry_headers(headers)
    for name, kinds in _LIMITS.items():
        windows = [_window(headers, kind, now) for kind in kinds]
        window = next(filter(None, windows), {})
        limits |= {f"x-ratelimit-{field}-{name}": value for field, value in window.items()}
    return limits


def _window(headers: Mapping[str, str], kind: str, now: float) -> dict[str, str]:
    """Return what there is of `limit`, `remaining` and `reset`; nothing without one of the first two."""
    fields = {name: headers.get(f"anthropic-ratelimit-{kind}-{name}") for name in ("limit", "remaining", "reset")}
    if fields["limit"] is None and fields["remaining"] is None:
        return {}
    fields["reset"] = _duration(fields["reset"], now)
    return {name: value for name, value in fields.items() if value is not None}


def _duration(moment: str | None, now: float) -> str | None:
    """Return `2026-11-22T19:00:00Z` as `6m0s` from now; None where it is no time."""
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
