"""The form of an answer is read from its bytes themselves, whatever their content type says."""

import itertools
import json
from typing import Any

import pytest

from translators.clients import chat, completions, responses
from translators.dialects import Envelope, Framing, Recall
from translators.pipe import MOST_ITEMS, Pipe
from translators.registry import PROVIDERS


def sse(*payloads: Any) -> bytes:
    return b"".join([b"data: %b\n\n" % json.dumps(payload).encode() for payload in payloads])


def lines(*payloads: Any) -> bytes:
    return b"".join([json.dumps(payload).encode() + b"\n" for payload in payloads])


def gemini(text: str, end: str | None = None) -> dict[str, Any]:
    candidate = {"content": {"parts": [{"text": text}]}, **({"finishReason": end} if end else {})}
    return {"candidates": [candidate]}


def openai(delta: dict[str, Any], end: str | None = None) -> dict[str, Any]:
    return {"id": "a", "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}


def ollama(text: str, done: bool = False) -> dict[str, Any]:
    return {"model": "m", "message": {"content": text}, "done": done, **({"done_reason": "stop"} if done else {})}


CHAT = {"id": "a", "choices": [{"index": 0, "message": {"content": "hi!"}, "finish_reason": "stop"}]}
CHUNKS = (openai({"content": "hi"}), openai({"content": "!"}, "stop"))
CONVERSE = {"output": {"message": {"content": [{"text": "hi!"}]}}, "stopReason": "end_turn"}
CLAUDE = {"type": "message", "content": [{"type": "text", "text": "hi!"}], "stop_reason": "end_turn"}
RESPONSE = {
    "status": "completed",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "hi!"}]}],
}
ANSWERS = {
    "openai, stream": ("openai", sse(*CHUNKS) + b"data: [DONE]\n\n"),
    "openai, stream that begins with a comment": ("openai", b": hello\n\n" + sse(*CHUNKS) + b"data: [DONE]\n\n"),
    "openai, stream without its last blank line": ("openai", sse(*CHUNKS) + b"data: [DONE]"),
    "openai, whole": ("openai", json.dumps(CHAT).encode()),
    "openai, whole and indented": ("openai", b"\xef\xbb\xbf\r\n " + json.dumps(CHAT, indent=2).encode()),
    "gemini, stream": ("gemini", sse(gemini("hi"), gemini("!", "STOP"))),
    "gemini, stream without its last blank line": ("gemini", sse(gemini("hi"), gemini("!", "STOP"))[:-2]),
    "gemini, stream as a list": ("gemini", json.dumps([gemini("hi"), gemini("!", "STOP")], indent=2).encode()),
    "gemini, whole": ("gemini", json.dumps(gemini("hi!", "STOP")).encode()),
    "anthropic, whole": ("anthropic", json.dumps(CLAUDE).encode()),
    "openai-responses, whole": ("openai-responses", json.dumps(RESPONSE).encode()),
    "bedrock, whole": ("bedrock", json.dumps(CONVERSE).encode()),
    "ollama, stream": ("ollama", lines(ollama("hi"), ollama("!", True))),
    "ollama, stream without its last line end": ("ollama", lines(ollama("hi"), ollama("!", True))[:-1]),
    "ollama, stream as server-sent events": ("ollama", sse(ollama("hi"), ollama("!", True))),
    "ollama, whole": ("ollama", json.dumps(ollama("hi!", True)).encode()),
    "ollama, whole and indented": ("ollama", json.dumps(ollama("hi!", True), indent=1).encode()),
}
TYPES = ["text/event-stream", "application/json", "Application/JSON; charset=utf-8", "text/plain",
         "application/x-ndjson", ""]  # fmt: skip
SIZES = [1, 2, 10_000]


def piped(provider: str, data: bytes, called: str, size: int) -> tuple[bytes, Pipe]:
    framing: Framing = PROVIDERS[provider].framing
    writer = chat.whole(chat.Form(), Envelope("a", 1, "m"))
    pipe = Pipe(PROVIDERS[provider].answer(Recall("m")), writer, framing=framing, content_type=called)
    return b"".join([pipe.feed(data[at : at + size]) for at in range(0, len(data), size)]) + pipe.close(), pipe


