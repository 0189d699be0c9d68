"""Amazon Bedrock's Converse API as a provider
(https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html)."""

from translators.dialects import Answer, Framing, Recall
from translators.providers.bedrock.answer import ConverseAnswer
from translators.providers.bedrock.errors import read_error, read_limits
from translators.providers.bedrock.profiles import Profile, known_models, profile_of
from translators.providers.bedrock.request import render
from translators.providers.shared.transforms import transformed

__all__ = ["Profile", "answer", "framing", "known_models", "name", "profile_of", "read_error", "read_limits", "render"]

name: str = "bedrock"
framing: Framing = "eventstream"


def answer(recall: Recall) -> Answer:
    """Return the machine that emits the events of one answer."""
    return transformed(ConverseAnswer(recall), recall)
