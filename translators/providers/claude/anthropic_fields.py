"""Anthropic's own fields for which OpenAI has none. They come as the client wrote them.

`thinking` is handled with the other options about thought, `speed` with the tiers, `cache_control` with the
breakpoints.
"""

from collections.abc import Callable, Mapping
from typing import Any

from translators.conversation import Knobs, Option
from translators.notes import Note

NOT_ITS_FORM = "It does not have the form that Anthropic documents."
_EDITING_BETA = "context-management-2025-06-27"
_CLEARS_CALLS, _CLEARS_THOUGHTS = "clear_tool_uses_20250919", "clear_thinking_20251015"


def anthropic_fields(knobs: Knobs, thinks: bool, notes: list[Note], betas: set[str]) -> dict[str, Any]:
    """Return the fields to add to the body (`inference_geo`, `container`, `context_management`), and add to `betas`
    what they need. What cannot be sent becomes a note."""
    body: dict[str, Any] = {}
    for name, convert in _FIELDS.items():
        if (option := knobs.pop(name)) is not None:
            body[name] = convert(option, thinks, notes)
    if body.get("context_management"):
        betas.add(_EDITING_BETA)
    return body


def _geo(option: Option, _: bool, notes: list[Note]) -> str | None:
    if isinstance(option.value, str) and option.value:
        return option.value
    notes.append(Note(option.at, "dropped", detail=NOT_ITS_FORM))
    return None


def _container(option: Option, _: bool, notes: list[Note]) -> str | None:
    """Return a container's id, alone: skills want a tool that a client of OpenAI's API cannot declare."""
    value = option.value
    if isinstance(value, str) and value:
        return value
    if not isinstance(value, dict):
        notes.append(Note(option.at, "dropped", detail=NOT_ITS_FORM))
        return None
    if value.get("skills"):
        why = "Skills need Anthropic's code execution, which cannot be declared here."
        notes.append(Note(f"{option.at}.skills", "dropped", detail=why))
    return None if value.get("id") is None else _container(Option(value["id"], f"{option.at}.id"), False, notes)


def _edits(option: Option, thinks: bool, notes: list[Note]) -> dict[str, Any] | None:
    """Return the edits that only clear. One that sums up would put a block into the answer that no client gets to send
    back."""
    value = option.value
    edits = value.get("edits") if isinstance(value, dict) else None
    if not isinstance(edits, list):
        notes.append(Note(option.at, "dropped", detail=NOT_ITS_FORM))
        return None
    sent = []
    for index, edit in enumerate(edits):
        why = _objection(edit.get("type") if isinstance(edit, dict) else None, thinks)
        if why:
            notes.append(Note(f"{option.at}.edits[{index}]", "dropped", detail=why))
        else:
            sent.append(edit)
    return {"edits": sent} if sent else None


def _objection(kind: object, thinks: bool) -> str:
    if kind == _CLEARS_CALLS or (kind == _CLEARS_THOUGHTS and thinks):
        return ""
    if kind == _CLEARS_THOUGHTS:
        return "The model does not think in this request, so there is nothing to clear."
    return "Only edits that clear tool calls or thinking are carried by this gateway."


_FIELDS: Mapping[str, Callable[[Option, bool, list[Note]], Any]] = {
    "inference_geo": _geo,
    "container": _container,
    "context_management": _edits,
}
