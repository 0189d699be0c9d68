"""A provider's answer to a call of the storm: the same words in each dialect's own form, whole and as a stream."""

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
class Choice:
    """The content of one choice: `thought` before its text, `calls` (the arguments of each) after it."""

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
    stream: Callable[[list[Choice], int], Stream]
    whole: Callable[[list[Choice], int], bytes]
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


def _anthropic_blocks(choice: Choice) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if choice.thought:
        blocks.append({"type": "thinking", "thinking": "".join(choice.thought), "signature": "c2lnbmVk"})
    blocks.append({"type": "text", "text": "".join(choice.pieces)})
    for place, call in enumerate(choice.calls):
        blocks.append({"type": "tool_use", "id": f"toolu_{place}", "name": TOOL, "input": dict(call)})
    return blocks


def _anthropic_message(choice: Choice, usage: int) -> dict[str, Any]:
    return {
        "id": "msg_storm",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": _anthropic_blocks(choice),
        "stop_reason": "tool_use" if choice.calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": usage, "output_tokens": 7},
    }


def anthropic_stream(choices: list[Choice], usage: int) -> Stream:
    choice, message = choices[0], _anthropic_message(choices[0], usage)
    events: list[dict[str, Any]] = [
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
                        *({"type": "thinking_delta", "thinking": piece} for piece in choice.thought),
                        {"type": "signature_delta", "signature": block["signature"]},
                    ],
                )
            case "text":
                start, deltas = {"text": ""}, [{"type": "text_delta", "text": piece} for piece in choice.pieces]
            case _:
                pieces = halves(arguments(block["input"]))
                start = {"input": {}}
                deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        events.append({"type": "content_block_start", **at, "content_block": {**block, **start}})
        events += [{"type": "content_block_delta", **at, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", **at})
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    events.append({"type": "message_delta", "delta": ending, "usage": {"output_tokens": 7}})
    events.append({"type": "message_stop"})
    return Stream([sse(event, event["type"]) for event in events], len(events) - 1)


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
    rest = {"usageMetadata": counts, "modelVersion": "gemini-2.5-flash", "responseId": "storm"}
    return {"candidates": candidates, **rest}


def _gemini_calls(choice: Choice) -> list[dict[str, Any]]:
    return [{"functionCall": {"name": TOOL, "args": dict(call)}} for call in choice.calls]


def _gemini_candidate(index: int, parts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"index": index, "content": {"role": "model", "parts": parts}, **more}


def gemini_stream(choices: list[Choice], usage: int) -> Stream:
    candidates = [
        _gemini_candidate(index, [{"text": piece, "thought": True}])
        for index, choice in enumerate(choices)
        for piece in choice.thought
    ]
    for pieces in zip(*(choice.pieces for choice in choices), strict=True):
        candidates += [_gemini_candidate(index, [{"text": piece}]) for index, piece in enumerate(pieces)]
    for index, choice in enumerate(choices):
        candidates += [_gemini_candidate(index, [part]) for part in _gemini_calls(choice)]
    candidates += [_gemini_candidate(index, [{"text": ""}], finishReason="STOP") for index in range(len(choices))]
    return Stream([crlf(_gemini_body([candidate], usage)) for candidate in candidates], len(candidates) - 1)


def gemini_whole(choices: list[Choice], usage: int) -> bytes:
    candidates = []
    for index, choice in enumerate(choices):
        thought = [{"text": "".join(choice.thought), "thought": True}] if choice.thought else []
        parts = [*thought, {"text": "".join(choice.pieces)}, *_gemini_calls(choice)]
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
    names = {f":{message_type}-type": kind, ":content-type": "application/json", ":message-type": message_type}
    headers = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for name, value in names.items()
    )
    payload = written(body)
    prelude = struct.pack("!II", len(headers) + len(payload) + 16, len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack("!I", zlib.crc32(message))


def bedrock_stream(choices: list[Choice], usage: int) -> Stream:
    choice = choices[0]
    frames = [frame("messageStart", {"role": "assistant"})]
    thought = [{"reasoningContent": {"text": piece}} for piece in choice.thought]
    blocks: list[list[dict[str, Any]]] = [*([thought] if thought else []), [{"text": piece} for piece in choice.pieces]]
    for index, deltas in enumerate(blocks):
        frames += [frame("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}) for delta in deltas]
        frames.append(frame("contentBlockStop", {"contentBlockIndex": index}))
    for index, call in enumerate(choice.calls, len(blocks)):
        at = {"contentBlockIndex": index}
        use = {"toolUseId": f"tooluse_{index}", "name": TOOL}
        frames.append(frame("contentBlockStart", {**at, "start": {"toolUse": use}}))
        frames += [
            frame("contentBlockDelta", {**at, "delta": {"toolUse": {"input": piece}}})
            for piece in halves(arguments(call))
        ]
        frames.append(frame("contentBlockStop", at))
    frames.append(frame("messageStop", {"stopReason": "tool_use" if choice.calls else "end_turn"}))
    counts = {"inputTokens": usage, "outputTokens": 7, "totalTokens": usage + 7}
    frames.append(frame("metadata", {"usage": counts, "metrics": {"latencyMs": 1}}))
    return Stream(frames, len(frames) - 2)


def bedrock_whole(choices: list[Choice], usage: int) -> bytes:
    choice = choices[0]
    content: list[dict[str, Any]] = [{"text": "".join(choice.pieces)}]
    if choice.thought:
        content.insert(0, {"reasoningContent": {"reasoningText": {"text": "".join(choice.thought)}}})
    for place, call in enumerate(choice.calls):
        content.append({"toolUse": {"toolUseId": f"tooluse_{place}", "name": TOOL, "input": dict(call)}})
    return written(
        {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": "tool_use" if choice.calls else "end_turn",
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
    head = {"model": "qwen3", "created_at": "2026-01-01T00:00:00Z", "done": False}
    return {**head, "message": {"role": "assistant", "content": "", **message}, **more}


def _ollama_calls(choice: Choice) -> list[dict[str, Any]]:
    return [{"function": {"name": TOOL, "arguments": dict(call)}} for call in choice.calls]


def ollama_stream(choices: list[Choice], usage: int) -> Stream:
    choice = choices[0]
    lines = [_line({"thinking": piece}) for piece in choice.thought]
    lines += [_line({"content": piece}) for piece in choice.pieces]
    lines += [_line({"tool_calls": [call]}) for call in _ollama_calls(choice)]
    lines.append(_line({}, done=True, done_reason="stop", prompt_eval_count=usage, eval_count=7))
    return Stream([written(line) + b"\n" for line in lines], len(lines) - 1)


def ollama_whole(choices: list[Choice], usage: int) -> bytes:
    choice = choices[0]
    message: dict[str, Any] = {"content": "".join(choice.pieces)}
    if choice.thought:
        message["thinking"] = "".join(choice.thought)
    if choice.calls:
        message["tool_calls"] = _ollama_calls(choice)
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
