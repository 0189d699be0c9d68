"""What configuration changes in a body before it leaves: `quirks` of a model's overrides, with `drop` (names of fields
that the provider refuses) and `rename` (a field's name -> the provider's)."""

from collections.abc import Mapping
from typing import Any

from translators.notes import Note


def quirky(body: dict[str, Any], overrides: Mapping[str, Any], notes: list[Note]) -> dict[str, Any]:
    """`body`, or a changed copy of it."""
    quirks = overrides.get("quirks") or {}
    drop, rename = frozenset(quirks.get("drop", ())), quirks.get("rename", {})
    for name in body:
        if name in drop:
            notes.append(Note(name, "dropped", detail="By configuration: this provider refuses the field."))
        elif name in rename:
            notes.append(Note(name, "moved", detail="By configuration: this provider has another name for the field."))
    if drop.isdisjoint(body) and not any(name in body for name in rename):
        return body
    return {rename.get(name, name): value for name, value in body.items() if name not in drop}
