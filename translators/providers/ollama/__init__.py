"""Ollama's own API as a provider (https://docs.ollama.com/api/chat).

`Model.overrides` may have `num_ctx`, `keep_alive`, `options` (a mapping of further ones of Ollama's options, which a
client's own win over), `think` (what the model takes: True for on and off, False for nothing, or a list of levels,
False among them where it can be switched off) and `truncate` (True to let Ollama cut a prompt that is too long).
"""

from translators.dialects import Answer, Framing, Recall
from translators.providers.ollama.answer import ChatAnswer
from translators.providers.ollama.errors import read_error, read_limits
from translators.providers.ollama.request import render
from translators.providers.shared.transforms import transformed

__all__ = ["answer", "framing", "name", "read_error", "read_limits", "render"]

name: str = "ollama"
framing: Framing = "ndjson"


def answer(recall: Recall) -> Answer:
    """Return the machine that emits one answer's events."""
    return transformed(ChatAnswer(recall), recall)
