"""The state that the candidates of one answer share: what is known of the request, who signs, what was noted
already."""

from translators.dialects import Recall
from translators.providers.shared.answers import Oddities


class AnswerState(Oddities):
    """The state of one answer."""

    def __init__(self, recall: Recall) -> None:
        super().__init__()
        self.recall = recall
        self.issuer = ""
        self.seed = ""
        """A text that no other answer has, as far as the provider shows."""
