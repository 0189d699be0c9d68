"""The counts and notes that the blocks of one answer share, in Messages as in Converse."""

from translators.dialects import Recall
from translators.events import Event
from translators.providers.claude.signatures import ThinkingRecorder
from translators.providers.shared.answers import Tally

_OUT_OF_ORDER = "Reasoning or a server's tool came between text and calls; a chat's history has it before them."


class AnswerState(Tally):
    """The state of one answer, and the signed thinking before its calls."""

    def __init__(self, recall: Recall) -> None:
        super().__init__(recall)
        self.thoughts = ThinkingRecorder(recall.memory)

    def note_order(self) -> list[Event]:
        """Return a note on reasoning or a server's tool that begins after text or calls, for the first one."""
        return self.once("content", _OUT_OF_ORDER, "moved") if self.text or self.calls else []


class BaseBlock:
    """A content block of an answer."""

    def __init__(self, state: AnswerState) -> None:
        self.state = state

    def closed(self) -> list[Event]:
        """Return the events of the block's end."""
        return []
