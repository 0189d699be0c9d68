"""Tools and who must call them
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html)."""

from typing import Any

from translators.conversation import Conversation, Knobs, Tool
from translators.notes import Note
from translators.providers.bedrock.caching import CachePoints
from translators.providers.bedrock.profiles import Profile
from translators.providers.claude.tools import BaseToolbox
from translators.providers.shared.blocks import Block
from translators.providers.shared.custom_tools import as_function
from translators.providers.shared.tool_choice import NO_SEARCH, allowed, check, forbids


class Toolbox(BaseToolbox):
    """Writes `toolConfig`."""

    SEARCH = "nova_grounding"
    LONGEST_NAME = 64
    MOVED = "What cannot be enforced went into descriptions, in {} places."
    RESPELLED = "The provider's names have no such characters, or are shorter; answers tell the client's own."

    def __init__(self, conversation: Conversation, profile: Profile, notes: list[Note]) -> None:
        super().__init__(conversation, profile.facts, notes, any_key=not profile.claude)
        self._profile = profile

    @property
    def searches(self) -> bool:
        """Return whether the provider's own web search is declared."""
        return self._search is not None and (self._from_history or not self._no_calls())

    def written(self, knobs: Knobs, points: CachePoints, instructions: list[str]) -> list[Block]:
        """Return `toolConfig.tools`, `{"toolSpec": {"name": ..., "description": ..., "inputSchema": {"json": {...}}}}`
        each, less those that `tool_choice` leaves out. Raises `BadRequest`."""
        if self._choice is not None:
            check(self._choice, () if self._from_history else self._tools)
        if self._no_calls():
            return self._uncalled(knobs, points, instructions)
        tools = [self._tool(tool, points) for tool in allowed(self._choice, self._tools, self._notes)]
        return tools + self._web_search(knobs)

    def choice(self, thinking: bool, tools: list[Block], instructions: list[str]) -> dict[str, Any] | None:
        """Return `toolConfig.toolChoice`, `{"any": {}}` or `{"tool": {"name": ...}}`; None for the default. A force
        that the model refuses becomes an instruction."""
        wanted = self._choice
        if wanted is None or wanted.mode != "required" or not tools or self._no_calls():
            return None  # auto is the default
        forced, single = self._forced(wanted, thinking, instructions)
        if not forced:
            return None
        return {"tool": {"name": single}} if single else {"any": {}}

    def one_at_a_time(self, knobs: Knobs, tools: list[Block], choice: dict[str, Any] | None) -> dict[str, Any]:
        """Return `additionalModelRequestFields.tool_choice`, which joins what `toolChoice` becomes: only where there is
        none must it say of what type it is."""
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
        return self._from_history or forbids(self._choice)

    def _uncalled(self, knobs: Knobs, points: CachePoints, instructions: list[str]) -> list[Block]:
        """Return the tools where none may be called. Converse cannot say `none`, so there are none, unless calls in the
        history need them."""
        choice = self._choice
        at = choice.at if choice else "tool_choice"
        search = self._web_search(knobs)
        if search and self._search and not self.searches:
            self._notes.append(Note(self._search.at, "approximated", detail=NO_SEARCH))
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

    # --- each tool --------------------------------------------------------------------------------------

    def _tool(self, tool: Tool, points: CachePoints) -> Block:
        function = as_function(tool, self._notes)
        described = self._described(function)
        schema, strict = self._schema(function)
        spec = {**described, "inputSchema": {"json": schema}, **strict}
        return points.mark({"toolSpec": spec}, function.cache, function.at, tool=True)

    def _web_search(self, knobs: Knobs) -> list[Block]:
        option = knobs.pop("web_search")
        if option is None:
            return []
        if option.value.size or option.value.location:
            why = "The size and the place of a search cannot be set."
            self._notes.append(Note(option.at, "approximated", detail=why))
        return [{"systemTool": {"name": self.SEARCH}}]
