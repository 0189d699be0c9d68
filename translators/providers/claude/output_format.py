"""JSON as the answer (https://platform.claude.com/docs/en/build-with-claude/structured-outputs): enforced where the
model can, else described in words."""

from collections.abc import Mapping
from typing import Any

from translators.conversation import Knobs, Option, OutputFormat
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.claude.profiles import Profile
from translators.providers.claude.schemas import OutsideSubset, Subset
from translators.providers.shared.json_instruction import described, instruction
from translators.providers.shared.schemas import not_enforced


def may_enforce(options: Mapping[str, Option], profile: Profile) -> bool:
    """Return whether the answer may be held to a schema."""
    option = options.get("response_format")
    return profile.structured_output and option is not None and option.value.schema is not None


def answers_through_a_tool(options: Mapping[str, Option], profile: Profile) -> bool:
    """Return whether the client wants a schema to which only a forced tool can hold the model."""
    option = options.get("response_format")
    if option is None or option.value.schema is None or profile.structured_output or profile.forced_tools == "never":
        return False
    return not profile.thinking or not (profile.thinks_unasked or _wants_thoughts(options))


def _wants_thoughts(options: Mapping[str, Option]) -> bool:
    thinking, effort = options.get("thinking"), options.get("reasoning_effort")
    if thinking is not None and thinking.value.get("type") != "disabled":
        return True
    return (effort is not None and effort.value != "none") or "reasoning_budget" in options


def output_format(knobs: Knobs, profile: Profile, instructions: list[str], notes: list[Note]) -> dict[str, Any] | None:
    """Return `output_config.format`, `{"type": "json_schema", "schema": {...}}`; None where there is none or an
    instruction must do. Raises `BadRequest`."""
    wanted, schema = enforced(knobs, profile, instructions, notes)
    return None if wanted is None else {"type": "json_schema", "schema": described(schema, wanted)}


def enforced(
    knobs: Knobs, profile: Profile, instructions: list[str], notes: list[Note]
) -> tuple[OutputFormat | None, dict[str, Any]]:
    """Return the format that the client wants, and its schema as the model can be held to it; None where there is none
    or an instruction must do. Raises `BadRequest`."""
    option = knobs.pop("response_format")
    if option is None:
        return None, {}
    wanted: OutputFormat = option.value
    if wanted.kind == "json" or wanted.schema is None:
        why = "The model is told to answer with a JSON object."
    else:
        schema = _within_subset(wanted, option, notes) if profile.structured_output else None
        if schema is not None:
            return wanted, schema
        why = "The model is told the schema, which is not enforced."
    instructions.append(instruction(wanted))
    notes.append(Note(option.at, "approximated", detail=why))
    return None, {}


def _within_subset(wanted: OutputFormat, option: Option, notes: list[Note]) -> dict[str, Any] | None:
    """Return the schema within the subset; None if it does not fit and the client does not insist (`strict` is not
    true).

    Raises `BadRequest`."""
    subset = Subset()
    try:
        schema = subset.of(wanted.schema)
    except OutsideSubset as outside:
        if not wanted.strict:
            return None
        raise BadRequest(
            f"The schema cannot be carried (at '{outside.path or '.'}'). {outside.message}", param=option.at
        ) from None
    if subset.moved:
        notes.append(not_enforced(option.at, len(subset.moved)))
    return schema
