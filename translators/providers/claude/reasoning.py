"""The amount of thinking (https://platform.claude.com/docs/en/build-with-claude/thinking): `thinking` and `effort`."""

from dataclasses import dataclass
from typing import Any

from translators.conversation import Knobs, Option
from translators.notes import Note
from translators.providers.claude.profiles import Profile
from translators.providers.shared import budgets
from translators.providers.shared.reasoning import (
    Converter,
    check_effort,
    native_thinking,
    nearest_effort,
    note_surplus,
)
from translators.providers.shared.turns import History

_LEAST_BUDGET = 1_024
_BUDGETS = {"minimal": 1_024, "low": 2_048, "medium": 8_192, "high": 24_576, "xhigh": 32_768}
_NO_ROOM = "There is no room to think in so few max_tokens."
_DISPLAYED = ("adaptive", "enabled")


@dataclass(slots=True)
class Thinking:
    """`config` is the request's `thinking`, `effort` its `output_config.effort`; `on` if the model will think."""

    config: dict[str, Any] | None = None
    effort: str | None = None
    on: bool = False

    @property
    def budget(self) -> int | None:
        """Return the tokens of thinking, where they are counted out."""
        return self.config.get("budget_tokens") if self.config else None


def thinking(knobs: Knobs, profile: Profile, max_tokens: int, notes: list[Note]) -> Thinking:
    """Return how the model is to think. Raises `BadRequest` for what is no way to ask for thought."""
    return _ThinkingConverter(profile, max_tokens, notes).thinking(knobs)


def gives_way(budget: int | None, history: History, notes: list[Note]) -> bool:
    """Return whether the history leaves no place for thinking by `budget`, which the provider would refuse; noted."""
    why = history.refuses_thinking
    if why is None or budget is None:
        return False
    notes.append(Note("thinking", "dropped", budget, detail=why))
    return True


