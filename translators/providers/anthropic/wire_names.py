"""Ids and names that Anthropic's patterns refuse, rewritten without collisions and the same way every time.

Tool names: `^[a-zA-Z0-9_-]{1,128}$`; ids of calls: `^[a-zA-Z0-9_-]+$`. Elsewhere both may have to be shorter.
"""

import hashlib
import re
from collections.abc import Iterable

from translators.conversation import Conversation, ToolCall
from translators.errors import BadRequest

_GOOD = re.compile(r"[a-zA-Z0-9_-]+").fullmatch
_REFUSED = re.compile(r"[^a-zA-Z0-9_-]")


def _respelled(original: str, taken: set[str], room: int, count: int = 0) -> tuple[str, int]:
    """`original` with its refused characters replaced, and a hash of all of it: what differed still differs."""
    stem = _REFUSED.sub("_", original)[: room - 13]
    while True:
        digest = hashlib.sha256(f"{count or ''}{original}".encode("utf-8", "replace")).hexdigest()
        if (spelling := f"{stem}_{digest[:12]}") not in taken:
            return spelling, count + 1
        count += 1


class ToolNames:
    """A bijection between the client's tool names and the wire's, fixed before the first block is written."""

    def __init__(self, names: Iterable[str], reserved: frozenset[str] = frozenset(), longest: int = 128) -> None:
        every = list(dict.fromkeys(names))
        good = {name for name in every if len(name) <= longest and _GOOD(name) and name not in reserved}
        taken = good | reserved
        self._wire: dict[str, str] = {}
        for name in every:
            self._wire[name] = name if name in good else _respelled(name, taken, longest)[0]
            taken.add(self._wire[name])

    def __getitem__(self, name: str) -> str:
        return self._wire[name]

    def restored(self) -> dict[str, str]:
        """Wire name -> the client's, where they differ."""
        return {wire: name for name, wire in self._wire.items() if wire != name}


class CallIds:
    """Ids of calls in the order of the conversation. An id that is used again for a later call, as clients that
    count their calls from 0 do, gets a spelling of its own, and its results follow it."""

    def __init__(self, asked: Conversation, longest: int | None = None) -> None:
        calls = [part.id for turn in asked.turns for part in turn.parts if isinstance(part, ToolCall)]
        self._taken = {id for id in calls if _GOOD(id) and (longest is None or len(id) <= longest)}
        self._latest: dict[str, str] = {}
        self._uses: dict[str, int] = {}  # so that an id that is used for every call is not tried from 0 each time

    def opened(self, id: str) -> str:
        """The wire's id of a call."""
        if id not in self._latest and id in self._taken:
            wire = id
        else:
            wire, self._uses[id] = _respelled(id, self._taken, 64, self._uses.get(id, 0))
            self._taken.add(wire)
        self._latest[id] = wire
        return wire

    def answered(self, id: str, at: str) -> str:
        """The wire's id of the call that a result belongs to."""
        try:
            return self._latest[id]
        except KeyError:
            raise BadRequest(
                f"The tool result for the call '{id[:80]}' has no such call before it.", param=at or "messages"
            ) from None
