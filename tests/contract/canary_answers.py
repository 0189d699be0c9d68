"""An answer of each provider dialect, whole and as its stream, in which every value exists once that is no word of the
API: what it says, thinks and calls, its ids and its numbers of tokens."""

import json
from typing import Any

from tests.contract.canary_oracle import Table, leaves, name
from translators.registry import PASSTHROUGH

Json = dict[str, Any]

FIRST = {"town": "town-grape", "count": 8123}
SECOND = {"what": "what-kiwi"}
PIECES = ("text-apple ", "and-banana ", "then-cherry.")
TEXT = "text-apple and-banana then-cherry."
THOUGHT = "thought-damson first"

_CLAUDE_USAGE = {
    "input_tokens": 1213,
    "cache_read_input_tokens": 2326,
    "cache_creation_input_tokens": 3439,
    "output_tokens": 4547,
}
_CLAUDE = {
    "id": "msg_elder",
    "type": "message",
    "role": "assistant",
    "model": "claude-fig",
    "content": [
        {"type": "thinking", "thinking": THOUGHT, "signature": "signed-hazel"},
        {"type": "text", "text": TEXT},
        {"type": "tool_use", "id": "toolu_nectar", "name": "find_juniper", "input": FIRST},
        {"type": "tool_use", "id": "toolu_zucchini", "name": "pick_mango", "input": SECOND},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": _CLAUDE_USAGE,
}
_CLAUDE_STREAM: list[Json] = [
    {
        "type": "message_start",
        "message": {**_CLAUDE, "content": [], "stop_reason": None, "usage": {**_CLAUDE_USAGE, "output_tokens": 1}},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "thought-damson "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "first-nut"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "signed-hazel"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    *({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": text}} for text in PIECES),
    {"type": "content_block_stop", "index": 1},
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "toolu_nectar", "name": "find_juniper", "input": {}},
    },
    *(
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": piece}}
        for piece in ('{"town": "town-', 'grape", ', '"count": 8123}')
    ),
    {"type": "content_block_stop", "index": 2},
    {
        "type": "content_block_start",
        "index": 3,
        "content_block": {"type": "tool_use", "id": "toolu_zucchini", "name": "pick_mango", "input": {}},
    },
    {
        "type": "content_block_delta",
        "index": 3,
        "delta": {"type": "input_json_delta", "partial_json": json.dumps(SECOND)},
    },
    {"type": "content_block_stop", "index": 3},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 4547},
    },
    {"type": "message_stop"},
]

_CONVERSED = {
    "usage": {
        "inputTokens": 1213,
        "outputTokens": 4547,
        "totalTokens": 99991,
        "cacheReadInputTokens": 2326,
        "cacheWriteInputTokens": 3439,
    },
    "metrics": {"latencyMs": 9192},
}
_BEDROCK = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": "signed-hazel"}}},
                {"text": TEXT},
                {"toolUse": {"toolUseId": "tooluse_nectar", "name": "find_juniper", "input": FIRST}},
                {"toolUse": {"toolUseId": "tooluse_zucchini", "name": "pick_mango", "input": SECOND}},
            ],
        }
    },
    "stopReason": "tool_use",
    **_CONVERSED,
}


