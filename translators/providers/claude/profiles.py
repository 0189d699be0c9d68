"""The facts of each Claude, as one table (https://platform.claude.com/docs/en/about-claude/models).

The dialect never looks at a model's name, only at these facts; config.yaml can overrule each of them.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

from translators.values import immutable

ForcedTools = Literal["always", "without_thinking", "never"]


@immutable
class Profile:
    """Facts that change how a request must be written. The defaults are those of the newest generation."""

    max_output: int = 128_000
    """Tokens that `max_tokens` defaults to."""
    max_output_enforced: bool = True
    """The provider refuses more than `max_output`, so that more is clamped."""
    thinking: tuple[str, ...] = ("adaptive",)
    """`thinking.type` values that are accepted: some of enabled, adaptive, disabled, between_tools."""
    thinks_unasked: bool = True
    """The model thinks when the request does not mention it."""
    effort_as_budget: bool = False
    """Without adaptive thinking: `reasoning_effort` may become a budget of tokens."""
    efforts: tuple[str, ...] = ("low", "medium", "high", "xhigh", "max")
    """`output_config.effort` values that are accepted, from least to most."""
    sampling: bool = False
    """`temperature`, `top_p` and `top_k` are accepted."""
    temperature_with_top_p: bool = False
    """Both may be sent together."""
    forced_tools: ForcedTools = "never"
    """Times at which `tool_choice` may be `any` or `tool`."""
    prefill: bool = False
    """The last message may be the assistant's."""
    mid_system: bool = True
    """A message in the middle may have the role `system`."""
    structured_output: bool = True
    """`output_config.format` and `strict` tools are accepted."""
    fast: bool = False
    """`speed: fast` is accepted."""
    tools: bool = True
    """The model calls tools."""
    media: bool = True
    """The model reads images and documents."""
    web_search: str | None = "web_search_20250305"
    """The type of the web search tool; None where there is none."""
    version: str = "2023-06-01"
    """The `anthropic-version` header."""


# Class E of 2026, and what a Claude that nobody knows yet is taken for (without system turns in the middle: as user
# text they are understood by every model).
_BOUND = Profile()
_UNKNOWN_CLAUDE = Profile(mid_system=False)
# Class D: always thinks. Whether it takes a forced tool choice is not documented; thinking has always excluded it.
_ALWAYS_THINKING = Profile()
# Class C: thinking is adaptive and can be switched off.
_ADAPTIVE = Profile(thinking=("adaptive", "disabled"), forced_tools="always")
# Class B, 4.6: the last with sampling and manual budgets, the first without prefill.
_BETWEEN = Profile(
    thinking=("adaptive", "enabled", "disabled"),
    thinks_unasked=False,
    efforts=("low", "medium", "high", "max"),
    sampling=True,
    forced_tools="without_thinking",
    mid_system=False,
)
# Class A, 4.5: thinking by budget. Efforts are left out on purpose: a budget says the same more exactly.
_MANUAL = Profile(
    max_output=64_000,
    thinking=("enabled", "disabled"),
    thinks_unasked=False,
    effort_as_budget=True,
    efforts=(),
    sampling=True,
    forced_tools="without_thinking",
    prefill=True,
    mid_system=False,
)
_FOUR = replace(_MANUAL, structured_output=False, temperature_with_top_p=True)
_FOUR_OPUS = replace(_FOUR, max_output=32_000)
_THREE_FIVE = replace(_FOUR, max_output=8_192, thinking=(), effort_as_budget=False, forced_tools="always")
_THREE = replace(_THREE_FIVE, max_output=4_096, web_search=None)
# Any other name: a model of somebody else's behind an Anthropic endpoint. Plain 2023-06-01; thinking only where the
# client asks for it in tokens or in Anthropic's words, for an effort is no promise that the model can think.
_NO_CLAUDE = replace(
    _THREE,
    max_output_enforced=False,
    thinking=("enabled", "disabled"),
)

