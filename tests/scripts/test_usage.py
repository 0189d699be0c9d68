import csv
import io
import json
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from addons.usage.database import Database
from addons.usage.rows import COLUMNS
from scripts.tools.usage import Sums, amount, cost_in_words, moment
from tests.scripts.command import in_process, run

NOON = 1_700_049_600.0
"""2023-11-15 12:00 UTC."""
LATE = NOON + 11.5 * 3600
"""Another day in Berlin, and none in UTC."""


def row(**fields: Any) -> tuple[Any, ...]:
    usual = {"exchange": "r", "dropped": 0, "time": NOON, "key": "team", "path": "/", "model": "opus", "stream": 0}
    usual |= {"provider": "anthropic", "provider_model": "claude", "credential": "anthropic-1", "status": 200}
    usual |= {"end": "complete", "input": 1000, "output": 20, "cache_read": 5, "cache_write": None, "reasoning": 3}
    usual |= {"cost": "0.1", "currency": "USD", "unknown": 0, "duration": 1.0, "attempts": 1}
    return tuple((usual | fields).get(column) for column in COLUMNS)


UNKNOWN = {"cost": None, "currency": None, "unknown": 1}
NO_USAGE = UNKNOWN | dict.fromkeys(("input", "output", "cache_read", "cache_write", "reasoning"))
ROWS = [
    row(),
    row(cost="0.2"),
    row(cost="12.1", dropped=1, provider="gemini", unknown=1),
    row(key=None, model=None, provider=None, cost="0", currency=None, input=0, output=0, cache_read=0, end="refused"),
    row(key="=1+1", time=LATE, cost="3", currency="EUR"),
    row(key="=1+1", time=LATE, **NO_USAGE),
    row(key="=1+1", time=LATE, **UNKNOWN),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with closing(Database(tmp_path / "usage.db")) as database:
        database.write(ROWS)
    return tmp_path / "usage.db"


def test_the_table(file: Path) -> None:
    done = run("usage", "--by", "day", "--by", "key", file, TZ="UTC")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "day         key   requests  input  output  cache read  cache write  cost\n"
        "2023-11-15  -            1      0       0           0            0  0\n"
        "2023-11-15  =1+1         3  2,000      40          10            0  3.00 EUR + 2 attempts unknown\n"
        "2023-11-15  team         2  3,000      60          15            0  12.40 USD + 1 attempt unknown\n"
        "total                    6  5,000     100          25            0"
        "  3.00 EUR + 12.40 USD + 3 attempts unknown\n"
        "The tokens of 1 attempt are unknown: nobody reported them.\n"
    )


@pytest.mark.parametrize(
    ("zone", "days"), [("UTC", ["2023-11-15"]), ("Europe/Berlin", ["2023-11-15", "2023-11-16"])], ids=["utc", "berlin"]
)
def test_days_are_those_of_the_machine(file: Path, zone: str, days: list[str]) -> None:
    made = json.loads(run("usage", "--json", file, TZ=zone).stdout)
    assert [each["day"] for each in made] == days


def test_json(file: Path) -> None:
    made = json.loads(in_process("usage", "--by", "provider", "--json", file).stdout)
    assert made[1:] == [
        {"provider": "anthropic", "requests": 5, "input": 4000, "output": 80, "cache_read": 20, "cache_write": 0}
        | {"reasoning": 12, "cost": {"USD": "0.3", "EUR": "3"}, "unknown_tokens": 1, "unknown_cost": 2},
        {"provider": "gemini", "requests": 0, "input": 1000, "output": 20, "cache_read": 5, "cache_write": 0}
        | {"reasoning": 3, "cost": {"USD": "12.1"}, "unknown_tokens": 0, "unknown_cost": 1},
    ]
    assert made[0]["provider"] is None
    assert (made[0]["requests"], made[0]["cost"], made[0]["unknown_cost"]) == (1, {}, 0)


def test_csv_is_no_formula(file: Path) -> None:
    made = list(csv.DictReader(io.StringIO(in_process("usage", "--by", "key", "--csv", file).stdout)))
    assert [
        (line["key"], line["requests"], line["cost_EUR"], line["cost_USD"], line["unknown_cost"]) for line in made
    ] == [
        ("", "1", "", "", "0"),
        ("'=1+1", "3", "3", "", "2"),
        ("team", "2", "", "12.4", "1"),
    ]


def test_since(file: Path) -> None:
    made = json.loads(in_process("usage", "--by", "end", "--since", "2023-11-15T18:00+00:00", "--json", file).stdout)
    assert [(each["end"], each["requests"]) for each in made] == [("complete", 3)]
    assert json.loads(in_process("usage", "--since", "1h", "--json", file).stdout) == []


@pytest.mark.parametrize(("text", "ago"), [("7d", 7 * 86400), ("12h", 12 * 3600)])
def test_so_long_ago(text: str, ago: int) -> None:
    assert time.time() - moment(text) == pytest.approx(ago, abs=3700)  # a clock may be changed meanwhile


def test_while_a_gateway_writes(file: Path) -> None:
    with closing(Database(file)) as database:
        database._connection.execute("BEGIN IMMEDIATE")
        assert in_process("usage", file).returncode == 0


def test_the_file_of_the_configuration(file: Path) -> None:
    config = file.parent / "config.yaml"
    config.write_text("usage-db: usage.db")
    assert json.loads(in_process("usage", "--json", "--config", config).stdout)
    config.write_text("port: 1")
    assert "has no usage-db" in in_process("usage", "--config", config).stderr
    config.write_text("prot: 1")
    done = in_process("usage", "--config", config)
    assert (done.returncode, "did you mean `port`" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param(["nowhere.db"], "nowhere.db is not there", id="no file"),
        pytest.param([__file__], "is no SQLite database", id="no database"),
        pytest.param(["--by", "mood"], "invalid choice: 'mood'", id="unknown group"),
        pytest.param(["--since", "yesterday"], "must be as 7d", id="unknown time"),
        pytest.param(["--csv", "--json"], "not allowed with", id="two forms"),
    ],
)
def test_what_cannot_be_done(arguments: list[str], why: str) -> None:
    done = in_process("usage", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        ("0", "0.00"),
        ("12.4", "12.40"),
        ("1234.567", "1,234.57"),
        ("0.5", "0.50"),
        ("0.000138", "0.00014"),
        ("1", "1.00"),
    ],
)
def test_amounts(cost: str, shown: str) -> None:
    assert amount(Decimal(cost)) == shown


def test_nothing_costs_nothing() -> None:
    assert cost_in_words(Sums()) == "0"
