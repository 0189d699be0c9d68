"""The base URLs of providers as operators write them, without the path that the gateway appends."""

import re
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from routing.field_types import HOST_NAME, VISIBLE, address


def _url(value: object, example: str, ends: str) -> str:
    """Return a base URL. `ends` matches the part that is taken off the path, besides slashes. A path before that
    stays."""
    wrong = f"must be an URL such as {example}, with nothing but a path after the host"
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not isinstance(value, str) or not host or port == 0 or not VISIBLE.fullmatch(value) or "\\" in value:
        raise ValueError(wrong)
    if parts.scheme not in ("http", "https") or "?" in value or "#" in value:
        raise ValueError(wrong)
    if "@" in parts.netloc:
        raise ValueError("must not hold a name or password; credentials go into api-key or headers")
    if not (HOST_NAME.fullmatch(host) or address(host)):
        raise ValueError(wrong)
    path = re.sub(f"(?:{ends})?/*$", "", parts.path.rstrip("/"))
    return f"{parts.scheme}://{parts.netloc}{path}"


def _without(ends: str, example: str) -> BeforeValidator:
    return BeforeValidator(partial(_url, example=example, ends=ends))


_VERSION = "/v1(?:alpha|beta)?[0-9]*"
_ENDPOINTS = "/(?:chat/completions|completions|responses|models)"

AnthropicURL = Annotated[str, _without("/v1(?:/messages)?", "https://api.anthropic.com")]
GoogleURL = Annotated[str, _without(_VERSION, "https://generativelanguage.googleapis.com")]
BedrockURL = Annotated[str, _without("", "https://bedrock-runtime.us-east-1.amazonaws.com")]
OpenAIURL = Annotated[str, _without(_ENDPOINTS, "https://api.openai.com/v1")]
"""A base URL with its version."""
AzureURL = Annotated[str, _without("/openai(?:/v1|/deployments(?:/[^/]*)?)?", "https://NAME.openai.azure.com")]
CollectorURL = Annotated[str, _without("/v1/(?:traces|metrics)", "http://127.0.0.1:4318")]
OllamaURL = Annotated[str, _without("/api(?:/chat)?|/v1", "http://127.0.0.1:11434")]
