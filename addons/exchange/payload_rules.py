"""Applies the operator's payload rules to the bodies that go to providers. A body is copied where it changes.

A rule is met by what the body is after the rules before it. A default gives way to what the client's request says, in
the provider's words; what the gateway itself had to make up (a note says `defaulted`) gives way to it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from routing.json_paths import MISSING, JsonPath, Place, Unreachable, value_at, written
from routing.payload import FROM_PROTOCOLS, PROTOCOLS, Filter, Models, Payload, Rule
from translators.fan_out import RenderedCall
from translators.notes import Fate, Note, add_new
from translators.values import immutable

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,23}")
"""The texts that a note may show: values of knobs."""
_PROSE = frozenset(
    (
        *("messages", "input", "prompt", "instructions", "system", "contents", "systemInstruction", "suffix"),
        *("system_instruction", "tools", "user", "metadata", "safety_identifier", "prompt_cache_key"),
    )
)
"""Fields of bodies that hold what people wrote, or who they are."""

_MOST_NOTES = 8
"""Of one path of a rule; more places are told as one."""


@immutable
class Request:
    """The facts that rules are matched by. `models` are the provider's name of the model and the client's, with and
    without an effort behind it; `headers` are the client's, by lower-case names."""

    models: tuple[str, ...]
    provider: str
    client: str
    headers: Mapping[str, str]


def applied(
    rules: Payload, calls: Sequence[RenderedCall], request: Request, notes: Sequence[Note]
) -> tuple[Sequence[RenderedCall], list[Note]]:
    """Return the calls with what the rules make of their bodies, and a note for each change. `notes` are those on the
    request so far."""
    made: list[RenderedCall] = []
    added: list[Note] = []
    known: dict[int, RenderedCall] = {}
    for call in calls:
        if (same := known.get(id(call.rendered))) is None:
            body = _Body(call.rendered.body, {note.path for note in notes if note.fate == "defaulted"})
            body.apply(rules, request)
            same = known[id(call.rendered)] = replace(call, rendered=replace(call.rendered, **body.rendered()))
            add_new(added, body.notes)
        made.append(replace(same, choice=call.choice))
    return made, added


class _Body:
    """One body. `set` are the places that a default has set."""

    def __init__(self, body: dict[str, Any], made_up: set[str]) -> None:
        self._original, self._now, self._made_up = body, body, made_up
        self._set: set[Place] = set()
        self._by = ""
        self.notes: list[Note] = []

    def apply(self, rules: Payload, request: Request) -> None:
        for kind, at, rule in rules.rules():
            if any(_means(models, request, self._now) for models in rule.models):
                self._by = f"payload.{kind}[{at}] in config.yaml"
                self._apply(kind, rule)

    def rendered(self) -> dict[str, Any]:
        """Return the fields of `Rendered` that differ."""
        if self._now is self._original:
            return {}
        streams = self._now.get("stream")
        differs = isinstance(streams, bool) and streams is not self._original.get("stream")
        return {"body": self._now, **({"streams": streams} if differs else {})}

    def _apply(self, kind: str, rule: Rule) -> None:
        if isinstance(rule, Filter):
            for path in rule.params:
                self._change(path, partial(path.removed, change=self._removed))
            return
        put = self._default if kind.startswith("default") else self._override
        params: Mapping[JsonPath, Any] = rule.params  # type: ignore[attr-defined]
        for path, value in params.items():
            self._change(path, partial(path.changed, change=partial(put, value)))

    def _change(self, path: JsonPath, change: Callable[[Any], Any]) -> None:
        """Make the changes at one path. There may be thousands of them, but never as many notes."""
        before = len(self.notes)
        try:
            self._now = change(self._now)
        except Unreachable as why:
            self.notes[before:] = [Note(path.text, "dropped", detail=f"By {self._by}: {why}.", loss=False)]
        if (count := len(self.notes) - before) > _MOST_NOTES:
            detail = f"By {self._by}, at {count} places."
            self.notes[before:] = [Note(path.text, self.notes[before].fate, detail=detail, loss=False)]

    def _default(self, value: Any, place: Place, old: Any) -> Any:
        there = value_at(self._original, place) is not MISSING and written(place) not in self._made_up
        if there or place in self._set:
            return old
        self._set.add(place)
        self._note(place, "defaulted", old, value)
        return value

    def _override(self, value: Any, place: Place, old: Any) -> Any:
        if _same(old, value):
            return old
        self._note(place, "synthesised" if old is MISSING else "approximated", old, value)
        return value

    def _removed(self, place: Place, old: Any) -> None:
        self._note(place, "dropped", old, None)

    def _note(self, place: Place, fate: Fate, old: Any, new: Any) -> None:
        if place[0] in _PROSE:
            old = new = None
        self.notes.append(Note(written(place), fate, _shown(old), _shown(new), f"By {self._by}.", loss=False))


def _means(models: Models, request: Request, body: dict[str, Any]) -> bool:
    """Return whether a request is one of those that a rule is for."""
    return (
        any(models.name.fullmatch(name) for name in request.models)
        and (models.protocol is None or request.provider in PROTOCOLS[models.protocol])
        and (models.from_protocol is None or request.client in FROM_PROTOCOLS[models.from_protocol])
        and all(
            name in request.headers and pattern.fullmatch(request.headers[name])
            for name, pattern in models.headers.items()
        )
        and _holds(models, body)
    )


def _holds(models: Models, body: dict[str, Any]) -> bool:
    """Return whether a body fulfils the conditions of a rule."""
    wanted = [pair for pairs in models.match for pair in pairs.items()]
    unwanted = [pair for pairs in models.not_match for pair in pairs.items()]
    return (
        all(_has_value(path, value, body) for path, value in wanted)
        and not any(_has_value(path, value, body) for path, value in unwanted)
        and all(_is_there(path, body) for path in models.exist)
        and not any(_is_there(path, body) for path in models.not_exist)
    )


def _has_value(path: JsonPath, value: Any, body: dict[str, Any]) -> bool:
    return any(_same(found, value) for _, found in path.found(body))


def _is_there(path: JsonPath, body: dict[str, Any]) -> bool:
    return any(found is not None for _, found in path.found(body))


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are the same JSON: 1 is 1.0, but not true. `other` comes from the configuration, so it
    is not too deep."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in other)
        case list(), list():
            return len(one) == len(other) and all(map(_same, one, other))
        case _:
            return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _shown(value: Any) -> Any:
    """Return a value as a note shows it: one that is short and no text that somebody wrote, else None."""
    if isinstance(value, str):
        return value if _WORD.fullmatch(value) else None
    if isinstance(value, int | float):
        return value if abs(value) < 10**15 else None
    return None
