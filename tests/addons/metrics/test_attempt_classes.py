"""The class of each end that an attempt can have."""

import pytest

from addons.metrics.attempt_classes import OUTCOMES, outcome
from tests.addons.metrics.records import attempt


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        pytest.param(200, None, "ok", id="an answer"),
        pytest.param(0, "connect", "connect", id="no connection"),
        pytest.param(0, "connect: it was refused", "connect", id="no connection, and why"),
        pytest.param(0, "timeout", "timeout", id="nothing in time"),
        pytest.param(200, "timeout: idle", "timeout", id="silence in an answer"),
        pytest.param(429, "429 rate_limit_exceeded", "429", id="429"),
        pytest.param(403, "403", "4xx", id="403"),
        pytest.param(529, "529 overloaded", "5xx", id="529"),
        pytest.param(200, "529 overloaded in the stream", "stream_error", id="an overload in a stream"),
        pytest.param(200, "cut", "stream_cut", id="a cut"),
        pytest.param(200, "cut: bad_provider_answer", "unreadable", id="an answer that is none"),
        pytest.param(200, "empty", "empty", id="an empty answer"),
        pytest.param(0, "credentials", "credentials", id="no token"),
        pytest.param(0, "cannot carry the request: x", "refused", id="a request that cannot be rendered"),
        pytest.param(200, "cut: its answer cannot be read: a line is too long", "unreadable", id="no HTTP"),
        pytest.param(200, "the client left", "cancelled", id="the client left"),
        pytest.param(200, "it was killed in mitmproxy, by its user or by an addon", "cancelled", id="killed"),
        pytest.param(200, "the gateway shut down", "cancelled", id="the end"),
        pytest.param(0, "another target answered first", "cancelled", id="a hedge"),
        pytest.param(0, "something new", "other", id="whatever else"),
        pytest.param(302, "302", "other", id="a redirection"),
    ],
)
def test_class(status: int, reason: str | None, kind: str) -> None:
    assert outcome(attempt(status=status, reason=reason)) == kind
    assert kind in OUTCOMES
