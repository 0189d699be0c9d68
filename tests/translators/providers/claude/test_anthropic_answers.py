"""Recorded-looking streams, in any pieces, and the same answers whole."""

import copy
import json
from typing import Any

import pytest
from anthropic_answers import COMPLETE, ISSUER, MODEL, STARTED, events_of, folded, noted, payloads, read, recorded

from translators.dialects import Recall
from translators.events import (
    Annotation,
    Finished,
    ForeignBlock,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSigned,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from translators.providers import anthropic as dialect

EXPECTED: dict[str, list[Any]] = {
    "text": [
        STARTED,
        (TextDelta, None, "Hello, 世界 🎈!"),
        UsageReported(Usage(12, 20, 0, 0)),
        Finished("stop", "end_turn", "default"),
    ],
    "parallel_tools_after_thinking": [
        Started("msg_01Fixture", "claude-opus-4-6"),
        (ReasoningDelta, 0, "Two cities, two calls."),
        ReasoningSigned(0, "EqQBCgIYAg==", ISSUER),
        (TextDelta, None, "Let me look."),
        ToolCallStarted(0, "toolu_01A", "get_weather"),
        (ToolCallDelta, 0, {"city": "Berlin"}),
        ToolCallStarted(1, "toolu_01B", "now"),
        (ToolCallDelta, 1, {}),
        UsageReported(Usage(110, 88, 90, 8, 30)),
        Finished("tool_calls", "tool_use", "default"),
    ],
    "web_search_with_citations": [
        STARTED,
        (TextDelta, None, "Ich suche… "),
        ForeignBlock(
            "anthropic",
            {"type": "server_tool_use", "id": "srvtoolu_01", "name": "web_search", "input": {"query": "größte Stadt"}},
        ),
        ForeignBlock(
            "anthropic",
            {
                "type": "web_search_tool_result",
                "tool_use_id": "srvtoolu_01",
                "content": [
                    {
                        "type": "web_search_result",
                        "title": "T",
                        "url": "https://example.org/a",
                        "encrypted_content": "Eq",
                        "page_age": None,
                    }
                ],
            },
        ),
        (TextDelta, None, "Größte: Tokio 🗼"),
        Annotation(11, 26, "T", "https://example.org/a"),
        Annotation(11, 26, "", "https://example.org/b"),
        (TextDelta, None, ". Ende"),
        UsageReported(Usage(12, 60, 0, 0)),
        Finished("stop", "end_turn", "default"),
    ],
    "refusal": [
        STARTED,
        (TextDelta, None, "Well, "),
        UsageReported(Usage(12, 3, 0, 0)),
        (RefusalDelta, None, "This could enable harm."),
        Finished("content_filter", "refusal", "default"),
    ],
    "redacted_and_cut_call": [
        STARTED,
        ReasoningRedacted(0, "EmwKAhgB", ISSUER),
        ReasoningSigned(1, "sig2", ISSUER),
        ToolCallStarted(0, "toolu_01C", "write"),
        (ToolCallDelta, 0, '{"text": "It was a dark and'),
        UsageReported(Usage(12, 4096, 0, 0)),
        Finished("length", "max_tokens", "default"),
    ],
    "llama_cpp_without_message_start": [
        Started(None, None),
        (TextDelta, None, "Hi there"),
        UsageReported(Usage(61, 5, 30)),
        Finished("stop", "end_turn"),
    ],
    "odd_but_readable": [
        STARTED,
        (TextDelta, None, "Alright"),
        UsageReported(Usage(12, 20, 0, 0)),
        Finished("stop", "paused_for_tea", "default"),
    ],
}
NOTED = {
    "web_search_with_citations": ["content"],
    "refusal": ["stop_details.category"],
    "llama_cpp_without_message_start": ["event.message_start", "event.content_block_start"],
    "odd_but_readable": [
        "event.telemetry",
        "delta.shimmer_delta",
        "event.content_block_stop",
        "content.hologram",
        "delta.hologram_delta",
        "stop_reason",
    ],
}


@pytest.mark.parametrize("name", COMPLETE)
def test_recorded_streams(name: str) -> None:
    events = events_of(payloads(name))
    assert folded(events) == EXPECTED[name]
    assert noted(events) == NOTED.get(name, [])


@pytest.mark.parametrize("name", COMPLETE)
def test_any_split_of_the_bytes_tells_the_same(name: str) -> None:
    expected = events_of(payloads(name))
    for size in (1, 2, 3, 7, 100_000):
        assert read(recorded(name), size) == expected, size


def as_whole(name: str) -> dict[str, Any]:
    """The message that the stream adds up to."""
    message: dict[str, Any] = {"content": []}
    inputs: dict[int, str] = {}
    for payload in copy.deepcopy(payloads(name)):
        match payload:
            case {"type": "message_start", "message": start}:
                message |= start
            case {"type": "content_block_start", "content_block": block}:
                message["content"].append(block)
            case {"type": "content_block_delta", "index": at, "delta": delta}:
                block = message["content"][at]
                match delta:
                    case {"text": text}:
                        block["text"] += text
                    case {"thinking": text}:
                        block["thinking"] += text
                    case {"signature": text}:
                        block["signature"] = text
                    case {"citation": citation}:
                        block.setdefault("citations", []).append(citation)
                    case {"partial_json": piece}:
                        inputs[at] = inputs.get(at, "") + piece
            case {"type": "message_delta", "delta": delta, "usage": usage}:
                message |= delta
                message["usage"] |= {key: value for key, value in usage.items() if value is not None}
    for at, text in inputs.items():
        message["content"][at]["input"] = json.loads(text or "{}")
    return message


@pytest.mark.parametrize("name", ["text", "parallel_tools_after_thinking", "web_search_with_citations", "refusal"])
def test_whole_and_streamed_answers_tell_the_same(name: str) -> None:
    body = as_whole(name)
    before = copy.deepcopy(body)
    machine = dialect.answer(Recall(MODEL))
    assert folded(machine.whole(body)) == EXPECTED[name]
    assert machine.done
    assert body == before
