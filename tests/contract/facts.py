"""What an answer says, read twice: from a provider's recording, by its references and none of the gateway's code; and
from what a client got, by the openai SDK's own types and accumulators."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import ANY

from openai import omit
from openai._models import construct_type
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
Payload = dict[str, Any]
Usage = tuple[int, int] | None
"""Tokens in and out."""


@dataclass
class Choice:
    text: str = ""
    refusal: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    """Names, and arguments as values; as text where they are none, or not JSON."""
    finish: str = ""


Facts = tuple[list[Choice], Usage]


# --- from a provider ---------------------------------------------------------------------------------

_FINISHES = {
    "stop": "stop stop_sequence end_turn eos completed",
    "length": "length max_tokens max_output_tokens model_context_window_exceeded",
    "tool_calls": "tool_calls tool_use function_call",
    "content_filter": "content_filter content_filtered guardrail_intervened refusal safety prohibited_content",
}
FINISHES = {native: reason for reason, words in _FINISHES.items() for native in words.split()}


def recorded(name: str) -> list[Payload]:
    """The payloads of the recording at `tests/fixtures/NAME`. Those of Amazon's binary frames stand beside them."""
    path = FIXTURES / name
    path = path.with_suffix(".jsonl") if path.suffix == ".eventstream" else path
    lines = [line.removeprefix("data:").strip() for line in path.read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


def said(provider: str, payloads: Iterable[Payload]) -> Facts:
    choices, usage = READERS[provider](payloads)
    for choice in choices:
        choice.finish = FINISHES.get(choice.finish.lower(), "stop")
        if choice.calls and choice.finish == "stop":
            choice.finish = "tool_calls"
        if choice.finish == "content_filter" and not (choice.text or choice.refusal):
            choice.refusal = ANY  # in words of the gateway's, for there are no others
    return choices, usage


def _of_anthropic(events: Iterable[Payload]) -> Facts:
    choice = Choice()
    counts: dict[str, int] = {}
    inputs: dict[int, list[str]] = {}
    for event in events:
        told = event.get("usage") or event.get("message", {}).get("usage") or {}
        counts |= {name: count for name, count in told.items() if count is not None}
        match event:
            case {"content_block": {"type": "text", "text": text}} | {"delta": {"type": "text_delta", "text": text}}:
                choice.text += text
            case {"index": index, "content_block": {"type": "tool_use", "name": name}}:
                inputs[index] = [name, ""]
            case {"index": index, "delta": {"type": "input_json_delta", "partial_json": text}} if index in inputs:
                inputs[index][1] += text
            case {"type": "message_delta", "delta": {"stop_reason": reason} as delta}:
                choice.finish = reason
                choice.refusal = (delta.get("stop_details") or {}).get("explanation", "")
    choice.calls = [(name, _value(text or "{}")) for name, text in inputs.values()]
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return [choice], (sum(counts.get(name, 0) for name in names), counts["output_tokens"])


def _of_bedrock(events: Iterable[Payload]) -> Facts:
    choice, usage, inputs = Choice(), None, {}
    for event in events:
        match event:
            case {"contentBlockStart": {"start": {"toolUse": {"type": "server_tool_use"}}}}:
                pass
            case {"contentBlockStart": {"contentBlockIndex": index, "start": {"toolUse": {"name": name}}}}:
                inputs[index] = [name, ""]
            case {"contentBlockDelta": {"delta": {"text": text}}}:
                choice.text += text
            case {"contentBlockDelta": {"contentBlockIndex": index, "delta": {"toolUse": {"input": text}}}}:
                if index in inputs:
                    inputs[index][1] += text
            case {"messageStop": {"stopReason": reason}}:
                choice.finish = reason
            case {"metadata": {"usage": counts}}:
                names = ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
                usage = sum(counts.get(name, 0) for name in names), counts["outputTokens"]
    choice.calls = [(name, _value(text or "{}")) for name, text in inputs.values()]
    return [choice], usage


def _of_gemini(answers: Iterable[Payload]) -> Facts:
    choice = Choice()
    counts: Payload = {}
    for answer in answers:
        counts = answer.get("usageMetadata") or counts
        choice.finish = answer.get("promptFeedback", {}).get("blockReason", choice.finish)
        for candidate in answer.get("candidates", ()):
            choice.finish = candidate.get("finishReason", choice.finish)
            choice.refusal += candidate.get("finishMessage", "")
            for part in candidate.get("content", {}).get("parts", ()):
                if "functionCall" in part:
                    choice.calls.append((part["functionCall"]["name"], part["functionCall"].get("args", {})))
                elif not part.get("thought"):
                    choice.text += part.get("text", "")
    written = counts.get("candidatesTokenCount", 0) + counts.get("thoughtsTokenCount", 0)
    return [choice], (counts["promptTokenCount"] + counts.get("toolUsePromptTokenCount", 0), written)


def _of_ollama(lines: Iterable[Payload]) -> Facts:
    choice, usage = Choice(), None
    for line in lines:
        message = line["message"]
        choice.text += message.get("content") or ""
        for call in message.get("tool_calls", ()):
            if call["function"]["name"]:
                choice.calls.append((call["function"]["name"], _value(call["function"]["arguments"]) or {}))
        choice.finish = line.get("done_reason", choice.finish)
        if line["done"]:
            usage = line.get("prompt_eval_count", 0), line.get("eval_count", 0)
    return [choice], usage


def _of_chat(chunks: Iterable[Payload]) -> Facts:
    choices: dict[int, Choice] = {}
    calls: dict[tuple[int, Any], list[str]] = {}
    usage: Usage = None
    for chunk in chunks:
        usage = _usage(chunk.get("usage") or chunk.get("x_groq", {}).get("usage")) or usage
        for piece in chunk.get("choices", ()):
            usage = _usage(piece.get("usage")) or usage
            choice = choices.setdefault(piece["index"], Choice())
            delta = piece["delta"]
            choice.text += delta.get("content") if isinstance(delta.get("content"), str) else ""
            choice.refusal += delta.get("refusal") or ""
            choice.finish = piece.get("finish_reason") or choice.finish
            asked = delta.get("tool_calls") or (
                [{"function": delta["function_call"]}] if "function_call" in delta else []
            )
            for call in asked:
                known = calls.setdefault((piece["index"], call.get("index", call.get("id"))), ["", ""])
                known[0] = call["function"].get("name") or known[0]
                known[1] += call["function"].get("arguments") or ""
    for (index, _), (name, arguments) in calls.items():
        choices[index].calls.append((name, _value(arguments or "{}")))
    return [choices[index] for index in sorted(choices)], usage


def _of_completions(chunks: Iterable[Payload]) -> Facts:
    choices: dict[int, Choice] = {}
    usage: Usage = None
    for chunk in chunks:
        usage = _usage(chunk.get("usage")) or usage
        for piece in chunk["choices"]:
            choice = choices.setdefault(piece["index"], Choice())
            choice.text += piece["text"]
            choice.finish = piece.get("finish_reason") or choice.finish
    return [choices[index] for index in sorted(choices)], usage


def _of_responses(events: Iterable[Payload]) -> Facts:
    [last] = [event["response"] for event in events if event["type"] in ("response.completed", "response.incomplete")]
    items = last["output"] or [event["item"] for event in events if event["type"] == "response.output_item.done"]
    choice = Choice()
    for item in items:
        match item:
            case {"type": "message", "content": parts}:
                choice.text += "".join(part.get("text", "") for part in parts)
                choice.refusal += "".join(part.get("refusal", "") for part in parts)
            case {"type": "function_call", "name": name, "arguments": arguments}:
                choice.calls.append((name, _value(arguments or "{}")))
            case {"type": "custom_tool_call", "name": name, "input": text}:
                choice.calls.append((name, text))
    choice.finish = (last["incomplete_details"] or {}).get("reason", last["status"])
    return [choice], _usage(last["usage"])


def _usage(counts: Payload | None) -> Usage:
    if counts is None:
        return None
    given, made = ("prompt", "completion") if "prompt_tokens" in counts else ("input", "output")
    return counts[f"{given}_tokens"], counts[f"{made}_tokens"]


def _value(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


READERS = {
    "anthropic": _of_anthropic,
    "bedrock": _of_bedrock,
    "gemini": _of_gemini,
    "ollama": _of_ollama,
    "openai": _of_chat,
    "openai-completions": _of_completions,
    "openai-responses": _of_responses,
}


# --- from what a client got --------------------------------------------------------------------------

_EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)


def heard(client: str, data: bytes, *, streamed: bool, ours: bool = True) -> list[Facts]:
    """What the SDK's types and accumulators make of a client's bytes; of a stream of Responses, what its end says and,
    where it is ours, what its deltas come to.

    Raises `ValueError` for what is not of these types, unless it is not `ours` but came from a provider, and
    AssertionError for another role than the assistant's.
    """
    typed = _checked if ours else _constructed
    if client == "completions":  # whose type does not know that a choice goes on
        return [_from_completions([_constructed(Completion, each) for each in _bodies(data, streamed)])]
    if client == "responses":
        if not streamed:
            return [_from_response(typed(Response, json.loads(data)))]
        grown, final = _grown([typed(ResponseStreamEvent, each) for each in _bodies(data, streamed)])
        return [_from_response(final), *([_from_response(grown, kept=final)] if ours else [])]
    if not streamed:
        return [_from_chat(typed(ChatCompletion, json.loads(data)))]
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    for each in _bodies(data, streamed):
        state.handle_chunk(typed(ChatCompletionChunk, each))
    return [_from_chat(state.current_completion_snapshot)]


def _checked(kind: Any, value: Any) -> Any:
    return (
        TypeAdapter(kind).validate_python(value) if kind is not ResponseStreamEvent else _EVENT.validate_python(value)
    )


def _constructed(kind: Any, value: Any) -> Any:
    """As the SDK does it, which believes all that it is told."""
    return construct_type(type_=kind, value=value)


def _bodies(data: bytes, streamed: bool) -> list[Any]:
    lines = [line[6:] for line in data.split(b"\n") if line.startswith(b"data: {")] if streamed else [data]
    return [json.loads(line) for line in lines]


def _grown(events: list[Any]) -> tuple[Any, Any]:
    """What the accumulator made of the deltas, and the response that ends the stream."""
    state: ResponseStreamState[None] = ResponseStreamState(input_tools=(), text_format=omit)
    for event in events:
        state.handle_event(event)
    return vars(state)["_ResponseStreamState__current_snapshot"], events[-1].response


def _from_chat(completion: Any) -> Facts:
    choices = []
    for each in completion.choices:
        assert each.message.role == "assistant"
        calls = [_call(call) for call in each.message.tool_calls or ()]
        choices.append(Choice(each.message.content or "", each.message.refusal or "", calls, each.finish_reason))
    usage = completion.usage
    return choices, usage and (usage.prompt_tokens, usage.completion_tokens)


def _call(call: Any) -> tuple[str, Any]:
    if call.type == "custom":
        custom = call.custom if isinstance(call.custom, dict) else vars(call.custom)
        return custom["name"], custom["input"]
    return call.function.name, _value(call.function.arguments)


def _from_completions(chunks: list[Completion]) -> Facts:
    choices: dict[int, Choice] = {}
    for chunk in chunks:
        for piece in chunk.choices:
            choice = choices.setdefault(piece.index, Choice())
            choice.text += piece.text
            choice.finish = piece.finish_reason or choice.finish
    usage = chunks[-1].usage
    return [choices[index] for index in sorted(choices)], None if usage is None else (
        usage.prompt_tokens,
        usage.completion_tokens,
    )


def _from_response(response: Any, kept: Any = None) -> Facts:
    """`kept` has what the accumulator does not: refusals, the input of custom tools, and how it ended."""
    end = kept or response
    choice = Choice()
    for item, whole in zip(response.output, end.output, strict=True):
        if item.type == "message":
            assert item.role == "assistant"
            choice.text += "".join(part.text for part in item.content if part.type == "output_text")
            choice.refusal += "".join(part.refusal for part in whole.content if part.type == "refusal")
        elif item.type == "function_call":
            choice.calls.append((item.name, _value(item.arguments)))
        elif item.type == "custom_tool_call":
            choice.calls.append((item.name, whole.input))
    cut = {"max_output_tokens": "length", "content_filter": "content_filter"}
    whole_end = "tool_calls" if choice.calls else "stop"
    choice.finish = whole_end if end.status == "completed" else cut[end.incomplete_details.reason]
    return [choice], end.usage and (end.usage.input_tokens, end.usage.output_tokens)
