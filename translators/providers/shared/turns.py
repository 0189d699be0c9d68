"""Turns for providers whose user and assistant alternate: `system` apart, tool results first and all together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from translators.conversation import Part, Reasoning, RedactedReasoning, Turn
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.shared.blocks import Block, Blocks
from translators.providers.shared.histories import CONTINUE, continued, led_to_nothing, nothing_sent
from translators.values import immutable

SYSTEM = ("system", "developer")
_SYSTEM_MARK = "<system_message>\n{}\n</system_message>"
OPENER = "(The conversation begins with the assistant.)"


@dataclass(slots=True)
class MessageDraft:
    """A message in the making; `at` is where its first turn was written."""

    role: str
    at: str
    blocks: list[Block] = field(default_factory=list)


@immutable
class History:
    """`system` and `messages`, and what other parts of the request must know of them."""

    system: list[Block]
    messages: list[dict[str, Any]]
    prefill_at: str | None
    """Where the assistant's last message was written, if the model is to continue it."""
    loop_without_thinking: bool
    """The calls whose results come last were sent without the thinking that led to them."""

    @property
    def refuses_thinking(self) -> str | None:
        """Return why it leaves no place for thinking by budget; None where it does."""
        if self.prefill_at is not None:
            return "A model that continues its own message cannot think first."
        if self.loop_without_thinking:
            return "The tool calls under way came back without the thinking before them, so there is none now."
        return None


class Turns:
    """The messages of one request, which are settled step by step: `settle`, `pair`, `end`. `mid_system`: the model
    knows the role `system` between messages."""

    def __init__(self, turns: tuple[Turn, ...], parts: Blocks, notes: list[Note], *, mid_system: bool) -> None:
        self._turns, self._parts, self._notes = turns, parts, notes
        lead = leading_system(turns)
        self._system = [block for turn in turns[:lead] for block in self._blocks(turn)]
        self.messages = merged(self._message(turn) for turn in turns[lead:])
        if any(message.role == "system" for message in self.messages):
            self.messages = merged(self._with_system_settled(mid_system))

    def settle(self) -> None:
        """Leave out thoughts that led to nothing, and pair calls and results. Raises `BadRequest`."""
        self.messages = merged([self._without_last_thoughts(message) for message in self.messages])
        self._system, self.messages = not_only_system(self._system, self.messages, self._turns, self._notes)
        if self._parts.calls:
            for message in self.messages:
                self._put_results_first(message)
            self._check_pairs()

    def end(self, *, prefill: bool, schema: bool, under_way: bool = False) -> History:
        """Return all that is written, between a user's message and one that the model answers, or continues (`prefill`)
        unless its answer is held to a `schema`. `under_way`: it goes on by itself."""
        open_by_user(self.messages, self._parts.text_block(OPENER), self._notes)
        if not under_way:
            self._settle_end(prefill=prefill, schema=schema)
        last = self.messages[-1]
        return History(
            self._system,
            [{"role": message.role, "content": message.blocks} for message in self.messages],
            last.at if last.role == "assistant" else None,
            self._loop_without_thinking(),
        )

    # --- a turn -----------------------------------------------------------------------------------------

    def _message(self, turn: Turn) -> MessageDraft:
        role = "system" if turn.role in SYSTEM else "assistant" if turn.role == "assistant" else "user"
        message = MessageDraft(role, turn.at, self._blocks(turn))
        if not message.blocks:
            self._notes.append(nothing_sent(turn.at))
        return message

    def _blocks(self, turn: Turn) -> list[Block]:
        note_name(turn, self._notes)
        ordered = _with_reasoning_ahead(turn.parts) if turn.role == "assistant" else turn.parts
        return [block for part in ordered if (block := self._parts.block(part, turn.role)) is not None]

    # --- messages ---------------------------------------------------------------------------------------

    def _with_system_settled(self, mid_system: bool) -> Iterable[MessageDraft]:
        """Yield the messages. A system's may stay between a user's and an assistant's, or last, if the model knows the
        role there. Anywhere else it becomes user text: hoisting it would change its meaning, and break the prompt
        cache."""
        messages = self.messages
        for place, message in enumerate(messages):
            if message.role == "system":
                after_user = place > 0 and messages[place - 1].role == "user"
                before_user = place + 1 < len(messages) and messages[place + 1].role == "user"
                if not (mid_system and after_user) or before_user:
                    message.role = "user"
                    mark_system(message.blocks)
                    why = "A system message in this place is sent as marked user text."
                    self._notes.append(Note(message.at, "approximated", "system", "user", why))
            yield message

    def _without_last_thoughts(self, message: MessageDraft) -> MessageDraft:
        """Return an assistant's message without thinking at its end, which one has whose answer was cut while it
        thought."""
        if message.role != "assistant":
            return message
        end = len(message.blocks)
        while end and self._parts.is_thought(message.blocks[end - 1]):
            end -= 1
        if end < len(message.blocks):
            self._notes.append(led_to_nothing(message.at))
            message.blocks = message.blocks[:end]
        return message

    def _put_results_first(self, message: MessageDraft) -> None:
        if message.role != "user":
            return
        ordered = sorted(message.blocks, key=lambda block: self._parts.result_id(block) is None)
        if ordered != message.blocks:
            at = self._parts.results[self._parts.result_id(ordered[0]) or ""]
            self._notes.append(Note(at, "moved", detail="Tool results come before the other content of a message."))
            message.blocks = ordered

    def _check_pairs(self) -> None:
        """Validate that every call has its result in the next message, and every result its call in the one before.
        Calls of the provider's own tools stand in the assistant's message alone, and are not in `calls`. Raises
        `BadRequest`."""
        parts = self._parts
        calls: list[str] = []
        for message in [*self.messages, MessageDraft("end", "")]:
            results = _ids(message, "user", parts.result_id)
            answered, called = set(results), set(calls)
            for id in calls:
                if id not in answered:
                    raise no_result(id, parts.calls[id])
            for id in results:
                if id not in called:
                    why = f"The result of the tool call '{id[:80]}' does not come right after that call."
                    raise BadRequest(why, param=parts.results[id] or "messages")
            calls = [id for id in _ids(message, "assistant", parts.call_id) if id in parts.calls]

    def _settle_end(self, *, prefill: bool, schema: bool) -> None:
        """Leave the assistant's last message to be continued, or put a user's turn after it."""
        last = self.messages[-1]
        if last.role != "assistant":
            return
        if not prefill or schema:
            self._notes.append(continued(last.at, schema=prefill))
            self.messages.append(MessageDraft("user", last.at, [self._parts.text_block(CONTINUE)]))
            return
        text = last.blocks[-1].get("text", "")
        if text != text.rstrip():
            last.blocks[-1]["text"] = text.rstrip()
            self._notes.append(Note(last.at, "approximated", detail="White space at its end is cut off."))

    def _loop_without_thinking(self) -> bool:
        messages, parts = self.messages, self._parts
        if len(messages) < 2 or parts.result_id(messages[-1].blocks[0]) is None:
            return False
        return not parts.is_thought(messages[-2].blocks[0])


