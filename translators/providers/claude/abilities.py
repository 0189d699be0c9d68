"""The limits of a Claude: what the conversation loses where the model cannot do it."""

from dataclasses import replace

from translators.conversation import Conversation
from translators.dialects import Memory
from translators.notes import Note
from translators.providers.claude.output_format import answers_through_a_tool
from translators.providers.claude.profiles import Profile
from translators.providers.claude.signatures import recalled
from translators.providers.shared.abilities import refuse_media, without_tools
from translators.providers.shared.transforms.answer_tool import with_answer_tool


def within_abilities(
    conversation: Conversation,
    profile: Profile,
    memory: Memory,
    issuer: str,
    notes: list[Note],
    *,
    through_a_tool: bool = True,
) -> tuple[Conversation, str]:
    """Return the conversation without what the model cannot do, with what is remembered of earlier thoughts; and the
    name of the tool through which it is held to a schema, or "". `through_a_tool`: it may be. Raises `BadRequest`."""
    if not profile.tools:
        conversation = without_tools(conversation, notes)
    if not profile.media:
        refuse_media(conversation)
    answer_tool = ""
    if through_a_tool and answers_through_a_tool(conversation.options, profile):
        conversation, answer_tool = with_answer_tool(conversation, notes)
    return replace(conversation, turns=recalled(conversation.turns, memory, issuer)), answer_tool
