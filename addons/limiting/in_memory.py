"""Counts in memory: of one gateway alone, and gone with it."""

from collections import defaultdict
from collections.abc import Callable

from limits.storage import MemoryStorage

from addons.exchange.client_limits import WINDOW, Window

UNLIMITED = 2**53
"""More than any window holds: what is counted with it as the limit is counted in any case."""


class InMemory:
    """Counts for the thread of the event loop alone."""

    remote = False

    def __init__(self) -> None:
        self._windows = MemoryStorage()
        self._slots: defaultdict[str, set[str]] = defaultdict(set)

    def take_slot(self, name: str, slot: str, most: int) -> bool:
        taken = len(self._slots[name]) < most
        if taken:
            self._slots[name].add(slot)
        return taken

    def free_slot(self, name: str, slot: str) -> None:
        self._slots[name].discard(slot)

    def take_request(self, name: str, most: int) -> bool:
        return self._windows.acquire_sliding_window_entry(f"requests/{name}", most, WINDOW)

    def requests(self, name: str) -> Window:
        return Window(*self._windows.get_sliding_window(f"requests/{name}", WINDOW))

    def add_tokens(self, name: str, tokens: int) -> None:
        self._windows.acquire_sliding_window_entry(f"tokens/{name}", UNLIMITED, WINDOW, tokens)

    def tokens(self, name: str) -> Window:
        return Window(*self._windows.get_sliding_window(f"tokens/{name}", WINDOW))

    def later(self, do: Callable[[], None]) -> None:
        do()

    def close(self) -> None:
        pass
