"""Parts of a turn as content blocks
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html)."""

import base64
import binascii
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
from translators.providers.bedrock.caching import CachePoints
from translators.providers.bedrock.media import Media
from translators.providers.bedrock.profiles import Profile
from translators.providers.bedrock.tools import Toolbox
from translators.providers.claude.profiles import short_name
from translators.providers.claude.signatures import may_have_signed
from translators.providers.shared.blocks import Block, Blocks
from translators.providers.shared.histories import foreign_block
from translators.providers.shared.wire_names import CallIds


class Parts(Blocks):
    """Writes parts as blocks; `notes` and `points` collect what comes up on the way."""

    def __init__(
        self, model: str, profile: Profile, toolbox: Toolbox, ids: CallIds, points: CachePoints, notes: list[Note]
    ) -> None:
        super().__init__(points.mark, toolbox.inputs.given, ids, notes)
        self._models = {short_name(name) for name in (model, profile.base_model) if name}
        self._profile = profile
        self._toolbox = toolbox
        self._media = Media(profile, notes)
        self.documents = self._media.documents

    def text_block(self, text: str) -> Block:
        return {"text": text}

    def is_thought(self, block: Block) -> bool:
        return "reasoningContent" in block

    def call_id(self, block: Block) -> str | None:
        return block["toolUse"]["toolUseId"] if "toolUse" in block else None

    def result_id(self, block: Block) -> str | None:
        return block["toolResult"]["toolUseId"] if "toolResult" in block else None

    def block(self, part: Part, role: str) -> Block | None:
        """Return `{"text": ...}` and its like; None for what is not sent, with a note where that is a loss. Raises
        `BadRequest`."""
        match part:
            case Text() | Refusal():
                return self._text(part)
            case Image() | Document() | Audio():
                return self._medium(part)
            case Reasoning() | RedactedReasoning():
                return self._reasoning(part, role)
            case ToolCall():
                return self._call(part)
            case ToolResult():
                return self._result(part)
            case Foreign():
                return self._foreign(part, role)
            case _:
                assert_never(part)

    def _medium(self, part: Image | Document | Audio) -> Block:
        if isinstance(part, Audio):
            return self._media.audio(part)
        block = self._media.image(part) if isinstance(part, Image) else self._media.document(part)
        return self._mark(block, part.cache, part.at)

    def _thought(self, part: Reasoning | RedactedReasoning) -> Block | str:
        if isinstance(part, Reasoning):
            return {"reasoningContent": {"reasoningText": {"text": part.text, "signature": part.signature}}}
        if _is_base64(part.data):
            return {"reasoningContent": {"redactedContent": part.data}}
        return "This redacted reasoning did not come from Bedrock."

    def _may_have_signed(self, part: Reasoning | RedactedReasoning) -> bool:
        """Return whether this model may have signed it. A Claude's signature holds at Anthropic too; its redacted
        reasoning has another form there."""
        anthropics = self._profile.claude and not isinstance(part, RedactedReasoning)
        dialects = ("bedrock", "anthropic") if anthropics else ("bedrock",)
        return may_have_signed(self._models, dialects, part.issuer)

    def _call(self, part: ToolCall) -> Block:
        id, given = self._id_and_input(part)
        use = {"toolUseId": id, "name": self._toolbox.names[part.name], "input": given}
        return self._mark({"toolUse": use}, part.cache, part.at)

    def _result(self, part: ToolResult) -> Block:
        """Return a result as the text that it is: as JSON it would not be the same to every model."""
        id = self._id_of_result(part)
        for nested in part.parts:
            if isinstance(nested, Audio):
                raise BadRequest("A tool's result cannot hold audio.", param=nested.at or None)
        written = [(nested, self.block(nested, "user")) for nested in part.parts]
        content = [block for _, block in written if block is not None]
        result: Block = {"toolUseId": id, "content": content}
        if part.failed and self._profile.failed_results:
            result["status"] = "error"
        elif part.failed:
            self._notes.append(Note(part.at, "approximated", detail="This model is not told that it is an error."))
        # points stand between blocks of a message only: one that the client set inside comes after the whole result
        cache = part.cache
        for nested, block in written:
            if block is not None and part.cache is None:
                cache = getattr(nested, "cache", None) or cache
        return self._mark({"toolResult": result}, cache, part.at)

    def _foreign(self, part: Foreign, role: str) -> Block | None:
        if part.dialect != "bedrock" or role != "assistant":
            self._notes.append(foreign_block(part.at))
            return None
        if part.payload.keys() not in ({"toolUse"}, {"toolResult"}):
            raise BadRequest("This is no block of a server's tool.", param=f"{part.at}.block")
        if not self._toolbox.searches:
            why = "What a server's tool did can only be told while it is declared."
            self._notes.append(Note(part.at, "dropped", detail=why))
            return None
        return dict(part.payload)


def _is_base64(data: str) -> bool:
    try:
        return bool(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return False
