"""The client dialect of POST /v1/completions, the legacy one (https://platform.openai.com/docs/api-reference/completions).

It is emulated on models that know conversations only: each prompt is asked as one message of a user's. What an answer
of this API has no place for (reasoning, pictures, the words of a refusal) is not told.
"""

from typing import Any

from translators.clients.completions.form import Form
from translators.clients.completions.reading import parse
from translators.clients.completions.writing import Streamed, Whole
from translators.dialects import Envelope, Writer

__all__ = ["Form", "id_prefix", "keepalive", "name", "parse", "streamed", "whole"]

name = "completions"
id_prefix = "cmpl-"


def streamed(form: Any, envelope: Envelope) -> Writer:
    return Streamed(form, envelope)


def whole(form: Any, envelope: Envelope) -> Writer:
    return Whole(form, envelope)


def keepalive() -> bytes:
    """A comment, which every reader of server-sent events skips."""
    return b": ping\n\n"
