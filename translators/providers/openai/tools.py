"""Tools and the choice between them, in OpenAI's own words again."""

from collections.abc import Iterable
from typing import Any

from translators.conversation import Conversation, CustomTool, FunctionTool, Tool, ToolCall
from translators.notes import Note
from translators.providers.openai.quirks import Quirks
from translators.providers.shared.custom_tools import as_function
from translators.providers.shared.tool_choice import allowed, check, forbids


class Toolbox:
    """The tools of one request; `emulated` are the custom ones that functions stand in for."""

    def __init__(self, conversation: Conversation, quirks: Quirks, notes: list[Note]) -> None:
        self._tools, self._choice = conversation.tools, conversation.tool_choice
        self._quirks, self._notes = quirks, notes
        self._custom = frozenset(tool.name for tool in conversation.tools if isinstance(tool, CustomTool))
        called = (part for turn in conversation.turns for part in turn.parts if isinstance(part, ToolCall))
        names = self._custom | {part.name for part in called if part.kind == "custom"}
        self.emulated = frozenset() if quirks.custom_tools else names

    def written(self) -> list[dict[str, Any]]:
        """Return `tools`: `[{"type": "function", "function": {"name": ..., "parameters": {...}}}]`. Raises
        `BadRequest`."""
        return [self._tool(tool) for tool in self._allowed()]

    def choice(self) -> Any:
        """Return `tool_choice`, None for the provider's default."""
        choice = self._choice
        if choice is None:
            return None
        if forbids(choice):
            return "none"
        if choice.names is None:
            return choice.mode
        if choice.single:
            return self._named(choice.names[0])
        if not self._quirks.allowed_tools:
            return choice.mode
        tools = [self._named(name) for name in choice.names]
        return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": tools}}

    def _allowed(self) -> Iterable[Tool]:
        choice = self._choice
        if choice is not None and (self._tools or choice.mode == "required"):
            check(choice, self._tools)
        return self._tools if self._quirks.allowed_tools else allowed(choice, self._tools, self._notes)

    def _named(self, name: str) -> dict[str, Any]:
        kind = "custom" if name in self._custom and name not in self.emulated else "function"
        return {"type": kind, kind: {"name": name}}

    def _tool(self, tool: Tool) -> dict[str, Any]:
        if isinstance(tool, CustomTool) and tool.name not in self.emulated:
            return {"type": "custom", "custom": _custom(tool)}
        tool = as_function(tool, self._notes)
        if tool.cache is not None:
            why = "A breakpoint of the prompt cache cannot stand at a tool here."
            self._notes.append(Note(tool.at, "dropped", detail=why))
        return {"type": "function", "function": _function(tool)}


def _function(tool: FunctionTool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name}
    if tool.description:
        written["description"] = tool.description
    if tool.parameters is not None:
        written["parameters"] = dict(tool.parameters)
    if tool.strict is not None:
        written["strict"] = tool.strict
    return written


def _custom(tool: CustomTool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name}
    if tool.description:
        written["description"] = tool.description
    if tool.grammar is not None:
        grammar = {"syntax": tool.syntax or "lark", "definition": tool.grammar}
        written["format"] = {"type": "grammar", "grammar": grammar}
    return written
