"""Turns as Converse takes them: `system` apart, user and assistant in turn, tool results first and all together.

Reference: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (`messages`, `system`).
"""

from translators.conversation import Audio, Conversation, Document, Image
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.bedrock.parts import Parts
from translators.providers.bedrock.profiles import Profile
from translators.providers.shared.histories import shown_by_user
from translators.providers.shared.turns import History, MessageDraft, Turns

_ATTACHED = "(A document is attached.)"
_MOST_DOCUMENTS = 5
_FILES = (Document, Audio)
_MEDIA = (Image, Document, Audio)


def history(conversation: Conversation, profile: Profile, parts: Parts, notes: list[Note], *, schema: bool) -> History:
    """Return `system` and `messages`. `schema`: the answer is held to one, and cannot go on from what was begun. Raises
    `BadRequest` for what cannot be carried."""
    shown = shown_by_user(conversation.turns, notes, made=_MEDIA if profile.claude else _FILES)
    turns = Turns(shown, parts, notes, mid_system=profile.mid_system)
    turns.settle()
    if parts.documents:
        for message in turns.messages:
            _settle_documents(message, parts, notes)
    return turns.end(prefill=profile.facts.prefill, schema=schema)


def _settle_documents(message: MessageDraft, parts: Parts, notes: list[Note]) -> None:
    """Refuse more than five documents a message, and put a text beside them. Raises `BadRequest`."""
    names = [block["document"]["name"] for block in message.blocks if "document" in block]
    if len(names) > _MOST_DOCUMENTS:
        at = parts.documents[names[_MOST_DOCUMENTS]]
        why = f"A message to this model has room for {_MOST_DOCUMENTS} documents."
        raise BadRequest(why, param=at or None, code="too_many_documents")
    if names and not any("text" in block for block in message.blocks):
        why = "A document must have a text beside it."
        notes.append(Note(parts.documents[names[0]], "synthesised", detail=why))
        message.blocks.append({"text": _ATTACHED})