class _ThinkingConverter(Converter):
    """Converts the client's options about thinking, of four kinds, into those that the profile takes."""

    def __init__(self, profile: Profile, max_tokens: int, notes: list[Note]) -> None:
        super().__init__(notes)
        self._profile, self._max_tokens = profile, max_tokens
        self._adaptive = "adaptive" in profile.thinking

    def thinking(self, knobs: Knobs) -> Thinking:
        """Return what comes first of: the client's own `thinking`, a budget where budgets are known, the effort."""
        effort, budget = knobs.pop("reasoning_effort"), knobs.pop("reasoning_budget")
        native, visible = knobs.pop("thinking"), knobs.take("reasoning_visible")
        if native is not None:
            thinking = self._native(native)
            adaptive = thinking.config is not None and thinking.config["type"] == "adaptive"
            if effort is not None and effort.value != "none" and adaptive and thinking.effort is None:
                thinking.effort = self._of_effort(effort).effort
                effort = None
            note_surplus(self._notes, effort, budget)
        elif budget is not None and (effort is None or "enabled" in self._profile.thinking):
            thinking = self._of_budget(budget)
            note_surplus(self._notes, effort)
        elif effort is not None:
            thinking = self._of_effort(effort)
            note_surplus(self._notes, budget)
        else:
            seen = visible is not None and self._adaptive and self._profile.thinks_unasked
            thinking = Thinking({"type": "adaptive"} if seen else None)
        self._display(thinking, visible)
        kind = thinking.config["type"] if thinking.config else None
        thinking.on = self._profile.thinks_unasked if kind is None else kind != "disabled"
        return thinking

    # --- each way to ask ------------------------------------------------------------------------------

    def _of_effort(self, option: Option) -> Thinking:
        check_effort(option)
        level = option.value
        if level == "none":
            return self._off(option)
        if not self._adaptive and self._profile.effort_as_budget and "enabled" in self._profile.thinking:
            return self._level_as_budget(option)
        if not self._adaptive:
            self._note(option, "dropped", level, None, "This model cannot be told how much to think.")
            return Thinking()
        return Thinking({"type": "adaptive"}, self._effort(option, level))

    def _level_as_budget(self, option: Option) -> Thinking:
        level: str = option.value
        own = _BUDGETS.get(level, self._max_tokens)
        return self._budget(option, own, budgets.within(self._max_tokens, own, level))

    def _effort(self, option: Option, level: str) -> str | None:
        """Return `level`, or the nearest below it that the model has, or its lowest."""
        nearest = nearest_effort(level, self._profile.efforts)
        if nearest != level:
            self._note(option, "approximated" if nearest else "dropped", level, nearest, "The nearest effort it has.")
        return nearest

    def _off(self, option: Option) -> Thinking:
        if "disabled" in self._profile.thinking and (self._adaptive or self._profile.thinks_unasked):
            return Thinking({"type": "disabled"})
        if not self._profile.thinks_unasked:
            return Thinking()
        lowest = self._profile.efforts[0] if self._profile.efforts else None
        why = "This model always thinks: it is told to think least."
        self._note(option, "approximated" if lowest else "dropped", "none", lowest, why)
        return Thinking({"type": "adaptive"} if self._adaptive else None, lowest)

    def _of_budget(self, option: Option) -> Thinking:
        tokens: int = option.value
        if tokens <= 0:
            if tokens == 0:
                return self._off(option)
            self._note(option, "dropped", tokens, None, "A budget must be positive.")
            return Thinking()
        if "enabled" in self._profile.thinking:
            return self._budget(option, tokens, budgets.within(self._max_tokens, tokens))
        if not self._adaptive:
            self._note(option, "dropped", tokens, None, "This model cannot be told how much to think.")
            return Thinking()
        level = next((name for name in ("low", "medium", "high") if tokens <= _BUDGETS[name]), "xhigh")
        if level not in self._profile.efforts:
            level = "high" if "high" in self._profile.efforts else ""
        why = "This model takes an effort instead of a budget."
        self._note(option, "approximated", tokens, level or None, why)
        return Thinking({"type": "adaptive"}, level or None)

    def _budget(self, option: Option, wanted: int, share: int) -> Thinking:
        """Return `enabled` with `share`, which is `wanted` or what of it leaves room to answer, or with the least that
        a budget may be; no thinking where that leaves next to nothing for the answer."""
        budget = max(share, _LEAST_BUDGET)
        if 5 * (self._max_tokens - budget) < self._max_tokens:
            self._note(option, "dropped", option.value, None, _NO_ROOM)
            return Thinking()
        if budget != wanted:
            why = budgets.SHARED if budget < wanted else "A budget has at least 1024 tokens."
            self._note(option, "approximated", option.value, budget, why)
        return Thinking({"type": "enabled", "budget_tokens": budget})

    def _native(self, option: Option) -> Thinking:
        """Return Anthropic's own object: as it is where the model takes its type, else the nearest that it takes."""
        native = native_thinking(option)
        kind, tokens, display = native["type"], native.get("budget_tokens"), native.get("display")
        for key in sorted(native.keys() - {"type", "display", "budget_tokens"}):
            self._notes.append(Note(f"{option.at}.{key}", "dropped"))
        if kind == "disabled":
            thinking = Thinking({"type": "disabled"}) if "disabled" in self._profile.thinking else self._off(option)
        elif kind == "enabled":
            thinking = self._of_budget(Option(tokens, option.at))
        elif kind in self._profile.thinking:
            thinking = Thinking({"type": kind})
        elif kind == "adaptive" and self._profile.effort_as_budget:
            thinking = self._level_as_budget(Option("medium", option.at))
            self._note(option, "approximated", kind, "enabled", "This model thinks by budget only.")
        else:
            self._note(option, "dropped", kind, None, "This model does not think in this way.")
            thinking = Thinking()
        if display in ("summarized", "omitted") and thinking.config and thinking.config["type"] in _DISPLAYED:
            thinking.config["display"] = display
        return thinking

    # --- what goes with it ------------------------------------------------------------------------------

    def _display(self, thinking: Thinking, visible: bool | None) -> None:
        """Set `display`: newer models omit the text of their thoughts without it, older ones show it."""
        config = thinking.config
        if config is None or "display" in config or config["type"] not in _DISPLAYED:
            return
        if visible is False:
            config["display"] = "omitted"
        elif config["type"] == "adaptive":
            config["display"] = "summarized"
