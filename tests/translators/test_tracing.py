"""Tracing through a rendering that is not a translator's: what it finds, and how often it renders."""

from collections.abc import Callable
from typing import Any

import pytest

from translators.errors import BadRequest
from translators.tracing.changes import Unlike, changed
from translators.tracing.places import MISSING, at, leaves, read, replaced, written
from translators.tracing.trace import MOST_LEAVES, Trace


def links(value: Any, render: Callable[[Any], Any]) -> set[tuple[str, str]]:
    trace = Trace(value, render)
    trace.copies()
    trace.texts()
    trace.names()
    trace.steering()
    return {(written(source), written(target)) for source, target in trace.links}


def refusing(value: Any) -> Any:
    """A rendering that takes no other word."""
    if value.get("word") != "exactly this":
        raise BadRequest("no")
    return {"same": value["word"]}


@pytest.mark.parametrize(
    ("value", "render", "found"),
    [
        pytest.param({"a": "ab"}, lambda v: {"b": v["a"]}, {("a", "b")}, id="the same object"),
        pytest.param({"a": "abc"}, lambda v: {"b": f"<{v['a']}>"}, {("a", "b")}, id="a text in another"),
        pytest.param({"a": True}, lambda v: {"b": not v.get("a")}, {("a", "b")}, id="a switch"),
        pytest.param({"a": "x", "c": "x"}, lambda v: {"b": v["c"]}, {("c", "b")}, id="an equal value is no origin"),
        pytest.param({"a": 1, "c": 1}, lambda v: {"b": v.get("c")}, {("c", "b")}, id="nor an equal number"),
        pytest.param(
            {"a": "abc"}, lambda v: {"b": v.get("a", "").upper()}, {("a", "b")}, id="a text that is written otherwise"
        ),
        pytest.param({"a": 1}, lambda v: {"b": 1}, set(), id="nor one that is always the same"),
        pytest.param({"word": "exactly this"}, refusing, {("word", "same")}, id="a text that must not change"),
    ],
)
def test_links(value: Any, render: Callable[[Any], Any], found: set[tuple[str, str]]) -> None:
    assert links(value, render) == found


def switched(value: Any) -> Any:
    """A rendering that a word empties."""
    return {} if value.get("mode") != "auto" else {"text": value["text"], "constant": True}


def test_a_word_that_takes_all_away_decides_none_of_it() -> None:
    assert links({"mode": "auto", "text": "some text"}, switched) == {("text", "text")}


def test_equal_names_in_a_stream_are_those_of_their_events() -> None:
    trace = Trace(
        {"events": [{"id": "call_1"}, {"id": "call_1"}, {"id": "call_2"}, {"last": True}]},
        lambda value: {"events": [[{"call": event.get("id")}] for event in value["events"]]},
        rigid=True,
    )
    trace.texts()
    assert {(written(source), written(target)) for source, target in trace.links} == {
        (f"events[{n}].id", f"events[{n}][0].call") for n in range(3)
    }


def test_of_equal_names_nobody_can_tell_which_came_later() -> None:
    trace = Trace(
        {"events": [{"id": "call_1"}, {"id": "call_1"}, {"last": True}]},
        lambda value: {"events": [[], [], [{"call": value["events"][1]["id"]}]]},
        rigid=True,
    )
    trace.texts()
    assert not trace.links


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_a_large_input_is_rendered_less_often(size: int) -> None:
    rendered = []

    def render(value: Any) -> Any:
        rendered.append(value)
        return {"count": len(value["texts"])}

    links({"texts": [f"text {n}" for n in range(size)], "flags": [True] * 200}, render)
    assert len(rendered) * size < 150_000
    assert len(rendered) <= 110


def test_what_is_too_large_is_not_marked() -> None:
    rendered = []

    def render(value: Any) -> Any:
        rendered.append(value)
        return {}

    links({"texts": ["text"] * (MOST_LEAVES + 1)}, render)
    assert len(rendered) <= 2


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        pytest.param({"a": 1}, {"a": 2}, ["a"], id="another value"),
        pytest.param({"a": False}, {"a": 0}, ["a"], id="another kind"),
        pytest.param({"a": {"b": 1}}, {}, ["a.b"], id="one that went"),
        pytest.param({}, {"a": 1}, [], id="one that came"),
        pytest.param([1, 2, 3], [1, 2], ["[2]"], id="the end of a list"),
        pytest.param([1, 2, 3], [2, 3], ["[0]"], id="the beginning of a list"),
        pytest.param([1, 2], [1, 9, 2], [], id="one in between"),
        pytest.param([{"a": 1}, 2], [{"a": 5}, 2], ["[0].a"], id="inside a list"),
    ],
)
def test_changes(old: Any, new: Any, places: list[str]) -> None:
    assert [written(place) for place in changed(old, new)] == places


def test_lists_of_which_nobody_can_tell_what_became_of_what() -> None:
    with pytest.raises(Unlike):
        changed([1, 2, 3], [4, 5])


def test_a_place_is_written_as_it_is_read() -> None:
    value = {"a": [{"b": {"c": [1, {}]}}], "d": "text"}
    for place, leaf in leaves(value):
        assert read(written(place)) == place
        assert at(value, place) == leaf
        assert at(replaced(value, place, 9), place) == 9


@pytest.mark.parametrize("path", ["b", "a[1]", "a[0].x", "d[0]", "d.x"])
def test_a_place_that_does_not_exist(path: str) -> None:
    assert at({"a": [{}], "d": "text"}, read(path)) is MISSING