@pytest.mark.parametrize(("provider", "data"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_read_as_what_it_is(provider: str, data: bytes) -> None:
    for called, size in itertools.product(TYPES, SIZES):
        out, pipe = piped(provider, data, called, size)
        assert pipe.failure is None, (called, size)
        assert json.loads(out)["choices"][0]["message"]["content"] == "hi!", (called, size)


@pytest.mark.parametrize("count", [-1, 10**12 + 1, 10**400], ids=["negative", "too many", "beyond every float"])
@pytest.mark.parametrize("field", ["prompt_tokens", "completion_tokens"])
def test_a_count_that_no_answer_can_have_is_none(field: str, count: int) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, field: count}
    out, pipe = piped("openai", sse(openai({"content": "hi!"}, "stop"), {**openai({}), "usage": usage}), "", 10_000)
    assert (pipe.failure, pipe.usage) == (None, None)
    assert json.loads(out)["choices"][0]["message"]["content"] == "hi!"


@pytest.mark.parametrize(("provider", "data"), ANSWERS.values(), ids=ANSWERS)
def test_half_an_answer_is_none_whatever_it_is_called(provider: str, data: bytes) -> None:
    for called, size in itertools.product(TYPES, SIZES):
        out, pipe = piped(provider, data[: len(data) // 2], called, size)
        assert (out, pipe.done) == (b"", False), (called, size)
        assert pipe.failure is not None, (called, size)


def test_a_stream_that_calls_itself_json_is_handed_on_as_it_comes() -> None:
    writer = chat.streamed(chat.Form(), Envelope("a", 1, "m"))
    pipe = Pipe(PROVIDERS["openai"].answer(Recall("m")), writer, content_type="application/json")
    assert b'"content":"hi"' in pipe.feed(sse(CHUNKS[0]))


TEXTS = [{"type": "text", "text": "hi! " * 3}] * (MOST_ITEMS + 1)
CALLS = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}] * MOST_ITEMS
MANY = {
    "anthropic": {**CLAUDE, "content": TEXTS},
    "bedrock": {**CONVERSE, "output": {"message": {"content": TEXTS}}},
    "gemini": {"candidates": [{"content": {"parts": TEXTS}, "finishReason": "STOP"}]},
    "openai": {"choices": [{"message": {"tool_calls": CALLS}, "finish_reason": "tool_calls"}]},
    "openai-responses": {**RESPONSE, "output": RESPONSE["output"] * (MOST_ITEMS // 2 + 1)},
    "ollama": {"message": {"tool_calls": CALLS * 2}, "done": True},
}


@pytest.mark.parametrize("provider", MANY)
def test_more_items_than_anybody_says_are_no_answer(provider: str) -> None:
    _, pipe = piped(provider, json.dumps(MANY[provider]).encode(), "application/json", 1 << 30)
    assert pipe.failure is not None
    assert "10000 are read" in pipe.failure.message


def test_logprobs_are_no_items() -> None:
    token = {"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": []}
    choice = {**CHAT["choices"][0], "logprobs": {"content": [token] * (MOST_ITEMS + 1)}}
    _, pipe = piped("openai", json.dumps({**CHAT, "choices": [choice]}).encode(), "application/json", 1 << 30)
    assert pipe.failure is None


SAID = {"content": "hi"}
DREW = {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}
CALLED = {"tool_calls": CALLS[:1] * 2}
OMITTED = [
    pytest.param(completions, SAID, [], id="completions, a text"),
    pytest.param(completions, CALLED, [("tool_calls", "dropped", True)], id="completions, calls"),
    pytest.param(
        completions, {**SAID, **CALLED}, [("tool_calls", "dropped", True)], id="completions, calls and a text"
    ),
    pytest.param(completions, DREW, [("images", "dropped", True)], id="completions, a picture"),
    pytest.param(chat, {**CALLED, **DREW}, [], id="chat"),
    pytest.param(responses, {**CALLED, **DREW}, [], id="responses"),
]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("client", "message", "noted"), OMITTED)
def test_what_the_client_cannot_be_told_is_noted(
    client: Any, message: dict[str, Any], noted: list[Any], streamed: bool
) -> None:
    calls = {
        "tool_calls": [{**call, "id": f"c{place}", "index": place} for place, call in enumerate(CALLED["tool_calls"])]
    }
    fields = {**message, **(calls if "tool_calls" in message else {})}
    end = "tool_calls" if "tool_calls" in message else "stop"
    whole = {"choices": [{"index": 0, "message": fields, "finish_reason": end}]}
    data = sse(openai(fields, end)) + b"data: [DONE]\n\n" if streamed else json.dumps(whole).encode()
    writer = client.whole(client.Form(), Envelope("a", 1, "m"))
    pipe = Pipe(PROVIDERS["openai"].answer(Recall("m")), writer, omitted=client.omitted)
    assert pipe.feed(data) + pipe.close()
    assert [(note.path, note.fate, note.lost) for note in pipe.notes] == noted
