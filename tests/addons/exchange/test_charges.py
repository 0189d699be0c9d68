from decimal import Decimal
from typing import Any

import pytest

from addons.exchange.charges import charges, total
from addons.exchange.observers import AttemptReport, Charge, Record
from routing.outcomes import Kind
from routing.prices import FREE, Cost, Price, PriceList, Tokens
from translators.events import Usage

PRICES = PriceList(
    Price.model_validate(fields)
    for fields in (
        {"provider": "a", "input": 1, "output": 10, "cache-read": "0.5", "cache-write": 2},
        {"provider": "e", "input": 1, "output": 1, "currency": "EUR"},
    )
)


def record(**fields: Any) -> Record:
    usual = {"provider": "a", "provider_model": "m", "attempts": 1, "status": 200, "usage": Usage(3, 2)}
    return Record("id", 0.0, "POST", "/v1/chat/completions", **usual | fields)


def report(
    provider: str, reason: str | None = None, usage: Usage | None = None, status: int = 200, event: float | None = 0.1
) -> AttemptReport:
    kind = None if reason is None else KINDS.get(reason.partition(":")[0], "status")
    sent = kind not in ("connect", "credentials", "refused") and reason != "timeout: connect"
    return AttemptReport(0.0, provider, "m", f"{provider}-1", status, reason, 0.5, event, usage, kind, sent)


KINDS: dict[str, Kind] = {
    "connect": "connect",
    "timeout": "timeout",
    "credentials": "credentials",
    "cannot carry the request": "refused",
    "slower": "overtaken",
    "first byte": "timeout",
}


def usd(millionths: str, *, whole: bool = True) -> Cost:
    return Cost(Decimal(millionths) / 1_000_000, "USD", whole)


BUSY = report("b", "429 rate_limit_exceeded", None, 429, None)
ANSWER = Charge("a", "m", None, Tokens(3, 2), usd("23"))


