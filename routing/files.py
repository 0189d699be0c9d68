"""Reads the files of a configuration, each within bounds: a file that never ends is one that is too large."""

from pathlib import Path

LARGEST = 1 << 20
TOO_LARGE = f"is larger than {LARGEST} bytes; is this the right file?"
"""What becomes a problem of a file of which one byte more than `LARGEST` was read."""


def head(file: Path | str) -> bytes:
    """Return what a file holds, at most one byte more than it may. Raises `OSError`, and `ValueError` for a name that
    cannot be that of a file."""
    with open(file, "rb") as opened:
        return opened.read(LARGEST + 1)
