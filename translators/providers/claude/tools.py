"""Tools and who must call them (https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview)."""

from typing import Any

from translators.conversation import Knobs, Tool, WebSearch
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.claude.caching import Breakpoints
from translators.providers.claude.toolbox import BaseToolbox
from translators.providers.shared.custom_tools import as_function
from translators.providers.shared.tool_choice import NO_SEARCH, allowed, check, forbids

_SEARCHES = {"low": 2, "medium": 5, "high": 10}
_PLACE = ("city", "region", "country", "timezone")


class Toolbox(BaseToolbox):
    """Writes them as `tools` and `tool_choice`."""

    SEARCH = "web_search"
    MOVED = "What Anthropic does not enforce went into descriptions, in {} places."
    RESPELLED = "The provider's names have no such characters; answers tell the client's own."

    def written(self, knobs: Knobs, breakpoints: Breakpoints) -> list[dict[str, Any]]:
        """`tools`, less those that `tool_choice` leaves out."""
        tools = [self._tool(tool, breakpoints) for tool in allowed(self._choice, self._tools, self._notes)]
        if (search := self._web_search(knobs)) is not None:
            tools.append(search)
        return tools

    def choice(self, knobs: Knobs, thinking: bool, instructions: list[str]) -> dict[str, Any] | None:
        """`tool_choice`. A force that the model refuses becomes an instruction."""
        one_at_a_time = knobs.take("parallel_tool_calls") is False
        asked = self._choice
        if self._from_history:
            return None if self._search else {"type": "none"}
        if asked is not None:
            check(asked, self._tools)
            if forbids(asked):
                return self._no_calls() if self._tools else None
        if not self._tools:
            return None
        choice: dict[str, Any] = {"type": "auto"}
        if asked is not None and asked.mode == "required":
            forced, single = self._forced(asked, thinking, instructions)
            if forced:
                choice = {"type": "tool", "name": single} if single else {"type": "any"}
        if one_at_a_time:
            choice["disable_parallel_tool_use"] = True
        return None if choice == {"type": "auto"} else choice  # which is the default

    def _no_calls(self) -> dict[str, Any]:
        if self._search is not None:
            self._notes.append(Note(self._search.at, "approximated", detail=NO_SEARCH))
        return {"type": "none"}

    def _tool(self, tool: Tool, breakpoints: Breakpoints) -> dict[str, Any]:
        function = as_function(tool, self._notes)
        described = self._described(function)
        schema, strict = self._schema(function)
        return breakpoints.mark({**described, "input_schema": schema, **strict}, function.cache, function.at)

    def _web_search(self, knobs: Knobs) -> dict[str, Any] | None:
        option = knobs.pop("web_search")
        if option is None:
            return None
        asked: WebSearch = option.value
        tool: dict[str, Any] = {"type": self._facts.web_search, "name": self.SEARCH}
        if asked.size in _SEARCHES:
            tool["max_uses"] = _SEARCHES[asked.size]
            self._notes.append(Note(option.at, "approximated", asked.size, tool["max_uses"], "Sent as most searches."))
        elif asked.size is not None:
            self._notes.append(Note(option.at, "dropped", detail="The size is none of low, medium and high."))
        if asked.allowed and asked.blocked:
            why = "This model's search takes either allowed or blocked domains."
            raise BadRequest(why, param=option.at, code="unsupported_parameter")
        sites = {"allowed_domains": list(asked.allowed), "blocked_domains": list(asked.blocked)}
        tool |= {name: domains for name, domains in sites.items() if domains}
        location = asked.location or {}
        if place := {key: location[key] for key in _PLACE if location.get(key)}:
            tool["user_location"] = {"type": "approximate", **place}
        return tool
