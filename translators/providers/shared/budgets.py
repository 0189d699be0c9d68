"""Tokens to think in, of a limit that the thoughts and the answer have together."""

from collections.abc import Mapping

_TENTHS: Mapping[str, int] = {"minimal": 1, "low": 2, "medium": 5, "high": 8, "xhigh": 8, "max": 8}
"""Of the limit, where that is too small for the level's own budget."""
SHARED = "A share of the limit: more would leave too little to answer in."


def within(limit: int | None, budget: int, level: str = "high") -> int:
    """Return `budget`, or the share of `limit` that `level` has where that is less and `budget` would keep less than a
    quarter of it for the answer. A budget that stands for no level has the share of a high one."""
    if limit is None or 4 * (limit - budget) >= limit:
        return budget
    return min(budget, limit * _TENTHS[level] // 10)
