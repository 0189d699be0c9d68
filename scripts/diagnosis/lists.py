"""Where servers list their models, and the names in such a list."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from pydantic_core import from_json

from routing.providers.entry import Entry
from translators.values import immutable


@immutable
class ModelList:
    """`{"data": [{"id": "claude-x"}]}`, with the words of a dialect in it: `path` is below the base URL, `entries` and
    `name` are keys; `mark` is the key of what there is only where the list goes on."""

    path: str
    entries: str = "data"
    name: str = "id"
    mark: str = "has_more"
    headers: Mapping[str, str] = field(default_factory=dict)

    def names(self, body: bytes) -> frozenset[str] | None:
        """Return the names in a list, None where it goes on elsewhere. Raises ValueError for what is no list."""
        answer: Any = from_json(body)
        entries = answer.get(self.entries) if isinstance(answer, dict) else None
        if not isinstance(entries, list):
            raise ValueError("no list of models")
        names = [entry.get(self.name) for entry in entries if isinstance(entry, dict)]
        whole = not answer.get(self.mark)
        return frozenset(name.removeprefix("models/") for name in names if isinstance(name, str)) if whole else None


_OPENAI = ModelList("/models")
_LISTS = {
    "anthropic": ModelList("/v1/models?limit=1000", headers={"anthropic-version": "2023-06-01"}),
    "gemini": ModelList("/models?pageSize=1000", "models", "name", "nextPageToken"),
    "openai": _OPENAI,
    "openai-completions": _OPENAI,
    "openai-responses": _OPENAI,
    "ollama": ModelList("/api/tags", "models", "name"),
}
_SECTIONS = ("claude-api-key", "gemini-api-key", "openai-compatibility", "codex-api-key", "ollama")
"""Those whose servers list what may be asked for with a key: elsewhere there is no list, or it is of something else."""


def list_of(entry: Entry, dialect: str) -> ModelList | None:
    """Return the list at the servers of an entry, None where there is none."""
    return _LISTS.get(dialect) if entry.section in _SECTIONS else None
