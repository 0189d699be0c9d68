"""The events of an exchange that are kept: of a long stream the first and the last.

Those that came together are kept as bytes: Python's collector would walk over so many small objects again and again.
"""

import marshal
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice, repeat
from operator import itemgetter
from typing import Any

from addons.exchange.observers import Pair, Pairs
from translators.notes import Note

READ_COST = 200
"""Bytes that Python itself needs for events that are kept together, about; then for a note."""
NOTE_COST = 600

_Notes = tuple[tuple[Note, ...], ...]
Read = tuple[int, int, bytes, _Notes | None]
"""The number of the first event, how many there are, all but their notes, and those if there are any. A plain tuple is
no work for the collector once it has seen that there are plain values in it."""
Numbered = tuple[int, Pair]
_NUMBER = itemgetter(0)


class KeptEvents:
    """`room` is that of the last ones, in bytes. What changes how many bytes are kept returns by how many. It has no
    lock of its own."""

    __slots__ = ("_first", "_last", "_room", "_whole", "count")

    def __init__(self, room: int) -> None:
        self.count = 0
        """All events that came."""
        self._first: list[Read] = []
        self._last: deque[Read] | None = None
        self._whole = True
        """All of them are the first."""
        self._room = room

    def add(self, pairs: Sequence[Pair], room: int) -> int:
        """Keep the events of a read. `room` is what there is for the first ones, in bytes."""
        read = _packed(self.count, pairs)
        self.count += len(pairs)
        size = _size(read)
        if self._whole and size <= room:
            self._first.append(read)
            return size
        self._whole = False
        if self._last is None:
            self._last = deque()
        self._last.append(read)
        self._room -= size
        return size - self._made_room()

    def _made_room(self) -> int:
        """Let the oldest of the last ones go until there is room. Return their bytes."""
        last, gone = self._last, 0
        while self._room < 0 and last:
            size = _size(last.popleft())
            self._room += size
            gone += size
        return gone

    def skip(self, number: int) -> None:
        """Take it that events before this number were not kept by who kept them."""
        self._whole = self._whole and number == self.count
        self.count = number

    def since(self, first: int, until: int | None = None) -> list[Read]:
        """Return the reads that have the events from number `first` on, for `unpacked`."""
        begin = max(0, bisect_right(self._first, first, key=_NUMBER) - 1)
        reads = chain(islice(self._first, begin, None), self._last or ())
        end = self.count if until is None else until
        return [read for read in reads if read[0] < end and read[0] + read[1] > first]

    def put(self, changed: Sequence[Read]) -> int:
        """Put reads in the places of those that have their numbers, as far as these are still kept."""
        new, by = {read[0]: read for read in changed}, 0
        for read in changed:
            at = bisect_right(self._first, read[0], key=_NUMBER) - 1
            if at >= 0 and self._first[at][0] == read[0]:
                by += _size(read) - _size(self._first[at])
                self._first[at] = read
        if self._last:
            before = sum(map(_size, self._last))
            self._last = deque(new.get(read[0], read) for read in self._last)
            more = sum(map(_size, self._last)) - before
            self._room -= more
            by += more
        return by


def unpacked(reads: Iterable[Read], first: int = 0, most: int | None = None) -> list[Numbered]:
    """Return the events of reads from number `first` on, with their numbers; at `most` so many."""
    events = chain.from_iterable(map(_unpacked, reads))
    return list(islice((event for event in events if event[0] >= first), most))


def changed(reads: Iterable[Read], change: Callable[[list[Numbered]], Sequence[Pair]]) -> list[Read]:
    """Return those of the reads of which `change` gives other events, as they are then."""
    kept = [(read, [*_unpacked(read)]) for read in reads]
    news = iter(change([event for _, events in kept for event in events]))
    made = []
    for read, events in kept:
        new = [*islice(news, len(events))]
        if any(pair is not other for (_, pair), other in zip(events, new, strict=True)):
            made.append(_packed(read[0], new))
    return made


def _packed(number: int, pairs: Sequence[Pair]) -> Read:
    """Return events as they are kept: a column of what differs, one value of what does not."""
    columns: tuple[Any, ...]
    if isinstance(pairs, Pairs):
        columns, notes = (pairs.at, pairs.names, pairs.providers, pairs.clients, *pairs.shared), pairs.notes
    else:
        *first, notes, call, attempt, injected = zip(*pairs, strict=True)
        columns = (*first, call, attempt, injected)
    return number, len(pairs), marshal.dumps(columns, 2), notes if any(notes) else None


def _unpacked(read: Read) -> Iterable[Numbered]:
    number, count, packed, notes = read
    columns = [value if isinstance(value, tuple) else repeat(value, count) for value in marshal.loads(packed)]
    columns.insert(4, repeat((), count) if notes is None else notes)
    return zip(range(number, number + count), map(Pair._make, zip(*columns, strict=True)), strict=True)


def columns(pairs: Sequence[Pair]) -> tuple[tuple[str, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    """Return the names, payloads and client bytes of events."""
    if isinstance(pairs, Pairs):
        return pairs.names, pairs.providers, pairs.clients
    _, names, providers, clients, *_ = zip(*pairs, strict=True)
    return names, providers, clients


def came(read: Sequence[Pair]) -> float | None:
    """Return when a provider's events came; None for what the gateway said by itself."""
    if isinstance(read, Pairs):
        return read.at if any(read.providers) else None
    return read[0].at if any(pair.provider for pair in read) else None


def _size(read: Read) -> int:
    """Return the bytes that the events of a read count for."""
    notes = read[3]
    return READ_COST + len(read[2]) + (0 if notes is None else NOTE_COST * sum(map(len, notes)))
