"""Errors of OpenAI's APIs, of Azure and of proxies before them, and their rate limits.

Reference: https://platform.openai.com/docs/guides/error-codes, and `error` of a Response object. The provider answers
to the gateway's key, not to the client's: that key's faults are none of the client's.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from translators.errors import Failure
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

_OVERLOADED = frozenset(("server_overloaded", "overloaded_error", "overloaded", "slow_down", "engine_overloaded"))
_NO_QUOTA = frozenset(
    ("insufficient_quota", "billing_hard_limit_reached", "usage_limit_reached", "usage_not_included", "quota_exceeded")
)
_OF_THE_REQUEST = re.compile(
    r"invalid_|image_|unsupported_|empty_image|context_length|content_(filter|policy)|bio_policy|misalignment_policy"
    r"|data_residency|string_above|previous_response|failed_to_download"
).match
_PARAMS = {
    "max_output_tokens": "max_completion_tokens",
    "reasoning.effort": "reasoning_effort",
    "text.verbosity": "verbosity",
}


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Return the failure for a client that speaks this dialect, of an answer that is no 2xx. Never raises."""
    return _failure(status, parse_error(body, _from_json), retry_headers(headers))


def read_translated_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Return the same for a client that speaks another: a field that it does not know goes by the name that it does."""
    failure = read_error(status, headers, body)
    return failure if failure.param is None else replace(failure, param=_client_path(failure.param))


def streamed_error(payload: Mapping[str, Any]) -> Failure:
    """Return the same for an error inside an answer: an `error` event, a failed response (`{"response": {"error":
    {"code": ..., "message": ...}}}`), where only the code tells its meaning."""
    response = payload.get("response")
    holder = response if isinstance(response, Mapping) and response.get("error") else payload
    error = _from_json(holder if holder.get("error") else {"error": dict(payload)})
    return _failure(_status(error), error, {})


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """Return OpenAI's own headers, as they came."""
    return rate_limits(headers)


def _status(error: ProviderError) -> int:
    code = error.code or error.type
    if code.startswith("rate_limit") or code in _NO_QUOTA or error.type == "rate_limit_error":
        return 429
    if code in _OVERLOADED:
        return 503
    if code.endswith("timeout"):
        return 504
    if key_trouble(error.message, error.type, code):
        return 401
    return 400 if _OF_THE_REQUEST(code) or error.type == "invalid_request_error" else 500


def _from_json(body: Any) -> ProviderError:
    """Parse OpenAI's own form, or those of Azure's front and of proxies: a string, a message, a detail."""
    match body:
        case {"error": {"message": str(message)} as error}:
            type, code, param = error.get("type"), error.get("code"), error.get("param")
            return ProviderError(
                with_raw(message, error),
                "" if type == "error" else short_text(type) or "",
                "" if code is None else short_text(str(code)) or "",
                short_text(param),
            )
        case {"error": str(message)} | {"message": str(message)} | {"detail": str(message)}:
            return ProviderError(message)
        case {"detail": [{"msg": str(message)}, *_]}:  # FastAPI's
            return ProviderError(message)
        case [first]:
            return _from_json(first)
        case _:
            return ProviderError(readable=False)


def _failure(status: int, error: ProviderError, headers: Mapping[str, str]) -> Failure:
    text = presentable(error.message, status)
    code: str | None = error.code or None
    if error.code in _NO_QUOTA or error.type in _NO_QUOTA:
        return Failure(429, text, "insufficient_quota", None, "insufficient_quota", headers)
    if (known := by_words(status, error, text, headers)) is not None:
        return known
    usual = by_status(status, text, headers, readable=error.readable)
    match status:
        case 404 if error.readable:
            param, code = _not_found(error)
            return replace(usual, param=param, code=code)
        case 401 | 402 | 403 | 404 | 429 | 504:
            return usual
        case 500 | 408 | 499:
            return replace(usual, code=code or usual.code)
    if usual.status >= 500:
        return usual
    return replace(usual, param=error.param, code=code or usual.code)


def _not_found(error: ProviderError) -> tuple[str | None, str]:
    """Return param and code of a 404, which may speak of a file or a stored response as well as of a model."""
    if error.code in ("", "404"):
        return ("model", "model_not_found") if "model" in error.message.lower() else (error.param, "not_found")
    if error.code in ("DeploymentNotFound", "model_not_found"):
        return "model", "model_not_found"
    return error.param, error.code


def _client_path(param: str) -> str:
    if param == "input" or param.startswith("input["):
        return "messages"  # their places differ: one message is several items
    return "response_format" if param.startswith("text.format") else _PARAMS.get(param, param)
