"""What a provider says to a call of the storm: the same words in each dialect's own form, whole and as a stream."""

import json
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

HURT = "\ue000"
"""Stands in a text for a byte that is no UTF-8."""
TOOL = "keep_note"


@dataclass(frozen=True)
class Said:
    """What one choice says: `thought` before its text, `calls` (the arguments of each) after it."""

    pieces: tuple[str, ...]
    thought: tuple[str, ...] = ()
    calls: tuple[Mapping[str, Any], ...] = ()

    @property
    def text(self) -> str:
        return "".join(self.pieces).replace(HURT, "\ufffd")


@dataclass(frozen=True)
class Stream:
    """Before `settled`, the place of an event in `events`, no end can pass for the answer's end."""

    events: list[bytes]
    settled: int


@dataclass(frozen=True)
class Dialect:
    """`harmless` are events that mean nothing to an answer, `poison` is one that nobody can read, `failures` are a
    provider's errors as events. Of whole bodies the latter are `errors`."""

    content_type: str
    stream: Callable[[list[Said], int], Stream]
    whole: Callable[[list[Said], int], bytes]
    harmless: tuple[bytes, ...]
    poison: bytes
    failures: tuple[bytes, ...]
    errors: tuple[bytes, ...]
    terminated: bool = True
    """A stream says itself that it is over."""


def written(body: Any, *, ascii: bool = False) -> bytes:
    text = json.dumps(body, ensure_ascii=ascii).replace("\\ue000", HURT)
    return text.encode().replace(HURT.encode(), b"\xff")


def sse(body: Any, name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: " + written(body) + b"\n\n"


def crlf(body: Any) -> bytes:
    return b"data: " + written(body) + b"\r\n\r\n"


def halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def arguments(call: Mapping[str, Any]) -> str:
    return json.dumps(call, ensure_ascii=False)


_SSE_JUNK = (b": a comment\n\n", b"retry: 10\n\n", b"id: 7\n\n", b"<html>no field at all\n\n", b"event: nothing\n\n")
_SSE_POISON = b"data: <html>502</html>\n\n"


# --- Anthropic --------------------------------------------------------------------------------------------


def _anthropic_blocks(said: Said) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if said.thought:
        blocks.append({"type": "thinking", "thinking": "".join(said.thought), "signature": "c2lnbmVk"})
    blocks.append({"type": "text", "text": "".join(said.pieces)})
    for place, call in enumerate(said.calls):
        blocks.append({"type": "tool_use", "id": f"toolu_{place}", "name": TOOL, "input": dict(call)})
    return blocks


def _anthropic_message(said: Said, usage: int) -> dict[str, Any]:
    return {
        "id": "msg_storm",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": _anthropic_blocks(said),
        "stop_reason": "tool_use" if said.calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": usage, "output_tokens": 7},
    }


def anthropic_stream(choices: list[Said], usage: int) -> Stream:
    said, message = choices[0], _anthropic_message(choices[0], usage)
    told: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
        {"type": "ping"},
    ]
    for index, block in enumerate(message["content"]):
        at = {"index": index}
        match block["type"]:
            case "thinking":
                start, deltas = (
                    {"thinking": "", "signature": ""},
                    [
                        *({"type": "thinking_delta", "thinking": piece} for piece in said.thought),
                        {"type": "signature_delta", "signature": block["signature"]},
                    ],
                )
            case "text":
                start, deltas = {"text": ""}, [{"type": "text_delta", "text": piece} for piece in said.pieces]
            case _:
                pieces = halves(arguments(block["input"]))
                start = {"input": {}}
                deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        told.append({"type": "content_block_start", **at, "content_block": {**block, **start}})
        told += [{"type": "content_block_delta", **at, "delta": delta} for delta in deltas]
        told.append({"type": "content_block_stop", **at})
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    told.append({"type": "message_delta", "delta": ending, "usage": {"output_tokens": 7}})
    told.append({"type": "message_stop"})
    return Stream([sse(event, event["type"]) for event in told], len(told) - 1)


