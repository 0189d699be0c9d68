"""What a provider that speaks OpenAI's own formats says to a call of the storm."""

from itertools import chain
from typing import Any

from tests.e2e.storm.answers import (
    _SSE_JUNK,
    _SSE_POISON,
    TOOL,
    Choice,
    Dialect,
    Stream,
    arguments,
    halves,
    sse,
    written,
)

DONE = b"data: [DONE]\n\n"
_ERROR = {"error": {"message": "The server had an error", "type": "server_error", "param": None, "code": None}}


def _usage(usage: int) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": usage, "completion_tokens": 7, "total_tokens": usage + 7}}


def _body(kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"id": "cmpl-storm", "object": kind, "created": 1, "model": "gpt-storm", "choices": choices, **more}


def _interleaved(choices: list[Choice]) -> list[tuple[int, str]]:
    rows = zip(*(choice.pieces for choice in choices), strict=True)
    return list(chain.from_iterable(enumerate(row) for row in rows))


# --- chat completions -------------------------------------------------------------------------------------


def _calls(choice: Choice) -> list[dict[str, Any]]:
    return [
        {"id": f"call_{place}", "type": "function", "function": {"name": TOOL, "arguments": arguments(call)}}
        for place, call in enumerate(choice.calls)
    ]


def _call_deltas(choice: Choice) -> list[dict[str, Any]]:
    deltas = []
    for place, call in enumerate(_calls(choice)):
        first, second = halves(call["function"]["arguments"])
        deltas.append({"index": place, **call, "function": {"name": TOOL, "arguments": first}})
        deltas.append({"index": place, "function": {"arguments": second}})
    return [{"tool_calls": [delta]} for delta in deltas]


def _reason(choice: Choice) -> str:
    return "tool_calls" if choice.calls else "stop"


def chat_stream(choices: list[Choice], usage: int) -> Stream:
    deltas: list[tuple[int, dict[str, Any]]] = []
    for index, choice in enumerate(choices):
        deltas.append((index, {"role": "assistant", "content": ""}))
        deltas += [(index, {"reasoning_content": piece}) for piece in choice.thought]
    deltas += [(index, {"content": piece}) for index, piece in _interleaved(choices)]
    for index, choice in enumerate(choices):
        deltas += [(index, delta) for delta in _call_deltas(choice)]
    chunks = [[{"index": index, "delta": delta, "finish_reason": None}] for index, delta in deltas]
    chunks += [
        [{"index": index, "delta": {}, "finish_reason": _reason(choice)}] for index, choice in enumerate(choices)
    ]
    events = [sse(_body("chat.completion.chunk", each)) for each in chunks]
    return Stream([*events, sse(_body("chat.completion.chunk", [], **_usage(usage))), DONE], len(events) - 1)


def chat_whole(choices: list[Choice], usage: int) -> bytes:
    whole = []
    for index, choice in enumerate(choices):
        message: dict[str, Any] = {"role": "assistant", "content": "".join(choice.pieces), "refusal": None}
        if choice.thought:
            message["reasoning_content"] = "".join(choice.thought)
        if choice.calls:
            message["tool_calls"] = _calls(choice)
        whole.append({"index": index, "message": message, "logprobs": None, "finish_reason": _reason(choice)})
    return written(_body("chat.completion", whole, **_usage(usage)))


