"""OpenAI's chat completions as a provider, and servers that speak like it
(https://platform.openai.com/docs/api-reference/chat)."""

from translators.dialects import Answer, Framing, Recall
from translators.providers.openai.answer import ChatAnswer
from translators.providers.openai.errors import read_error, read_limits
from translators.providers.openai.quirks import Quirks
from translators.providers.openai.request import render
from translators.providers.shared.transforms import transformed

__all__ = ["Quirks", "answer", "framing", "name", "read_error", "read_limits", "render"]

name: str = "openai"
framing: Framing = "sse"


def answer(recall: Recall) -> Answer:
    """Return the machine that emits one answer's events."""
    return transformed(ChatAnswer(recall), recall)
