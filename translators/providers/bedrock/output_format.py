"""JSON as the answer (https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html): enforced where the
model can, else asked for in words."""

import json
from typing import Any

from translators.conversation import Knobs, Option, OutputFormat
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.bedrock.profiles import Profile
from translators.providers.claude.schemas import OutsideSubset, Subset
from translators.providers.shared.json_instruction import instruction


def text_format(knobs: Knobs, profile: Profile, instructions: list[str], notes: list[Note]) -> dict[str, Any] | None:
    """`outputConfig.textFormat`, or None where there is none or an instruction must do."""
    option = knobs.pop("response_format")
    if option is None:
        return None
    asked: OutputFormat = option.value
    if asked.kind == "json" or asked.schema is None:
        instructions.append(instruction(asked))
        notes.append(Note(option.at, "approximated", detail="The model is told to answer with a JSON object."))
        return None
    if profile.facts.structured_output:
        schema = _enforced(asked, option, notes)
        if schema is not None:
            named = {"name": asked.name, "description": asked.description}
            told = {key: value for key, value in named.items() if value}
            structure = {"jsonSchema": {"schema": json.dumps(schema, ensure_ascii=False), **told}}
            return {"type": "json_schema", "structure": structure}
    instructions.append(instruction(asked))
    notes.append(Note(option.at, "approximated", detail="The model is told the schema, which is not enforced."))
    return None


def _enforced(asked: OutputFormat, option: Option, notes: list[Note]) -> dict[str, Any] | None:
    """The schema within the subset; None if it does not fit and the client does not insist (`strict` is not true)."""
    subset = Subset()
    try:
        schema = subset.of(asked.schema)
    except OutsideSubset as outside:
        if not asked.strict:
            return None
        raise BadRequest(
            f"The schema cannot be carried (at '{outside.path or '.'}'). {outside.message}", param=option.at
        ) from None
    if subset.moved:
        count = len(subset.moved)
        why = f"Keywords in {count} places of the schema are not enforced: the model is told of them."
        notes.append(Note(option.at, "approximated", detail=why))
    return schema
