"""What is true of every passthrough, which hands on what a client and a provider of one dialect say to each other."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from samples import ENVELOPE, FIXTURES, chat_payloads
from samples import chat_fold as sdk_fold

from translators.dialects import Model, Passthrough, Recall
from translators.errors import BadRequest
from translators.events import Finished, PassedThrough
from translators.framing import sse
from translators.passthrough import chat, completions
from translators.pipe import Pipe
from translators.registry import CLIENTS, PASSTHROUGH

Payload = dict[str, Any]


def completions_fold(stream: bytes) -> Payload:
    """As a client joins `text`; there is no accumulator of the SDK's for it."""
    choices: dict[int, Payload] = {}
    head: Payload = {}
    for payload in chat_payloads(stream):
        head |= {name: value for name, value in payload.items() if name != "choices" and value is not None}
        for choice in payload["choices"]:
            whole = choices.setdefault(choice["index"], {"text": "", "tokens": []})
            whole["text"] += choice["text"]
            whole["tokens"] += (choice["logprobs"] or {}).get("tokens", [])
            whole["finish_reason"] = choice["finish_reason"]
    return {"model": head["model"], "id": head["id"], "usage": head.get("usage"), "choices": choices}


def completions_comparable(answer: Payload) -> Payload:
    choices = {
        choice["index"]: {
            "text": choice["text"],
            "tokens": (choice["logprobs"] or {}).get("tokens", []),
            "finish_reason": choice["finish_reason"],
        }
        for choice in answer["choices"]
    }
    return {"model": answer["model"], "id": answer["id"], "usage": answer.get("usage"), "choices": choices}


SAID = ("content", "refusal", "reasoning", "reasoning_content", "tool_calls", "annotations", "function_call")


def chat_comparable(answer: Payload) -> Payload:
    choice = answer["choices"][0]
    message = {name: choice["message"].get(name) for name in SAID}
    message = {name: value for name, value in message.items() if value is not None}
    for call in message.get("tool_calls", ()):
        assert set(call) == {"id", "type", "function"}
    usage = {name: (answer.get("usage") or {}).get(name) for name in ("prompt_tokens", "completion_tokens")}
    return {"model": answer["model"], "message": message, "finish_reason": choice["finish_reason"], "usage": usage}


@dataclass(frozen=True)
class Reading:
    """How a test reads back what a passthrough wrote; `body` is a request of the dialect."""

    passthrough: ModuleType
    body: Payload
    form: Any
    quiet: Any
    """The form of a client that asks for no usage."""
    fold: Callable[[bytes], Payload]
    comparable: Callable[[Payload], Payload]
    terminator: bytes


def _chat_fold(stream: bytes) -> Payload:
    return chat_comparable(sdk_fold(stream))


CHAT: Payload = {"model": "asked-for", "messages": [{"role": "user", "content": "hi", "mood": 1}], "stream": True}
TEXT: Payload = {"model": "asked-for", "prompt": ["hi"], "stream": True}
DONE = b"data: [DONE]\n\n"
READINGS = {
    "openai": Reading(chat, CHAT, chat.Form(True), chat.Form(), _chat_fold, chat_comparable, DONE),
    "openai-completions": Reading(
        completions, TEXT, chat.Form(True), chat.Form(), completions_fold, completions_comparable, DONE
    ),
}
OURS: dict[str, Passthrough] = {
    provider: passthrough for (_, provider), passthrough in PASSTHROUGH.items() if provider in READINGS
}
STREAMS = {
    f"{provider}/{path.name}": (provider, path.read_bytes())
    for provider in READINGS
    for path in sorted((FIXTURES / provider).glob("*.sse"))
}
COMPLETE = [name for name in STREAMS if "/failing_" not in name]
FAILING = [name for name in STREAMS if "/failing_" in name]
complete = pytest.mark.parametrize("name", COMPLETE)
each_passthrough = pytest.mark.parametrize("provider", READINGS)


def pipe(provider: str, *, streamed: bool, content_type: str = "text/event-stream", quiet: bool = False) -> Pipe:
    passthrough, reading = OURS[provider], READINGS[provider]
    form = reading.quiet if quiet else reading.form
    writer = (passthrough.streamed if streamed else passthrough.whole)(form, ENVELOPE)
    return Pipe(passthrough.answer(Recall()), writer, framing=passthrough.framing, content_type=content_type)


