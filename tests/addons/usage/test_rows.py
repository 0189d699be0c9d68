from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from addons.exchange.observers import Charge, Record
from addons.usage.rows import COLUMNS, LONGEST, rows
from routing.prices import Cost, Tokens


def named(record: Record) -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows(record)]


RECORD = Record(
    id="req_1",
    started=1_700_000_000.5,
    method="POST",
    path="/v1/chat/completions",
    key_name="team",
    model="sonnet",
    provider="anthropic",
    provider_model="claude-sonnet-4-5",
    stream=True,
    status=200,
    attempts=2,
    injected=["529; attempts=1"],
    message="a prompt may be quoted here",
    first_event=0.25,
    duration=1.5,
    charges=(
        Charge("anthropic", "claude-x", "anthropic-1", Tokens(1, 2, 3, None, 1), Cost(Decimal("0.0000012"), "USD")),
        Charge("gemini", "gemini-x", "gemini-2", None, None, dropped=True),
    ),
)
SHARED = {
    "exchange": "req_1",
    "time": 1_700_000_000.5,
    "key": "team",
    "path": "/v1/chat/completions",
    "model": "sonnet",
    "stream": True,
    "status": 200,
    "end": "complete",
    "error": None,
    "duration": 1.5,
    "first_event": 0.25,
    "attempts": 2,
    "injected": "529; attempts=1",
}


def test_a_row_for_the_answer_and_one_for_what_was_dropped() -> None:
    assert named(RECORD) == [
        SHARED
        | {"dropped": False, "provider": "anthropic", "provider_model": "claude-x", "credential": "anthropic-1"}
        | {"input": 1, "output": 2, "cache_read": 3, "cache_write": None, "reasoning": 1}
        | {"cost": "0.0000012", "currency": "USD", "unknown": False},
        SHARED
        | {"dropped": True, "provider": "gemini", "provider_model": "gemini-x", "credential": "gemini-2"}
        | dict.fromkeys(("input", "output", "cache_read", "cache_write", "reasoning", "cost", "currency"))
        | {"unknown": True},
    ]


def test_what_others_chose_is_cut_and_stays_in_one_line() -> None:
    hostile = "x\n\x1b[2J" + "y" * 100_000
    charge = Charge(hostile, hostile, hostile, None, None)
    [row] = named(
        Record(
            hostile, 0.0, "POST", hostile, key_name=hostile, model=hostile, error=hostile, attempts=1, charges=(charge,)
        )
    )
    texts = [value for value in row.values() if isinstance(value, str)]
    assert len(texts) == 9
    assert all(text.isprintable() and len(text) <= LONGEST + 3 for text in texts)


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        pytest.param({"key_name": None, "attempts": 0, "end": "refused"}, 0, id="no valid key"),
        pytest.param({"attempts": 0, "end": "complete"}, 0, id="answered by the gateway itself"),
        pytest.param({"attempts": 0, "end": "refused"}, 2, id="a refused request"),
        pytest.param({"attempts": 1, "end": "cancelled"}, 2, id="the client left"),
    ],
)
def test_who_used_nothing_has_no_row(changes: dict[str, Any], count: int) -> None:
    assert len(rows(replace(RECORD, **changes))) == count