_ANTHROPIC_ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
ANTHROPIC = Dialect(
    "text/event-stream",
    anthropic_stream,
    lambda choices, usage: written(_anthropic_message(choices[0], usage)),
    (*_SSE_JUNK, sse({"type": "strange", "strange": [1]}, "strange"), sse({"type": "ping"}, "ping")),
    _SSE_POISON,
    (sse(_ANTHROPIC_ERROR, "error"),),
    (written(_ANTHROPIC_ERROR),),
)


# --- Gemini -----------------------------------------------------------------------------------------------


def _gemini_body(candidates: list[dict[str, Any]], usage: int) -> dict[str, Any]:
    counts = {"promptTokenCount": usage, "candidatesTokenCount": 7, "totalTokenCount": usage + 7}
    told = {"usageMetadata": counts, "modelVersion": "gemini-2.5-flash", "responseId": "storm"}
    return {"candidates": candidates, **told}


def _gemini_calls(said: Said) -> list[dict[str, Any]]:
    return [{"functionCall": {"name": TOOL, "args": dict(call)}} for call in said.calls]


def _gemini_candidate(index: int, parts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"index": index, "content": {"role": "model", "parts": parts}, **more}


def gemini_stream(choices: list[Said], usage: int) -> Stream:
    told = [
        _gemini_candidate(index, [{"text": piece, "thought": True}])
        for index, said in enumerate(choices)
        for piece in said.thought
    ]
    for pieces in zip(*(said.pieces for said in choices), strict=True):
        told += [_gemini_candidate(index, [{"text": piece}]) for index, piece in enumerate(pieces)]
    for index, said in enumerate(choices):
        told += [_gemini_candidate(index, [part]) for part in _gemini_calls(said)]
    told += [_gemini_candidate(index, [{"text": ""}], finishReason="STOP") for index in range(len(choices))]
    return Stream([crlf(_gemini_body([candidate], usage)) for candidate in told], len(told) - 1)


def gemini_whole(choices: list[Said], usage: int) -> bytes:
    candidates = []
    for index, said in enumerate(choices):
        thought = [{"text": "".join(said.thought), "thought": True}] if said.thought else []
        parts = [*thought, {"text": "".join(said.pieces)}, *_gemini_calls(said)]
        candidates.append(_gemini_candidate(index, parts, finishReason="STOP"))
    return written(_gemini_body(candidates, usage))


_GEMINI_ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
GEMINI = Dialect(
    "text/event-stream",
    gemini_stream,
    gemini_whole,
    (*_SSE_JUNK, crlf({"strange": [1]})),
    b"data: {broken\r\n\r\n",
    (crlf(_GEMINI_ERROR),),
    (written(_GEMINI_ERROR), written([_GEMINI_ERROR])),
    terminated=False,
)


# --- Bedrock ----------------------------------------------------------------------------------------------


