"""Names with `*`, `?` and `[...]` in them, by which configuration means several models or providers at once."""

from collections.abc import Iterable
from fnmatch import fnmatchcase


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Return whether one of `patterns` means `name`, in its exact case."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def matches_in_any_case(name: str, patterns: Iterable[str]) -> bool:
    """Return whether one of `patterns` means `name`; capitals do not matter."""
    return matches(name.lower(), (pattern.lower() for pattern in patterns))
