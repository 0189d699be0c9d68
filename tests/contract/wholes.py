"""Recorded streams as payloads, and the whole answers that they would have been."""

import json
import struct
from typing import Any
from zlib import crc32

from routes import DONE, Route
from samples import FIXTURES, STREAMS

from translators.dialects import Framing
from translators.framing.cutting import READERS
from translators.registry import PROVIDERS

Payload = dict[str, Any]

RECORDINGS = STREAMS | {
    f"openai-completions/{path.name}": ("openai-completions", path.read_bytes())
    for path in sorted((FIXTURES / "openai-completions").glob("*.sse"))
}
"""By name, the provider dialect and the bytes."""


def framing_of(provider: str) -> Framing:
    return PROVIDERS[provider].framing if provider in PROVIDERS else "sse"


def payloads_in(provider: str, data: bytes) -> list[Any]:
    reader = READERS[framing_of(provider)]()
    texts = [text for _, text in [*reader.feed(data), *(reader.close() or ())]]
    return [DONE if text == DONE else json.loads(text) for text in texts]


def framed(framing: Framing, payload: Any) -> bytes:
    """One payload as its provider would send it."""
    if payload == DONE:
        return b"data: [DONE]\n\n"
    if framing == "eventstream":
        return b"".join([_message(kind, value) for kind, value in payload.items()])
    text = text_of(payload)
    if framing == "ndjson":
        return text + b"\n"
    kind = payload.get("type") if isinstance(payload, dict) else None
    name = f"event: {kind}\n".encode() if isinstance(kind, str) and kind.isprintable() and kind.isascii() else b""
    return name + b"data: " + text + b"\n\n"


def text_of(value: Any) -> bytes:
    """JSON, in which infinity is a number beyond every float."""
    return json.dumps(value, default=bytes.decode).replace("Infinity", "1e999").encode()


def _message(kind: str, value: Any) -> bytes:
    headers = {":event-type": kind, ":message-type": "event"}
    body = text_of(value)
    if kind == "exception" and isinstance(value, dict):
        headers = {":exception-type": str(value.get("type")), ":message-type": "exception"}
    head = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + len(text).to_bytes(2) + text
        for name, text in ((name, value.encode("utf-8", "replace")) for name, value in headers.items())
    )
    prelude = struct.pack(">II", 16 + len(head) + len(body), len(head))
    message = prelude + struct.pack(">I", crc32(prelude)) + head + body
    return message + struct.pack(">I", crc32(message))


# --- whole answers -----------------------------------------------------------------------------------


def whole_of(provider: str, payloads: list[Any]) -> Any:
    """None for a stream of another make than its provider's documents have it."""
    objects = [payload for payload in payloads if isinstance(payload, dict)]
    match provider:
        case "anthropic":
            return _of_anthropic(objects)
        case "bedrock":
            return _of_bedrock(objects)
        case "gemini":
            return _of_gemini(objects)
        case "ollama":
            return _of_ollama(objects)
        case "openai-responses":
            return objects[-1].get("response")
    return _of_chat(provider, payloads)


def _of_chat(provider: str, payloads: list[Any]) -> Any:
    """As the passthrough folds it; a fold of its own is not worth its lines here."""
    client = "completions" if provider == "openai-completions" else "chat"
    pipe = Route(client, provider, passed_through=True).pipe("text/event-stream", streamed=False)
    out = b"".join([pipe.feed(framed("sse", payload)) for payload in payloads]) + pipe.close()
    return json.loads(out) if out else None


def _of_anthropic(events: list[Payload]) -> Any:
    starts = [event["message"] for event in events if event["type"] == "message_start"]
    if len(starts) != 1:
        return None
    blocks: dict[int, Payload] = {}
    message: Payload = dict(starts[0])
    for event in events:
        match event:
            case {"type": "content_block_start", "index": int(index), "content_block": block}:
                blocks[index] = dict(block)
            case {"type": "content_block_delta", "index": int(index), "delta": delta} if index in blocks:
                _grow_anthropic(blocks[index], delta)
            case {"type": "message_delta", "delta": delta, "usage": usage}:
                message |= delta
                message["usage"] = {**message["usage"], **usage}
    for block in blocks.values():
        if (text := block.pop("json", None)) is not None:
            try:
                block["input"] = json.loads(text or "{}")
            except ValueError:
                return None
    return {**message, "content": [block for _, block in sorted(blocks.items())]}


def _grow_anthropic(block: Payload, delta: Payload) -> None:
    for name, value in delta.items():
        if name == "partial_json":
            block["json"] = block.get("json", "") + value
        elif name == "citation":
            block["citations"] = [*(block.get("citations") or ()), value]
        elif name in ("text", "thinking", "signature"):
            block[name] = block.get(name, "") + value


def _of_bedrock(events: list[Payload]) -> Any:
    blocks: dict[int, Payload] = {}
    ending: Payload = {}
    for event in events:
        match event:
            case {"contentBlockStart": {"contentBlockIndex": index, "start": start}}:
                blocks[index] = {kind: dict(value) for kind, value in start.items()}
            case {"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}}:
                _grow_bedrock(blocks.setdefault(index, {}), delta)
            case {"messageStop": {**stop}}:
                ending |= stop
            case {"metadata": {**metadata}}:
                ending |= metadata
    for block in blocks.values():
        match block:
            case {"toolUse": {"json": text} as call}:
                try:
                    call["input"] = json.loads(call.pop("json") or "{}")
                except ValueError:
                    return None
            case {"text": text, "citations": [*cited]}:
                block |= {"citationsContent": {"content": [{"text": text}], "citations": cited}}
                del block["text"], block["citations"]
    content = [block for _, block in sorted(blocks.items())]
    return {"output": {"message": {"role": "assistant", "content": content}}, **ending}


def _grow_bedrock(block: Payload, delta: Payload) -> None:
    match delta:
        case {"text": text}:
            block["text"] = block.get("text", "") + text
        case {"citation": citation}:
            block.setdefault("citations", []).append(citation)
        case {"toolUse": {"input": piece}}:
            call = block.setdefault("toolUse", {})
            call["json"] = call.get("json", "") + piece
        case {"reasoningContent": {"redactedContent": data}}:
            block["reasoningContent"] = {"redactedContent": data}
        case {"reasoningContent": {**piece}}:
            thought = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {})
            for name, value in piece.items():
                thought[name] = thought.get(name, "") + value
        case {"image": {**image}}:
            block.setdefault("image", {}).update(image)
        case {"toolResult": [*content]}:
            block.setdefault("toolResult", {})["content"] = content


def _of_gemini(payloads: list[Payload]) -> Any:
    whole: Payload = {}
    candidates: dict[int, Payload] = {}
    for payload in payloads:
        whole |= payload
        for candidate in payload.get("candidates") or ():
            merged = candidates.setdefault(candidate.get("index", 0), {})
            parts = [*merged.get("content", {}).get("parts", ()), *candidate.get("content", {}).get("parts", ())]
            merged |= {**candidate, "content": {"role": "model", "parts": parts}}
    listed = [candidate for _, candidate in sorted(candidates.items())]
    return {**whole, "candidates": listed} if listed else whole


def _of_ollama(lines: list[Payload]) -> Any:
    message: Payload = {}
    for line in lines:
        for name, value in (line.get("message") or {}).items():
            before = message.get(name)
            grows = isinstance(before, str | list) and name != "role" and type(before) is type(value)
            message[name] = before + value if grows else value if value is not None else before
    return {**lines[-1], "message": message}
