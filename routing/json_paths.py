"""Paths into JSON as CLIProxyAPI's payload rules write them, in the syntax of gjson and sjson: `reasoning.effort`,
`messages.0.content`, `stop.-1`, `extra\\.field`, `:0` (a name of digits), `tools.#(type=="function").strict`.

`#(QUERY)` is the first element of a list that the query matches, `#(QUERY)#` all of them. A query is `FIELD OP VALUE`
with `==`, `!=`, `<`, `<=`, `>`, `>=`, `%` or `!%` (a pattern with `*` and `?`), or a FIELD alone that must be there; an
empty FIELD is the element. `&&` and `||` join such terms, as in CLIProxyAPI. What else gjson knows (wildcards in
names, `#` alone, `|`, modifiers) is refused.

A value is never changed: what differs is copied, the rest is shared.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import translate
from typing import Any

from pydantic_core import from_json

from translators.values import immutable

MISSING: Any = object()
"""Stands for a value that is not there."""
Place = tuple[str | int, ...]
"""Names and positions."""

_LONGEST = 500
_DEEPEST = 32
_LAST_INDEX = 9_999
_PADDING = 100
_OPERATOR = re.compile(r"==|!=|<=|>=|!%|[=<>%]")
_SPECIAL = re.compile(r"[|#@*?]")
_NESTED = 4


class BadPath(ValueError):
    """A text that is no path; `str()` says why, and quotes nothing of it."""


class Unreachable(Exception):
    """A path leads nowhere in this JSON; `str()` says why."""


@immutable
class Step:
    """The name of a field, or a position in a list; `index` is None where it is no number, -1 behind the last."""

    name: str
    index: int | None = None


@immutable
class Term:
    """One comparison of a query. Without an `operator` there must be something at `path`."""

    path: "tuple[Step | Query, ...]"
    operator: str = ""
    text: str = ""
    pattern: re.Pattern[str] | None = None


@immutable
class Query:
    """The elements of a list for which all terms of one alternative hold: the first of them, or `every` one."""

    alternatives: tuple[tuple[Term, ...], ...]
    every: bool = False


Steps = tuple[Step | Query, ...]
Change = Callable[[Place, Any], Any]
"""Returns the new value for the old one at a place; either may be `MISSING`."""


@immutable
class JsonPath:
    """A path, parsed; `text` is how it was written."""

    text: str
    steps: Steps

    def found(self, value: Any) -> Iterator[tuple[Place, Any]]:
        """Yield what is there, with its place."""
        return _found(value, self.steps, ())

    def changed(self, value: Any, change: Change) -> Any:
        """Return `value` with what `change` returns for each place of the path, `MISSING` where that is nothing; what
        leads to it is made. Raises `Unreachable`."""
        return _changed(value, self.steps, (), change, removing=False)

    def removed(self, value: Any, change: Change) -> Any:
        """Return `value` without what is at the path; `change` is only told of it. Here `-1` is the last element."""

        def removal(place: Place, old: Any) -> Any:
            if old is not MISSING:
                change(place, old)
            return MISSING

        return _changed(value, self.steps, (), removal, removing=True)


def parse(text: str, nested: int = 0) -> JsonPath:
    """Return the path that a text is. Raises `BadPath`."""
    if not text or text != text.strip() or not text.isprintable() or len(text) > _LONGEST:
        raise BadPath(f"must be a path of 1 to {_LONGEST} printable characters, such as reasoning.effort")
    parts = _split(text, (".",))
    if len(parts) > _DEEPEST:
        raise BadPath(f"is a path of more than {_DEEPEST} steps")
    return JsonPath(text, tuple(_step(part, nested) for part in parts))


def written(place: Place) -> str:
    """Return `messages[2].content`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def value_at(value: Any, place: Sequence[str | int]) -> Any:
    """Return the value at a place, or `MISSING`."""
    for part in place:
        if isinstance(part, str) and isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(part, int) and isinstance(value, list) and part < len(value):
            value = value[part]
        else:
            return MISSING
    return value


# --- reading a path -----------------------------------------------------------------------------------------


def _split(text: str, separators: tuple[str, ...]) -> list[str]:
    """Return the parts of a text between separators that stand in no quotes and no parentheses."""
    parts, start, depth, quoted, at = list[str](), 0, 0, False, 0
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "()":
            depth += 1 if character == "(" else -1
        elif not quoted and depth == 0 and text.startswith(separators, at):
            parts.append(text[start:at])
            start = at + len(separators[0])
            at = start - 1
        at += 1
    if quoted or depth:
        raise BadPath("is a path with a quote or a parenthesis that has no other end")
    return [*parts, text[start:]]


def _step(part: str, nested: int) -> Step | Query:
    if part.startswith("#("):
        inner, end, behind = part[2:].rpartition(")")
        if not end or behind not in ("", "#"):
            raise BadPath("is a path with a query that does not end with `)` or `)#`")
        if nested >= _NESTED:
            raise BadPath(f"is a path with more than {_NESTED} queries in each other")
        return _query(inner, nested + 1, every=behind == "#")
    forced = part.startswith(":")
    part = part.removeprefix(":")
    if _SPECIAL.search(re.sub(r"\\.", "", part)):
        raise BadPath("is a path with one of | # @ * ? in it; write a backslash before it, or #(QUERY) for elements")
    name = re.sub(r"\\(.)", r"\1", part)
    if not name:
        raise BadPath("is a path with nothing between two dots, or at an end")
    if forced:
        return Step(name)
    if name == "-1":
        return Step(name, -1)
    if not re.fullmatch(r"[0-9]+", name):
        return Step(name)
    if len(name) > len(str(_LAST_INDEX)):
        raise BadPath(f"is a path with a position above {_LAST_INDEX}; write a colon before a name of digits")
    return Step(name, int(name))


