"""A conversation -> the body of POST /chat/completions (openai/types/chat/completion_create_params.py)."""

from translators.conversation import Conversation, Knobs
from translators.dialects import Model, Recall, Rendered
from translators.notes import Note
from translators.providers.openai.quirks import Quirks
from translators.providers.openai.settings import Fields
from translators.providers.openai.tools import Toolbox
from translators.providers.openai.turns import Turns
from translators.providers.shared.histories import shown_by_user
from translators.providers.shared.searching import without_filtered_search, without_search

PATH = "/chat/completions"
_ALWAYS = "Chat completions have no search that a model may use or leave."


def render(conversation: Conversation, model: Model) -> Rendered:
    """Return the request, `{"model": ..., "messages": [...], "tools": [...], "stream": ...}`. Raises `BadRequest` for
    what chat completions cannot carry and the client relies on."""
    quirks, notes = Quirks.of(model), list[Note]()
    if (search := conversation.options.get("web_search")) is not None and search.value.offered:
        conversation = without_search(conversation, notes, _ALWAYS)
    conversation = without_filtered_search(conversation, notes)
    fields = Fields(Knobs(conversation.options), quirks, notes)
    fields.refuse_what_cannot_be_had()
    toolbox = Toolbox(conversation, quirks, notes)
    messages = Turns(model, quirks, notes).written(shown_by_user(conversation.turns, notes))
    choices = fields.put_limits_and_sampling()
    fields.put_reasoning()
    fields.put_formats()
    if tools := toolbox.written():
        fields.put("tools", tools, "tools")
        if (choice := toolbox.choice()) is not None:
            fields.put("tool_choice", choice, "tool_choice")
    fields.put_as_they_are(with_tools=bool(tools))
    body = {"model": model.name, "messages": messages, **fields.body, "stream": conversation.stream}
    if conversation.stream and quirks.stream_usage:
        body["stream_options"] = {"include_usage": True}
    body = quirks.applied(body, fields.at, notes)
    notes += fields.unused()
    recall = Recall(model.name, custom=toolbox.emulated, choices=choices)
    return Rendered(PATH, body, {}, tuple(notes), recall, conversation.stream, choices)
