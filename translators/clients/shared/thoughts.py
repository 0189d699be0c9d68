"""The amount of reasoning, in the words of every maker whose clients come here: a level, a budget, or only a switch.

A level and a budget are options of their own. A switch that is on says no more than that the model shall think, so it
matters only where nothing says how much; one that is off is the level `none`, whatever stands beside it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from translators.clients.shared.findings import Findings
from translators.conversation import Option

DEFAULT_EFFORT = "medium"
"""OpenAI's own where it has one, and OpenRouter's for a switch."""

OPEN_EFFORTS = ("default", "auto")
"""Efforts that leave it to the model."""
_LEFT_TO_THE_MODEL = "Left to the model, which thinks as it does by itself."
_AMOUNTS = ("thinking", "reasoning_budget", "reasoning_effort")
_SWITCHES: Mapping[str, Mapping[Any, bool]] = {
    "enable_thinking": {True: True, False: False},  # Qwen, SiliconFlow
    "thinking": {True: True, False: False},
    "think": {True: True, False: False},  # Ollama
    "prompt_mode": {"reasoning": True},  # Mistral
}
_LEVELS = ("minimal", "low", "medium", "high")
"""The levels of Gemini."""
_CLAUDES = ("low", "medium", "high", "xhigh", "max")
_OF_TEMPLATES = ("enable_thinking", "thinking")
"""The names that chat templates of vLLM and SGLang have for their switch."""
_SHOWN: Mapping[str, Mapping[Any, bool]] = {
    "include_reasoning": {True: True, False: False},  # OpenRouter, Groq
    "reasoning_format": {"hidden": False, "parsed": True, "raw": True},  # Groq
}
"""Fields that say whether the client sees the reasoning, which it does unless it says otherwise."""


class Thoughts:
    """Parses `fields` of the request, which are popped, into `options`."""

    def __init__(
        self, fields: dict[str, Any], options: dict[str, Option], findings: Findings, at: Callable[[str], str] = str
    ) -> None:
        self._fields, self._options, self._findings, self._at = fields, options, findings, at
        self._switches: list[Option] = []

    def effort(self, level: str | None, at: str) -> None:
        """Take a level unless there is one already: of two that differ the first wins."""
        option = self._options.get("reasoning_effort")
        if level in OPEN_EFFORTS:
            self._findings.note(at, "defaulted", _LEFT_TO_THE_MODEL, old=level)
        elif option is None and level is not None:
            self._options["reasoning_effort"] = Option(level, at)
        elif option is not None and level not in (None, option.value):
            self._findings.note(at, "dropped", f"{option.at} beside it wins.", old=level, new=option.value)

    def budget(self, tokens: int | None, at: str) -> None:
        """Take the tokens to think in. Qwen's `-1` leaves it to the model."""
        if tokens is not None and tokens >= 0:
            self._options["reasoning_budget"] = Option(tokens, at)

    def switch(self, on: bool | None, at: str) -> None:
        if on is not None:
            self._switches.append(Option(on, at))

    def parse_vendors(self) -> None:
        """Parse the fields that no maker shares with another. One of an unknown value stays where it is."""
        self._native()
        for name, meanings in _SWITCHES.items():
            self.switch(self._meant(name, meanings), self._at(name))
        for name, meanings in _SHOWN.items():
            if self._meant(name, meanings) is False:
                self._options.setdefault("reasoning_visible", Option(False, self._at(name)))
        if type(self._fields.get("thinking_budget")) is int:
            self.budget(self._fields.pop("thinking_budget"), self._at("thinking_budget"))
        self._template()
        self._google()
        self._output_config()

    def settle(self) -> None:
        """Decide what the switches come to beside the amounts, when everything is parsed."""
        off = next((switch for switch in self._switches if not switch.value), None)
        if off is not None:
            self._off(off)
        elif self._switches:
            self._on(self._switches[0])

    # --- each word for it -------------------------------------------------------------------------------

    def _meant(self, name: str, meanings: Mapping[Any, bool]) -> bool | None:
        """Return the meaning of a field's value, which is popped if it has any."""
        value = self._fields.get(name)
        if not isinstance(value, bool | str) or value not in meanings:
            return None
        del self._fields[name]
        return meanings[value]

    def _native(self) -> None:
        """Parse `thinking`: Anthropic's object, and those of DeepSeek, Z.ai and others, which are only a switch of that
        name."""
        thinking = self._fields.get("thinking")
        if not isinstance(thinking, dict):
            return
        at = self._at("thinking")
        self._fields.pop("thinking")
        match thinking:
            case {"type": "enabled"} if thinking.get("budget_tokens") is None:
                self.switch(True, at)
                known = ("type", "budget_tokens")
                self._findings.unknown(at, {name: value for name, value in thinking.items() if name not in known})
            case {"type": "auto"}:
                self._findings.note(f"{at}.type", "approximated", "How much is the model's choice.", old="auto")
                self._options["thinking"] = Option({**thinking, "type": "adaptive"}, at)
            case _:
                self._options["thinking"] = Option(thinking, at)

    def _template(self) -> None:
        """Parse arguments of the chat template, which a server with such templates gets as they are."""
        arguments = self._fields.get("chat_template_kwargs")
        if not isinstance(arguments, dict):
            return
        at, rest = self._at("chat_template_kwargs"), dict(arguments)
        for name in _OF_TEMPLATES:
            if isinstance(rest.get(name), bool):
                self.switch(rest.pop(name), f"{at}.{name}")
        if len(rest) < len(arguments):
            del self._fields["chat_template_kwargs"]
            self._findings.unknown(at, rest)

    def _google(self) -> None:
        """Parse the part of `google` by which Gemini's own chat endpoint learns how to think."""
        google = self._fields.get("google")
        if not isinstance(google, dict) or not isinstance(google.get("thinking_config"), dict):
            return
        del self._fields["google"]
        google, path = dict(google), self._at("google")
        at, config = f"{path}.thinking_config", dict(google.pop("thinking_config"))
        self._findings.unknown(path, google)
        if type(config.get("thinking_budget")) is int:
            self.budget(config.pop("thinking_budget"), f"{at}.thinking_budget")
        if str(level := config.get("thinking_level")).lower() in _LEVELS:
            del config["thinking_level"]
            self.effort(str(level).lower(), f"{at}.thinking_level")
        if isinstance(seen := config.get("include_thoughts"), bool):
            del config["include_thoughts"]
            self._options.setdefault("reasoning_visible", Option(seen, f"{at}.include_thoughts"))
        self._findings.unknown(at, config)

    def _output_config(self) -> None:
        """Parse the effort in Anthropic's own field. Everything else stays in it."""
        config = self._fields.get("output_config")
        if isinstance(config, dict) and config.get("effort") in _CLAUDES:
            self._fields["output_config"] = rest = dict(config)
            self.effort(rest.pop("effort"), f"{self._at('output_config')}.effort")

    def _off(self, switch: Option) -> None:
        for name in _AMOUNTS:
            option = self._options.get(name)
            if option is None or option.value in ("none", {"type": "disabled"}):
                continue
            old = option.value if isinstance(option.value, int | str) else None
            self._findings.note(option.at, "dropped", f"{switch.at} beside it switches thinking off.", old=old)
            del self._options[name]
        if not any(name in self._options for name in _AMOUNTS):
            self._options["reasoning_effort"] = Option("none", switch.at)

    def _on(self, switch: Option) -> None:
        option = next((self._options[name] for name in _AMOUNTS if name in self._options), None)
        if option is None:
            self._options["reasoning_effort"] = Option(DEFAULT_EFFORT, switch.at)
            why = "It does not say how much: the model is asked to think at the default effort."
            self._findings.note(switch.at, "defaulted", why, new=DEFAULT_EFFORT)
        elif option.value in ("none", {"type": "disabled"}):
            self._findings.note(switch.at, "dropped", f"{option.at} beside it switches thinking off.", old=True)
