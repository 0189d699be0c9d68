"""Findings in a request besides its meaning: problems, which refuse it, and notes, which do not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from translators.conversation import OPTIONS, Option
from translators.errors import BadRequest
from translators.notes import NOT_CARRIED, Fate, Note
from translators.values import immutable

NAMED = 40
"""The number of problems that a message names; of more it tells the number."""


@immutable
class Problem:
    """A mistake in a request. `sentence` goes on after the path: `must be a string`. It quotes nothing that a client
    wrote but the ids of calls."""

    path: str
    sentence: str
    code: str = "invalid_value"


def refusal(problems: list[Problem]) -> BadRequest:
    """Return one error for all problems; its `param` and `code` are those of the first."""
    sentences = [f"{problem.path} {problem.sentence}" for problem in problems[:NAMED]]
    if len(problems) > NAMED:
        sentences.append(f"and {len(problems) - NAMED} more problems")
    return BadRequest("; ".join(sentences) + ".", param=problems[0].path, code=problems[0].code)


def step(path: str, name: str) -> str:
    """Return `path.name` for a name that a client made up: cut, and without anything unprintable."""
    name = "".join(sign if sign.isprintable() and not sign.isspace() else "_" for sign in name[:64])
    return f"{path}.{name}" if path else name


def naming(call_id: str) -> str:
    """Return the id of a call, for a sentence about it: people search for it."""
    return f"('{step('', call_id)}')"


@dataclass(slots=True)
class Findings:
    """The findings in one request so far."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def problem(self, path: str, sentence: str, code: str = "invalid_value") -> None:
        self.problems.append(Problem(path, sentence, code))

    def note(self, path: str, fate: Fate, detail: str, *, old: Any = None, new: Any = None) -> None:
        self.notes.append(Note(path, fate, old, new, detail))

    def unsent(self, path: str, detail: str) -> None:
        """Note a field that the gateway gave out to be shown and does not send back; nobody relies on it."""
        self.notes.append(Note(path, "dropped", detail=detail, loss=False))

    def unknown(self, path: str, rest: Mapping[str, Any]) -> None:
        """Note the rest of an object from which everything known was popped. Null is the same as absent everywhere."""
        for name, value in rest.items():
            if value is not None:
                self.note(step(path, name), "dropped", NOT_CARRIED)

    def unread(self, fields: Mapping[str, Any], moved: frozenset[str] = frozenset()) -> dict[str, Option]:
        """Return the rest of the whole request as options: a provider dialect drops those that it does not know. A name
        that means something else to it is dropped here. `moved` stood inside `extra_body`."""
        options: dict[str, Option] = {}
        for name, value in fields.items():
            at = step("extra_body" if name in moved else "", name)
            if value is not None and name in OPTIONS:
                self.note(at, "dropped", NOT_CARRIED)
            elif value is not None:
                options[name] = Option(value, at)
        return options

    def raise_problems(self) -> None:
        if self.problems:
            raise refusal(self.problems)
