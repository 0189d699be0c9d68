"""Reading what a command is given: a file, or `-` for standard input."""

import sys
from pathlib import Path
from typing import Any

from translators.clients.shared.json_body import parsed


class Unusable(Exception):
    """The command cannot do what it is asked; the text is a sentence for whoever typed it. Exit status 2."""


def read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Unusable(f"{name} cannot be read: {error.strerror or error}.") from error


def request_in(data: bytes) -> Any:
    """Return a client's request as the gateway reads it, which says on standard error what it replaced. Raises
    `BadRequest`."""
    wire, notes = parsed(data)
    for note in notes:
        print(f"{note.path}, {note.fate}, {note.detail}", file=sys.stderr)
    return wire
