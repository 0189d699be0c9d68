"""Reading what a command is given: a file, or `-` for standard input."""

import sys
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from translators.errors import BadRequest


class Unusable(Exception):
    """The command cannot do what it is asked; the text is a sentence for whoever typed it. Exit status 2."""


def read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Unusable(f"{name} cannot be read: {error.strerror or error}.") from error


def request_in(data: bytes) -> Any:
    """A client's request as the gateway reads it. Raises `BadRequest`."""
    try:
        return from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise BadRequest(f"The request's body is not JSON: {error}.", code="invalid_json") from error
