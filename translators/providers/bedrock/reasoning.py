"""The amount of thinking: Claude's fields are Anthropic's, other models have their own in
`additionalModelRequestFields` (https://docs.aws.amazon.com/bedrock/latest/userguide/inference-reasoning.html)."""

from dataclasses import dataclass, field
from typing import Any

from translators.conversation import Knobs, Option
from translators.notes import Note
from translators.providers.bedrock.profiles import Profile
from translators.providers.claude import reasoning as claude
from translators.providers.shared.reasoning import check_effort

_THREE = ("low", "medium", "high")
_NEAREST = {"none": "low", "minimal": "low", "xhigh": "high", "max": "high"}


@dataclass(slots=True)
class Thinking:
    """`fields` go into `additionalModelRequestFields`, `effort` into `outputConfig`; `on` if a Claude will think."""

    fields: dict[str, Any] = field(default_factory=dict)
    effort: str | None = None
    on: bool = False
    budget: int | None = None
    """The tokens of thinking, where they are counted out."""
    bare: bool = False
    """The request may have no limit and no sampling."""


def thinking(knobs: Knobs, profile: Profile, max_tokens: int | None, notes: list[Note]) -> Thinking:
    """Return how the model is to think. Raises `BadRequest` for what is no way to ask for thought."""
    if profile.effort == "claude":
        limit = max_tokens or profile.facts.max_output
        settled = claude.thinking(knobs, profile.facts, limit, notes)
        fields = {"thinking": settled.config} if settled.config else {}
        budget = settled.config.get("budget_tokens") if settled.config else None
        return Thinking(fields, settled.effort, settled.on, budget)
    effort, native = knobs.pop("reasoning_effort"), knobs.pop("thinking")
    if native is not None and native.value == {"type": "disabled"}:
        effort, native = effort or Option("none", native.at), None
    for option in (knobs.pop("reasoning_budget"), native):
        if option is not None:
            old = option.value if isinstance(option.value, int) else None
            notes.append(Note(option.at, "dropped", old, detail="This model takes no budget for its thoughts."))
    knobs.take("reasoning_visible")  # which is for the client's side: nothing here shows or hides them
    if effort is None:
        return Thinking()
    check_effort(effort)
    match profile.effort:
        case "nova":
            return _nova(effort, max_tokens, notes)
        case "reasoning_effort":
            return Thinking({"reasoning_effort": _one_of_three(effort, notes)})
        case "reasoning":
            return Thinking({"reasoning": {"effort": effort.value}})
    notes.append(Note(effort.at, "dropped", effort.value, detail="This model cannot be told how much to think."))
    return Thinking()


def _nova(effort: Option, max_tokens: int | None, notes: list[Note]) -> Thinking:
    """Nova 2 refuses a limit and sampling beside high effort: where the client set a limit, that weighs more."""
    if effort.value == "none":
        return Thinking({"reasoningConfig": {"type": "disabled"}})
    level = _NEAREST.get(effort.value, effort.value)
    if level == "high" and max_tokens is not None:
        level, why = "medium", "With a limit of tokens, this model does not think harder."
    else:
        why = "The nearest effort it has."
    if level != effort.value:
        notes.append(Note(effort.at, "approximated", effort.value, level, why))
    config = {"type": "enabled", "maxReasoningEffort": level}
    return Thinking({"reasoningConfig": config}, bare=level == "high")


def _one_of_three(effort: Option, notes: list[Note]) -> str:
    level: str = effort.value
    if level in _THREE:
        return level
    notes.append(Note(effort.at, "approximated", level, _NEAREST[level], "The nearest effort it has."))
    return _NEAREST[level]
