"""The rows of a diff, which knows what moved."""

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from traced_exchange import recorded

from addons.inspector import diff
from addons.inspector.provenance import traced
from addons.inspector.recording import Exchange
from translators.provenance import Link

LEFT = {"model": "m", "system": "Be brief.", "text": "Hi", "seed": 7}
RIGHT = {"model": "m", "messages": ["Hi"], "prompt": "Be brief.", "limit": 5}
LINKS = (
    Link("model", "model", "copied"),
    Link("system", "prompt", "renamed"),
    Link("text", "messages[0]", "renamed"),
    Link("seed", None, "dropped", 3, "There is no such field."),
)


def short(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["kind"], row["left"], row["right"], row.get("other", row.get("count"))) for row in rows]


def test_what_is_at_another_height_moved_and_stands_on_both_sides() -> None:
    assert short(diff.rows(LEFT, RIGHT, LINKS)) == [
        ("equal", "model", "model", None),
        ("moved", None, "messages[0]", "text"),
        ("changed", "system", "prompt", None),
        ("moved", "text", None, "messages[0]"),
        ("only", "seed", None, None),
        ("only", None, "limit", None),
    ]


def test_a_loss_stands_in_its_place_with_its_reason() -> None:
    (row,) = [row for row in diff.rows(LEFT, RIGHT, LINKS) if row["left"] == "seed"]
    assert row == {
        "kind": "only",
        "left": "seed",
        "right": None,
        "rule": "dropped",
        "note": 3,
        "detail": "There is no such field.",
        "old": "7",
        "new": None,
    }


@pytest.mark.parametrize(
    ("note", "rule", "line"),
    [
        pytest.param(3, "dropped", "n -> -  dropped  1 ->   Why.", id="a loss"),
        pytest.param(None, "not sent", "n -> -  not sent  1 ->   Why.", id="nothing is lost"),
    ],
)
def test_a_value_that_is_not_sent_is_a_loss_where_a_note_says_so(note: int | None, rule: str, line: str) -> None:
    (row,) = diff.rows({"n": 1}, {}, [Link("n", None, "dropped", note, "Why.")])
    assert (row["kind"], row["rule"], row["note"], row["detail"]) == ("only", rule, note, "Why.")
    assert list(diff.lines([row])) == [line]


def test_what_is_in_an_object_that_was_dropped_or_made_says_so_too() -> None:
    links = [
        Link("bias", None, "dropped", 3, "There is no such field."),
        Link("bias.kept", "kept", "copied"),
        Link(None, "made", "synthesised", 4, "The provider requires it."),
    ]
    found = diff.rows({"bias": {"5": [1], "kept": 2}}, {"kept": 2, "made": {"a": 1}, "odd": 3}, links)
    assert [(row["left"], row["right"], row["rule"], row["note"]) for row in found] == [
        ("bias.5[0]", None, "dropped", 3),
        ("bias.kept", "kept", "copied", None),
        (None, "made.a", "synthesised", 4),
        (None, "odd", "unknown", None),
    ]


def test_what_has_no_other_end_says_why() -> None:
    links = [
        Link("kind", "call", "computed"),
        Link(None, "limit", "defaulted", 0, "The provider requires it."),
        Link("form", "call.type", "computed"),
    ]
    left, right = {"kind": "function", "form": {"a": 1}}, {"call": {"type": "json"}, "limit": 5}
    found = diff.rows(left, right, links)
    assert [(row["kind"], row["left"], row["right"], row["rule"], row.get("other")) for row in found] == [
        ("moved", "kind", None, "computed", "call"),
        ("only", "form.a", None, "unknown", None),
        ("moved", None, "call.type", "computed", "form"),
        ("only", None, "limit", "defaulted", None),
    ]
    assert (found[-1]["note"], found[-1]["detail"]) == (0, "The provider requires it.")


def test_as_text_what_moved_is_one_line_and_a_loss_has_its_reason() -> None:
    assert list(diff.lines([*diff.rows(LEFT, RIGHT, LINKS), {"kind": "more", "count": 2}])) == [
        'system -> prompt  renamed  "Be brief." -> "Be brief."',
        'text -> messages[0]  renamed  "Hi" ->',
        "seed -> -  dropped  7 ->   There is no such field.",
        "- -> limit  unknown   -> 5",
        "2 more",
    ]


def test_of_a_long_diff_the_rest_is_counted() -> None:
    found = diff.rows({str(n): n for n in range(diff.MOST_ROWS + 7)}, {}, ())
    assert len(found) == diff.MOST_ROWS + 1
    assert (found[-1]["kind"], found[-1]["count"]) == ("more", 7)


@pytest.mark.parametrize(("count", "rows"), [pytest.param(3, 3, id="few"), pytest.param(4, 1, id="many")])
def test_many_rows_that_are_equal_are_one(count: int, rows: int) -> None:
    body = {str(number): number for number in range(count)}
    found = diff.rows(body, body, [Link(name, name, "copied") for name in body])
    assert len(found) == rows
    assert found[0].get("count", 1) == (count if rows == 1 else 1)


def test_a_long_text_is_cut() -> None:
    (row,) = diff.rows({"a": "x" * 1000}, {}, ())
    assert len(row["old"]) == 300


NUMBERS = st.permutations(list(range(6)))


@given(NUMBERS, st.sets(st.integers(0, 5)))
def test_each_value_of_both_sides_is_in_one_row(order: list[int], linked: set[int]) -> None:
    left = {f"l{n}": n for n in range(6)}
    right = {f"r{n}": n for n in order}
    found = diff.rows(left, right, [Link(f"l{n}", f"r{n}", "renamed") for n in linked])
    assert [row["left"] for row in found if row["left"]] == list(left)
    assert [row["right"] for row in found if row["right"]] == list(right)
    assert all(row["left"][1:] == row["right"][1:] for row in found if row["left"] and row["right"])


@pytest.mark.parametrize(
    ("leg", "left", "right"),
    [
        pytest.param("request", "messages[0].content", "system[0].text", id="request"),
        pytest.param("answer", "events[2].delta.text", "events[2][0].choices[0].delta.content", id="a stream"),
    ],
)
def test_the_legs_of_an_exchange(leg: Literal["request", "answer"], left: str, right: str) -> None:
    exchange = recorded()
    found = diff.of_exchange(exchange, leg, traced(exchange))
    assert (left, right) in [(row["left"], row["right"]) for row in found]
    assert [row for row in found if row["rule"] == "unknown"] == []


def test_of_several_values_that_became_one_each_says_so() -> None:
    found = diff.rows({"a": 1, "b": 2}, {"sum": 3}, [Link(name, "sum", "computed") for name in ("a", "b")])
    assert [(row["left"], row["rule"]) for row in found] == [("a", "computed"), ("b", "computed")]


def test_the_legs_of_an_exchange_without_bodies_have_no_rows() -> None:
    exchange = Exchange(recorded().facts)
    assert diff.of_exchange(exchange, "request", traced(exchange)) == []
    assert diff.of_exchange(exchange, "answer", traced(exchange)) == []
