"""The notes and names that the choices of one answer share."""

from translators.dialects import Recall
from translators.providers.shared.answers import Oddities

MISSHAPEN = "It is not of the form that it has by OpenAI's documents."


class AnswerState(Oddities):
    """The state of one answer beside its choices."""

    def __init__(self, recall: Recall) -> None:
        super().__init__()
        self.recall = recall
        self.issuer: str | None = None
        self.prefix = ""
        """The beginning of ids for calls that have none: no two answers of a conversation may use one id."""
