"""scripts/usage: requests, tokens and cost of usage-db by day, key, model ..., while gateways write to it."""

import argparse
import csv
import json
import os
import re
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from addons.usage.database import Foreign, reading
from routing.config import load
from routing.errors import ConfigError
from scripts.tools.arguments import command_line
from scripts.tools.files import Unusable
from scripts.tools.venv import ROOT

USAGE = "scripts/usage [--by WHAT]... [--since WHEN] [--json | --csv] [--config FILE] [FILE]"
DESCRIPTION = """\
Adds up the requests, tokens and cost in FILE, by default the usage-db of config.yaml. Gateways may write meanwhile.
Days are those of this machine's time zone (TZ=UTC scripts/usage for others). Tokens are in four buckets that have none
in common; output has reasoning in it. What is not known is said, and not counted as 0."""
EPILOG = """\
scripts/usage --by day --by key --since 7d
scripts/usage --by model --since 2026-11-01 --csv > november.csv
Exit status: 0; 2 where there is nothing to read."""

GROUPS = {
    "day": "date(time, 'unixepoch', 'localtime')",
    "month": "strftime('%Y-%m', time, 'unixepoch', 'localtime')",
    "key": "key",
    "model": "model",
    "provider": "provider",
    "provider-model": "provider_model",
    "credential": "credential",
    "end": "end",
}
"""What rows can be told apart by, each with its SQL. `model` is as asked for, `provider-model` as the provider says."""
BUCKETS = ("input", "output", "cache_read", "cache_write")
_SUMS = (
    "count(CASE WHEN NOT dropped THEN 1 END)",
    *(f"total({bucket})" for bucket in (*BUCKETS, "reasoning")),
    "count(CASE WHEN input IS NULL THEN 1 END)",
    "count(CASE WHEN unknown THEN 1 END)",
    "currency",
    "exact_sum(cost)",
)
_FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula; a client may have chosen the text."""


@dataclass(slots=True)
class Sums:
    """The sums of some rows. `unknown_tokens` and `unknown_cost` count the rows of which these are not, or not wholly,
    known."""

    requests: int = 0
    tokens: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    """By bucket; then reasoning."""
    unknown_tokens: int = 0
    unknown_cost: int = 0
    costs: dict[str, Decimal] = field(default_factory=dict)
    """By currency."""

    def add(self, requests: int, tokens: Sequence[float], unknown: tuple[int, int], costs: dict[str, Decimal]) -> None:
        self.requests += requests
        self.tokens = [mine + int(more) for mine, more in zip(self.tokens, tokens, strict=True)]
        self.unknown_tokens += unknown[0]
        self.unknown_cost += unknown[1]
        for currency, cost in costs.items():
            self.costs[currency] = self.costs.get(currency, Decimal(0)) + cost


Groups = dict[tuple[str | None, ...], Sums]


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    by = options.by or ["day"]
    try:
        with closing(reading(_file(options))) as connection:
            groups = summed(connection, by, options.since)
    except (Unusable, Foreign, sqlite3.Error) as error:
        print(f"scripts/usage: {error}", file=sys.stderr)
        return 2
    if options.json:
        _print_json(by, groups)
    elif options.csv:
        _print_csv(by, groups)
    else:
        for line in table(by, groups):
            print(line)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command_line("usage", DESCRIPTION, EPILOG, USAGE)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the database")
    parser.add_argument("--by", action="append", choices=tuple(GROUPS), help="a line for each; several are combined")
    parser.add_argument("--since", type=moment, metavar="WHEN", help="7d, 12h, 2026-11-01 or 2026-11-01T08:00")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a list of objects; costs are texts, exact")
    form.add_argument("--csv", action="store_true", help="for spreadsheets")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration that names the database")
    return parser


def moment(text: str) -> float:
    """Return a moment in seconds since 1970: so long ago (`7d`, `12h`), or a date in this machine's time zone."""
    if ago := re.fullmatch(r"(\d{1,5})([dh])", text):
        amount = int(ago[1])
        return (datetime.now() - (timedelta(days=amount) if ago[2] == "d" else timedelta(hours=amount))).timestamp()
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError("must be as 7d, 12h, 2026-11-01 or 2026-11-01T08:00") from None


def _file(options: argparse.Namespace) -> Path:
    if options.file is not None:
        return Path(options.file)
    path = options.config or Path(ROOT, "config.yaml")
    try:
        named = load(path, os.environ).settings.usage_db
    except ConfigError as error:
        raise Unusable(f"the configuration cannot be read; name the database itself.\n{error}") from None
    if named is None:
        raise Unusable(f"{path} has no usage-db; add `usage-db: usage.db` to it, or name the database itself.")
    return Path(named)


# --- sums ---------------------------------------------------------------------------------------


