"""The effort that a client wrote behind the model's name: it wins over what the body says of reasoning.

An effort is a level (`none`, `minimal`, ... `max`), a budget of tokens, or `auto`, which leaves it to the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from translators.clients import responses
from translators.conversation import Conversation, Option
from translators.dialects import ParsedRequest
from translators.notes import Note, add_new
from translators.providers.shared.reasoning import level_of

AT = "model"
_AUTO = "auto"
_AMOUNTS = ("reasoning_effort", "reasoning_budget", "thinking")
_WINS = "The effort behind the model's name wins."
_FIELDS: tuple[tuple[str, ...], ...] = (
    ("reasoning_effort",),
    *(("reasoning", name) for name in ("effort", "max_tokens", "enabled")),
    ("thinking",),
    ("thinking_budget",),
    ("enable_thinking",),
    ("think",),
    ("output_config", "effort"),
    *(("chat_template_kwargs", name) for name in ("enable_thinking", "thinking")),
    *(("google", "thinking_config", name) for name in ("thinking_budget", "thinking_level")),
)
"""The fields of bodies of OpenAI's formats that say how much to reason."""


def in_request(request: ParsedRequest, effort: str | int) -> ParsedRequest:
    """Return a request that reasons so much."""
    notes = [*request.notes, Note(AT, "moved", new=effort, detail="The effort behind the model's name.")]
    first, *more = (_in_conversation(each, effort, notes) for each in (request.conversation, *request.more))
    form = _form(request.form, effort)
    return replace(request, conversation=first, more=tuple(more), notes=tuple(notes), form=form)


def _form(form: Any, effort: str | int) -> Any:
    """Return the form of an answer. A Response repeats the effort, as the level that is nearest."""
    if not isinstance(form, responses.Form):
        return form
    level = level_of(effort) if isinstance(effort, int) else effort
    reasoning = {**form.echo["reasoning"], "effort": None if level == _AUTO else level}
    return replace(form, echo={**form.echo, "reasoning": reasoning})


def _in_conversation(conversation: Conversation, effort: str | int, notes: list[Note]) -> Conversation:
    options = {name: option for name, option in conversation.options.items() if name not in _AMOUNTS}
    add_new(
        notes,
        (
            _outdone(option.at, option.value, effort)
            for name, option in conversation.options.items()
            if name in _AMOUNTS and option.value != effort
        ),
    )
    if effort != _AUTO:
        options["reasoning_budget" if isinstance(effort, int) else "reasoning_effort"] = Option(effort, AT)
    return replace(conversation, options=options)


def in_body(body: Mapping[str, Any], effort: str | int, path: Sequence[str]) -> tuple[dict[str, Any], list[Note]]:
    """Return a body of one of OpenAI's formats that says the effort at `path`, as a level, and nowhere else; and notes.
    `body` is not changed."""
    made, notes = dict(body), list[Note]()
    level = level_of(effort) if isinstance(effort, int) else effort
    for field in _FIELDS:
        if (found := _without(made, field)) is not None and found != level:
            notes.append(_outdone(".".join(field), found, level))
    if level == _AUTO:
        return made, [Note(AT, "moved", new=effort, detail="Left to the model: no effort is sent."), *notes]
    if level == effort:
        moved = Note(AT, "moved", new=level, detail=f"The effort behind the model's name is sent as {'.'.join(path)}.")
    else:
        moved = Note(AT, "approximated", effort, level, "This provider takes a level instead of a budget.", loss=False)
    _put(made, path, level)
    return made, [moved, *notes]


def _without(body: dict[str, Any], path: Sequence[str]) -> Any:
    """Return the value at `path`, which is taken out of `body`; the objects around it are replaced by copies."""
    name, *rest = path
    if not rest:
        return body.pop(name, None)
    if not isinstance(inner := body.get(name), dict):
        return None
    body[name] = inner = dict(inner)
    found = _without(inner, rest)
    if not inner:
        del body[name]
    return found


def _put(body: dict[str, Any], path: Sequence[str], value: str) -> None:
    name, *rest = path
    if not rest:
        body[name] = value
        return
    inner = body.get(name)
    body[name] = inner = dict(inner) if isinstance(inner, dict) else {}
    _put(inner, rest, value)


def _outdone(at: str, old: Any, new: str | int) -> Note:
    known = old if isinstance(old, bool | int | float) or (isinstance(old, str) and len(old) <= 20) else None
    return Note(at, "dropped", known, new, _WINS, loss=False)
