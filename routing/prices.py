"""`prices` of config.yaml, and the cost of tokens by them. There is no list of prices built in: they change.

Tokens are counted in four buckets that have no token in common, as they are billed: input that no cache was involved
in, output (with reasoning), input read from a cache, input written to one. What is not known is None, and never 0.
"""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator

from routing.field_types import Name, Section, shaped
from routing.globs import matches_in_any_case
from translators.values import immutable

PER = 1_000_000
"""The number of tokens that a price is for."""
MOST_REMEMBERED = 1000
"""The pairs of provider and model whose price is remembered: clients choose names at some providers."""

_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,9})?")


def _rate(value: object) -> Decimal:
    """Return a price, exact: of a float it is the shortest number that is read as this float."""
    if isinstance(value, float) and math.isfinite(value):
        value = format(Decimal(repr(value)), "f")
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise ValueError("must be a price per million tokens: a number from 0 to 999999, with at most 9 decimals")
    return Decimal(text)


Rate = Annotated[Decimal, BeforeValidator(_rate)]


class Price(Section):
    """The prices of the models that match both patterns, per million tokens. Without `cache_read` or `cache_write`
    what such tokens cost is unknown."""

    provider: Name = "*"
    """As logs name it."""
    model: Name = "*"
    """As the provider names it."""
    input: Rate
    output: Rate
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    currency: Annotated[str, shaped("[A-Z]{3}", "must be three capital letters, as USD or EUR")] = "USD"

    def covers(self, provider: str, model: str) -> bool:
        """Return whether these are the prices of a model; capitals do not matter."""
        return matches_in_any_case(provider, (self.provider,)) and matches_in_any_case(model, (self.model,))


@immutable
class Tokens:
    """The tokens of a request in four buckets that have none in common. A cache that the provider says nothing of is
    None, and its tokens, if there are any, are counted (and billed) as `input`."""

    input: int
    output: int
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    """Of `output`."""

    @property
    def total(self) -> int:
        return self.input + self.output + (self.cache_read or 0) + (self.cache_write or 0)


@immutable
class Cost:
    """`whole`: it is all of the cost; otherwise more was billed, nobody knows how much. Nothing costs nothing in any
    `currency`: None."""

    amount: Decimal
    currency: str | None
    whole: bool = True


FREE = Cost(Decimal(0), None)
"""The cost where nothing was billed."""


class PriceList:
    """The prices in the order of the file: the first that covers a model counts."""

    def __init__(self, prices: Iterable[Price] = ()) -> None:
        self._prices = tuple(prices)
        self._known: dict[tuple[str, str], Price | None] = {}

    def of(self, provider: str, model: str) -> Price | None:
        """Return the prices of a model, None where there are none."""
        if not self._prices:
            return None
        if (provider, model) not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            found = next((price for price in self._prices if price.covers(provider, model)), None)
            self._known[provider, model] = found
        return self._known[provider, model]

    def cost(self, provider: str, model: str, tokens: Tokens, *, final: bool = True) -> Cost | None:
        """Return what `tokens` cost, None where the model has no price. Not `final`: there were more of them."""
        price = self.of(provider, model)
        if price is None:
            return None
        billed = (
            (tokens.input, price.input),
            (tokens.output, price.output),
            (tokens.cache_read or 0, price.cache_read),
            (tokens.cache_write or 0, price.cache_write),
        )
        amount = sum((count * rate for count, rate in billed if rate is not None), Decimal(0)) / PER
        return Cost(amount, price.currency, final and all(rate is not None for count, rate in billed if count))
