"""JSON as the answer (https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html): enforced where the
model can, else asked for in words."""

import json
from typing import Any

from translators.conversation import Knobs
from translators.notes import Note
from translators.providers.bedrock.profiles import Profile
from translators.providers.claude.output_format import enforced


def output_format(knobs: Knobs, profile: Profile, instructions: list[str], notes: list[Note]) -> dict[str, Any] | None:
    """`outputConfig.textFormat`, or None where there is none or an instruction must do."""
    asked, schema = enforced(knobs, profile.facts, instructions, notes)
    if asked is None:
        return None
    named = {"name": asked.name, "description": asked.description}
    told = {key: value for key, value in named.items() if value}
    structure = {"jsonSchema": {"schema": json.dumps(schema, ensure_ascii=False), **told}}
    return {"type": "json_schema", "structure": structure}
