"""Turns as Gemini takes them: `systemInstruction` apart, `user` and `model` in turn, the results of a step all
together, in the order of its calls (https://ai.google.dev/gemini-api/docs/function-calling).
"""

from typing import Any

from translators.conversation import Conversation, Turn
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.gemini.media import WirePart
from translators.providers.gemini.parts import Parts
from translators.providers.gemini.profiles import Profile
from translators.providers.gemini.signatures import SKIP
from translators.providers.shared.histories import CONTINUE, continued, nothing_sent, shown_by_user
from translators.providers.shared.turns import (
    OPENER,
    SYSTEM,
    MessageDraft,
    leading_system,
    mark_system,
    merged,
    no_result,
    not_only_system,
    note_name,
    open_by_user,
)
from translators.values import immutable


@immutable
class History:
    """`systemInstruction.parts` and `contents`."""

    system: list[WirePart]
    contents: list[dict[str, Any]]


def history(conversation: Conversation, profile: Profile, parts: Parts, notes: list[Note]) -> History:
    """Return `systemInstruction.parts` and `contents`. Raises `BadRequest` for what cannot be carried."""
    turns = shown_by_user(conversation.turns, notes, made=())
    lead = leading_system(turns) if profile.system else 0
    system = [part for turn in turns[:lead] for part in _parts(turn, parts, notes)]
    contents = merged(_content(turn, parts, notes) for turn in turns[lead:])
    system, contents = not_only_system(system, contents, turns, notes)
    for before, content in zip([None, *contents], contents, strict=False):
        _pair(before, content, parts, notes)
    _pair(contents[-1], None, parts, notes)
    _settle_ends(contents, profile, notes)
    if profile.signed_calls:
        _sign_turn_under_way(contents, parts, notes)
    if not profile.call_ids:
        _drop_ids(contents)
    return History(system, [{"role": content.role, "parts": content.blocks} for content in contents])


def _content(turn: Turn, parts: Parts, notes: list[Note]) -> MessageDraft:
    written = _parts(turn, parts, notes)
    if not written:
        notes.append(nothing_sent(turn.at))
    elif turn.role in SYSTEM:
        why = "There is no role for instructions here: they are sent as marked text of the user's."
        notes.append(Note(turn.at, "approximated", "system", "user", why))
        mark_system(written)
    return MessageDraft("model" if turn.role == "assistant" else "user", turn.at, written)


def _parts(turn: Turn, parts: Parts, notes: list[Note]) -> list[WirePart]:
    note_name(turn, notes)
    return parts.of(turn)


def _pair(before: MessageDraft | None, content: MessageDraft | None, parts: Parts, notes: list[Note]) -> None:
    """Put the results of the calls of `before` first in `content`, in the order of the calls. Raises `BadRequest`
    unless each has its one result."""
    calls = _of_kind("functionCall", before) if before and before.role == "model" else []
    results = _of_kind("functionResponse", content) if content else []
    if not calls and not results:
        return
    by_id: dict[str, list[WirePart]] = {}
    for result in results:
        by_id.setdefault(result["functionResponse"]["id"], []).append(result)
    ordered: list[WirePart] = []
    for call in calls:
        id_ = call["functionCall"]["id"]
        if not by_id.get(id_):
            raise no_result(id_, parts.paths[id(call)])
        result = by_id[id_].pop(0)
        result["functionResponse"]["name"] = call["functionCall"]["name"]
        ordered.append(result)
    for id_, more in by_id.items():
        if more:
            why = f"The result of the tool call '{id_[:80]}' does not come right after that call, or comes twice."
            raise BadRequest(why, param=parts.paths[id(more[0])] or "messages")
    if content is not None:
        rest = [part for part in content.blocks if "functionResponse" not in part]
        if "functionResponse" not in content.blocks[0]:
            at = parts.paths[id(ordered[0])]
            notes.append(Note(at, "moved", detail="Tool results come before the other content of a message."))
        content.blocks = ordered + rest


def _of_kind(kind: str, content: MessageDraft) -> list[WirePart]:
    return [part for part in content.blocks if kind in part]


def _sign_turn_under_way(contents: list[MessageDraft], parts: Parts, notes: list[Note]) -> None:
    """Sign the first call of each step since the user's last text; Gemini does not look at earlier ones."""
    for content in reversed(contents):
        if content.role == "user":
            if not any("functionResponse" in part for part in content.blocks):
                return
            continue
        first = next((part for part in content.blocks if "functionCall" in part), None)
        if first is not None and "thoughtSignature" not in first:
            first["thoughtSignature"] = SKIP
            why = "The call came back without its thought signature: the model is told to go on without it."
            notes.append(Note(parts.paths[id(first)], "synthesised", detail=why))


def _settle_ends(contents: list[MessageDraft], profile: Profile, notes: list[Note]) -> None:
    last = contents[-1]
    if last.role == "model" and not profile.prefill:
        notes.append(continued(last.at))
        contents.append(MessageDraft("user", last.at, [{"text": CONTINUE}]))
    open_by_user(contents, {"text": OPENER}, notes)


def _drop_ids(contents: list[MessageDraft]) -> None:
    for content in contents:
        for part in content.blocks:
            for kind in ("functionCall", "functionResponse"):
                if kind in part:
                    del part[kind]["id"]
