"""Google's Gemini as a provider, at the Gemini API and at Vertex AI (https://ai.google.dev/api/generate-content)."""

from translators.dialects import Answer, Framing, Recall
from translators.providers.gemini.answer import GenerateAnswer
from translators.providers.gemini.errors import read_error, read_limits
from translators.providers.gemini.profiles import Profile, known_models, profile_of
from translators.providers.gemini.request import render
from translators.providers.shared.transforms import transformed

__all__ = ["Profile", "answer", "framing", "known_models", "name", "profile_of", "read_error", "read_limits", "render"]

name: str = "gemini"
framing: Framing = "sse"


def answer(recall: Recall) -> Answer:
    """Return the machine that emits the events of one answer."""
    return transformed(GenerateAnswer(recall), recall)
