"""What a client of the storm heard: its own complete answer, or an error that it can see. Anything else fails."""

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
class Heard:
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
    heard = (_STREAMS if plan.streamed else _WHOLES)[plan.client](text)
    if heard.error is not None:
        assert plan.streamed, "an error under status 200"
        assert heard.ends == 0, "an error and the end of an answer"
        _check_beginnings(plan, heard)
        return "error"
    assert heard.ends == 1, f"{heard.ends} ends"
    _check_whole(plan, heard)
    return "answer"


def _check_error(error: Mapping[str, Any]) -> None:
    assert set(error) == _ERROR_KEYS
    assert isinstance(error["message"], str)
    assert error["message"]
    assert "<html" not in error["message"]


# --- against what the provider said -----------------------------------------------------------------------


def _check_whole(plan: Plan, heard: Heard) -> None:
    assert sorted(heard.texts) == list(range(len(plan.parts))), "the choices"
    used: set[tuple[int, int]] = set()
    for choice, part in enumerate(plan.parts):
        text = heard.texts[choice]
        found = [variant for variant in _VARIANTS if plan.said(part, variant).text == text]
        assert found, f"choice {choice} is not what the provider said: {text[:300]!r} ... {text[-100:]!r}"
        used.add((part, found[0]))
        said = plan.said(part, found[0])
        assert heard.thoughts[choice] in ("", "".join(said.thought)), "the reasoning"
        calls = [json.loads(told) for _, told in sorted(heard.calls[choice].items())]
        assert calls == list(said.calls), "the arguments"
        if plan.client != "responses":
            assert heard.reasons[choice] == ("tool_calls" if said.calls else "stop")
    assert len(used) == len(plan.parts), "one answer twice"
    if heard.usage is not None:
        counted = heard.usage.get("prompt_tokens", heard.usage.get("input_tokens"))
        assert counted in {(100 + plan.number) * calls for calls in (1, len(plan.parts))}, "the usage"


def _check_beginnings(plan: Plan, heard: Heard) -> None:
    """What was said before an error is the beginning of an answer."""
    for choice, text in heard.texts.items():
        answers = [plan.said(plan.parts[choice], variant).text for variant in _VARIANTS]
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


def _chunks(text: str) -> Heard:
    """Of chat completions and of completions."""
    heard = Heard()
    for _, data in _events(text):
        assert not heard.ends, "more after [DONE]"
        assert heard.error is None, "more after the error"
        if data == "[DONE]":
            heard.ends += 1
            continue
        body = json.loads(data)
        if "error" in body:
            _check_error(body["error"])
            heard.error = body["error"]
            continue
        heard.usage = body.get("usage") or heard.usage
        for choice in body.get("choices", ()):
            _chunk(choice, heard)
    if heard.ends:
        assert set(heard.reasons) == set(heard.texts), "a choice without an end"
    return heard


def _chunk(choice: Mapping[str, Any], heard: Heard) -> None:
    index = choice["index"]
    delta = choice["delta"] if "delta" in choice else {"content": choice["text"]}
    said = {name for name, value in delta.items() if value and name != "role"}
    assert index not in heard.reasons or not said, "a choice goes on after its end"
    heard.texts[index] += delta.get("content") or ""
    heard.thoughts[index] += delta.get("reasoning_content") or ""
    for call in delta.get("tool_calls") or ():
        heard.calls[index][call["index"]] += call["function"].get("arguments") or ""
    if choice.get("finish_reason"):
        assert index not in heard.reasons, "two ends of a choice"
        heard.reasons[index] = choice["finish_reason"]


def _completion(text: str) -> Heard:
    body = json.loads(text)
    heard = Heard(usage=body.get("usage"), ends=1, error=body.get("error"))
    for choice in body.get("choices", ()):
        index, message = choice["index"], choice.get("message") or {"content": choice.get("text")}
        heard.texts[index] += message["content"] or ""
        heard.thoughts[index] += message.get("reasoning_content") or ""
        for place, call in enumerate(message.get("tool_calls") or ()):
            heard.calls[index][place] += call["function"]["arguments"]
        heard.reasons[index] = choice["finish_reason"]
    return heard


def _response_stream(text: str) -> Heard:
    """Deltas and the finished response must say the same."""
    heard, number, texts = Heard(), -1, ""
    arguments: dict[int, str] = defaultdict(str)
    for name, data in _events(text):
        assert not heard.ends, "more after the end"
        assert heard.error is None, "more after the error"
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
                heard = _response(event["response"])
                assert heard.texts[0] == texts, "the end says another text than the stream"
                assert [*heard.calls[0].values()] == [told for _, told in sorted(arguments.items())], "other arguments"
                heard.ends += 1
            case "response.failed":
                heard.error = event["response"]["error"]
                assert heard.error["message"]
            case "error":
                heard.error = event
                assert event["message"]
    if not heard.ends:
        heard.texts[0] = texts
    return heard


def _response(response: Mapping[str, Any]) -> Heard:
    assert response["status"] == "completed", response["status"]
    heard = Heard(usage=response.get("usage"), error=response.get("error"))
    heard.texts[0] = ""
    for item in response["output"]:
        match item["type"]:
            case "message":
                heard.texts[0] += "".join(part["text"] for part in item["content"])
            case "function_call":
                heard.calls[0][len(heard.calls[0])] = item["arguments"]
            case "reasoning":
                heard.thoughts[0] += "".join(part["text"] for part in item["summary"])
    return heard


def _whole_response(text: str) -> Heard:
    heard = _response(json.loads(text))
    heard.ends = 1
    return heard


_STREAMS: Mapping[Client, Callable[[str], Heard]] = {
    "chat": _chunks,
    "completions": _chunks,
    "responses": _response_stream,
}
_WHOLES: Mapping[Client, Callable[[str], Heard]] = {
    "chat": _completion,
    "completions": _completion,
    "responses": _whole_response,
}
