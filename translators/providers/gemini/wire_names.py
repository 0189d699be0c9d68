"""Names of functions that Gemini refuses, rewritten without collisions and the same way every time.

A name begins with a letter or `_`, goes on with letters, digits, `_`, `.`, `:` and `-`, and has 128 characters at most.
"""

import hashlib
import re
from collections.abc import Iterable

_LONGEST = 128
_GOOD = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}").fullmatch
_REFUSED = re.compile(r"[^a-zA-Z0-9_.:-]")


class ToolNames:
    """A bijection between the client's tool names and the wire's, fixed before the first part is written."""

    def __init__(self, names: Iterable[str]) -> None:
        every = list(dict.fromkeys(names))
        taken = {name for name in every if _GOOD(name)}
        self._wire: dict[str, str] = {}
        for name in every:
            self._wire[name] = name if _GOOD(name) else _respelled(name, taken)
            taken.add(self._wire[name])

    def __getitem__(self, name: str) -> str:
        return self._wire[name]

    def restored(self) -> dict[str, str]:
        """Wire name -> the client's, where they differ."""
        return {wire: name for name, wire in self._wire.items() if wire != name}


def _respelled(original: str, taken: set[str]) -> str:
    """`original` with its refused characters replaced, and a hash of all of it: what differed still differs."""
    stem = _REFUSED.sub("_", original)[: _LONGEST - 14]
    if not stem or not (stem[0].isalpha() or stem[0] == "_"):
        stem = f"_{stem}"
    count = 0
    while True:
        digest = hashlib.sha256(f"{count or ''}{original}".encode("utf-8", "replace")).hexdigest()
        if (spelling := f"{stem}_{digest[:12]}") not in taken:
            return spelling
        count += 1
