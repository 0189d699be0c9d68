"""A choice that nobody asked for is left out, or goes on as it came; nothing is made ready for one of a huge number."""

import json
import re
from typing import Any

import pytest
from routes import read
from samples import ENVELOPE, READINGS

from translators.dialects import Model, Recall, Upstream, Writer
from translators.pipe import Pipe
from translators.registry import CLIENTS, PASSTHROUGH, PROVIDERS

TEXT = {"text": "x", "logprobs": None, "finish_reason": "stop"}
GEMINI = {"content": {"role": "model", "parts": [{"text": "x"}]}, "finishReason": "STOP"}
SAID: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "openai": (
        "choices",
        {"message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"},
        {"delta": {"role": "assistant", "content": "x"}, "finish_reason": "stop"},
    ),
    "openai-completions": ("choices", TEXT, TEXT),
    "gemini": ("candidates", GEMINI, GEMINI),
}
"""By dialect that counts choices: their list's name, and a choice of a whole answer and of a stream."""
BODY = {"model": "m", "prompt": "x", "messages": [{"role": "user", "content": "x"}]}


def translated(provider: str, client: str, streamed: bool) -> tuple[Upstream, Writer]:
    dialect = CLIENTS[client]
    return PROVIDERS[provider], (dialect.streamed if streamed else dialect.whole)(READINGS[client].form, ENVELOPE)


def passed_through(provider: str, client: str, streamed: bool) -> tuple[Upstream, Writer]:
    passthrough = PASSTHROUGH[client, provider]
    form = passthrough.render(BODY, Model("m")).form
    return passthrough, (passthrough.streamed if streamed else passthrough.whole)(form, ENVELOPE)


HUGE = ((1, 128), (1, 1_000_000_000), (1, 10**30), (None, 1_000_000_000))
"""Choices that were requested (None: the answer is read without its request), and an index that nobody can request."""
HANDLINGS = [
    *(
        pytest.param(translated, provider, client, id=f"{provider} -> {client}")
        for provider in SAID
        if provider in PROVIDERS
        for client in CLIENTS
    ),
    *(
        pytest.param(passed_through, provider, client, id=f"{provider} passed through to {client}")
        for client, provider in PASSTHROUGH
        if provider in SAID
    ),
]


