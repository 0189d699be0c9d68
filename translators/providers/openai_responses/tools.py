"""Tools and the choice between them (https://platform.openai.com/docs/guides/function-calling), both flat here."""

from typing import Any

from translators.conversation import Conversation, CustomTool, FunctionTool, Knobs, Tool, ToolCall, WebSearch
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.shared.tool_choice import NO_SEARCH, check_names, forbids
from translators.providers.shared.wire_names import ToolNames

_NAME = r"[a-zA-Z0-9_-]{1,128}"
_SIZES = ("low", "medium", "high")


class Toolbox:
    """The tools of one request, and the names that they have on the wire."""

    def __init__(self, conversation: Conversation, notes: list[Note]) -> None:
        self._tools, self._choice, self._notes = conversation.tools, conversation.tool_choice, notes
        self._search = conversation.options.get("web_search")
        called = [part.name for turn in conversation.turns for part in turn.parts if isinstance(part, ToolCall)]
        self.names = ToolNames((*(tool.name for tool in conversation.tools), *called), _NAME)

    def written(self, knobs: Knobs) -> list[dict[str, Any]]:
        """Return `tools`: `[{"type": "function", "name": ..., "parameters": {...}}]`, and a web search."""
        tools = [self._tool(tool) for tool in self._tools]
        if (search := self._web_search(knobs)) is not None:
            tools.append(search)
        return tools

    def choice(self) -> str | dict[str, Any] | None:
        """Return `tool_choice`, None for the provider's default. Raises `BadRequest` for a choice that nothing can
        fulfil."""
        choice = self._choice
        if choice is None:
            return None
        types = {tool.name: _type(tool) for tool in self._tools}
        if choice.mode == "required" and not (types if choice.names is None else choice.names):
            raise BadRequest("A tool call is required, but no tool is allowed.", param=choice.at)
        if not self._tools:
            return None
        if forbids(choice):
            return self._no_calls()
        if choice.names is None:
            return choice.mode
        check_names(choice, self._tools)
        named = [{"type": types[name], "name": self.names[name]} for name in choice.names]
        if choice.single:
            return named[0]
        if self._search is not None:
            named.append({"type": "web_search"})  # a chat's choice is between its own tools
        return {"type": "allowed_tools", "mode": choice.mode, "tools": named}

    def _no_calls(self) -> str:
        if self._search is not None:
            self._notes.append(Note(self._search.at, "approximated", detail=NO_SEARCH))
        return "none"

    def _tool(self, tool: Tool) -> dict[str, Any]:
        name = self.names[tool.name]
        described = {"description": tool.description} if tool.description else {}
        if isinstance(tool, CustomTool):
            return {"type": "custom", "name": name, **described, **_format(tool)}
        if tool.cache is not None:
            self._notes.append(Note(tool.at, "dropped", detail="A prompt-cache breakpoint cannot stand at a tool."))
        return {
            "type": "function",
            "name": name,
            **described,
            "parameters": {"type": "object", "properties": {}} if tool.parameters is None else dict(tool.parameters),
            "strict": bool(tool.strict),  # which chat leaves off unless a client wants it, and this API does not
        }

    def _web_search(self, knobs: Knobs) -> dict[str, Any] | None:
        option = knobs.pop("web_search")
        if option is None:
            return None
        search: WebSearch = option.value
        tool: dict[str, Any] = {"type": "web_search"}
        if search.size in _SIZES:
            tool["search_context_size"] = search.size
        elif search.size is not None:
            self._notes.append(Note(option.at, "dropped", detail="The size is none of low, medium and high."))
        if search.location is not None:
            tool["user_location"] = {"type": "approximate", **search.location}
        sites = {"allowed_domains": list(search.allowed), "blocked_domains": list(search.blocked)}
        if filters := {name: domains for name, domains in sites.items() if domains}:
            tool["filters"] = filters
        return tool


def _type(tool: Tool) -> str:
    return "function" if isinstance(tool, FunctionTool) else "custom"


def _format(tool: CustomTool) -> dict[str, Any]:
    if tool.grammar is None:
        return {}
    return {"format": {"type": "grammar", "syntax": tool.syntax or "lark", "definition": tool.grammar}}
