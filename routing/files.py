"""Reads the files of a configuration, each within bounds: a file that never ends is one that is too large."""

import os
from pathlib import Path

LARGEST = 1 << 20
TOO_LARGE = f"is larger than {LARGEST} bytes; is this the right file?"
"""What becomes a problem of a file of which one byte more than `LARGEST` was read."""


def head(file: Path | str) -> bytes:
    """Return what a file holds, at most one byte more than it may; or what somebody writes into a pipe (a shell's
    `<(...)`), which is empty where nobody does. Raises `OSError`, and `ValueError` for a name that cannot be that of a
    file."""
    with open(file, "rb", opener=_opened) as opened:
        return opened.read(LARGEST + 1)


def _opened(path: str, flags: int) -> int:
    """Open a file, also a pipe, without waiting for who writes into it."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if os.name == "posix":
        os.set_blocking(descriptor, True)
    return descriptor
