"""JSON Schemas for providers that know only some of its keywords."""

from collections.abc import Mapping
from typing import Any


def describe(keywords: Mapping[str, Any], schema: dict[str, Any]) -> None:
    """Add `keywords` to the description of `schema`, `{minLength: 3}`, where the model may still heed them."""
    text = "{" + ", ".join(f"{key}: {value}" for key, value in keywords.items()) + "}"
    schema["description"] = f"{schema['description']}\n\n{text}" if "description" in schema else text
