"""Usage in the form of chat completions and completions."""

from typing import Any

from translators.events import Usage


def usage_object(usage: Usage) -> dict[str, Any]:
    """Return OpenAI's `CompletionUsage`: `{"prompt_tokens", "completion_tokens", "total_tokens",
    "prompt_tokens_details", "completion_tokens_details"}`; a detail that nobody knows is missing, not zero."""
    prompt = {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write}
    known = {name: count for name, count in prompt.items() if count is not None}
    counts: dict[str, Any] = {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
    }
    if known:
        counts["prompt_tokens_details"] = known
    if usage.reasoning is not None:
        counts["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning}
    return counts
