"""Reasoning in a request: how much, and how it is shown (https://platform.openai.com/docs/guides/reasoning)."""

import re
from collections.abc import Mapping
from typing import Any

from translators.conversation import Knobs
from translators.notes import Note
from translators.providers.shared.reasoning import level_of

_WITHOUT_REASONING = re.compile(r"gpt-?[34]|chatgpt|gpt-5-chat|davinci|babbage").search


def reasons(model: str, overrides: Mapping[str, Any]) -> bool:
    """Return whether the model may reason: one that does not refuses a request for its encrypted reasoning."""
    configured = overrides.get("reasoning")
    return configured if isinstance(configured, bool) else not _WITHOUT_REASONING(model.lower())


def effort_and_summary(knobs: Knobs, overrides: Mapping[str, Any], notes: list[Note]) -> dict[str, Any]:
    """Return `{"effort": ..., "summary": ...}`, the effort from whichever of the client's options has it.

    A summary is requested where the client wants to see the reasoning, or where configuration (`reasoning_summary`)
    says so: OpenAI refuses it to organisations that it has not verified."""
    effort, budget, native = (knobs.pop(name) for name in ("reasoning_effort", "reasoning_budget", "thinking"))
    config: dict[str, Any] = {}
    if effort is not None:
        config["effort"] = effort.value
    elif (amount := budget or native) is not None:
        tokens = budget.value if budget is not None else _tokens(amount.value)
        level = None if tokens is None else level_of(tokens)
        why = "The Responses API takes an effort instead."
        notes.append(Note(amount.at, "approximated" if level else "dropped", tokens, level, why))
        if level is not None:
            config["effort"] = level
    for option in (budget, native):
        if option is not None and (effort is not None or option is not (budget or native)):
            notes.append(Note(option.at, "dropped", detail="Another field says how much to think."))
    visible = knobs.take("reasoning_visible")
    summary = overrides.get("reasoning_summary", "auto" if visible else None)
    if summary is not None and visible is not False and config.get("effort") != "none":
        config["summary"] = summary
    return config


def _tokens(thinking: Any) -> int | None:
    """Return the budget in Anthropic's `thinking`: 0 where it is off, None where it names none."""
    match thinking:
        case {"type": "disabled"}:
            return 0
        case {"type": "enabled", "budget_tokens": int(tokens)}:
            return tokens
        case _:
            return None
