"""The client dialect of POST /v1/responses (https://platform.openai.com/docs/api-reference/responses)."""

from collections.abc import Mapping
from typing import Any

from translators.clients.responses.form import Form
from translators.clients.responses.parse import parse
from translators.clients.responses.state import deleted, missing, referred, remembered
from translators.clients.responses.writing import Streamed, Whole
from translators.clients.shared.openai_api import counted, error, keepalive, model, models, presented_key
from translators.dialects import Envelope, Remembered, State, Writer
from translators.events import Event
from translators.notes import Note

__all__ = [
    "Form",
    "Streamed",
    "Whole",
    "counted",
    "error",
    "id_prefix",
    "keepalive",
    "model",
    "models",
    "name",
    "omitted",
    "parse",
    "path",
    "presented_key",
    "state",
    "streamed",
    "whole",
]

name = "responses"
path = "/v1/responses"
id_prefix = "resp_"
omitted: Mapping[type[Event], Note] = {}


def streamed(form: Any, envelope: Envelope) -> Writer:
    return Streamed(form, envelope)


def whole(form: Any, envelope: Envelope) -> Writer:
    return Whole(form, envelope)


def _remembered(writer: Writer) -> Remembered | None:
    if not isinstance(writer, Streamed | Whole) or writer.response is None:
        return None
    return remembered(writer.form, writer.response)


state: State | None = State(parse, referred, _remembered, missing, deleted)
