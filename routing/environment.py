"""`${NAME}` and `${NAME:-default}` in texts; `$$` is a dollar, and a dollar before anything else is itself.

A variable that is empty counts as unset. Its value is never expanded again. A text that is all `$NAME` is a
`HeaderReference`, unlike one that an expansion made.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from routing.errors import Path

PLACEHOLDER = "https://unset.invalid"
"""Stands where a variable is missing, so that the rest of its entry can still be checked: valid as any text."""

_REFERENCE = re.compile(r"\$(?:\$|\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|(?P<bad>)))")
_HEADER = re.compile(r"\$([A-Za-z][A-Za-z0-9-]*)")


class HeaderReference(str):
    """A text that the file itself has as `$NAME`. In a provider's `headers` it names a header of the client's."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Return the name in lower case."""
        return self[1:].lower()


@dataclass(slots=True)
class Expansion:
    """The expansion of `${VARIABLE}` in a document. `missing` are the places that want a variable that is not set, with
    its name; `malformed` those with a `${` that begins no reference."""

    environ: Mapping[str, str]
    missing: list[tuple[Path, str]] = field(default_factory=list)
    malformed: list[Path] = field(default_factory=list)

    def expand(self, value: object, path: Path = ()) -> object:
        """Return `value` with every text in it expanded; keys stay as they are."""
        match value:
            case dict():
                return {key: self.expand(item, (*path, key)) for key, item in value.items()}
            case list():
                return [self.expand(item, (*path, at)) for at, item in enumerate(value)]
            case str():
                return self._text(value, path)
            case _:
                return value

    def _text(self, text: str, path: Path) -> str:
        if _HEADER.fullmatch(text):
            return HeaderReference(text)
        unset: list[str] = []

        def replacement(match: re.Match[str]) -> str:
            if match["bad"] is not None:
                self.malformed.append(path)
            if (name := match["name"]) is None:
                return "$"
            if value := self.environ.get(name, ""):
                return value
            if match["default"] is None:
                unset.append(name)
            return match["default"] or ""

        expanded = _REFERENCE.sub(replacement, text)
        self.missing += [(path, name) for name in unset]
        return PLACEHOLDER if unset else expanded
