"""Names of tools and ids of calls that a provider refuses, respelled without collisions and the same way every time.

Each provider gives a regular expression of what it takes. Letters, digits, `_` and `-` are taken by all of them.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator

from translators.conversation import ToolCall, Turn
from translators.errors import BadRequest

_DOUBTFUL = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_ID = 64
_SHORTEST = 9
SHORT_CALL_ID = r"[a-zA-Z0-9]{9}"
"""The ids of calls that Mistral's models take (https://mistralai.github.io/mistral-common/usage/tools)."""

Taker = Callable[[str], object]


class ToolNames:
    """A bijection between the client's tool names and the wire's, fixed before the first of them is written."""

    def __init__(
        self, names: Iterable[str], pattern: str, longest: int = 128, reserved: frozenset[str] = frozenset()
    ) -> None:
        """`pattern` takes no name that has more than `longest` characters."""
        takes = re.compile(pattern).fullmatch
        every = list(dict.fromkeys(names))
        good = {name for name in every if takes(name) and name not in reserved}
        taken = good | reserved
        self._wire: dict[str, str] = {}
        for name in every:
            self._wire[name] = name if name in good else _respelled(name, takes, longest, taken)[0]
            taken.add(self._wire[name])

    def __getitem__(self, name: str) -> str:
        return self._wire[name]

    def restored(self) -> dict[str, str]:
        """Return the client's name by the wire's, where they differ."""
        return {wire: name for name, wire in self._wire.items() if wire != name}


def call_ids(turns: Iterable[Turn]) -> Iterator[str]:
    """Return the ids of all calls."""
    return (part.id for turn in turns for part in turn.parts if isinstance(part, ToolCall))


class CallIds:
    """Ids of calls in the order of the conversation. An id that is used again for a later call, as clients that
    count their calls from 0 do, gets a spelling of its own, and its results follow it."""

    def __init__(self, calls: Iterable[str], pattern: str) -> None:
        """`calls` are the ids of all of them."""
        self._takes = re.compile(pattern).fullmatch
        self._taken = {id for id in calls if self._takes(id)}
        self._latest: dict[str, str] = {}
        self._uses: dict[str, int] = {}  # so that an id that is used for every call is not tried from 0 each time

    def of_call(self, id: str) -> str:
        """Return the wire's id of a call."""
        if id not in self._latest and id in self._taken:
            wire = id
        else:
            wire, self._uses[id] = _respelled(id, self._takes, _LONGEST_ID, self._taken, self._uses.get(id, 0))
            self._taken.add(wire)
        self._latest[id] = wire
        return wire

    def of_result(self, id: str, at: str) -> str:
        """Return the wire's id of a result's call. Raises `BadRequest` where there is none before it."""
        try:
            return self._latest[id]
        except KeyError:
            raise no_call(id, at) from None


def no_call(id: str, at: str) -> BadRequest:
    """Return the error of a result, written at `at`, without a call before it."""
    why = f"The tool result for the call '{id[:80]}' has no such call before it."
    return BadRequest(why, param=at or "messages")


def _respelled(original: str, takes: Taker, longest: int, taken: set[str], count: int = 0) -> tuple[str, int]:
    """Return `original` with its doubtful characters replaced, and a hash of all of it, so that what differed still
    differs; and the number of spellings tried so far."""
    stem = _DOUBTFUL.sub("_", original)[: longest - 14]
    while True:
        digest = hashlib.sha256(f"{count or ''}{original}".encode("utf-8", "replace")).hexdigest()
        spelling = f"{stem}_{digest[:12]}"
        if not takes(spelling):  # where it must not begin with a digit, or has nine letters and digits
            spelling = f"_{spelling}" if takes(f"_{spelling}") else digest[:_SHORTEST]
        count += 1
        if spelling not in taken:
            return spelling, count
