"""An agent that keeps everything itself: what a provider signed goes back to it as it came, in its place.

The agent takes items from `response.output_item.done`, as Codex does, or from the whole answer, and sends them back
with the results of its calls.
"""

import json
from typing import Any

import pytest
from samples import CONTENT_TYPES, recorded

from translators.clients import responses
from translators.dialects import Envelope, Model
from translators.pipe import Pipe
from translators.registry import PROVIDERS

ASK: dict[str, Any] = {
    "model": "m",
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "tools": [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in ("weather", "now")],
}
HI = {"role": "user", "content": "hi"}


def answered(provider: str, recording: str, model: str, *, streams: bool, summary: str | None = None) -> list[Any]:
    """The items of an answer."""
    dialect = PROVIDERS[provider]
    request = responses.parse({**ASK, "input": [HI], "stream": streams, "reasoning": {"summary": summary}})
    recall = dialect.render(request.conversation, Model(model)).recall
    writer = (responses.streamed if streams else responses.whole)(request.form, Envelope("resp_1", 1, "m"))
    answer, framing = dialect.answer(recall), dialect.framing
    pipe = Pipe(answer, writer, framing=framing, content_type=CONTENT_TYPES[framing])
    sent = pipe.feed(recorded(provider, recording)) + pipe.close()
    assert pipe.failure is None
    if not streams:
        items: list[Any] = json.loads(sent)["output"]
        return items
    events = [json.loads(event.split("data: ", 1)[1]) for event in sent.decode().split("\n\n") if event]
    return [each["item"] for each in events if each["type"] == "response.output_item.done"]


def as_codex(item: Any) -> Any:
    """It writes items down in types of its own, and says null of reasoning that it has no text of."""
    fields = {name: value for name, value in item.items() if name not in ("status", "logprobs")}
    return {**fields, "content": None} if item["type"] == "reasoning" else fields


def as_it_came(item: Any) -> Any:
    return item


CALLED = {"type": "tool_use", "id": "toolu_01A", "name": "get_weather", "input": {"city": "Berlin"}}
CLAUDE: list[Any] = [
    {"type": "thinking", "thinking": "Two cities, two calls.", "signature": "EqQBCgIYAg=="},
    {"type": "text", "text": "Let me look."},
    CALLED,
    {"type": "tool_use", "id": "toolu_01B", "name": "now", "input": {}},
]
LOOPS = [
    pytest.param("anthropic", "parallel_tools_after_thinking.sse", "claude-opus-4-6", CLAUDE, id="Claude"),
    pytest.param(
        "anthropic",
        "web_search_with_citations.sse",
        "claude-opus-4-6",
        [
            {"type": "text", "text": "Ich suche… "},
            {
                "type": "server_tool_use",
                "id": "srvtoolu_01",
                "name": "web_search",
                "input": {"query": "größte Stadt"},
            },
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
            {"type": "text", "text": "Größte: Tokio 🗼. Ende"},
        ],
        id="Claude's own search",
    ),
    pytest.param(
        "bedrock",
        "reasoning_and_parallel_tools.eventstream",
        "global.anthropic.claude-opus-4-6-v1",
        [
            {"reasoningContent": {"reasoningText": {"text": "Two cities, two calls.", "signature": "EqRkSignature=="}}},
            {"text": "I will look."},
            {"toolUse": {"toolUseId": "tooluse_a1", "name": "get_weather", "input": {"city": "Paris"}}},
            {"toolUse": {"toolUseId": "tooluse_b2", "name": "get_weather", "input": {"city": "Rom"}}},
            {"toolUse": {"toolUseId": "tooluse_c3", "name": "now", "input": {}}},
        ],
        id="Bedrock",
    ),
    pytest.param(
        "gemini",
        "parallel_tools_after_thinking.sse",
        "gemini-3.1-pro-preview",
        [
            {"text": "I will look both up."},
            {
                "functionCall": {"id": "fc_a1", "name": "weather", "args": {"city": "Zürich", "days": 3}},
                "thoughtSignature": "c2lnbmF0dXJlIG9mIHRoZSBzdGVwLCBxdWl0ZSBsb25n",
            },
            {
                "functionCall": {
                    "id": "fc_a2",
                    "name": "weather",
                    "args": {"city": "Oslo", "nested": {"a": [1, 2.5, None]}},
                }
            },
            {"functionCall": {"id": "call_a68132b4b8021d9547e82b4e", "name": "now", "args": {}}},
        ],
        id="Gemini",
    ),
    pytest.param(
        "gemini",
        "signed_text.sse",
        "gemini-3.1-pro-preview",
        [{"text": "Forty-two."}, {"text": "", "thoughtSignature": "c2lnbmF0dXJlIG9mIHRoZSB0ZXh0"}],
        id="Gemini's signed text",
    ),
    pytest.param(
        "openai-responses",
        "reasoning_and_parallel_calls.sse",
        "gpt-5.6",
        [
            {
                "type": "reasoning",
                "id": "rs_01",
                "summary": [
                    {"type": "summary_text", "text": "**Checking the weather**"},
                    {"type": "summary_text", "text": "Two cities, two calls."},
                ],
                "encrypted_content": "gAAAAABo" + "Zx9_-" * 12,
            },
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "I will look both up."}],
            },
            {
                "type": "function_call",
                "call_id": "call_aaa",
                "name": "get_weather",
                "arguments": '{"city":"Paris"}',
            },
            {"type": "function_call", "call_id": "call_bbb", "name": "get_weather", "arguments": '{"city":"Oslo"}'},
            {"type": "function_call", "call_id": "call_ccc", "name": "now", "arguments": "{}"},
        ],
        id="Responses",
    ),
    pytest.param(
        "openai",
        "openrouter_reasoning_and_tools.sse",
        "m",
        [
            {
                "role": "assistant",
                "content": "Looking.",
                "reasoning_content": "Need tools.",
                "reasoning_details": [
                    {
                        "type": "reasoning.text",
                        "format": "anthropic-claude-v1",
                        "index": 0,
                        "text": "Need tools.",
                        "signature": "c2ln",
                    }
                ],
                "tool_calls": [
                    {"id": id, "type": "function", "function": {"name": "look", "arguments": f'{{"place": "{place}"}}'}}
                    for id, place in (("toolu_1", "Rome"), ("toolu_2", "Oslo"))
                ],
            }
        ],
        id="OpenRouter",
    ),
    pytest.param(
        "openai",
        "deepseek_reasoning.sse",
        "m",
        [{"role": "assistant", "content": "Hi there", "reasoning_content": "The user greets."}],
        id="DeepSeek, which signs nothing",
    ),
    pytest.param(
        "ollama",
        "thinking_and_parallel_tools.ndjson",
        "gpt-oss:20b",
        [
            {
                "role": "assistant",
                "content": "I look.",
                "thinking": "Two cities, two calls.",
                "tool_calls": [
                    {
                        "id": "call_f78ac9f53fd404a9bcbe2625",
                        "function": {
                            "name": "weather",
                            "arguments": {"city": "Rome", "days": 3, "near": {"km": 1.5}},
                        },
                    },
                    {
                        "id": "call_5a8a111d4d6dead3dd3f3d0a",
                        "function": {"name": "weather", "arguments": {"city": "Oslo"}},
                    },
                    {"id": "call_a1b2c3d4", "function": {"name": "now", "arguments": {}}},
                ],
            }
        ],
        id="Ollama, which signs nothing",
    ),
]


