"""Errors of OpenAI and of those who speak like it (https://platform.openai.com/docs/guides/error-codes), and limits.

What is said of the request (message, type, param, code) is handed on. What is said of the credentials is not: the
provider answers to the gateway's key, and what is wrong with that is no fault of the client.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from translators.errors import BadAnswer, Failure
from translators.providers.shared.failures import (
    by_status,
    json_or_text,
    key_trouble,
    presentable,
    rate_limits,
    retry_headers,
    short_text,
    too_long,
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


@dataclass(frozen=True, slots=True)
class _Said:
    """What the provider said, from whatever form its error had."""

    message: str = ""
    type: str | None = None
    param: str | None = None
    code: str | None = None
    filtered: bool = False
    readable: bool = True


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """What the client is told of an answer that is no 2xx. Never raises."""
    return _failure(status, _said(body), retry_headers(headers))


def streamed_error(payload: Mapping[str, Any]) -> Failure:
    """The same for an error in a 200, whose status stands in it, or is told by its words."""
    said = _from_json(payload)
    inner = payload.get("error")
    numbers = [each.get(key) for each in (inner, payload) if isinstance(each, dict) for key in ("status", "code")]
    for number in numbers:
        if str(number).isascii() and str(number).isdigit() and 400 <= int(str(number)[:4]) <= 599:
            return _failure(int(str(number)[:4]), said, {})
    for told in (said.code, said.type):
        if (status := _STATUS_OF_WORD.get((told or "").lower())) is not None:
            return _failure(status, said, {})
    return _failure(401 if key_trouble(said.message) else 500, said, {})


def raise_error_of(choice: Mapping[str, Any]) -> None:
    """Raises `BadAnswer` for a choice that has an error in it, with the provider's own words."""
    if choice.get("error"):
        raise BadAnswer(streamed_error({"error": choice["error"]}))


def _said(body: bytes) -> _Said:
    told, text = json_or_text(body)
    return _from_json(told) if told is not None else _Said(message=text, readable=False)


def _from_json(body: Any) -> _Said:
    """OpenAI's own form; a string; a message without an envelope (vLLM, Mistral); FastAPI's `detail`; one in a list."""
    match body:
        case {"error": dict(error)} if error:
            return _from_error(error)
        case {"error": str(message)} if message:
            return _Said(message, code=_word(body.get("code")))
        case {"message": str() | {} | list()}:
            return _from_error(body)
        case {"detail": str(message)} | {"detail": [{"msg": str(message)}, *_]} | {"msg": str(message)}:
            return _Said(message)
        case [first]:
            return _from_json(first)
        case {"x_groq": {"error": str(message)}}:
            return _Said(message)
        case _:
            return _Said(readable=False)


def _from_error(error: Mapping[str, Any]) -> _Said:
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
    kind = None if kind in ("error", "object") else _word(kind)
    text = with_raw(message if isinstance(message, str) else "", error)
    return _Said(text, kind, _word(error.get("param")), _word(error.get("code")), filtered)


def _word(value: Any) -> str | None:
    return short_text(value, _SECRET)


def _failure(status: int, said: _Said, headers: Mapping[str, str]) -> Failure:
    text = presentable(said.message, status, _SECRET)
    code = said.code if said.code and not said.code.isdigit() else None
    bad = "invalid_request_error"
    if said.filtered and 400 <= status < 500:
        return Failure(400, text, said.type or bad, said.param, code or "content_filter", headers)
    if code == "insufficient_quota" or said.type == "insufficient_quota" or status == 402:
        return Failure(429, text, "insufficient_quota", None, "insufficient_quota", headers)
    if status in (400, 422) and key_trouble(said.message, said.type, code):
        return by_status(401, text, headers)  # xAI's
    if status in (400, 413, 422, 500) and too_long(said.message, said.type, code):
        return Failure(400, text, bad, said.param or "messages", "context_length_exceeded", headers)
    if status == 498:  # Groq's for a tier without room
        status = 503
    elif status == 405 and not said.readable:  # a wrong path, at some
        status = 404
    usual = by_status(status, text, headers, readable=said.readable)
    match status:
        case 404 if said.readable:
            param, code = _not_found(said, code)
            return replace(usual, param=param, code=code)
        case 401 | 403 | 404 | 408 | 499 | 504:
            return usual
        case 413:
            return replace(usual, param=said.param)
    if usual.status >= 500:
        return replace(usual, code=code or usual.code)
    return replace(usual, type=said.type or usual.type, param=said.param, code=code or usual.code)


def _not_found(said: _Said, code: str | None) -> tuple[str | None, str]:
    """Param and code of a 404, which may speak of a file as well as of a model."""
    if code is not None and code.lower() not in _NO_MODEL:
        return said.param, code
    spoken = f"{code or ''} {said.message}".lower()
    return ("model", "model_not_found") if "model" in spoken or "deployment" in spoken else (None, "not_found")


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """OpenAI's own headers, as they came."""
    return rate_limits(headers)
