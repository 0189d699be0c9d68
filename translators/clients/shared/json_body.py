"""A client's request as JSON text."""

from typing import Any

from translators.errors import BadRequest
from translators.framing import json_text
from translators.notes import Note


def parsed(body: bytes) -> tuple[Any, tuple[Note, ...]]:
    """Return the JSON value of `body`, and a note of what was replaced in it. Raises `BadRequest` for what is no JSON,
    and for more values than are read."""
    try:
        wire, repaired = json_text.parsed(body)
    except json_text.TooManyValues as error:
        message = f"The request's body has {error}. Send fewer of them."
        raise BadRequest(message, code="request_too_large") from error
    except ValueError as error:
        raise BadRequest(f"The request's body is not JSON: {error}.", code="invalid_json") from error
    why = "Halves of surrogate pairs, which no text can hold, are sent as U+FFFD."
    return wire, (Note("body", "approximated", detail=why),) if repaired else ()
