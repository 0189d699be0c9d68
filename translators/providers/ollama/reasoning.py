"""`think` (https://docs.ollama.com/capabilities/thinking): on, off, or a level, as far as the model takes it.

Any model takes `false`. Whatever else a model does not know is refused with a 400, and Ollama says nowhere in a request
what a model knows: so only what configuration (or the name) tells of a model is sent.
"""

from translators.conversation import Knobs, Option
from translators.dialects import Model
from translators.notes import Note

_LEVELS = ("low", "medium", "high", "max")
_LEVEL_OF_EFFORT = {"minimal": 0, "low": 0, "medium": 1, "high": 2, "xhigh": 2, "max": 3}
_NOT_CONFIGURED = (
    "Left to Ollama, whose models think if they can: configuration (think) does not tell what this one takes."
)
_ALWAYS = "This model's thinking cannot be switched off."
_NEVER = "This model does not think."
_NEAREST = "The nearest that this model takes."

Thinking = bool | str | None


def think(knobs: Knobs, model: Model, notes: list[Note]) -> Thinking:
    """Return the value of `think`, None where it is left out."""
    option, effort = _requested(knobs, notes)
    if option is None:
        return None
    native = option.value if isinstance(option.value, str | int) else None
    chosen, why = _settled(effort, _values_taken(model))
    if isinstance(chosen, str) and not isinstance(option.value, str):
        why = why or _NEAREST  # which a level is to a budget
    if why:
        notes.append(Note(option.at, "dropped" if why == _NEVER else "approximated", native, chosen, why))
    return chosen


def _requested(knobs: Knobs, notes: list[Note]) -> tuple[Option | None, str]:
    """Return the option that decides, and its effort: `reasoning_effort` first, then Anthropic's `thinking`, then a
    budget."""
    names = ("reasoning_effort", "thinking", "reasoning_budget")
    options = [option for name in names if (option := knobs.pop(name))]
    if not options:
        return None, ""
    first, *others = options
    notes += [Note(other.at, "dropped", detail=f"{first.at} beside it wins.") for other in others]
    match first.value:
        case str(effort):
            return first, effort
        case int(budget):
            return first, _effort_of(budget)
        case {"type": "disabled"}:
            return first, "none"
        case {"budget_tokens": int(budget)}:
            return first, _effort_of(budget)
        case _:
            return first, "medium"


def _effort_of(budget: int) -> str:
    if budget <= 0:
        return "none"
    return "low" if budget <= 2048 else "medium" if budget <= 16384 else "high"


def _values_taken(model: Model) -> tuple[bool | str, ...] | None:
    """Return the values that the model takes, None where neither configuration nor its name says."""
    declared = model.overrides.get("think")
    match declared:
        case None:
            name = model.name.rpartition("/")[2].lower()
            return _LEVELS[:3] if name.startswith("gpt-oss") else None
        case True:
            return (False, True)
        case False:
            return ()
        case str():
            return (declared,)
        case _:
            return tuple(declared)


def _settled(effort: str, taken: tuple[bool | str, ...] | None) -> tuple[Thinking, str]:
    """Return the value, and a sentence where it is not quite the effort that was requested."""
    if taken is None:
        return (False, "") if effort == "none" else (None, _NOT_CONFIGURED)
    levels = [level for level in _LEVELS if level in taken]
    switches = [value for value in taken if isinstance(value, bool)]
    if effort == "none":
        if False in switches or not taken:
            return False, ""
        return (levels[0] if levels else None), _ALWAYS
    if not levels and True not in switches:
        return None, _NEVER
    if not levels:
        return True, _NEAREST
    wanted = _LEVEL_OF_EFFORT.get(effort, 1)
    below = [level for level in levels if _LEVELS.index(level) <= wanted]
    chosen = below[-1] if below else levels[0]
    return chosen, "" if chosen == effort else _NEAREST
