"""The class of each end that an attempt can have."""

from typing import Any

import pytest

from addons.metrics.outcomes import OUTCOMES, outcome, reports
from tests.addons.metrics.records import USAGE, attempt, record


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        pytest.param(200, None, "ok", id="an answer"),
        pytest.param(0, "connect", "connect", id="no connection"),
        pytest.param(0, "connect: it was refused", "connect", id="no connection, and why"),
        pytest.param(0, "timeout", "timeout", id="nothing in time"),
        pytest.param(200, "timeout", "timeout", id="silence in an answer"),
        pytest.param(429, "429 rate_limit_exceeded", "429", id="429"),
        pytest.param(403, "403", "4xx", id="403"),
        pytest.param(529, "529 overloaded", "5xx", id="529"),
        pytest.param(200, "529 overloaded in the stream", "stream_error", id="an overload in a stream"),
        pytest.param(200, "cut", "stream_cut", id="a cut"),
        pytest.param(200, "cut: bad_provider_answer", "unreadable", id="an answer that is none"),
        pytest.param(200, "empty", "empty", id="an empty answer"),
        pytest.param(0, "credentials", "credentials", id="no token"),
        pytest.param(0, "cannot carry the request: x", "refused", id="a request that cannot be rendered"),
        pytest.param(200, "cancelled", "cancelled", id="the client left"),
        pytest.param(200, "dropped: another was faster", "cancelled", id="a hedge"),
        pytest.param(0, "something new", "other", id="whatever else"),
        pytest.param(302, "302", "other", id="a redirection"),
    ],
)
def test_class(status: int, reason: str | None, kind: str) -> None:
    assert outcome(attempt(status=status, reason=reason)) == kind
    assert kind in OUTCOMES


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        pytest.param({}, "ok", id="an answer"),
        pytest.param({"end": "cancelled"}, "cancelled", id="the client left"),
        pytest.param(
            {
                "end": "failed",
                "error": "rate_limit",
                "cause": "the provider answered 429",
                "first_event": None,
            },
            "429",
            id="429",
        ),
        pytest.param(
            {"end": "failed", "error": "provider_connection_failed", "first_event": None}, "connect", id="no connection"
        ),
        pytest.param({"end": "failed", "error": "provider_connection_failed"}, "stream_cut", id="a cut"),
        pytest.param({"end": "failed", "error": "provider_idle_timeout"}, "timeout", id="silence"),
        pytest.param({"end": "failed", "error": "bad_provider_answer"}, "unreadable", id="an answer that is none"),
        pytest.param({"end": "failed", "error": "overloaded_error"}, "stream_error", id="an overload in a stream"),
    ],
)
def test_a_record_without_attempts_tells_its_own(fields: dict[str, Any], kind: str) -> None:
    [report] = reports(record(**fields))
    assert outcome(report) == kind
    assert (report.provider, report.model, report.usage) == ("anthropic", "claude-opus-4-6", USAGE)


def test_what_asked_no_provider_has_no_attempt() -> None:
    assert reports(record(attempts=0, end="refused")) == []
