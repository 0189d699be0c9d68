"""JSON Schemas for providers that know only some of its keywords."""

from collections.abc import Mapping
from typing import Any

from translators.notes import Note


def describe(keywords: Mapping[str, Any], schema: dict[str, Any]) -> None:
    """Add `keywords` to the description of `schema`, `{minLength: 3}`, where the model may still heed them."""
    text = "{" + ", ".join(f"{key}: {value}" for key, value in keywords.items()) + "}"
    schema["description"] = f"{schema['description']}\n\n{text}" if "description" in schema else text


def not_enforced(at: str, places: int) -> Note:
    """Return the note on keywords of an answer's schema that became words, in so many places."""
    why = f"Keywords in {places} places of the schema are not enforced: the model is told of them."
    return Note(at, "approximated", detail=why)
