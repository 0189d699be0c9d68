"""All that is found out about one exchange by itself: the JSON of `/api/exchanges/{id}/analysis`."""

from typing import Any

from addons.inspector import budget, cache_finder
from addons.inspector.lints import lint
from addons.inspector.reading import Detail, Opened
from addons.inspector.reasoning import reasoning
from addons.inspector.recording import Exchange
from addons.inspector.tool_calls import tool_calls


def analysis(exchange: Exchange, before: Exchange | None = None) -> dict[str, Any]:
    """Return `{"lints": [...], "tool_calls": [...], "reasoning": [...], "budget": [...], "cache": {...} | null,
    "images": [...]}`. `before` is the exchange before it in the same conversation, for the cache."""
    return analysed(whole(exchange), None if before is None else whole(before))


def whole(exchange: Exchange) -> Detail:
    """Return the detail of an exchange with all events that are stored."""
    return exchange.detail(len(exchange.events))


def analysed(detail: Detail, before: Detail | None = None) -> dict[str, Any]:
    detail = Opened(detail)
    return {
        "lints": lint(detail),
        "tool_calls": tool_calls(detail),
        "reasoning": reasoning(detail),
        "budget": budget.budget(detail),
        "cache": None if before is None else cache_finder.compare(before, detail),
        "images": budget.images(detail),
    }