def pass_through(provider: str, data: bytes, *, size: int = 1 << 30, **how: Any) -> tuple[bytes, Pipe]:
    run = pipe(provider, **how)
    out = b"".join(run.feed(data[at : at + size]) for at in range(0, len(data), size))
    return out + run.close(), run


def test_every_passthrough_is_tried() -> None:
    """The passthrough of responses has tables of its own, in `test_passed_responses`."""
    assert {provider for _, provider in PASSTHROUGH} == {*READINGS, "openai-responses"}
    assert {STREAMS[name][0] for name in COMPLETE} == set(READINGS)
    assert {client for client, _ in PASSTHROUGH} & set(CLIENTS)


@complete
def test_any_split_of_the_bytes_gives_the_same(name: str) -> None:
    provider, data = STREAMS[name]
    expected = pass_through(provider, data, streamed=True)[0]
    for size in (1, 2, 3, 7, 64):
        assert pass_through(provider, data, streamed=True, size=size)[0] == expected, size


@complete
def test_any_line_end_gives_the_same(name: str) -> None:
    provider, data = STREAMS[name]
    expected = pass_through(provider, data, streamed=True)[0]
    for end in (b"\r\n", b"\r"):
        assert pass_through(provider, data.replace(b"\n", end), streamed=True, size=5)[0] == expected, end


@complete
def test_a_stream_ends_once(name: str) -> None:
    provider, data = STREAMS[name]
    out, pipe = pass_through(provider, data, streamed=True)
    assert pipe.done
    assert out.count(READINGS[provider].terminator) == 1
    assert out.endswith(READINGS[provider].terminator)


@complete
def test_whole_equals_the_folded_stream(name: str) -> None:
    provider, data = STREAMS[name]
    reading = READINGS[provider]
    streamed, one = pass_through(provider, data, streamed=True)
    whole, other = pass_through(provider, data, streamed=False)
    assert (one.failure, other.failure) == (None, None)
    assert reading.fold(streamed) == reading.comparable(json.loads(whole))
    assert (one.notes, one.usage) == (other.notes, other.usage)


@complete
def test_a_whole_answer_serves_both_forms(name: str) -> None:
    """What the provider answers whole is handed on whole, and unfolded for a client that wants a stream."""
    provider, data = STREAMS[name]
    reading = READINGS[provider]
    whole = pass_through(provider, data, streamed=False)[0]
    again, pipe = pass_through(provider, whole, streamed=False, content_type="application/json")
    streamed, other = pass_through(provider, whole, streamed=True, content_type="application/json", size=7)
    assert (pipe.failure, other.failure) == (None, None)
    assert json.loads(again) == json.loads(whole)
    assert reading.fold(streamed) == reading.comparable(json.loads(whole))
    assert streamed.endswith(reading.terminator)


