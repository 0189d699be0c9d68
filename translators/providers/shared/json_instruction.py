"""What a model is told where it cannot be held to JSON: to write it, and after which schema."""

import json
from typing import Any

from translators.conversation import OutputFormat

_ANY_OBJECT = "Answer with a single JSON object and nothing else: no explanation, no code fence."
_FITTING = "It must be valid against this JSON Schema:\n{}"


def instruction(asked: OutputFormat) -> str:
    told: tuple[str | None, ...] = (_ANY_OBJECT, asked.description)
    if asked.kind == "schema" and asked.schema is not None:
        told += (_FITTING.format(json.dumps(asked.schema, ensure_ascii=False, default=dict)),)
    return "\n".join(filter(None, told))


def described(schema: dict[str, Any], asked: OutputFormat) -> dict[str, Any]:
    """Return `schema` with what the client says of the format, before what the schema says of itself."""
    own = schema.get("description")
    if not asked.description or asked.description == own:
        return schema
    both = f"{asked.description}\n{own}" if isinstance(own, str) and own else asked.description
    return {**schema, "description": both}
