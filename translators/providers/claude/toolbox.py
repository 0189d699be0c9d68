"""The tools of one request: what is written of them alike in Messages and in Converse."""

from typing import Any

from translators.conversation import Conversation, CustomTool, FunctionTool, Tool, ToolCall, ToolChoice
from translators.notes import Note
from translators.providers.claude.inputs import Inputs
from translators.providers.claude.profiles import Profile
from translators.providers.claude.schemas import OutsideSubset, Subset
from translators.providers.shared.wire_names import ToolNames


class BaseToolbox:
    """The tools that the client declared, or else those that its history shows."""

    SEARCH = ""
    """The name of the provider's own web search."""
    LONGEST_NAME = 128
    MOVED = ""
    """Why a schema is not quite the client's, with the number of places."""
    RESPELLED = ""
    """Why a name is not the client's."""

    def __init__(self, asked: Conversation, facts: Profile, notes: list[Note], *, any_key: bool = False) -> None:
        self._facts, self._notes, self._choice = facts, notes, asked.tool_choice
        self._search = asked.options.get("web_search")
        self.custom: set[str] = {tool.name for tool in asked.tools if isinstance(tool, CustomTool)}
        called = [part for turn in asked.turns for part in turn.parts if isinstance(part, ToolCall)]
        self._called = bool(called)
        self._from_history = not asked.tools and self._called
        self._tools: tuple[Tool, ...] = asked.tools
        if self._from_history:
            self._tools = tuple({part.name: _shown_by(part) for part in called}.values())
            self.custom |= {part.name for part in called if part.kind == "custom"}
            notes.append(Note("tools", "synthesised", detail="Tools that were called earlier must be declared."))
        reserved = frozenset({self.SEARCH}) if self._search else frozenset()
        names = (*(tool.name for tool in self._tools), *(part.name for part in called))
        pattern = rf"[a-zA-Z0-9_-]{{1,{self.LONGEST_NAME}}}"
        self.names = ToolNames(names, pattern, self.LONGEST_NAME, reserved)
        self.inputs = Inputs(self._tools, notes, any_key=any_key)

    def _forced(self, asked: ToolChoice, thinking: bool, instructions: list[str]) -> tuple[bool, str | None]:
        """Return whether a call is forced, and of which tool if of a certain one. A force that the model refuses
        becomes an instruction."""
        single = self.names[asked.names[0]] if asked.names and (asked.single or len(asked.names) == 1) else None
        forced = self._facts.forced_tools
        if forced == "never" or (forced == "without_thinking" and thinking):
            which = f"the tool `{single}`" if single else "at least one of your tools"
            instructions.append(f"Your next answer must call {which}.")
            why = "This model cannot be forced to call a tool (while it thinks): it is told to."
            self._notes.append(Note(asked.at, "approximated", "required", "auto", why))
            return False, single
        return True, single

    def _described(self, function: FunctionTool) -> dict[str, Any]:
        """Return `name` and, if there is one, `description`."""
        name = self.names[function.name]
        if name != function.name and not self._from_history:
            self._notes.append(Note(f"{function.at}.name", "approximated", detail=self.RESPELLED))
        return {"name": name, "description": function.description} if function.description else {"name": name}

    def _schema(self, tool: FunctionTool) -> tuple[dict[str, Any], dict[str, bool]]:
        """Return what it takes, and `strict` if that can be enforced; else there is a note."""
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


def _shown_by(call: ToolCall) -> Tool:
    return CustomTool(call.name, at=call.at) if call.kind == "custom" else FunctionTool(call.name, at=call.at)