@complete
def test_a_cut_anywhere_is_a_failure(name: str) -> None:
    """Or it took away nothing but usage and the terminator."""
    provider, data = STREAMS[name]
    reading = READINGS[provider]
    answer = {**reading.comparable(json.loads(pass_through(provider, data, streamed=False)[0])), "usage": None}
    for at in range(0, len(data), max(1, len(data) // 300)):
        out, pipe = pass_through(provider, data[:at], streamed=True)
        whole, other = pass_through(provider, data[:at], streamed=False)
        assert pipe.done == other.done == (pipe.failure is None), at
        if pipe.done:
            assert {**reading.comparable(json.loads(whole)), "usage": None} == answer, at
        else:
            assert reading.terminator not in out
            assert whole == b""


@complete
def test_usage_is_hidden_from_who_did_not_ask(name: str) -> None:
    provider, data = STREAMS[name]
    quiet, pipe = pass_through(provider, data, streamed=True, quiet=True)
    loud, _ = pass_through(provider, data, streamed=True)
    assert not any("usage" in payload for payload in chat_payloads(quiet))
    assert any(payload.get("usage") for payload in chat_payloads(loud)) == (pipe.usage is not None)
    assert pipe.done


@complete
def test_unknown_fields_pass(name: str) -> None:
    provider, data = STREAMS[name]
    surprise = {"a": [1, None, "ü", 1.5]}
    machine, writer = OURS[provider].answer(Recall()), OURS[provider].streamed(READINGS[provider].form, ENVELOPE)
    payloads = [json.loads(event.data) for event in sse.SseReader().feed(data) if event.data != sse.DONE]
    events: list[Any] = []
    for payload in payloads:
        payload["surprise"] = surprise
        for choice in payload.get("choices", ()):
            choice["surprise"] = surprise
            choice.get("delta", {})["surprise"] = surprise
        before = copy.deepcopy(payload)
        events += machine.on(payload)
        assert payload == before
    events += machine.close()
    passed_through = [json.loads(writer.on(each)[6:]) for each in events if isinstance(each, PassedThrough)]
    assert len(passed_through) >= len(payloads)  # choices that do not end together go on apart
    for written in passed_through:
        assert written["surprise"] == surprise
        assert written["model"] == ENVELOPE.model
        assert written["id"] == payloads[-1]["id"] or not written["choices"]
        for choice in written.get("choices", ()):
            assert choice["surprise"] == surprise
            assert choice.get("delta", choice)["surprise"] == surprise


@complete
def test_every_choice_finishes_once_and_last(name: str) -> None:
    provider, data = STREAMS[name]
    machine = OURS[provider].answer(Recall())
    events: list[Any] = []
    for event in sse.SseReader().feed(data):
        events += machine.on(sse.DONE if event.data == sse.DONE else json.loads(event.data))
    events += machine.close()
    finished = [event.choice for event in events if isinstance(event, Finished)]
    assert finished == sorted(set(finished))
    assert len(finished) >= 1
    assert all(isinstance(event, Finished) for event in events[-len(finished) :])


@pytest.mark.parametrize("name", FAILING)
def test_an_error_in_the_stream_is_an_error(name: str) -> None:
    provider, data = STREAMS[name]
    out, pipe = pass_through(provider, data, streamed=True)
    assert pipe.failure is not None
    assert not pipe.done
    assert READINGS[provider].terminator not in out
    error = json.loads(pipe.writer.fail(pipe.failure).removeprefix(b"data: "))
    assert set(error["error"]) == {"message", "type", "param", "code"}
    assert error["error"]["message"]


@each_passthrough
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b": comment\n\n", id="a comment"),
        pytest.param(b"data: not json\n\n", id="no JSON"),
        pytest.param(b"data: 5\n\n", id="a number"),
        pytest.param(b"data: {}\n\n", id="nothing in it"),
        pytest.param(b"data: [DONE]\n\n", id="only the end"),
        pytest.param(b'data: {"choices":[5]}\n\n', id="a choice that is none"),
        pytest.param(b'data: {"choices":[{"index":0,"delta":{"content":"x"},"text":"x"}]}\n\n', id="half"),
        pytest.param(b"<html>502 Bad Gateway</html>", id="HTML"),
        pytest.param(b'data: {"type": "error"}\n\n', id="an empty error"),
        pytest.param(b'data: {"error": "text"}\n\n', id="an error as text"),
    ],
)
def test_no_answer_is_a_failure(provider: str, streamed: bool, junk: bytes) -> None:
    out, pipe = pass_through(provider, junk, streamed=streamed)
    assert READINGS[provider].terminator not in out
    assert pipe.failure is not None
    assert pipe.failure.status >= 500


@each_passthrough
def test_a_body_goes_on_as_it_came(provider: str) -> None:
    body = {**READINGS[provider].body, "surprise": {"a": [1]}, "temperature": 0.3}
    before = copy.deepcopy(body)
    passed = OURS[provider].render(body, Model("theirs"))
    assert body == before
    assert passed.stream
    expected = {**body, "model": "theirs", "stream_options": {"include_usage": True}}
    assert passed.rendered.body == expected
    assert passed.rendered.notes == ()
    assert passed.form == READINGS[provider].quiet


@each_passthrough
@pytest.mark.parametrize("body", [None, 5, "text", [], {}, {"model": 5}, {"model": "", "prompt": "x"}])
def test_what_is_no_request_is_refused(provider: str, body: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        OURS[provider].render(body, Model("theirs"))
    assert caught.value.failure.status == 400
    assert caught.value.failure.type == "invalid_request_error"
