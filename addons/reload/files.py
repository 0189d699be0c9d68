"""Reads the files of a configuration, finds where changes of them show, and when they have been written completely."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from routing.files import head
from translators.values import immutable

QUIET_SECONDS = 0.4
"""Time for which no file may have changed before they are read: whoever writes one has then come to the end."""
CUT_SECONDS = 3.0
"""The same where a file looks as if it were cut off in the middle, which YAML need not notice."""
_MOST_LINKS = 40
"""On the way to one file, as Linux has it."""

Contents = Mapping[str, bytes | None]
"""By name of the file; None where there is none that can be read."""


def contents(files: Iterable[str]) -> Contents:
    return {file: _content(file) for file in files}


def _content(file: str) -> bytes | None:
    if not os.path.isfile(file):
        return None
    try:
        return head(file)
    except (OSError, ValueError):
        return None


@immutable
class Places:
    """The places where changes show: in the `folders`, each with its identity, which a folder that is made anew has
    not; `names` are what has to change there."""

    folders: frozenset[tuple[str, int]]
    names: frozenset[str]


def places(files: Iterable[str]) -> Places:
    """Return the places of the files, and of all links on the ways to them: editors put another file in the place of
    one, and Kubernetes another link in the place of a link to a folder."""
    found: set[Path] = set()
    walked: set[Path] = set()
    waiting = [(Path(os.path.abspath(file)), 0) for file in files]
    while waiting:
        path, links = waiting.pop()
        if path in walked or links > _MOST_LINKS:
            continue
        walked.add(path)
        found.add(_first_missing(path))
        link = next((part for part in (*reversed(path.parents), path) if os.path.islink(part)), None)
        if link is not None:
            found.add(link)
            target = Path(os.path.normpath(link.parent / os.readlink(link) / path.relative_to(link)))
            waiting.append((target, links + 1))
    folders = {each.parent for each in found}
    return Places(frozenset((str(each), _identity(each)) for each in folders), frozenset(each.name for each in found))


def _first_missing(path: Path) -> Path:
    """Return the part of a path that has to appear first, which is all of it if its folder is there."""
    while not os.path.isdir(path.parent):
        path = path.parent
    return path


def _identity(folder: Path) -> int:
    try:
        return folder.stat().st_ino
    except OSError:
        return 0


class Settling:
    """Finds out when files have been written completely. `used` is what is in use of them."""

    def __init__(self, used: Contents) -> None:
        self._used = used
        self._seen: Contents | None = None
        self._since = 0.0

    def remaining(self, seen: Contents, now: float) -> float:
        """Return the seconds for which the files have to stay as they are seen now; 0: they are complete."""
        if seen != self._seen:
            self._seen, self._since = seen, now
        cut = any(looks_cut(seen.get(file), used) for file, used in self._used.items())
        return max(0.0, self._since + (CUT_SECONDS if cut else QUIET_SECONDS) - now)


def looks_cut(new: bytes | None, used: bytes | None) -> bool:
    """Return whether a file may be half of what it will be: it is gone, it ends in a line, or it is the beginning of
    what it was."""
    if used is None or new == used:
        return False
    return new is None or used.startswith(new) or (used.endswith(b"\n") and not new.endswith(b"\n"))
