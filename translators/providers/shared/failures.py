"""Answers that are no 2xx, as far as all providers' are alike: parsing them, and what the client gets.

The provider answers to the gateway's key, not to the client's: what is wrong with that key is no fault of the client.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from translators.errors import Failure
from translators.values import immutable

_LONGEST_MESSAGE = 1_000
_SECRET = re.compile(
    r"\bsk-[A-Za-z0-9_*-]{6,}|(?i:\bbearer\s+)[^\s\"',]+|(?i:(?<=api-key: )|(?<=api_key=)|(?<=api-key=))[^\s\"',&]+"
)
_LONGEST_WORD = 120
_TOO_LONG = re.compile(
    r"(?:prompt|input|conversation) (?:is )?too long"
    r"|context[ _](?:window|length|limit|size)|max(?:imum)? (?:context|prompt|model) length|maximum context"
    r"|too many (?:input )?tokens|input tokens? exceed|input token count.{0,60}exceeds"
    r"|exceeds the maximum number of tokens|prompt token count of|(?:prompt|input)(?: length)? exceeds max"
    r"|exceeded model token limit|reduce the length of the (?:messages|prompt|input)"
    r"|`inputs` (?:tokens \+|must have less than)|range of input length"
)
"""What Anthropic, OpenAI, Google, Amazon, vLLM, SGLang, llama.cpp, Ollama, TGI and Together, xAI, Groq, Moonshot, Z.ai,
Alibaba and GitHub say of a prompt that does not fit, in lower case."""
_TOO_LONG_WORDS = frozenset(
    (
        "context_length_exceeded",
        "exceed_context_size_error",
        "model_max_prompt_tokens_exceeded",
        "tokens_limit_reached",
        "too_many_prompt_tokens",
    )
)
_KEY_TROUBLE = re.compile(
    r"(?:incorrect|invalid|missing|unknown) api[ _-]?key"
    r"|api[ _-]?key (?:is |was )?(?:not valid|invalid|expired|not found)"
)
_KEY_TROUBLE_WORDS = frozenset(("invalid_api_key", "authentication_error", "invalid_authentication_error"))
_RETRY = ("retry-after", "retry-after-ms")
_MEANINGS: Mapping[int, tuple[int, str, str | None]] = {
    402: (429, "insufficient_quota", "insufficient_quota"),
    404: (404, "invalid_request_error", "not_found"),
    408: (408, "timeout", "timeout"),
    409: (409, "invalid_request_error", "conflict"),
    413: (413, "invalid_request_error", "request_too_large"),
    429: (429, "rate_limit_error", "rate_limit_exceeded"),
    499: (499, "timeout", "timeout"),
    500: (500, "server_error", None),
    503: (503, "server_error", "server_overloaded"),
    504: (504, "server_error", "timeout"),
    529: (503, "server_error", "server_overloaded"),
}
"""By the provider's status: the client's, with OpenAI's type and code."""


@immutable
class ProviderError:
    """An error in its provider's words, whatever form it had; a field that it lacks is empty."""

    message: str = ""
    type: str = ""
    code: str = ""
    param: str | None = None
    filtered: bool = False
    """A content filter refused the request."""
    readable: bool = True
    """It had the form of an API's error."""


def parse_error(body: bytes, from_json: Callable[[Any], ProviderError]) -> ProviderError:
    """Return the error in a body: JSON, which `from_json` reads, or a text."""
    value, text = json_or_text(body)
    return from_json(value) if value is not None else ProviderError(message=text, readable=False)


def json_or_text(body: bytes) -> tuple[Any, str]:
    """Return the JSON of an error's body; or None and its text, unless that is a page for browsers."""
    try:
        return json.loads(body), ""
    except (ValueError, RecursionError):
        text = body[: 4 * _LONGEST_MESSAGE].decode("utf-8", "replace").strip()
        return None, "" if "<" in text[:200] else text


