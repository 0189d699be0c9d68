"""The counts and notes that the blocks of one answer share, in Messages as in Converse."""

from translators.dialects import Recall
from translators.providers.claude.signatures import ThinkingRecorder
from translators.providers.shared.answers import Tally


class AnswerState(Tally):
    """The state of one answer, and the signed thinking before its calls."""

    def __init__(self, recall: Recall) -> None:
        super().__init__(recall)
        self.thoughts = ThinkingRecorder(recall.memory)
