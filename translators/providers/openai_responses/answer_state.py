"""The counts and notes that the items of one answer share, and readers of its JSON."""

from collections.abc import Mapping
from typing import Any

from translators.dialects import Recall
from translators.providers.shared.answers import Tally


class AnswerState(Tally):
    """The state of one answer, and the signed reasoning before its next call."""

    def __init__(self, recall: Recall) -> None:
        super().__init__(recall)
        self.thoughts: list[str] = []  # signatures since the last call


def kind_of(holder: Mapping[str, Any]) -> str:
    """Return the `type` of an item or a part, "untyped" where it has none."""
    kind = holder.get("type")
    return kind[:60] if isinstance(kind, str) and kind else "untyped"


def entries(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list, none where there is no list."""
    value = holder.get(name)
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
