"""The class of each end that an attempt can have."""

from typing import get_args

import pytest

from addons.metrics.attempt_classes import OUTCOMES, outcome
from routing.outcomes import Kind
from tests.addons.metrics.records import attempt


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        pytest.param(200, None, "ok", id="an answer"),
        pytest.param(0, "connect", "connect", id="no connection"),
        pytest.param(200, "timeout", "timeout", id="nothing in time"),
        pytest.param(429, "status", "429", id="429"),
        pytest.param(403, "status", "4xx", id="403"),
        pytest.param(529, "status", "5xx", id="529"),
        pytest.param(302, "status", "other", id="a redirection"),
        pytest.param(200, "stream", "stream_error", id="an overload in a stream"),
        pytest.param(200, "cut", "stream_cut", id="a cut"),
        pytest.param(200, "unreadable", "unreadable", id="an answer that is none"),
        pytest.param(200, "empty", "empty", id="an empty answer"),
        pytest.param(0, "credentials", "credentials", id="no token"),
        pytest.param(0, "refused", "refused", id="a request that cannot be rendered"),
        pytest.param(200, "ended", "cancelled", id="the client left"),
        pytest.param(0, "overtaken", "cancelled", id="a hedge"),
    ],
)
def test_class(status: int, kind: Kind | None, expected: str) -> None:
    assert outcome(attempt(status=status, kind=kind)) == expected
    assert expected in OUTCOMES


def test_every_kind_has_a_class() -> None:
    assert {outcome(attempt(kind=kind)) for kind in get_args(Kind)} <= set(OUTCOMES)