def _block(index: int, delta: Json) -> Json:
    return {"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}}


def _tool(index: int, id: str, name: str) -> Json:
    return {"contentBlockStart": {"contentBlockIndex": index, "start": {"toolUse": {"toolUseId": id, "name": name}}}}


_BEDROCK_STREAM: list[Json] = [
    {"messageStart": {"role": "assistant"}},
    _block(0, {"reasoningContent": {"text": "thought-damson "}}),
    _block(0, {"reasoningContent": {"text": "first-nut"}}),
    _block(0, {"reasoningContent": {"signature": "signed-hazel"}}),
    {"contentBlockStop": {"contentBlockIndex": 0}},
    *(_block(1, {"text": text}) for text in PIECES),
    {"contentBlockStop": {"contentBlockIndex": 1}},
    _tool(2, "tooluse_nectar", "find_juniper"),
    *(_block(2, {"toolUse": {"input": piece}}) for piece in ('{"town": "town-', 'grape", ', '"count": 8123}')),
    {"contentBlockStop": {"contentBlockIndex": 2}},
    _tool(3, "tooluse_zucchini", "pick_mango"),
    _block(3, {"toolUse": {"input": json.dumps(SECOND)}}),
    {"contentBlockStop": {"contentBlockIndex": 3}},
    {"messageStop": {"stopReason": "tool_use"}},
    {"metadata": _CONVERSED},
]

_GEMINI_USAGE = {
    "promptTokenCount": 3653,
    "cachedContentTokenCount": 2326,
    "candidatesTokenCount": 4547,
    "thoughtsTokenCount": 5651,
    "totalTokenCount": 99991,
}
_GEMINI_CALLS: list[Json] = [
    {
        "functionCall": {"id": "call_nectar", "name": "find_juniper", "args": FIRST},
        "thoughtSignature": "c2lnbmVkLWhhemVs",
    },
    {"functionCall": {"id": "call_zucchini", "name": "pick_mango", "args": SECOND}},
]


def _gemini(parts: list[Json], **more: Any) -> Json:
    head = {"modelVersion": "gemini-fig", "responseId": "resp_elder"}
    return {"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0, **more}], **head}


_GEMINI = {
    **_gemini([{"text": THOUGHT, "thought": True}, {"text": TEXT}, *_GEMINI_CALLS], finishReason="STOP"),
    "usageMetadata": _GEMINI_USAGE,
}
_GEMINI_STREAM: list[Json] = [
    _gemini([{"text": "thought-damson ", "thought": True}]),
    _gemini([{"text": "first-nut", "thought": True}, {"text": PIECES[0]}]),
    *(_gemini([{"text": text}]) for text in PIECES[1:]),
    _gemini(_GEMINI_CALLS[:1]),
    {**_gemini(_GEMINI_CALLS[1:], finishReason="STOP"), "usageMetadata": _GEMINI_USAGE},
]

_CHAT_HEAD = {"id": "chatcmpl-elder", "created": 1_700_000_123, "model": "gpt-fig", "system_fingerprint": "fp_hazel"}
_CHAT_USAGE = {
    "prompt_tokens": 3653,
    "completion_tokens": 4547,
    "total_tokens": 99991,
    "prompt_tokens_details": {"cached_tokens": 2326},
    "completion_tokens_details": {"reasoning_tokens": 1907},
}
_CHAT_CALLS = [
    {"id": "call_nectar", "type": "function", "function": {"name": "find_juniper", "arguments": json.dumps(FIRST)}},
    {"id": "call_zucchini", "type": "function", "function": {"name": "pick_mango", "arguments": json.dumps(SECOND)}},
]
_CHAT = {
    **_CHAT_HEAD,
    "object": "chat.completion",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": TEXT, "reasoning_content": THOUGHT, "tool_calls": _CHAT_CALLS},
            "finish_reason": "tool_calls",
        }
    ],
    "usage": _CHAT_USAGE,
}


def _chunk(delta: Json, reason: str | None = None) -> Json:
    return {
        **_CHAT_HEAD,
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }


def _calling(index: int, **more: Any) -> Json:
    return _chunk({"tool_calls": [{"index": index, **more}]})


def _opened(index: int, call: Json) -> Json:
    return _calling(index, **{**call, "function": {**call["function"], "arguments": ""}})


_CHAT_STREAM: list[Any] = [
    _chunk({"role": "assistant", "content": ""}),
    _chunk({"reasoning_content": "thought-damson "}),
    _chunk({"reasoning_content": "first-nut"}),
    *(_chunk({"content": text}) for text in PIECES),
    _opened(0, _CHAT_CALLS[0]),
    *(_calling(0, function={"arguments": piece}) for piece in ('{"town": "town-', 'grape", ', '"count": 8123}')),
    _opened(1, _CHAT_CALLS[1]),
    _calling(1, function={"arguments": json.dumps(SECOND)}),
    _chunk({}, "tool_calls"),
    {**_CHAT_HEAD, "object": "chat.completion.chunk", "choices": [], "usage": _CHAT_USAGE},
    "[DONE]",
]

_TEXT_CHOICE = {"index": 0, "logprobs": None, "finish_reason": None}
_COMPLETION_HEAD = {**_CHAT_HEAD, "id": "cmpl-elder", "object": "text_completion"}
_COMPLETION = {
    **_COMPLETION_HEAD,
    "choices": [{**_TEXT_CHOICE, "text": TEXT, "finish_reason": "length"}],
    "usage": _CHAT_USAGE,
}
_COMPLETION_STREAM: list[Any] = [
    *({**_COMPLETION_HEAD, "choices": [{**_TEXT_CHOICE, "text": text}]} for text in PIECES),
    {**_COMPLETION_HEAD, "choices": [{**_TEXT_CHOICE, "text": "", "finish_reason": "length"}]},
    {**_COMPLETION_HEAD, "choices": [], "usage": _CHAT_USAGE},
    "[DONE]",
]