class _ExactSum:
    """An aggregate of SQLite's: the sum of decimals in texts, as a text; NULL of none."""

    def __init__(self) -> None:
        self._sum: Decimal | None = None

    def step(self, text: str | None) -> None:
        if text is not None:
            self._sum = (self._sum or Decimal(0)) + Decimal(text)

    def finalize(self) -> str | None:
        return None if self._sum is None else str(self._sum)


def summed(connection: sqlite3.Connection, by: Sequence[str], since: float | None) -> Groups:
    """Return the sums of the rows that are alike in what `by` names, in order."""
    connection.create_aggregate("exact_sum", 1, _ExactSum)  # type: ignore[arg-type]
    keys = ", ".join(GROUPS[each] for each in by)
    where = "" if since is None else "WHERE time >= ?"
    sql = f"SELECT {keys}, {', '.join(_SUMS)} FROM usage {where} GROUP BY {keys}, currency ORDER BY {keys}"
    groups: Groups = {}
    for row in connection.execute(sql, () if since is None else (since,)):
        key, (requests, *tokens, unknown_tokens, unknown_cost, currency, cost) = row[: len(by)], row[len(by) :]
        costs = {} if currency is None or cost is None else {str(currency): Decimal(cost)}
        groups.setdefault(key, Sums()).add(requests, tokens, (unknown_tokens, unknown_cost), costs)
    return groups


# --- what is printed ----------------------------------------------------------------------------


def table(by: Sequence[str], groups: Groups) -> Iterator[str]:
    """Yield the lines for people: aligned, the sum of all last."""
    total = Sums()
    for sums in groups.values():
        total.add(sums.requests, sums.tokens, (sums.unknown_tokens, sums.unknown_cost), sums.costs)
    lines = [(*by, "requests", *(bucket.replace("_", " ") for bucket in BUCKETS), "cost")]
    lines += [(*(_shown(key) for key in keys), *_cells(sums)) for keys, sums in groups.items()]
    lines.append(("total", *[""] * (len(by) - 1), *_cells(total)))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.ljust(width) if at < len(by) or at == len(line) - 1 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
    if total.unknown_tokens:
        yield f"The tokens of {_attempts(total.unknown_tokens)} are unknown: nobody reported them."


def _cells(sums: Sums) -> tuple[str, ...]:
    return (f"{sums.requests:,}", *(f"{count:,}" for count in sums.tokens[: len(BUCKETS)]), cost_in_words(sums))


def cost_in_words(sums: Sums) -> str:
    """Return `12.40 USD + 3 attempts unknown`."""
    parts = [f"{amount(cost)} {currency}" for currency, cost in sorted(sums.costs.items())]
    if sums.unknown_cost:
        parts.append(f"{_attempts(sums.unknown_cost)} unknown")
    return " + ".join(parts) or "0"


def amount(cost: Decimal) -> str:
    """Return an amount with two decimals, or of less than 1 with two digits that tell something."""
    if cost == 0 or cost >= 1:
        return f"{cost:,.2f}"
    return f"{cost:.{max(2, 1 - cost.adjusted())}f}"


def _attempts(count: int) -> str:
    return f"{count:,} attempt{'' if count == 1 else 's'}"


def _shown(key: str | None) -> str:
    return "-" if key is None else "".join(each if each.isprintable() else "?" for each in str(key))


def _print_json(by: Sequence[str], groups: Groups) -> None:
    made = [
        dict(zip((each.replace("-", "_") for each in by), keys, strict=True))
        | {"requests": sums.requests}
        | dict(zip((*BUCKETS, "reasoning"), sums.tokens, strict=True))
        | {"cost": {currency: f"{cost:f}" for currency, cost in sums.costs.items()}}
        | {"unknown_tokens": sums.unknown_tokens, "unknown_cost": sums.unknown_cost}
        for keys, sums in groups.items()
    ]
    print(json.dumps(made, indent=2))


def _print_csv(by: Sequence[str], groups: Groups) -> None:
    currencies = sorted({currency for sums in groups.values() for currency in sums.costs})
    out = csv.writer(sys.stdout, lineterminator="\n")
    costs = [f"cost_{currency}" for currency in currencies]
    out.writerow([*by, "requests", *BUCKETS, "reasoning", *costs, "unknown_tokens", "unknown_cost"])
    for keys, sums in groups.items():
        amounts: list[Any] = [f"{sums.costs[each]:f}" if each in sums.costs else "" for each in currencies]
        unknown = (sums.unknown_tokens, sums.unknown_cost)
        out.writerow([*map(_field, keys), sums.requests, *sums.tokens, *amounts, *unknown])


def _field(key: str | None) -> str:
    text = "" if key is None else _shown(key)
    return f"'{text}" if text.startswith(_FORMULA) else text
