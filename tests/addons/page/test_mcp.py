"""What an agent gets of what is large: JSON, of a size that it can read."""

import json
from typing import Any

import pytest

from addons.page.mcp import LONGEST_ANSWER, LONGEST_TEXT, fitted


def nested(depth: int) -> Any:
    value: Any = "end"
    for n in range(depth):
        value = {f"at{n}": value, "text": "word " * 50}
    return value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"body": "word " * 2_000_000}, id="a text"),
        pytest.param({"body": "\x00" * 150_000}, id="a text of escapes"),
        pytest.param({"rows": [{"left": f"messages[{n}]", "right": None} for n in range(100_000)]}, id="rows"),
        pytest.param({"rows": [["x" * 1000] * 100] * 100}, id="lists of lists"),
        pytest.param({f"field{n}": n for n in range(100_000)}, id="fields"),
        pytest.param({f"field{n}" * 1000: n for n in range(1000)}, id="long names"),
        pytest.param(nested(200), id="a deep one"),
        pytest.param([nested(150)] * 1000, id="many deep ones"),
    ],
)
def test_whatever_is_large_is_json_that_fits(value: Any) -> None:
    text = fitted(value, 10**9)
    assert len(text) <= LONGEST_ANSWER
    assert isinstance(json.loads(text), dict | list)


def test_what_was_left_out_is_told() -> None:
    rows = json.loads(fitted({"rows": [{"left": "x" * 100}] * 10_000, "id": "req_1"}, LONGEST_TEXT))
    assert rows["id"] == "req_1"
    *shown, last = rows["rows"]
    assert last == f"... {10_000 - len(shown)} more"


def test_what_fits_is_as_it_is() -> None:
    value = {"id": "req_1", "notes": [{"path": f"messages[{n}]", "old": None} for n in range(500)]}
    assert json.loads(fitted(value, LONGEST_TEXT)) == value
