"""An instruction to write JSON after a schema, for a model that cannot be held to it."""

import json
from typing import Any

from translators.conversation import OutputFormat

_ANY_OBJECT = "Answer with a single JSON object and nothing else: no explanation, no code fence."
_FITTING = "It must be valid against this JSON Schema:\n{}"


def instruction(output: OutputFormat) -> str:
    """Return the instruction, with the description and the schema that the format has."""
    texts = [_ANY_OBJECT, output.description or ""]
    if output.kind == "schema" and output.schema is not None:
        texts.append(_FITTING.format(json.dumps(output.schema, ensure_ascii=False, default=dict)))
    return "\n".join(text for text in texts if text)


def described(schema: dict[str, Any], output: OutputFormat) -> dict[str, Any]:
    """Return `schema` with what the client says of the format, before what the schema says of itself."""
    own = schema.get("description")
    if not output.description or output.description == own:
        return schema
    both = f"{output.description}\n{own}" if isinstance(own, str) and own else output.description
    return {**schema, "description": both}
