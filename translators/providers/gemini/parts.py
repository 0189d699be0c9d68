"""Parts of a turn as Gemini's `Part`s (https://ai.google.dev/api/caching#Part)."""

from collections.abc import Iterable
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
    Turn,
)
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.gemini.media import WirePart, medium
from translators.providers.gemini.profiles import Profile
from translators.providers.gemini.signatures import Signatures
from translators.providers.shared import arguments
from translators.providers.shared.histories import unsent
from translators.providers.shared.wire_names import ToolNames, no_call

FOREIGN = frozenset(("executableCode", "codeExecutionResult", "toolCall", "toolResponse"))
"""Kinds of parts that only Gemini understands: its own tools' calls and results."""
_NOT_AT_VERTEX = frozenset(("toolCall", "toolResponse"))
AUTOMATIC = "Gemini caches by itself: there are no breakpoints."


class Parts:
    """Writes parts; `notes` collects what comes up on the way. Calls and results have their ids until the end."""

    def __init__(self, profile: Profile, names: ToolNames, signatures: Signatures, notes: list[Note]) -> None:
        self._profile, self._names, self._signatures, self._notes = profile, names, signatures, notes
        self._called: set[str] = set()
        self._pending: list[str] = []
        self.paths: dict[int, str] = {}
        """The place where the client wrote a call or a result, by the identity of its wire part."""

    def of(self, turn: Turn) -> list[WirePart]:
        """Return everything of a turn that can be sent: `{"text": ...}` and its like. Raises `BadRequest`."""
        written = [each for part in turn.parts for each in self._written(part, turn.role)]
        return written + self._signed_nothing()

    def _written(self, part: Part, role: str) -> Iterable[WirePart]:
        match part:
            case Text() | Refusal():
                return self._text(part)
            case Image() | Document() | Audio():
                return [*self._signed_nothing(), self._medium(part)]
            case ToolCall():
                return [*self._signed_nothing(), self._call(part)]
            case ToolResult():
                return self._result(part)
            case Reasoning():
                self._reasoning(part, role)
            case RedactedReasoning():
                self._drop(part.at, "Reasoning of another provider's cannot be sent.")
            case Foreign():
                return [*self._signed_nothing(), *self._foreign(part, role)]
            case _:
                assert_never(part)
        return ()

    def _drop(self, at: str, why: str) -> None:
        self._notes.append(Note(at, "dropped", detail=why))

    # --- content ----------------------------------------------------------------------------------------

    def _text(self, part: Text | Refusal) -> Iterable[WirePart]:
        if isinstance(part, Text) and part.cache:
            self._drop(part.at, AUTOMATIC)
        if not part.text:
            return ()  # which is refused, even beside other content
        signed = {"thoughtSignature": self._pending.pop()} if self._pending else {}
        return [*self._signed_nothing(), {"text": part.text, **signed}]

    def _signed_nothing(self) -> list[WirePart]:
        """Return signatures of thoughts that no text follows, as Gemini itself sends them: with an empty text."""
        alone = [_signature_alone(signature) for signature in self._pending]
        self._pending = []
        return alone

    def _reasoning(self, part: Reasoning, role: str) -> None:
        """Take a thought's signature, which goes back with the text that follows; the thought itself does not."""
        if part.signature and role == "assistant" and self._signatures.own(part.issuer):
            self._pending.append(part.signature)
        elif part.signature:
            self._drop(part.at, "It was signed by another model.")
        else:
            self._notes.append(unsent(part, "Thoughts are not sent back."))

    def _medium(self, part: Image | Document | Audio) -> WirePart:
        if not isinstance(part, Audio) and part.cache:
            self._drop(part.at, AUTOMATIC)
        return medium(part, self._profile, self._notes)

    def _foreign(self, part: Foreign, role: str) -> Iterable[WirePart]:
        if part.dialect != "gemini" or role != "assistant":
            self._drop(part.at, "A block of another provider's.")
            return ()
        kind = part.payload.keys() & FOREIGN
        if len(kind) != 1 or not part.payload.keys() <= FOREIGN | {"thoughtSignature"}:
            raise BadRequest("This is no part of Gemini's own tools.", param=f"{part.at}.block")
        if kind <= _NOT_AT_VERTEX and self._profile.platform == "vertex":
            self._drop(part.at, "Vertex does not take back calls of its own tools.")
            return ()
        return [dict(part.payload)]

    # --- calls and results ------------------------------------------------------------------------------

    def _call(self, part: ToolCall) -> WirePart:
        given = arguments.of_call(part, self._notes)
        if part.cache:
            self._drop(part.at, AUTOMATIC)
        self._called.add(part.id)
        written: WirePart = {"functionCall": {"id": part.id, "name": self._names[part.name], "args": given}}
        signature, left_out = self._signatures.of_call(part)
        if left_out:
            self._drop(part.at, "Its thought signature is of another model.")
        if signature:
            written["thoughtSignature"] = signature
        self.paths[id(written)] = part.at
        return written

    def _result(self, part: ToolResult) -> Iterable[WirePart]:
        """Return `{"functionResponse": {"id": ..., "name": "", "response": {"output": ...}}}`, or with `error`. The
        name is written when the result is paired with its call. Raises `BadRequest`."""
        if part.cache:
            self._drop(part.at, AUTOMATIC)
        if part.call_id not in self._called:
            raise no_call(part.call_id, part.at)
        texts: list[str] = []
        media: list[WirePart] = []
        for inner in part.parts:
            match inner:
                case Text() | Refusal():
                    if isinstance(inner, Text) and inner.cache:
                        self._drop(inner.at, AUTOMATIC)
                    texts.append(inner.text)
                case Image() | Document() | Audio():
                    media.append(self._medium(inner))
                case _:
                    self._drop(inner.at, "A tool's result has no such part.")
        output = {"error" if part.failed else "output": "\n".join(texts)}
        response: WirePart = {"id": part.call_id, "name": "", "response": output}
        if media and self._profile.media_results:
            response["parts"] = media
            media = []
        elif media:
            why = "This model's tool results are text: images and files stand after them."
            self._notes.append(Note(part.at, "moved", detail=why))
        written = {"functionResponse": response}
        self.paths[id(written)] = part.at
        return [written, *media]


def _signature_alone(signature: str) -> WirePart:
    return {"text": "", "thoughtSignature": signature}
