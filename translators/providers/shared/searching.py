"""Web searches, for a provider that cannot do them."""

from dataclasses import replace

from translators.conversation import Conversation
from translators.errors import BadRequest
from translators.notes import Note

UNABLE = "This model cannot search the web."
UNFILTERED = "This model's web search cannot be kept to some sites."


def without_search(asked: Conversation, notes: list[Note], why: str = UNABLE) -> Conversation:
    """`asked` without a search that its client only offers beside tools of its own. Raises `BadRequest` for one that
    the client relies on."""
    option = asked.options.get("web_search")
    if option is None:
        return asked
    if not option.value.offered:
        raise BadRequest(why, param=option.at, code="unsupported_parameter")
    notes.append(Note(option.at, "dropped", detail=f"{why} It has the other tools alone."))
    return replace(asked, options={name: each for name, each in asked.options.items() if name != "web_search"})


def without_filtered_search(asked: Conversation, notes: list[Note]) -> Conversation:
    """The same of a search that is to keep to some sites, for a provider whose search cannot."""
    option = asked.options.get("web_search")
    if option is None or not (option.value.allowed or option.value.blocked):
        return asked
    return without_search(asked, notes, UNFILTERED)
