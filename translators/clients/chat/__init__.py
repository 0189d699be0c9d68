"""The client dialect of POST /v1/chat/completions (https://platform.openai.com/docs/api-reference/chat)."""

from collections.abc import Mapping
from typing import Any

from translators.clients.chat.form import Form
from translators.clients.chat.parse import parse
from translators.clients.chat.writing import Streamed, Whole
from translators.dialects import Envelope, Writer
from translators.events import Event
from translators.notes import Note

__all__ = ["Form", "id_prefix", "keepalive", "name", "parse", "streamed", "untold", "whole"]

name = "chat"
id_prefix = "chatcmpl-"
untold: Mapping[type[Event], Note] = {}


def streamed(form: Any, envelope: Envelope) -> Writer:
    return Streamed(form, envelope)


def whole(form: Any, envelope: Envelope) -> Writer:
    return Whole(form, envelope)


def keepalive() -> bytes:
    """A comment, which every reader of server-sent events skips."""
    return b": ping\n\n"
