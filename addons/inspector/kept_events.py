"""The events of an exchange that are kept: of a long stream the first and the last."""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import chain, islice
from operator import itemgetter

from addons.exchange.observers import Pair

EVENT_COST = 220
"""Bytes that Python itself needs for an event, about; then for a note."""
NOTE_COST = 600

_Read = tuple[int, Sequence[Pair]]
"""The events of one read, with the number of the first."""
_NUMBER = itemgetter(0)


class KeptEvents:
    """`room` is that of the last ones, in bytes. What changes how many bytes are kept returns by how many. It has no
    lock of its own. Events stay as they came, a read at a time."""

    __slots__ = ("_first", "_in_place_of", "_last", "_room", "_whole", "count")

    def __init__(self, room: int) -> None:
        self.count = 0
        """All events that came."""
        self._first: list[_Read] = []
        self._last: deque[_Read] | None = None
        self._whole = True
        """All of them are the first."""
        self._in_place_of: dict[int, Pair] = {}
        """Those that have been replaced, by their numbers."""
        self._room = room

    def add(self, pairs: Sequence[Pair], size: int, *, fits: bool) -> int:
        """Keep events of so many bytes. `fits`: they are not too many for the first ones."""
        read = self.count, (pairs if len(pairs) > 1 else (pairs[0],))  # an event by itself is smaller as a pair
        self.count += len(pairs)
        if self._whole and fits:
            self._first.append(read)
            return size
        self._whole = False
        last = self._last
        if last is None:
            self._last = last = deque()
        last.append(read)
        self._room -= size
        while self._room < 0 and last:
            back = self._let_go(*last.popleft())
            self._room += back
            size -= back
        return size

    def skip(self, number: int) -> None:
        """Take it that events before this number were not kept by who kept them."""
        self._whole = self._whole and number == self.count
        self.count = number

    def numbered(self, first: int, until: int | None = None) -> list[tuple[int, Pair]]:
        """Return the events from number `first` on, with their numbers."""
        end = self.count if until is None else until
        begin = max(0, bisect_right(self._first, first, key=_NUMBER) - 1)
        reads = chain(islice(self._first, begin, None), self._last or ())
        events = chain.from_iterable(enumerate(pairs, number) for number, pairs in reads)
        return [(n, self._in_place_of.get(n, pair)) for n, pair in events if first <= n < end]

    def replace(self, n: int, old: Pair, new: Pair) -> int:
        """Put an event in the place of `old`, whose number is `n`, if that is still kept."""
        last = self._last
        is_last = last is not None and len(last) > 0 and n >= last[0][0]
        if not is_last and not self._is_first(n):
            return 0
        by = cost(new) - cost(old)
        self._in_place_of[n] = new
        if is_last:
            self._room -= by
        return by

    def _is_first(self, n: int) -> bool:
        return bool(self._first) and n < self._first[-1][0] + len(self._first[-1][1])

    def _let_go(self, number: int, pairs: Sequence[Pair]) -> int:
        """Return the bytes of events that are kept no more."""
        return sum(cost(self._in_place_of.pop(n, pair)) for n, pair in enumerate(pairs, number))

    def clear(self) -> None:
        self._first, self._last, self._in_place_of = [], None, {}


def cost(pair: Pair) -> int:
    """Return the bytes that an event counts for."""
    return EVENT_COST + len(pair.provider) + len(pair.client) + NOTE_COST * len(pair.notes)
