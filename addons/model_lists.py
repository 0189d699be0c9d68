"""The lists of models of providers' servers: where each dialect has it, and how it is read, page by page.

Anthropic (`GET /v1/models`), Gemini (`GET /v1beta/models`), OpenAI and those like it (`GET /v1/models`), Ollama
(`GET /api/tags`). What cannot be meant for a conversation (embeddings, speech, pictures) is left out: it is named after
what it does.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any
from urllib.parse import quote

from routing.providers.entry import ANY_NAME
from translators.values import immutable

LARGEST = 4 * 1024 * 1024
"""Bytes of a list, all its pages together."""
_LONGEST_MARK = 4096
"""Characters of the mark of a next page."""
_MOST_ENTRIES = 10_000
"""Entries of a page that are looked at."""
_NO_CONVERSATION = re.compile(
    r"(?:.*/)?(?:[^/]*(?:embed|rerank|moderation|whisper|transcribe|-tts|realtime)|tts-|dall-e|gpt-image|chatgpt-image"
    r"|sora|imagen|veo-)[^/]*"
)


@immutable
class Page:
    """The names on one page, and the mark of the next one; None after the last."""

    names: tuple[str, ...]
    after: str | None = None


@immutable
class ListForm:
    """The list of a dialect: `path` is that of the first page, `next_page` begins what the mark of another one adds to
    it, `read` reads a page, and raises `ValueError` for what is none."""

    path: str
    read: Callable[[Any], Page]
    next_page: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def page(self, after: str | None) -> str:
        """Return the path of the page after that mark, or of the first."""
        return self.path if after is None else f"{self.path}{self.next_page}{quote(after, safe='')}"


def _objects(body: Any, key: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list, which some servers send bare."""
    entries = body.get(key) if isinstance(body, Mapping) else body
    if not isinstance(entries, list):
        raise ValueError("its answer is no list of models")
    return [entry for entry in entries[:_MOST_ENTRIES] if isinstance(entry, Mapping)]


def _mark(body: Any, key: str) -> str | None:
    mark = body.get(key) if isinstance(body, Mapping) else None
    return mark if isinstance(mark, str) and 0 < len(mark) <= _LONGEST_MARK else None


def _names(entries: list[Mapping[str, Any]], key: str, prefix: str = "") -> tuple[str, ...]:
    """Return the names that can be those of a model for conversations."""
    names = (name.removeprefix(prefix) for entry in entries if isinstance(name := entry.get(key), str))
    return tuple(name for name in names if ANY_NAME.fullmatch(name) and not _NO_CONVERSATION.fullmatch(name.lower()))


def _anthropic(body: Any) -> Page:
    """Read `{"data": [{"id": "claude-x"}], "has_more": true, "last_id": "claude-x"}`."""
    more = isinstance(body, Mapping) and body.get("has_more") is True
    return Page(_names(_objects(body, "data"), "id"), _mark(body, "last_id") if more else None)


def _gemini(body: Any) -> Page:
    """Read `{"models": [{"name": "models/gemini-x", "supportedGenerationMethods": [...]}], "nextPageToken": "t"}`."""
    entries = _objects(body, "models")
    writing = [each for each in entries if "generateContent" in _methods(each)]
    return Page(_names(writing, "name", "models/"), _mark(body, "nextPageToken"))


def _methods(entry: Mapping[str, Any]) -> list[Any]:
    methods = entry.get("supportedGenerationMethods")
    return methods if isinstance(methods, list) else ["generateContent"]


def _openai(body: Any) -> Page:
    """Read `{"data": [{"id": "gpt-x"}]}`."""
    return Page(_names(_objects(body, "data"), "id"))


def _ollama(body: Any) -> Page:
    """Read `{"models": [{"name": "llama3:8b"}]}`."""
    return Page(_names(_objects(body, "models"), "name"))


_OPENAI = ListForm("/models", _openai)

FORMS: Mapping[str, ListForm] = {
    "anthropic": ListForm("/v1/models?limit=1000", _anthropic, "&after_id=", {"anthropic-version": "2023-06-01"}),
    "gemini": ListForm("/models?pageSize=1000", _gemini, "&pageToken="),
    "openai": _OPENAI,
    "openai-completions": _OPENAI,
    "openai-responses": _OPENAI,
    "ollama": ListForm("/api/tags", _ollama),
}
"""The forms of lists by provider dialect."""
