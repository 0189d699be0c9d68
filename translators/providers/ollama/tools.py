"""Tools (https://docs.ollama.com/capabilities/tool-calling). There is no `tool_choice`: no model can be forced."""

from typing import Any

from translators.conversation import Conversation, Knobs, Tool, ToolChoice
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.shared.custom_tools import as_function
from translators.providers.shared.tool_choice import check_names

_NO_CACHE = "Ollama keeps its own prompt cache."


def tools(conversation: Conversation, knobs: Knobs, notes: list[Note]) -> list[dict[str, Any]]:
    """Return `tools`, less those that `tool_choice` leaves out: `[{"type": "function", "function": {"name": ...}}]`.
    Raises `BadRequest`."""
    one_at_a_time = knobs.pop("parallel_tool_calls")
    if one_at_a_time is not None and one_at_a_time.value is False and conversation.tools:
        why = "Ollama cannot be kept from several calls at once."
        notes.append(Note(one_at_a_time.at, "dropped", False, detail=why))
    return [_tool(tool, notes) for tool in _allowed(conversation.tools, conversation.tool_choice, notes)]


def _allowed(declared: tuple[Tool, ...], choice: ToolChoice | None, notes: list[Note]) -> tuple[Tool, ...]:
    if choice is None:
        return declared
    check_names(choice, declared)
    if choice.mode == "required":
        why = "This model cannot be forced to call a tool."
        raise BadRequest(why, param=choice.at, code="unsupported_parameter")
    if choice.mode == "none":
        allowed: tuple[Tool, ...] = ()
    else:
        allowed = choice.among(declared)
    if len(allowed) < len(declared):
        notes.append(Note(choice.at, "moved", detail="Tools that may not be called are not sent."))
    return allowed


def _tool(tool: Tool, notes: list[Note]) -> dict[str, Any]:
    function = as_function(tool, notes)
    if function.strict:
        why = "Ollama does not hold a model to the schema of a tool."
        notes.append(Note(f"{function.at}.strict", "dropped", True, detail=why))
    if function.cache is not None:
        notes.append(Note(function.at, "dropped", detail=_NO_CACHE))
    written: dict[str, Any] = {"name": function.name}
    if function.description:
        written["description"] = function.description
    written["parameters"] = dict(function.parameters) if function.parameters else {"type": "object", "properties": {}}
    return {"type": "function", "function": written}
