"""A chat client hands back words and calls alone: what its model signed is remembered for it, by the ids of calls."""

import json
from typing import Any

import pytest
from samples import CONTENT_TYPES, recorded

from addons.exchange.memory import LruMemory
from translators.clients import chat
from translators.dialects import Envelope, Memory, Model
from translators.pipe import Pipe
from translators.providers.gemini.signatures import SKIP
from translators.registry import PROVIDERS

HI = {"role": "user", "content": "hi"}
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("get_weather", "weather", "now")
]
ASK: dict[str, Any] = {"model": "m", "tools": TOOLS, "max_tokens": 9000}
CLAUDES = [
    pytest.param("anthropic", "parallel_tools_after_thinking.sse", "claude-opus-4-6", id="Anthropic"),
    pytest.param("vertex-anthropic", "parallel_tools_after_thinking.sse", "claude-opus-4-6@default", id="Vertex"),
    pytest.param(
        "bedrock",
        "reasoning_and_parallel_tools.eventstream",
        "global.anthropic.claude-opus-4-6-v1",
        id="Bedrock",
    ),
]
GEMINI = ("gemini", "parallel_tools_after_thinking.sse", "gemini-3.1-pro-preview")


def answered(provider: str, recording: str, model: str, memory: Memory) -> dict[str, Any]:
    """The message of an answer, as the client got it."""
    dialect = PROVIDERS[provider]
    request = chat.parse({**ASK, "messages": [HI]})
    recall = dialect.render(request.conversation, Model(model, memory=memory)).recall
    writer = chat.whole(request.form, Envelope("chatcmpl-1", 1, "m"))
    framing = dialect.framing
    pipe = Pipe(dialect.answer(recall), writer, framing=framing, content_type=CONTENT_TYPES[framing])
    sent = pipe.feed(recorded(provider, recording)) + pipe.close()
    message: dict[str, Any] = json.loads(sent)["choices"][0]["message"]
    return message


def plain(message: dict[str, Any]) -> dict[str, Any]:
    """What nearly every chat client keeps."""
    calls = [{key: call[key] for key in ("id", "type", "function")} for call in message["tool_calls"]]
    return {"role": "assistant", "content": message["content"], "tool_calls": calls}


def results(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    calls = [call for message in messages for call in message.get("tool_calls") or ()]
    return [{"role": "tool", "tool_call_id": call["id"], "content": "ok"} for call in calls]


def render_again(history: list[dict[str, Any]], provider: str, model: str, memory: Memory) -> Any:
    request = chat.parse({**ASK, "messages": [HI, *history]})
    return PROVIDERS[provider].render(request.conversation, Model(model, memory=memory))


def model_parts(body: dict[str, Any]) -> list[Any]:
    """What the model reads of itself."""
    turns = body.get("messages") or body["contents"]
    return [part for turn in turns if turn["role"] != "user" for part in turn.get("content") or turn["parts"]]


@pytest.mark.parametrize(("provider", "recording", "model"), CLAUDES)
def test_the_signed_blocks_come_back_as_if_they_had_been_handed_back(provider: str, recording: str, model: str) -> None:
    memory = LruMemory()
    message = answered(provider, recording, model, memory)
    whole = render_again([message, *results(message)], provider, model, LruMemory())
    again = render_again([plain(message), *results(message)], provider, model, memory)
    forgotten = render_again([plain(message), *results(message)], provider, model, LruMemory())
    assert again.body == whole.body
    assert len(model_parts(forgotten.body)) < len(model_parts(again.body))
    assert [note for note in again.notes if note.lost] == []


def _thinks_aloud(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**plain(message), "reasoning_content": message["reasoning_content"]}]


def _in_two(message: dict[str, Any]) -> list[dict[str, Any]]:
    bare = plain(message)
    return [{"role": "assistant", "content": bare["content"]}, {**bare, "content": None}]


@pytest.mark.parametrize(("provider", "recording", "model"), CLAUDES)
@pytest.mark.parametrize("stored", [_thinks_aloud, _in_two])
def test_however_the_client_keeps_the_calls(provider: str, recording: str, model: str, stored: Any) -> None:
    memory = LruMemory()
    message = answered(provider, recording, model, memory)
    whole = render_again([message, *results(message)], provider, model, LruMemory())
    again = render_again([*stored(message), *results(message)], provider, model, memory)
    assert model_parts(again.body) == model_parts(whole.body)
    assert [note.path for note in again.notes if note.fate == "dropped"] == []


def _without_the_last(message: dict[str, Any]) -> dict[str, Any]:
    return {**plain(message), "tool_calls": plain(message)["tool_calls"][:-1]}


def _with_one_more(message: dict[str, Any]) -> dict[str, Any]:
    calls = plain(message)["tool_calls"]
    return {**plain(message), "tool_calls": [*calls, {**calls[0], "id": "another"}]}


@pytest.mark.parametrize(("provider", "recording", "model"), CLAUDES)
@pytest.mark.parametrize("changed", [_without_the_last, _with_one_more])
def test_other_calls_get_none_of_it(provider: str, recording: str, model: str, changed: Any) -> None:
    memory = LruMemory()
    history = changed(answered(provider, recording, model, memory))
    with_memory = render_again([history, *results(history)], provider, model, memory)
    assert with_memory == render_again([history, *results(history)], provider, model, LruMemory())


@pytest.mark.parametrize(("provider", "recording", "model"), CLAUDES)
def test_another_model_gets_none_of_it(provider: str, recording: str, model: str) -> None:
    memory = LruMemory()
    message = answered(provider, recording, model, memory)
    other = model.replace("opus-4-6", "opus-4-8")
    with_memory = render_again([plain(message), *results(message)], provider, other, memory)
    assert with_memory.body == render_again([plain(message), *results(message)], provider, other, LruMemory()).body


def _without_issuer(message: dict[str, Any]) -> dict[str, Any]:
    blocks = [{key: block[key] for key in block if key != "issuer"} for block in message["thinking_blocks"]]
    return {**plain(message), "thinking_blocks": blocks}


@pytest.mark.parametrize(("provider", "recording", "model"), CLAUDES)
def test_blocks_whose_issuer_was_lost_go_to_their_own_model_only(provider: str, recording: str, model: str) -> None:
    memory = LruMemory()
    message = answered(provider, recording, model, memory)
    history = [_without_issuer(message), *results(message)]
    own = render_again(history, provider, model, memory)
    assert own.body == render_again([message, *results(message)], provider, model, LruMemory()).body
    other = render_again(history, provider, model.replace("opus-4-6", "opus-4-8"), memory)
    assert message["thinking_blocks"][0]["signature"] not in json.dumps(other.body)
    assert ("messages[1].thinking_blocks[0]", "dropped") in [(note.path, note.fate) for note in other.notes]


def test_a_calls_signature_whose_issuer_was_lost_goes_to_its_own_model_only() -> None:
    memory = LruMemory()
    message = answered(*GEMINI, memory)
    bare = plain(message)
    signature = message["tool_calls"][0]["extra_content"]["google"]["thought_signature"]
    bare["tool_calls"][0]["extra_content"] = {"google": {"thought_signature": signature}}
    history = [bare, *results(bare)]
    own = render_again(history, "gemini", "gemini-3.1-pro-preview", memory)
    assert signature in json.dumps(own.body)
    other = render_again(history, "gemini", "gemini-3-flash-preview", memory)
    assert signature not in json.dumps(other.body)
    assert SKIP in json.dumps(other.body)
    assert ("messages[1].tool_calls[0]", "dropped") in [(note.path, note.fate) for note in other.notes]
