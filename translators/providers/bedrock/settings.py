"""The options that are plain values: `inferenceConfig`, the tier, metadata, and what some models take beside them."""

import re
from typing import Any

from translators.conversation import Knobs
from translators.notes import Note
from translators.providers.bedrock.profiles import Profile
from translators.providers.bedrock.reasoning import Thinking
from translators.providers.claude import settings as claude_settings
from translators.providers.shared.tiers import openai_tier

_TIERS = {"default": "default", "priority": "priority", "flex": "flex", "scale": "reserved"}
_MOST_METADATA = 16
_KEY = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}").fullmatch
_VALUE = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}").fullmatch


def inference(
    knobs: Knobs, profile: Profile, thinking: Thinking, max_tokens: int | None, notes: list[Note]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return `inferenceConfig`, and what of it stands in `additionalModelRequestFields`."""
    if thinking.bare:
        for name in ("temperature", "top_p", "top_k"):
            if (option := knobs.pop(name)) is not None:
                notes.append(
                    Note(option.at, "dropped", option.value, detail="Not while this model thinks its hardest.")
                )
    top_k = knobs.pop("top_k") if not (profile.claude or profile.nova) else None
    if top_k is not None:
        notes.append(Note(top_k.at, "dropped", top_k.value, detail="There is no such field for this model."))
    sampled = claude_settings.sampling(knobs, profile.facts, thinking.on, notes)
    if max_tokens is None and thinking.budget is not None:
        max_tokens = profile.facts.max_output
        notes.append(Note("max_tokens", "defaulted", None, max_tokens, "A budget to think in requires a limit."))
    config = {
        "maxTokens": max_tokens,
        "temperature": sampled.get("temperature"),
        "topP": sampled.get("top_p"),
    }
    more: dict[str, Any] = {}
    if "top_k" in sampled:
        more = {"inferenceConfig": {"topK": sampled["top_k"]}} if profile.nova else {"top_k": sampled["top_k"]}
    return {key: value for key, value in config.items() if value is not None}, more


def tier(knobs: Knobs, notes: list[Note]) -> dict[str, Any]:
    """Return `{"serviceTier": {"type": ...}}`, or nothing."""
    option = knobs.pop("service_tier")
    if option is None or option.value == "auto":
        return {}
    named = _TIERS.get(openai_tier(option.value))
    if named is None:
        notes.append(Note(option.at, "dropped", option.value, detail="This provider has no such tier."))
        return {}
    if option.value == "scale":
        notes.append(Note(option.at, "approximated", "scale", "reserved", "Where capacity was reserved."))
    elif openai_tier(option.value) != option.value:
        notes.append(Note(option.at, "approximated", option.value, named, "This provider's word for it.", loss=False))
    return {"serviceTier": {"type": named}}


def metadata(knobs: Knobs, notes: list[Note]) -> dict[str, Any]:
    """Return `{"requestMetadata": {...}}` without what is not in its characters."""
    option = knobs.pop("metadata")
    if option is None:
        return {}
    fit = {key: value for key, value in option.value.items() if _fits(key, value)}
    sent = dict(list(fit.items())[:_MOST_METADATA])
    if len(sent) < len(option.value):
        why = "At most 16 keys and values of plain characters, up to 256 of them, are sent."
        notes.append(Note(option.at, "dropped", detail=why))
    return {"requestMetadata": sent} if sent else {}


def _fits(key: Any, value: Any) -> bool:
    return isinstance(key, str) and isinstance(value, str) and bool(_KEY(key) and _VALUE(value))
