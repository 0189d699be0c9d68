"""OpenAI's Responses API as a provider: OpenAI itself, Azure, the Codex backend, and servers that speak like them.

Reference: https://platform.openai.com/docs/api-reference/responses.
"""

from translators.dialects import Answer, Framing, Recall
from translators.providers.openai_responses.answer import ResponseAnswer
from translators.providers.openai_responses.errors import read_limits, read_translated_error
from translators.providers.openai_responses.request import render
from translators.providers.shared.transforms import transformed

__all__ = ["answer", "framing", "name", "read_error", "read_limits", "render"]

name: str = "openai-responses"
framing: Framing = "sse"
read_error = read_translated_error


def answer(recall: Recall) -> Answer:
    """Return the machine that emits one answer's events."""
    return transformed(ResponseAnswer(recall), recall)
