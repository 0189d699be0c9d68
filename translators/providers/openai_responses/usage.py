"""Usage of a Response object (https://platform.openai.com/docs/api-reference/responses/object)."""

from collections.abc import Mapping
from typing import Any

from translators.events import Usage


def usage_of(response: Mapping[str, Any]) -> Usage | None:
    """Return the usage in a response, `{"usage": {"input_tokens": ..., "output_tokens": ...}}`, None without one."""
    usage = response.get("usage")
    if not isinstance(usage, Mapping):
        return None
    counts = (_count(usage, "input_tokens"), _count(usage, "output_tokens"))
    if counts == (None, None):
        return None
    read, write = (_detail(usage, "input_tokens_details", name) for name in ("cached_tokens", "cache_write_tokens"))
    reasoning = _detail(usage, "output_tokens_details", "reasoning_tokens")
    return Usage(counts[0] or 0, counts[1] or 0, read, write, reasoning)


def _count(holder: Mapping[str, Any], name: str) -> int | None:
    count = holder.get(name)
    return count if type(count) is int and count >= 0 else None


def _detail(usage: Mapping[str, Any], holder: str, name: str) -> int | None:
    details = usage.get(holder)
    return _count(details, name) if isinstance(details, Mapping) else None
