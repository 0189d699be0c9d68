"""The same answer as each provider dialect gives it: a stream of equal text deltas, and whole.

Wire forms as in the providers' own documents; the text is always `MARK`, once a delta.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from scripts.measuring import wire
from translators.values import immutable

TEXT = wire.MARK.decode()
ID = "bench"


@immutable
class Sample:
    """A stream is `opening`, any number of `delta`, `closing`; `payloads` is how many payloads opening and closing
    are. `whole` is a whole answer, `model` a name for the request."""

    model: str
    content_type: str
    opening: bytes
    delta: bytes
    closing: bytes
    whole: bytes

    def stream(self, deltas: int) -> bytes:
        return self.opening + self.delta * deltas + self.closing


def written(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def sse(body: Any, name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: " + written(body) + b"\n\n"


def frame(event: str, body: Any) -> bytes:
    """One event of application/vnd.amazon.eventstream."""
    payload = written(body)
    fields = {":event-type": event, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for name, value in fields.items()
    )
    prelude = struct.pack("!II", len(headers) + len(payload) + 16, len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack("!I", zlib.crc32(message))


def _openai() -> Sample:
    head = {"id": ID, "object": "chat.completion.chunk", "created": 1, "model": "gpt-bench"}

    def chunk(delta: Any, finish: str | None = None) -> bytes:
        return sse({**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]})

    usage = {"prompt_tokens": 100, "completion_tokens": 200, "total_tokens": 300}
    message = {"role": "assistant", "content": TEXT * 50, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return Sample(
        "gpt-bench",
        "text/event-stream",
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": TEXT}),
        chunk({}, "stop") + sse({**head, "choices": [], "usage": usage}) + b"data: [DONE]\n\n",
        written({**head, "object": "chat.completion", "choices": [choice], "usage": usage}),
    )


def _responses() -> Sample:
    usage = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 200,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 300,
    }
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    done = {**item, "status": "completed", "content": [{**part, "text": TEXT * 50}]}
    response = {
        "id": "resp_bench",
        "object": "response",
        "created_at": 1,
        "status": "in_progress",
        "model": "gpt-bench",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "output": [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
    }
    complete = {**response, "status": "completed", "output": [done], "usage": usage}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}

    def event(name: str, **fields: Any) -> bytes:
        return sse({"type": name, "sequence_number": 1, **fields}, name)

    return Sample(
        "gpt-bench",
        "text/event-stream",
        event("response.created", response=response)
        + event("response.output_item.added", output_index=0, item=item)
        + event("response.content_part.added", **place, part=part),
        event("response.output_text.delta", **place, delta=TEXT, logprobs=[]),
        event("response.output_item.done", output_index=0, item=done) + event("response.completed", response=complete),
        written(complete),
    )


def _gemini() -> Sample:
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 200, "totalTokenCount": 300}

    def chunk(text: str, **more: Any) -> Any:
        candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0, **more}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-bench", "responseId": ID}

    return Sample(
        "gemini-2.5-flash",
        "text/event-stream",
        sse(chunk("")),
        sse(chunk(TEXT)),
        sse(chunk("", finishReason="STOP")),
        written(chunk(TEXT * 50, finishReason="STOP")),
    )


def _bedrock() -> Sample:
    usage = {"inputTokens": 100, "outputTokens": 200, "totalTokens": 300}
    message = {"role": "assistant", "content": [{"text": TEXT * 50}]}
    return Sample(
        "amazon.nova-pro-v1:0",
        "application/vnd.amazon.eventstream",
        frame("messageStart", {"role": "assistant"}),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": TEXT}}),
        frame("contentBlockStop", {"contentBlockIndex": 0})
        + frame("messageStop", {"stopReason": "end_turn"})
        + frame("metadata", {"usage": usage, "metrics": {"latencyMs": 1}}),
        written({"output": {"message": message}, "stopReason": "end_turn", "usage": usage}),
    )


def _ollama() -> Sample:
    def line(text: str, **more: Any) -> Any:
        message = {"role": "assistant", "content": text}
        return {"model": "bench", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": False, **more}

    end = {"done": True, "done_reason": "stop", "prompt_eval_count": 100, "eval_count": 200}
    return Sample(
        "qwen3",
        "application/x-ndjson",
        b"",
        written(line(TEXT)) + b"\n",
        written(line("", **end)) + b"\n",
        written(line(TEXT * 50, **end)),
    )


def _anthropic() -> Sample:
    opening, delta, closing = wire.STREAM_EVENTS[0], wire.STREAM_EVENTS[1], wire.STREAM_EVENTS[-1]
    return Sample(wire.MODEL, "text/event-stream", opening, delta, closing, wire.WHOLE_BODY)


SAMPLES: Mapping[str, Sample] = {
    "anthropic": _anthropic(),
    "gemini": _gemini(),
    "bedrock": _bedrock(),
    "openai": _openai(),
    "openai-responses": _responses(),
    "ollama": _ollama(),
}
"""The samples by provider dialect. `vertex-anthropic` answers as `anthropic`."""
