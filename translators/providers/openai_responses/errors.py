"""Errors of OpenAI's APIs, of Azure and of proxies before them, and their rate limits.

Reference: https://platform.openai.com/docs/guides/error-codes, and `error` of a Response object. The provider answers
to the gateway's key, not to the client's: what is wrong with that key is no fault of the client.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from translators.errors import Failure
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


@dataclass(frozen=True, slots=True)
class _Said:
    """What the provider said, from whatever form its error had."""

    type: str = ""
    message: str = ""
    code: str = ""
    param: str | None = None
    readable: bool = True


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """What a client that speaks this dialect is told of an answer that is no 2xx. Never raises."""
    return _failure(status, _said(body), retry_headers(headers))


def read_translated_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The same for a client that speaks another: a field that it does not know goes by the name that it does."""
    failure = read_error(status, headers, body)
    return failure if failure.param is None else replace(failure, param=_client_path(failure.param))


def told_error(payload: Mapping[str, Any]) -> Failure:
    """The same for an error inside an answer: an `error` event, a failed response, where only the code tells what
    it means."""
    response = payload.get("response")
    holder = response if isinstance(response, Mapping) and response.get("error") else payload
    said = _from_json(holder if holder.get("error") else {"error": dict(payload)})
    return _failure(_status(said), said, {})


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """They are OpenAI's already."""
    return rate_limits(headers)


def _status(said: _Said) -> int:
    code = said.code or said.type
    if code.startswith("rate_limit") or code in _NO_QUOTA or said.type == "rate_limit_error":
        return 429
    if code in _OVERLOADED:
        return 503
    if code.endswith("timeout"):
        return 504
    if key_trouble(said.message, said.type, code):
        return 401
    return 400 if _OF_THE_REQUEST(code) or said.type == "invalid_request_error" else 500


def _said(body: bytes) -> _Said:
    told, text = json_or_text(body)
    return _from_json(told) if told is not None else _Said(message=text, readable=False)


def _from_json(body: Any) -> _Said:
    """OpenAI's own form, or those of Azure's front and of proxies: a string, a message, a detail."""
    match body:
        case {"error": {"message": str(message)} as error}:
            type, code, param = error.get("type"), error.get("code"), error.get("param")
            return _Said(
                short_text(type) or "" if type != "error" else "",
                with_raw(message, error),
                "" if code is None else short_text(str(code)) or "",
                short_text(param),
            )
        case {"error": str(message)} | {"message": str(message)} | {"detail": str(message)}:
            return _Said("", message)
        case {"detail": [{"msg": str(message)}, *_]}:  # FastAPI's
            return _Said("", message)
        case [first]:
            return _from_json(first)
        case _:
            return _Said(readable=False)


def _failure(status: int, said: _Said, headers: Mapping[str, str]) -> Failure:
    text = presentable(said.message, status)
    code: str | None = said.code or None
    if said.code in _NO_QUOTA or said.type in _NO_QUOTA:
        return Failure(429, text, "insufficient_quota", None, "insufficient_quota", headers)
    if status in (400, 422) and key_trouble(said.message, said.type, said.code):
        return by_status(401, text, headers)
    if status in (400, 413, 422, 500) and too_long(said.message, said.type, said.code):
        return Failure(400, text, "invalid_request_error", said.param, "context_length_exceeded", headers)
    usual = by_status(status, text, headers, readable=said.readable)
    match status:
        case 404 if said.readable:
            param, code = _not_found(said)
            return replace(usual, param=param, code=code)
        case 401 | 402 | 403 | 404 | 429 | 504:
            return usual
        case 500 | 408 | 499:
            return replace(usual, code=code or usual.code)
    if usual.status >= 500:
        return usual
    return replace(usual, param=said.param, code=code or usual.code)


def _not_found(said: _Said) -> tuple[str | None, str]:
    """Param and code of a 404, which may speak of a file or a stored response as well as of a model."""
    if said.code in ("", "404"):
        return ("model", "model_not_found") if "model" in said.message.lower() else (said.param, "not_found")
    if said.code in ("DeploymentNotFound", "model_not_found"):
        return "model", "model_not_found"
    return said.param, said.code


def _client_path(param: str) -> str:
    if param == "input" or param.startswith("input["):
        return "messages"  # their places differ: one message is several items
    return "response_format" if param.startswith("text.format") else _PARAMS.get(param, param)
