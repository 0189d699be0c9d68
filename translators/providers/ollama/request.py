"""A conversation as a request to Ollama (https://docs.ollama.com/api/chat; `ChatRequest` in its api/types.go)."""

from typing import Any

from translators.conversation import Conversation, CustomTool, Knobs
from translators.dialects import Model, Recall, Rendered
from translators.notes import Note
from translators.providers.ollama import settings
from translators.providers.ollama.reasoning import think
from translators.providers.ollama.tools import tools
from translators.providers.ollama.turns import Turns
from translators.providers.shared.searching import without_search
from translators.providers.shared.settings import note_moderation, unused


def render(conversation: Conversation, model: Model) -> Rendered:
    """Return the request, `{"model": ..., "messages": [...], "options": {...}, "think": ..., "stream": ...}`. Raises
    `BadRequest` for what Ollama cannot carry and the client relies on."""
    notes: list[Note] = []
    conversation = without_search(conversation, notes)
    knobs = Knobs(conversation.options)
    settings.refuse_what_cannot_be_had(knobs)
    messages = Turns(notes).written(conversation.turns)
    body: dict[str, Any] = {
        "model": model.name,
        "messages": messages,
        "tools": tools(conversation, knobs, notes),
        "format": settings.output_format(knobs, notes),
        "think": think(knobs, model, notes),
        "logprobs": knobs.take("logprobs") or None,
        "top_logprobs": knobs.take("top_logprobs") or None,
        "options": settings.options(knobs, model.overrides, notes),
        "keep_alive": model.overrides.get("keep_alive"),
    }
    body = {key: value for key, value in body.items() if value is not None and value not in ([], {})}
    if not model.overrides.get("truncate"):
        # Without these Ollama cuts the oldest messages off, and the start of a long answer, and says nothing of it.
        body |= {"truncate": False, "shift": False}
    body["stream"] = conversation.stream  # a request that leaves it out gets a stream
    custom = frozenset(tool.name for tool in conversation.tools if isinstance(tool, CustomTool))
    note_moderation(knobs, notes)
    notes += unused(knobs, "Ollama has no such field.")
    return Rendered("/api/chat", body, {}, tuple(notes), Recall(model.name, custom=custom), conversation.stream)
