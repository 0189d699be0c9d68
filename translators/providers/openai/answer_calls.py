"""The calls of an answer, and the one that each fragment belongs to.

OpenAI counts calls by `index` from 0 and names each in its first fragment only. Others leave `index` out (Mistral),
begin at 1, give every call the same one, repeat `id` and `name` in each fragment, or tell either of them late; all of
it is understood.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from translators.notes import Note
from translators.providers.shared.answers import made_id, text_or_empty


class CallIdentity:
    """A call's place among those of its choice, its id and its name, as far as they have come."""

    __slots__ = ("id", "index", "name")

    def __init__(self, index: int) -> None:
        self.index = index
        self.id = ""
        self.name = ""

    def known(self, *, begun: bool) -> bool:
        """Return whether it can be emitted: its name is there, and its id, or that will not come since its arguments
        have `begun`."""
        return bool(self.name and (self.id or begun))


class CallRegistry:
    """The calls of one choice in order of appearance."""

    def __init__(self, choice: int = 0) -> None:
        self.seen: list[CallIdentity] = []
        self._choice = choice
        self._by_index: dict[int, CallIdentity] = {}
        self._by_id: dict[str, CallIdentity] = {}
        self._ids: set[str] = set()
        self._started = 0

    def open(self, call: CallIdentity, answer: str) -> tuple[int, str, Note | None]:
        """Return the place of the next call that is emitted, its id, and a note where that had to be made: of `answer`,
        a word that no other answer of the conversation has."""
        index, id, note = self._started, call.id, None
        if not id or id in self._ids:
            note = made_id(index, id)
            id = f"call_{answer}{self._choice}_{index}"
        self._ids.add(id)
        self._started += 1
        return index, id, note

    def placed(self, fragments: Iterable[Any]) -> list[tuple[CallIdentity, Mapping[str, Any]]]:
        """Return each fragment of one delta beside its call. One that is no object is left out."""
        placed: list[tuple[CallIdentity, Mapping[str, Any]]] = []
        for fragment in fragments:
            if isinstance(fragment, dict):
                placed.append((self._call(fragment, placed), fragment))
        return placed

    def _call(self, fragment: Mapping[str, Any], before: list[tuple[CallIdentity, Mapping[str, Any]]]) -> CallIdentity:
        id, name, index = text_or_empty(fragment, "id"), name_of(fragment), fragment.get("index")
        index = index if type(index) is int else None
        if index is not None and not id and not name and (call := self._by_index.get(index)) is not None:
            return call  # as nearly all fragments are
        call = self._known(index, id, name)
        if call is not None and name and any(other is call for other, _ in before):
            call = None  # two names in one delta are two calls, whatever their index
        if call is None:
            call = CallIdentity(len(self.seen))
            self.seen.append(call)
        if index is not None:
            self._by_index[index] = call
        if id and not call.id:
            call.id = id
            self._by_id[id] = call
        call.name = call.name or name
        return call

    def _known(self, index: int | None, id: str, name: str) -> CallIdentity | None:
        last = self.seen[-1] if self.seen else None
        if index is None:
            return self._by_id.get(id) or (None if name else last)
        call = self._by_index.get(index)
        if call is None:
            return None if id or name else last
        # An id of its own in every fragment is no sign of another call (vLLM did so), a name with it is.
        other = name and call.name and (id != call.id if id and call.id else name != call.name)
        return None if other else call


def call_prefix(answer: str | None) -> str:
    """Return the beginning of the ids that calls of the answer get which have none: no two answers of a conversation
    may use one id."""
    return re.sub("[^A-Za-z0-9]", "", answer[-32:])[-24:] + "_" if answer else ""


def name_of(fragment: Mapping[str, Any]) -> str:
    """Return the name in a fragment, `{"function": {"name": ...}}` or `{"custom": {"name": ...}}`, empty without
    one."""
    inner = fragment.get("function") or fragment.get("custom")
    return text_or_empty(inner, "name") if isinstance(inner, dict) else ""


def arguments_of(inner: Mapping[str, Any]) -> str:
    """Return the arguments of a function, or a custom tool's input, as text: some servers give the JSON itself."""
    arguments = inner.get("arguments")
    if arguments is None:
        arguments = inner.get("input")
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return json.dumps(arguments, ensure_ascii=False)


def says_nothing(fragment: Mapping[str, Any]) -> bool:
    """Return whether a call is made of zero values, as some servers write where there is none."""
    inner = fragment.get("function") or fragment.get("custom") or {}
    blank = not isinstance(inner, dict) or arguments_of(inner).strip() in ("", "{}")
    return blank and not name_of(fragment) and not text_or_empty(fragment, "id")
