"""Service tiers in the words of several makers, as OpenAI's own."""

from collections.abc import Mapping

OPENAI_TIERS = frozenset(("auto", "default", "flex", "scale", "priority", "fast"))
"""Tiers that OpenAI's own clients know in an answer."""
_COMMON: Mapping[str, str] = {
    "on_demand": "default",  # Groq's
    "performance": "priority",  # Groq's
    "standard": "default",  # Google's
    "standard_only": "default",  # Anthropic's
}


def openai_tier(tier: str) -> str:
    """Return OpenAI's word for `tier`, or `tier` where it has none."""
    return _COMMON.get(tier, tier)
