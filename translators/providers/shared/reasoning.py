"""Options about thinking, as far as all providers read them alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from translators.conversation import Option
from translators.errors import BadRequest
from translators.notes import Fate, Note

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_BUDGETS = ((2_048, "low"), (8_192, "medium"), (24_576, "high"))


def check_effort(option: Option) -> None:
    """Raise `BadRequest` for a `reasoning_effort` that is not known."""
    if option.value not in EFFORTS:
        raise BadRequest("This reasoning effort is not known.", param=option.at)


def nearest_effort(effort: str, efforts: Sequence[str]) -> str | None:
    """Return `effort`, or the nearest below it in `efforts`, or their lowest; None where there are none. `efforts` go
    from least to most."""
    if effort in efforts:
        return effort
    lower = [each for each in efforts if EFFORTS.index(each) < EFFORTS.index(effort)]
    return lower[-1] if lower else efforts[0] if efforts else None


def level_of(tokens: int) -> str:
    """Return the level that a budget of tokens comes nearest to."""
    if tokens <= 0:
        return "none"
    return next((level for most, level in _BUDGETS if tokens <= most), "xhigh")


def native_thinking(option: Option) -> Mapping[str, Any]:
    """Return Anthropic's own object, `{"type": "enabled", "budget_tokens": ...}`. Raises `BadRequest` for another
    form."""
    native: Mapping[str, Any] = option.value if isinstance(option.value, Mapping) else {}
    kind, tokens = native.get("type"), native.get("budget_tokens")
    if kind not in ("enabled", "adaptive", "disabled", "between_tools"):
        raise BadRequest("This thinking has no known type.", param=option.at)
    if kind == "enabled" and type(tokens) is not int:
        raise BadRequest("Enabled thinking needs budget_tokens.", param=f"{option.at}.budget_tokens")
    return native


def note_surplus(notes: list[Note], *options: Option | None) -> None:
    """Note options that give way to another one."""
    for option in options:
        if option is not None:
            notes.append(Note(option.at, "dropped", option.value, detail="Another field says how to think."))


class Converter:
    """Converts the client's options about thinking, with notes on what does not stay as it was."""

    def __init__(self, notes: list[Note]) -> None:
        self._notes = notes

    def _note(self, option: Option, fate: Fate, old: Any, new: Any, why: str) -> None:
        self._notes.append(Note(option.at, fate, old, new, why))
