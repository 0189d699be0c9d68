"""Where the values of an answer come from: a table of what each dialect means, written by hand."""

from typing import Any

import pytest

from translators import convert, provenance
from translators.convert import Answering

ARGUMENTS = '{"city": "Rome"}'
WHOLE: dict[str, dict[str, Any]] = {
    "anthropic": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [
            {"type": "text", "text": "Sunny day"},
            {"type": "tool_use", "id": "call_1", "name": "look_up", "input": {"city": "Rome"}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 12, "output_tokens": 34},
    },
    "bedrock": {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"text": "Sunny day"},
                    {"toolUse": {"toolUseId": "call_1", "name": "look_up", "input": {"city": "Rome"}}},
                ],
            }
        },
        "stopReason": "tool_use",
        "usage": {"inputTokens": 12, "outputTokens": 34, "totalTokens": 46},
    },
    "gemini": {
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [
                        {"text": "Sunny day"},
                        {"functionCall": {"id": "call_1", "name": "look_up", "args": {"city": "Rome"}}},
                    ],
                },
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {"promptTokenCount": 12, "candidatesTokenCount": 34, "totalTokenCount": 46},
    },
    "ollama": {
        "model": "qwen3",
        "message": {
            "role": "assistant",
            "content": "Sunny day",
            "tool_calls": [{"id": "call_1", "function": {"name": "look_up", "arguments": {"city": "Rome"}}}],
        },
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 12,
        "eval_count": 34,
    },
    "openai": {
        "id": "chatcmpl-9",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4.1",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "Sunny day",
                    "tool_calls": [
                        {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": ARGUMENTS}}
                    ],
                },
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46},
    },
    "openai-responses": {
        "id": "resp_9",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "gpt-5",
        "output": [
            {
                "type": "message",
                "id": "msg_9",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": "Sunny day", "annotations": []}],
            },
            {
                "type": "function_call",
                "id": "fc_9",
                "call_id": "call_1",
                "name": "look_up",
                "arguments": ARGUMENTS,
                "status": "completed",
            },
        ],
        "usage": {"input_tokens": 12, "output_tokens": 34, "total_tokens": 46},
    },
}
SAID: dict[str, dict[str, str]] = {
    "anthropic": {
        "text": "content[0].text",
        "id": "content[1].id",
        "name": "content[1].name",
        "arguments": "content[1].input.city",
        "input tokens": "usage.input_tokens",
        "output tokens": "usage.output_tokens",
    },
    "bedrock": {
        "text": "output.message.content[0].text",
        "id": "output.message.content[1].toolUse.toolUseId",
        "name": "output.message.content[1].toolUse.name",
        "arguments": "output.message.content[1].toolUse.input.city",
        "input tokens": "usage.inputTokens",
        "output tokens": "usage.outputTokens",
    },
    "gemini": {
        "text": "candidates[0].content.parts[0].text",
        "id": "candidates[0].content.parts[1].functionCall.id",
        "name": "candidates[0].content.parts[1].functionCall.name",
        "arguments": "candidates[0].content.parts[1].functionCall.args.city",
        "input tokens": "usageMetadata.promptTokenCount",
        "output tokens": "usageMetadata.candidatesTokenCount",
    },
    "ollama": {
        "text": "message.content",
        "id": "message.tool_calls[0].id",
        "name": "message.tool_calls[0].function.name",
        "arguments": "message.tool_calls[0].function.arguments.city",
        "input tokens": "prompt_eval_count",
        "output tokens": "eval_count",
    },
    "openai": {
        "text": "choices[0].message.content",
        "id": "choices[0].message.tool_calls[0].id",
        "name": "choices[0].message.tool_calls[0].function.name",
        "arguments": "choices[0].message.tool_calls[0].function.arguments",
        "input tokens": "usage.prompt_tokens",
        "output tokens": "usage.completion_tokens",
    },
    "openai-responses": {
        "text": "output[0].content[0].text",
        "id": "output[1].call_id",
        "name": "output[1].name",
        "arguments": "output[1].arguments",
        "input tokens": "usage.input_tokens",
        "output tokens": "usage.output_tokens",
    },
}
GOT = {"chat": SAID["openai"], "responses": SAID["openai-responses"]}
BECOMES = [
    pytest.param(provider, client, name, id=f"{provider}-{client}-{name}")
    for provider in WHOLE
    for client in GOT
    for name in SAID[provider]
]


def answering(client: str, provider: str, *, stream: bool = False) -> Answering:
    """The parts for an answer to a request that asked for everything but a stream, or for that, too."""
    parts = convert.without_request(client, provider, "m")
    return Answering(parts.upstream, parts.writers, parts.form, parts.envelope, parts.recall, stream, parts.omitted)


@pytest.mark.parametrize(("provider", "client", "name"), BECOMES)
def test_a_whole_answer(provider: str, client: str, name: str) -> None:
    links = provenance.answer(WHOLE[provider], answering(client, provider)).links
    targets = {link.target for link in links if link.source == SAID[provider][name]}
    total = {"usage.total_tokens"} if "tokens" in name else set()
    assert targets - total == {GOT[client][name]}
