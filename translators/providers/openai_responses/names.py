"""Names of tools and ids of calls that the API refuses, rewritten without collisions and the same way every time.

Tool names: `^[a-zA-Z0-9_-]{1,128}$`; `call_id` has 1 to 64 characters.
"""

import hashlib
import re
from collections.abc import Iterable

from translators.conversation import Conversation, ToolCall
from translators.errors import BadRequest

_GOOD_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}").fullmatch
_REFUSED = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_ID = 64


def _respelled(original: str, taken: set[str], room: int, count: int = 0) -> tuple[str, int]:
    """`original` with its refused characters replaced, and a hash of all of it: what differed still differs."""
    stem = _REFUSED.sub("_", original)[: room - 13]
    while True:
        digest = hashlib.sha256(f"{count or ''}{original}".encode("utf-8", "replace")).hexdigest()
        if (spelling := f"{stem}_{digest[:12]}") not in taken:
            return spelling, count + 1
        count += 1


class ToolNames:
    """A bijection between the client's tool names and the wire's, fixed before the first item is written."""

    def __init__(self, names: Iterable[str]) -> None:
        every = list(dict.fromkeys(names))
        taken = {name for name in every if _GOOD_NAME(name)}
        self._wire: dict[str, str] = {}
        for name in every:
            self._wire[name] = name if _GOOD_NAME(name) else _respelled(name, taken, 128)[0]
            taken.add(self._wire[name])

    def __getitem__(self, name: str) -> str:
        return self._wire[name]

    def restored(self) -> dict[str, str]:
        """Wire name -> the client's, where they differ."""
        return {wire: name for name, wire in self._wire.items() if wire != name}


class Calls:
    """The calls in the order of the conversation. An id that is used again for a later call, as clients that count
    their calls from 0 do, gets a spelling of its own, and its result follows it."""

    def __init__(self, asked: Conversation) -> None:
        ids = [part.id for turn in asked.turns for part in turn.parts if isinstance(part, ToolCall)]
        self._taken = {id for id in ids if 0 < len(id) <= _LONGEST_ID}
        self._latest: dict[str, tuple[str, str]] = {}
        self._uses: dict[str, int] = {}
        self._open: dict[str, ToolCall] = {}

    def opened(self, call: ToolCall) -> str:
        """The wire's id of a call."""
        id = call.id
        if id not in self._latest and id in self._taken:
            wire = id
        else:
            wire, self._uses[id] = _respelled(id, self._taken, _LONGEST_ID, self._uses.get(id, 0))
            self._taken.add(wire)
        self._latest[id] = wire, call.kind
        self._open[wire] = call
        return wire

    def answered(self, id: str, at: str) -> tuple[str, str]:
        """The wire's id and the kind of the call that a result belongs to."""
        wire, kind = self._latest.get(id, ("", ""))
        if wire not in self._open:
            which = "has no such call before it" if not wire else "is the second one"
            raise BadRequest(f"The tool result for the call '{id[:80]}' {which}.", param=at or "messages")
        del self._open[wire]
        return wire, kind

    def close(self) -> None:
        """The conversation is over: every call must have its result."""
        for call in self._open.values():
            raise BadRequest(f"The tool call '{call.id[:80]}' has no result after it.", param=call.at or "messages")
