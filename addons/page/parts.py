"""What other parts of the inspector make of an exchange."""

from typing import Any

from addons.inspector import analysis as analysing
from addons.inspector.recording import Exchange
from addons.inspector.store import Store
from addons.page.answers import Refused
from translators.values import immutable


@immutable
class Export:
    name: str
    content_type: str
    data: bytes


def _missing(what: str) -> Refused:
    return Refused(501, f"This gateway has no {what} yet.", "not_implemented")


def provenance(exchange: Exchange) -> dict[str, Any]:
    """Return `{"request": [Link], "answer": [Link], "known": bool}`."""
    raise _missing("provenance")


def diff(exchange: Exchange, leg: str) -> dict[str, Any]:
    """Return `{"rows": [...]}`."""
    raise _missing("diff")


def analysis(exchange: Exchange, store: Store) -> dict[str, Any]:
    """Return `{"lints": [], "tool_calls": [], "reasoning": [], "budget": [], "cache": {}, "images": []}`."""
    id = exchange.facts.conversation
    earlier = store.summaries(f"conversation:{id}", 1, exchange.id).exchanges if id is not None else ()
    return analysing.analysis(exchange, store.get(earlier[0]["id"]) if earlier else None)


def export(exchange: Exchange, form: str, leg: str, sdk: str) -> Export:
    raise _missing("export")
