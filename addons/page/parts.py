"""What other parts of the inspector make of an exchange."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from addons.exchange.services import Services
from addons.inspector import analysis as analysing
from addons.inspector import exports
from addons.inspector.diff import of_exchange
from addons.inspector.exports import Exported, Format, Unexportable
from addons.inspector.provenance import Traced, link_json, traced
from addons.inspector.reading import Leg as Side
from addons.inspector.recording import Exchange
from addons.inspector.redactor import Redactor
from addons.inspector.store import Store
from addons.page import replays
from addons.page.answers import Refused
from translators import provenance as tracing

Leg = Literal["request", "answer"]
AS_RECORDED: tuple[Format, ...] = ("har", "fixture")
"""The formats that hold what was recorded as it was, and nothing that was made of it."""


def provenance(exchange: Exchange, services: Services, leg: Leg | None = None) -> dict[str, Any]:
    """Return `{"request": [Link], "answer": [Link], "known": bool}`; of one leg alone, the other's links are `[]`."""
    found = traced(exchange, replays.target_of(services, exchange), with_answer=leg != "request")
    return (replace(found, request=()) if leg == "answer" else found).json()


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


def export(exchanges: Sequence[Exchange], form: Format, leg: Side, sdk: str | None, redactor: Redactor) -> Exported:
    """Return one exchange as a file, or several, in a form that holds them. Raises `Refused`."""
    details = [analysing.whole(exchange) for exchange in exchanges]
    try:
        made = exports.export(details[0], form, leg, sdk) if len(details) == 1 else exports.export_all(details, form)
    except Unexportable as why:
        raise Refused(409, str(why), "cannot_be_exported") from None
    return made if form in AS_RECORDED else replace(made, content=redactor.made(made.content))


def links(body: Any, client: str, provider: str, model: str | None) -> list[dict[str, Any]] | None:
    """Return the links of a conversion; None where the request is no JSON object."""
    if not isinstance(body, dict):
        return None
    found = tracing.request(body, client=client, provider=provider, model=model)
    return [link_json(link) for link in found.links]
