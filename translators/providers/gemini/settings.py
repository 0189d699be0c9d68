"""The options that are plain values: how to sample, when to stop, how many answers, which tier.

Knobs bend here: out of range is clamped, not accepted is dropped, each with a note. What a client relies on (audio, a
filter that blocks, log probabilities where there are none) is refused instead.
"""

import re
from collections.abc import Mapping
from typing import Any

from translators.conversation import Knobs, Option
from translators.notes import Note
from translators.providers.gemini.profiles import Profile
from translators.providers.shared import settings as shared_settings
from translators.providers.shared.settings import refuse_logprobs, unsupported
from translators.providers.shared.tiers import openai_tier

_MOST_STOPS = 5
_LARGEST_SEED = 2**31 - 1
_TIERS = {"auto": None, "default": "standard", "flex": "flex", "priority": "priority"}
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}").fullmatch
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}").fullmatch


def modalities(knobs: Knobs, profile: Profile) -> dict[str, Any]:
    """Return `{"responseModalities": [...]}` where the client wants a picture. Raises `BadRequest`."""
    option = knobs.pop("modalities")
    if option is None or set(option.value) <= {"text"}:
        return {}
    if "audio" in option.value:
        raise unsupported(option, "This model does not answer in audio here.")
    if not profile.images or not set(option.value) <= {"text", "image"}:
        raise unsupported(option, "This model does not answer in all of these modalities.")
    return {"responseModalities": [kind.upper() for kind in option.value]}


def no_audio(knobs: Knobs) -> None:
    """Raise `BadRequest`: the voices of Gemini come as raw samples, for which answers here have no place."""
    if (option := knobs.pop("audio")) is not None:
        raise unsupported(option, "This model does not answer in audio here.")


def sampling(knobs: Knobs, profile: Profile, notes: list[Note]) -> dict[str, Any]:
    """Return temperature, nucleus, penalties and seed, as far as the model takes them."""
    body: dict[str, Any] = {}
    for name, field, most in (("temperature", "temperature", 2.0), ("top_p", "topP", 1.0), ("top_k", "topK", None)):
        option = knobs.pop(name)
        if option is None or (not profile.sampling and option.value == 1 and name != "top_k"):
            continue
        if not profile.sampling:
            notes.append(Note(option.at, "dropped", option.value, detail="This model takes no sampling parameters."))
        elif name == "top_k" and option.value < 1:
            notes.append(Note(option.at, "dropped", option.value, detail="It must be positive."))
        else:
            body[field] = option.value if most is None else shared_settings.clamped(option, most, notes)
    for name, field in (("frequency_penalty", "frequencyPenalty"), ("presence_penalty", "presencePenalty")):
        option = knobs.pop(name)
        if option is None or option.value == 0:
            continue
        if profile.penalties:
            body[field] = option.value
        else:
            notes.append(Note(option.at, "dropped", option.value, detail="This model takes no penalties."))
    if (option := knobs.pop("seed")) is not None:
        body["seed"] = seed = option.value & _LARGEST_SEED
        if seed != option.value:
            notes.append(Note(option.at, "approximated", option.value, seed, "A seed has 31 bits."))
    return body


def limit(knobs: Knobs, profile: Profile, notes: list[Note]) -> dict[str, Any]:
    """Return `{"maxOutputTokens": ...}`, which counts thoughts too, as OpenAI's does, or nothing."""
    tokens = shared_settings.limit(knobs, profile.max_output, notes)
    return {} if tokens is None else {"maxOutputTokens": tokens}


def stop_sequences(knobs: Knobs, notes: list[Note]) -> dict[str, Any]:
    """Return `{"stopSequences": [...]}`, or nothing. Raises `BadRequest` for more than the model takes."""
    option = knobs.pop("stop")
    if option is None:
        return {}
    stops = [stop for stop in option.value if stop]
    if len(stops) < len(option.value):
        notes.append(Note(option.at, "dropped", detail="An empty stop sequence is not accepted."))
    if len(stops) > _MOST_STOPS:
        raise unsupported(option, f"This model takes {_MOST_STOPS} stop sequences at most.")
    return {"stopSequences": stops} if stops else {}


def logprobs(knobs: Knobs, profile: Profile) -> dict[str, Any]:
    """Return `{"responseLogprobs": true, "logprobs": ...}`, or nothing. Raises `BadRequest` where the model has none:
    clients compute with them."""
    if not profile.logprobs:
        refuse_logprobs(knobs)
    wanted, most = knobs.take("logprobs"), knobs.take("top_logprobs")
    if not (wanted or most):
        return {}
    return {"responseLogprobs": True} | ({"logprobs": most} if most else {})


def choices(options: Mapping[str, Option], knobs: Knobs, profile: Profile, stream: bool) -> int:
    """Return the number of answers to ask for at once: `n`, or else 1 and the option stays. With several, Google
    refuses to stream."""
    option = options.get("n")
    if option is None or stream or not 1 < option.value <= profile.candidates:
        return 1
    return int(knobs.take("n"))


def tier(knobs: Knobs, notes: list[Note]) -> dict[str, Any]:
    """Return `{"serviceTier": ...}`, or nothing. OpenAI's `auto` is no wish for a tier, and `priority` costs more: it
    is never assumed."""
    option = knobs.pop("service_tier")
    if option is None:
        return {}
    if (tier := openai_tier(option.value)) not in _TIERS:
        notes.append(Note(option.at, "dropped", option.value, detail="This model has no such tier."))
        return {}
    named = _TIERS[tier]
    if tier != option.value:
        notes.append(Note(option.at, "approximated", option.value, named, "This model's word for it.", loss=False))
    return {"serviceTier": named} if named else {}


def labels(knobs: Knobs, profile: Profile, notes: list[Note]) -> dict[str, Any]:
    """Return `metadata` as Vertex's `{"labels": {...}}`, whose characters are restricted; the Gemini API has no place
    for it."""
    option = knobs.pop("metadata")
    if option is None or not option.value:
        return {}
    given: Mapping[str, str] = option.value
    if profile.platform != "vertex":
        notes.append(Note(option.at, "dropped", detail="The Gemini API has no labels."))
        return {}
    fit = {key: value for key, value in given.items() if _LABEL(key) and _LABEL_VALUE(value)}
    if len(fit) < len(given):
        why = "Labels have lower-case letters, digits, '_' and '-', and 63 characters at most; others are not sent."
        notes.append(Note(option.at, "approximated", detail=why))
    return {"labels": fit} if fit else {}
