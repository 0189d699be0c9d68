"""Tools and who must call them, in OpenAI's own words again."""

from collections.abc import Iterable
from typing import Any

from translators.conversation import Conversation, CustomTool, FunctionTool, Tool, ToolCall, ToolChoice
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.openai.quirks import Quirks
from translators.providers.shared import custom_tools


class Toolbox:
    """The tools of one request; `emulated` are the custom ones that functions stand in for."""

    def __init__(self, asked: Conversation, quirks: Quirks, notes: list[Note]) -> None:
        self._tools, self._choice = asked.tools, asked.tool_choice
        self._quirks, self._notes = quirks, notes
        self._custom = frozenset(tool.name for tool in asked.tools if isinstance(tool, CustomTool))
        called = (part for turn in asked.turns for part in turn.parts if isinstance(part, ToolCall))
        names = self._custom | {part.name for part in called if part.kind == "custom"}
        self.emulated = frozenset() if quirks.custom_tools else names

    def written(self) -> list[dict[str, Any]]:
        return [self._tool(tool) for tool in self._allowed()]

    def choice(self) -> Any:
        """`tool_choice`; None is what the provider does by itself. Raises `BadRequest`."""
        choice = self._choice
        if choice is None:
            return None
        known = {tool.name for tool in self._tools}
        for name in choice.names or ():
            if name not in known:
                raise BadRequest(f"The tool '{name[:128]}' is not declared in tools.", param=choice.at)
        if choice.mode == "none" or choice.names is None:
            return choice.mode
        if not choice.names:
            return self._nobody(choice)
        if choice.single:
            return self._named(choice.names[0])
        if not self._quirks.allowed_tools:
            return choice.mode
        tools = [self._named(name) for name in choice.names]
        return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": tools}}

    def _nobody(self, choice: ToolChoice) -> str:
        if choice.mode == "required":
            raise BadRequest("A tool call is required, but no tool is allowed.", param=choice.at)
        return "none"

    def _allowed(self) -> Iterable[Tool]:
        choice = self._choice
        if choice is not None and choice.mode == "required" and not self._tools:
            raise BadRequest("A tool call is required, but no tool is declared.", param=choice.at)
        if choice is None or choice.names is None or choice.single or self._quirks.allowed_tools:
            return self._tools
        chosen = choice.among(self._tools)
        if 0 < len(chosen) < len(self._tools):
            self._notes.append(Note(choice.at, "moved", detail="Tools that are not allowed are not sent."))
        return chosen or self._tools

    def _named(self, name: str) -> dict[str, Any]:
        kind = "custom" if name in self._custom and name not in self.emulated else "function"
        return {"type": kind, kind: {"name": name}}

    def _tool(self, tool: Tool) -> dict[str, Any]:
        if isinstance(tool, CustomTool) and tool.name not in self.emulated:
            return {"type": "custom", "custom": _custom(tool)}
        if isinstance(tool, CustomTool):
            tool, note = custom_tools.as_function(tool)
            self._notes += [note] if note else []
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
