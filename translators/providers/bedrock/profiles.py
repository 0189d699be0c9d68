"""The facts of each model on Bedrock, as one table (https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html).

The facts of a Claude are those that it has at Anthropic; other models have the same fields.
"""

import re
from collections.abc import Mapping
from dataclasses import field, fields, replace
from functools import lru_cache
from typing import Any, Literal

from translators.providers.claude.profiles import Profile as ClaudeProfile
from translators.providers.claude.profiles import profile_of as claude_profile_of
from translators.providers.claude.profiles import short_name
from translators.providers.shared.wire_names import SHORT_CALL_ID
from translators.values import immutable

Effort = Literal["claude", "nova", "reasoning_effort", "reasoning"]

# What is true of nearly all models here: plain sampling, forced tools, no field for thinking.
_PLAIN = ClaudeProfile(
    max_output_enforced=False,
    thinking=(),
    thinks_unasked=False,
    efforts=(),
    sampling=True,
    temperature_with_top_p=True,
    forced_tools="always",
    prefill=False,  # many here refuse it, and every one of them answers a user
    mid_system=False,
    structured_output=False,
    web_search=None,
)


@immutable
class Profile:
    """Facts that change how a request must be written. The defaults are those of a model that nobody knows."""

    facts: ClaudeProfile = field(default=_PLAIN)
    """Sampling, forced tools, thinking: facts that a Claude has at Anthropic too."""
    claude: bool = False
    """`additionalModelRequestFields` are those of Anthropic's Messages API."""
    effort: Effort | None = None
    """The field that says how much to think."""
    cache_ttls: tuple[str, ...] = ()
    """Times that prompts can be cached; none at all where there are no cache points."""
    cached_tools: bool = True
    """A cache point may stand among the tools."""
    audio: bool = True
    """The model is not known to refuse audio."""
    nova: bool = False
    """`additionalModelRequestFields` are Nova's, and it can search the web."""
    failed_results: bool = False
    """A tool's result may say that it is an error."""
    streamed_tools: bool = True
    """The model streams while it has tools."""
    mid_system: bool = False
    """A message in the middle may have the role `system`."""
    call_id: str = r"[a-zA-Z0-9_-]{1,64}"
    """The ids of calls, as a regular expression."""
    base_model: str = ""
    """The model behind a name that tells nothing, such as the ARN of an application inference profile."""


_CLAUDE = Profile(claude=True, effort="claude", cache_ttls=("5m", "1h"), audio=False, failed_results=True)
_OLDER_CLAUDE = replace(_CLAUDE, cache_ttls=("5m",))
_OLDEST_CLAUDE = replace(_CLAUDE, cache_ttls=())
_FIVE_MINUTES = re.compile(r"claude-(?:3-7|3-5|(?:opus|sonnet)-4(?:-[01])?$|4-)")
_NO_CACHE = re.compile(r"claude-(?:3-(?:opus|sonnet|haiku)|2|v2|instant)")
_NOVA = Profile(
    replace(_PLAIN, prefill=True), nova=True, cache_ttls=("5m",), cached_tools=False, audio=False, failed_results=True
)
_STRUCTURED = Profile(replace(_PLAIN, structured_output=True))
_WHOLE_TOOLS = Profile(streamed_tools=False)
_UNFORCED = replace(_PLAIN, forced_tools="never")
_PROFILES: tuple[tuple[re.Pattern[str], Profile], ...] = tuple(
    (re.compile(rf"(?:^|[./]){name}"), profile)
    for name, profile in (
        (r"amazon\.nova-2-", replace(_NOVA, effort="nova", audio=True)),
        (r"amazon\.nova", _NOVA),
        (r"openai\.gpt-oss", replace(_STRUCTURED, effort="reasoning_effort")),
        (r"openai\.gpt-", replace(_STRUCTURED, effort="reasoning")),
        (r"(?:deepseek\.v|google\.gemma-3|minimax\.|moonshot(?:ai)?\.|nvidia\.nemotron|qwen\.qwen3)", _STRUCTURED),
        (r"mistral\.(?:magistral|ministral|mistral-large-3|voxtral)", replace(_STRUCTURED, call_id=SHORT_CALL_ID)),
        (r"mistral\.", replace(_WHOLE_TOOLS, call_id=SHORT_CALL_ID)),
        (r"meta\.llama", replace(_WHOLE_TOOLS, facts=_UNFORCED)),
        (r"(?:ai21|cohere)\.", Profile(_UNFORCED)),
    )
)
_OF_FACTS = frozenset(each.name for each in fields(ClaudeProfile)) - {"mid_system"}


def profile_of(name: str, overrides: Mapping[str, Any]) -> Profile:
    """Return the facts of the model `name`; `overrides` are fields of `Profile` or of its facts that config.yaml sets
    otherwise."""
    ours = {key: value for key, value in overrides.items() if key not in _OF_FACTS}
    theirs = {key: value for key, value in overrides.items() if key in _OF_FACTS}
    profile = _known(ours.get("base_model") or name)
    if theirs:
        profile = replace(profile, facts=replace(profile.facts, **theirs))
    return replace(profile, **ours) if ours else profile


@lru_cache(maxsize=1024)
def _known(name: str) -> Profile:
    short = short_name(name)
    if short.startswith("claude-"):
        facts = claude_profile_of(name, {})
        if _NO_CACHE.match(short):
            return replace(_OLDEST_CLAUDE, facts=facts)
        return replace(_OLDER_CLAUDE if _FIVE_MINUTES.match(short) else _CLAUDE, facts=facts)
    return next((profile for pattern, profile in _PROFILES if pattern.search(name)), Profile())


def known_models() -> tuple[str, ...]:
    """Return nothing: the models depend on the account and its region."""
    return ()
