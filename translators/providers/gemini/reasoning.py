"""The amount of thinking (https://ai.google.dev/gemini-api/docs/thinking): `thinkingConfig`, by level or by budget."""

from typing import Any

from translators.conversation import Knobs, Option
from translators.notes import Note
from translators.providers.gemini.profiles import Profile
from translators.providers.shared import budgets
from translators.providers.shared.reasoning import (
    Converter,
    check_effort,
    native_thinking,
    nearest_effort,
    note_surplus,
)

_BUDGETS = {"minimal": 512, "low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 32_768}
_DEAF = "This model cannot be told how much to think."

Config = dict[str, Any]


def thinking(knobs: Knobs, profile: Profile, limit: int | None, notes: list[Note]) -> Config:
    """Return `thinkingConfig`, empty where no option asks for one. Raises `BadRequest` for what is no way to ask for
    thought."""
    return _ThinkingConverter(profile, limit, notes).config(knobs)


class _ThinkingConverter(Converter):
    """Converts the client's options about thinking, of four kinds, into those that the profile takes. A level and a
    budget exclude each other, and a profile takes only one of them."""

    def __init__(self, profile: Profile, limit: int | None, notes: list[Note]) -> None:
        """`limit` is what the thoughts and the answer have together."""
        super().__init__(notes)
        self._profile, self._limit = profile, limit

    def config(self, knobs: Knobs) -> Config:
        """Return `thinkingConfig`, empty where no option asks for one. The client's own `thinking` goes first, then
        what the model counts in: a budget, or the effort."""
        effort, budget = knobs.pop("reasoning_effort"), knobs.pop("reasoning_budget")
        native, visible = knobs.pop("thinking"), knobs.take("reasoning_visible")
        if effort is not None:
            check_effort(effort)
        if native is not None:
            config, taken = self._native(native, effort)
            note_surplus(self._notes, budget, None if taken else effort)
        elif budget is not None and (effort is None or self._profile.thinking == "budget"):
            config = self._of_budget(budget)
            note_surplus(self._notes, effort)
        elif effort is not None:
            config = self._of_effort(effort)
            note_surplus(self._notes, budget)
        else:
            config = {"includeThoughts": True} if visible and self._profile.thinking != "none" else {}
        if visible is False:
            config.pop("includeThoughts", None)
        return config

    def _of_effort(self, option: Option) -> Config:
        effort: str = option.value
        match self._profile.thinking:
            case "level":
                return self._level(option, effort)
            case "budget" if effort == "none":
                return self._off(option)
            case "budget":
                return {"thinkingBudget": self._level_as_budget(option, effort), "includeThoughts": True}
        if effort != "none":
            self._note(option, "dropped", effort, None, _DEAF)
        return {}

    def _level_as_budget(self, option: Option, effort: str) -> int:
        most, least = self._profile.most_budget, self._profile.least_budget
        own = most if effort == "max" else min(max(_BUDGETS[effort], least), most)
        if effort == "minimal" and least >= 128:
            own = least
        tokens = min(max(budgets.within(self._limit, own, effort), least), most)
        if tokens != own:
            self._note(option, "approximated", effort, tokens, budgets.SHARED)
        return tokens

    def _level(self, option: Option, effort: str) -> Config:
        """Return `effort`, or the nearest below it that the model has, or its lowest. Such a model always thinks."""
        levels = self._profile.levels
        nearest = nearest_effort(effort, levels) or levels[0]
        if nearest != effort:
            why = "This model always thinks: it is told to think least." if effort == "none" else "The nearest it has."
            self._note(option, "approximated", effort, nearest, why)
        return {"thinkingLevel": nearest.upper()} | ({} if effort == "none" else {"includeThoughts": True})

    def _of_budget(self, option: Option) -> Config:
        tokens: int = option.value
        if tokens == 0:
            return self._off(option)
        if tokens < 0:
            self._note(option, "dropped", tokens, None, "A budget must be positive.")
            return {}
        match self._profile.thinking:
            case "level":
                effort = next((name for name in ("low", "medium") if tokens <= _BUDGETS[name]), "high")
                if effort not in self._profile.levels:
                    effort = self._profile.levels[-1]
                self._note(option, "approximated", tokens, effort, "This model takes a level instead of a budget.")
                return {"thinkingLevel": effort.upper(), "includeThoughts": True}
            case "budget":
                return {"thinkingBudget": self._within(option, tokens), "includeThoughts": True}
        self._note(option, "dropped", tokens, None, _DEAF)
        return {}

    def _within(self, option: Option, tokens: int) -> int:
        """Return `tokens` as far as the limit and the model's range allow them."""
        least, most = self._profile.least_budget, self._profile.most_budget
        share = budgets.within(self._limit, min(tokens, most))
        budget = max(share, least)
        if budget != tokens:
            ranged = budget in (least, most)
            why = "The range of the model's budget." if ranged else budgets.SHARED
            self._note(option, "approximated", tokens, budget, why)
        return budget

    def _off(self, option: Option) -> Config:
        match self._profile.thinking:
            case "level":
                return self._level(option, "none")
            case "budget" if self._profile.can_rest:
                return {"thinkingBudget": 0}
            case "budget":
                least = self._profile.least_budget
                self._note(option, "approximated", option.value, least, "This model always thinks: its least budget.")
                return {"thinkingBudget": least}
        return {}

    def _native(self, option: Option, effort: Option | None) -> tuple[Config, bool]:
        """Return the config for Anthropic's own object, and whether the effort beside it was taken too."""
        native = native_thinking(option)
        for key in sorted(native.keys() - {"type", "budget_tokens"}):
            self._notes.append(Note(f"{option.at}.{key}", "dropped"))
        if native["type"] == "disabled":
            return self._off(Option("none", option.at)), False
        if native["type"] == "enabled":
            return self._of_budget(Option(native["budget_tokens"], f"{option.at}.budget_tokens")), False
        if effort is not None and effort.value != "none":
            return self._of_effort(effort), True
        if self._profile.thinking != "none":
            return {"includeThoughts": True}, False
        self._note(option, "dropped", None, None, _DEAF)
        return {}, False