_OLLAMA_HEAD = {"model": "qwen-fig", "created_at": "2026-11-20T10:00:00.1Z"}
_OLLAMA_CALLS = [
    {"id": "call_nectar", "function": {"name": "find_juniper", "arguments": FIRST}},
    {"id": "call_zucchini", "function": {"name": "pick_mango", "arguments": SECOND}},
]
_OLLAMA_END = {
    "done": True,
    "done_reason": "stop",
    "total_duration": 987654321,
    "prompt_eval_count": 3653,
    "eval_count": 4547,
}
_OLLAMA = {
    **_OLLAMA_HEAD,
    "message": {"role": "assistant", "content": TEXT, "thinking": THOUGHT, "tool_calls": _OLLAMA_CALLS},
    **_OLLAMA_END,
}


def _line(**message: Any) -> Json:
    return {**_OLLAMA_HEAD, "message": {"role": "assistant", "content": "", **message}, "done": False}


_OLLAMA_STREAM: list[Json] = [
    _line(thinking="thought-damson "),
    _line(thinking="first-nut"),
    *(_line(content=text) for text in PIECES),
    *(_line(tool_calls=[call]) for call in _OLLAMA_CALLS),
    {**_line(), **_OLLAMA_END},
]

_MESSAGE = {
    "id": "msg_fig",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}],
}
_REASONING = {
    "id": "rs_olive",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": THOUGHT}],
    "encrypted_content": "gAAAhazel",
}
_CALLS: list[Json] = [
    {
        "id": f"fc_{tree}",
        "type": "function_call",
        "status": "completed",
        "call_id": call["id"],
        "name": call["function"]["name"],
        "arguments": call["function"]["arguments"],
    }
    for tree, call in zip(("peach", "quince"), _CHAT_CALLS, strict=True)
]
_RESPONSE = {
    "id": "resp_elder",
    "object": "response",
    "created_at": 1_700_000_123,
    "status": "completed",
    "model": "gpt-rue",
    "output": [_REASONING, _MESSAGE, *_CALLS],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "metadata": {},
    "usage": {
        "input_tokens": 3653,
        "input_tokens_details": {"cached_tokens": 2326},
        "output_tokens": 4547,
        "output_tokens_details": {"reasoning_tokens": 1907},
        "total_tokens": 99991,
    },
}


def _response_stream() -> list[Json]:
    events: list[Json] = [
        {"type": "response.created", "response": {**_RESPONSE, "status": "in_progress", "output": [], "usage": None}},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {"id": "rs_olive", "type": "reasoning", "summary": []},
        },
    ]
    thought = {"item_id": "rs_olive", "output_index": 0, "summary_index": 0}
    part = {"type": "summary_text", "text": ""}
    events.append({"type": "response.reasoning_summary_part.added", **thought, "part": part})
    for text in ("thought-damson ", "first-nut"):
        events.append({"type": "response.reasoning_summary_text.delta", **thought, "delta": text})
    said = "thought-damson first-nut"
    events.append({"type": "response.reasoning_summary_text.done", **thought, "text": said})
    events.append({"type": "response.reasoning_summary_part.done", **thought, "part": {**part, "text": said}})
    reasoning = {**_REASONING, "summary": [{**part, "text": said}]}
    events.append({"type": "response.output_item.done", "output_index": 0, "item": reasoning})
    here = {"item_id": "msg_fig", "output_index": 1, "content_index": 0}
    [text] = _MESSAGE["content"]
    added = {**_MESSAGE, "status": "in_progress", "content": []}
    events.append({"type": "response.output_item.added", "output_index": 1, "item": added})
    events.append({"type": "response.content_part.added", **here, "part": {**text, "text": ""}})
    events += [{"type": "response.output_text.delta", **here, "delta": piece, "logprobs": []} for piece in PIECES]
    events.append({"type": "response.output_text.done", **here, "text": TEXT, "logprobs": []})
    events.append({"type": "response.content_part.done", **here, "part": text})
    events.append({"type": "response.output_item.done", "output_index": 1, "item": _MESSAGE})
    for index, call in enumerate(_CALLS, 2):
        place = {"item_id": call["id"], "output_index": index}
        opened = {**call, "status": "in_progress", "arguments": ""}
        events.append({"type": "response.output_item.added", "output_index": index, "item": opened})
        cut = len(call["arguments"]) // 2
        for piece in (call["arguments"][:cut], call["arguments"][cut:]):
            events.append({"type": "response.function_call_arguments.delta", **place, "delta": piece})
        done = {"name": call["name"], "arguments": call["arguments"]}
        events.append({"type": "response.function_call_arguments.done", **place, **done})
        events.append({"type": "response.output_item.done", "output_index": index, "item": call})
    events.append({"type": "response.completed", "response": {**_RESPONSE, "output": [reasoning, _MESSAGE, *_CALLS]}})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


