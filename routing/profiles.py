"""The fields that configuration may set for one model, where it differs from what the gateway knows of it.

All fields are optional, and are those of the dialect's own table, which explains them.
"""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator

from routing.field_types import Amount, Count, Flag, ModelName, Section, or_none

ThinkingType = Literal["enabled", "adaptive", "disabled", "between_tools"]
Effort = Literal["low", "medium", "high", "xhigh", "max"]
Level = Literal["minimal", "low", "medium", "high", "xhigh"]


def _date(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be a version such as 2023-06-01")
    return value


class ClaudeProfile(Section):
    """The fields of `translators.providers.claude.profiles.Profile`."""

    max_output: Count | None = None
    max_output_enforced: Flag | None = None
    thinking: tuple[ThinkingType, ...] | None = None
    thinks_unasked: Flag | None = None
    effort_as_budget: Flag | None = None
    efforts: tuple[Effort, ...] | None = None
    sampling: Flag | None = None
    temperature_with_top_p: Flag | None = None
    forced_tools: Literal["always", "without_thinking", "never"] | None = None
    prefill: Flag | None = None
    mid_system: Flag | None = None
    structured_output: Flag | None = None
    fast: Flag | None = None
    tools: Flag | None = None
    media: Flag | None = None
    web_search: Annotated[ModelName | None, BeforeValidator(or_none)] = None
    version: Annotated[str, BeforeValidator(_date)] | None = None


class GeminiProfile(Section):
    """The fields of `translators.providers.gemini.profiles.Profile`, but for what the entry decides."""

    max_output: Count | None = None
    thinking: Literal["level", "budget", "none"] | None = None
    levels: tuple[Level, ...] | None = None
    least_budget: Amount | None = None
    most_budget: Amount | None = None
    can_rest: Flag | None = None
    signed_calls: Flag | None = None
    sampling: Flag | None = None
    penalties: Flag | None = None
    candidates: Count | None = None
    logprobs: Flag | None = None
    validated: Flag | None = None
    json_with_tools: Flag | None = None
    search: Flag | None = None
    search_with_functions: Flag | None = None
    system: Flag | None = None
    prefill: Flag | None = None
    links: Flag | None = None
    part_resolution: Flag | None = None
    media_results: Flag | None = None
    images: Flag | None = None
    call_ids: Flag | None = None
