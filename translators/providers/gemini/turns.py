"""Turns as Gemini wants them: `systemInstruction` apart, `user` and `model` in turn, the results of a step all
together, in the order of its calls (https://ai.google.dev/gemini-api/docs/function-calling).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from translators.conversation import Conversation, Turn
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.gemini.parts import Parts, Written
from translators.providers.gemini.profiles import Profile
from translators.providers.gemini.signatures import SKIP
from translators.providers.shared.histories import CONTINUE, continued, nothing_sent, shown_by_user

_SYSTEM_MARK = "<system_message>\n{}\n</system_message>"
_OPENER = "(The conversation begins with the assistant.)"
_SYSTEM = ("system", "developer")


@dataclass(slots=True)
class _Content:
    """A content in the making; `at` is where its first turn was written."""

    role: str
    at: str
    parts: list[Written] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class History:
    """`systemInstruction.parts` and `contents`."""

    system: list[Written]
    contents: list[dict[str, Any]]


def history(asked: Conversation, profile: Profile, parts: Parts, notes: list[Note]) -> History:
    """Raises `BadRequest` for what cannot be carried."""
    turns = shown_by_user(asked.turns, notes, made=())
    lead = next((place for place, turn in enumerate(turns) if turn.role not in _SYSTEM), len(turns))
    lead = lead if profile.system else 0
    system = [part for turn in turns[:lead] for part in _parts(turn, parts, notes)]
    contents = _merged(_content(turn, parts, notes) for turn in turns[lead:])
    if not contents and system:
        notes.append(Note(turns[0].at, "moved", detail="Without other messages, the system's is sent as the user's."))
        contents, system = [_Content("user", turns[0].at, system)], []
    if not contents:
        raise BadRequest("There is no message with content.", param="messages")
    for before, content in zip([None, *contents], contents, strict=False):
        _pair(before, content, parts, notes)
    _pair(contents[-1], None, parts, notes)
    _settle_ends(contents, profile, notes)
    if profile.signed_calls:
        _sign_turn_under_way(contents, parts, notes)
    if not profile.call_ids:
        _drop_ids(contents)
    return History(system, [{"role": content.role, "parts": content.parts} for content in contents])


def _content(turn: Turn, parts: Parts, notes: list[Note]) -> _Content:
    written = _parts(turn, parts, notes)
    if not written:
        notes.append(nothing_sent(turn.at))
    elif turn.role in _SYSTEM:
        why = "There is no role for instructions here: they are sent as marked text of the user's."
        notes.append(Note(turn.at, "approximated", "system", "user", why))
        written = [{"text": _SYSTEM_MARK.format(part["text"])} for part in written]
    return _Content("model" if turn.role == "assistant" else "user", turn.at, written)


def _parts(turn: Turn, parts: Parts, notes: list[Note]) -> list[Written]:
    if turn.name:
        notes.append(Note(f"{turn.at}.name", "dropped", detail="Messages have no name."))
    return parts.of(turn)


def _merged(contents: Iterable[_Content]) -> list[_Content]:
    """Consecutive contents of one role are one content; those without parts are none."""
    merged: list[_Content] = []
    for content in contents:
        if not content.parts:
            continue
        if merged and merged[-1].role == content.role:
            merged[-1].parts += content.parts
        else:
            merged.append(content)
    return merged


def _pair(before: _Content | None, content: _Content | None, parts: Parts, notes: list[Note]) -> None:
    """Every call of `before` has its one result in `content`, which begins with them, in the order of the calls."""
    calls = [part for part in before.parts if "functionCall" in part] if before and before.role == "model" else []
    results = [part for part in content.parts if "functionResponse" in part] if content else []
    if not calls and not results:
        return
    by_id: dict[str, list[Written]] = {}
    for result in results:
        by_id.setdefault(result["functionResponse"]["id"], []).append(result)
    ordered: list[Written] = []
    for call in calls:
        id_ = call["functionCall"]["id"]
        if not by_id.get(id_):
            why = f"The tool call '{id_[:80]}' has no result in the messages right after it."
            raise BadRequest(why, param=parts.paths[id(call)] or "messages")
        result = by_id[id_].pop(0)
        result["functionResponse"]["name"] = call["functionCall"]["name"]
        ordered.append(result)
    for id_, more in by_id.items():
        if more:
            why = f"The result of the tool call '{id_[:80]}' does not come right after that call, or comes twice."
            raise BadRequest(why, param=parts.paths[id(more[0])] or "messages")
    if content is not None:
        rest = [part for part in content.parts if "functionResponse" not in part]
        if "functionResponse" not in content.parts[0]:
            at = parts.paths[id(ordered[0])]
            notes.append(Note(at, "moved", detail="Tool results come before the other content of a message."))
        content.parts = ordered + rest


def _sign_turn_under_way(contents: list[_Content], parts: Parts, notes: list[Note]) -> None:
    """The first call of each step since the user last spoke must be signed; earlier ones are not looked at."""
    for content in reversed(contents):
        if content.role == "user":
            if not any("functionResponse" in part for part in content.parts):
                return
            continue
        first = next((part for part in content.parts if "functionCall" in part), None)
        if first is not None and "thoughtSignature" not in first:
            first["thoughtSignature"] = SKIP
            why = "The call came back without its thought signature: the model is told to go on without it."
            notes.append(Note(parts.paths[id(first)], "synthesised", detail=why))


def _settle_ends(contents: list[_Content], profile: Profile, notes: list[Note]) -> None:
    last = contents[-1]
    if last.role == "model" and not profile.prefill:
        notes.append(continued(last.at))
        contents.append(_Content("user", last.at, [{"text": CONTINUE}]))
    if contents[0].role != "user":
        notes.append(Note(contents[0].at, "synthesised", detail="A first message of the user's was put before it."))
        contents.insert(0, _Content("user", contents[0].at, [{"text": _OPENER}]))


def _drop_ids(contents: list[_Content]) -> None:
    for content in contents:
        for part in content.parts:
            for kind in ("functionCall", "functionResponse"):
                if kind in part:
                    del part[kind]["id"]
