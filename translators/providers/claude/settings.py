"""The options that are plain values: how to sample, when to stop, which tier, whose request it is.

Knobs bend here: out of range is clamped, not accepted is dropped, each with a note. What a client computes with
(several choices, log probabilities, audio, a filter that blocks) is refused instead.
"""

import hashlib
import re
from typing import Any

from translators.conversation import Knobs, Option
from translators.notes import Note
from translators.providers.claude.anthropic_fields import NOT_ITS_FORM
from translators.providers.claude.profiles import Profile
from translators.providers.shared.settings import refuse_speech, unsupported
from translators.providers.shared.tiers import openai_tier
from translators.providers.shared.transforms import stop_sequences

FAST_BETA = "fast-mode-2026-02-01"
_TIERS = {"auto": "auto", "default": "standard_only", "priority": "auto"}
_PERSONAL = re.compile(r"[^@\s]+@[^@\s]+|\+?[\d\s().-]{7,}")  # an e-mail address or a phone number
_LONGEST_USER_ID = 512


def refuse_what_cannot_be_had(knobs: Knobs) -> None:
    """Raises `BadRequest` for features; takes the values that ask for nothing."""
    for option in (knobs.pop("logprobs"), knobs.pop("top_logprobs")):
        if option is not None and option.value:
            raise unsupported(option, "This model tells no log probabilities.")
    refuse_speech(knobs)


def sampling(knobs: Knobs, profile: Profile, thinking: bool, notes: list[Note]) -> dict[str, Any]:
    """`temperature`, `top_p` and `top_k` as far as the family takes them, and takes them together."""
    heat, nucleus, top_k = knobs.pop("temperature"), knobs.pop("top_p"), knobs.pop("top_k")
    body: dict[str, Any] = {}

    def drop(option: Option, why: str) -> None:
        notes.append(Note(option.at, "dropped", option.value, detail=why))

    if not profile.sampling:
        for option in (heat, nucleus, top_k):
            if option is not None and (option.value != 1 or option is top_k):
                drop(option, "This model takes no sampling parameters.")
        return body
    if heat is not None:
        if thinking and heat.value != 1:
            drop(heat, "A model that thinks takes no other temperature than 1.")
        elif not thinking:
            body["temperature"] = _clamped(heat, notes)
    if nucleus is not None:
        if "temperature" in body and not profile.temperature_with_top_p:
            drop(nucleus, "This model takes either temperature or top_p.")
        elif thinking and not 0.95 <= nucleus.value <= 1:
            drop(nucleus, "A model that thinks takes top_p from 0.95 to 1.")
        else:
            body["top_p"] = _clamped(nucleus, notes)
    if top_k is not None:
        if thinking or top_k.value < 1:
            drop(top_k, "A model that thinks takes no top_k." if thinking else "It must be positive.")
        else:
            body["top_k"] = top_k.value
    return body


def _clamped(option: Option, notes: list[Note]) -> float:
    value: float = option.value
    clamped = min(max(value, 0.0), 1.0)
    if clamped != value:
        notes.append(Note(option.at, "approximated", value, clamped, "The range is 0 to 1."))
        return clamped
    return value


def stops(knobs: Knobs, notes: list[Note]) -> tuple[list[str], tuple[str, ...]]:
    """Return the stop sequences for the provider, which takes none of white space alone, and those for the gateway."""
    option = knobs.pop("stop")
    if option is None:
        return [], ()
    taken = [stop for stop in option.value if stop.strip()]
    return taken, stop_sequences.enforced_here((stop for stop in option.value if not stop.strip()), option.at, notes)


def tier(knobs: Knobs, profile: Profile, notes: list[Note], betas: set[str]) -> dict[str, Any]:
    """`service_tier` and `speed`, which is fast where the client wants it or the fast tier."""
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
    """Nothing for `standard`, which is what a model does without the field."""
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
    """`metadata.user_id`, which must not tell who the user is."""
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
