"""Tools and who must call them (https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview)."""

from typing import Any

from translators.conversation import (
    Conversation,
    CustomTool,
    FunctionTool,
    Knobs,
    Tool,
    ToolCall,
    ToolChoice,
    WebSearch,
)
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.claude.caching import Breakpoints
from translators.providers.claude.inputs import Inputs
from translators.providers.claude.profiles import Profile
from translators.providers.claude.schemas import OutsideSubset, Subset
from translators.providers.shared import custom_tools
from translators.providers.shared.wire_names import ToolNames

_NAME = r"[a-zA-Z0-9_-]{1,128}"
_SEARCHES = {"low": 2, "medium": 5, "high": 10}
_PLACE = ("city", "region", "country", "timezone")
_MOVED = "What Anthropic does not enforce went into descriptions, in {} places."
WEB_SEARCH = "web_search"


class Toolbox:
    """The tools of one request: those that the client declared, or else those that its history shows."""

    def __init__(self, asked: Conversation, profile: Profile, notes: list[Note]) -> None:
        self._asked, self._profile, self._notes = asked, profile, notes
        self.custom: set[str] = {tool.name for tool in asked.tools if isinstance(tool, CustomTool)}
        called = [part for turn in asked.turns for part in turn.parts if isinstance(part, ToolCall)]
        self._from_history = not asked.tools and bool(called)
        self._tools: tuple[Tool, ...] = asked.tools
        if self._from_history:
            self._tools = tuple({part.name: _shown_by(part) for part in called}.values())
            self.custom |= {part.name for part in called if part.kind == "custom"}
            notes.append(Note("tools", "synthesised", detail="Tools that were called earlier must be declared."))
        reserved = frozenset({WEB_SEARCH}) if "web_search" in asked.options else frozenset()
        names = (*(tool.name for tool in self._tools), *(part.name for part in called))
        self.names = ToolNames(names, _NAME, reserved=reserved)
        self.inputs = Inputs(self._tools, notes)

    def written(self, knobs: Knobs, breakpoints: Breakpoints) -> list[dict[str, Any]]:
        """`tools`, less those that `tool_choice` leaves out."""
        choice = self._asked.tool_choice
        allowed = self._tools
        if choice is not None and choice.names is not None and not choice.single:
            allowed = choice.among(allowed)
            if 0 < len(allowed) < len(self._tools):
                self._notes.append(Note(choice.at, "moved", detail="Tools that are not allowed are not sent."))
            allowed = allowed or self._tools
        tools = [self._tool(tool, breakpoints) for tool in allowed]
        if (search := self._web_search(knobs)) is not None:
            tools.append(search)
        return tools

    def choice(self, knobs: Knobs, thinking: bool, instructions: list[str]) -> dict[str, Any] | None:
        """`tool_choice`. A force that the model refuses becomes an instruction."""
        one_at_a_time = knobs.take("parallel_tool_calls") is False
        asked = self._asked.tool_choice
        if self._from_history:
            return None if "web_search" in self._asked.options else {"type": "none"}
        if asked is not None:
            self._check(asked)
            if asked.mode == "none" or (asked.names is not None and not asked.names):
                return self._no_calls() if self._tools else None
        if not self._tools:
            return None
        choice: dict[str, Any] = {"type": "auto"}
        if asked is not None and asked.mode == "required":
            choice = self._forced(asked, thinking, instructions)
        if one_at_a_time:
            choice["disable_parallel_tool_use"] = True
        return None if choice == {"type": "auto"} else choice  # which is the default

    def _no_calls(self) -> dict[str, Any]:
        if (search := self._asked.options.get("web_search")) is not None:
            why = "Where no tool may be called, the model cannot search the web either."
            self._notes.append(Note(search.at, "approximated", detail=why))
        return {"type": "none"}

    def _check(self, choice: ToolChoice) -> None:
        known = {tool.name for tool in self._tools}
        if choice.mode == "required" and not known:
            raise BadRequest("A tool call is required, but no tool is declared.", param=choice.at)
        if choice.mode == "required" and choice.names is not None and not choice.names:
            raise BadRequest("A tool call is required, but no tool is allowed.", param=choice.at)
        for name in choice.names or ():
            if name not in known:
                raise BadRequest(f"The tool '{name[:128]}' is not declared in tools.", param=choice.at)

    def _forced(self, asked: ToolChoice, thinking: bool, instructions: list[str]) -> dict[str, Any]:
        single = self.names[asked.names[0]] if asked.names and (asked.single or len(asked.names) == 1) else None
        forced = self._profile.forced_tools
        if forced == "never" or (forced == "without_thinking" and thinking):
            which = f"the tool `{single}`" if single else "at least one of your tools"
            instructions.append(f"Your next answer must call {which}.")
            why = "This model cannot be forced to call a tool (while it thinks): it is told to."
            self._notes.append(Note(asked.at, "approximated", "required", "auto", why))
            return {"type": "auto"}
        return {"type": "tool", "name": single} if single else {"type": "any"}

    def _tool(self, tool: Tool, breakpoints: Breakpoints) -> dict[str, Any]:
        if isinstance(tool, CustomTool):
            function, note = custom_tools.as_function(tool)
            self._notes += [note] if note else []
        else:
            function = tool
        written: dict[str, Any] = {"name": self.names[function.name]}
        if written["name"] != function.name and not self._from_history:
            why = "The provider's names have no such characters; answers tell the client's own."
            self._notes.append(Note(f"{function.at}.name", "approximated", detail=why))
        if function.description:
            written["description"] = function.description
        schema = self.inputs.schema(function)
        if function.strict:
            written |= self._strict(function, schema)
        else:
            written["input_schema"] = schema
        return breakpoints.mark(written, function.cache, function.at)

    def _strict(self, tool: FunctionTool, schema: dict[str, Any]) -> dict[str, Any]:
        """`strict` with a schema that can be enforced; else the tool as it is, and a note."""
        at = f"{tool.at}.strict"
        if not self._profile.structured_output:
            self._notes.append(Note(at, "dropped", True, detail="This model cannot enforce a tool's schema."))
            return {"input_schema": schema}
        subset = Subset()
        try:
            enforced = subset.of(schema)
        except OutsideSubset as outside:
            why = f"The schema cannot be enforced (at '{outside.path or '.'}'), so the tool is sent without strict."
            self._notes.append(Note(at, "dropped", True, detail=why))
            return {"input_schema": schema}
        if subset.moved:
            self._notes.append(Note(at, "approximated", True, True, _MOVED.format(len(subset.moved))))
        return {"input_schema": enforced, "strict": True}

    def _web_search(self, knobs: Knobs) -> dict[str, Any] | None:
        option = knobs.pop("web_search")
        if option is None:
            return None
        asked: WebSearch = option.value
        tool: dict[str, Any] = {"type": self._profile.web_search, "name": WEB_SEARCH}
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


def _shown_by(call: ToolCall) -> Tool:
    return CustomTool(call.name, at=call.at) if call.kind == "custom" else FunctionTool(call.name, at=call.at)
