"""Chat completions from a client that speaks them to a provider that speaks them.

The body goes on as it came, with the provider's name of the model and without what `Quirks` leave out; the answer comes
back as it came, with the client's name of the model. `mending.py` puts right what no client could read.
"""

from typing import Any

from translators.dialects import Envelope, Framing, Model, Passed, Recall, Writer
from translators.passthrough.answer import PassedAnswer
from translators.passthrough.mending import MessageMender
from translators.passthrough.request import Form, passed, validate
from translators.passthrough.writing import Streamed, Whole
from translators.providers.openai.errors import read_error, read_limits

__all__ = ["Form", "answer", "effort", "framing", "name", "read_error", "read_limits", "render", "streamed", "whole"]

name: str = "openai"
framing: Framing = "sse"
effort: tuple[str, ...] = ("reasoning_effort",)


def render(body: Any, model: Model) -> Passed:
    """Return the provider's request. Raises `BadRequest` for what is no request at all; the provider judges the
    rest."""
    messages = body.get("messages") if isinstance(body, dict) else None
    validate(body, {} if _is_conversation(messages) else {"messages": "must be a list of at least one message object"})
    return passed(body, model, "/chat/completions")


def answer(recall: Recall) -> PassedAnswer:
    """Return the machine that makes events of one answer."""
    return PassedAnswer(recall, MessageMender)


def streamed(form: Any, envelope: Envelope) -> Writer:
    return Streamed(form, envelope, "chat.completion.chunk")


def whole(form: Any, envelope: Envelope) -> Writer:
    return Whole(envelope, "chat.completion")


def _is_conversation(messages: Any) -> bool:
    return isinstance(messages, list) and bool(messages) and all(isinstance(each, dict) for each in messages)
