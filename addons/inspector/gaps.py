"""The gaps between the events of a stream, in so few numbers that a line of a list can show them."""

from collections.abc import Sequence

from addons.inspector.recording import SLICES


class Gaps:
    """The longest gap in each slice of a stream. Slices have the same number of events; with more events than there are
    slices for, two become one."""

    def __init__(self, known: Sequence[float] = ()) -> None:
        self._slices = list(known)
        self._width = 1
        """The gaps of a slice."""
        self._filled = 0
        """The gaps in the last slice."""
        self._last: float | None = None
        self.longest: float | None = None

    def add(self, at: float) -> None:
        """Take an event's time, in milliseconds."""
        last, self._last = self._last, at
        if last is None:
            return
        gap = max(0.0, at - last)
        if self.longest is None or gap > self.longest:
            self.longest = gap
        if self._slices and self._filled < self._width:
            self._filled += 1
            self._slices[-1] = max(self._slices[-1], gap)
            return
        if len(self._slices) == SLICES:
            self._slices = [max(self._slices[at : at + 2]) for at in range(0, SLICES, 2)]
            self._width *= 2
        self._slices.append(gap)
        self._filled = 1

    @property
    def shown(self) -> tuple[float, ...]:
        return tuple(round(gap, 2) for gap in self._slices)