def frame(kind: str, body: Any, message_type: str = "event") -> bytes:
    """One message of application/vnd.amazon.eventstream."""
    told = {f":{message_type}-type": kind, ":content-type": "application/json", ":message-type": message_type}
    headers = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for name, value in told.items()
    )
    payload = written(body)
    prelude = struct.pack("!II", len(headers) + len(payload) + 16, len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack("!I", zlib.crc32(message))


def bedrock_stream(choices: list[Said], usage: int) -> Stream:
    said = choices[0]
    told = [frame("messageStart", {"role": "assistant"})]
    thought = [{"reasoningContent": {"text": piece}} for piece in said.thought]
    blocks: list[list[dict[str, Any]]] = [*([thought] if thought else []), [{"text": piece} for piece in said.pieces]]
    for index, deltas in enumerate(blocks):
        told += [frame("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}) for delta in deltas]
        told.append(frame("contentBlockStop", {"contentBlockIndex": index}))
    for index, call in enumerate(said.calls, len(blocks)):
        at = {"contentBlockIndex": index}
        use = {"toolUseId": f"tooluse_{index}", "name": TOOL}
        told.append(frame("contentBlockStart", {**at, "start": {"toolUse": use}}))
        told += [
            frame("contentBlockDelta", {**at, "delta": {"toolUse": {"input": piece}}})
            for piece in halves(arguments(call))
        ]
        told.append(frame("contentBlockStop", at))
    told.append(frame("messageStop", {"stopReason": "tool_use" if said.calls else "end_turn"}))
    counts = {"inputTokens": usage, "outputTokens": 7, "totalTokens": usage + 7}
    told.append(frame("metadata", {"usage": counts, "metrics": {"latencyMs": 1}}))
    return Stream(told, len(told) - 2)


def bedrock_whole(choices: list[Said], usage: int) -> bytes:
    said = choices[0]
    content: list[dict[str, Any]] = [{"text": "".join(said.pieces)}]
    if said.thought:
        content.insert(0, {"reasoningContent": {"reasoningText": {"text": "".join(said.thought)}}})
    for place, call in enumerate(said.calls):
        content.append({"toolUse": {"toolUseId": f"tooluse_{place}", "name": TOOL, "input": dict(call)}})
    return written(
        {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": "tool_use" if said.calls else "end_turn",
            "usage": {"inputTokens": usage, "outputTokens": 7, "totalTokens": usage + 7},
            "metrics": {"latencyMs": 1},
        }
    )


def _damaged(message: bytes) -> bytes:
    """Another letter in its text: only the checksum tells."""
    return message[:-8] + b"x" + message[-7:]


_BEDROCK_DELTA = frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "damaged"}})
BEDROCK = Dialect(
    "application/vnd.amazon.eventstream",
    bedrock_stream,
    bedrock_whole,
    (frame("strange", {"p": "abc"}),),
    _damaged(_BEDROCK_DELTA),
    (
        frame("throttlingException", {"message": "Too many requests"}, "exception"),
        frame("internalServerException", {"message": "Sorry"}, "exception"),
    ),
    (written({"message": "Too many requests", "__type": "ThrottlingException"}),),
)


# --- Ollama -----------------------------------------------------------------------------------------------


def _line(message: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    told = {"model": "qwen3", "created_at": "2026-01-01T00:00:00Z", "done": False}
    return {**told, "message": {"role": "assistant", "content": "", **message}, **more}


def _ollama_calls(said: Said) -> list[dict[str, Any]]:
    return [{"function": {"name": TOOL, "arguments": dict(call)}} for call in said.calls]


def ollama_stream(choices: list[Said], usage: int) -> Stream:
    said = choices[0]
    told = [_line({"thinking": piece}) for piece in said.thought]
    told += [_line({"content": piece}) for piece in said.pieces]
    told += [_line({"tool_calls": [call]}) for call in _ollama_calls(said)]
    told.append(_line({}, done=True, done_reason="stop", prompt_eval_count=usage, eval_count=7))
    return Stream([written(line) + b"\n" for line in told], len(told) - 1)


def ollama_whole(choices: list[Said], usage: int) -> bytes:
    said = choices[0]
    message: dict[str, Any] = {"content": "".join(said.pieces)}
    if said.thought:
        message["thinking"] = "".join(said.thought)
    if said.calls:
        message["tool_calls"] = _ollama_calls(said)
    return written(_line(message, done=True, done_reason="stop", prompt_eval_count=usage, eval_count=7))


OLLAMA = Dialect(
    "application/x-ndjson",
    ollama_stream,
    ollama_whole,
    (b"\n", b"  \r\n", written({"model": "qwen3", "strange": [1], "done": False}) + b"\n"),
    b"<html>502</html>\n",
    (written({"error": "llama runner process has terminated"}) + b"\n",),
    (written({"error": "llama runner process has terminated"}),),
)
