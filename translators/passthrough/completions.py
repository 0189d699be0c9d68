"""The completions of 2020, POST /completions, from a client that speaks them to a server that still does (vLLM,
llama.cpp, Together, OpenAI's last models): https://platform.openai.com/docs/api-reference/completions."""

from typing import Any

from translators.dialects import Envelope, Framing, Model, Passed, Recall, Writer
from translators.passthrough.answer import PassedAnswer
from translators.passthrough.mending import TextMender
from translators.passthrough.request import Form, passed, validate
from translators.passthrough.writing import Streamed, Whole
from translators.providers.openai.errors import read_error, read_limits

__all__ = ["Form", "answer", "effort", "framing", "name", "read_error", "read_limits", "render", "streamed", "whole"]

name: str = "openai-completions"
framing: Framing = "sse"
effort: tuple[str, ...] = ("reasoning_effort",)


def render(body: Any, model: Model) -> Passed:
    """Return the provider's request. Raises `BadRequest` for what is no request at all; the provider judges the
    rest."""
    prompt = body.get("prompt") if isinstance(body, dict) else None
    fits = prompt is None or isinstance(prompt, str | list)
    validate(body, {} if fits else {"prompt": "must be a text or a list"})
    return passed(body, model, "/completions", choices=_prompts(prompt))


def answer(recall: Recall) -> PassedAnswer:
    """Return the machine that makes events of one answer."""
    return PassedAnswer(recall, TextMender)


def streamed(form: Any, envelope: Envelope) -> Writer:
    return Streamed(form, envelope, "text_completion")


def whole(form: Any, envelope: Envelope) -> Writer:
    return Whole(envelope, "text_completion")


def _prompts(prompt: Any) -> int:
    """Return the number of prompts: a list of numbers is one prompt in tokens; any other list has a prompt in each
    entry."""
    if not isinstance(prompt, list) or not prompt or isinstance(prompt[0], int):
        return 1
    return len(prompt)
