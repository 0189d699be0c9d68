"""The measurements of the last minutes, as many as fit into a fixed room, and their percentiles."""

from array import array

SECONDS = 300.0
"""What is older does not count."""
MOST = 512
"""Measurements that are kept; the oldest goes first."""
PERCENTILES = (50, 90, 99)


class Recent:
    """Times are seconds on one monotonic clock."""

    __slots__ = ("_at", "_next", "_values")

    def __init__(self) -> None:
        self._at, self._values = array("d"), array("d")
        self._next = 0

    def add(self, at: float, value: float) -> None:
        if len(self._at) < MOST:
            self._at.append(at)
            self._values.append(value)
            return
        self._at[self._next], self._values[self._next] = at, value
        self._next = (self._next + 1) % MOST

    def percentiles(self, now: float) -> dict[int, float] | None:
        """Return the smallest value that each of `PERCENTILES` of the measurements do not exceed; None without any."""
        # One of the two may be longer while another thread adds.
        values = sorted(value for at, value in zip(self._at, self._values, strict=False) if now - at <= SECONDS)
        if not values:
            return None
        return {each: values[-(-len(values) * each // 100) - 1] for each in PERCENTILES}