@pytest.mark.parametrize(("handling", "provider", "client"), HANDLINGS)
@pytest.mark.parametrize("streamed", [True, False], ids=["stream wanted", "whole wanted"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_huge_number_is_refused(handling: Any, provider: str, client: str, streamed: bool, stream: bool) -> None:
    name, whole, piece = SAID[provider]
    content_type = "text/event-stream" if stream else "application/json"
    for choices, index in HUGE:
        upstream, writer = handling(provider, client, streamed)
        body = json.dumps({"id": "a", name: [{"index": index, **(piece if stream else whole)}]}).encode()
        pipe = Pipe(upstream.answer(Recall("m", choices=choices)), writer, content_type=content_type)
        out = pipe.feed(b"data: %b\n\n" % body if stream else body) + pipe.close()
        assert pipe.failure is not None, index
        assert (pipe.failure.status, pipe.failure.code) == (502, "bad_provider_answer"), index
        assert (pipe.done, len(out) < 1000) == (False, True), index


@pytest.mark.parametrize(("handling", "provider", "client"), HANDLINGS)
@pytest.mark.parametrize("streamed", [True, False], ids=["stream wanted", "whole wanted"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_one_too_many(handling: Any, provider: str, client: str, streamed: bool, stream: bool) -> None:
    name, whole, piece = SAID[provider]
    content_type = "text/event-stream" if stream else "application/json"
    for choices, indices in ((1, [0, 1]), (1, [0, 100]), (2, [0, 1, 2]), (2, [1, 0, 127])):
        upstream, writer = handling(provider, client, streamed)
        body = json.dumps({"id": "a", name: [{"index": index, **(piece if stream else whole)} for index in indices]})
        pipe = Pipe(upstream.answer(Recall("m", choices=choices)), writer, content_type=content_type)
        out = pipe.feed(b"data: %b\n\n" % body.encode() if stream else body.encode()) + pipe.close()
        assert (pipe.failure, pipe.done) == (None, True), indices
        if handling is translated:
            assert name in [note.path for note in pipe.notes if note.fate == "dropped"], indices
        if client != "responses":
            indexes = {int(index) for index in re.findall(rb'"index":\s*(\d+)', out)}
            assert indexes == {*indices[: choices if handling is translated else None]}, indices


def test_prompts_may_be_more_than_choices_can_be() -> None:
    choices = [{"index": index, **TEXT} for index in range(300)]
    upstream, writer = passed_through("openai-completions", "completions", False)
    pipe = Pipe(upstream.answer(Recall("m", choices=300)), writer, content_type="application/json")
    out = pipe.feed(json.dumps({"id": "a", "choices": choices}).encode()) + pipe.close()
    assert (pipe.failure, len(json.loads(out)["choices"])) == (None, 300)


@pytest.mark.parametrize(("handling", "provider", "client"), HANDLINGS)
@pytest.mark.parametrize("count", [2, None], ids=["two", "nobody knows how many"])
def test_what_was_asked_for_is_told(handling: Any, provider: str, client: str, count: int | None) -> None:
    upstream, writer = handling(provider, client, True)
    name, _, piece = SAID[provider]
    body = json.dumps({"id": "a", name: [{"index": index, **piece} for index in (1, 0)]}).encode()
    pipe = Pipe(upstream.answer(Recall("m", choices=count)), writer, content_type="text/event-stream")
    pipe.feed(b"data: %b\n\n" % body)
    pipe.close()
    assert (pipe.failure, pipe.done) == (None, True)


@pytest.mark.parametrize(("handling", "provider", "client"), HANDLINGS)
@pytest.mark.parametrize("streamed", [True, False], ids=["stream wanted", "whole wanted"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_the_only_one_may_have_any_number(
    handling: Any, provider: str, client: str, streamed: bool, stream: bool
) -> None:
    upstream, writer = handling(provider, client, streamed)
    name, whole, piece = SAID[provider]
    body = json.dumps({"id": "a", name: [{"index": 1, **(piece if stream else whole)}]}).encode()
    content_type = "text/event-stream" if stream else "application/json"
    pipe = Pipe(upstream.answer(Recall("m", choices=1)), writer, content_type=content_type)
    out = pipe.feed(b"data: %b\n\n" % body if stream else body) + pipe.close()
    assert (pipe.failure, pipe.done) == (None, True)
    [answer], _ = read(client, out, streamed=streamed)
    assert answer.text == "x"
    assert client == "responses" or {*re.findall(rb'"index":\s*(\d+)', out)} == {b"0"}


@pytest.mark.parametrize(
    ("handling", "provider", "client"), [handling for handling in HANDLINGS if handling.values[0] is translated]
)
@pytest.mark.parametrize("streamed", [True, False], ids=["stream wanted", "whole wanted"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_one_that_did_not_come_before_another(
    handling: Any, provider: str, client: str, streamed: bool, stream: bool
) -> None:
    upstream, writer = handling(provider, client, streamed)
    name, whole, piece = SAID[provider]
    body = json.dumps({"id": "a", name: [{"index": 1, **(piece if stream else whole)}]}).encode()
    content_type = "text/event-stream" if stream else "application/json"
    pipe = Pipe(upstream.answer(Recall("m", choices=2)), writer, content_type=content_type)
    done = b"data: [DONE]\n\n" if provider == "openai" else b""
    pipe.feed(b"data: %b\n\n%b" % (body, done) if stream else body)
    pipe.close()
    assert pipe.failure is not None
    assert (pipe.failure.status, pipe.failure.code, pipe.done) == (502, "incomplete_answer", False)
