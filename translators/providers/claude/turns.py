"""Turns as Anthropic takes them: `system` apart, user and assistant in turn, tool results first and all together.

Reference: https://platform.claude.com/docs/en/api/messages (`messages`, `system`).
"""

from translators.conversation import Conversation
from translators.notes import Note
from translators.providers.claude.parts import Parts
from translators.providers.claude.profiles import Profile
from translators.providers.shared.blocks import Block
from translators.providers.shared.histories import shown_by_user
from translators.providers.shared.turns import History, MessageDraft, Turns


def history(conversation: Conversation, profile: Profile, parts: Parts, notes: list[Note], *, schema: bool) -> History:
    """Return `system` and `messages`. `schema`: the answer is held to one, and cannot go on from what was begun. Raises
    `BadRequest` for what cannot be carried."""
    turns = Turns(shown_by_user(conversation.turns, notes), parts, notes, mid_system=profile.mid_system)
    for message in turns.messages[:-1]:
        _drop_open_server_calls(message, notes)
    turns.settle()
    under_way = _is_server_call(turns.messages[-1].blocks[-1])
    return turns.end(prefill=profile.prefill, schema=schema, under_way=under_way)


def _drop_open_server_calls(message: MessageDraft, notes: list[Note]) -> None:
    """Leave out calls of a server's tool without their result, which the provider wants unless they end the prompt."""
    if message.role != "assistant":
        return
    answered = {block.get("tool_use_id") for block in message.blocks}
    complete = [block for block in message.blocks if not _is_server_call(block) or block.get("id") in answered]
    if len(complete) < len(message.blocks):
        notes.append(Note(message.at, "dropped", detail="A call of a server's tool without its result is not sent."))
        message.blocks = complete


def _is_server_call(block: Block) -> bool:
    kind: str = block["type"]
    return kind.endswith("_tool_use")
