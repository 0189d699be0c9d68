"""Errors of OpenAI and of those who speak like it (https://platform.openai.com/docs/guides/error-codes), and limits.

Words about the request (message, type, param, code) are handed on. Words about the credentials are not: the provider
answers to the gateway's key, and its faults are none of the client's.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from translators.errors import BadAnswer, Failure
from translators.providers.shared.failures import (
    ProviderError,
    by_status,
    by_words,
    key_trouble,
    parse_error,
    presentable,
    rate_limits,
    retry_headers,
    short_text,
    with_raw,
)

_SECRET = re.compile(r"\b(?:sk|gsk|xai|csk|fw|nvapi|key)[-_][A-Za-z0-9*_-]{6,}")
_STATUS_OF_WORD = {
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "content_policy_violation": 400,
    "invalid_prompt": 400,
    "badrequesterror": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "permission_denied": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "overloaded": 503,
    "overloaded_error": 503,
    "server_overloaded": 503,
    "service_unavailable": 503,
    "service_unavailable_error": 503,
    "timeout": 504,
    "timeout_error": 504,
}
_NO_MODEL = ("model_not_found", "deploymentnotfound", "unknown_model")


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Return the failure that the client gets for an answer that is no 2xx. Never raises."""
    return _failure(status, parse_error(body, _from_json), retry_headers(headers))


def streamed_error(payload: Mapping[str, Any]) -> Failure:
    """Return the same for an error in a 200 (`{"error": {"message": ..., "code": ...}}`), whose status stands in it, or
    is known by its words."""
    error = _from_json(payload)
    inner = payload.get("error")
    holders = [each for each in (inner, payload) if isinstance(each, dict)]
    for number in [str(holder.get(key)) for holder in holders for key in ("status", "code")]:
        if number.isascii() and number.isdigit() and 400 <= int(number[:4]) <= 599:
            return _failure(int(number[:4]), error, {})
    for name in (error.code, error.type):
        if (status := _STATUS_OF_WORD.get(name.lower())) is not None:
            return _failure(status, error, {})
    return _failure(401 if key_trouble(error.message) else 500, error, {})


def raise_error_of(choice: Mapping[str, Any]) -> None:
    """Raise `BadAnswer` for a choice that has an error in it, with the provider's own words."""
    if choice.get("error"):
        raise BadAnswer(streamed_error({"error": choice["error"]}))


def _from_json(body: Any) -> ProviderError:
    """Parse OpenAI's own form, a string, a message without an envelope (vLLM, Mistral), FastAPI's `detail`, one in a
    list."""
    match body:
        case {"error": dict(error)} if error:
            return _from_error(error)
        case {"error": str(message)} if message:
            return ProviderError(message, code=_word(body.get("code")))
        case {"message": str() | {} | list()}:
            return _from_error(body)
        case {"detail": str(message)} | {"detail": [{"msg": str(message)}, *_]} | {"msg": str(message)}:
            return ProviderError(message)
        case [first]:
            return _from_json(first)
        case {"x_groq": {"error": str(message)}}:
            return ProviderError(message)
        case _:
            return ProviderError(readable=False)


def _from_error(error: Mapping[str, Any]) -> ProviderError:
    message = error.get("message")
    match message:
        case {"detail": [{"msg": str(text)}, *_]}:  # Mistral
            message = text
    match error.get("metadata"), error.get("innererror"):
        case {"reasons": [*_]}, _:  # OpenRouter's moderation
            filtered = True
        case _, {"content_filter_result": _} | {"content_filter_results": _}:  # Azure
            filtered = True
        case _:
            filtered = error.get("code") == "content_filter"
    kind = error.get("type")
    kind = "" if kind in ("error", "object") else _word(kind)
    text = with_raw(message if isinstance(message, str) else "", error)
    return ProviderError(text, kind, _word(error.get("code")), _word(error.get("param")) or None, filtered)


def _word(value: Any) -> str:
    return short_text(value, _SECRET) or ""


def _failure(status: int, error: ProviderError, headers: Mapping[str, str]) -> Failure:
    text = presentable(error.message, status, _SECRET)
    code = None if error.code.isdigit() else error.code or None
    if error.filtered and 400 <= status < 500:
        type = error.type or "invalid_request_error"
        return Failure(400, text, type, error.param, code or "content_filter", headers)
    if status == 402 or "insufficient_quota" in (code, error.type):
        return Failure(429, text, "insufficient_quota", None, "insufficient_quota", headers)
    if (known := by_words(status, error, text, headers)) is not None:
        return replace(known, param=known.param or "messages") if known.status == 400 else known
    status = _usual_status(status, error)
    usual = by_status(status, text, headers, readable=error.readable)
    match status:
        case 404 if error.readable:
            param, code = _not_found(error, code)
            return replace(usual, param=param, code=code)
        case 401 | 403 | 404 | 408 | 499 | 504:
            return usual
        case 413:
            return replace(usual, param=error.param)
    if usual.status >= 500:
        return replace(usual, code=code or usual.code)
    return replace(usual, type=error.type or usual.type, param=error.param, code=code or usual.code)


def _usual_status(status: int, error: ProviderError) -> int:
    """Return the status that others answer with: 498 is Groq's for a tier without room, 405 a wrong path at some."""
    if status == 498:
        return 503
    return 404 if status == 405 and not error.readable else status


def _not_found(error: ProviderError, code: str | None) -> tuple[str | None, str]:
    """Return param and code of a 404, which may speak of a file as well as of a model."""
    if code is not None and code.lower() not in _NO_MODEL:
        return error.param, code
    words = f"{code or ''} {error.message}".lower()
    return ("model", "model_not_found") if "model" in words or "deployment" in words else (None, "not_found")


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """Return OpenAI's own headers, as they came."""
    return rate_limits(headers)