def no_result(id: str, at: str) -> BadRequest:
    """Return the error of a call, written at `at`, without a result after it."""
    why = f"The tool call '{id[:80]}' has no result in the messages right after it."
    return BadRequest(why, param=at or "messages")


def leading_system(turns: tuple[Turn, ...]) -> int:
    """Count the turns of the system's that come before all others."""
    return next((place for place, turn in enumerate(turns) if turn.role not in SYSTEM), len(turns))


def note_name(turn: Turn, notes: list[Note]) -> None:
    """Note the name of a speaker, which has no place."""
    if turn.name:
        notes.append(Note(f"{turn.at}.name", "dropped", detail="Messages have no name."))


def merged(messages: Iterable[MessageDraft]) -> list[MessageDraft]:
    """Return the messages, consecutive ones of one role as one, without those that have no content."""
    merged: list[MessageDraft] = []
    for message in messages:
        if not message.blocks:
            continue
        if merged and merged[-1].role == message.role:
            merged[-1].blocks += message.blocks
        else:
            merged.append(message)
    return merged


def not_only_system(
    system: list[Block], messages: list[MessageDraft], turns: tuple[Turn, ...], notes: list[Note]
) -> tuple[list[Block], list[MessageDraft]]:
    """Return the system's blocks and the messages, the system's as a message where there is no other. Raises
    `BadRequest` where there is neither."""
    if messages:
        return system, messages
    if not system:
        raise BadRequest("There is no message with content.", param="messages")
    notes.append(Note(turns[0].at, "moved", detail="Without other messages, the system's is sent as the user's."))
    return [], [MessageDraft("user", turns[0].at, system)]


def mark_system(blocks: list[Block]) -> None:
    """Mark texts of the system's that stand in a message of the user's."""
    for block in blocks:
        block["text"] = _SYSTEM_MARK.format(block["text"])


def open_by_user(messages: list[MessageDraft], opener: Block, notes: list[Note]) -> None:
    """Put a message of the user's first, where another's is."""
    if messages[0].role != "user":
        notes.append(Note(messages[0].at, "synthesised", detail="A first message of the user's was put before it."))
        messages.insert(0, MessageDraft("user", messages[0].at, [opener]))


def _ids(message: MessageDraft, role: str, id_of: Callable[[Block], str | None]) -> list[str]:
    if message.role != role:
        return []
    return [id for block in message.blocks if (id := id_of(block)) is not None]


def _with_reasoning_ahead(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the parts, reasoning at their end first: a message may not end with it, and it had come first."""
    end = len(parts)
    while end and isinstance(parts[end - 1], Reasoning | RedactedReasoning):
        end -= 1
    return parts[end:] + parts[:end]
