"""Usage in OpenAI's form and in those of others (openai/types/completion_usage.py)."""

from collections.abc import Mapping
from typing import Any

from translators.events import Event, Usage, UsageReported

_PLACES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "input": (("prompt_tokens",),),
    "output": (("completion_tokens",),),
    "total": (("total_tokens",),),
    "cache_read": (
        ("prompt_tokens_details", "cached_tokens"),
        ("prompt_cache_hit_tokens",),  # DeepSeek
        ("cached_tokens",),  # Moonshot
    ),
    "cache_write": (("prompt_tokens_details", "cache_write_tokens"),),
    "reasoning": (("completion_tokens_details", "reasoning_tokens"), ("reasoning_tokens",)),
}


class Counts:
    """The usage of one answer. A later count overwrites; one that is left out, or 0 after more, does not."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def merged(self, usage: Any) -> list[Event]:
        """Return the usage so far, if `usage` (`{"prompt_tokens": ..., "completion_tokens": ...}`) adds any of it."""
        if not isinstance(usage, dict):
            return []
        known = self._known
        for name, places in _PLACES.items():
            for place in places:
                count = _count(usage, place)
                if count is not None and (count > 0 or name not in known):
                    known[name] = count
                    break
        if "input" not in known and "output" not in known:
            return []
        return [UsageReported(self._usage())]

    def _usage(self) -> Usage:
        known = self._known.get
        prompt, output, reasoning = known("input", 0), known("output", 0), known("reasoning")
        if reasoning and known("total") == prompt + output + reasoning:
            output += reasoning  # xAI counts reasoning beside the completion, OpenAI within it
        return Usage(prompt, output, known("cache_read"), known("cache_write"), reasoning)


def usage_of(payload: Mapping[str, Any], choices: list[dict[str, Any]]) -> Any:
    """Return the usage in a payload: on top, in Groq's own field, or (Moonshot) in a choice."""
    if usage := payload.get("usage"):
        return usage
    if "x_groq" in payload and isinstance(groq := payload["x_groq"], dict) and (usage := groq.get("usage")):
        return usage
    return choices[0].get("usage") if choices else None


def _count(usage: Mapping[str, Any], place: tuple[str, ...]) -> int | None:
    value: Any = usage
    for name in place:
        value = value.get(name) if isinstance(value, dict) else None
    return value if type(value) is int else None
