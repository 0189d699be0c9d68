"""What other parts of the inspector make of an exchange."""

from importlib import import_module
from typing import Any, Literal

from addons.exchange.services import Services
from addons.inspector import analysis as analysing
from addons.inspector.diff import of_exchange
from addons.inspector.provenance import Traced, link_json, traced
from addons.inspector.recording import Exchange
from addons.inspector.store import Store
from addons.page import replays
from addons.page.answers import Refused
from translators import provenance as tracing

Leg = Literal["request", "answer"]


def _part(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise Refused(501, f"This gateway has no {name.rpartition('.')[2]} yet.", "not_implemented") from None


def provenance(exchange: Exchange, services: Services) -> dict[str, Any]:
    """Return `{"request": [Link], "answer": [Link], "known": bool}`."""
    return _traced(exchange, services).json()


def _traced(exchange: Exchange, services: Services) -> Traced:
    return traced(exchange, replays.target_of(services, exchange))


def diff(exchange: Exchange, services: Services, leg: Leg) -> dict[str, Any]:
    """Return `{"rows": [...]}`."""
    return {"rows": of_exchange(exchange, leg, _traced(exchange, services))}


def analysis(exchange: Exchange, store: Store) -> dict[str, Any]:
    """Return `{"lints": [], "tool_calls": [], "reasoning": [], "budget": [], "cache": {}, "images": []}`."""
    id = exchange.facts.conversation
    earlier = store.summaries(f"conversation:{id}", 1, exchange.id).exchanges if id is not None else ()
    return analysing.analysis(exchange, store.get(earlier[0]["id"]) if earlier else None)


def export(exchange: Exchange, form: str, leg: str, sdk: str | None) -> Any:
    """Return the exchange as a file: its `content`, `content_type` and `file_name`."""
    exports = _part("addons.inspector.exports")
    try:
        return exports.export(analysing.whole(exchange), form, leg, sdk)
    except ValueError as why:
        raise Refused(409, str(why), "cannot_be_exported") from None


def links(body: Any, client: str, provider: str, model: str | None) -> list[dict[str, Any]] | None:
    """Return the links of a conversion; None where the request is no JSON object."""
    if not isinstance(body, dict):
        return None
    found = tracing.request(body, client=client, provider=provider, model=model)
    return [link_json(link) for link in found.links]
