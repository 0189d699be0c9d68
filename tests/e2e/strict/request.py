"""What every strict provider knows of a request: how to object, its conversation so far, and what it has signed."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Objection(Exception):
    """A request refused, in a provider's own words."""

    message: str
    status: int = 400
    code: str = "invalid_request_error"
    param: str | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.message}"


@dataclass(frozen=True)
class Request:
    model: str
    body: Any
    streamed: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    """By the ids of calls and items: content of the same answer, which must come back with them."""


@dataclass(frozen=True)
class Prompt:
    text: str


@dataclass(frozen=True)
class Called:
    id: str
    name: str
    given: Any


@dataclass(frozen=True)
class Result:
    id: str
    text: str


Saying = Prompt | Called | Result
"""A conversation, as far as a scripted model looks at it."""


def sign(model: str, content: Any, serial: str) -> str:
    """A signature that says nothing, and fits nothing but this content by this model."""
    digest = hashlib.sha256(json.dumps([model, content, serial], sort_keys=True).encode()).digest()
    return base64.b64encode(digest + serial.encode()).decode()


def is_genuine(signature: Any, model: str, content: Any) -> bool:
    """Byte by byte."""
    try:
        serial = base64.b64decode(signature, validate=True)[32:].decode()
    except (ValueError, TypeError):
        return False
    return bool(signature == sign(model, content, serial))


def object_to_unknown(fields: Mapping[str, Any], known: Iterable[str], words: str) -> None:
    """`words` has a `{}` for the field's name."""
    for name in fields:
        if name not in known:
            raise Objection(words.format(name), param=name)


def repeated(names: Iterable[str]) -> str | None:
    """The first name that stands twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def fits(pattern: str, text: Any) -> bool:
    return isinstance(text, str) and re.fullmatch(pattern, text) is not None


def flat(content: Any) -> str:
    """The text of a content: a text, or parts."""
    if isinstance(content, list):
        return "".join(flat(part) for part in content)
    if isinstance(content, dict):
        return flat(content["content"]) if "content" in content else str(content.get("text", ""))
    return content if isinstance(content, str) else ""
