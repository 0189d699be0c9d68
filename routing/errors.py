"""Reports mistakes in config.yaml: one line each, which never quotes a value."""

import re
from collections.abc import Iterable

from translators.values import immutable

Path = tuple[str | int, ...]
"""The place of a value: `("claude-api-key", 0, "models", 1, "alias")`."""

_SHOWN_KEY = re.compile(r"(?!sk-)[A-Za-z][A-Za-z0-9_.-]{0,39}")
_MOST = 20


def dotted(path: Path) -> str:
    """Return `claude-api-key[0].models[1].alias`. A key that may be a secret in the wrong place is not shown."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _SHOWN_KEY.fullmatch(part) else "(a key that is not shown)")
    return text


@immutable
class Problem:
    """One mistake: `line` counts from 1, or is None for the file as a whole; `text` is what is wrong; the remedy."""

    text: str
    line: int | None = None
    path: Path = ()

    def as_line(self, file: str) -> str:
        """Return `FILE:LINE: KEY: what is wrong; remedy`."""
        where = file if self.line is None else f"{file}:{self.line}"
        return ": ".join(part for part in (where, dotted(self.path), self.text) if part)


class ConfigError(Exception):
    """The configuration cannot be used; `str()` is `FILE:LINE: KEY: what is wrong; remedy`, one line a mistake. `files`
    are those beside it that were looked for."""

    def __init__(self, file: str, problems: Iterable[Problem], files: Iterable[str] = ()) -> None:
        self.files = tuple(files)
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        lines = [problem.as_line(file) for problem in self.problems[:_MOST]]
        if (more := len(self.problems) - _MOST) > 0:
            lines.append(f"{file}: and {more} more mistakes")
        super().__init__("\n".join(lines))
