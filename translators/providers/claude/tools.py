"""Tools and who must call them (https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview): what Messages
and Converse have alike, and what is of Messages alone."""

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
from translators.dialects import Model, Recall
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.claude.caching import Breakpoints
from translators.providers.claude.profiles import Profile
from translators.providers.claude.schemas import OutsideSubset, Subset
from translators.providers.claude.tool_inputs import ToolInputs
from translators.providers.shared.custom_tools import as_function
from translators.providers.shared.tool_choice import NO_SEARCH, allowed, check, forbids
from translators.providers.shared.wire_names import ToolNames

_SEARCHES = {"low": 2, "medium": 5, "high": 10}
_PLACE = ("city", "region", "country", "timezone")


class BaseToolbox:
    """The tools that the client declares, or else those that its history shows."""

    SEARCH = ""
    """The name of the provider's own web search."""
    LONGEST_NAME = 128
    MOVED = ""
    """The reason for a schema that is not quite the client's, with the number of places."""
    RESPELLED = ""
    """The reason for a name that is not the client's."""

    def __init__(self, conversation: Conversation, facts: Profile, notes: list[Note], *, any_key: bool = False) -> None:
        self._facts, self._notes, self._choice = facts, notes, conversation.tool_choice
        self._search = conversation.options.get("web_search")
        self.custom: set[str] = {tool.name for tool in conversation.tools if isinstance(tool, CustomTool)}
        called = [part for turn in conversation.turns for part in turn.parts if isinstance(part, ToolCall)]
        self._called = bool(called)
        self._from_history = not conversation.tools and self._called
        self._tools: tuple[Tool, ...] = conversation.tools
        if self._from_history:
            self._tools = tuple({part.name: _shown_by(part) for part in called}.values())
            self.custom |= {part.name for part in called if part.kind == "custom"}
            notes.append(Note("tools", "synthesised", detail="Tools that were called earlier must be declared."))
        reserved = frozenset({self.SEARCH}) if self._search else frozenset()
        names = (*(tool.name for tool in self._tools), *(part.name for part in called))
        pattern = rf"[a-zA-Z0-9_-]{{1,{self.LONGEST_NAME}}}"
        self.names = ToolNames(names, pattern, self.LONGEST_NAME, reserved)
        self.inputs = ToolInputs(self._tools, notes, any_key=any_key)

    def recall(self, model: Model, answer_tool: str, stops: tuple[str, ...]) -> Recall:
        """Return what the machine of the answer must know of the request."""
        return Recall(
            model.name,
            self.names.restored(),
            frozenset(self.custom),
            model.memory,
            keys=self.inputs.restored(),
            answer_tool=answer_tool,
            stops=stops,
        )

    def _forced(self, choice: ToolChoice, thinking: bool, instructions: list[str]) -> tuple[bool, str | None]:
        """Return whether a call is forced, and of which tool if of a certain one. A force that the model refuses
        becomes an instruction."""
        single = None
        if choice.names and (choice.single or len(choice.names) == 1):
            single = self.names[choice.names[0]]
        forced = self._facts.forced_tools
        if forced == "never" or (forced == "without_thinking" and thinking):
            which = f"the tool `{single}`" if single else "at least one of your tools"
            instructions.append(f"Your next answer must call {which}.")
            why = "This model cannot be forced to call a tool (while it thinks): it is told to."
            self._notes.append(Note(choice.at, "approximated", "required", "auto", why))
            return False, single
        return True, single

    def _described(self, function: FunctionTool) -> dict[str, Any]:
        """Return `name` and, if there is one, `description`."""
        name = self.names[function.name]
        if name != function.name and not self._from_history:
            self._notes.append(Note(f"{function.at}.name", "approximated", detail=self.RESPELLED))
        return {"name": name, "description": function.description} if function.description else {"name": name}

    def _schema(self, tool: FunctionTool) -> tuple[dict[str, Any], dict[str, bool]]:
        """Return the schema of its input, and `{"strict": true}` if that can be enforced; else there is a note."""
        schema, at = self.inputs.schema(tool), f"{tool.at}.strict"
        if not tool.strict:
            return schema, {}
        if not self._facts.structured_output:
            self._notes.append(Note(at, "dropped", True, detail="This model cannot enforce a tool's schema."))
            return schema, {}
        subset = Subset()
        try:
            enforced = subset.of(schema)
        except OutsideSubset as outside:
            why = f"The schema cannot be enforced (at '{outside.path or '.'}'), so the tool is sent without strict."
            self._notes.append(Note(at, "dropped", True, detail=why))
            return schema, {}
        if subset.moved:
            self._notes.append(Note(at, "approximated", True, True, self.MOVED.format(len(subset.moved))))
        return enforced, {"strict": True}


class Toolbox(BaseToolbox):
    """Writes `tools` and `tool_choice`."""

    SEARCH = "web_search"
    MOVED = "What Anthropic does not enforce went into descriptions, in {} places."
    RESPELLED = "The provider's names have no such characters; answers tell the client's own."

    def written(self, knobs: Knobs, breakpoints: Breakpoints) -> list[dict[str, Any]]:
        """Return `tools`, `{"name": ..., "description": ..., "input_schema": {...}}` each, less those that
        `tool_choice` leaves out. Raises `BadRequest`."""
        tools = [self._tool(tool, breakpoints) for tool in allowed(self._choice, self._tools, self._notes)]
        if (search := self._web_search(knobs)) is not None:
            tools.append(search)
        return tools

    def choice(self, knobs: Knobs, thinking: bool, instructions: list[str]) -> dict[str, Any] | None:
        """Return `tool_choice`, `{"type": ...}`; None for the default. A force that the model refuses becomes an
        instruction. Raises `BadRequest`."""
        one_at_a_time = knobs.take("parallel_tool_calls") is False
        wanted = self._choice
        if self._from_history:
            return None if self._search else {"type": "none"}
        if wanted is not None:
            check(wanted, self._tools)
            if forbids(wanted):
                return self._no_calls() if self._tools else None
        if not self._tools:
            return None
        choice: dict[str, Any] = {"type": "auto"}
        if wanted is not None and wanted.mode == "required":
            forced, single = self._forced(wanted, thinking, instructions)
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
        wanted: WebSearch = option.value
        tool: dict[str, Any] = {"type": self._facts.web_search, "name": self.SEARCH}
        if wanted.size in _SEARCHES:
            tool["max_uses"] = _SEARCHES[wanted.size]
            self._notes.append(Note(option.at, "approximated", wanted.size, tool["max_uses"], "Sent as most searches."))
        elif wanted.size is not None:
            self._notes.append(Note(option.at, "dropped", detail="The size is none of low, medium and high."))
        if wanted.allowed and wanted.blocked:
            why = "This model's search takes either allowed or blocked domains."
            raise BadRequest(why, param=option.at, code="unsupported_parameter")
        sites = {"allowed_domains": list(wanted.allowed), "blocked_domains": list(wanted.blocked)}
        tool |= {name: domains for name, domains in sites.items() if domains}
        location = wanted.location or {}
        place = {key: location[key] for key in _PLACE if location.get(key)}
        if place:
            tool["user_location"] = {"type": "approximate", **place}
        return tool


def _shown_by(call: ToolCall) -> Tool:
    return CustomTool(call.name, at=call.at) if call.kind == "custom" else FunctionTool(call.name, at=call.at)
