"""Google's errors in OpenAI's words (https://ai.google.dev/gemini-api/docs/troubleshooting, google.rpc.Status)."""

import math
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from translators.errors import Failure
from translators.providers.shared.failures import (
    by_status,
    json_or_text,
    key_trouble,
    model_not_found,
    presentable,
    prompt_too_long,
    retry_headers,
    too_long,
)
from translators.values import immutable

_SECRET = re.compile(r"AIza[A-Za-z0-9_-]{10,}|ya29\.[A-Za-z0-9._-]+|(?i:(?<=[?&]key=))[^\s\"',&]+")
# The name or the number of the gateway's own project.
_PROJECT = re.compile(r"(\bprojects?[/:_ ](?:number:)?)[a-z0-9-]*\d[a-z0-9-]*")
_STATUS_OF_NAME = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_DELAY = re.compile(r"(\d+(?:\.\d+)?)s").fullmatch


@immutable
class _GoogleError:
    """An error of Google's, whatever form it had. `reasons` are those of `details`."""

    name: str = ""
    message: str = ""
    code: int | None = None
    reasons: frozenset[str] = frozenset()
    retry: Mapping[str, str] = field(default_factory=dict)
    per_day: bool = False
    readable: bool = True


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Return the client's failure for an answer that is no 2xx: `{"error": {"code": ..., "message": ..., "status": ...,
    "details": [...]}}`. Never raises."""
    error = _error_of(body)
    return _failure(status, error, {**error.retry, **retry_headers(headers)})


def streamed_error(payload: Mapping[str, Any]) -> Failure:
    """Return the client's failure for an `error` in the middle of a stream, which has its status inside."""
    error = _from_json(payload)
    status = _STATUS_OF_NAME.get(error.name) or error.code or 500
    return _failure(status if 400 <= status < 600 else 500, error, error.retry)


def _error_of(body: bytes) -> _GoogleError:
    parsed, text = json_or_text(body)
    return _from_json(parsed) if parsed is not None else _GoogleError(message=text, readable=False)


def _from_json(body: Any) -> _GoogleError:
    """Parse Google's own form, the array around it that a stream without `alt=sse` has, or that of a proxy before
    it."""
    match body:
        case {"error": {**fields}}:
            message, name, code = fields.get("message"), fields.get("status"), fields.get("code")
            details = fields.get("details")
            return _with_details(
                message if isinstance(message, str) else "",
                name if isinstance(name, str) else "",
                code if isinstance(code, int) else None,
                [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else [],
            )
        case {"error": str(message)} | {"message": str(message)} | {"detail": str(message)}:
            return _GoogleError("", message)
        case [first, *_]:
            return _from_json(first)
        case _:
            return _GoogleError(readable=False)


def _with_details(message: str, name: str, code: int | None, details: list[dict[str, Any]]) -> _GoogleError:
    """Return the error with `ErrorInfo`, `RetryInfo` and `QuotaFailure` of google.rpc."""
    reasons: set[str] = set()
    retry: dict[str, str] = {}
    per_day = False
    for detail in details:
        match detail:
            case {"reason": str(reason)}:
                reasons.add(reason)
            case {"retryDelay": str(delay)} if (seconds := _DELAY(delay)) and len(delay) < 16:
                retry["retry-after"] = str(math.ceil(float(seconds[1])))
            case {"violations": [*violations]}:
                quotas = [str(each.get("quotaId")) for each in violations if isinstance(each, dict)]
                per_day = any("PerDay" in quota for quota in quotas)
    return _GoogleError(name, message, code, frozenset(reasons), retry, per_day)


def _failure(status: int, error: _GoogleError, headers: Mapping[str, str]) -> Failure:
    text = presentable(_PROJECT.sub(r"\1***", error.message), status, _SECRET)
    lowered = error.message.lower()
    match status:
        case 400 if "API_KEY_INVALID" in error.reasons or key_trouble(error.message):
            return by_status(401, text, headers)
        case 400 if too_long(error.message):
            return prompt_too_long(text, headers)
        case 400 if error.name == "FAILED_PRECONDITION":
            return Failure(400, text, "invalid_request_error", None, "failed_precondition", headers)
        case 404 if error.readable and "model" in lowered:
            return model_not_found(text, headers)
        case 429 if error.per_day:
            return by_status(402, text, headers)
    return by_status(status, text, headers, readable=error.readable)


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """Return when to come back: Google sends no limits beforehand."""
    return retry_headers(headers)
