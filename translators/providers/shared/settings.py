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