_AZURE = {"choices": [], "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]}
CHAT = Dialect(
    "text/event-stream",
    chat_stream,
    chat_whole,
    (*_SSE_JUNK, sse(_body("chat.completion.chunk", [])), sse(_AZURE)),
    _SSE_POISON,
    (sse(_ERROR), sse(_ERROR, "error")),
    (written(_ERROR),),
)


# --- completions ------------------------------------------------------------------------------------------


def completions_stream(choices: list[Choice], usage: int) -> Stream:
    chunks = [[{"index": index, "text": piece, "finish_reason": None}] for index, piece in _interleaved(choices)]
    chunks += [[{"index": index, "text": "", "finish_reason": "stop"}] for index in range(len(choices))]
    events = [sse(_body("text_completion", each)) for each in chunks]
    return Stream([*events, sse(_body("text_completion", [], **_usage(usage))), DONE], len(events) - 1)


def completions_whole(choices: list[Choice], usage: int) -> bytes:
    whole = [
        {"index": index, "text": "".join(choice.pieces), "logprobs": None, "finish_reason": "stop"}
        for index, choice in enumerate(choices)
    ]
    return written(_body("text_completion", whole, **_usage(usage)))


COMPLETIONS = Dialect(
    "text/event-stream",
    completions_stream,
    completions_whole,
    (*_SSE_JUNK, sse(_body("text_completion", []))),
    _SSE_POISON,
    (sse(_ERROR),),
    (written(_ERROR),),
)


# --- Responses --------------------------------------------------------------------------------------------


def _items(choice: Choice) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if choice.thought:
        summary = [{"type": "summary_text", "text": "".join(choice.thought)}]
        items.append({"id": "rs_1", "type": "reasoning", "summary": summary})
    part = {"type": "output_text", "text": "".join(choice.pieces), "annotations": [], "logprobs": []}
    items.append({"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]})
    for place, call in enumerate(choice.calls):
        fields = {"call_id": f"call_{place}", "name": TOOL, "arguments": arguments(call), "status": "completed"}
        items.append({"id": f"fc_{place}", "type": "function_call", **fields})
    return items


def _response(output: list[dict[str, Any]], status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_storm",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": "gpt-storm",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        **more,
    }


def _completed(choice: Choice, usage: int) -> dict[str, Any]:
    counts = {"input_tokens": usage, "output_tokens": 7, "total_tokens": usage + 7}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return _response(_items(choice), "completed", usage={**counts, **details})


def _item_events(choice: Choice, item: dict[str, Any], at: dict[str, Any]) -> list[dict[str, Any]]:
    """Between an item's `added` and `done`."""
    match item["type"]:
        case "reasoning":
            at, text = {**at, "summary_index": 0}, item["summary"][0]["text"]
            part, empty, of, pieces = item["summary"][0], {"text": ""}, "reasoning_summary", list(choice.thought)
        case "message":
            at, text = {**at, "content_index": 0}, item["content"][0]["text"]
            part, empty, of, pieces = item["content"][0], {"text": ""}, "content", list(choice.pieces)
        case _:
            pieces = list(halves(item["arguments"]))
            kind = "response.function_call_arguments"
            deltas = [{"type": f"{kind}.delta", **at, "delta": piece} for piece in pieces]
            return [*deltas, {"type": f"{kind}.done", **at, "arguments": item["arguments"]}]
    kind = "response.output_text" if of == "content" else "response.reasoning_summary_text"
    return [
        {"type": f"response.{of}_part.added", **at, "part": {**part, **empty}},
        *({"type": f"{kind}.delta", **at, "delta": piece} for piece in pieces),
        {"type": f"{kind}.done", **at, "text": text},
        {"type": f"response.{of}_part.done", **at, "part": part},
    ]


_EMPTY: dict[str, dict[str, Any]] = {
    "reasoning": {"summary": []},
    "message": {"status": "in_progress", "content": []},
    "function_call": {"status": "in_progress", "arguments": ""},
}


def responses_stream(choices: list[Choice], usage: int) -> Stream:
    choice = choices[0]
    stream = [
        {"type": f"response.{stage}", "response": _response([], "in_progress")} for stage in ("created", "in_progress")
    ]
    for index, item in enumerate(_items(choice)):
        place = {"output_index": index}
        stream.append({"type": "response.output_item.added", **place, "item": {**item, **_EMPTY[item["type"]]}})
        stream += _item_events(choice, item, {"item_id": item["id"], **place})
        stream.append({"type": "response.output_item.done", **place, "item": item})
    stream.append({"type": "response.completed", "response": _completed(choice, usage)})
    events = [sse({**event, "sequence_number": number}, event["type"]) for number, event in enumerate(stream)]
    return Stream(events, len(events) - 1)


_FAILURE = {"code": "server_error", "message": "The server had an error"}
_FAILED = {"type": "response.failed", "response": _response([], "failed", error=_FAILURE)}
_RESPONSES_ERROR = {"type": "error", **_FAILURE, "param": None}
RESPONSES = Dialect(
    "text/event-stream",
    responses_stream,
    lambda choices, usage: written(_completed(choices[0], usage)),
    (*_SSE_JUNK, sse({"type": "response.strange.delta", "delta": "strange"}, "response.strange.delta")),
    _SSE_POISON,
    (sse(_FAILED, "response.failed"), sse(_RESPONSES_ERROR, "error")),
    (written(_ERROR), written(_FAILED["response"])),
)
