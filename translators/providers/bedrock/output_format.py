"""JSON as the answer (https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html): enforced where the
model can, else described in words."""

import json
from typing import Any

from translators.conversation import Knobs
from translators.notes import Note
from translators.providers.bedrock.profiles import Profile
from translators.providers.claude.output_format import enforced


def output_format(knobs: Knobs, profile: Profile, instructions: list[str], notes: list[Note]) -> dict[str, Any] | None:
    """Return `outputConfig.textFormat`, `{"type": "json_schema", "structure": {"jsonSchema": {"schema": "{...}",
    "name": ...}}}`; None where there is none or an instruction must do. Raises `BadRequest`."""
    wanted, schema = enforced(knobs, profile.facts, instructions, notes)
    if wanted is None:
        return None
    json_schema = {"schema": json.dumps(schema, ensure_ascii=False)}
    if wanted.name:
        json_schema["name"] = wanted.name
    if wanted.description:
        json_schema["description"] = wanted.description
    return {"type": "json_schema", "structure": {"jsonSchema": json_schema}}
