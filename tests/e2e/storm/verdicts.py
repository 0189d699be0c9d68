"""What a client of the storm received: its own complete answer, or an error that it can see. Anything else fails."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.e2e.storm.plans import Client, Plan

Verdict = Literal["answer", "error"]
_ERROR_KEYS = {"message", "type", "param", "code"}
_NAME = re.compile(r"s\d+n\d{4}p")
_VARIANTS = range(4)


@dataclass
class Received:
    """One answer, put together as its client would: texts, arguments and reasons by choice. `ends` are its
    terminators, `error` what it failed with."""

    texts: dict[int, str] = field(default_factory=lambda: defaultdict(str))
    thoughts: dict[int, str] = field(default_factory=lambda: defaultdict(str))
    calls: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(str)))
    reasons: dict[int, str] = field(default_factory=dict)
    usage: Mapping[str, Any] | None = None
    ends: int = 0
    error: Mapping[str, Any] | None = None


def verdict(plan: Plan, status: int, content_type: str, body: bytes) -> Verdict:
    """Raises `AssertionError` for whatever is neither."""
    text = body.decode()
    assert set(_NAME.findall(text)) <= {plan.name}, "the answer of another call"
    if status != 200:
        assert status >= 400
        assert status != 401, "a key of the gateway's was refused, not the client's"
        assert content_type == "application/json"
        _check_error(json.loads(text)["error"])
        return "error"
    assert content_type.partition(";")[0] == ("text/event-stream" if plan.streamed else "application/json")
    received = (_STREAMS if plan.streamed else _WHOLES)[plan.client](text)
    if received.error is not None:
        assert plan.streamed, "an error under status 200"
        assert received.ends == 0, "an error and the end of an answer"
        _check_beginnings(plan, received)
        return "error"
    assert received.ends == 1, f"{received.ends} ends"
    _check_whole(plan, received)
    return "answer"


def _check_error(error: Mapping[str, Any]) -> None:
    assert set(error) == _ERROR_KEYS
    assert isinstance(error["message"], str)
    assert error["message"]
    assert "<html" not in error["message"]


# --- against what the provider sent -----------------------------------------------------------------------


def _check_whole(plan: Plan, received: Received) -> None:
    assert sorted(received.texts) == list(range(len(plan.parts))), "the choices"
    used: set[tuple[int, int]] = set()
    for choice, part in enumerate(plan.parts):
        text = received.texts[choice]
        variants = [variant for variant in _VARIANTS if plan.choice(part, variant).text == text]
        assert variants, f"choice {choice} is not what the provider said: {text[:300]!r} ... {text[-100:]!r}"
        used.add((part, variants[0]))
        expected = plan.choice(part, variants[0])
        assert received.thoughts[choice] in ("", "".join(expected.thought)), "the reasoning"
        calls = [json.loads(arguments) for _, arguments in sorted(received.calls[choice].items())]
        assert calls == list(expected.calls), "the arguments"
        if plan.client != "responses":
            assert received.reasons[choice] == ("tool_calls" if expected.calls else "stop")
    assert len(used) == len(plan.parts), "one answer twice"
    if received.usage is not None:
        counted = received.usage.get("prompt_tokens", received.usage.get("input_tokens"))
        assert counted in {(100 + plan.number) * calls for calls in (1, len(plan.parts))}, "the usage"


def _check_beginnings(plan: Plan, received: Received) -> None:
    """Check that a text before an error is the beginning of an answer."""
    for choice, text in received.texts.items():
        answers = [plan.choice(plan.parts[choice], variant).text for variant in _VARIANTS]
        assert any(answer.startswith(text) for answer in answers), f"choice {choice} before the error: {text[-300:]!r}"


# --- reading ----------------------------------------------------------------------------------------------


def _events(text: str) -> Iterator[tuple[str, str]]:
    """Names and data. Whatever is no event, no comment, or cut off fails."""
    assert text.endswith("\n\n"), "half an event"
    for block in text[:-2].split("\n\n"):
        name, data = "", []
        for line in block.split("\n"):
            key, _, value = line.partition(": ")
            assert key in ("event", "data") or line.startswith(":"), f"no line of an event: {line[:200]!r}"
            if key == "event":
                name = value
            elif key == "data":
                data.append(value)
        if data:
            yield name, "\n".join(data)


def _chunks(text: str) -> Received:
    """Of chat completions and of completions."""
    received = Received()
    for _, data in _events(text):
        assert not received.ends, "more after [DONE]"
        assert received.error is None, "more after the error"
        if data == "[DONE]":
            received.ends += 1
            continue
        body = json.loads(data)
        if "error" in body:
            _check_error(body["error"])
            received.error = body["error"]
            continue
        received.usage = body.get("usage") or received.usage
        for choice in body.get("choices", ()):
            _chunk(choice, received)
    if received.ends:
        assert set(received.reasons) == set(received.texts), "a choice without an end"
    return received


def _chunk(choice: Mapping[str, Any], received: Received) -> None:
    index = choice["index"]
    delta = choice["delta"] if "delta" in choice else {"content": choice["text"]}
    content = {name for name, value in delta.items() if value and name != "role"}
    assert index not in received.reasons or not content, "a choice goes on after its end"
    received.texts[index] += delta.get("content") or ""
    received.thoughts[index] += delta.get("reasoning_content") or ""
    for call in delta.get("tool_calls") or ():
        received.calls[index][call["index"]] += call["function"].get("arguments") or ""
    if choice.get("finish_reason"):
        assert index not in received.reasons, "two ends of a choice"
        received.reasons[index] = choice["finish_reason"]


def _completion(text: str) -> Received:
    body = json.loads(text)
    received = Received(usage=body.get("usage"), ends=1, error=body.get("error"))
    for choice in body.get("choices", ()):
        index, message = choice["index"], choice.get("message") or {"content": choice.get("text")}
        received.texts[index] += message["content"] or ""
        received.thoughts[index] += message.get("reasoning_content") or ""
        for place, call in enumerate(message.get("tool_calls") or ()):
            received.calls[index][place] += call["function"]["arguments"]
        received.reasons[index] = choice["finish_reason"]
    return received


def _response_stream(text: str) -> Received:
    """Deltas and the finished response must say the same."""
    received, number, texts = Received(), -1, ""
    arguments: dict[int, str] = defaultdict(str)
    for name, data in _events(text):
        assert not received.ends, "more after the end"
        assert received.error is None, "more after the error"
        event = json.loads(data)
        kind = event["type"]
        assert kind == name
        if "sequence_number" in event:
            assert event["sequence_number"] > number, "the events are out of order"
            number = event["sequence_number"]
        match kind:
            case "response.output_text.delta":
                texts += event["delta"]
            case "response.function_call_arguments.delta":
                arguments[event["output_index"]] += event["delta"]
            case "response.completed" | "response.incomplete":
                received = _response(event["response"])
                assert received.texts[0] == texts, "the end says another text than the stream"
                assert [*received.calls[0].values()] == [value for _, value in sorted(arguments.items())], (
                    "other arguments"
                )
                received.ends += 1
            case "response.failed":
                received.error = event["response"]["error"]
                assert received.error["message"]
            case "error":
                received.error = event
                assert event["message"]
    if not received.ends:
        received.texts[0] = texts
    return received


def _response(response: Mapping[str, Any]) -> Received:
    assert response["status"] == "completed", response["status"]
    received = Received(usage=response.get("usage"), error=response.get("error"))
    received.texts[0] = ""
    for item in response["output"]:
        match item["type"]:
            case "message":
                received.texts[0] += "".join(part["text"] for part in item["content"])
            case "function_call":
                received.calls[0][len(received.calls[0])] = item["arguments"]
            case "reasoning":
                received.thoughts[0] += "".join(part["text"] for part in item["summary"])
    return received


def _whole_response(text: str) -> Received:
    received = _response(json.loads(text))
    received.ends = 1
    return received


_STREAMS: Mapping[Client, Callable[[str], Received]] = {
    "chat": _chunks,
    "completions": _chunks,
    "responses": _response_stream,
}
_WHOLES: Mapping[Client, Callable[[str], Received]] = {
    "chat": _completion,
    "completions": _completion,
    "responses": _whole_response,
}