@pytest.mark.parametrize(
    ("given", "expected", "cost"),
    [
        pytest.param(record(), (ANSWER,), usd("23"), id="an answer"),
        pytest.param(
            record(usage=Usage(100, 10, cache_read=60, cache_write=30, reasoning=4)),
            (Charge("a", "m", None, Tokens(10, 10, 60, 30, 4), usd("200")),),
            usd("200"),
            id="buckets that have no token in common",
        ),
        pytest.param(
            record(usage=Usage(10, 1, cache_read=60)),
            (Charge("a", "m", None, Tokens(0, 1, 60), usd("40")),),
            usd("40"),
            id="more from a cache than there was",
        ),
        pytest.param(
            record(usage=Usage(10**15, 1)), (Charge("a", "m", None, None, None),), None, id="a count that cannot be"
        ),
        pytest.param(
            record(usage=Usage(-1, 1)), (Charge("a", "m", None, None, None),), None, id="a count below nothing"
        ),
        pytest.param(record(usage=None), (Charge("a", "m", None, None, None),), None, id="usage that nobody reported"),
        pytest.param(
            record(provider="b"), (Charge("b", "m", None, Tokens(3, 2), None),), None, id="a model without a price"
        ),
        pytest.param(
            record(end="cancelled"),
            (Charge("a", "m", None, Tokens(3, 2), usd("23", whole=False)),),
            None,
            id="the client left: there may be more",
        ),
        pytest.param(
            record(provider=None, provider_model=None, attempts=0, usage=None, status=401, end="refused"),
            (Charge(None, None, None, Tokens(0, 0), FREE),),
            FREE,
            id="nobody was asked",
        ),
        pytest.param(
            record(usage=None, status=429, end="failed", reports=[BUSY]),
            (Charge("b", "m", "b-1", Tokens(0, 0), FREE),),
            FREE,
            id="refused by the provider",
        ),
        pytest.param(
            record(usage=None, status=504, end="failed", reports=[report("a", "first byte", None, 0, None)]),
            (Charge("a", "m", "a-1", None, None),),
            None,
            id="the provider was too slow: nobody knows what it did",
        ),
        pytest.param(
            record(attempts=3, reports=[BUSY, report("b", "connect: refused", None, 0, None), report("a", None)]),
            (Charge("a", "m", "a-1", Tokens(3, 2), usd("23")),),
            usd("23"),
            id="failed over from those who did nothing",
        ),
        pytest.param(
            record(attempts=2, reports=[report("a", "slower", Usage(5, 1)), report("a", None, Usage(3, 2))]),
            (
                Charge("a", "m", "a-1", Tokens(3, 2), usd("23")),
                Charge("a", "m", "a-1", Tokens(5, 1), usd("15", whole=False), dropped=True),
            ),
            None,
            id="a dropped attempt is billed as well",
        ),
        pytest.param(
            record(attempts=2, reports=[report("b", "slower"), report("a", None, Usage(3, 2))]),
            (
                Charge("a", "m", "a-1", Tokens(3, 2), usd("23")),
                Charge("b", "m", "b-1", None, None, dropped=True),
            ),
            None,
            id="a dropped attempt that had not told its usage",
        ),
        pytest.param(
            record(attempts=2, end="failed", reports=[report("a", "lost", Usage(5, 1)), report("a", "lost")]),
            (
                Charge("a", "m", "a-1", Tokens(3, 2), usd("23", whole=False)),
                Charge("a", "m", "a-1", Tokens(5, 1), usd("15", whole=False), dropped=True),
            ),
            None,
            id="all broke: each is counted once",
        ),
        pytest.param(
            record(attempts=2, end="failed", usage=None, reports=[report("a", "lost", Usage(5, 1)), BUSY]),
            (
                Charge("b", "m", "b-1", Tokens(0, 0), FREE),
                Charge("a", "m", "a-1", Tokens(5, 1), usd("15", whole=False), dropped=True),
            ),
            None,
            id="the last that was asked did nothing",
        ),
        pytest.param(
            record(attempts=2, end="failed", usage=None, reports=[BUSY, report("a", "lost", Usage(5, 1))]),
            (Charge("a", "m", "a-1", Tokens(5, 1), usd("15", whole=False)),),
            None,
            id="the last that was asked had begun",
        ),
        pytest.param(
            record(calls=2, attempts=2, reports=[report("a", None, Usage(1, 1)), report("a", None, Usage(2, 1))]),
            (Charge("a", "m", "a-1", Tokens(3, 2), usd("23")),),
            usd("23"),
            id="two calls are one answer",
        ),
    ],
)  # fmt: skip
def test_charges(given: Record, expected: tuple[Charge, ...], cost: Cost | None) -> None:
    made = charges(given, PRICES)
    assert made == expected
    assert total(made) == cost


@pytest.mark.parametrize(
    ("reason", "status", "event", "free"),
    [
        ("connect: it was refused", 0, None, True),
        ("timeout: connect", 0, None, True),
        ("credentials: upstream_authentication_error", 0, None, True),
        ("cannot carry the request: seed", 0, None, True),
        ("529 overloaded_error", 529, None, True),
        ("timeout: first-byte", 0, None, False),
        ("529 overloaded_error in the stream", 200, 0.1, False),
        ("cut: it was reset", 0, None, False),
        ("slower", 0, None, False),
    ],
)
def test_who_is_not_billed(reason: str, status: int, event: float | None, free: bool) -> None:
    dropped = report("b", reason, None, status, event)
    made = charges(record(attempts=2, reports=[dropped, report("a")]), PRICES)
    assert [each.provider for each in made] == (["a"] if free else ["a", "b"])
    assert (total(made) is None) == (not free)


def test_currencies_are_not_added() -> None:
    euros = Charge("e", "m", None, Tokens(1, 1), Cost(Decimal(1), "EUR"))
    free = Charge(None, None, None, Tokens(0, 0), FREE)
    assert total((ANSWER, euros)) is None
    assert total((free, euros)) == euros.cost
