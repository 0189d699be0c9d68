"""Secrets that a provider says back: taken out of all that it tells, but not out of what its model says."""

import json
from collections.abc import Iterable
from typing import Any, Final, Self

REDACTED: Final = "[redacted]"
_SAID = frozenset(
    (
        "args",
        "arguments",
        "content",
        "data",
        "delta",
        "encrypted_content",
        "input",
        "logprobs",
        "partial_json",
        "reasoning",
        "reasoning_content",
        "refusal",
        "signature",
        "summary",
        "text",
        "thinking",
        "thoughtSignature",
    )
)
"""Under these names stands what a model says, in whatever format; but not in an error."""


class Mask:
    """Knows secrets as texts, and how JSON may write them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._texts = tuple(sorted(set(secrets), key=len, reverse=True))  # of two that overlap the longer one goes
        self._written = tuple(dict.fromkeys(form for text in self._texts for form in _forms(text)))
        self._signs = _signs(self._written)

    def knowing(self, secrets: Iterable[str]) -> Self:
        """Return a mask that knows these, too."""
        new = set(secrets).difference(self._texts)
        return type(self)((*self._texts, *new)) if new else self

    def text(self, said: str) -> str:
        for secret in self._texts:
            said = said.replace(secret, REDACTED)
        return said

    def body(self, said: bytes) -> bytes:
        """Return bytes without secrets; the very same object where there are none."""
        for form in self._written:
            if said.find(form) >= 0:
                said = said.replace(form, REDACTED.encode())
        return said

    def finds(self, said: bytes) -> bool:
        """Return whether JSON text may hold a secret: something that begins as one does, or escaped letters."""
        for sign in self._signs:  # the path of every event: `find` is quicker on short bytes than `in`
            if said.find(sign) >= 0:
                return True
        return said.find(rb"\u00") >= 0

    def value(self, value: Any, *, failed: bool = False) -> Any:
        """Return what a provider told, as parsed from JSON, without secrets; all of it is looked at where it `failed`,
        as in an `error`."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.value(each, failed=failed) for each in value]
            case dict():
                return {self.text(name): self._field(name, each, failed) for name, each in value.items()}
            case _:
                return value

    def _field(self, name: str, value: Any, failed: bool) -> Any:
        failed = failed or name == "error"
        if name in _SAID and not failed and not (name == "delta" and isinstance(value, dict)):
            return value
        return self.value(value, failed=failed)


def _signs(forms: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return what all of them begin with, one for those that begin alike: most keys of a gateway do."""
    alike: dict[bytes, list[bytes]] = {}
    for form in forms:
        alike.setdefault(form[:6], []).append(form)
    return tuple(_beginning(group) for group in alike.values())


def _beginning(forms: list[bytes]) -> bytes:
    first, last = min(forms), max(forms)
    same = (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(same, len(first))]


def _forms(text: str) -> tuple[bytes, ...]:
    """Return a text as it is, and as a JSON text has it, with its slashes escaped or not."""
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    return tuple(form.encode("utf-8", "replace") for form in (text, escaped, escaped.replace("/", "\\/")))
