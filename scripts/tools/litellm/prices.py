"""The prices that a deployment of LiteLLM's has, as an item of our `prices`."""

from decimal import Decimal, InvalidOperation
from typing import Any

from scripts.tools.litellm.deployments import Deployment
from scripts.tools.litellm.providers import Entry

PER = 1_000_000
COSTS = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache-read",
    "cache_creation_input_token_cost": "cache-write",
}
_CALLED = {"claude-api-key": "anthropic", "gemini-api-key": "gemini", "azure-openai": "azure"}
"""What logs call a section's provider, where that is neither its `name` nor the section itself."""


def taken(item: Deployment, entry: Entry) -> dict[str, Any] | None:
    """Take the prices out of a deployment. None, where it has no whole price."""
    given = {ours: item.left.pop(name, None) for name, ours in COSTS.items()}
    known = {ours: item.info.pop(name, given[ours]) for name, ours in COSTS.items()}
    rates = {ours: rate for ours, cost in known.items() if (rate := _rate(cost)) is not None}
    if not {"input", "output"} <= rates.keys():
        return None
    provider = entry.fields.get("name") or _CALLED.get(entry.section, entry.section)
    return {"provider": provider, "model": entry.model, **rates}


def _rate(cost: object) -> float | None:
    try:
        return None if cost is None else float(round(Decimal(str(cost)) * PER, 9))
    except InvalidOperation:
        return None
