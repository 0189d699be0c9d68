"""Paths into JSON, with the meanings of gjson (reading) and sjson (setting and removing)."""

import copy
from typing import Any

import pytest

from routing.json_paths import MISSING, BadPath, Unreachable, parse, value_at, written

BODY: dict[str, Any] = {
    "a": {"b": 1, "c.d": 2, "0": "zero", "n": None},
    "list": [{"type": "x", "v": 1}, {"type": "y", "v": 2.5}, {"type": "x", "on": True}, "text", 7, None],
    "tags": [{"names": ["p", "q"]}, {"names": ["q"]}],
}


def found(path: str) -> list[Any]:
    return [value for _, value in parse(path).found(BODY)]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        pytest.param("a.b", [1], id="a field of an object"),
        pytest.param(r"a.c\.d", [2], id="an escaped dot"),
        pytest.param("a.0", ["zero"], id="digits in an object"),
        pytest.param("a.:0", ["zero"], id="digits that are a name"),
        pytest.param("a.n", [None], id="a null is there"),
        pytest.param("a.x", [], id="nothing there"),
        pytest.param("a.b.c", [], id="behind a number"),
        pytest.param("list.0.v", [1], id="a position"),
        pytest.param("list.:0", [], id="a name in a list"),
        pytest.param("list.v", [], id="a field of a list"),
        pytest.param("list.9", [], id="behind the last"),
        pytest.param("list.-1", [], id="nothing is read behind the last"),
        pytest.param('list.#(type=="x").v', [1], id="the first that matches"),
        pytest.param('list.#(type=="x")#.type', ["x", "x"], id="all that match"),
        pytest.param('list.#(type=="x")#.on', [True], id="of all, those that have it"),
        pytest.param("list.#(type==x).v", [1], id="without quotes"),
        pytest.param("list.#(type=x).v", [1], id="one equals sign"),
        pytest.param('list.#( type == "y" ).v', [2.5], id="blanks"),
        pytest.param('list.#(type=="z")', [], id="none matches"),
        pytest.param('a.#(type=="x")', [], id="no list"),
        pytest.param('list.#(type!="x").v', [2.5], id="unlike"),
        pytest.param("list.#(v>1).v", [2.5], id="above"),
        pytest.param("list.#(v>=1)#.v", [1, 2.5], id="from"),
        pytest.param("list.#(v<2.5)#.v", [1], id="below"),
        pytest.param("list.#(v<=2.5)#.v", [1, 2.5], id="up to"),
        pytest.param("list.#(v==one)#.v", [], id="a number is no word"),
        pytest.param("list.#(v!=one)#.v", [1, 2.5], id="and unlike any"),
        pytest.param("list.#(on==true).type", ["x"], id="true"),
        pytest.param("list.#(on!=false).type", ["x"], id="not false"),
        pytest.param("list.#(on>false).type", [], id="truths have no order"),
        pytest.param('list.#(type%"?").v', [1], id="like"),
        pytest.param('list.#(type!%"x*").v', [2.5], id="not like"),
        pytest.param('list.#(type%"[xy]").v', [], id="brackets mean themselves"),
        pytest.param("list.#(on).type", ["x"], id="what has the field"),
        pytest.param('list.#(=="text")', ["text"], id="the element itself"),
        pytest.param("list.#(==7)", [7], id="a number itself"),
        pytest.param('list.#(type=="x"&&v==1).v', [1], id="and"),
        pytest.param('list.#(type=="y"||on==true)#.type', ["y", "x"], id="or"),
        pytest.param('list.#(type=="a||b")', [], id="an or in quotes"),
        pytest.param('tags.#(names.#(=="p")).names.1', ["q"], id="a query in a query"),
        pytest.param(r'list.#(type=="\u0078").v', [1], id="an escape in quotes"),
    ],
)
def test_what_is_found(path: str, values: list[Any]) -> None:
    assert found(path) == values
    assert [value_at(BODY, place) for place, _ in parse(path).found(BODY)] == values


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        *(("", "1 to 500"), ("a" * 501, "1 to 500"), (" a", "1 to 500"), ("a\n", "1 to 500")),
        *((".a", "nothing between"), ("a..b", "nothing between"), ("a.", "nothing between"), (":", "nothing between")),
        *((".".join("a" * 33), "more than 32"), ("a.10000", "above 9999")),
        *((path, "backslash") for path in ("a*", "a.?", "a|b", "tools.#", "tools.#.x", "@this", "a#b")),
        *(('a.#(x=="y"', "no other end"), ('a.#(x=="y)', "no other end"), ("a.#(x)y", "does not end with")),
        *(("a.#()", "empty query"), ("a.#(x&&)", "empty query"), ("a.#(x==~true)", "`~`")),
        *((r'a.#(x=="\q")', "does not end with its"), ("a.#(x*y==1)", "backslash")),
        ("a." + "#(a." * 6 + "b" + ")" * 6, "queries in each other"),
    ],
)
def test_what_is_no_path(path: str, problem: str) -> None:
    with pytest.raises(BadPath, match=problem.replace("(", r"\(")):
        parse(path)


