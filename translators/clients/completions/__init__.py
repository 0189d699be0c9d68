"""The client dialect of POST /v1/completions, the legacy one (https://platform.openai.com/docs/api-reference/completions).

It is emulated on models that know conversations only: each prompt is sent as one message of a user. An answer of
this API has no place for reasoning, pictures, calls and the words of a refusal: they are omitted, with a note where
a client may rely on them.
"""

from collections.abc import Mapping
from typing import Any

from translators.clients.completions.form import Form
from translators.clients.completions.parse import parse
from translators.clients.completions.writing import Streamed, Whole
from translators.clients.shared.openai_api import counted, error, keepalive, model, models, presented_key
from translators.dialects import Envelope, State, Writer
from translators.events import Event, ImageMade, ToolCallStarted
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

name = "completions"
path = "/v1/completions"
id_prefix = "cmpl-"
state: State | None = None
omitted: Mapping[type[Event], Note] = {
    ToolCallStarted: Note("tool_calls", "dropped", detail="A completion calls no tools: the call is not told."),
    ImageMade: Note("images", "dropped", detail="A completion is text: the picture is not told."),
}


def streamed(form: Any, envelope: Envelope) -> Writer:
    return Streamed(form, envelope)


def whole(form: Any, envelope: Envelope) -> Writer:
    return Whole(form, envelope)
