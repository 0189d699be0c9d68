"""The events of an exchange that are kept: of a long stream the first and the last."""

from collections import deque
from collections.abc import Sequence

from addons.exchange.observers import Pair

EVENT_COST = 220
"""Bytes that Python itself needs for an event, about; then for a note."""
NOTE_COST = 600


class KeptEvents:
    """`room` is that of the last ones, in bytes. What changes how many bytes are kept returns by how many. It has no
    lock of its own."""

    __slots__ = ("_first", "_last", "_room", "count")

    def __init__(self, room: int) -> None:
        self.count = 0
        """All events that came."""
        self._first: list[Pair] = []
        """Their numbers are their places."""
        self._last: deque[Pair] | tuple[()] = ()
        """None of them, as long as all are the first."""
        self._room = room

    def add(self, pairs: Sequence[Pair], size: int, *, fits: bool) -> int:
        """Keep events of so many bytes. `fits`: they are not too many for the first ones."""
        whole = self.count == len(self._first)
        self.count += len(pairs)
        if whole and fits:
            self._first += pairs
            return size
        self._last = last = self._last or deque()
        last += pairs
        self._room -= size
        while self._room < 0 and last:
            back = cost(last.popleft())
            self._room += back
            size -= back
        return size

    def numbered(self, first: int, until: int | None = None) -> list[tuple[int, Pair]]:
        """Return the events from number `first` on, with their numbers."""
        end = self.count if until is None else until
        last = enumerate(self._last, self.count - len(self._last))
        return [*enumerate(self._first[first:until], first), *((n, pair) for n, pair in last if first <= n < end)]

    def replace(self, n: int, new: Pair) -> int:
        """Put an event in the place of number `n`, if that is still kept."""
        place = n - self.count + len(self._last)
        if n < len(self._first):
            by = cost(new) - cost(self._first[n])
            self._first[n] = new
        elif place >= 0 and self._last:
            by = cost(new) - cost(self._last[place])
            self._last[place] = new
            self._room -= by
        else:
            by = 0
        return by

    def clear(self) -> None:
        self._first, self._last = [], ()


def cost(pair: Pair) -> int:
    """Return the bytes that an event counts for."""
    return EVENT_COST + len(pair.provider) + len(pair.client) + NOTE_COST * len(pair.notes)
