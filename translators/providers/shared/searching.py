"""Web searches, for a provider that cannot do them, or not as the client wants."""

from dataclasses import replace

from translators.conversation import Conversation
from translators.errors import BadRequest
from translators.notes import Note

UNABLE = "This model cannot search the web."
UNFILTERED = "This model's web search cannot be kept to some sites."


def without_search(conversation: Conversation, notes: list[Note], why: str = UNABLE) -> Conversation:
    """Return `conversation` without a search that its client only offers beside tools of its own. Raises `BadRequest`
    for one that the client relies on."""
    option = conversation.options.get("web_search")
    if option is None:
        return conversation
    if not option.value.offered:
        raise BadRequest(why, param=option.at, code="unsupported_parameter")
    notes.append(Note(option.at, "dropped", detail=f"{why} It has the other tools alone."))
    return replace(
        conversation, options={name: each for name, each in conversation.options.items() if name != "web_search"}
    )


def without_filtered_search(conversation: Conversation, notes: list[Note]) -> Conversation:
    """Do the same to a search that is to keep to some sites, for a provider whose search cannot."""
    option = conversation.options.get("web_search")
    if option is None or not (option.value.allowed or option.value.blocked):
        return conversation
    return without_search(conversation, notes, UNFILTERED)
