from decimal import Decimal
from typing import Any

import pytest

from routing.config import parse
from routing.errors import ConfigError
from routing.prices import MOST_REMEMBERED, Cost, Price, PriceList, Tokens

PRICES = """
prices:
  - {provider: anthropic, model: "claude-*", input: 0.1, output: 0.2, cache-read: 0.01, cache-write: "0.125"}
  - {model: "GPT-*", input: 1, output: 0.001, currency: EUR}
  - {provider: embedded, input: 0, output: 0}
"""


def listed(text: str = PRICES) -> PriceList:
    return PriceList(parse(text.encode(), "config.yaml", {}).settings.prices)


@pytest.mark.parametrize(
    ("provider", "model", "tokens", "expected"),
    [
        pytest.param(
            "anthropic", "claude-x", Tokens(3, 0), Cost(Decimal("0.0000003"), "USD"), id="exact, unlike 3 * 0.1"
        ),
        pytest.param(
            "anthropic",
            "claude-x",
            Tokens(1_000_000, 2_000_000, 3_000_000, 4_000_000, reasoning=1_000_000),
            Cost(Decimal("1.03"), "USD"),
            id="four buckets; reasoning is output",
        ),
        pytest.param("other", "gpt-5", Tokens(7, 1000), Cost(Decimal("0.000008"), "EUR"), id="any provider, any case"),
        pytest.param(
            "other",
            "gpt-5",
            Tokens(7, 1000, cache_read=5),
            Cost(Decimal("0.000008"), "EUR", whole=False),
            id="read from a cache at no price that is known",
        ),
        pytest.param("other", "gpt-5", Tokens(7, 1000, 0, 0), Cost(Decimal("0.000008"), "EUR"), id="no cache was read"),
        pytest.param("embedded", "smollm2", Tokens(7, 9), Cost(Decimal(0), "USD"), id="free is not unknown"),
        pytest.param("other", "claude-x", Tokens(7, 9), None, id="unknown is not free"),
    ],
)
def test_costs(provider: str, model: str, tokens: Tokens, expected: Cost | None) -> None:
    assert listed().cost(provider, model, tokens) == expected


def test_the_first_that_covers_counts() -> None:
    prices = listed(
        "prices: [{model: a*, input: 1, output: 1}, {input: 2, output: 2}, {model: ab, input: 3, output: 3}]"
    )
    assert [price and price.input for price in (prices.of("p", "ab"), prices.of("p", "b"))] == [1, 2]


def test_what_is_remembered_is_bounded() -> None:
    prices = PriceList([Price.model_validate({"model": "a*", "input": 1, "output": 1})])
    assert all(prices.of("p", f"a{n}") for n in range(MOST_REMEMBERED + 10))
    assert len(prices._known) <= MOST_REMEMBERED


@pytest.mark.parametrize(
    "rate",
    ["-1", "1e3", "nan", "0.0000000001", "1000000", "true", "[]", "1,5", "x"],
)
def test_what_is_no_price(rate: str) -> None:
    with pytest.raises(ConfigError, match=r"c\.yaml:1: prices\[0\]\.input: must be a price per million tokens"):
        parse(f'prices: [{{input: "{rate}", output: 1}}]'.encode(), "c.yaml", {})


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        pytest.param("{input: 1}", "output: is missing", id="half a price"),
        pytest.param("{input: 1, output: .inf}", "output: must be a price", id="infinite"),
        pytest.param("{input: 1, output: 1, currency: usd}", "currency: must be three capital letters", id="currency"),
        pytest.param("{input: 1, output: 1}, {input: 2, output: 2}", "is for the same models as at line 1", id="twice"),
        pytest.param("{input: 1, output: 1, cache: 2}", "cache: is not a known key; did you mean", id="unknown key"),
    ],
)
def test_mistakes(entry: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse(f"prices: [{entry}]".encode(), "c.yaml", {})


@pytest.mark.parametrize(("written", "exact"), [(0.15, "0.15"), (1e-9, "0.000000001"), (12, "12"), ("3.10", "3.10")])
def test_numbers_are_exact(written: Any, exact: str) -> None:
    assert Price.model_validate({"input": written, "output": 0}).input == Decimal(exact)
