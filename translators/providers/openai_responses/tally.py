"""What the items of one answer count together."""

from collections.abc import Mapping
from typing import Any

from translators.dialects import Recall
from translators.providers.shared import answers


class Tally(answers.Tally):
    def __init__(self, recall: Recall) -> None:
        super().__init__(recall)
        self.thoughts: list[str] = []  # signatures since the last call


def kind_of(holder: Mapping[str, Any]) -> str:
    kind = holder.get("type")
    return kind[:60] if isinstance(kind, str) and kind else "untyped"


def entries(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list, none where there is no list."""
    found = holder.get(name)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []
