"""What is counted of an exchange, under which labels, and how many sets of labels there can be."""

from typing import Any

import pytest

from addons.metrics.counts import MOST, OTHER, Counts
from tests.addons.metrics.records import USAGE, Names, attempt, record
from tests.clock import Clock

CHAT = ("chat", "opus", "anthropic", "tester", "2xx", "complete", True)


def counts() -> Counts:
    return Counts(Clock(), Names)


@pytest.mark.parametrize(
    ("fields", "labels"),
    [
        pytest.param({}, CHAT, id="a stream"),
        pytest.param({"stream": False, "path": "/v1/responses"}, ("responses", *CHAT[1:6], False), id="whole"),
        pytest.param({"model": "opus(high)"}, CHAT, id="a name with an effort"),
        pytest.param({"model": "claude-mine"}, ("chat", OTHER, *CHAT[2:]), id="a name that is not listed"),
        pytest.param(
            {"path": "/v1/../etc", "model": None, "provider": None, "status": 404, "end": "refused", "attempts": 0},
            (OTHER, "", "", "tester", "4xx", "refused", True),
            id="a path of the client's",
        ),
        pytest.param({"status": 0, "end": "cancelled"}, (*CHAT[:4], "none", "cancelled", True), id="no status"),
        pytest.param({"key_name": None, "status": 401}, (*CHAT[:3], "", "4xx", "complete", True), id="no key"),
    ],
)
def test_labels(fields: dict[str, Any], labels: tuple[Any, ...]) -> None:
    counted = counts()
    counted.ended(record(**fields))
    assert counted.requests == {labels: [1]}


def test_an_exchange_with_a_failover() -> None:
    counted = counts()
    failed = attempt(
        credential="anthropic-1", status=429, reason="429", kind="status", duration=0.1, first_event=None, usage=None
    )
    counted.ended(record(failed, attempt(at=0.1, credential="anthropic-2")))
    first = counted.tries["anthropic", "claude-opus-4-6", "anthropic-1"]
    second = counted.tries["anthropic", "claude-opus-4-6", "anthropic-2"]
    assert (first.ok, first.errors, first.last_error) == (0, {"429": 1}, ("429", 1_700_000_000.1))
    assert (second.ok, second.errors, second.last_error) == (1, {}, None)
    assert (first.tokens, second.tokens) == ([0] * 5, [7, 5, 3, 2, 1])
    assert counted.tokens == {("anthropic", "opus", "tester"): [7, 5, 3, 2, 1]}
    assert second.durations.percentiles(100.0) == {50: 2.0, 90: 2.0, 99: 2.0}
    assert first.durations.percentiles(100.0) is None


def test_a_providers_name_that_the_client_chose_is_no_label() -> None:
    counted = counts()
    counted.ended(record(attempt(model="claude-mine"), model="claude-mine", provider_model="claude-mine"))
    assert list(counted.tries) == [("anthropic", OTHER, "anthropic-1")]
    assert list(counted.timed) == [("anthropic", OTHER, True)]
    assert list(counted.tokens) == [("anthropic", OTHER, "tester")]


def test_what_asked_no_provider_has_no_time() -> None:
    counted = counts()
    counted.ended(record(attempts=0, usage=None, end="refused", status=400))
    assert (counted.timed, counted.tokens, counted.tries) == ({}, {}, {})
    assert counted.own.buckets()[-1] == ("+Inf", 0.0)


def test_unknown_tokens_are_none() -> None:
    counted = counts()
    counted.ended(record(usage=None))
    assert counted.tokens == {}


def test_no_more_labels_than_there_is_room_for() -> None:
    counted = counts()
    for number in range(MOST + 50):
        counted.ended(record(attempt(credential=f"c-{number}"), key_name=f"k-{number}", provider=f"p-{number}"))
    for kept in (counted.requests, counted.timed, counted.tokens, counted.tries):
        assert len(kept) == MOST + 1
    assert counted.requests["chat", OTHER, OTHER, OTHER, "2xx", "complete", True] == [50]
    assert counted.tries[OTHER, OTHER, OTHER].ok == 50
    assert counted.tokens[OTHER, OTHER, OTHER][0] == 50 * USAGE.input
