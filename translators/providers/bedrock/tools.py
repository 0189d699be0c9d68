"""Tools and who must call them (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html)."""

from typing import Any

from translators.conversation import Conversation, CustomTool, FunctionTool, Knobs, Tool, ToolCall, ToolChoice
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.bedrock.caching import CachePoints
from translators.providers.bedrock.profiles import Profile
from translators.providers.claude.inputs import Inputs
from translators.providers.claude.schemas import OutsideSubset, Subset
from translators.providers.shared import custom_tools
from translators.providers.shared.blocks import Block
from translators.providers.shared.wire_names import ToolNames

_NAME, _LONGEST_NAME = r"[a-zA-Z0-9_-]{1,64}", 64
_WEB_SEARCH = "nova_grounding"
_MOVED = "What cannot be enforced went into descriptions, in {} places."


class Toolbox:
    """The tools of one request: those that the client declared, or else those that its history shows."""

    def __init__(self, asked: Conversation, profile: Profile, notes: list[Note]) -> None:
        self._profile, self._notes, self._choice = profile, notes, asked.tool_choice
        self._search = asked.options.get("web_search")
        self.custom: set[str] = {tool.name for tool in asked.tools if isinstance(tool, CustomTool)}
        called = [part for turn in asked.turns for part in turn.parts if isinstance(part, ToolCall)]
        self._called = bool(called)
        self._from_history = not asked.tools and bool(called)
        self._tools: tuple[Tool, ...] = asked.tools
        if self._from_history:
            self._tools = tuple({part.name: _shown_by(part) for part in called}.values())
            self.custom |= {part.name for part in called if part.kind == "custom"}
            notes.append(Note("tools", "synthesised", detail="Tools that were called earlier must be declared."))
        reserved = frozenset({_WEB_SEARCH}) if self._search else frozenset()
        names = (*(tool.name for tool in self._tools), *(part.name for part in called))
        self.names = ToolNames(names, _NAME, _LONGEST_NAME, reserved)
        self.inputs = Inputs(self._tools, notes, any_key=not profile.claude)

    @property
    def searches(self) -> bool:
        """Whether the provider's own web search is declared."""
        return self._search is not None and (self._from_history or not self._no_calls())

    def written(self, knobs: Knobs, points: CachePoints, instructions: list[str]) -> list[Block]:
        """`toolConfig.tools`, less those that `tool_choice` leaves out."""
        choice = self._choice
        if choice is not None:
            self._check(choice)
        if self._no_calls():
            return self._uncalled(knobs, points, instructions)
        allowed = self._tools
        if choice is not None and choice.names is not None and not choice.single:
            allowed = choice.among(allowed)
            if len(allowed) < len(self._tools):
                self._notes.append(Note(choice.at, "moved", detail="Tools that are not allowed are not sent."))
        tools = [self._tool(tool, points) for tool in allowed]
        return tools + self._web_search(knobs)

    def choice(self, thinking: bool, tools: list[Block], instructions: list[str]) -> dict[str, Any] | None:
        """`toolConfig.toolChoice`. A force that the model refuses becomes an instruction."""
        asked = self._choice
        if asked is None or asked.mode != "required" or not tools or self._no_calls():
            return None  # auto is the default
        single = self.names[asked.names[0]] if asked.names and (asked.single or len(asked.names) == 1) else None
        forced = self._profile.facts.forced_tools
        if forced == "never" or (forced == "without_thinking" and thinking):
            which = f"the tool `{single}`" if single else "at least one of your tools"
            instructions.append(f"Your next answer must call {which}.")
            why = "This model cannot be forced to call a tool (while it thinks): it is told to."
            self._notes.append(Note(asked.at, "approximated", "required", "auto", why))
            return None
        return {"tool": {"name": single}} if single else {"any": {}}

    def one_at_a_time(self, knobs: Knobs, tools: list[Block], choice: dict[str, Any] | None) -> dict[str, Any]:
        """`additionalModelRequestFields.tool_choice`, which joins what `toolChoice` becomes: only where there is none
        must it say of what type it is."""
        option = knobs.pop("parallel_tool_calls")
        if option is None or option.value is not False or not tools or self._no_calls():
            return {}
        if not self._profile.claude:
            why = "This model may call several tools at once."
            self._notes.append(Note(option.at, "dropped", False, detail=why))
            return {}
        kind = {} if choice else {"type": "auto"}
        return {"tool_choice": {**kind, "disable_parallel_tool_use": True}}

    # --- no calls ---------------------------------------------------------------------------------------

    def _no_calls(self) -> bool:
        choice = self._choice
        if self._from_history:
            return True
        return choice is not None and (choice.mode == "none" or (choice.names is not None and not choice.names))

    def _uncalled(self, knobs: Knobs, points: CachePoints, instructions: list[str]) -> list[Block]:
        """Converse cannot say `none`: without tools nothing is called. But calls in the history need their tools."""
        choice = self._choice
        at = choice.at if choice else "tool_choice"
        search = self._web_search(knobs)
        if search and self._search and not self.searches:
            why = "Where no tool may be called, the model cannot search the web either."
            self._notes.append(Note(self._search.at, "approximated", detail=why))
            search = []
        if not self._called:
            if self._tools:
                self._notes.append(Note(at, "moved", detail="Where no tool may be called, none is sent."))
            return search
        which = "any tool" if not search else "any tool but the web search"
        instructions.append(f"Do not call {which}: answer with text.")
        why = "Calls in the history need their tools: the model is told to call none."
        self._notes.append(Note(at, "approximated", "none", "auto", why))
        return [self._tool(tool, points) for tool in self._tools] + search

    def _check(self, choice: ToolChoice) -> None:
        known = set() if self._from_history else {tool.name for tool in self._tools}
        if choice.mode == "required" and not known:
            raise BadRequest("A tool call is required, but no tool is declared.", param=choice.at)
        if choice.mode == "required" and choice.names is not None and not choice.names:
            raise BadRequest("A tool call is required, but no tool is allowed.", param=choice.at)
        for name in choice.names or ():
            if name not in known:
                raise BadRequest(f"The tool '{name[:128]}' is not declared in tools.", param=choice.at)

    # --- each tool --------------------------------------------------------------------------------------

    def _tool(self, tool: Tool, points: CachePoints) -> Block:
        if isinstance(tool, CustomTool):
            function, note = custom_tools.as_function(tool)
            self._notes += [note] if note else []
        else:
            function = tool
        spec: dict[str, Any] = {"name": self.names[function.name]}
        if spec["name"] != function.name and not self._from_history:
            why = "The provider's names have no such characters, or are shorter; answers tell the client's own."
            self._notes.append(Note(f"{function.at}.name", "approximated", detail=why))
        if function.description:
            spec["description"] = function.description
        schema = self.inputs.schema(function)
        spec |= self._strict(function, schema) if function.strict else {"inputSchema": {"json": schema}}
        return points.mark({"toolSpec": spec}, function.cache, function.at, tool=True)

    def _strict(self, tool: FunctionTool, schema: dict[str, Any]) -> dict[str, Any]:
        """`strict` with a schema that can be enforced; else the tool as it is, and a note."""
        at = f"{tool.at}.strict"
        if not self._profile.facts.structured_output:
            self._notes.append(Note(at, "dropped", True, detail="This model cannot enforce a tool's schema."))
            return {"inputSchema": {"json": schema}}
        subset = Subset()
        try:
            enforced = subset.of(schema)
        except OutsideSubset as outside:
            why = f"The schema cannot be enforced (at '{outside.path or '.'}'), so the tool is sent without strict."
            self._notes.append(Note(at, "dropped", True, detail=why))
            return {"inputSchema": {"json": schema}}
        if subset.moved:
            self._notes.append(Note(at, "approximated", True, True, _MOVED.format(len(subset.moved))))
        return {"inputSchema": {"json": enforced}, "strict": True}

    def _web_search(self, knobs: Knobs) -> list[Block]:
        option = knobs.pop("web_search")
        if option is None:
            return []
        if option.value.size or option.value.location:
            why = "The size and the place of a search cannot be set."
            self._notes.append(Note(option.at, "approximated", detail=why))
        return [{"systemTool": {"name": _WEB_SEARCH}}]


def _shown_by(call: ToolCall) -> Tool:
    return CustomTool(call.name, at=call.at) if call.kind == "custom" else FunctionTool(call.name, at=call.at)
