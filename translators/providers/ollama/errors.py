"""Ollama's errors in OpenAI's words (https://docs.ollama.com/api/errors): a status and a sentence."""

import json
from collections.abc import Mapping
from typing import Any

from translators.errors import Failure
from translators.providers.shared.failures import by_status, json_or_text, presentable, retry_headers, too_long

_UNABLE = {"does not support thinking": "reasoning_effort", "does not support tools": "tools"}


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Return the failure that the client gets for an answer that is no 2xx. Never raises."""
    parsed, text = json_or_text(body)
    return _failure(status, text or _from_json(parsed), parsed is not None, retry_headers(headers))


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """Return the headers that say when to come back: Ollama has no limits, but a proxy before it may."""
    return retry_headers(headers)


def streamed_error(payload: Mapping[str, Any]) -> Failure:
    """Return the same for an `error` in a line of a stream (`{"error": "..."}`), whose status has long been sent."""
    return _failure(500, _from_json(payload), True, {})


def _from_json(body: Any) -> str:
    """Return the sentence. Newer versions pass on their engine's own error, sometimes as JSON inside the string."""
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
    text = presentable(message, status)
    if (known := _by_meaning(message)) is not None:
        return Failure(known[0], text, *known[1:], headers)
    if status == 404 and readable:
        return Failure(404, text, "invalid_request_error", "model", "model_not_found", headers)
    return by_status(status, text, headers, readable=readable)


def _by_meaning(message: str) -> tuple[int, str, str | None, str] | None:
    """Return status, type, param and code of an error that its text tells better than its status: a prompt that is too
    long, a model that cannot do what the request wants."""
    lowered = message.lower()
    if too_long(message):
        return 400, "invalid_request_error", "messages", "context_length_exceeded"
    for phrase, param in _UNABLE.items():
        if phrase in lowered:
            return 400, "invalid_request_error", param, "unsupported_parameter"
    if "usage limit" in lowered:
        return 429, "insufficient_quota", None, "insufficient_quota"
    return None
