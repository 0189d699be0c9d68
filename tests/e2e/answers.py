"""One answer in the wire form of every provider, whole and as its stream: perhaps a thought, a text, then perhaps calls
of tools."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.e2e import claude
from tests.e2e.provider import LAST_CHUNK, Call, Script, chunk, head, sse
from tests.translators.providers.bedrock.bedrock_frames import framed

USAGE = (11, 7)
"""Tokens of the prompt and of the answer."""

ToolUse = tuple[str, str, dict[str, Any]]
"""The call's id (where the provider has any), the tool's name, its arguments."""


@dataclass(frozen=True)
class Reply:
    text: str = "Hello there"
    calls: tuple[ToolUse, ...] = ()
    thought: str | None = None
    signature: str = ""
    """What the provider wants to see again: of the thought, at Gemini of the first call (of the text, without any)."""
    id: str = "up"

    @property
    def pieces(self) -> list[str]:
        return [self.text[at : at + 3] for at in range(0, len(self.text), 3)]


@dataclass(frozen=True)
class Speech:
    """How a provider speaks."""

    whole: Callable[[Reply], Any]
    stream: Callable[[Reply], list[bytes]]
    content_type: str = "text/event-stream"

    def answer(self, reply: Reply | None = None, headers: dict[str, str] | None = None) -> Script:
        """Streamed to whom asks for a stream, in the body or by the path."""
        sent, more = reply or Reply(), headers or {}

        async def script(call: Call) -> None:
            if "stream" in call.path.lower() or call.json.get("stream"):
                await call.send(head(200, {"content-type": self.content_type, "transfer-encoding": "chunked", **more}))
                for piece in self.stream(sent):
                    await call.send(chunk(piece))
                await call.send(LAST_CHUNK)
            else:
                data = json.dumps(self.whole(sent)).encode()
                fields = {"content-type": "application/json", "content-length": str(len(data)), **more}
                await call.send(head(200, fields) + data)

        return script


def data(payload: Any) -> bytes:
    return b"data: " + (payload if isinstance(payload, bytes) else json.dumps(payload).encode()) + b"\n\n"


# --- Claude's Messages ---


def _claude(reply: Reply) -> dict[str, Any]:
    calls = [claude.tool_use(id, name, **given) for id, name, given in reply.calls]
    thoughts = [] if reply.thought is None else [claude.thinking(reply.thought, reply.signature)]
    blocks = thoughts + ([claude.text(reply.text)] if reply.text else []) + calls
    return claude.message(*blocks, stop_reason="tool_use" if reply.calls else "end_turn", usage=USAGE)


CLAUDE = Speech(_claude, lambda reply: [sse(event) for event in claude.events(_claude(reply))])


# --- Gemini ---


def gemini(*parts: dict[str, Any], finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **more}
    return {
        "candidates": [{**candidate, "finishReason": finish} if finish else candidate],
        "usageMetadata": {
            "promptTokenCount": USAGE[0],
            "candidatesTokenCount": USAGE[1],
            "totalTokenCount": sum(USAGE),
        },
        "modelVersion": "gemini-3-flash-preview",
        "responseId": "resp-of-gemini",
    }


def _parts(reply: Reply) -> list[dict[str, Any]]:
    """The thought, the text, the calls; the signature with the first call, else with the last part."""
    parts: list[dict[str, Any]] = [{"text": reply.thought, "thought": True}] if reply.thought else []
    parts += [{"text": reply.text}] if reply.text else []
    calls = [{"functionCall": {"id": id, "name": name, "args": given}} for id, name, given in reply.calls]
    if reply.signature:
        calls = calls or [{"text": ""}]
        calls[0]["thoughtSignature"] = reply.signature
    return parts + calls


def _gemini_stream(reply: Reply) -> list[bytes]:
    first = _parts(replace(reply, text="", calls=(), signature=""))
    first += [{"text": piece} for piece in reply.pieces]
    last = gemini(*_parts(replace(reply, text="", thought=None)))
    return [data(each) for each in (*(gemini(part, finish=None) for part in first), last)]


GEMINI = Speech(lambda reply: gemini(*_parts(reply)), _gemini_stream)


# --- Bedrock's Converse ---


def _bedrock_ending(reply: Reply) -> tuple[str, dict[str, Any]]:
    usage = {"inputTokens": USAGE[0], "outputTokens": USAGE[1], "totalTokens": sum(USAGE)}
    return ("tool_use" if reply.calls else "end_turn"), {"usage": usage, "metrics": {"latencyMs": 12}}


def _bedrock(reply: Reply) -> dict[str, Any]:
    reason, rest = _bedrock_ending(reply)
    calls = [{"toolUse": {"toolUseId": id, "name": name, "input": given}} for id, name, given in reply.calls]
    thought = {"reasoningText": {"text": reply.thought, "signature": reply.signature}}
    content: list[dict[str, Any]] = [] if reply.thought is None else [{"reasoningContent": thought}]
    content += ([{"text": reply.text}] if reply.text else []) + calls
    return {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": reason, **rest}


def _bedrock_stream(reply: Reply) -> list[bytes]:
    reason, rest = _bedrock_ending(reply)
    events: list[dict[str, Any]] = [{"messageStart": {"role": "assistant"}}]
    if reply.thought is not None:
        for delta in ({"text": reply.thought}, {"signature": reply.signature}):
            events.append({"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"reasoningContent": delta}}})
        events.append({"contentBlockStop": {"contentBlockIndex": 0}})
    for piece in reply.pieces:
        events.append({"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": piece}}})
    events += [{"contentBlockStop": {"contentBlockIndex": 1}}] if reply.text else []
    for index, (id, name, given) in enumerate(reply.calls, start=2):
        start = {"toolUse": {"toolUseId": id, "name": name}}
        events.append({"contentBlockStart": {"contentBlockIndex": index, "start": start}})
        delta = {"toolUse": {"input": json.dumps(given)}}
        events.append({"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}})
        events.append({"contentBlockStop": {"contentBlockIndex": index}})
    events += [{"messageStop": {"stopReason": reason}}, {"metadata": rest}]
    return [framed(event) for event in events]


BEDROCK = Speech(_bedrock, _bedrock_stream, "application/vnd.amazon.eventstream")


# --- OpenAI's chat completions ---

_HEAD: dict[str, Any] = {"id": "chatcmpl-up", "created": 1_700_000_000, "model": "theirs"}
_COUNTED = {"prompt_tokens": USAGE[0], "completion_tokens": USAGE[1], "total_tokens": sum(USAGE)}


def _called(reply: Reply) -> list[dict[str, Any]]:
    return [
        {"id": id, "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
        for id, name, given in reply.calls
    ]


def _chat(reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    message |= {"tool_calls": _called(reply)} if reply.calls else {}
    reason = "tool_calls" if reply.calls else "stop"
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
    return {**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _COUNTED}


def chat_chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason, **more}
    return {**_HEAD, "object": "chat.completion.chunk", "choices": [choice]}


def _chat_stream(reply: Reply) -> list[bytes]:
    chunks = [chat_chunk({"role": "assistant", "content": ""})]
    chunks += [chat_chunk({"content": piece}) for piece in reply.pieces]
    for at, call in enumerate(_called(reply)):
        given = call["function"]["arguments"]
        opener = {**call, "function": {**call["function"], "arguments": ""}}
        fragments = [{"function": {"arguments": half}} for half in (given[:3], given[3:])]
        chunks += [chat_chunk({"tool_calls": [{"index": at, **each}]}) for each in (opener, *fragments)]
    chunks.append(chat_chunk({}, "tool_calls" if reply.calls else "stop"))
    chunks.append({**_HEAD, "object": "chat.completion.chunk", "choices": [], "usage": _COUNTED})
    return [*(data(each) for each in chunks), data(b"[DONE]")]


CHAT = Speech(_chat, _chat_stream)


# --- OpenAI's completions of 2020 ---


def _completion(reply: Reply) -> dict[str, Any]:
    choice = {"index": 0, "text": reply.text, "finish_reason": "stop", "logprobs": None}
    return {**_HEAD, "id": "cmpl-up", "object": "text_completion", "choices": [choice], "usage": _COUNTED}


def _completion_stream(reply: Reply) -> list[bytes]:
    bare = {**_HEAD, "id": "cmpl-up", "object": "text_completion"}
    pieces: list[tuple[str, str | None]] = [*((piece, None) for piece in reply.pieces), ("", "stop")]
    chunks = [{**bare, "choices": [{"index": 0, "text": text, "finish_reason": why}]} for text, why in pieces]
    return [*(data(each) for each in (*chunks, {**bare, "choices": [], "usage": _COUNTED})), data(b"[DONE]")]


COMPLETIONS = Speech(_completion, _completion_stream)


# --- OpenAI's Responses ---


def _items(reply: Reply) -> list[dict[str, Any]]:
    text = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    message = {
        "id": f"msg_{reply.id}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [text],
    }
    calls = [
        {
            "id": f"fc_{id}",
            "type": "function_call",
            "status": "completed",
            "call_id": id,
            "name": name,
            "arguments": json.dumps(given),
        }
        for id, name, given in reply.calls
    ]
    thought = {"id": f"rs_{reply.id}", "type": "reasoning", "summary": [], "encrypted_content": reply.signature or None}
    return ([thought] if reply.thought is not None else []) + ([message] if reply.text else []) + calls


def response(reply: Reply, status: str = "completed", **more: Any) -> dict[str, Any]:
    done = status == "completed"
    return {
        "id": f"resp_{reply.id}",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "model": "theirs",
        "output": _items(reply) if done else [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "store": True,
        "usage": {
            "input_tokens": USAGE[0],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": USAGE[1],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(USAGE),
        }
        if done
        else None,
        **more,
    }


def _response_stream(reply: Reply) -> list[bytes]:
    events: list[dict[str, Any]] = [
        {"type": f"response.{name}", "response": response(reply, "in_progress")} for name in ("created", "in_progress")
    ]
    for at, item in enumerate(_items(reply)):
        place = {"item_id": item["id"], "output_index": at}
        empty = {"message": {"content": []}, "function_call": {"arguments": ""}}.get(item["type"], {})
        added = {**item, **({"status": "in_progress", **empty} if empty else {})}
        events.append({"type": "response.output_item.added", "output_index": at, "item": added})
        if item["type"] == "message":
            [part] = item["content"]
            here = {**place, "content_index": 0}
            events.append({"type": "response.content_part.added", **here, "part": {**part, "text": ""}})
            for piece in reply.pieces:
                events.append({"type": "response.output_text.delta", **here, "delta": piece, "logprobs": []})
            events.append({"type": "response.output_text.done", **here, "text": reply.text, "logprobs": []})
            events.append({"type": "response.content_part.done", **here, "part": part})
        elif item["type"] == "function_call":
            given = item["arguments"]
            events.append({"type": "response.function_call_arguments.delta", **place, "delta": given})
            done = {"type": "response.function_call_arguments.done", **place, "name": item["name"]}
            events.append({**done, "arguments": given})
        events.append({"type": "response.output_item.done", "output_index": at, "item": item})
    events.append({"type": "response.completed", "response": response(reply)})
    return [sse({**event, "sequence_number": at}) for at, event in enumerate(events)]


RESPONSES = Speech(response, _response_stream)


# --- Ollama ---


def _ollama_line(message: dict[str, Any], **more: Any) -> dict[str, Any]:
    whole = {"role": "assistant", "content": "", **message}
    return {"model": "theirs", "created_at": "2026-11-20T10:00:00.1Z", "message": whole, "done": False, **more}


_DONE = {"done": True, "done_reason": "stop", "prompt_eval_count": USAGE[0], "eval_count": USAGE[1]}


def _ollama_calls(reply: Reply) -> dict[str, Any]:
    calls = [{"id": id, "function": {"name": name, "arguments": given}} for id, name, given in reply.calls]
    return {"tool_calls": calls} if calls else {}


def _ollama_thought(reply: Reply) -> dict[str, Any]:
    return {} if reply.thought is None else {"thinking": reply.thought}


def _ollama_stream(reply: Reply) -> list[bytes]:
    lines = [_ollama_line(thought)] if (thought := _ollama_thought(reply)) else []
    lines += [_ollama_line({"content": piece}) for piece in reply.pieces]
    lines += [_ollama_line(calls)] if (calls := _ollama_calls(reply)) else []
    return [json.dumps(line).encode() + b"\n" for line in (*lines, _ollama_line({}, **_DONE))]


OLLAMA = Speech(
    lambda reply: _ollama_line({"content": reply.text, **_ollama_thought(reply), **_ollama_calls(reply)}, **_DONE),
    _ollama_stream,
    "application/x-ndjson",
)
