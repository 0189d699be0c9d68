"""Breakpoints of the prompt's cache (https://platform.claude.com/docs/en/build-with-claude/prompt-caching): at most
four, of 5 minutes or 1 hour, the longer-lived ones first."""

from typing import Any

from translators.conversation import Cache, Knobs, Option, PromptCache
from translators.notes import Note
from translators.providers.claude.anthropic_fields import NOT_ITS_FORM

AT_MOST = 4
TTLS = {"5m": "5m", "1h": "1h", "30m": "1h", "12h": "1h", "24h": "1h", "in_memory": "5m"}
"""Lifetimes of an entry, by the client's word."""


class Breakpoints:
    """Marks blocks while they are written, and sorts out at the end which marks stay."""

    def __init__(self, notes: list[Note]) -> None:
        self._notes = notes
        self._marked: dict[int, tuple[dict[str, Any], str]] = {}  # in the order in which the blocks were written
        self.default_ttl: str | None = None

    def mark(self, block: dict[str, Any], cache: Cache | None, at: str) -> dict[str, Any]:
        """Return `block`, with `"cache_control": {"type": "ephemeral", "ttl": ...}` if `cache` wants a breakpoint."""
        if cache is not None:
            block["cache_control"] = self._control(cache.ttl or self.default_ttl, at)
            self._marked[id(block)] = (block, at)
        return block

    def automatic(self, knobs: Knobs) -> dict[str, Any] | None:
        """Return the top-level mark that lets the provider choose the last block, if the client's cache is implicit, or
        the client sends that mark itself."""
        option, own = knobs.pop("prompt_cache"), knobs.pop("cache_control")
        if option is not None:
            wanted: PromptCache = option.value
            if wanted.mode != "explicit":
                return self._implicit(wanted, option.at, own)
            self.default_ttl = wanted.ttl
        return None if own is None else self._own(own)

    def _implicit(self, wanted: PromptCache, at: str, own: Option | None) -> dict[str, Any]:
        control = self._control(wanted.ttl, at)
        if own is not None and own.value != control:
            self._notes.append(Note(own.at, "dropped", detail=f"{at} beside it says how to cache."))
        return control

    def _own(self, option: Option) -> dict[str, Any] | None:
        mark = option.value
        if isinstance(mark, dict) and mark.get("type") == "ephemeral":
            ttl = mark.get("ttl")
            if isinstance(ttl, str | None):
                return self._control(ttl, option.at)
        self._notes.append(Note(option.at, "dropped", detail=NOT_ITS_FORM))
        return None

    def settle(
        self, tools: list[Any], system: list[Any], messages: list[Any], automatic: dict[str, Any] | None
    ) -> None:
        """Keep the last four marks in the order of the prompt, and let no mark outlive an earlier one."""
        order = [*tools, *system]
        for message in messages:
            for block in message["content"]:
                nested = block.get("content")
                order += [*nested, block] if isinstance(nested, list) else [block]
        marked = [self._marked[id(block)] for block in order if id(block) in self._marked]
        room = AT_MOST - (automatic is not None)
        surplus = max(0, len(marked) - room)
        for block, at in marked[:surplus]:
            del block["cache_control"]
            self._notes.append(Note(at, "dropped", detail=f"Only the last {room} cache breakpoints can be set."))
        longest = (automatic or {}).get("ttl")
        for block, at in reversed(marked[surplus:]):
            control = block["cache_control"]
            if longest == "1h" and control.get("ttl") != "1h":
                self._notes.append(Note(at, "approximated", control.get("ttl"), "1h", "A later breakpoint lives 1h."))
                control["ttl"] = "1h"
            longest = control.get("ttl")

    def _control(self, ttl: str | None, at: str) -> dict[str, Any]:
        if ttl is None:
            return {"type": "ephemeral"}
        nearest = TTLS.get(ttl)
        if nearest != ttl:
            self._notes.append(
                Note(at, "approximated", ttl, nearest or "5m", "Cache entries live 5 minutes or 1 hour.")
            )
        return {"type": "ephemeral", "ttl": nearest} if nearest else {"type": "ephemeral"}
