"""Answers as events: recordings compared whole, whole answers by the same machine, and what is broken or odd."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bedrock_frames import FIXTURES, stream
from bedrock_oracles import known_to_the_model, parsed_whole
from botocore.eventstream import EventStreamBuffer

from translators.dialects import Recall
from translators.errors import BadAnswer
from translators.events import (
    Annotation,
    Event,
    Finished,
    ForeignBlock,
    ImageMade,
    Noted,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSigned,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from translators.framing.eventstream import EventStreamReader
from translators.pipe import Pipe
from translators.providers import bedrock as dialect

ISSUER = "bedrock:m"
RECORDINGS = sorted(FIXTURES.glob("*.eventstream"))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def events_of(data: bytes, recall: Recall | None = None) -> list[Event]:
    machine = dialect.answer(recall or Recall("m"))
    reader = EventStreamReader()
    events = [event for message in reader.feed(data) for event in machine.on(json.loads(message.data))]
    reader.close()
    return events + list(machine.close())


def lines(path: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.with_suffix(".jsonl").read_text().splitlines()]


def usage(input: int, output: int, *more: int) -> UsageReported:
    return UsageReported(Usage(input, output, *more))


def notes(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.note.path, event.note.fate) for event in events if isinstance(event, Noted)]


def without_notes(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, Noted)]


TOLD: dict[str, tuple[list[Event], list[tuple[str, str]]]] = {
    "text": (
        [
            Started(),
            TextDelta("Hello"),
            TextDelta(", 你好"),
            TextDelta(" 🎈!"),
            usage(120, 5, 90, 20),
            Finished("stop", "end_turn", "scale"),
        ],
        [],
    ),
    "reasoning_and_parallel_tools": (
        [
            Started(),
            ReasoningDelta(0, "Two cities,"),
            ReasoningDelta(0, " two calls."),
            ReasoningSigned(0, "EqRkSignature==", ISSUER),
            TextDelta("I will look."),
            ToolCallStarted(0, "tooluse_a1", "get_weather"),
            ToolCallDelta(0, '{"city": '),
            ToolCallDelta(0, '"Paris"}'),
            ToolCallStarted(1, "tooluse_b2", "get_weather"),
            ToolCallDelta(1, '{"city": "Rom'),
            ToolCallDelta(1, '"}'),
            ToolCallStarted(2, "tooluse_c3", "now"),
            ToolCallDelta(2, "{}"),
            usage(380, 77),
            Finished("tool_calls", "tool_use"),
        ],
        [],
    ),
    "redacted_and_cut_call": (
        [
            Started(),
            ReasoningRedacted(0, b64(b"secret one"), ISSUER),
            ToolCallStarted(0, "tooluse_a1", "write"),
            ToolCallDelta(0, '{"text": "once upon'),
            usage(20, 4096),
            Finished("length", "max_tokens"),
        ],
        [],
    ),
    "guardrail": (
        [
            Started(),
            TextDelta("Sorry, the model cannot answer this question."),
            usage(12, 0),
            Finished("content_filter", "guardrail_intervened"),
        ],
        [],
    ),
    "filtered_without_text": (
        [
            Started(),
            usage(12, 1),
            RefusalDelta("The answer was withheld by a filter of the provider's."),
            Finished("content_filter", "content_filtered"),
        ],
        [],
    ),
    "citations": (
        [
            Started(),
            TextDelta("It is "),
            TextDelta("20 °C."),
            Annotation(0, 12, "Weather", "https://example.com/w"),
            TextDelta(" And rain."),
            Annotation(12, 22, "", "https://example.com/r"),
            usage(30, 12),
            Finished("stop", "end_turn"),
        ],
        [("citations.documentPage", "dropped")],
    ),
    "nova_grounding": (
        [
            Started(),
            ForeignBlock(
                "bedrock",
                {
                    "toolUse": {
                        "toolUseId": "tooluse_s1",
                        "name": "nova_grounding",
                        "type": "server_tool_use",
                        "input": {"query": "weather"},
                    }
                },
            ),
            ForeignBlock(
                "bedrock",
                {
                    "toolResult": {
                        "toolUseId": "tooluse_s1",
                        "type": "nova_grounding_result",
                        "status": "success",
                        "content": [{"text": "found"}],
                    }
                },
            ),
            TextDelta("Sunny."),
            Annotation(0, 6, "", "https://example.com"),
            usage(30, 12),
            Finished("stop", "end_turn"),
        ],
        [],
    ),
    "image": (
        [
            Started(),
            TextDelta("Here:"),
            ImageMade("image/png", b64(b"\x89PNG\r\nrest")),
            usage(30, 12),
            Finished("stop", "end_turn"),
        ],
        [],
    ),
    "odd_but_readable": (
        [
            Started(),
            TextDelta("a"),
            TextDelta("b"),
            ToolCallStarted(0, "call_0", "now"),
            ToolCallDelta(0, "{}"),
            usage(30, 12),
            Finished("tool_calls", "tired"),
        ],
        [
            ("event.messageStart", "synthesised"),
            ("event.somethingNew", "dropped"),
            ("content.hologram", "dropped"),
            ("delta.hologram", "dropped"),
            ("delta.shade", "dropped"),
            ("tool_calls[0].id", "synthesised"),
            ("stopReason", "approximated"),
        ],
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_recordings(name: str) -> None:
    events = events_of((FIXTURES / f"{name}.eventstream").read_bytes())
    expected, noted = TOLD[name]
    assert without_notes(events) == expected
    assert notes(events) == noted


def test_every_recording_is_tried() -> None:
    assert {path.stem for path in RECORDINGS if not path.stem.startswith("failing_")} == TOLD.keys()


@pytest.mark.parametrize("path", [path for path in RECORDINGS if "odd" not in path.stem], ids=lambda path: path.stem)
def test_recordings_are_real(path: Any) -> None:
    """Each event is one that botocore's model knows, and botocore's parser reads the bytes as their source says."""
    events = [event for event in lines(path) if ":exception" not in event]
    buffer = EventStreamBuffer()
    buffer.add_data(path.read_bytes())
    for event in events:
        known_to_the_model(event)
    messages = [message for message in buffer if message.headers[":message-type"] == "event"]
    assert [{each.headers[":event-type"]: json.loads(each.payload)} for each in messages] == events


@pytest.mark.parametrize(
    ("name", "status", "type", "code"),
    [
        pytest.param("failing_throttled_midway", 429, "rate_limit_error", "rate_limit_exceeded", id="throttled"),
        pytest.param("failing_model_stream_error", 502, "server_error", "model_error", id="the model failed"),
        pytest.param("failing_malformed", 502, "server_error", "malformed_model_output", id="nothing but malformed"),
    ],
)
def test_failures(name: str, status: int, type: str, code: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        events_of((FIXTURES / f"{name}.eventstream").read_bytes())
    failure = caught.value.failure
    assert (failure.status, failure.type, failure.code) == (status, type, code)


@pytest.mark.parametrize(
    ("exception", "status", "code"),
    [
        pytest.param("internalServerException", 500, None, id="internal"),
        pytest.param("serviceUnavailableException", 503, "server_overloaded", id="unavailable"),
        pytest.param("validationException", 400, None, id="validation"),
        pytest.param("modelTimeoutException", 504, "timeout", id="timeout"),
        pytest.param("somethingElse", 500, None, id="unknown"),
    ],
)
def test_exceptions(exception: str, status: int, code: str | None) -> None:
    with pytest.raises(BadAnswer) as caught:
        events_of(stream([{":exception": exception, "message": "m"}]))
    assert (caught.value.failure.status, caught.value.failure.code) == (status, code)
    assert caught.value.failure.message == "m"


# --- whole answers ----------------------------------------------------------------------------------------

WHOLE: dict[str, list[dict[str, Any]]] = {
    "text": [{"text": "Hello, 你好 🎈!"}],
    "reasoning_and_parallel_tools": [
        {"reasoningContent": {"reasoningText": {"text": "Two cities, two calls.", "signature": "EqRkSignature=="}}},
        {"text": "I will look."},
        {"toolUse": {"toolUseId": "tooluse_a1", "name": "get_weather", "input": {"city": "Paris"}}},
        {"toolUse": {"toolUseId": "tooluse_b2", "name": "get_weather", "input": {"city": "Rom"}}},
        {"toolUse": {"toolUseId": "tooluse_c3", "name": "now", "input": {}}},
    ],
    "guardrail": [{"text": "Sorry, the model cannot answer this question."}],
    "filtered_without_text": [],
    "citations": [
        {
            "citationsContent": {
                "content": [{"text": "It is "}, {"text": "20 °C."}],
                "citations": [
                    {"title": "Weather", "location": {"web": {"url": "https://example.com/w"}}},
                    {"title": "Page", "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}},
                ],
            }
        },
        {
            "citationsContent": {
                "content": [{"text": " And rain."}],
                "citations": [{"location": {"web": {"url": "https://example.com/r"}}}],
            }
        },
    ],
    "nova_grounding": [
        {
            "toolUse": {
                "toolUseId": "tooluse_s1",
                "name": "nova_grounding",
                "type": "server_tool_use",
                "input": {"query": "weather"},
            }
        },
        {
            "toolResult": {
                "toolUseId": "tooluse_s1",
                "type": "nova_grounding_result",
                "status": "success",
                "content": [{"text": "found"}],
            }
        },
        {
            "citationsContent": {
                "content": [{"text": "Sunny."}],
                "citations": [{"location": {"web": {"url": "https://example.com"}}}],
            }
        },
    ],
    "image": [{"text": "Here:"}, {"image": {"format": "png", "source": {"bytes": b64(b"\x89PNG\r\nrest")}}}],
}


def joined(events: list[Event]) -> list[Event]:
    """Deltas that follow each other as one."""
    out: list[Event] = []
    for event in without_notes(events):
        match out[-1:], event:
            case [TextDelta(before)], TextDelta(text):
                out[-1] = TextDelta(before + text)
            case [ReasoningDelta(block, before)], ReasoningDelta(_, text):
                out[-1] = ReasoningDelta(block, before + text)
            case [ToolCallDelta(index, before)], ToolCallDelta(_, text):
                out[-1] = ToolCallDelta(index, before + text)
            case _:
                out.append(event)
    return out


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_is_told_as_its_stream(name: str) -> None:
    recorded = lines(FIXTURES / name)
    (stop,) = (event["messageStop"] for event in recorded if "messageStop" in event)
    (metadata,) = (event["metadata"] for event in recorded if "metadata" in event)
    metadata = {key: value for key, value in metadata.items() if key != "p"}
    body = {
        "output": {"message": {"role": "assistant", "content": WHOLE[name]}},
        "stopReason": stop["stopReason"],
        **metadata,
    }
    assert parsed_whole(body)["stopReason"] == stop["stopReason"]
    machine = dialect.answer(Recall("m"))
    events = machine.whole(body)
    assert machine.done
    assert machine.close() == []
    streamed = events_of((FIXTURES / f"{name}.eventstream").read_bytes())
    assert joined(events) == joined(streamed)
    assert notes(events) == notes(streamed)


def test_botocore_reads_the_whole_answers_alike() -> None:
    body = {"output": {"message": {"role": "assistant", "content": WHOLE["reasoning_and_parallel_tools"]}}}
    parsed = parsed_whole({**body, "stopReason": "tool_use", "usage": {}, "metrics": {}})
    assert parsed["output"]["message"]["content"] == WHOLE["reasoning_and_parallel_tools"]


ODD_WHOLE = [
    pytest.param(
        [{"reasoningContent": {"redactedContent": b64(b"x")}}, {"text": "a"}],
        [Started(), ReasoningRedacted(0, b64(b"x"), ISSUER), TextDelta("a"), Finished("stop", "end_turn")],
        [],
        id="redacted",
    ),
    pytest.param(
        [{"video": {}}, {"text": "a"}],
        [Started(), TextDelta("a"), Finished("stop", "end_turn")],
        [("content.video", "dropped")],
        id="a block that is not known",
    ),
    pytest.param(
        [{"text": "a"}, {"reasoningContent": {"reasoningText": {"text": "h"}}}],
        [Started(), TextDelta("a"), ReasoningDelta(0, "h"), Finished("stop", "end_turn")],
        [("content", "moved")],
        id="reasoning after text",
    ),
    pytest.param(
        [{"toolUse": {"toolUseId": "i", "name": "f"}}],
        [Started(), ToolCallStarted(0, "i", "f"), ToolCallDelta(0, "{}"), Finished("tool_calls", "end_turn")],
        [],
        id="a call without input",
    ),
    pytest.param(
        [{"toolUse": {"toolUseId": "i", "name": "f", "input": [1]}}],
        [Started(), ToolCallStarted(0, "i", "f"), ToolCallDelta(0, "[1]"), Finished("tool_calls", "end_turn")],
        [("tool_calls[0].arguments", "approximated")],
        id="arguments that are no object",
    ),
]


@pytest.mark.parametrize(("content", "expected", "noted"), ODD_WHOLE)
def test_odd_whole_answers(content: Any, expected: list[Event], noted: list[tuple[str, str]]) -> None:
    events = dialect.answer(Recall("m")).whole({"output": {"message": {"content": content}}, "stopReason": "end_turn"})
    assert (without_notes(events), notes(events)) == (expected, noted)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="a list"),
        pytest.param({}, id="nothing"),
        pytest.param({"message": "Unavailable."}, id="a message alone"),
        pytest.param({"output": {"message": {"content": "text"}}}, id="content that is no list"),
        pytest.param({"output": {"message": {"content": [5]}}}, id="a block that is no object"),
    ],
)
def test_what_is_no_answer(body: Any) -> None:
    with pytest.raises(BadAnswer) as caught:
        dialect.answer(Recall()).whole(body)
    assert caught.value.failure.status == 502


@pytest.mark.parametrize("content_type", ["application/json", ""])
def test_a_whole_answer_for_a_client_that_wants_a_stream(content_type: str) -> None:
    """As models give it that have no tools in streams."""
    body = {"output": {"message": {"content": [{"text": "a"}]}}, "stopReason": "end_turn"}
    out: list[Event] = []

    class Events:
        def on(self, event: Event) -> bytes:
            out.append(event)
            return b"."

        def close(self) -> bytes:
            return b"end"

        def fail(self, failure: Any) -> bytes:
            raise AssertionError(failure)

    pipe = Pipe(dialect.answer(Recall("m")), Events(), framing=dialect.framing, content_type=content_type)
    assert pipe.feed(json.dumps(body).encode()) + pipe.close() == b"...end"
    assert out == [Started(), TextDelta("a"), Finished("stop", "end_turn")]
    assert pipe.done
    assert not pipe.failure


# --- reasons, ends, names ---------------------------------------------------------------------------------

TEXT = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "a"}}}
CALL = {"contentBlockStart": {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "i", "name": "f"}}}}


@pytest.mark.parametrize(
    ("native", "without_calls", "with_calls"),
    [
        pytest.param("end_turn", "stop", "tool_calls", id="end_turn"),
        pytest.param("stop_sequence", "stop", "tool_calls", id="stop_sequence"),
        pytest.param("tool_use", "stop", "tool_calls", id="tool_use"),
        pytest.param("max_tokens", "length", "length", id="max_tokens"),
        pytest.param("model_context_window_exceeded", "length", "length", id="the context window"),
        pytest.param("guardrail_intervened", "content_filter", "content_filter", id="guardrail_intervened"),
        pytest.param("content_filtered", "content_filter", "content_filter", id="content_filtered"),
        pytest.param("refusal", "content_filter", "content_filter", id="a Claude's refusal"),
        pytest.param("pause_turn", "length", "length", id="a pause"),
        pytest.param("new_reason", "stop", "tool_calls", id="unknown"),
        pytest.param(None, "stop", "tool_calls", id="none"),
    ],
)
def test_reasons(native: str | None, without_calls: str, with_calls: str) -> None:
    stop = {"messageStop": {"stopReason": native}}
    for events, reason in (([TEXT], without_calls), ([TEXT, CALL], with_calls)):
        finished = events_of(stream([{"messageStart": {"role": "assistant"}}, *events, stop, {"metadata": {}}]))[-1]
        assert finished == Finished(reason, native)  # type: ignore[arg-type]


@pytest.mark.parametrize("native", ["malformed_tool_use", "malformed_model_output"])
@pytest.mark.parametrize("content", [[], [TEXT], [TEXT, CALL]], ids=["nothing", "text", "a call"])
def test_a_broken_end_is_an_error_whatever_came_before(native: str, content: list[dict[str, Any]]) -> None:
    with pytest.raises(BadAnswer) as caught:
        events_of(stream([{"messageStart": {}}, *content, {"messageStop": {"stopReason": native}}, {"metadata": {}}]))
    assert (caught.value.failure.status, caught.value.failure.code) == (502, native)


CALLS = [
    pytest.param({}, {}, id="no type"),
    pytest.param({"type": None}, {}, id="no type, said so"),
    pytest.param({"type": "tool_use"}, {}, id="a client's call"),
    pytest.param({"type": "something_new"}, {}, id="an unknown type"),
    pytest.param({"caller": {"type": "direct"}}, {}, id="an unknown field"),
    pytest.param({}, {"text": None, "reasoningContent": None}, id="the alternatives as null"),
    pytest.param({}, {"text": ""}, id="beside an empty text"),
    pytest.param({}, {"type": "toolUse"}, id="a type beside it"),
]


@pytest.mark.parametrize(("inside", "beside"), CALLS)
@pytest.mark.parametrize("last", [True, False], ids=["last", "first"])
def test_a_clients_call_is_one_whatever_else_is_said_of_it(
    inside: dict[str, Any], beside: dict[str, Any], last: bool
) -> None:
    """Whole and as a stream, and in any order of its members."""
    call = {"toolUseId": "tooluse_1", "name": "calc", **inside}
    whole, start = {"toolUse": {**call, "input": {"a": 1}}}, {"toolUse": call}
    whole, start = ({**beside, **each} if last else {**each, **beside} for each in (whole, start))
    body = {"output": {"message": {"role": "assistant", "content": [whole]}}, "stopReason": "tool_use"}
    wanted = [
        Started(),
        ToolCallStarted(0, "tooluse_1", "calc"),
        ToolCallDelta(0, '{"a": 1}'),
        Finished("tool_calls", "tool_use"),
    ]
    assert without_notes(dialect.answer(Recall()).whole(body)) == wanted
    content = [
        {"contentBlockStart": {"contentBlockIndex": 0, "start": start}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {**beside, "toolUse": {"input": '{"a": 1}'}}}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
    ]
    events = events_of(stream([{"messageStart": {}}, *content, {"messageStop": {"stopReason": "tool_use"}}]))
    assert without_notes(events) == wanted


ALTERNATIVES = [
    pytest.param(
        {"text": "a", "toolUse": {"toolUseId": "i", "name": "f", "input": {}}},
        [TextDelta("a"), ToolCallStarted(0, "i", "f"), ToolCallDelta(0, "{}")],
        id="a text and a call",
    ),
    pytest.param(
        {"text": "a", "reasoningContent": {"reasoningText": {"text": "Hm."}}},
        [ReasoningDelta(0, "Hm."), TextDelta("a")],
        id="a text and reasoning",
    ),
    pytest.param(
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": None}, "redactedContent": None}},
        [ReasoningDelta(0, "Hm.")],
        id="reasoning, and what is redacted of it as null",
    ),
    pytest.param(
        {"reasoningContent": {"reasoningText": None, "redactedContent": "YQ=="}},
        [ReasoningRedacted(0, "YQ==", "bedrock:")],
        id="redacted reasoning, and its text as null",
    ),
    pytest.param({"text": None}, [], id="a text as null"),
    pytest.param({}, [], id="nothing"),
]


@pytest.mark.parametrize(("block", "events"), ALTERNATIVES)
def test_of_two_alternatives_none_is_lost(block: dict[str, Any], events: list[Event]) -> None:
    body = {"output": {"message": {"content": [block]}}, "stopReason": "end_turn"}
    assert without_notes(dialect.answer(Recall()).whole(body))[1:-1] == events


def test_a_delta_of_another_kind_begins_a_block_of_its_own() -> None:
    """Of two blocks of which nothing tells where the first one ends."""
    deltas = [{"reasoningContent": {"text": "Hm."}}, {"text": "a"}]
    content = [{"contentBlockDelta": {"delta": delta}} for delta in deltas]
    events = events_of(stream([{"messageStart": {}}, *content, {"messageStop": {"stopReason": "end_turn"}}]))
    assert events == [Started(), ReasoningDelta(0, "Hm."), TextDelta("a"), Finished("stop", "end_turn")]


def test_what_the_last_usage_lacks_was_told_before() -> None:
    usages = [{"inputTokens": 5, "outputTokens": 1, "cacheReadInputTokens": 3}, {"outputTokens": 2}]
    early, late = ({"metadata": {"usage": usage}} for usage in usages)
    events = events_of(stream([{"messageStart": {}}, early, TEXT, {"messageStop": {"stopReason": "end_turn"}}, late]))
    assert [event.usage for event in events if isinstance(event, UsageReported)][-1] == Usage(8, 2, 3)


def test_without_metadata_the_answer_is_complete_but_its_usage_unknown() -> None:
    machine = dialect.answer(Recall())
    events = [event for payload in (TEXT, {"messageStop": {"stopReason": "end_turn"}}) for event in machine.on(payload)]
    assert not machine.done
    assert [*without_notes(events), *machine.close()] == [Started(), TextDelta("a"), Finished("stop", "end_turn")]
    assert machine.done


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([], id="nothing"),
        pytest.param([TEXT], id="no stop"),
        pytest.param([TEXT, {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 1}}}], id="usage but no stop"),
    ],
)
def test_a_cut_stream_is_an_error(events: list[dict[str, Any]]) -> None:
    with pytest.raises(BadAnswer) as caught:
        events_of(stream(events))
    assert caught.value.failure.code == "incomplete_answer"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(5, id="a number"),
        pytest.param({"contentBlockDelta": 5}, id="an event that is no object"),
        pytest.param({"contentBlockDelta": {"delta": "a"}}, id="a delta that is no object"),
        pytest.param({"exception": "text"}, id="an exception that is no object"),
    ],
)
def test_what_cannot_be_read(payload: Any) -> None:
    with pytest.raises(BadAnswer) as caught:
        dialect.answer(Recall()).on(payload)
    assert caught.value.failure.status >= 500


JUNK: list[Any] = [None, True, 5, "x", [], [1], {}, {"a": 1}, {"text": 1}]


def changed(value: Any) -> Iterator[Any]:
    """`value` with each thing in it replaced by each piece of junk, and without it."""
    yield from JUNK
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: each for name, each in value.items() if name != key}
            for junk in changed(inner):
                yield {**value, key: junk}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            for junk in changed(inner):
                yield [*value[:at], junk, *value[at + 1 :]]


def is_told_or_refused(feed: Callable[[], Any]) -> None:
    try:
        events = list(feed())
    except BadAnswer:
        return
    assert sum(isinstance(event, Finished) for event in events) == 1


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_any_junk_in_a_stream_is_told_or_refused(path: Any) -> None:
    """Nothing that a provider sends is a bug of ours."""
    events = lines(path)
    for at, event in enumerate(events):
        ((kind, value), *_) = event.items()
        for junk in changed(value):
            machine = dialect.answer(Recall())
            payloads = [*events[:at], {kind: junk}, *events[at + 1 :]]
            is_told_or_refused(
                lambda machine=machine, payloads=payloads: [
                    *(event for payload in payloads for event in machine.on(payload)),
                    *machine.close(),
                ]
            )


@pytest.mark.parametrize("name", WHOLE)
def test_any_junk_in_a_whole_answer_is_told_or_refused(name: str) -> None:
    body = {"output": {"message": {"content": WHOLE[name]}}, "stopReason": "end_turn", "usage": {"inputTokens": 1}}
    for junk in changed(body):
        is_told_or_refused(lambda junk=junk: dialect.answer(Recall()).whole(junk))


def test_names_are_the_clients_and_custom_tools_take_text() -> None:
    recall = Recall("m", {"a_1": "a.b"}, frozenset({"a.b"}))
    start = {"contentBlockStart": {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "i", "name": "a_1"}}}}
    pieces = ['{"input": "SEL', 'ECT 1"}']
    deltas = [{"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"toolUse": {"input": each}}}} for each in pieces]
    events = events_of(
        stream([{"messageStart": {}}, start, *deltas, {"messageStop": {"stopReason": "tool_use"}}]), recall
    )
    assert events == [
        Started(),
        ToolCallStarted(0, "i", "a.b", "custom"),
        ToolCallDelta(0, "SEL"),
        ToolCallDelta(0, "ECT 1"),
        Finished("tool_calls", "tool_use"),
    ]


def test_pieces_of_redacted_reasoning_are_one() -> None:
    pieces = [b64(b"ab"), b64(b"c")]
    deltas = [
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"reasoningContent": {"redactedContent": piece}}}}
        for piece in pieces
    ]
    events = events_of(stream([{"messageStart": {}}, *deltas, {"messageStop": {"stopReason": "end_turn"}}]))
    assert events[1] == ReasoningRedacted(0, b64(b"abc"), ISSUER)


BEGINNINGS = [
    pytest.param([{"messageStart": {}}, TEXT], [], id="in order"),
    pytest.param(
        [{"messageStart": {}}, {"messageStart": {}}, TEXT],
        [("dropped", "The message was begun a second time.")],
        id="twice",
    ),
    pytest.param(
        [{"contentBlockStop": {"contentBlockIndex": 0}}, {"messageStart": {}}, TEXT],
        [("synthesised", "The stream began without it."), ("dropped", "It came when the message was under way.")],
        id="late",
    ),
    pytest.param([TEXT], [("synthesised", "The stream began without it.")], id="never"),
]


@pytest.mark.parametrize(("content", "noted"), BEGINNINGS)
def test_how_a_message_begins(content: list[dict[str, Any]], noted: list[tuple[str, str]]) -> None:
    events = events_of(stream([*content, {"messageStop": {"stopReason": "end_turn"}}, {"metadata": {}}]))
    assert without_notes(events) == [Started(), TextDelta("a"), Finished("stop", "end_turn")]
    assert [(event.note.fate, event.note.detail) for event in events if isinstance(event, Noted)] == noted
