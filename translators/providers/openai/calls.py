"""Which tool call a fragment belongs to.

OpenAI counts calls by `index` from 0 and names each in its first fragment only. Others leave `index` out (Mistral),
begin at 1, give every call the same one, or repeat `id` and `name` in each fragment; all of it is understood.
"""

from collections.abc import Iterable, Mapping
from typing import Any


class Call:
    """A call of an answer: its place among them, and what it said of itself so far."""

    __slots__ = ("id", "index", "name")

    def __init__(self, index: int) -> None:
        self.index = index
        self.id = ""
        self.name = ""


class Calls:
    """The calls of one choice in order of appearance."""

    def __init__(self) -> None:
        self.seen: list[Call] = []
        self._by_index: dict[int, Call] = {}
        self._by_id: dict[str, Call] = {}

    def placed(self, fragments: Iterable[Any]) -> list[tuple[Call, Mapping[str, Any]]]:
        """Each fragment of one delta beside its call. What is no object is none."""
        placed: list[tuple[Call, Mapping[str, Any]]] = []
        for fragment in fragments:
            if isinstance(fragment, dict):
                placed.append((self._call(fragment, placed), fragment))
        return placed

    def _call(self, fragment: Mapping[str, Any], before: list[tuple[Call, Mapping[str, Any]]]) -> Call:
        id, name, index = told(fragment, "id"), name_of(fragment), fragment.get("index")
        index = index if type(index) is int else None
        if index is not None and not id and not name and (call := self._by_index.get(index)) is not None:
            return call  # as nearly all fragments are
        call = self._known(index, id, name)
        if call is not None and name and any(other is call for other, _ in before):
            call = None  # two names in one delta are two calls, whatever their index
        if call is None:
            call = Call(len(self.seen))
            self.seen.append(call)
        if index is not None:
            self._by_index[index] = call
        if id and not call.id:
            call.id = id
            self._by_id[id] = call
        call.name = call.name or name
        return call

    def _known(self, index: int | None, id: str, name: str) -> Call | None:
        last = self.seen[-1] if self.seen else None
        if index is None:
            return self._by_id.get(id) or (None if name else last)
        call = self._by_index.get(index)
        if call is None:
            return None if id or name else last
        # An id of its own in every fragment is no sign of another call (vLLM did so), a name with it is.
        other = name and call.name and (id != call.id if id and call.id else name != call.name)
        return None if other else call


def name_of(fragment: Mapping[str, Any]) -> str:
    inner = fragment.get("function") or fragment.get("custom")
    return told(inner, "name") if isinstance(inner, dict) else ""


def told(holder: Mapping[str, Any], name: str) -> str:
    """A text field, empty where it is anything else."""
    value = holder.get(name)
    return value if isinstance(value, str) else ""
