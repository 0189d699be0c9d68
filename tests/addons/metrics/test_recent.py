"""Percentiles of the last minutes, in a room that does not grow."""

import pytest

from addons.metrics.recent import MOST, SECONDS, Recent


def filled(values: list[float], at: float = 0.0) -> Recent:
    recent = Recent()
    for value in values:
        recent.add(at, value)
    return recent


@pytest.mark.parametrize(
    ("values", "percentiles"),
    [
        pytest.param([], None, id="none"),
        pytest.param([3.0], {50: 3.0, 90: 3.0, 99: 3.0}, id="one"),
        pytest.param([2.0, 1.0], {50: 1.0, 90: 2.0, 99: 2.0}, id="two"),
        pytest.param([float(n) for n in range(100, 0, -1)], {50: 50.0, 90: 90.0, 99: 99.0}, id="a hundred"),
    ],
)
def test_percentiles(values: list[float], percentiles: dict[int, float] | None) -> None:
    assert filled(values).percentiles(0.0) == percentiles


def test_what_is_old_does_not_count() -> None:
    recent = filled([9.0], at=0.0)
    recent.add(1.0, 1.0)
    assert recent.percentiles(SECONDS) == {50: 1.0, 90: 9.0, 99: 9.0}
    assert recent.percentiles(SECONDS + 0.5) == {50: 1.0, 90: 1.0, 99: 1.0}
    assert recent.percentiles(SECONDS + 2) is None


def test_the_oldest_makes_room() -> None:
    recent = filled([9.0] * MOST)
    for _ in range(MOST):
        recent.add(0.0, 1.0)
    assert recent.percentiles(0.0) == {50: 1.0, 90: 1.0, 99: 1.0}
