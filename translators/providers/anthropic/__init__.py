"""Anthropic's Messages API as a provider, and servers that speak like it (https://platform.claude.com/docs/en/api)."""

from translators.dialects import Framing
from translators.providers.claude.answer import answer
from translators.providers.claude.errors import read_error, read_limits
from translators.providers.claude.profiles import Profile, known_models, profile_of
from translators.providers.claude.request import render

__all__ = ["Profile", "answer", "framing", "known_models", "name", "profile_of", "read_error", "read_limits", "render"]

name: str = "anthropic"
framing: Framing = "sse"
