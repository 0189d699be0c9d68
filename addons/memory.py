"""What the gateway remembers for its clients between their requests: bounded, in memory only, apart for every key."""

from collections import OrderedDict

ENTRIES = 4096
"""Of one client."""
LONGEST = 64 * 1024
"""Characters of one text; a longer one is not kept."""


class LruMemory:
    """Keeps the `ENTRIES` texts that were put or asked for last."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self._entries = entries
        self._texts: OrderedDict[str, str] = OrderedDict()

    def get(self, key: str) -> str | None:
        text = self._texts.get(key)
        if text is not None:
            self._texts.move_to_end(key)
        return text

    def put(self, key: str, value: str) -> None:
        if len(value) > LONGEST:
            return
        self._texts[key] = value
        self._texts.move_to_end(key)
        if len(self._texts) > self._entries:
            self._texts.popitem(last=False)


class Memories:
    """One memory a client key, by its name."""

    def __init__(self) -> None:
        self._of: dict[str, LruMemory] = {}

    def of(self, key_name: str) -> LruMemory:
        return self._of.setdefault(key_name, LruMemory())
