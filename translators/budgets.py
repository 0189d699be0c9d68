"""Tokens to think in, for a level of effort."""

from collections.abc import Mapping

_TENTHS: Mapping[str, int] = {"minimal": 1, "low": 2, "medium": 5, "high": 8, "xhigh": 8, "max": 8}
"""Of the limit, where that is too small for the level's own budget."""
SHARED = "A share of the limit: the level's own budget would leave too little to answer in."


def within(limit: int | None, level: str, budget: int) -> int:
    """Return `budget`, which `level` stands for, or the level's share of `limit` where that keeps less than a quarter
    of it for the answer."""
    if limit is None or 4 * (limit - budget) >= limit:
        return budget
    return limit * _TENTHS[level] // 10
