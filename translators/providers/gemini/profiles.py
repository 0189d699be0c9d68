"""The facts of each Gemini, as one table (https://ai.google.dev/gemini-api/docs/models).

The dialect never looks at a model's name, only at these facts; config.yaml can overrule each of them.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

from translators.values import immutable

ThinkingUnit = Literal["level", "budget", "none"]
_EFFORTS = ("minimal", "low", "medium", "high")


@immutable
class Profile:
    """Facts that change how a request must be written. The defaults are those of the newest generation."""

    platform: Literal["gemini", "vertex"] = "gemini"
    """The server of the model: the Gemini API, or Vertex AI."""
    safety_settings: tuple[Mapping[str, str], ...] = ()
    """`{category, threshold}` each; none are sent unless configuration says so."""
    max_output: int | None = 65_536
    """More than this in `maxOutputTokens` is refused, and clamped here."""
    thinking: ThinkingUnit = "level"
    """The unit of thinking: `thinkingLevel`, `thinkingBudget`, or none at all."""
    levels: tuple[str, ...] = ("low", "medium", "high")
    """`thinkingLevel` values that are accepted, from least to most."""
    least_budget: int = 0
    most_budget: int = 0
    """The range of `thinkingBudget`."""
    can_rest: bool = False
    """A budget of 0 switches thinking off."""
    signed_calls: bool = True
    """The first call of each step must come back with its thought signature."""
    sampling: bool = False
    """`temperature`, `topP` and `topK` are accepted."""
    penalties: bool = False
    """`frequencyPenalty` and `presencePenalty` are accepted."""
    candidates: int = 1
    """The most of `candidateCount`, for answers that are not streamed."""
    logprobs: bool = True
    validated: bool = True
    """The function calling mode `VALIDATED` is accepted."""
    json_with_tools: bool = True
    """A JSON answer may be demanded of a model that has tools."""
    search: bool = True
    search_with_functions: bool = True
    """`googleSearch` may stand beside functions."""
    system: bool = True
    """`systemInstruction` is accepted."""
    prefill: bool = False
    """The last turn may be the model's, to be continued."""
    links: bool = True
    """`fileData` may name any public https address."""
    part_resolution: bool = True
    """`mediaResolution` may be set for a single part."""
    media_results: bool = True
    """`functionResponse.parts` may hold images and files."""
    images: bool = False
    """The model makes images."""
    call_ids: bool = True
    """`functionCall` and `functionResponse` have an `id`."""


# Gemini 4, the flash models from 3.6 on, and what a Gemini that nobody knows yet is taken for.
_NEWEST = Profile()
_FLASH_3_6 = Profile(levels=_EFFORTS)
# Gemini 3 as it began: sampling is accepted, though 1.0 is advised.
_THREE = Profile(sampling=True)
_FLASH_3 = replace(_THREE, levels=_EFFORTS)
_IMAGE_3 = replace(_THREE, thinking="none", images=True, search_with_functions=False)
# Gemini 2.5: thinking by budget; no tools beside JSON, no search beside functions.
_TWO_FIVE = Profile(
    thinking="budget",
    levels=(),
    least_budget=1,
    most_budget=24_576,
    can_rest=True,
    signed_calls=False,
    sampling=True,
    penalties=True,
    candidates=8,
    json_with_tools=False,
    search_with_functions=False,
    prefill=True,
    part_resolution=False,
    media_results=False,
)
_PRO_2_5 = replace(_TWO_FIVE, least_budget=128, most_budget=32_768, can_rest=False)
_LITE_2_5 = replace(_TWO_FIVE, least_budget=512)
_IMAGE_2_5 = replace(_TWO_FIVE, thinking="none", images=True, max_output=32_768)
_TWO = replace(
    _TWO_FIVE,
    max_output=8_192,
    thinking="none",
    least_budget=0,
    most_budget=0,
    can_rest=False,
    validated=False,
    links=False,
)
# Gemma and any other name: nothing is promised that not every model behind this API has.
_NO_GEMINI = replace(_TWO, max_output=None, candidates=1, search=False, system=True)
_GEMMA = replace(_NO_GEMINI, system=False)

_PROFILES: dict[str, Profile] = {
    "gemini-4": _NEWEST,
    "gemini-3.8-flash": _NEWEST,
    "gemini-3.7-flash": _NEWEST,
    "gemini-3.6-flash": _FLASH_3_6,
    "gemini-3.5": _THREE,
    "gemini-3.5-flash": _FLASH_3,
    "gemini-3.5-flash-lite": _FLASH_3_6,
    "gemini-3.1": _THREE,
    "gemini-3.1-flash-lite": _FLASH_3,
    "gemini-3.1-flash-image": _IMAGE_3,
    "gemini-3.1-flash-lite-image": _IMAGE_3,
    "gemini-3": _THREE,
    "gemini-3-flash": _FLASH_3,
    "gemini-3-pro": replace(_THREE, levels=("low", "high")),
    "gemini-3-pro-image": _IMAGE_3,
    "gemini-nano-banana": _IMAGE_3,
    "gemini-2.5": _TWO_FIVE,
    "gemini-2.5-pro": _PRO_2_5,
    "gemini-2.5-flash": _TWO_FIVE,
    "gemini-2.5-flash-lite": _LITE_2_5,
    "gemini-2.5-flash-image": _IMAGE_2_5,
    "gemini-2.0": _TWO,
    "gemini-1.5": _TWO,
    "gemini": _NEWEST,
    "gemma": _GEMMA,
}

_KNOWN = (
    "gemini-4-argon",
    "gemini-4-carbon",
    "gemini-4-hydrogen",
    "gemini-3.8-flash",
    "gemini-3.7-flash",
    "gemini-3.6-flash",
    "gemini-3.5-flash",
    "gemini-3.5-flash-lite",
    "gemini-3.1-pro-preview",
    "gemini-3.1-flash-lite",
    "gemini-3.1-flash-image",
    "gemini-3-pro-image",
    "gemini-3-flash-preview",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-2.5-flash-image",
)


def short_name(name: str) -> str:
    """Return the name without the collection that it stands in: `models/`, `publishers/google/models/`, `google/`."""
    return name.rpartition("/")[2]


def profile_of(name: str, overrides: Mapping[str, Any]) -> Profile:
    """Return the facts of the model `name`; `overrides` are fields of `Profile` that config.yaml sets otherwise.

    The longest name in the table wins that the model's begins with, word by word: `gemini-2.5-flash-lite-001`."""
    profile = _known(name, overrides.get("platform") == "vertex")
    return replace(profile, **overrides) if overrides else profile


@lru_cache(maxsize=1024)
def _known(name: str, vertex: bool) -> Profile:
    words = short_name(name).lower().partition("@")[0]
    while words not in _PROFILES and "-" in words:
        words = words.rpartition("-")[0]
    profile = _PROFILES.get(words, _NO_GEMINI)
    if vertex:
        # Its schema has no ids of calls, and google-genai has no server-side tool invocations for it.
        return replace(profile, call_ids=False, search_with_functions=False)
    # The Gemini API has been seen to repeat the parts of all candidates in the first.
    return replace(profile, candidates=1)


def known_models() -> tuple[str, ...]:
    """Return the public names as of `google-genai` 3.4, newest first."""
    return _KNOWN
