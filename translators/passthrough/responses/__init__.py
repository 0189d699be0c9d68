"""A client of POST /v1/responses at a provider that speaks the Responses API: both get each other's JSON as it came.

Reference: https://platform.openai.com/docs/api-reference/responses.
"""

from typing import Any

from translators.dialects import Envelope, Framing, Recall, Writer
from translators.passthrough.responses.answer import PassedResponse
from translators.passthrough.responses.request import render
from translators.passthrough.responses.writing import Streamed, Whole
from translators.providers.openai_responses.errors import read_error, read_limits

__all__ = ["answer", "effort", "framing", "name", "read_error", "read_limits", "render", "streamed", "whole"]

name: str = "openai-responses"
framing: Framing = "sse"
effort: tuple[str, ...] = ("reasoning", "effort")


def answer(recall: Recall) -> PassedResponse:
    """Return the machine that passes one answer on, and parses its end, its usage and its errors."""
    return PassedResponse()


def streamed(form: Any, envelope: Envelope) -> Writer:
    return Streamed(envelope)


def whole(form: Any, envelope: Envelope) -> Writer:
    return Whole(envelope)
