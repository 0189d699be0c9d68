"""What the contract is tried on: every recorded answer of every provider dialect, written by every client dialect."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
from openai._models import construct_type
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from translators.clients import completions, responses
from translators.clients.chat import Form
from translators.dialects import Envelope, Framing, Recall, Writer
from translators.pipe import Pipe
from translators.registry import CLIENTS, PROVIDERS

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
ENVELOPE = Envelope("chatcmpl-1", 1_700_000_000, "asked-for")

NATIVE = "native_finish_reason"
CONTENT_TYPES: dict[Framing, str] = {
    "sse": "text/event-stream",
    "ndjson": "application/x-ndjson",
    "eventstream": "application/vnd.amazon.eventstream",
}
SAME_ANSWERS = {"vertex-anthropic": "anthropic"}
"""Dialects that differ from another in their requests only; the answers of the other are tried."""
ANSWERING = [provider for provider in PROVIDERS if provider not in SAME_ANSWERS]
STREAMS = {
    f"{provider}/{path.relative_to(FIXTURES / provider).as_posix()}": (provider, path.read_bytes())
    for provider in ANSWERING
    for path in sorted((FIXTURES / provider).rglob(f"*.{PROVIDERS[provider].framing}"))
}


def recorded(provider: str, name: str) -> bytes:
    """What a provider, or the one whose answers are the same, has streamed."""
    return STREAMS[f"{SAME_ANSWERS.get(provider, provider)}/{name}"][1]


COMPLETE = {name: stream for name, stream in STREAMS.items() if "/failing_" not in name}
"""A recording whose file name begins with `failing_` holds a provider's error."""
PAIRS = [(name, client) for name in COMPLETE for client in CLIENTS]


@dataclass(frozen=True)
class Reading:
    """How a test reads back what a client dialect wrote."""

    form: Any
    fold: Callable[[bytes], dict[str, Any]]
    """A stream, brought to what a whole answer is compared by (`comparable`)."""
    comparable: Callable[[dict[str, Any]], dict[str, Any]]
    answer: Callable[[bytes], Any]
    """What a whole answer says, without its usage."""
    terminator: bytes | re.Pattern[bytes]

    def ends(self, stream: bytes) -> list[int]:
        """Where a terminator ends."""
        wanted = self.terminator
        pattern = re.compile(re.escape(wanted)) if isinstance(wanted, bytes) else wanted
        return [match.end() for match in pattern.finditer(stream)]


def chat_payloads(stream: bytes) -> list[dict[str, Any]]:
    *events, rest = stream.split(b"\n\n")
    assert rest == b""
    data = [event.removeprefix(b"data: ") for event in events if not event.startswith(b":")]
    return [json.loads(each) for each in data if each != b"[DONE]"]


def chat_fold(stream: bytes) -> dict[str, Any]:
    """By the openai SDK's own accumulator, brought to the form of a whole answer."""
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    natives = {}  # which the accumulator does not keep
    for payload in chat_payloads(stream):
        state.handle_chunk(construct_type(type_=ChatCompletionChunk, value=payload))  # as the SDK does: no custom calls
        natives |= {each["index"]: each[NATIVE] for each in payload["choices"] if NATIVE in each}
    folded = state.current_completion_snapshot.model_dump(exclude_unset=True)
    folded["choices"] = [{**each, NATIVE: natives.get(each["index"])} for each in folded["choices"]]
    for message in (choice["message"] for choice in folded["choices"]):
        for entry in (entry for value in message.values() if isinstance(value, list) for entry in value):
            entry.pop("index", None)
            if entry.get("function") is None:
                entry.pop("function", None)  # which the SDK adds to a custom call
            else:
                entry["function"].pop("parsed_arguments", None)
        message.pop("parsed", None)
    return comparable(folded)


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """What whole and streamed must agree on; null and absent are one."""
    choices = [
        {name: _set(value) if isinstance(value, dict) else value for name, value in _set(choice).items()}
        for choice in answer["choices"]
    ]
    head = {name: answer[name] for name in ("id", "created", "model")}
    return {**head, "choices": choices, "usage": _set(answer.get("usage") or {})}


