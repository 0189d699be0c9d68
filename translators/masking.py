"""Takes secrets that a provider repeats out of its answers, but not out of the words of its model."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, Self

REDACTED: Final = "[redacted]"
_WRITTEN_BY_MODELS = frozenset(
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
"""The fields that hold a model's words, in whatever format; but not in an error."""


class Mask:
    """The secrets that must not be seen, as texts and as JSON may write them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._texts = tuple(sorted(set(secrets), key=len, reverse=True))  # of two that overlap the longer one goes
        self._written = tuple(dict.fromkeys(form for text in self._texts for form in _forms(text)))
        self._signs, self._text_signs = _signs(self._written), _signs(self._texts)

    def knowing(self, secrets: Iterable[str]) -> Self:
        """Return a mask of these secrets, too."""
        new = set(secrets).difference(self._texts)
        return type(self)((*self._texts, *new)) if new else self

    def text(self, text: str) -> str:
        """Return a text without secrets; the very same object where there are none."""
        for sign in self._text_signs:
            if sign in text:
                break
        else:
            return text
        for secret in self._texts:
            text = text.replace(secret, REDACTED)
        return text

    def found(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where a text holds secrets: the beginning and the end of each, in any order."""
        if self.text(text) is not text:
            yield from (match.span() for secret in self._texts for match in re.finditer(re.escape(secret), text))

    def body(self, data: bytes) -> bytes:
        """Return bytes without secrets; the very same object where there are none."""
        for sign in self._signs:  # twice for every event that is watched: see `finds`
            if data.find(sign) >= 0:
                break
        else:
            return data
        for form in self._written:
            if data.find(form) >= 0:
                data = data.replace(form, REDACTED.encode())
        return data

    def finds(self, data: bytes) -> bool:
        """Return whether JSON text may hold a secret: something that begins as one does, or escaped letters."""
        for sign in self._signs:  # the path of every event: `find` is quicker on short bytes than `in`
            if data.find(sign) >= 0:
                return True
        return data.find(rb"\u00") >= 0

    def value(self, value: Any, *, failed: bool = False) -> Any:
        """Return a provider's JSON value without secrets. In one that `failed`, as in an `error`, the fields of a
        model's words are masked, too."""
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
        if name in _WRITTEN_BY_MODELS and not failed and not (name == "delta" and isinstance(value, dict)):
            return value
        return self.value(value, failed=failed)


def _signs[Text: (str, bytes)](forms: Iterable[Text]) -> tuple[Text, ...]:
    """Return the beginnings of all forms, one for those that begin alike: most keys of a gateway do."""
    alike: dict[Text, list[Text]] = {}
    for form in forms:
        alike.setdefault(form[:6], []).append(form)
    return tuple(_beginning(group) for group in alike.values())


def _beginning[Text: (str, bytes)](forms: list[Text]) -> Text:
    first, last = min(forms), max(forms)
    same = (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(same, len(first))]


def _forms(text: str) -> tuple[bytes, ...]:
    """Return a text as it is, and as a JSON text has it, with its slashes escaped or not."""
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    return tuple(form.encode("utf-8", "replace") for form in (text, escaped, escaped.replace("/", "\\/")))
