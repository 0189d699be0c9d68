"""Bedrock's errors in OpenAI's words
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html).

What is wrong with the gateway's own credentials is no fault of the client. Bedrock sends no rate limits."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from translators.errors import Failure
from translators.providers.shared.answers import text_or_empty
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
    error = parse_error(body, _from_json)
    named = headers.get("x-amzn-errortype", "").partition(":")[0].strip()
    return _failure(status, replace(error, type=named or error.type), retry_headers(headers))


def streamed_error(exception: Any) -> Failure:
    """Return the client's failure for an exception in the middle of a stream, where only its type tells the status."""
    fields = exception if isinstance(exception, Mapping) else {}
    return _failure(500, ProviderError(_message(fields), text_or_empty(fields, "type")), {})


def read_limits(headers: Mapping[str, str], now: float) -> dict[str, str]:
    """Return when to come back, as a proxy before Bedrock may say: Bedrock sends no limits."""
    return retry_headers(headers)


def _from_json(body: Any) -> ProviderError:
    """Parse an error of Amazon's: its type and its message."""
    if not isinstance(body, dict):
        return ProviderError(readable=False)
    kind = text_or_empty(body, "__type").rpartition("#")[2] or text_or_empty(body, "code")
    return ProviderError(_message(body), kind)


def _message(holder: Mapping[str, Any]) -> str:
    return text_or_empty(holder, "message") or text_or_empty(holder, "Message")


def _failure(status: int, error: ProviderError, headers: Mapping[str, str]) -> Failure:
    kind, message = error.type[:80], error.message
    short = error.type.partition(":")[0].lower().removesuffix("exception")
    if short in _CREDENTIALS or status in (401, 403):
        # the message of a refused signature has all that was signed: only the first line is for people
        text = presentable(message.partition("\n")[0] or kind, status, _SECRET)
        return by_status(401, text, headers)
    status = _STATUS_OF_TYPE.get(short, status)
    text = presentable(message, kind or status, _SECRET)
    if status == 400 and too_long(message):
        return prompt_too_long(text, headers)
    if status == 400 and any(phrase in message.lower() for phrase in _NO_MODEL):
        return model_not_found(text, headers)
    match status:
        case 404 if error.readable:
            return model_not_found(text, headers)
        case 408:
            return by_status(504, text, headers)
        case 429 if short == "servicequotaexceeded":
            return by_status(402, text, headers)
        case 424 | 502 if short.startswith("model"):
            return Failure(502, text, "server_error", None, "model_error", headers)
        case 424:
            return by_status(502, text, headers)
    return by_status(status, text, headers, readable=error.readable)