def _query(text: str, nested: int, *, every: bool) -> Query:
    alternatives = tuple(
        tuple(_term(term.strip(), nested) for term in _split(alternative, ("&&",)))
        for alternative in _split(text, ("||",))
    )
    return Query(alternatives, every)


def _term(text: str, nested: int) -> Term:
    if not text:
        raise BadPath("is a path with an empty query")
    left, operator, right = _compared(text)
    steps = parse(left, nested).steps if left else ()
    if not operator:
        return Term(steps)
    if right.startswith("~"):
        raise BadPath("is a path with a query for `~`, which is not known here")
    if right.startswith('"'):
        try:
            right = from_json(right)
        except ValueError:
            raise BadPath('is a path with a query whose value does not end with its `"`') from None
    pattern = re.compile(_pattern(right)) if operator.endswith("%") else None
    return Term(steps, "==" if operator == "=" else operator, right, pattern)


def _compared(text: str) -> tuple[str, str, str]:
    """Return the field, the operator and the value of a term, without blanks around them."""
    for match in _OPERATOR.finditer(text):
        left = text[: match.start()]
        if left.count("(") == left.count(")"):
            return left.strip(), match[0], text[match.end() :].strip()
    return text, "", ""


def _pattern(text: str) -> str:
    return translate(text.replace("[", "[[]"))


# --- following a path ---------------------------------------------------------------------------------------


def _found(value: Any, steps: Steps, place: Place) -> Iterator[tuple[Place, Any]]:
    if not steps:
        yield place, value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, Query):
        for at in _matching(value, step):
            yield from _found(value[at], rest, (*place, at))
    elif isinstance(value, dict):
        if step.name in value:
            yield from _found(value[step.name], rest, (*place, step.name))
    elif isinstance(value, list) and step.index is not None and 0 <= step.index < len(value):
        yield from _found(value[step.index], rest, (*place, step.index))


def _changed(value: Any, steps: Steps, place: Place, change: Change, *, removing: bool) -> Any:
    """Return `value`, the same object where nothing in it changes."""
    if not steps:
        return change(place, value)
    step, rest = steps[0], steps[1:]
    if isinstance(step, Query):
        places = list(_matching(value, step))
    elif isinstance(value, list):
        places = _positions(value, step, removing=removing)
    elif isinstance(value, dict):
        old = value.get(step.name, MISSING)
        new = _changed(old, rest, (*place, step.name), change, removing=removing)
        return value if new is old else _with_field(value, step.name, new)
    else:
        made = _changed({} if step.index is None else [], steps, place, change, removing=removing)
        return made or value
    news = {at: (old := _at(value, at), _changed(old, rest, (*place, at), change, removing=removing)) for at in places}
    return _with_elements(value, {at: new for at, (old, new) in news.items() if new is not old})


def _positions(value: list[Any], step: Step, *, removing: bool) -> list[int]:
    if removing:
        last = len(value) - 1
        return [at for at in (last if step.index == -1 else step.index,) if at is not None and 0 <= at <= last]
    if step.index is None:
        raise Unreachable("the path has a name where there is a list")
    at = len(value) if step.index == -1 else step.index
    if at > len(value) + _PADDING:
        raise Unreachable("the path has a position far behind the end of the list")
    return [at]


def _at(value: list[Any], at: int) -> Any:
    return value[at] if at < len(value) else MISSING


def _with_field(value: dict[str, Any], name: str, new: Any) -> dict[str, Any]:
    if new is not MISSING:
        return {**value, name: new}
    return {key: each for key, each in value.items() if key != name}


def _with_elements(value: Any, news: dict[int, Any]) -> Any:
    if not news:
        return value
    made = [*value, *[None] * (max(news) + 1 - len(value))]
    for at, new in news.items():
        made[at] = new
    return [each for each in made if each is not MISSING]


def _matching(value: Any, query: Query) -> Iterator[int]:
    """Yield the positions in a list that a query means."""
    if not isinstance(value, list):
        return
    for at, item in enumerate(value):
        if any(all(_holds(term, item) for term in terms) for terms in query.alternatives):
            yield at
            if not query.every:
                return


def _holds(term: Term, item: Any) -> bool:
    return any(not term.operator or _compares(term, value) for _, value in _found(item, term.path, ()))


def _compares(term: Term, value: Any) -> bool:
    """Return whether a value stands so to the text of a term. A null, a list and an object stand in no way to it."""
    if isinstance(value, bool):
        value = "true" if value else "false"
        return term.operator in ("==", "!=") and (value == term.text) is (term.operator == "==")
    if isinstance(value, int | float):
        try:
            return _ordered(term.operator, value, float(term.text))
        except ValueError:
            return term.operator == "!="
    if not isinstance(value, str):
        return False
    if term.pattern is not None:
        return (term.pattern.match(value) is not None) is (term.operator == "%")
    return _ordered(term.operator, value, term.text)


def _ordered(operator: str, one: Any, other: Any) -> bool:
    match operator:
        case "==":
            return bool(one == other)
        case "!=":
            return bool(one != other)
        case "<":
            return bool(one < other)
        case "<=":
            return bool(one <= other)
        case ">":
            return bool(one > other)
        case ">=":
            return bool(one >= other)
        case _:
            return False
