"""The levels of reasoning that configuration says a model takes: an effort that it does not take becomes the nearest.

Levels are those of `named_effort`: `none`, `minimal`, ... `max`, and `auto`, where it may be left to the model. Budgets
of tokens stay as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from translators.conversation import Conversation
from translators.dialects import ParsedRequest
from translators.notes import Note, add_new
from translators.providers.shared.reasoning import EFFORTS, nearest_effort

_WHY = "The configuration says which levels this model takes."


def in_request(request: ParsedRequest, levels: Sequence[str]) -> ParsedRequest:
    """Return a request with an effort of `levels`."""
    notes = list(request.notes)
    first, *more = (_in_conversation(each, levels, notes) for each in (request.conversation, *request.more))
    return replace(request, conversation=first, more=tuple(more), notes=tuple(notes))


def _in_conversation(conversation: Conversation, levels: Sequence[str], notes: list[Note]) -> Conversation:
    option = conversation.options.get("reasoning_effort")
    if option is None or option.value not in EFFORTS or (effort := _nearest(option.value, levels)) == option.value:
        return conversation
    options = {name: each for name, each in conversation.options.items() if name != "reasoning_effort"}
    if effort is not None:
        options["reasoning_effort"] = replace(option, value=effort)
    add_new(notes, [_bent(option.at, option.value, effort)])
    return replace(conversation, options=options)


def in_body(
    body: Mapping[str, Any], levels: Sequence[str], path: Sequence[str]
) -> tuple[Mapping[str, Any], list[Note]]:
    """Return a body of one of OpenAI's formats with an effort of `levels` at `path`, and notes. `body` is not
    changed."""
    name, *rest = path
    value = body.get(name)
    if rest:
        inner, notes = in_body(value, levels, rest) if isinstance(value, Mapping) else ({}, [])
        within = [replace(note, path=f"{name}.{note.path}") for note in notes]
        return ({**body, name: inner} if notes else body), within
    if not isinstance(value, str) or value not in EFFORTS or (effort := _nearest(value, levels)) == value:
        return body, []
    made = {key: each for key, each in body.items() if key != name}
    return (made if effort is None else {**made, name: effort}), [_bent(name, value, effort)]


def _nearest(effort: str, levels: Sequence[str]) -> str | None:
    """Return the level for an effort, None where it is left to the model. Whoever wants reasoning gets some, if the
    model has any."""
    if effort in levels:
        return effort
    known = [level for level in EFFORTS if level in levels]
    some = [level for level in known if level != "none"]
    return nearest_effort(effort, some if effort != "none" and some else known)


def _bent(at: str, old: str, new: str | None) -> Note:
    return Note(at, "dropped" if new is None else "approximated", old, new, _WHY)