def short_text(value: Any, secret: re.Pattern[str] | None = None) -> str | None:
    """Return a short text without keys; None where it is none. A number in its place is a status, and known as that."""
    return presentable(value, "", secret)[:_LONGEST_WORD] if isinstance(value, str) and value else None


def too_long(message: str, *words: str | None) -> bool:
    """Return whether an error says that the prompt does not fit; `words` are its type and its code."""
    return not _TOO_LONG_WORDS.isdisjoint(words) or _TOO_LONG.search(message.lower()) is not None


def key_trouble(message: str, *words: str | None) -> bool:
    """Return whether an error of some other status than 401 speaks of the key."""
    return not _KEY_TROUBLE_WORDS.isdisjoint(words) or _KEY_TROUBLE.search(message.lower()) is not None


def with_raw(message: str, error: Mapping[str, Any]) -> str:
    """Return the message, and the error behind it where it is OpenRouter's "Provider returned error": `metadata.raw` is
    the other provider's own error, as a text that is JSON or not."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    value, text = json_or_text(raw.encode("utf-8", "replace")) if isinstance(raw, str) else (raw, "")
    match value:
        case (
            {"error": {"message": str(inner)}}
            | {"error": str(inner)}
            | {"message": str(inner)}
            | {"detail": str(inner)}
        ):
            text = inner
        case dict() | list():
            text = json.dumps(value, ensure_ascii=False)
    if not text or text in message:
        return message
    return f"{message.rstrip('.: ')}: {text}" if message else text


def presentable(message: str, answered: int | str, secret: re.Pattern[str] | None = None) -> str:
    """Return the message, cut, and without keys: those that are sent as a bearer's or look like most, and those that
    `secret` matches. Without a message, `answered` must do: a status or an error's name."""
    masked = _SECRET.sub("***", message if secret is None else secret.sub("***", message))
    masked = masked or f"The provider answered {answered}, and said no more."
    return masked if len(masked) <= _LONGEST_MESSAGE else masked[: _LONGEST_MESSAGE - 1] + "…"


def by_status(status: int, text: str, headers: Mapping[str, str], *, readable: bool = True) -> Failure:
    """Return the failure that a status means where nothing more is known. A 404 that is not `readable` is not the API's
    own."""
    if status in (401, 403):
        text = f"The provider refused the gateway's credentials: {text}"
        return Failure(502, text, "server_error", None, "upstream_authentication_error", headers)
    if status == 404 and not readable:
        return Failure(502, text, "server_error", None, "bad_provider_answer", headers)
    other = (status, "invalid_request_error", None) if 400 <= status < 500 else (502, "server_error", None)
    client_status, type, code = _MEANINGS.get(status, other)
    return Failure(client_status, text, type, None, code, headers)


def by_words(status: int, error: ProviderError, text: str, headers: Mapping[str, str]) -> Failure | None:
    """Return the failure where an error's words tell more than its status: a refused key, a prompt that is too long."""
    words = (error.message, error.type, error.code)
    if status in (400, 422) and key_trouble(*words):
        return by_status(401, text, headers)
    if status in (400, 413, 422, 500) and too_long(*words):
        return prompt_too_long(text, headers, error.param)
    return None


def prompt_too_long(text: str, headers: Mapping[str, str], param: str | None = "messages") -> Failure:
    """Return the failure of a prompt that does not fit."""
    return Failure(400, text, "invalid_request_error", param, "context_length_exceeded", headers)


def model_not_found(text: str, headers: Mapping[str, str]) -> Failure:
    """Return the failure of a model that the provider does not know."""
    return Failure(404, text, "invalid_request_error", "model", "model_not_found", headers)


def retry_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that say when to come back."""
    return {name: headers[name] for name in _RETRY if name in headers}


def rate_limits(headers: Mapping[str, str]) -> dict[str, str]:
    """Return these and the limits whose names the client knows (`x-ratelimit-...`)."""
    return retry_headers(headers) | {name: text for name, text in headers.items() if name.startswith("x-ratelimit-")}
