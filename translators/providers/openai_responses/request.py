"""A conversation as a request to the Responses API (https://platform.openai.com/docs/api-reference/responses/create).

Turns of the system's and the developer's stay where they are, as messages: `instructions` are for providers that want
them (the override `instructions`, as the Codex backend does). The state that the next turn needs comes back encrypted,
so nothing has to be stored.
"""

from typing import Any

from translators.conversation import Conversation, Knobs
from translators.dialects import Model, Recall, Rendered
from translators.notes import Note
from translators.providers.openai_responses import reasoning, settings
from translators.providers.openai_responses.quirks import quirky
from translators.providers.openai_responses.tools import Toolbox
from translators.providers.openai_responses.turns import Turns
from translators.providers.shared.settings import unused

PATH = "/responses"
_FIELDS = {
    "max_tokens": "max_output_tokens",
    "reasoning_effort": "reasoning",
    "response_format": "text",
    "prompt_cache": "prompt_cache_options",
}
"""Options whose field has another name."""


def render(conversation: Conversation, model: Model) -> Rendered:
    """Return the request, `{"model": ..., "input": [...], "tools": [...], "store": ..., "stream": ...}`. Raises
    `BadRequest` for what the API cannot carry and the client relies on."""
    notes: list[Note] = []
    knobs = Knobs(conversation.options)
    settings.refuse_what_cannot_be_had(knobs, notes)
    stops = settings.stops(knobs, notes)
    toolbox = Toolbox(conversation, notes)
    turns = Turns(conversation, toolbox.names, model.memory, notes)
    instructions, skipped = turns.instructions() if model.overrides.get("instructions") else (None, 0)
    body: dict[str, Any] = {
        "model": model.name,
        "instructions": instructions,
        "input": turns.items(skipped=skipped),
        "tools": toolbox.written(knobs),
        "tool_choice": toolbox.choice(),
        "reasoning": reasoning.effort_and_summary(knobs, model.overrides, notes),
        "text": settings.text(knobs, notes),
        **settings.plain(knobs, notes),
        **settings.include(knobs, reasoning.reasons(model.name, model.overrides)),
    }
    body = {name: value for name, value in body.items() if value not in (None, [], {})}
    body["store"] = settings.store(knobs)
    body["stream"] = conversation.stream or bool(model.overrides.get("streams"))
    if body["stream"] != conversation.stream:
        notes.append(Note("stream", "synthesised", False, True, "By configuration: this provider only streams."))
    body = quirky(body, model.overrides, _paths(conversation), notes)
    notes += unused(knobs, "The Responses API has no such field.")
    recall = Recall(model.name, toolbox.names.restored(), memory=model.memory, stops=stops)
    return Rendered(PATH, body, {}, tuple(notes), recall, bool(body.get("stream")))


def _paths(conversation: Conversation) -> dict[str, str]:
    """Return the place where the client wrote each field."""
    written = {_FIELDS.get(name, name): option.at for name, option in conversation.options.items()}
    return written | ({} if conversation.tool_choice is None else {"tool_choice": conversation.tool_choice.at})
