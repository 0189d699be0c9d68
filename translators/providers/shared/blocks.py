"""Content blocks: the dialects that list them differ in little more than the shape."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from translators.conversation import Cache, Part, Reasoning, RedactedReasoning, Refusal, Text, ToolCall, ToolResult
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.shared import arguments
from translators.providers.shared.histories import unsent
from translators.providers.shared.wire_names import CallIds

Block = dict[str, Any]
Mark = Callable[[Block, Cache | None, str], Block]
"""Returns the block, cached as far as the prompt's cache is to reach to it; the text is where the client wrote it."""
Inputs = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Returns the arguments of a call of the function of that name, as the provider takes them."""


class Blocks(ABC):
    """Writes the parts of turns as blocks of one dialect, and reads them again."""

    def __init__(self, mark: Mark, inputs: Inputs, ids: CallIds, notes: list[Note]) -> None:
        self._mark, self._inputs, self._ids, self._notes = mark, inputs, ids, notes
        self.calls: dict[str, str] = {}
        """Where each call was written, by its id on the wire."""
        self.results: dict[str, str] = {}
        """Where the result of each was written."""

    @abstractmethod
    def block(self, part: Part, role: str) -> Block | None:
        """Return a part as a block, None for one that is not sent, with a note where that is a loss. Raises
        `BadRequest`."""

    @abstractmethod
    def text_block(self, text: str) -> Block: ...

    @abstractmethod
    def is_thought(self, block: Block) -> bool: ...

    @abstractmethod
    def call_id(self, block: Block) -> str | None:
        """Return the id of a call of a tool, None for any other block."""

    @abstractmethod
    def result_id(self, block: Block) -> str | None:
        """Return the id of the call whose result the block is, None for any other block."""

    @abstractmethod
    def _may_have_signed(self, part: Reasoning | RedactedReasoning) -> bool:
        """Return whether the model may have signed it."""

    @abstractmethod
    def _thought(self, part: Reasoning | RedactedReasoning) -> Block | str:
        """Return signed or redacted reasoning as a block, or why it cannot be sent."""

    def _reasoning(self, part: Reasoning | RedactedReasoning, role: str) -> Block | None:
        """Return reasoning byte for byte as it was signed, and only for the model that signed it."""
        thought: Block | str
        if role != "assistant" or not self._may_have_signed(part):
            thought = "It was signed by another model."
        elif isinstance(part, Reasoning) and not part.signature:
            thought = "Reasoning without a signature cannot be sent back."
        else:
            thought = self._thought(part)
        if not isinstance(thought, str):
            return thought
        self._notes.append(unsent(part, thought))
        return None

    def _text(self, part: Text | Refusal) -> Block | None:
        """Return a text block, None for blank text: the provider refuses it, even beside other content."""
        cache = part.cache if isinstance(part, Text) else None
        if not part.text.strip():
            if part.text or cache:
                self._notes.append(Note(part.at, "dropped", detail="A text of white space alone cannot be sent."))
            return None
        return self._mark(self.text_block(part.text), cache, part.at)

    def _id_and_input(self, part: ToolCall) -> tuple[str, Mapping[str, Any]]:
        """Return a call's id on the wire and its input."""
        given: Mapping[str, Any] = arguments.of_call(part, self._notes)
        if part.kind != "custom":
            given = self._inputs(part.name, given)
        id = self._ids.of_call(part.id)
        self.calls[id] = part.at
        return id, given

    def _id_of_result(self, part: ToolResult) -> str:
        """Return the id on the wire of the call whose result it is. Raises `BadRequest`."""
        id = self._ids.of_result(part.call_id, part.at)
        if id in self.results:
            raise BadRequest(f"The tool call '{part.call_id[:80]}' has two results.", param=part.at or "messages")
        self.results[id] = part.at
        return id