def model_turns(body: dict[str, Any]) -> list[Any]:
    """What the model reads of itself."""
    turns = body.get("messages") or body.get("contents") or body["input"]
    own = [turn for turn in turns if turn.get("role") in ("assistant", "model") or turn.get("call_id")]
    if "input" in body:
        return [item for item in turns[1:] if not item["type"].endswith("_output") and item.get("role") != "user"]
    [turn] = own
    parts: list[Any] = turn.get("parts") or turn["content"]
    return parts if isinstance(parts, list) else [turn]


@pytest.mark.parametrize(("provider", "recording", "model", "expected"), LOOPS)
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("summary", ["auto", None], ids=["seen", "unseen"])
@pytest.mark.parametrize("handed", [as_it_came, as_codex])
def test_what_was_signed_comes_back(
    provider: str, recording: str, model: str, expected: list[Any], streams: bool, summary: str | None, handed: Any
) -> None:
    items = answered(provider, recording, model, streams=streams, summary=summary)
    called = [item["call_id"] for item in items if item["type"] == "function_call"]
    results = [{"type": "function_call_output", "call_id": id, "output": "ok"} for id in called]
    history = [HI, *(handed(item) for item in items), *(results or [HI])]
    second = responses.parse({**ASK, "input": history})
    assert model_turns(PROVIDERS[provider].render(second.conversation, Model(model)).body) == expected


@pytest.mark.parametrize(("provider", "recording", "model", "_"), LOOPS)
def test_nothing_signed_goes_to_another_provider(provider: str, recording: str, model: str, _: list[Any]) -> None:
    """A client may change the model in the middle of a conversation."""
    items = answered(provider, recording, model, streams=True)
    called = [item["call_id"] for item in items if item["type"] == "function_call"]
    results = [{"type": "function_call_output", "call_id": id, "output": "ok"} for id in called]
    request = responses.parse({**ASK, "input": [HI, *items, *(results or [HI])]})
    other = "gemini" if provider != "gemini" else "anthropic"
    sent = json.dumps(PROVIDERS[other].render(request.conversation, Model("claude-opus-4-6")).body)
    signed = ("EqQBCgIYAg==", "EqRkSignature==", "c2lnbmF0", "gAAAAABo", "c2ln", "srvtoolu")
    assert [signature for signature in signed if signature in sent] == []
