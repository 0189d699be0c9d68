"""What the items of one answer count together."""

from collections.abc import Mapping
from typing import Any

from translators.dialects import Recall
from translators.errors import BadAnswer
from translators.events import Event, Noted
from translators.notes import Fate, Note


class Tally:
    def __init__(self, recall: Recall) -> None:
        self.recall = recall
        self.issuer: str | None = None
        self.text = 0  # code points so far
        self.reasoning = 0
        self.calls = 0
        self.ids: set[str] = set()  # of the calls
        self.thoughts: list[str] = []  # signatures since the last call
        self.noted: set[str] = set()  # oddities that were told once
        self.doubts: list[Note] = []  # what is odd unless the answer was cut at its length

    def once(self, path: str, why: str, fate: Fate = "dropped") -> list[Event]:
        """A note, the first time that `path` is odd."""
        if path in self.noted:
            return []
        self.noted.add(path)
        return [Noted(Note(path, fate, detail=why))]


def words(holder: Mapping[str, Any], name: str) -> str:
    """A text field, empty where there is none. Raises `BadAnswer` for anything else."""
    value = holder.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise BadAnswer.unreadable(f"The provider's answer has a '{name}' that is no text.")


def kind_of(holder: Mapping[str, Any]) -> str:
    kind = holder.get("type")
    return kind[:60] if isinstance(kind, str) and kind else "untyped"


def entries(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list, none where there is no list."""
    found = holder.get(name)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []
