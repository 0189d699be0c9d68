"""A query of the list as a condition in SQL, for exchanges on disk: what `search.Query.matches` is for those in
memory."""

from collections.abc import Mapping
from typing import Any

from addons.inspector.search import NUMBERS, TEXTS, TRUTHS, Chip, Query, truth

_OF_TEXTS: Mapping[str, tuple[str, ...]] = {
    "model": ("model", "provider_model"),
    "provider": ("provider",),
    "client": ("client",),
    "dialect": ("dialect", "provider_dialect"),
    "path": ("path",),
    "end": ("end",),
    "error": ("error", "cause"),
    "finish": ("finish_reason",),
    "id": ("id",),
    "conversation": ("conversation",),
    "injected": ("injected",),
}
_OF_NUMBERS: Mapping[str, str] = {
    "tokens": "json_extract(summary, '$.tokens.input') + json_extract(summary, '$.tokens.output')",
    "input": "json_extract(summary, '$.tokens.input')",
    "output": "json_extract(summary, '$.tokens.output')",
    "gap": "json_extract(summary, '$.longest_gap')",
    **{
        name: f"json_extract(summary, '$.{name}')"
        for name in ("duration", "own", "first_event", "attempts", "events", "bytes")
    },
}
_STATUS = "(json_extract(summary, '$.status') || ' ' || (json_extract(summary, '$.status') / 100) || 'xx')"
_NOTES = "substr(text, 1, instr(text, char(10)))"
_TRUE: Mapping[str, str] = {
    "stream": "json_extract(summary, '$.stream')",
    "pinned": "pinned",
    "notes": "json_extract(summary, '$.notes.count') > 0",
}
assert {*_OF_TEXTS, "status", "note"} == TEXTS.keys()
assert _OF_NUMBERS.keys() == NUMBERS.keys()
assert _TRUE.keys() == TRUTHS.keys()


def condition(query: Query, before: int | None) -> tuple[str, list[Any]]:
    """Return what is true of the rows that a query finds, before a place in the list, and the values in it."""
    parts = ["1"]
    values: list[Any] = []
    if before is not None:
        parts.append("seq < ?")
        values.append(before)
    for chip in query.chips:
        part, value = _chip(chip)
        parts.append(f"{'NOT ' if chip.unwanted else ''}coalesce({part}, 0)")
        values += value
    for word in query.words:
        parts.append(f"instr(text, ?) {'=' if word.unwanted else '>'} 0")
        values.append(_fit(word.text))
    return " AND ".join(parts), values


def _chip(chip: Chip) -> tuple[str, list[Any]]:
    if chip.key in _TRUE:
        wanted = truth(chip.text)
        return ("0", []) if wanted is None else (f"({_TRUE[chip.key]}) = ?", [wanted])
    if chip.key in _OF_NUMBERS:
        return f"{_OF_NUMBERS[chip.key]} {chip.relation} ?", [chip.number]
    places = {"status": [_STATUS], "note": [_NOTES]}.get(chip.key)
    if places is None:
        places = [f"lower(coalesce(json_extract(summary, '$.{name}'), ''))" for name in _OF_TEXTS[chip.key]]
    found = " OR ".join(f"instr({place}, ?) > 0" for place in places)
    return f"({found})", [_fit(chip.text)] * len(places)


def _fit(text: str) -> str:
    """Return a text as SQLite can have it."""
    return text.encode("utf-8", "replace").decode()
