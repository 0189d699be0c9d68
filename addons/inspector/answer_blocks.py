"""The blocks of an answer, whatever its dialect, whole or streamed: texts, calls, reasoning, and how each grew.

A whole answer is read as the one payload that brings everything.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from addons.inspector import reading
from addons.inspector.reading import Detail, Leg, StreamEvent, compact, name_in, objects, text_in, within
from translators.values import immutable

Kind = Literal["text", "call", "reasoning"]


@immutable
class Piece:
    """The part of one block that one payload has. `key` tells the blocks of an answer apart. `final`: the text is
    all of it, whatever came before."""

    key: str
    kind: Kind
    text: str = ""
    id: str | None = None
    name: str | None = None
    signature: str | None = None
    issuer: str | None = None
    final: bool = False
    custom: bool = False
    """It is of a call whose input is free text, not JSON."""


@dataclass(slots=True)
class Block:
    """A block. `grown` has the event of each piece of its text, and the piece."""

    key: str
    kind: Kind
    id: str | None = None
    name: str | None = None
    signature: str = ""
    issuer: str | None = None
    grown: list[tuple[int, str]] = field(default_factory=list)
    custom: bool = False
    first: int | None = None
    """The event with which it began, None in a whole answer."""

    @property
    def text(self) -> str:
        return "".join(piece for _, piece in self.grown)

    def add(self, piece: Piece, event: int | None) -> None:
        self.id = self.id or piece.id
        self.name = self.name or piece.name
        self.issuer = self.issuer or piece.issuer
        self.custom = self.custom or piece.custom
        if piece.signature:
            self.signature = piece.signature if piece.final else self.signature + piece.signature
        known = "" if not piece.final else self.text
        if piece.text and piece.text != known:
            if piece.final:
                self.grown.clear()
            self.grown.append((-1 if event is None else event, piece.text))


Pieces = Iterator[Piece]


def answer_blocks(detail: Detail, leg: Leg) -> list[Block]:
    """Return the blocks of the answer on a leg, in the order in which they began."""
    return reading.once(detail, ("blocks", leg), lambda: _answer_blocks(detail, leg))


def _answer_blocks(detail: Detail, leg: Leg) -> list[Block]:
    family = reading.family(detail, leg)
    whole = reading.body(detail, leg, "response")
    if isinstance(whole, Mapping):
        return blocks(family, [(None, whole)])
    if leg == "client":
        return of_events(family, reading.stream(detail, "client"))
    return [block for call in reading.calls(detail) for block in of_events(family, reading.of_call(detail, call))]


def of_events(family: str, events: Sequence[StreamEvent]) -> list[Block]:
    return blocks(family, [(event.n, event.fields) for event in events])


def blocks(family: str, payloads: Sequence[tuple[int | None, Mapping[str, Any]]]) -> list[Block]:
    """Return the blocks of payloads with the numbers of their events."""
    if family not in _READERS:
        return []
    reader, found = _READERS[family](), dict[str, Block]()
    for n, payload in payloads:
        for piece in reader(payload):
            block = found.setdefault(piece.key, Block(piece.key, piece.kind, first=n))
            block.add(piece, n)
    return list(found.values())


def _chat(payload: Mapping[str, Any]) -> Pieces:
    for place, choice in objects(payload.get("choices")):
        number = choice.get("index", place)
        said = choice.get("delta") or choice.get("message")
        if isinstance(said, Mapping):
            yield from _chat_message(said, str(number))


def _chat_message(said: Mapping[str, Any], choice: str) -> Pieces:
    for name in ("reasoning_content", "reasoning"):
        if isinstance(said.get(name), str) and said[name]:
            yield Piece(f"{choice} reasoning", "reasoning", said[name])
            break
    for place, block in objects(said.get("thinking_blocks")):
        signature = name_in(block.get("signature") or block.get("data"))
        key = f"{choice} thinking {block.get('index', place)}"
        yield Piece(
            key, "reasoning", text_in(block.get("thinking")), signature=signature, issuer=name_in(block.get("issuer"))
        )
    for _, part in objects(said.get("reasoning_details")):
        signature = name_in(part.get("signature") or part.get("data"))
        yield Piece(f"{choice} reasoning", "reasoning", signature=signature, issuer=name_in(part.get("format")))
    if isinstance(said.get("content"), str) and said["content"]:
        yield Piece(f"{choice} text", "text", said["content"])
    for place, call in objects(said.get("tool_calls")):
        asked = call.get("function") or call.get("custom")
        arguments = within(asked, "arguments") if "custom" not in call else within(asked, "input")
        google = within(call, "extra_content", "google")
        yield Piece(
            f"{choice} call {call.get('index', place)}",
            "call",
            compact(arguments) if arguments else "",
            name_in(call.get("id")),
            name_in(within(asked, "name")),
            name_in(within(google, "thought_signature")),
            name_in(within(google, "issuer")),
            custom="custom" in call,
        )


def _completions(payload: Mapping[str, Any]) -> Pieces:
    for place, choice in objects(payload.get("choices")):
        if isinstance(choice.get("text"), str):
            yield Piece(f"{choice.get('index', place)} text", "text", choice["text"])


def _responses(payload: Mapping[str, Any]) -> Pieces:
    kind, at = text_in(payload.get("type")), payload.get("output_index")
    if kind in ("response.output_item.added", "response.output_item.done"):
        yield from _item(payload.get("item"), at, final=kind.endswith("done"))
    elif kind in ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta"):
        yield Piece(f"{at} call", "call", text_in(payload.get("delta")))
    elif kind in ("response.output_text.delta", "response.refusal.delta"):
        yield Piece(f"{at} message", "text", text_in(payload.get("delta")))
    elif kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
        yield Piece(f"{at} reasoning", "reasoning", text_in(payload.get("delta")))
    elif not kind:
        for place, item in objects(payload.get("output")):
            yield from _item(item, place, final=True)


def _item(item: Any, at: Any, *, final: bool) -> Pieces:
    if not isinstance(item, Mapping):
        return
    kind = text_in(item.get("type"))
    if kind in ("function_call", "custom_tool_call"):
        text = text_in(item.get("arguments", item.get("input")))
        custom = kind == "custom_tool_call"
        id, name = name_in(item.get("call_id")), name_in(item.get("name"))
        yield Piece(f"{at} call", "call", text if final else "", id, name, final=final, custom=custom)
    elif kind == "reasoning":
        signature = name_in(item.get("encrypted_content"))
        yield Piece(f"{at} reasoning", "reasoning", signature=signature, final=final)
    elif kind == "message" and final:
        yield Piece(f"{at} message", "text")


def _anthropic(payload: Mapping[str, Any]) -> Pieces:
    match payload:
        case {"type": "content_block_start", "index": at, "content_block": dict(block)}:
            yield from _claude_block(block, at)
        case {
            "type": "content_block_delta",
            "index": at,
            "delta": {"type": "input_json_delta", "partial_json": str(text)},
        }:
            yield Piece(f"{at}", "call", text)
        case {"type": "content_block_delta", "index": at, "delta": {"type": "text_delta", "text": str(text)}}:
            yield Piece(f"{at}", "text", text)
        case {"type": "content_block_delta", "index": at, "delta": {"type": "thinking_delta", "thinking": str(text)}}:
            yield Piece(f"{at}", "reasoning", text)
        case {"type": "content_block_delta", "index": at, "delta": {"type": "signature_delta", "signature": str(text)}}:
            yield Piece(f"{at}", "reasoning", signature=text)
        case {"type": "message", "content": list(content)}:
            for place, inner in objects(content):
                yield from _claude_block(inner, place)


def _claude_block(block: Mapping[str, Any], at: Any) -> Pieces:
    match block.get("type"):
        case "text":
            yield Piece(f"{at}", "text", text_in(block.get("text")))
        case "tool_use":
            arguments = block.get("input")
            yield Piece(
                f"{at}",
                "call",
                compact(arguments) if arguments else "",
                name_in(block.get("id")),
                name_in(block.get("name")),
            )
        case "thinking" | "redacted_thinking":
            signature = name_in(block.get("signature") or block.get("data"))
            yield Piece(f"{at}", "reasoning", text_in(block.get("thinking")), signature=signature)


def _bedrock(payload: Mapping[str, Any]) -> Pieces:
    match payload:
        case {"contentBlockStart": {"contentBlockIndex": at, "start": {"toolUse": dict(call)}}}:
            yield Piece(f"{at}", "call", id=name_in(call.get("toolUseId")), name=name_in(call.get("name")))
        case {"contentBlockDelta": {"contentBlockIndex": at, "delta": dict(block)}}:
            yield from _converse_block(block, at)
        case {"output": {"message": {"content": list(content)}}}:
            for place, inner in objects(content):
                yield from _converse_block(inner, place)


def _converse_block(block: Mapping[str, Any], at: Any) -> Pieces:
    match block:
        case {"text": str(text)}:
            yield Piece(f"{at}", "text", text)
        case {"toolUse": dict(call)}:
            arguments = call.get("input")
            text = compact(arguments) if arguments is not None else ""
            yield Piece(f"{at}", "call", text, name_in(call.get("toolUseId")), name_in(call.get("name")))
        case {"reasoningContent": dict(thought)}:
            inner = thought.get("reasoningText") or thought
            signature = name_in(within(inner, "signature") or thought.get("redactedContent"))
            yield Piece(f"{at}", "reasoning", text_in(within(inner, "text")), signature=signature)


class _Gemini:
    """A reader of Gemini's payloads. Blocks have no numbers: each call is one, text goes on until another kind."""

    def __init__(self) -> None:
        self._at = 0
        self._kind = ""

    def __call__(self, payload: Mapping[str, Any]) -> Pieces:
        for place, candidate in objects(payload.get("candidates")):
            for _, part in objects(within(candidate, "content", "parts")):
                yield self._piece(part, candidate.get("index", place))

    def _piece(self, part: Mapping[str, Any], choice: Any) -> Piece:
        signature = name_in(part.get("thoughtSignature"))
        call = part.get("functionCall")
        kind: Kind = "call" if isinstance(call, Mapping) else "reasoning" if part.get("thought") else "text"
        if kind == "call" or f"{choice} {kind}" != self._kind:
            self._at += 1
            self._kind = f"{choice} {kind}"
        key = f"{choice} {self._at}"
        if isinstance(call, Mapping):
            return Piece(
                key,
                kind,
                compact(call.get("args") or {}),
                name_in(call.get("id")),
                name_in(call.get("name")),
                signature,
            )
        return Piece(key, kind, text_in(part.get("text")), signature=signature)


class _Ollama:
    """A reader of Ollama's payloads, whose calls come whole."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, payload: Mapping[str, Any]) -> Pieces:
        said = payload.get("message")
        if not isinstance(said, Mapping):
            return
        if text_in(said.get("thinking")):
            yield Piece("reasoning", "reasoning", said["thinking"])
        if text_in(said.get("content")):
            yield Piece("text", "text", said["content"])
        for _, call in objects(said.get("tool_calls")):
            self._calls += 1
            asked = call.get("function")
            text = compact(within(asked, "arguments") or {})
            yield Piece(f"call {self._calls}", "call", text, name_in(call.get("id")), name_in(within(asked, "name")))


_Reader = Callable[[Mapping[str, Any]], Pieces]
_READERS: Mapping[str, Callable[[], _Reader]] = {
    "chat": lambda: _chat,
    "completions": lambda: _completions,
    "responses": lambda: _responses,
    "anthropic": lambda: _anthropic,
    "bedrock": lambda: _bedrock,
    "gemini": _Gemini,
    "ollama": _Ollama,
}
