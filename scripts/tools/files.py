"""Reading what a command is given: a file, or `-` for standard input."""

import sys
from pathlib import Path
from typing import Any

from translators.errors import BadRequest
from translators.framing import json_text


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
    try:
        wire, repaired = json_text.parsed(data)
    except ValueError as error:
        raise BadRequest(f"The request's body is not JSON: {error}.", code="invalid_json") from error
    if repaired:
        print("body, approximated, Halves of surrogate pairs, which no text can hold, are U+FFFD.", file=sys.stderr)
    return wire
