"""Answers as Anthropic's Messages API gives them, whole and as a stream that says the same."""

import json
from collections.abc import Iterator
from typing import Any

Block = dict[str, Any]


def text(value: str) -> Block:
    return {"type": "text", "text": value}


def tool_use(call_id: str, name: str, **given: Any) -> Block:
    return {"type": "tool_use", "id": call_id, "name": name, "input": given}


def thinking(thought: str, signature: str = "c2lnbmVk") -> Block:
    return {"type": "thinking", "thinking": thought, "signature": signature}


def message(*blocks: Block, stop_reason: str = "end_turn", usage: tuple[int, int] = (11, 7)) -> dict[str, Any]:
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": list(blocks) or [text("Hello there")],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": usage[0], "output_tokens": usage[1]},
    }


def events(whole: dict[str, Any]) -> list[dict[str, Any]]:
    """The stream of a whole answer: every text and every tool's arguments in pieces of three characters."""
    return list(_events(whole))


def _events(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    usage = {**whole["usage"], "output_tokens": 1}
    yield {
        "type": "message_start",
        "message": {**whole, "content": [], "stop_reason": None, "usage": usage},
    }
    for index, block in enumerate(whole["content"]):
        yield from _block(index, block)
    ending = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": whole["usage"]["output_tokens"]}}
    yield {"type": "message_stop"}


def _block(index: int, block: Block) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "text":
            field, kind, value, empty = "text", "text_delta", block["text"], {"text": ""}
        case "thinking":
            field, kind, value, empty = (
                "thinking",
                "thinking_delta",
                block["thinking"],
                {"thinking": "", "signature": ""},
            )
        case _:
            field, kind, value, empty = "partial_json", "input_json_delta", json.dumps(block["input"]), {"input": {}}
    yield {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
    deltas = [{"type": kind, field: value[at : at + 3]} for at in range(0, len(value), 3)]
    if "signature" in block:
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def error(kind: str, message: str = "said by the provider", **details: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message, **details}, "request_id": "req_up"}


PING = {"type": "ping"}
HELLO = events(message(text("Hello there")))
"""A stream of four text deltas: `Hel`, `lo `, `the`, `re`."""
