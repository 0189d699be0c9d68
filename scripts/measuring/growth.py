"""`scripts/bench --growth`: what is large takes as much longer as it is larger, and no more: requests, and streams of
many events. An input eight times as large may take `MOST` times as long; quadratic work would take 64 times as long.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from scripts.measuring.dialects import SAMPLES
from scripts.measuring.parts import Stopwatch
from translators.dialects import Envelope, Model, Recall
from translators.framing import sse
from translators.registry import CLIENTS, PROVIDERS

Body = dict[str, Any]
Say = Callable[[str], None]

CHAT = CLIENTS["chat"]
ENVELOPE = Envelope("chatcmpl-bench", 0, "bench")
FORMS: Mapping[str, Body] = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "x"}]},
    "responses": {"model": "m", "input": "x", "reasoning": {"summary": "auto"}, "top_logprobs": 2},
}
TIMES = 8
EVENTS = 250
MOST = 16.0
ASKING = {"role": "user", "content": "x"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def report(say: Say) -> int:
    """One line an input: how many times as long one takes that is `TIMES` times as large. The number of misses."""
    missed = 0
    for name, small, large in _inputs():
        watch = Stopwatch(rounds=3, seconds=0.02)
        ratio = watch.of(large) / watch.of(small)
        missed += ratio > MOST
        say(f"{name:64}{ratio:8.1f}  <= {MOST:g}  {'ok' if ratio <= MOST else 'MISSED'}")
    say(f"Targets missed: {missed}.")
    return missed


def _inputs() -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    for large in (image, messages, parallel_calls, properties, names):
        for provider in PROVIDERS:
            yield (
                f"chat -> {provider}: {large.__name__}",
                partial(_rendered, provider, large(TIMES)),
                partial(_rendered, provider, large(TIMES * TIMES)),
            )
    for provider, several in STREAMS.items():
        for events in several:
            for client in FORMS:
                small, more = list(events(EVENTS)), list(events(EVENTS * TIMES))
                name = f"{provider} -> {client}: {events.__name__}"
                yield name, partial(_streamed, provider, client, small), partial(_streamed, provider, client, more)


def _rendered(provider: str, body: Body) -> object:
    model = SAMPLES.get(provider, SAMPLES["anthropic"]).model
    return PROVIDERS[provider].render(CHAT.parse({"model": "m", **body}).conversation, Model(model))


def _streamed(provider: str, client: str, payloads: list[Any]) -> object:
    dialect = CLIENTS[client]
    machine = PROVIDERS[provider].answer(Recall("m"))
    writer = dialect.streamed(dialect.parse(FORMS[client]).form, ENVELOPE)
    for payload in payloads:
        for event in machine.on(payload):
            writer.on(event)
    for event in machine.close():
        writer.on(event)
    return writer.close()


# --- requests -----------------------------------------------------------------------------------


def called(ids: list[str]) -> list[Body]:
    """An assistant's message with these calls, and their results in reverse."""
    calls = [{"id": id, "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}} for id in ids]
    results = [{"role": "tool", "tool_call_id": id, "content": '{"output":1}'} for id in reversed(ids)]
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *results]


def image(size: int) -> Body:
    data = "AAAA" * (size * 20_000)
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    return {"messages": [{"role": "user", "content": [part]}]}


def messages(size: int) -> Body:
    steps = [turn for place in range(size * 10) for turn in [ASKING, *called([f"c{place}"])]]
    return {"messages": [*steps, ASKING], "tools": [TOOL]}


def parallel_calls(size: int) -> Body:
    return {"messages": [ASKING, *called([f"c.{place}" for place in range(size * 120)])], "tools": [TOOL]}


def properties(size: int) -> Body:
    each = {"type": "object", "properties": {"a": {"type": ["string", "null"], "minLength": 2}}, "required": ["a"]}
    every = {"type": "object", "properties": {f"p{place}": dict(each) for place in range(size * 40)}}
    function = {"name": "f", "strict": True, "parameters": every}
    format = {"type": "json_schema", "json_schema": {"name": "n", "schema": every}}
    return {"messages": [ASKING], "tools": [{"type": "function", "function": function}], "response_format": format}


def names(size: int) -> Body:
    function = {"type": "object", "properties": {}}
    tools = [{"type": "function", "function": {"name": f"a.b/{n}", "parameters": function}} for n in range(size * 7)]
    return {"messages": [ASKING], "tools": tools}


# --- streams ------------------------------------------------------------------------------------


def gemini(parts: list[Body], reason: str | None = None, **more: Any) -> Body:
    return {"candidates": [{"content": {"parts": parts}, "finishReason": reason, **more}], "responseId": "r"}


def gemini_texts(size: int) -> Iterator[Any]:
    yield from (gemini([{"text": "hello ", "thought": place % 2 == 0}]) for place in range(size))
    yield gemini([], "STOP")


def gemini_calls(size: int) -> Iterator[Any]:
    yield from (gemini([{"functionCall": {"name": "f", "args": {"a": place}}}]) for place in range(size))
    yield gemini([], "STOP")


def gemini_grounding(size: int) -> Iterator[Any]:
    """The offsets of every support come at the end, in bytes of a text that is not ASCII."""
    chunks = [{"web": {"uri": "https://e.example", "title": "E"}}]
    segments = ({"startIndex": place * 10, "endIndex": place * 10 + 9} for place in range(size))
    supports = [{"segment": segment, "groundingChunkIndices": [0]} for segment in segments]
    yield from (gemini([{"text": "👋 word "}]) for _ in range(size))
    yield gemini([], "STOP", groundingMetadata={"groundingChunks": chunks, "groundingSupports": supports})


def openai(delta: Body, reason: str | None = None, **more: Any) -> Body:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": reason, **more}]}


def openai_texts(size: int) -> Iterator[Any]:
    for place in range(size):
        yield openai({"reasoning_content": "hm "} if place % 2 else {"content": "hello "})
    yield from (openai({}, "stop"), sse.DONE)


def openai_arguments(size: int) -> Iterator[Any]:
    yield openai({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"a":"'}}]})
    yield from (openai({"tool_calls": [{"index": 0, "function": {"arguments": "x"}}]}) for _ in range(size))
    yield from (openai({"tool_calls": [{"index": 0, "function": {"arguments": '"}'}}]}, "stop"), sse.DONE)


def openai_calls(size: int) -> Iterator[Any]:
    for place in range(size):
        yield openai({"tool_calls": [{"index": place, "id": f"c{place}", "function": {"name": "f"}}]})
    yield from (openai({}, "tool_calls"), sse.DONE)


def openai_logprobs(size: int) -> Iterator[Any]:
    token = {"token": "h", "logprob": -0.1, "top_logprobs": [{"token": "h", "logprob": -0.1}]}
    yield from (openai({"content": "h"}, logprobs={"content": [token]}) for _ in range(size))
    yield from (openai({}, "stop"), sse.DONE)


def bedrock(place: int, delta: Body) -> Body:
    return {"contentBlockDelta": {"contentBlockIndex": place, "delta": delta}}


def bedrock_citations(size: int) -> Iterator[Any]:
    cited = {"citation": {"title": "E", "location": {"web": {"url": "https://e.example"}}}}
    for _ in range(size // 2):
        yield from (bedrock(0, {"text": "👋 word "}), bedrock(0, cited))
    yield {"messageStop": {"stopReason": "end_turn"}}


def bedrock_arguments(size: int) -> Iterator[Any]:
    yield {"contentBlockStart": {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "a", "name": "f"}}}}
    yield from (bedrock(0, {"toolUse": {"input": "x"}}) for _ in range(size))
    yield {"messageStop": {"stopReason": "tool_use"}}


def bedrock_reasoning(size: int) -> Iterator[Any]:
    yield from (bedrock(place, {"reasoningContent": {"text": "hm "}}) for place in range(size))
    yield {"messageStop": {"stopReason": "end_turn"}}


def ollama_calls(size: int) -> Iterator[Any]:
    call = {"function": {"name": "f", "arguments": {"a": 1}}}
    yield from ({"message": {"content": "", "tool_calls": [call]}, "done": False} for _ in range(size))
    yield {"message": {"content": ""}, "done": True, "done_reason": "stop"}


def ollama_texts(size: int) -> Iterator[Any]:
    yield from ({"message": {"content": "hello ", "thinking": "hm "}, "done": False} for _ in range(size))
    yield {"message": {"content": ""}, "done": True, "done_reason": "stop"}


def responses_texts(size: int) -> Iterator[Any]:
    message = {"type": "message", "id": "m", "role": "assistant", "content": []}
    part = {"type": "output_text", "text": "hello " * size, "annotations": []}
    yield {"type": "response.created", "response": {"id": "r", "model": "m"}}
    yield {"type": "response.output_item.added", "output_index": 0, "item": message}
    at = {"item_id": "m", "output_index": 0, "content_index": 0}
    yield from ({"type": "response.output_text.delta", **at, "delta": "hello "} for _ in range(size))
    ended = {"id": "r", "model": "m", "status": "completed", "output": [{**message, "content": [part]}]}
    yield {"type": "response.completed", "response": ended}


STREAMS: Mapping[str, tuple[Callable[[int], Iterator[Any]], ...]] = {
    "gemini": (gemini_texts, gemini_calls, gemini_grounding),
    "openai": (openai_texts, openai_arguments, openai_calls, openai_logprobs),
    "bedrock": (bedrock_citations, bedrock_arguments, bedrock_reasoning),
    "ollama": (ollama_calls, ollama_texts),
    "openai-responses": (responses_texts,),
}