def put(value: Any, path: str, new: Any) -> Any:
    return parse(path).changed(value, lambda place, old: new)


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        pytest.param({}, "a.b", {"a": {"b": "N"}}, id="what leads there is made"),
        pytest.param({"a": 1}, "a.b", {"a": {"b": "N"}}, id="a number gives way"),
        pytest.param({"a": None}, "a.b", {"a": {"b": "N"}}, id="a null gives way"),
        pytest.param({"a": {"c": 1}}, "a.b", {"a": {"c": 1, "b": "N"}}, id="beside another"),
        pytest.param({}, "a.0", {"a": ["N"]}, id="a list is made"),
        pytest.param({}, "a.-1", {"a": ["N"]}, id="for what is appended too"),
        pytest.param({}, "a.-1.b", {"a": [{"b": "N"}]}, id="and deeper"),
        pytest.param({"a": [1]}, "a.-1", {"a": [1, "N"]}, id="appended"),
        pytest.param({"a": {}}, "a.-1", {"a": {"-1": "N"}}, id="a name in an object"),
        pytest.param({}, "a.:0", {"a": {"0": "N"}}, id="a name of digits"),
        pytest.param({"a": {}}, "a.0", {"a": {"0": "N"}}, id="digits in an object"),
        pytest.param({"a": [1, 2]}, "a.1", {"a": [1, "N"]}, id="in place"),
        pytest.param({"a": [1]}, "a.3", {"a": [1, None, None, "N"]}, id="a gap is filled"),
        pytest.param(
            {"a": [{"t": "x"}, {"t": "y"}]}, 'a.#(t=="y").s', {"a": [{"t": "x"}, {"t": "y", "s": "N"}]}, id="one"
        ),
        pytest.param({"a": [{"t": "x"}] * 2}, 'a.#(t=="x")#.s', {"a": [{"t": "x", "s": "N"}] * 2}, id="each"),
        pytest.param({"a": [1, 2]}, "a.#(>0)#", {"a": ["N", "N"]}, id="elements"),
        pytest.param({"a": []}, 'a.#(t=="x").s', {"a": []}, id="none"),
        pytest.param({}, 'a.#(t=="x").s', {}, id="no list"),
    ],
)
def test_what_is_set(before: Any, path: str, after: Any) -> None:
    kept = copy.deepcopy(before)
    assert put(before, path, "N") == after
    assert before == kept


@pytest.mark.parametrize(("path", "why"), [("a.b", "a name where"), ("a.:0", "a name where"), ("a.102", "far behind")])
def test_what_cannot_be_reached(path: str, why: str) -> None:
    with pytest.raises(Unreachable, match=why):
        put({"a": [1]}, path, "N")
    assert parse("a.b").removed({"a": [1]}, lambda place, old: None) == {"a": [1]}


@pytest.mark.parametrize(
    ("path", "after", "places"),
    [
        pytest.param("a.b", {"a": {"c": 1}, "l": [1, 2, 3]}, ["a.b"], id="a field"),
        pytest.param("a", {"l": [1, 2, 3]}, ["a"], id="an object"),
        pytest.param("l.0", {"a": {"b": None, "c": 1}, "l": [2, 3]}, ["l[0]"], id="a position"),
        pytest.param("l.-1", {"a": {"b": None, "c": 1}, "l": [1, 2]}, ["l[2]"], id="the last"),
        pytest.param("l.#(>1)#", {"a": {"b": None, "c": 1}, "l": [1]}, ["l[1]", "l[2]"], id="all"),
        pytest.param("l.#(>1)", {"a": {"b": None, "c": 1}, "l": [1, 3]}, ["l[1]"], id="the first"),
        pytest.param("x.y.z", None, [], id="nothing there"),
        pytest.param("a.b.c", None, [], id="behind a null"),
        pytest.param("x.-1", None, [], id="of no list"),
        pytest.param("l.7", None, [], id="behind the last"),
    ],
)
def test_what_is_removed(path: str, after: Any, places: list[str]) -> None:
    before = {"a": {"b": None, "c": 1}, "l": [1, 2, 3]}
    kept, told = copy.deepcopy(before), list[str]()
    made = parse(path).removed(before, lambda place, old: told.append(written(place)))
    assert made == (kept if after is None else after)
    assert (before, told) == (kept, places)
    assert (made is before) is (after is None)


def test_what_does_not_change_is_shared() -> None:
    body = {"a": {"b": 1}, "messages": [{"content": "hi"}]}
    made = put(body, "a.b", 2)
    assert made["messages"] is body["messages"]
    assert put(body, "a.b", body["a"]["b"]) is body
    assert parse("a.c").changed(body, lambda place, old: MISSING) is body


def test_many_elements_are_changed_at_once() -> None:
    many = {"l": [{"n": n} for n in range(20_000)]}
    assert put(many, "l.#(n>=0)#.n", -1) == {"l": [{"n": -1}] * 20_000}
