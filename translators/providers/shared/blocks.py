"""Content blocks, of which the dialects that list them differ in little more than the shape."""

from abc import ABC, abstractmethod
from typing import Any

from translators.conversation import Part

Block = dict[str, Any]


class Blocks(ABC):
    """Writes the parts of turns as blocks of one dialect, and reads them again."""

    def __init__(self) -> None:
        self.calls: dict[str, str] = {}
        """Where each call was written, by its id on the wire."""
        self.results: dict[str, str] = {}
        """Where the result of each was written."""

    @abstractmethod
    def block(self, part: Part, role: str) -> Block | None:
        """None for what is not sent, with a note where that is a loss. Raises `BadRequest`."""

    @abstractmethod
    def text_block(self, text: str) -> Block: ...

    @abstractmethod
    def is_thought(self, block: Block) -> bool: ...

    @abstractmethod
    def call_id(self, block: Block) -> str | None:
        """None for what is no call of a tool."""

    @abstractmethod
    def result_id(self, block: Block) -> str | None:
        """The id of the call whose result it is; None for what is none."""
