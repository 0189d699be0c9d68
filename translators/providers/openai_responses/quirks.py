"""Changes by configuration to a body before it leaves: `quirks` of a model's overrides, with `drop` (names of fields
that the provider refuses) and `rename` (a field's name -> the provider's)."""

from collections.abc import Mapping
from typing import Any

from translators.notes import Note


def quirky(
    body: dict[str, Any], overrides: Mapping[str, Any], at: Mapping[str, str], notes: list[Note]
) -> dict[str, Any]:
    """Return `body`, or a changed copy of it. `at` has the client's paths of fields, where they are others."""
    quirks = overrides.get("quirks") or {}
    drop, rename = frozenset(quirks.get("drop", ())), quirks.get("rename", {})
    if drop.isdisjoint(body) and not any(name in body for name in rename):
        return body
    why = "By configuration: this provider refuses the field."
    notes += [Note(at.get(name, name), "dropped", detail=why) for name in body if name in drop]
    return {rename.get(name, name): value for name, value in body.items() if name not in drop}
