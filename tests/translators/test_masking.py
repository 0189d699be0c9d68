"""A provider says a key back: it is taken out of everything but what the model says."""

import itertools
import json
from typing import Any

import pytest
from pydantic_core import to_json

from translators.dialects import Envelope, Recall
from translators.masking import Mask
from translators.passthrough import chat, completions, responses
from translators.pipe import Pipe
from translators.registry import CLIENTS, PROVIDERS

KEY, SLASHED = "canary-of-a-key", 'canary/of"another\\key'
MASK = Mask((KEY, SLASHED))
ENVELOPE = Envelope("a", 1, "m")
USAGE = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
CHOICE = {"index": 0, "finish_reason": "stop"}
ERROR = {"message": KEY, "type": KEY, "code": KEY, "param": KEY, "metadata": {"raw": [KEY], "text": KEY}}
RESPONSE = {"id": KEY, "object": "response", "model": KEY, "status": "completed", "usage": USAGE, "error": None,
            "output": [{"type": "message", "id": KEY, "role": "assistant", "status": "completed",
                        "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}]}  # fmt: skip
ENVELOPED = {"id": KEY, "model": KEY, "system_fingerprint": KEY, "service_tier": KEY, "provider": {"name": KEY}, KEY: 1}
FORMS = tuple(itertools.product((True, False), repeat=2))
"""Whole or streamed, from a provider and to a client."""
ROUTES = {
    "chat passed through": (chat, chat.Form(True), chat),
    "completions passed through": (completions, completions.Form(True), completions),
    "responses passed through": (responses, None, responses),
    **{
        f"{name} to {client}": (PROVIDERS[name], CLIENTS[client].parse(body).form, CLIENTS[client])
        for name in ("openai", "openai-responses", "anthropic", "gemini", "ollama")
        for client, body in (("chat", {"model": "m", "messages": [{"role": "user", "content": "x"}]}),
                             ("responses", {"model": "m", "input": "x"}))
    },
}  # fmt: skip


def answers(route: str, content: str = "Hi") -> tuple[Any, list[Any]]:
    """A whole answer and a stream, with the key in every place but the content."""
    if "responses passed" in route or route.startswith("openai-responses"):
        return RESPONSE, [{"type": "response.created", "sequence_number": 0, "response": {**RESPONSE, "output": []}},
                          {"type": "response.completed", "sequence_number": 1, "response": RESPONSE}]  # fmt: skip
    if route.startswith("anthropic"):
        message = {"id": KEY, "type": "message", "role": "assistant", "model": KEY, "stop_reason": "end_turn",
                   "content": [{"type": "text", "text": content}], "usage": USAGE, KEY: KEY}  # fmt: skip
        return message, [
            {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": content}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USAGE, KEY: KEY},
            {"type": "message_stop"},
        ]
    if route.startswith("gemini"):
        candidate = {"content": {"role": "model", "parts": [{"text": content}]}, "finishReason": "STOP", KEY: KEY}
        body = {"candidates": [candidate], "responseId": KEY, "modelVersion": KEY, KEY: KEY}
        return body, [body]
    if route.startswith("ollama"):
        body = {"model": KEY, "message": {"role": "assistant", "content": content}, "done": True, "done_reason": KEY}
        return body, [body]
    holder = {"text": content} if "completions" in route else {"message": {"role": "assistant", "content": content}}
    delta = holder if "completions" in route else {"delta": {"content": content, KEY: KEY}}
    return {**ENVELOPED, "choices": [{**CHOICE, **holder, KEY: KEY}]}, [{**ENVELOPED, "choices": [{**CHOICE, **delta}]}]


def run(route: str, payloads: list[Any], *, whole: bool, streamed: bool) -> tuple[bytes, Pipe]:
    machine, form, client = ROUTES[route]
    lines = {"sse": b"data: %b\n\n", "ndjson": b"%b\n"}[machine.framing]
    kind = {"sse": "text/event-stream", "ndjson": "application/x-ndjson"}[machine.framing]
    data = b"".join(lines % json.dumps(payload).encode() for payload in payloads)
    writer = (client.streamed if streamed else client.whole)(form, ENVELOPE)
    made = Pipe(machine.answer(Recall("m")), writer, framing=machine.framing, mask=MASK,
                content_type="application/json" if whole else kind)  # fmt: skip
    out = made.feed(json.dumps(payloads[0]).encode() if whole else data) + made.close()
    return out + (writer.fail(made.failure) if made.failure else b""), made


@pytest.mark.parametrize("route", ROUTES)
def test_an_answer_that_tells_a_key(route: str) -> None:
    body, stream = answers(route)
    for form in FORMS:
        whole, streamed = form
        out, made = run(route, [body] if whole else stream, whole=whole, streamed=streamed)
        assert made.failure is None, form
        assert KEY not in out.decode() + repr((made.notes, made.started, made.finished)), form
        assert "Hi" in out.decode(), form


@pytest.mark.parametrize("route", ROUTES)
def test_an_error_that_tells_a_key(route: str) -> None:
    for form in FORMS:
        whole, streamed = form
        out, made = run(route, [error_of(route, whole=whole)], whole=whole, streamed=streamed)
        assert made.failure is not None, form
        assert KEY not in out.decode() + repr(made.failure), form


def error_of(route: str, *, whole: bool) -> dict[str, Any]:
    if "responses" in route.partition(" to ")[0]:
        response = {"error": ERROR, "output": [], "status": "failed"}
        return response if whole else {"type": "response.failed", "sequence_number": 1, "response": response}
    error = {"error": ERROR, KEY: ERROR}
    return {"type": "error", **error} if route.startswith("anthropic") else error


def test_what_the_model_says_stays() -> None:
    for route in ROUTES:
        if "responses passed" not in route and not route.startswith("openai-responses"):
            body, _ = answers(route, KEY)
            assert KEY in run(route, [body], whole=True, streamed=False)[0].decode()


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(json.dumps({"id": SLASHED}), id="escaped"),
        pytest.param(to_json({"id": SLASHED}).decode(), id="escaped otherwise"),
        pytest.param(json.dumps({"id": SLASHED}).replace("/", "\\/"), id="slashes, too"),
        pytest.param(json.dumps({"id": KEY}).replace("canary", "\\u0063anary"), id="a letter"),
    ],
)
def test_a_key_as_json_writes_it(written: str) -> None:
    assert MASK.finds(written.encode())
    assert MASK.value(json.loads(written)) == {"id": "[redacted]"}


def test_a_body_without_secrets_is_the_same_object() -> None:
    clean = json.dumps({"id": "c-1"}).encode()
    assert not MASK.finds(clean)
    assert MASK.body(clean) is clean


def test_of_two_secrets_the_longer_one_goes() -> None:
    assert Mask(("abc", "abcdef")).text("-abcdef-") == "-[redacted]-"
    known = Mask(("abc",))
    assert known.knowing(("abc",)) is known
    assert known.knowing(("def",)).text("abc def") == "[redacted] [redacted]"
