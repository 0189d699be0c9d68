"""JSON as the answer (https://ai.google.dev/gemini-api/docs/structured-output): enforced where the model can, else
described in words."""

from typing import Any

from translators.conversation import Knobs, OutputFormat
from translators.notes import Note
from translators.providers.gemini.profiles import Profile
from translators.providers.gemini.schemas import Subset
from translators.providers.shared.json_instruction import described, instruction
from translators.providers.shared.schemas import not_enforced


def output_format(
    knobs: Knobs, profile: Profile, tools: bool, instructions: list[str], notes: list[Note]
) -> dict[str, Any]:
    """Return `{"responseMimeType": "application/json", "responseJsonSchema": {...}}`; nothing where the client wants no
    format or an instruction must do."""
    option = knobs.pop("response_format")
    if option is None:
        return {}
    wanted: OutputFormat = option.value
    schema = wanted.schema if wanted.kind == "schema" else None
    if tools and not profile.json_with_tools:
        instructions.append(instruction(wanted))
        why = "Beside tools this model cannot be held to JSON: it is told to answer so."
        notes.append(Note(option.at, "approximated", detail=why))
        return {}
    if schema is None:
        instructions += filter(None, (wanted.description,))
        return {"responseMimeType": "application/json"}
    subset = Subset()
    written = subset.of(schema)
    if subset.moved:
        notes.append(not_enforced(option.at, subset.moved))
    if "$ref" in written:  # beside which nothing may stand
        instructions += filter(None, (wanted.description,))
    else:
        written = described(written, wanted)
    return {"responseMimeType": "application/json", "responseJsonSchema": written}