def _set(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def chat_answer(whole: bytes) -> Any:
    return [(choice["message"], choice["finish_reason"]) for choice in json.loads(whole)["choices"]]


def completions_fold(stream: bytes) -> dict[str, Any]:
    """The SDK has no accumulator for this API: texts are joined, and so are the lists of log probabilities."""
    choices: dict[int, dict[str, Any]] = {}
    folded: dict[str, Any] = {}
    for payload in chat_payloads(stream):
        folded |= payload
        for piece in payload["choices"]:
            empty = {"index": piece["index"], "text": "", "logprobs": None, "finish_reason": None}
            choice = choices.setdefault(piece["index"], empty)
            choice["text"] += piece["text"]
            choice |= {name: piece[name] for name in ("finish_reason", NATIVE) if name in piece}
            if piece["logprobs"] is not None:
                before = choice["logprobs"] or {name: [] for name in piece["logprobs"]}
                choice["logprobs"] = {name: before[name] + more for name, more in piece["logprobs"].items()}
    return completions_comparable({**folded, "choices": [choices[index] for index in sorted(choices)]})


def completions_comparable(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if value is not None}


def completions_answer(whole: bytes) -> Any:
    return json.loads(whole)["choices"]


STREAM_EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)


def responses_payloads(stream: bytes) -> list[dict[str, Any]]:
    """Every event has its name twice, and its number."""
    *events, rest = stream.split(b"\n\n")
    assert rest == b""
    payloads = []
    for event in events:
        name, data = event.split(b"\n")
        payloads.append(json.loads(data.removeprefix(b"data: ")))
        assert name == f"event: {payloads[-1]['type']}".encode()
    assert [payload["sequence_number"] for payload in payloads] == list(range(len(payloads)))
    return payloads


def responses_fold(stream: bytes, *, late_citations: bool = False) -> dict[str, Any]:
    """The last event's response, which must be what the openai SDK's accumulator and whoever takes items as they are
    done make of the events; the latter but for `late_citations`."""
    state: ResponseStreamState[None] = ResponseStreamState(input_tools=(), text_format=openai.omit)
    done: dict[int, Any] = {}
    payloads = responses_payloads(stream)
    for payload in payloads:
        state.handle_event(STREAM_EVENT.validate_python(payload))
        if payload["type"] == "response.output_item.done":
            assert payload["output_index"] not in done
            done[payload["output_index"]] = payload["item"]
    final: dict[str, Any] = payloads[-1]["response"]
    items = [done[index] for index in range(len(done))]
    assert items == final["output"] or (late_citations and _uncited(items) == _uncited(final["output"]))
    if (completed := state._completed_response) is not None:
        assert [item.id for item in completed.output] == [item["id"] for item in final["output"]]
    return final


def _uncited(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _uncited(inner) for name, inner in value.items() if name != "annotations"}
    return [_uncited(inner) for inner in value] if isinstance(value, list) else value


def responses_answer(whole: bytes) -> Any:
    body = json.loads(whole)
    return [body[name] for name in ("status", "incomplete_details", "output")]


READINGS = {
    "chat": Reading(Form(usage=True), chat_fold, comparable, chat_answer, b"data: [DONE]\n\n"),
    "completions": Reading(
        completions.Form(usage=True),
        completions_fold,
        completions_comparable,
        completions_answer,
        b"data: [DONE]\n\n",
    ),
    "responses": Reading(
        responses.parse({"model": "m", "input": "x", "reasoning": {"summary": "auto"}, "top_logprobs": 2}).form,
        responses_fold,
        lambda whole: whole,
        responses_answer,
        re.compile(rb"event: response\.(?:completed|incomplete)\ndata: [^\n]*\n\n"),
    ),
}


def writer(client: str, *, streamed: bool) -> Writer:
    dialect = CLIENTS[client]
    return (dialect.streamed if streamed else dialect.whole)(READINGS[client].form, ENVELOPE)


def pipe(provider: str, client: str, *, streamed: bool) -> Pipe:
    dialect = PROVIDERS[provider]
    content_type = CONTENT_TYPES[dialect.framing]
    answer = dialect.answer(Recall())
    return Pipe(answer, writer(client, streamed=streamed), framing=dialect.framing, content_type=content_type)


def translate(provider: str, client: str, data: bytes, *, streamed: bool, size: int = 1 << 30) -> tuple[bytes, Pipe]:
    """The client's bytes for a provider's, fed in pieces of `size` bytes."""
    translation = pipe(provider, client, streamed=streamed)
    out = b"".join(translation.feed(data[at : at + size]) for at in range(0, len(data), size))
    return out + translation.close(), translation
