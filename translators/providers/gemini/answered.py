"""What the candidates of one answer share: what is known of the request, who signs, what was noted already."""

from translators.dialects import Recall
from translators.events import Event, Noted
from translators.notes import Fate, Note


class Answered:
    def __init__(self, recall: Recall) -> None:
        self.recall = recall
        self.issuer = ""
        self.seed = ""
        """What no other answer has, as far as the provider tells."""
        self._noted: set[str] = set()

    def once(self, path: str, why: str, fate: Fate = "dropped") -> list[Event]:
        """A note, the first time that `path` is odd."""
        if path in self._noted:
            return []
        self._noted.add(path)
        return [Noted(Note(path, fate, detail=why))]