_PROFILES: dict[str, Profile] = {
    "claude-fable-5-2": _BOUND,
    "claude-mythos-5-2": _BOUND,
    "claude-fable-5-1": _BOUND,
    "claude-mythos-5-1": _BOUND,
    "claude-sonnet-5-5": _BOUND,
    "claude-opus-5-5": replace(_BOUND, fast=True),
    "claude-fable-5": _ALWAYS_THINKING,
    "claude-mythos-5": _ALWAYS_THINKING,
    "claude-mythos-preview": replace(_ALWAYS_THINKING, mid_system=False),
    "claude-haiku-5-5": _ADAPTIVE,
    "claude-sonnet-5": _ADAPTIVE,
    "claude-opus-5": replace(_ADAPTIVE, fast=True),
    "claude-opus-4-8": replace(_ADAPTIVE, thinks_unasked=False, fast=True),
    "claude-opus-4-7": replace(_ADAPTIVE, thinks_unasked=False, mid_system=False),
    "claude-opus-4-6": replace(_BETWEEN, fast=True),
    "claude-sonnet-4-6": _BETWEEN,
    "claude-opus-4-5": _MANUAL,
    "claude-sonnet-4-5": _MANUAL,
    "claude-haiku-4-5": _MANUAL,
    "claude-opus-4-1": replace(_FOUR_OPUS, temperature_with_top_p=False),
    "claude-opus-4": _FOUR_OPUS,
    "claude-opus-4-0": _FOUR_OPUS,
    "claude-4-opus": _FOUR_OPUS,
    "claude-sonnet-4": _FOUR,
    "claude-sonnet-4-0": _FOUR,
    "claude-4-sonnet": _FOUR,
    "claude-3-7-sonnet": _FOUR,
    "claude-3-5-sonnet": _THREE_FIVE,
    "claude-3-5-haiku": _THREE_FIVE,
    "claude-3-opus": _THREE,
    "claude-3-sonnet": _THREE,
    "claude-3-haiku": _THREE,
}

_KNOWN = (
    "claude-fable-5-2",
    "claude-mythos-5-2",
    "claude-haiku-5-5",
    "claude-sonnet-5-5",
    "claude-fable-5-1",
    "claude-opus-5-5",
    "claude-mythos-5-1",
    "claude-sonnet-5",
    "claude-fable-5",
    "claude-mythos-5",
    "claude-opus-5",
    "claude-opus-4-8",
    "claude-opus-4-7",
    "claude-mythos-preview",
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-haiku-4-5",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-5",
    "claude-opus-4-5-20251101",
    "claude-sonnet-4-5",
    "claude-sonnet-4-5-20250929",
)

_PREFIX = re.compile(r"(?:^|.*[./])(?=claude-)")  # `us.anthropic.`, `anthropic/`
_SUFFIX = re.compile(r"(?:@.*|:.*|-v\d+(?::\d+)?|-latest|-\d{8}(?!\d).*)$")  # `@20250514`, `-v1:0`, `-20251001`


@lru_cache(maxsize=1024)
def short_name(name: str) -> str:
    """Return a Claude's name without region, vendor, date and revision: two names of one model have one short name."""
    prefix = _PREFIX.match(name)
    if prefix is None:
        return name
    short = name[prefix.end() :]
    while short != (shorter := _SUFFIX.sub("", short)):
        short = shorter
    return short.replace(".", "-")


def profile_of(name: str, overrides: Mapping[str, Any]) -> Profile:
    """Return the facts of the model `name`; `overrides` are fields of `Profile` that config.yaml sets otherwise."""
    short = short_name(name)
    profile = _PROFILES.get(short) or (_UNKNOWN_CLAUDE if short.startswith("claude-") else _NO_CLAUDE)
    if overrides:
        profile = replace(profile, **overrides)
    if profile.version > "2023-06-01" and profile.sampling:
        profile = replace(profile, sampling=False)  # 2026-10-21 refuses these fields even at their defaults
    return profile


def known_models() -> tuple[str, ...]:
    """Return the public names as of `anthropic` 2.12, newest first."""
    return _KNOWN
