"""What a model is told where it cannot be held to JSON: to write it, and after which schema."""

import json

from translators.conversation import OutputFormat

_ANY_OBJECT = "Answer with a single JSON object and nothing else: no explanation, no code fence."
_FITTING = "It must be valid against this JSON Schema:\n{}"


def instruction(asked: OutputFormat) -> str:
    if asked.kind == "json" or asked.schema is None:
        return _ANY_OBJECT
    schema = _FITTING.format(json.dumps(asked.schema, ensure_ascii=False, default=dict))
    return "\n".join((_ANY_OBJECT, *((asked.description,) if asked.description else ()), schema))
