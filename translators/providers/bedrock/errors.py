"""Bedrock's errors in OpenAI's words
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html).

What is wrong with the gateway's own credentials is no fault of the client. Bedrock sends no rate limits."""

import re
from collections.abc import Mapping
from typing import Any

from translators.errors import Failure
from translators.providers.shared.failures import by_status, json_or_text, presentable, retry_headers, too_long

_SECRET = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}|\bABSK[A-Za-z0-9+/=]{8,}"
    r"|(?i:x-amz-security-token[:=])\s*[^\s\"',&]+|(?i:signature=)[0-9a-fA-F]{16,}|(?<![\w-])\d{12}(?![\w-])"
)
"""Access keys, Bedrock API keys, session tokens, signatures, and the number of the gateway's account."""

_CREDENTIALS = frozenset(
    {
        "accessdenied",
        "unrecognizedclient",
        "expiredtoken",
        "invalidsignature",
        "incompletesignature",
        "missingauthenticationtoken",
        "invalidclienttokenid",
        "notauthorized",
        "optinrequired",
    }
)
_STATUS_OF_TYPE = {
    "validation": 400,
    "resourcenotfound": 404,
    "modeltimeout": 408,
    "conflict": 409,
    "servicequotaexceeded": 429,
    "throttling": 429,
    "toomanyrequests": 429,
    "modelnotready": 429,
    "internalserver": 500,
    "internalfailure": 500,
    "modelerror": 502,
    "modelstreamerror": 502,
    "serviceunavailable": 503,
}
"""The status by the error's short name; a status that is not here stays."""

_NO_MODEL = ("model identifier is invalid", "could not resolve the foundation model", "model id is not supported")


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Return the client's failure for an answer that is no 2xx: `{"message": ...}`, with its type in a header or in
    `__type`. Never raises."""
    kind, message, readable = _parsed(body)
    named = headers.get("x-amzn-errortype", "").partition(":")[0].strip()
    return _failure(status, named or kind, message, readable, retry_headers(headers))


def streamed_error(exception: Any) -> Failure:
    """Return the client's failure for an exception in the middle of a stream, where only its type tells the status."""
    error = exception if isinstance(exception, Mapping) else {}
    return _failure(500, _text(error, "type"), _text(error, "message") or _text(error, "Message"), True, {})


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """Return when to come back, as a proxy before Bedrock may say: Bedrock sends no limits."""
    return retry_headers(headers)


def _parsed(body: bytes) -> tuple[str, str, bool]:
    """Return the type, the message, and whether this is an answer of Amazon's at all."""
    error, text = json_or_text(body)
    if not isinstance(error, dict):
        return "", text, False
    kind = _text(error, "__type").rpartition("#")[2] or _text(error, "code")
    return kind, _text(error, "message") or _text(error, "Message"), True


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _failure(status: int, kind: str, message: str, readable: bool, headers: Mapping[str, str]) -> Failure:
    short = kind.partition(":")[0].lower().removesuffix("exception")
    if short in _CREDENTIALS or status in (401, 403):
        # the message of a refused signature has all that was signed: only the first line is for people
        text = presentable(message.partition("\n")[0] or kind[:80], status, _SECRET)
        return by_status(401, text, headers)
    status = _STATUS_OF_TYPE.get(short, status)
    text = presentable(message, kind[:80] or status, _SECRET)
    lowered = message.lower()
    if status == 400 and too_long(message):
        return Failure(400, text, "invalid_request_error", "messages", "context_length_exceeded", headers)
    if status == 400 and any(phrase in lowered for phrase in _NO_MODEL):
        return Failure(404, text, "invalid_request_error", "model", "model_not_found", headers)
    match status:
        case 404 if readable:
            return Failure(404, text, "invalid_request_error", "model", "model_not_found", headers)
        case 408:
            return by_status(504, text, headers)
        case 429 if short == "servicequotaexceeded":
            return by_status(402, text, headers)
        case 424 | 502 if short.startswith("model"):
            return Failure(502, text, "server_error", None, "model_error", headers)
        case 424:
            return by_status(502, text, headers)
    return by_status(status, text, headers, readable=readable)
