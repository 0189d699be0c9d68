"""Anthropic's Messages API as a provider, and whatever speaks like it (https://platform.claude.com/docs/en/api)."""

from translators.dialects import Answer, Framing, Recall
from translators.providers.anthropic.answer import MessageAnswer
from translators.providers.anthropic.errors import read_error, read_limits
from translators.providers.anthropic.request import render
from translators.providers.claude.profiles import Family, family_of, known_models
from translators.providers.shared.transforms import transformed

__all__ = ["Family", "answer", "family_of", "framing", "known_models", "name", "read_error", "read_limits", "render"]

name: str = "anthropic"
framing: Framing = "sse"


def answer(recall: Recall) -> Answer:
    """The machine that tells one answer as events."""
    return transformed(MessageAnswer(recall), recall)