WHOLE: dict[str, Json] = {
    "anthropic": _CLAUDE,
    "vertex-anthropic": _CLAUDE,
    "bedrock": _BEDROCK,
    "gemini": _GEMINI,
    "ollama": _OLLAMA,
    "openai": _CHAT,
    "openai-responses": _RESPONSE,
    "openai-completions": _COMPLETION,
}
STREAMS: dict[str, list[Any]] = {
    "anthropic": _CLAUDE_STREAM,
    "vertex-anthropic": _CLAUDE_STREAM,
    "bedrock": _BEDROCK_STREAM,
    "gemini": _GEMINI_STREAM,
    "ollama": _OLLAMA_STREAM,
    "openai": _CHAT_STREAM,
    "openai-responses": _response_stream(),
    "openai-completions": _COMPLETION_STREAM,
}

PROMPT = {"chat": "usage.prompt_tokens", "responses": "usage.input_tokens", "completions": "usage.prompt_tokens"}
SAID = {"chat": "usage.completion_tokens", "responses": "usage.output_tokens", "completions": "usage.completion_tokens"}
TOTAL = "usage.total_tokens"
ADDED_UP: dict[str, dict[str, str]] = {
    "anthropic": {
        "input_tokens": "prompt total",
        "cache_read_input_tokens": "prompt total",
        "cache_creation_input_tokens": "prompt total",
        "output_tokens": "total",
    },
    "bedrock": {
        "inputTokens": "prompt total",
        "cacheReadInputTokens": "prompt total",
        "cacheWriteInputTokens": "prompt total",
        "outputTokens": "total",
    },
    "gemini": {
        "promptTokenCount": "total",
        "candidatesTokenCount": "said total",
        "thoughtsTokenCount": "said total",
    },
    "ollama": {"prompt_eval_count": "total", "eval_count": "total"},
    "openai": {"prompt_tokens": "total", "completion_tokens": "total"},
    "openai-responses": {"input_tokens": "total", "output_tokens": "total"},
}
ADDED_UP["vertex-anthropic"] = ADDED_UP["anthropic"]
"""The numbers of tokens that are part of a sum that the client gets, beside those that it gets as they are."""
NOT_GIVEN = frozenset(
    (
        *("model", "modelVersion", "responseId", "system_fingerprint", "created", "created_at", "item_id"),
        *("totalTokens", "totalTokenCount", "total_tokens", "latencyMs", "total_duration"),
    )
)
"""Fields of providers' answers that clients of another dialect get none of, or one that the gateway makes; the model
has its public name for all."""
IDS = ("msg_elder", "chatcmpl-elder", "cmpl-elder", "resp_elder", "msg_fig", "rs_olive", "fc_peach", "fc_quince")
"""The ids of messages, not of calls."""


def table_of(client: str, provider: str, had: Any) -> Table:
    """What a pair does with the values that it does not hand on, written by hand."""
    if (client, provider) in PASSTHROUGH:
        return lambda path: [] if name(path) == "model" else None
    ends = {"prompt": PROMPT[client], "said": SAID[client], "total": TOTAL}
    values = dict(leaves(had))

    def table(path: str) -> list[str] | None:
        if name(path) in ADDED_UP[provider]:
            return [ends[each] for each in ADDED_UP[provider][name(path)].split()]
        unsaid = client == "completions" or (client == "chat" and "signature" in path.lower())
        return [] if name(path) in NOT_GIVEN or values[path] in IDS or unsaid else None

    return table
