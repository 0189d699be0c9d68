"""The options that are plain values: how to sample, when to stop, which tier, whose request it is.

Knobs bend here: out of range is clamped, not accepted is dropped, each with a note. What a client computes with
(several choices, log probabilities, audio, a filter that blocks) is refused instead.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from translators.conversation import Knobs, Option
from translators.notes import Note
from translators.providers.claude.anthropic_fields import NOT_ITS_FORM
from translators.providers.claude.profiles import Profile
from translators.providers.shared import settings as shared_settings
from translators.providers.shared.settings import refuse_logprobs, refuse_speech
from translators.providers.shared.tiers import openai_tier
from translators.providers.shared.transforms import stop_sequences

FAST_BETA = "fast-mode-2026-02-01"
_SAMPLING = ("temperature", "top_p", "top_k")
_TIERS = {"auto": "auto", "default": "standard_only", "priority": "auto"}
_PERSONAL = re.compile(r"[^@\s]+@[^@\s]+|\+?[\d\s().-]{7,}")  # an e-mail address or a phone number
_LONGEST_USER_ID = 512


def refuse_what_cannot_be_had(knobs: Knobs) -> None:
    """Raise `BadRequest` for features; take the values that ask for nothing."""
    refuse_logprobs(knobs)
    refuse_speech(knobs)


def limit(knobs: Knobs, profile: Profile, notes: list[Note]) -> int | None:
    """Return the client's `max_tokens` as far as the model goes; None without one."""
    return shared_settings.limit(knobs, profile.max_output if profile.max_output_enforced else None, notes)


def sampling(knobs: Knobs, profile: Profile, thinking: bool, notes: list[Note]) -> dict[str, Any]:
    """Return `temperature`, `top_p` and `top_k` as far as the model takes them, and takes them together."""
    options = [(name, knobs.pop(name)) for name in _SAMPLING]
    taken: dict[str, Any] = {}
    for name, option in options:
        if option is None:
            continue
        why = _objection(name, option, profile, thinking, beside=taken)
        if why:
            notes.append(Note(option.at, "dropped", option.value, detail=why))
        elif name == "top_k":
            taken[name] = option.value
        elif profile.sampling and not (name == "temperature" and thinking):  # else it is 1, which is the default
            taken[name] = shared_settings.clamped(option, 1.0, notes)
    return taken


def _objection(name: str, option: Option, profile: Profile, thinking: bool, beside: Mapping[str, Any]) -> str:
    """Return why the model refuses an option of sampling `beside` those that it takes; "" where it does not."""
    value = option.value
    if not profile.sampling:
        neutral = name != "top_k" and value == 1
        return "" if neutral else "This model takes no sampling parameters."
    match name:
        case "temperature" if thinking and value != 1:
            return "A model that thinks takes no other temperature than 1."
        case "top_p" if "temperature" in beside and not profile.temperature_with_top_p:
            return "This model takes either temperature or top_p."
        case "top_p" if thinking and not 0.95 <= value <= 1:
            return "A model that thinks takes top_p from 0.95 to 1."
        case "top_k" if thinking:
            return "A model that thinks takes no top_k."
        case "top_k" if value < 1:
            return "It must be positive."
    return ""


def stops(knobs: Knobs, notes: list[Note]) -> tuple[list[str], tuple[str, ...]]:
    """Return the stop sequences for the provider, which takes none of white space alone, and those for the gateway."""
    option = knobs.pop("stop")
    if option is None:
        return [], ()
    taken = [stop for stop in option.value if stop.strip()]
    return taken, stop_sequences.enforced_here((stop for stop in option.value if not stop.strip()), option.at, notes)


def tier(knobs: Knobs, profile: Profile, notes: list[Note], betas: set[str]) -> dict[str, Any]:
    """Return `service_tier` and `speed`, which is fast where the client wants it or the fast tier."""
    option, own = knobs.pop("service_tier"), knobs.pop("speed")
    speed = {} if own is None else _speed(own, profile, notes)
    if option is not None and option.value == "fast" and profile.fast:
        if own is not None and not speed:
            notes.append(Note(own.at, "dropped", detail=f"{option.at} beside it asks for the fast tier."))
        option, speed = None, {"speed": "fast"}
    if speed:
        betas.add(FAST_BETA)
    return speed if option is None else {**_tier(option, notes), **speed}


def _speed(option: Option, profile: Profile, notes: list[Note]) -> dict[str, Any]:
    """Return `{"speed": "fast"}`; nothing for `standard`, which is the default."""
    if option.value == "fast" and profile.fast:
        return {"speed": "fast"}
    if option.value == "fast":
        notes.append(Note(option.at, "dropped", detail="This model has no fast mode."))
    elif option.value != "standard":
        notes.append(Note(option.at, "dropped", detail=NOT_ITS_FORM))
    return {}


def _tier(option: Option, notes: list[Note]) -> dict[str, Any]:
    named = _TIERS.get(openai_tier(option.value))
    if named is None:
        notes.append(Note(option.at, "dropped", option.value, detail="This model has no such tier."))
        return {}
    if option.value == "priority":
        notes.append(Note(option.at, "approximated", "priority", "auto", "Priority where capacity was committed."))
    elif openai_tier(option.value) != option.value:
        notes.append(Note(option.at, "approximated", option.value, named, "This model's word for it.", loss=False))
    return {"service_tier": named}


def user(knobs: Knobs, notes: list[Note]) -> dict[str, Any]:
    """Return `{"metadata": {"user_id": ...}}`, which must not tell who the user is."""
    identifier, name = knobs.pop("safety_identifier"), knobs.pop("user")
    option = identifier or name
    if identifier and name:
        notes.append(Note(name.at, "dropped", detail="The safety identifier is sent instead."))
    if option is None or not option.value.strip():
        return {}
    value: str = option.value
    if len(value) > _LONGEST_USER_ID or _PERSONAL.fullmatch(value.strip()):
        value = "user_" + hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()[:40]
        notes.append(Note(option.at, "approximated", detail="Sent as a hash: too long, or it names a person."))
    return {"metadata": {"user_id": value}}
