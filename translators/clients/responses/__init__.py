"""The client dialect of POST /v1/responses (https://platform.openai.com/docs/api-reference/responses)."""

from collections.abc import Mapping
from typing import Any

from translators.clients.responses.form import Form
from translators.clients.responses.parse import parse
from translators.clients.responses.state import deleted, missing, referred
from translators.clients.responses.writing import Streamed, Whole
from translators.dialects import Envelope, Writer
from translators.events import Event
from translators.notes import Note

__all__ = [
    "Form",
    "Streamed",
    "Whole",
    "deleted",
    "id_prefix",
    "keepalive",
    "missing",
    "name",
    "parse",
    "referred",
    "streamed",
    "untold",
    "whole",
]

name = "responses"
id_prefix = "resp_"
untold: Mapping[type[Event], Note] = {}


def streamed(form: Any, envelope: Envelope) -> Writer:
    return Streamed(form, envelope)


def whole(form: Any, envelope: Envelope) -> Writer:
    return Whole(form, envelope)


def keepalive() -> bytes:
    """A comment, which every reader of server-sent events skips."""
    return b": ping\n\n"
