"""Parts of a turn as content blocks (https://platform.claude.com/docs/en/api/messages, `messages[].content`)."""

from typing import assert_never

from translators.conversation import (
    Audio,
    Document,
    Foreign,
    Image,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.claude.answer_blocks import is_server_block
from translators.providers.claude.caching import Breakpoints
from translators.providers.claude.media import document_block, image_block
from translators.providers.claude.profiles import short_name
from translators.providers.claude.signatures import may_have_signed
from translators.providers.claude.tools import Toolbox
from translators.providers.shared.blocks import Block, Blocks
from translators.providers.shared.histories import foreign_block
from translators.providers.shared.wire_names import CallIds


class Parts(Blocks):
    """Writes parts as blocks; `notes`, `betas` and `breakpoints` collect what comes up on the way."""

    def __init__(
        self,
        model: str,
        toolbox: Toolbox,
        ids: CallIds,
        breakpoints: Breakpoints,
        notes: list[Note],
        betas: set[str],
    ) -> None:
        super().__init__(breakpoints.mark, toolbox.inputs.given, ids, notes)
        self._model, self._names, self._betas = short_name(model), toolbox.names, betas

    def text_block(self, text: str) -> Block:
        return {"type": "text", "text": text}

    def is_thought(self, block: Block) -> bool:
        return block["type"] in ("thinking", "redacted_thinking")

    def call_id(self, block: Block) -> str | None:
        return block["id"] if block["type"] == "tool_use" else None

    def result_id(self, block: Block) -> str | None:
        return block["tool_use_id"] if block["type"] == "tool_result" else None

    def block(self, part: Part, role: str) -> Block | None:
        """Return `{"type": "text", "text": ...}` and its like; None for what is not sent, with a note where that is a
        loss. Raises `BadRequest`."""
        match part:
            case Text() | Refusal():
                return self._text(part)
            case Image() | Document():
                return self._medium(part)
            case Audio():
                raise BadRequest("This model does not take audio.", param=part.at or None, code="unsupported_content")
            case Reasoning() | RedactedReasoning():
                return self._reasoning(part, role)
            case ToolCall():
                return self._call(part)
            case ToolResult():
                return self._result(part)
            case Foreign():
                if part.dialect != "anthropic" or role != "assistant":
                    self._notes.append(foreign_block(part.at))
                    return None
                if not is_server_block(part.payload.get("type")):
                    raise BadRequest("This is no block of a server's tool.", param=f"{part.at}.block")
                return dict(part.payload)
            case _:
                assert_never(part)

    def _medium(self, part: Image | Document) -> Block:
        if isinstance(part, Image):
            block = image_block(part, self._notes, self._betas)
        else:
            block = document_block(part, self._betas)
        return self._mark(block, part.cache, part.at)

    def _may_have_signed(self, part: Reasoning | RedactedReasoning) -> bool:
        return may_have_signed((self._model,), ("anthropic",), part.issuer)

    def _thought(self, part: Reasoning | RedactedReasoning) -> Block | str:
        if isinstance(part, RedactedReasoning):
            return {"type": "redacted_thinking", "data": part.data}
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}

    def _call(self, part: ToolCall) -> Block:
        id, given = self._id_and_input(part)
        block: Block = {"type": "tool_use", "id": id, "name": self._names[part.name], "input": given}
        return self._mark(block, part.cache, part.at)

    def _result(self, part: ToolResult) -> Block:
        id = self._id_of_result(part)
        block: Block = {"type": "tool_result", "tool_use_id": id}
        content = [inner for nested in part.parts if (inner := self.block(nested, "user")) is not None]
        if content:
            block["content"] = content
        if part.failed:
            block["is_error"] = True
        return self._mark(block, part.cache, part.at)
