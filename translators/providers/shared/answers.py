"""Rules that hold for every provider's answer: a note once each, ids of calls, texts, and an end that is missing."""

from collections.abc import Mapping
from typing import Any

from translators.dialects import Recall
from translators.errors import BadAnswer
from translators.events import Event, Noted
from translators.notes import Fate, Note


class Oddities:
    """Notes on what is odd in one answer."""

    def __init__(self) -> None:
        self._noted: set[str] = set()

    def once(self, path: str, why: str, fate: Fate = "dropped") -> list[Event]:
        """Return a note the first time that `path` is odd."""
        if path in self._noted:
            return []
        self._noted.add(path)
        return [Noted(Note(path, fate, detail=why))]


class Tally(Oddities):
    """Counts that the blocks or items of one answer share, and their notes."""

    def __init__(self, recall: Recall) -> None:
        super().__init__()
        self.recall = recall
        self.issuer: str | None = None
        self.text = 0  # code points so far
        self.reasoning = 0
        self.calls = 0
        self.doubts: list[Note] = []  # what is odd unless the answer was cut at its length
        self._ids: set[str] = set()  # of the calls

    def unique_id(self, id: str, index: int) -> tuple[str, list[Event]]:
        """Return the own id of the call `index`, or one that no other call of the answer has, with a note."""
        noted: list[Event] = []
        if not id or id in self._ids:
            noted.append(Noted(made_id(index, id)))
            id = f"call_{index}"
            while id in self._ids:
                id += "_"
        self._ids.add(id)
        return id, noted


def made_id(index: int, id: str) -> Note:
    """Return the note on the call `index`, whose own `id` is empty or an earlier call's."""
    why = "The provider gave this call an earlier one's id." if id else "The provider gave this call no id."
    return Note(f"tool_calls[{index}].id", "synthesised", detail=why)


def text_field(holder: Mapping[str, Any], name: str) -> str:
    """Return a text field, empty where there is none. Raises `BadAnswer` for anything else."""
    value = holder.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise BadAnswer.unreadable(f"The provider's answer has a '{name}' that is no text.")


def text_or_empty(holder: Mapping[str, Any], name: str) -> str:
    """Return a text field that an answer can do without: empty where there is none, or anything else."""
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def incomplete(begun: bool, what: str = "stream") -> BadAnswer:
    """Return the error of an answer without its end: a cut answer must not look like a short one."""
    fault = "ended before the answer was complete" if begun else "had no answer in it"
    return BadAnswer.unreadable(f"The provider's {what} {fault}.", code="incomplete_answer")


def index_field(payload: Mapping[str, Any], name: str) -> int:
    """Return the index of a block, -1 where it has none."""
    index = payload.get(name)
    return index if isinstance(index, int) else -1
