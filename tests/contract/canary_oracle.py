"""Judges links by values that exist once: looks in a body for what another has, and compares where that stands with
what the links say. Nothing here knows how the links were made."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Links = Sequence[Mapping[str, Any]]
"""As the API has them: `{"from": path | null, "to": path | null, "rule", "note", "detail"}`."""
SAME = ("copied", "moved", "renamed")
_WORD = re.compile(r"[A-Za-z0-9+/_=-]{4,}")
_WRAPPED = re.compile(r"gw1\.([\w-]+)")
_LEAST = 100
"""Numbers below are no canaries, unless they are broken ones."""
WORDS = frozenset(
    (
        *("type", "role", "object", "status", "stop_reason", "stopReason", "finish_reason", "finishReason", "format"),
        *("done_reason", "media_type", "mimeType", "detail", "effort", "reasoning_effort", "verbosity", "summary"),
        *("service_tier", "truncation", "include", "phase", "tool_choice", "mode", "model"),
    )
)
"""The names of fields that have a word of the API; the tables have those."""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value that has none in it, with its path as the links write it."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def name(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path).rpartition(".")[2]


def signs(value: Any) -> tuple[str | int | float, ...]:
    """Return what a value is known by elsewhere: a number, the longest word of a text, of JSON those of its values."""
    if isinstance(value, bool) or value is None:
        return ()
    if isinstance(value, int):
        return (value,) if value >= _LEAST else ()
    if isinstance(value, float):
        return (value,)
    if not isinstance(value, str) or value == "[DONE]":
        return ()
    if value.startswith("data:"):
        return (value.partition(",")[2],)
    if value.startswith("{") and value.endswith("}"):
        return tuple(sign for _, inner in leaves(json.loads(value)) for sign in signs(inner))
    words = sorted(_WORD.findall(value), key=len)
    return (words[-1],) if words else ()


def holds(value: Any, sign: str | int | float) -> bool:
    """Return whether a value has a sign, as itself or in a text."""
    if isinstance(value, str):
        if (wrapped := _WRAPPED.fullmatch(value)) is not None:
            value = urlsafe_b64decode(wrapped[1] + "===").decode()
        if isinstance(sign, str):
            return sign in value
        return sign == _number(value) or bool(re.search(rf"(?<![\d.]){re.escape(str(sign))}(?![\d.])", value))
    return not isinstance(value, bool) and isinstance(value, int | float) and value == sign


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def canaries(body: Any) -> dict[str, tuple[str | int | float, ...]]:
    """Return the fields whose signs no other field of the body has, by their paths."""
    found = {path: signs(value) for path, value in leaves(body)}
    values = dict(leaves(body))
    return {
        path: each
        for path, each in found.items()
        if each
        and name(path) not in WORDS
        and all(sum(holds(value, sign) for value in values.values()) == 1 for sign in each)
    }


def where(body: Any, canary: Sequence[str | int | float]) -> set[str]:
    return {path for path, value in leaves(body) if any(holds(value, sign) for sign in canary)}


@dataclass
class Verdict:
    """`wrong` says of each field for which the links say something else. `found` fields were found by their value,
    `gone` ones have a link that says that they were not sent, `listed` ones are in the table."""

    wrong: list[str] = field(default_factory=list)
    found: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)

    @property
    def judged(self) -> int:
        return len(self.found | self.gone | self.listed)


Table = Callable[[str], Collection[str] | None]
"""Returns the ends of the paths that a field decides besides those that have its value; none, if it goes nowhere and
nobody says why; None, if the table does not have it."""


def judge(
    had: Any, made: Any, links: Links, notes: Sequence[Mapping[str, Any]] = (), table: Table = lambda path: None
) -> Verdict:
    """Compare the links from `had` to `made` with where the canaries of `had` stand, and with the table."""
    verdict = Verdict()
    there, values = dict(leaves(made)), dict(leaves(had))
    targets: dict[str, dict[str, str]] = {}
    for link in links:
        if link["from"] is not None and link["to"] in there:
            targets.setdefault(link["from"], {})[link["to"]] = link["rule"]
    for path, canary in canaries(had).items():
        places, ends, said = where(made, canary), table(path), targets.get(path, {})
        told = {to for to in said if to in places or name(to) not in WORDS}
        decided = {to for to in told - places if any(to.endswith(end) for end in ends or ())}
        if told - decided != places:
            verdict.wrong.append(f"{path} is at {sorted(places)}, the links say {said}")
        elif any(not any(to.endswith(end) for to in decided) for end in ends or ()):
            verdict.wrong.append(f"{path} decides {ends}, the links say {said}")
        elif places:
            verdict.found.add(path)
            verdict.wrong += _rules(path, values[path], places, there, said)
        elif ends is not None:
            verdict.listed.add(path)
        elif (why := _not_sent(path, links, notes)) is None:
            verdict.gone.add(path)
        else:
            verdict.wrong.append(f"{path} {why}")
    return verdict


def _rules(path: str, value: Any, places: set[str], there: Mapping[str, Any], said: Mapping[str, str]) -> list[str]:
    wrong = []
    for place in places:
        equal = there[place] == value and type(there[place]) is type(value)
        if equal != (said[place] in SAME):
            wrong.append(f"{path} is {'' if equal else 'not '}the same at {place}, the rule is {said[place]}")
        if said[place] == "copied" and path != re.sub(r"^(events\[\d+\])\[\d+\]", r"\1", place):
            wrong.append(f"{path} is at {place}, and is said to be copied")
    return wrong


def _not_sent(path: str, links: Links, notes: Sequence[Mapping[str, Any]]) -> str | None:
    """Return what is wrong with the word for a field that is not there."""
    around = [path, *(path[:cut] for cut, sign in enumerate(path) if sign in ".[" and cut)]
    ended = [link for link in links if link["from"] in around and link["to"] is None and link["rule"] != "unknown"]
    if not ended:
        return "is not there, and no link says why"
    link = ended[0]
    noted = [note for note in notes if note["fate"] == "dropped" and _is_about(note["path"], path)]
    if noted:
        told = notes[link["note"]] if link["note"] is not None else None
        right = told in noted and link["rule"] == "dropped" and link["detail"] == told["detail"] != ""
        return None if right else f"was dropped for another reason: {link}"
    return None if link["detail"] else "has no reason"


def _is_about(noted: str, path: str) -> bool:
    return path == noted or path.startswith((f"{noted}.", f"{noted}["))
