"""Errors of OpenAI's APIs, of Azure and of proxies before them, and their rate limits.

Reference: https://platform.openai.com/docs/guides/error-codes, and `error` of a Response object. The provider answers
to the gateway's key, not to the client's: what is wrong with that key is no fault of the client.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from translators.errors import Failure

_LONGEST_MESSAGE = 1_000
_SECRET = re.compile(
    r"sk-[A-Za-z0-9_*-]{6,}|(?i:\bbearer\s+)[^\s\"',]+|(?i:(?<=api-key: )|(?<=api_key=)|(?<=api-key=))[^\s\"',&]+"
)
_RETRY = ("retry-after", "retry-after-ms")
_OVERLOADED = frozenset(("server_overloaded", "overloaded_error", "overloaded", "slow_down", "engine_overloaded"))
_NO_QUOTA = frozenset(
    ("insufficient_quota", "billing_hard_limit_reached", "usage_limit_reached", "usage_not_included", "quota_exceeded")
)
_OF_THE_REQUEST = re.compile(
    r"invalid_|image_|unsupported_|empty_image|context_length|content_(filter|policy)|bio_policy|misalignment_policy"
    r"|data_residency|string_above|previous_response|failed_to_download"
).match
_TOO_LONG = ("context window", "context length", "maximum context", "prompt is too long")
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
    kept = {name: headers[name] for name in _RETRY if name in headers}
    return _failure(status, _said(body), kept)


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
    return {name: value for name, value in headers.items() if name in _RETRY or name.startswith("x-ratelimit-")}


def _status(said: _Said) -> int:
    code = said.code or said.type
    if code.startswith("rate_limit") or code in _NO_QUOTA or said.type == "rate_limit_error":
        return 429
    if code in _OVERLOADED:
        return 503
    if code.endswith("timeout"):
        return 504
    return 400 if _OF_THE_REQUEST(code) or said.type == "invalid_request_error" else 500


def _said(body: bytes) -> _Said:
    try:
        return _from_json(json.loads(body))
    except (ValueError, RecursionError):
        text = body[: 4 * _LONGEST_MESSAGE].decode("utf-8", "replace").strip()
        return _Said(message="" if "<" in text[:200] else text, readable=False)


def _from_json(body: Any) -> _Said:
    """OpenAI's own form, or those of Azure's front and of proxies: a string, a message, a detail."""
    match body:
        case {"error": {"message": str(message), **error}}:
            type, code, param = error.get("type"), error.get("code"), error.get("param")
            return _Said(
                type if isinstance(type, str) and type != "error" else "",
                message,
                "" if code is None else str(code),
                param if isinstance(param, str) else None,
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
    text = _presentable(said.message) or f"The provider answered {status}, and said no more."
    code: str | None = said.code or None
    if said.code in _NO_QUOTA or said.type in _NO_QUOTA:
        return Failure(429, text, "insufficient_quota", None, "insufficient_quota", headers)
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
            return Failure(status, text, "timeout", None, code or "timeout", headers)
        case 413:
            return Failure(413, text, "invalid_request_error", said.param, code or "request_too_large", headers)
        case 429:
            return Failure(429, text, "rate_limit_error", None, "rate_limit_exceeded", headers)
        case 500:
            return Failure(500, text, "server_error", None, code, headers)
        case 503 | 529:
            return Failure(503, text, "server_error", None, "server_overloaded", headers)
        case 504:
            return Failure(504, text, "server_error", None, "timeout", headers)
    if not 400 <= status < 500:
        return Failure(502, text, "server_error", None, None, headers)
    if any(phrase in said.message.lower() for phrase in _TOO_LONG):
        code = "context_length_exceeded"
    return Failure(status, text, "invalid_request_error", said.param, code, headers)


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


def _presentable(message: str) -> str:
    masked = _SECRET.sub("***", message)
    return masked if len(masked) <= _LONGEST_MESSAGE else masked[: _LONGEST_MESSAGE - 1] + "…"
