"""The query that is typed into the one field of the list: words, and chips such as `model:claude` or `duration>2s`.

All of it must be true of an exchange; a `-` before it turns one around. A word is looked for in names, ids, the status,
notes and the texts of bodies; `"two words"` are one. Case does not matter.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from addons.inspector.recording import Facts
from translators.values import immutable

LONGEST_QUERY: Final = 500
_MOST_TERMS = 20
_BEFORE, _AFTER = 32, 64
"""Characters around a word that was found."""
_TERM = re.compile(r'(-?)((?:[a-z_]+(?::|[<>]=?|=))?(?:"[^"]*"?|[^\s"]+))')
_CHIP = re.compile(r'([a-z_]+)(:|[<>]=?|=)"?([^"]*)"?')
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|k|kb|kib|mb|mib)?")
_UNITS: Mapping[str | None, float] = {
    **{None: 1.0, "ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0},
    **{"k": 1000.0, "kb": 1024.0, "kib": 1024.0, "mb": 1024.0**2, "mib": 1024.0**2},
}
_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


Found = tuple[Facts, str | None]
"""An exchange, and the place of a body that has what was searched for."""


@immutable
class Word:
    text: str
    unwanted: bool = False


@immutable
class Chip:
    """`key`, `relation` (`:`, `<`, `<=`, `>`, `>=` or `=`) and value; times are milliseconds."""

    key: str
    relation: str
    text: str
    number: float = 0.0
    unwanted: bool = False


@immutable
class Query:
    words: tuple[Word, ...] = ()
    chips: tuple[Chip, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.words and not self.chips

    def excerpt(self, text: str) -> str | None:
        """Return the place of a body that has one of the words; None where the first line or names have them all.
        `text` is what `searchable` made of an exchange: a line of notes, one of names, then the bodies."""
        head, bodies = _split(text)
        word = next((each.text for each in self.words if not each.unwanted and each.text not in head), None)
        at = -1 if word is None else bodies.find(word)
        if word is None or at < 0:
            return None
        first, last = max(0, at - _BEFORE), at + len(word) + _AFTER
        begun = "…" if first else ""
        return f"{begun}{' '.join(bodies[first:last].split())}{'…' if last < len(bodies) else ''}"

    def matches(self, facts: Facts, text: str) -> bool:
        """Return whether an exchange is what was asked for. `text` is what `searchable` made of it."""
        for word in self.words:
            if (word.text in text) is word.unwanted:
                return False
        return all(_is_true(chip, facts, text) is not chip.unwanted for chip in self.chips)


def parse(query: str) -> Query:
    """Return the query that somebody typed. Nothing is an error: what is no chip is a word."""
    words: list[Word] = []
    chips: list[Chip] = []
    for match in list(_TERM.finditer(query[:LONGEST_QUERY].lower()))[:_MOST_TERMS]:
        unwanted, term = bool(match[1]), match[2]
        if (chip := _chip(term, unwanted)) is not None:
            chips.append(chip)
        elif text := term.strip('"'):
            words.append(Word(text, unwanted))
    return Query(tuple(words), tuple(chips))


def _chip(term: str, unwanted: bool) -> Chip | None:
    match = _CHIP.fullmatch(term)
    if match is None or not match[3]:
        return None
    key, relation, value = match[1], match[2], match[3]
    if key in TEXTS or key in TRUTHS:
        return Chip(key, ":", value, unwanted=unwanted) if relation in (":", "=") else None
    number = _NUMBER.fullmatch(value)
    if key not in NUMBERS or number is None:
        return None
    return Chip(key, "=" if relation == ":" else relation, value, float(number[1]) * _UNITS[number[2]], unwanted)


def _tokens(facts: Facts) -> float | None:
    return None if facts.tokens is None else facts.tokens.input + facts.tokens.output


def _split(text: str) -> tuple[str, str]:
    notes, _, rest = text.partition("\n")
    names, _, bodies = rest.partition("\n")
    return f"{notes}\n{names}", bodies


def _noted(text: str) -> str:
    return text.partition("\n")[0]


TEXTS: Mapping[str, Callable[[Facts, str], tuple[str | None, ...]]] = {
    "model": lambda facts, _: (facts.model, facts.provider_model, facts.served_model),
    "provider": lambda facts, _: (facts.provider,),
    "client": lambda facts, _: (facts.client,),
    "dialect": lambda facts, _: (facts.dialect, facts.provider_dialect),
    "path": lambda facts, _: (facts.path,),
    "end": lambda facts, _: (facts.end,),
    "error": lambda facts, _: (facts.error, facts.cause),
    "finish": lambda facts, _: (facts.finish_reason,),
    "id": lambda facts, _: (facts.id, facts.provider_id),
    "conversation": lambda facts, _: (facts.conversation,),
    "injected": lambda facts, _: facts.injected,
    "status": lambda facts, _: (str(facts.status), f"{facts.status // 100}xx"),
    "note": lambda _, text: (_noted(text),),
}
"""The chips that look for a text, and where."""
TRUTHS: Mapping[str, Callable[[Facts], bool]] = {
    "stream": lambda facts: facts.stream,
    "pinned": lambda facts: facts.pinned,
    "notes": lambda facts: bool(facts.notes) or (facts.note_count or (0,))[0] > 0,
}
NUMBERS: Mapping[str, Callable[[Facts], float | None]] = {
    "tokens": _tokens,
    "input": lambda facts: None if facts.tokens is None else facts.tokens.input,
    "output": lambda facts: None if facts.tokens is None else facts.tokens.output,
    "duration": lambda facts: facts.timings.duration,
    "own": lambda facts: facts.timings.own,
    "first_event": lambda facts: facts.timings.first_event,
    "gap": lambda facts: facts.timings.longest_gap,
    "attempts": lambda facts: facts.attempts,
    "events": lambda facts: facts.events,
    "bytes": lambda facts: facts.bytes,
}
_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "=": lambda one, other: one == other,
}


def _is_true(chip: Chip, facts: Facts, text: str) -> bool:
    if (is_so := TRUTHS.get(chip.key)) is not None:
        return is_so(facts) is truth(chip.text)
    if (texts := TEXTS.get(chip.key)) is not None:
        return any(chip.text in each.lower() for each in texts(facts, text) if each)
    value = NUMBERS[chip.key](facts)
    return value is not None and _RELATIONS[chip.relation](value, chip.number)


FILTERS = ("text", *TEXTS, *TRUTHS, *NUMBERS)


def filtered(name: str, value: str) -> str:
    """Return the term for one of `FILTERS` in an address, `?name=value`: a word for `text`, else a chip. Numbers may
    have a relation, as `?duration=>2s`. Raises `ValueError`."""
    if '"' in value:
        raise ValueError(f"{name} cannot have a quotation mark in it.")
    if name in TRUTHS and truth(value.lower()) is None:
        raise ValueError(f"{name} must be yes or no.")
    if name not in NUMBERS:
        return f'"{value}"' if name == "text" else f'{name}:"{value}"'
    term = f"{name}{value}" if value[:1] in "<>=" else f"{name}={value}"
    if len(parse(term).chips) != 1 or parse(term).words:
        raise ValueError(f"{name} must be a number, with or without <, <=, > or >= before it.")
    return term


def truth(text: str) -> bool | None:
    return _TRUTH.get(text)


def heading(facts: Facts) -> str:
    """Return what a search finds of an exchange besides its bodies: a line of notes, one of names and ids."""
    notes = " ".join(f"{note.path}:{note.fate}" for note in facts.notes)
    names = (
        *(facts.id, facts.model, facts.provider, facts.provider_model, facts.served_model, facts.client),
        *(facts.dialect, facts.provider_dialect, facts.path, str(facts.status), facts.end, facts.error, facts.cause),
        *(facts.finish_reason, facts.provider_id, facts.message, facts.conversation, *facts.injected),
    )
    return f"{notes}\n{' '.join(name for name in names if name)}".lower()
