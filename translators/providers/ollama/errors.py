"""Ollama's errors in OpenAI's words (https://docs.ollama.com/api/errors). All that it tells is a status and a sentence.

The provider answers to the gateway's key, not to the client's: what is wrong with that key is no fault of the client.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from translators.errors import Failure

_LONGEST_MESSAGE = 1_000
_SECRET = re.compile(r"(?i:\bbearer\s+)[^\s\"',]+|\bsk-[A-Za-z0-9_-]{6,}")
_TOO_LONG = (
    "exceeds the context length",
    "exceed_context_size",
    "exceeds the available context size",
    "exceeds maximum context length",
)
_UNABLE = {"does not support thinking": "reasoning_effort", "does not support tools": "tools"}
_RETRY = ("retry-after", "retry-after-ms")


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """What the client is told of an answer that is no 2xx. Never raises."""
    kept = {name: headers[name] for name in _RETRY if name in headers}
    try:
        message, readable = _from_json(json.loads(body)), True
    except (ValueError, RecursionError):
        text = body[: 4 * _LONGEST_MESSAGE].decode("utf-8", "replace").strip()
        message, readable = "" if "<" in text[:200] else text, False
    return _failure(status, message, readable, kept)


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """Ollama tells no limits, but what is before it may say when to come back."""
    return {name: headers[name] for name in _RETRY if name in headers}


def streamed_error(payload: Mapping[str, Any]) -> Failure:
    """The same for an `error` in a line of a stream, whose status has long been sent."""
    return _failure(500, _from_json(payload), True, {})


def _from_json(body: Any) -> str:
    """The sentence. Newer versions pass on their engine's own error, sometimes as JSON inside the string."""
    match body:
        case {"error": str(message)}:
            return _inner(message)
        case {"error": {"message": str(message)} as error}:
            kind = error.get("type")
            return f"{message} ({kind})" if isinstance(kind, str) and kind not in message else message
        case {"message": str(message)} | {"detail": str(message)}:
            return message
        case _:
            return ""


def _inner(message: str) -> str:
    if not message.startswith("{"):
        return message
    try:
        return _from_json(json.loads(message)) or message
    except (ValueError, RecursionError):
        return message


def _failure(status: int, message: str, readable: bool, headers: Mapping[str, str]) -> Failure:
    text = _presentable(message) or f"The provider answered {status}, and said no more."
    if (known := _by_meaning(message)) is not None:
        status, type, param, code = known
        return Failure(status, text, type, param, code, headers)
    match status:
        case 401 | 403:
            text = f"The provider refused the gateway's credentials: {text}"
            return Failure(502, text, "upstream_error", None, "upstream_authentication_error", headers)
        case 402:
            return Failure(429, text, "insufficient_quota", None, "insufficient_quota", headers)
        case 404 if not readable:
            return Failure(502, text, "upstream_error", None, "bad_provider_answer", headers)
        case 404:
            return Failure(404, text, "invalid_request_error", "model", "model_not_found", headers)
        case 408 | 499:
            return Failure(status, text, "timeout", None, "timeout", headers)
        case 413:
            return Failure(413, text, "invalid_request_error", None, "request_too_large", headers)
        case 429:
            return Failure(429, text, "rate_limit_error", None, "rate_limit_exceeded", headers)
        case 500:
            return Failure(500, text, "server_error", None, None, headers)
        case 503:
            return Failure(503, text, "server_error", None, "server_overloaded", headers)
        case 504:
            return Failure(504, text, "server_error", None, "timeout", headers)
    if 400 <= status < 500:
        return Failure(status, text, "invalid_request_error", None, None, headers)
    return Failure(502, text, "server_error", None, None, headers)


def _by_meaning(message: str) -> tuple[int, str, str | None, str] | None:
    """What the status does not tell: a prompt that is too long, a model that cannot do what it is asked."""
    lowered = message.lower()
    if any(phrase in lowered for phrase in _TOO_LONG):
        return 400, "invalid_request_error", "messages", "context_length_exceeded"
    for phrase, param in _UNABLE.items():
        if phrase in lowered:
            return 400, "invalid_request_error", param, "unsupported_parameter"
    if "usage limit" in lowered:
        return 429, "insufficient_quota", None, "insufficient_quota"
    return None


def _presentable(message: str) -> str:
    masked = _SECRET.sub("***", message)
    return masked if len(masked) <= _LONGEST_MESSAGE else masked[: _LONGEST_MESSAGE - 1] + "…"
