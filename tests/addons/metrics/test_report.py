"""The JSON by provider, model and credential."""

from collections.abc import Callable, Set
from typing import Any

import pytest

from addons.exchange.exchange import Exchange
from addons.metrics.counts import Counts
from addons.metrics.report import Report
from routing.cooldowns import Cooldown
from tests.addons.exchange.test_exchange import Table
from tests.addons.metrics.records import Names, attempt, record
from tests.clock import Clock

NOTHING = dict.fromkeys(("input", "output", "cache_read", "cache_write", "reasoning"), 0)


def report(counts: Counts, running: Callable[[], list[Exchange]] = list, rests: tuple[Cooldown, ...] = ()) -> Report:
    return Report(counts, Clock(), running, lambda: 3, lambda now: [each for each in rests if each.until > now])


def counted(*records: Any) -> Counts:
    counts = Counts(Clock(), Names)
    for each in records:
        counts.ended(each)
    return counts


def test_all_of_it() -> None:
    failed = attempt(status=429, reason="429", kind="status", duration=0.1, first_event=None, usage=None)
    counts = counted(record(attempt()), record(failed))
    rest = Cooldown("anthropic", "claude-opus-4-6", "anthropic-1", 160.0, "429 rate_limit_exceeded")
    assert report(counts, rests=(rest,)).providers(None)() == {
        "object": "list",
        "since": "2023-11-14T22:15:00.000+00:00",
        "window_seconds": 300.0,
        "data": [
            {
                "provider": "anthropic",
                "model": "claude-opus-4-6",
                "credential": "anthropic-1",
                "requests": 2,
                "in_flight": 0,
                "errors": {"429": 1},
                "last_error": {"class": "429", "time": "2023-11-14T22:13:20.100+00:00"},
                "duration_ms": {"p50": 2000, "p90": 2000, "p99": 2000},
                "first_event_ms": {"p50": 500, "p90": 500, "p99": 500},
                "tokens": {"input": 7, "output": 5, "cache_read": 3, "cache_write": 2, "reasoning": 1},
                "cooldown": {"until": "2023-11-14T22:16:00.000+00:00", "reason": "429 rate_limit_exceeded"},
            }
        ],
    }


def test_what_is_over_does_not_rest() -> None:
    rest = Cooldown("anthropic", "claude-opus-4-6", "anthropic-1", 99.0, "connect")
    assert report(counted(), rests=(rest,)).providers(None)()["data"] == []


@pytest.mark.parametrize(
    ("usable", "shown"),
    [
        pytest.param(None, ["claude-haiku-4-5", "claude-opus-4-6", "other"], id="every model"),
        pytest.param({"opus"}, ["claude-opus-4-6"], id="one model"),
        pytest.param(set(), [], id="none"),
    ],
)
def test_models_that_a_key_may_not_use_are_not_shown(usable: Set[str] | None, shown: list[str]) -> None:
    haiku = record(attempt(model="claude-haiku-4-5"), model="haiku")
    made = report(counted(record(attempt()), haiku, record(attempt(model="claude-mine"), model="claude-mine")))
    assert [row["model"] for row in made.providers(usable)()["data"]] == shown


def test_calls_that_are_under_way() -> None:
    """The rest of a row is as it is before the first end."""
    table = Table()
    table.ask(stream=True)
    made = report(counted(), lambda: [table.exchange])
    [row] = made.providers(None)()["data"]
    assert (row["provider"], row["model"], row["in_flight"]) == ("anthropic", "claude-opus-4-6", 1)
    assert (row["requests"], row["duration_ms"], row["tokens"], row["cooldown"]) == (0, None, NOTHING, None)
    table.exchange.cancelled()
    assert made.in_flight()[1] == {}
