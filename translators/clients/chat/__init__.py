"""The client dialect of POST /v1/chat/completions (https://platform.openai.com/docs/api-reference/chat)."""

from collections.abc import Mapping
from typing import Any

from translators.clients.chat.form import Form
from translators.clients.chat.parse import parse
from translators.clients.chat.writing import Streamed, Whole
from translators.clients.shared.openai_api import counted, error, keepalive, model, models, presented_key
from translators.dialects import Envelope, State, Writer
from translators.events import Event
from translators.notes import Note

__all__ = [
    "Form",
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

name = "chat"
path = "/v1/chat/completions"
id_prefix = "chatcmpl-"
state: State | None = None
omitted: Mapping[type[Event], Note] = {}


def streamed(form: Any, envelope: Envelope) -> Writer:
    return Streamed(form, envelope)


def whole(form: Any, envelope: Envelope) -> Writer:
    return Whole(form, envelope)
