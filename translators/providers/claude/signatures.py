"""Signed thinking of Claude's in the gateway's memory, for clients that hand its calls back without it.

https://platform.claude.com/docs/en/build-with-claude/extended-thinking: in a loop of tool calls the thinking blocks go
back whole and unchanged, each in its place before the call that it led to.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from itertools import groupby

from translators.conversation import Part, Reasoning, RedactedReasoning, ToolCall, Turn
from translators.dialects import Memory
from translators.providers.claude.profiles import short_name
from translators.providers.shared import signers

Thought = Reasoning | RedactedReasoning
_Stored = list[str]
"""A text and its signature; or the data of a redacted block alone."""


class ThinkingRecorder:
    """The signed blocks of one answer, each with the call before which it came."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._waiting: list[_Stored] = []
        self._calls: list[tuple[str, list[_Stored]]] = []

    def thought(self, text: str, signature: str) -> None:
        self._waiting.append([text, signature])

    def redacted(self, data: str) -> None:
        self._waiting.append([data])

    def called(self, call_id: str) -> None:
        self._calls.append((call_id, self._waiting))
        self._waiting = []

    def remember(self, issuer: str | None) -> None:
        """Store the calls of an answer that is complete, with what came before them, under the id of the first one."""
        if issuer is None or not any(before for _, before in self._calls):
            return
        first, _ = self._calls[0]
        self._memory.put(_key(issuer, first), json.dumps(self._calls, ensure_ascii=False))
        for call_id, _ in self._calls:
            signers.remember(self._memory, call_id, issuer)


def may_have_signed(models: Collection[str], dialects: Collection[str], issuer: str | None) -> bool:
    """Return whether `issuer` may be one of `models`, by their short names, in one of `dialects`. An issuer that nobody
    kept gets the benefit of the doubt."""
    if issuer is None:
        return True
    dialect, _, name = issuer.partition(":")
    return dialect in dialects and (not name or short_name(name) in models)


def recalled(turns: Iterable[Turn], memory: Memory, issuer: str) -> tuple[Turn, ...]:
    """Return `turns` with the thinking that `issuer` signed before their calls, where the client omits it and the calls
    are all those of one answer. Signed thinking whose issuer the client dropped gets it back."""
    whole: list[Turn] = []
    for role, each in groupby(turns, lambda turn: turn.role):
        run = list(each)
        whole += _recalled(run, memory, issuer) if role == "assistant" else run
    return tuple(whole)


def _recalled(run: list[Turn], memory: Memory, issuer: str) -> list[Turn]:
    """Return the same for turns of the assistant's with nobody's between them: one answer, perhaps in several
    messages."""
    calls = [part.id for turn in run for part in turn.parts if isinstance(part, ToolCall)]
    if not calls:
        return run
    if any(_signed(part) for turn in run for part in turn.parts):
        return _with_issuer(run, signers.signer(memory, calls[0]))
    stored = _stored(memory, issuer, calls)
    if stored is None:
        return run
    before = {call_id: [_thought(each, issuer) for each in blocks] for call_id, blocks in stored}
    ahead: list[Part] = [*before.pop(calls[0])]
    turns = [replace(turn, parts=tuple(_placed(turn.parts, before))) for turn in run]
    return [replace(turns[0], parts=(*ahead, *turns[0].parts)), *turns[1:]]


def _placed(parts: Iterable[Part], before: dict[str, list[Thought]]) -> Iterable[Part]:
    """Return `parts` with the remembered thoughts instead of those without their signatures."""
    for part in parts:
        if isinstance(part, ToolCall):
            yield from before.get(part.id, ())
        if not isinstance(part, Reasoning):
            yield part


def _with_issuer(run: list[Turn], issuer: str | None) -> list[Turn]:
    if issuer is None:
        return run
    return [replace(turn, parts=tuple(_issued(part, issuer) for part in turn.parts)) for turn in run]


def _issued(part: Part, issuer: str) -> Part:
    if isinstance(part, Reasoning | RedactedReasoning) and _signed(part) and part.issuer is None:
        return replace(part, issuer=issuer)
    return part


def _signed(part: Part) -> bool:
    return isinstance(part, RedactedReasoning) or (isinstance(part, Reasoning) and part.signature is not None)


def _stored(memory: Memory, issuer: str, calls: list[str]) -> list[tuple[str, list[_Stored]]] | None:
    text = memory.get(_key(issuer, calls[0]))
    stored: list[tuple[str, list[_Stored]]] = json.loads(text) if text else []
    return stored if [call_id for call_id, _ in stored] == calls else None


def _thought(stored: _Stored, issuer: str) -> Thought:
    if len(stored) == 1:
        return RedactedReasoning(stored[0], issuer)
    text, signature = stored
    return Reasoning(text, signature, issuer)


def _key(issuer: str, call_id: str) -> str:
    """Return a key under which no other model finds it."""
    dialect, _, model = issuer.partition(":")
    return f"thoughts {dialect}:{short_name(model)} {call_id}"
