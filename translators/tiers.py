"""Service tiers in the words of several makers, as OpenAI's own."""

from collections.abc import Mapping

_COMMON: Mapping[str, str] = {"on_demand": "default", "standard": "default", "standard_only": "default"}
"""Groq's, Google's and Anthropic's words for what is neither faster nor cheaper."""


def common(tier: str) -> str:
    """OpenAI's word for `tier`, or `tier` where it has none."""
    return _COMMON.get(tier, tier)
