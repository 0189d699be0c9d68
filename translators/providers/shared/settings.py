"""Options that several providers have no field for: they are refused, or noted."""

from typing import Any

from translators.conversation import Knobs, Option
from translators.errors import BadRequest
from translators.notes import Note

_NEUTRAL: dict[str, Any] = {"n": 1, "frequency_penalty": 0, "presence_penalty": 0, "store": False, "logit_bias": {}}
"""Values that say no more than the absence of their option."""


def unsupported(option: Option, why: str) -> BadRequest:
    """Return the error of an option that the client relies on."""
    return BadRequest(why, param=option.at, code="unsupported_parameter")


def refuse_speech(knobs: Knobs) -> None:
    """Refuse spoken answers. Raises `BadRequest`."""
    modalities, audio = knobs.pop("modalities"), knobs.pop("audio")
    if modalities is not None and "audio" not in modalities.value:
        modalities = None
    for option in (modalities, audio):
        if option is not None:
            raise unsupported(option, "This model answers in text only.")


def refuse_logprobs(knobs: Knobs) -> None:
    """Raise `BadRequest` where the client wants log probabilities: it computes with them."""
    for option in (knobs.pop("logprobs"), knobs.pop("top_logprobs")):
        if option is not None and option.value:
            raise unsupported(option, "This model tells no log probabilities.")


def note_moderation(knobs: Knobs, notes: list[Note]) -> None:
    """Note a policy that only scores. Raises `BadRequest` for one that must block."""
    option = knobs.pop("moderation")
    if option is None:
        return
    policy = option.value.get("policy") if isinstance(option.value, dict) else None
    for side in policy.values() if isinstance(policy, dict) else ():
        if isinstance(side, dict) and side.get("mode") == "block":
            raise unsupported(option, "This model has no moderation that blocks.")
    notes.append(Note(option.at, "dropped", detail="This model has no moderation scores."))


def unused(knobs: Knobs, why: str) -> list[Note]:
    """Return notes for what has no place in the request. What says no more than its absence is no loss, and no note."""
    taken = {name: option for name in _NEUTRAL if (option := knobs.pop(name)) is not None}
    meant = Knobs({name: option for name, option in taken.items() if option.value != _NEUTRAL[name]})
    return [note for some in (meant, knobs) for note in some.unused(why)]


def limit(knobs: Knobs, most: int | None, notes: list[Note]) -> int | None:
    """Return the client's `max_tokens`, or `most` where that is less; None without one."""
    option = knobs.pop("max_tokens")
    if option is None:
        return None
    wanted: int = option.value
    if most is None or wanted <= most:
        return wanted
    notes.append(Note(option.at, "approximated", wanted, most, "The model's own limit is less."))
    return most


def clamped(option: Option, most: float, notes: list[Note]) -> float:
    """Return the option's value, or the nearest from 0 to `most`, with a note."""
    value: float = option.value
    nearest = min(max(value, 0.0), most)
    if nearest == value:
        return value
    notes.append(Note(option.at, "approximated", value, nearest, f"The range is 0 to {most:g}."))
    return nearest


def filled(fields: dict[str, Any]) -> dict[str, Any]:
    """Return `fields` without those that are None, or empty lists or objects."""
    return {key: value for key, value in fields.items() if value not in (None, [], {})}
