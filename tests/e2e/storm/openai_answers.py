"""What a provider that speaks OpenAI's own formats says to a call of the storm."""

from itertools import chain
from typing import Any

from tests.e2e.storm.answers import (
    _SSE_JUNK,
    _SSE_POISON,
    TOOL,
    Dialect,
    Said,
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


def _interleaved(choices: list[Said]) -> list[tuple[int, str]]:
    rows = zip(*(said.pieces for said in choices), strict=True)
    return list(chain.from_iterable(enumerate(row) for row in rows))


# --- chat completions -------------------------------------------------------------------------------------


def _calls(said: Said) -> list[dict[str, Any]]:
    return [
        {"id": f"call_{place}", "type": "function", "function": {"name": TOOL, "arguments": arguments(call)}}
        for place, call in enumerate(said.calls)
    ]


def _call_deltas(said: Said) -> list[dict[str, Any]]:
    told = []
    for place, call in enumerate(_calls(said)):
        first, second = halves(call["function"]["arguments"])
        told.append({"index": place, **call, "function": {"name": TOOL, "arguments": first}})
        told.append({"index": place, "function": {"arguments": second}})
    return [{"tool_calls": [delta]} for delta in told]


def _reason(said: Said) -> str:
    return "tool_calls" if said.calls else "stop"


def chat_stream(choices: list[Said], usage: int) -> Stream:
    deltas: list[tuple[int, dict[str, Any]]] = []
    for index, said in enumerate(choices):
        deltas.append((index, {"role": "assistant", "content": ""}))
        deltas += [(index, {"reasoning_content": piece}) for piece in said.thought]
    deltas += [(index, {"content": piece}) for index, piece in _interleaved(choices)]
    for index, said in enumerate(choices):
        deltas += [(index, delta) for delta in _call_deltas(said)]
    told = [[{"index": index, "delta": delta, "finish_reason": None}] for index, delta in deltas]
    told += [[{"index": index, "delta": {}, "finish_reason": _reason(said)}] for index, said in enumerate(choices)]
    events = [sse(_body("chat.completion.chunk", each)) for each in told]
    return Stream([*events, sse(_body("chat.completion.chunk", [], **_usage(usage))), DONE], len(events) - 1)


def chat_whole(choices: list[Said], usage: int) -> bytes:
    told = []
    for index, said in enumerate(choices):
        message: dict[str, Any] = {"role": "assistant", "content": "".join(said.pieces), "refusal": None}
        if said.thought:
            message["reasoning_content"] = "".join(said.thought)
        if said.calls:
            message["tool_calls"] = _calls(said)
        told.append({"index": index, "message": message, "logprobs": None, "finish_reason": _reason(said)})
    return written(_body("chat.completion", told, **_usage(usage)))


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


def completions_stream(choices: list[Said], usage: int) -> Stream:
    told = [[{"index": index, "text": piece, "finish_reason": None}] for index, piece in _interleaved(choices)]
    told += [[{"index": index, "text": "", "finish_reason": "stop"}] for index in range(len(choices))]
    events = [sse(_body("text_completion", each)) for each in told]
    return Stream([*events, sse(_body("text_completion", [], **_usage(usage))), DONE], len(events) - 1)


def completions_whole(choices: list[Said], usage: int) -> bytes:
    told = [
        {"index": index, "text": "".join(said.pieces), "logprobs": None, "finish_reason": "stop"}
        for index, said in enumerate(choices)
    ]
    return written(_body("text_completion", told, **_usage(usage)))


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


def _items(said: Said) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if said.thought:
        summary = [{"type": "summary_text", "text": "".join(said.thought)}]
        items.append({"id": "rs_1", "type": "reasoning", "summary": summary})
    part = {"type": "output_text", "text": "".join(said.pieces), "annotations": [], "logprobs": []}
    items.append({"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]})
    for place, call in enumerate(said.calls):
        told = {"call_id": f"call_{place}", "name": TOOL, "arguments": arguments(call), "status": "completed"}
        items.append({"id": f"fc_{place}", "type": "function_call", **told})
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


def _completed(said: Said, usage: int) -> dict[str, Any]:
    counts = {"input_tokens": usage, "output_tokens": 7, "total_tokens": usage + 7}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return _response(_items(said), "completed", usage={**counts, **details})


def _item_events(said: Said, item: dict[str, Any], at: dict[str, Any]) -> list[dict[str, Any]]:
    """Between an item's `added` and `done`."""
    match item["type"]:
        case "reasoning":
            at, text = {**at, "summary_index": 0}, item["summary"][0]["text"]
            part, empty, of, pieces = item["summary"][0], {"text": ""}, "reasoning_summary", list(said.thought)
        case "message":
            at, text = {**at, "content_index": 0}, item["content"][0]["text"]
            part, empty, of, pieces = item["content"][0], {"text": ""}, "content", list(said.pieces)
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


def responses_stream(choices: list[Said], usage: int) -> Stream:
    said = choices[0]
    told = [
        {"type": f"response.{stage}", "response": _response([], "in_progress")} for stage in ("created", "in_progress")
    ]
    for index, item in enumerate(_items(said)):
        place = {"output_index": index}
        told.append({"type": "response.output_item.added", **place, "item": {**item, **_EMPTY[item["type"]]}})
        told += _item_events(said, item, {"item_id": item["id"], **place})
        told.append({"type": "response.output_item.done", **place, "item": item})
    told.append({"type": "response.completed", "response": _completed(said, usage)})
    events = [sse({**event, "sequence_number": number}, event["type"]) for number, event in enumerate(told)]
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
