"""The bytes that go over the wire while we measure: the same question in two formats, and the provider's answers to it.

The last user message says `bench KIND NUMBER`, which passes any translation unchanged; the provider obeys it. Every
text delta holds `MARK` once, in Anthropic's format as in OpenAI's, so that whoever receives a stream counts events by
counting `MARK`.
"""

import json
from typing import Any, Literal

Kind = Literal["whole", "bulk", "chunks", "paced", "first", "hold", "silent", "error", "cut", "long"]
"""`whole`: one JSON answer. The others stream `EVENTS` deltas: `bulk` in one write and one chunk, `chunks` in one write
and a chunk an event, `paced` one every `PACE` seconds, `first` one and after `PACE` seconds all others. `hold` sends
one delta and then nothing, `silent` nothing at all, `error` is a 529, `cut` closes the connection in the middle of a
stream; `long` is as `bulk`, of `LONG_EVENTS`."""

EVENTS = 200
LONG_EVENTS = 20_000
PACE = 0.004
MARK = b" lorem"
LAST_CHUNK = b"0\r\n\r\n"
MODEL = "claude-haiku-4-5"
KEY = "bench-key"

_SYSTEM = "You are a helpful assistant of a shop. " * 8
_TURNS = ["Where is my parcel?", "Parcels arrive within three working days. Do you have its number? " * 3]
_TOOL_SCHEMA = {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}


def question(kind: Kind, number: int, *, chat: bool) -> dict[str, Any]:
    """One request, as OpenAI's chat completions or as Anthropic's messages."""
    words = {"name": "parcel", "description": "Where a parcel is."}
    if chat:
        tools: list[Any] = [{"type": "function", "function": {**words, "parameters": _TOOL_SCHEMA}}]
    else:
        tools = [{**words, "input_schema": _TOOL_SCHEMA}]
    turns = [
        {"role": "user", "content": _TURNS[0]},
        {"role": "assistant", "content": _TURNS[1]},
        {"role": "user", "content": f"bench {kind} {number}"},
    ]
    system = {"messages": [{"role": "system", "content": _SYSTEM}, *turns]} if chat else {"messages": turns}
    body = {"model": MODEL, "max_tokens": 500, "temperature": 0.5, "tools": tools, **system}
    if not chat:
        body["system"] = _SYSTEM
    if kind not in ("whole", "error", "silent"):
        body["stream"] = True
    return body


def request(kind: Kind, number: int = 0, *, chat: bool, headers: str = "", **more: Any) -> bytes:
    """The same as bytes of HTTP/1.1, with `more` fields and with more `headers`, each with its line's end."""
    body = json.dumps(question(kind, number, chat=chat) | more).encode()
    path = "/v1/chat/completions" if chat else "/v1/messages"
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\naccept: */*\r\n"
        f"user-agent: bench\r\nauthorization: Bearer {KEY}\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode() + body


# --- the provider's side ------------------------------------------------------------------------

LIMITS = (
    "request-id: req_bench\r\nanthropic-ratelimit-requests-limit: 1000\r\n"
    "anthropic-ratelimit-requests-remaining: 999\r\nanthropic-ratelimit-requests-reset: 2030-01-01T00:00:00Z\r\n"
)
_USAGE = {"input_tokens": 100, "output_tokens": 1}
_MESSAGE: dict[str, Any] = {"id": "msg_bench", "type": "message", "role": "assistant", "model": MODEL}


def _head(status: int, rest: str) -> bytes:
    return f"HTTP/1.1 {status} X\r\n{LIMITS}{rest}\r\n".encode()


def _json(status: int, body: dict[str, Any]) -> bytes:
    data = json.dumps(body).encode()
    return _head(status, f"content-type: application/json\r\ncontent-length: {len(data)}\r\n") + data


def _event(body: dict[str, Any]) -> bytes:
    return f"event: {body['type']}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n".encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


_OPENING = _event(
    {
        "type": "message_start",
        "message": {**_MESSAGE, "content": [], "stop_reason": None, "stop_sequence": None, "usage": _USAGE},
    }
) + _event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
_DELTA = _event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": MARK.decode()}})
_CLOSING = b"".join(
    _event(event)
    for event in (
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": EVENTS},
        },
        {"type": "message_stop"},
    )
)

STREAM_HEAD = _head(200, "content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n")
OPENING, DELTA, CLOSING = chunk(_OPENING), chunk(_DELTA), chunk(_CLOSING) + LAST_CHUNK
WHOLE = _json(
    200,
    {
        **_MESSAGE,
        "content": [{"type": "text", "text": "Your parcel is on its way. " * 10}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": _USAGE,
    },
)
ERROR = _json(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
BULK = STREAM_HEAD + chunk(_OPENING + _DELTA * EVENTS + _CLOSING) + LAST_CHUNK
LONG = STREAM_HEAD + chunk(_OPENING + _DELTA * LONG_EVENTS + _CLOSING) + LAST_CHUNK
CHUNKS = STREAM_HEAD + OPENING + DELTA * EVENTS + CLOSING
STREAM_EVENTS: tuple[bytes, ...] = (_OPENING, *[_DELTA] * EVENTS, _CLOSING)
WHOLE_BODY = WHOLE.partition(b"\r\n\r\n")[2]
