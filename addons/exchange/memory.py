"""The gateway's memory for its clients between their requests: bounded, never on disk, apart for every key."""

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

CHARACTERS = 16 * 1024 * 1024
"""That one client's texts may have together, with their keys."""
LONGEST = 1024 * 1024
"""Characters of one text; a longer one is not stored."""


class LruMemory:
    """Texts by key: those that were put or read last, as much as there is room for."""

    def __init__(self, characters: int = CHARACTERS) -> None:
        self._room = characters
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()  # heavy requests are read in a thread of their own

    def get(self, key: str) -> str | None:
        with self._lock:
            text = self._texts.get(key)
            if text is not None:
                self._texts.move_to_end(key)
            return text

    def put(self, key: str, value: str) -> None:
        if len(value) > LONGEST:
            return
        with self._lock:
            self._forget(key)
            self._texts[key] = value
            self._room -= len(key) + len(value)
            while self._room < 0:
                self._forget(next(iter(self._texts)))

    def _forget(self, key: str) -> None:
        value = self._texts.pop(key, None)
        if value is not None:
            self._room += len(key) + len(value)


class Memories:
    """One memory a client key, by its owner."""

    def __init__(self) -> None:
        self._of: dict[str, LruMemory] = {}

    def of(self, owner: str) -> LruMemory:
        return self._of.setdefault(owner, LruMemory())

    def keep(self, owners: Iterable[str]) -> None:
        """Forget what is remembered for others."""
        kept = set(owners)
        for owner in self._of.keys() - kept:
            del self._of[owner]
