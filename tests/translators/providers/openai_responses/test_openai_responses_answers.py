"""The events of an answer, whole and streamed."""

import json
from typing import Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from openai_responses_answers import (
    COMPLETE,
    ISSUER,
    MODEL,
    STARTED,
    ended,
    events_of,
    folded,
    message,
    noted,
    payloads,
    whole,
)
from pydantic import TypeAdapter

from translators.conversation import Conversation, Reasoning, Text, ToolCall, ToolResult, Turn
from translators.dialects import Model, Recall
from translators.events import (
    Annotation,
    Finished,
    ForeignBlock,
    ImageMade,
    Logprobs,
    ReasoningDelta,
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
from translators.providers import openai_responses as dialect

PAYLOADS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
ODD = ("odd_but_readable", "items_only_when_done")


def signed(block: int, **item: Any) -> ReasoningSigned:
    packed = "responses-item-1:" + json.dumps(item, separators=(",", ":"))
    return ReasoningSigned(block, packed, ISSUER)


def usage(input: int, output: int, read: int | None = 0, reasoning: int | None = 0) -> UsageReported:
    return UsageReported(Usage(input, output, read, None if read is None else 0, reasoning))


def cited(text: str, *citations: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": list(citations)}


def summary(*texts: str) -> list[dict[str, str]]:
    return [{"type": "summary_text", "text": text} for text in texts]


STOP = Finished("stop", "completed", "default")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("text", [(TextDelta, None, "Hello there, Jürgen 👋!"), usage(12, 8), STOP], id="text"),
        pytest.param(
            "reasoning_and_parallel_calls",
            [
                (ReasoningDelta, 0, "**Checking the weather**\n\nTwo cities, two calls."),
                signed(
                    0,
                    id="rs_01",
                    summary=summary("**Checking the weather**", "Two cities, two calls."),
                    encrypted_content="gAAAAABo" + "Zx9_-" * 12,
                ),
                (TextDelta, None, "I will look both up."),
                ToolCallStarted(0, "call_aaa", "get_weather"),
                (ToolCallDelta, 0, '{"city":"Paris"}'),
                ToolCallStarted(1, "call_bbb", "get_weather"),
                (ToolCallDelta, 1, '{"city":"Oslo"}'),
                ToolCallStarted(2, "call_ccc", "now"),
                (ToolCallDelta, 2, "{}"),
                usage(120, 80, 64, 40),
                Finished("tool_calls", "completed", "priority"),
            ],
            id="reasoning and parallel calls",
        ),
        pytest.param(
            "cut_inside_a_call",
            [
                (ReasoningDelta, 0, "Short."),
                signed(0, id="rs_01", summary=summary("Short."), encrypted_content="gAAAAABpQ2"),
                ToolCallStarted(0, "call_aaa", "write_file"),
                (ToolCallDelta, 0, '{"path":"a.txt","text":"half of'),
                usage(30, 64, 0, 16),
                Finished("length", "max_output_tokens", "default"),
            ],
            id="cut inside a call is cut",
        ),
        pytest.param(
            "refusal",
            [(RefusalDelta, None, "I'm sorry, I can't help with that."), usage(9, 11), STOP],
            id="a refusal",
        ),
        pytest.param(
            "filtered",
            [
                (TextDelta, None, "The recipe begins with"),
                usage(9, 5),
                Finished("content_filter", "content_filter", "default"),
            ],
            id="a filter is a filter",
        ),
        pytest.param(
            "web_search_with_citations",
            [
                ForeignBlock(
                    "openai-responses",
                    {
                        "id": "ws_01",
                        "type": "web_search_call",
                        "status": "completed",
                        "action": {"type": "search", "query": "weather oslo"},
                    },
                ),
                (TextDelta, None, "Schön ☀️: it is sunny. 👋 In Oslo it is sunny."),
                Annotation(32, 44, "Oslo", "https://example.org/oslo"),
                usage(300, 20),
                STOP,
            ],
            id="a search is no call, and its citation stands where the whole text has it",
        ),
        pytest.param(
            "custom_tool",
            [
                ToolCallStarted(0, "call_p", "apply_patch", "custom"),
                (ToolCallDelta, 0, '*** Begin Patch\n+x = "1"\n *** End'),
                usage(40, 20),
                Finished("tool_calls", "completed", "default"),
            ],
            id="a custom tool",
        ),
        pytest.param(
            "image",
            [ImageMade("image/webp", "UklGRg=="), (TextDelta, None, "Here it is."), usage(50, 9), STOP],
            id="a picture",
        ),
        pytest.param(
            "odd_but_readable",
            [
                (ReasoningDelta, 0, "Let me think."),
                (TextDelta, None, "42"),
                ToolCallStarted(0, "call_x", "now"),
                signed(0, id="rs_y", summary=[], content=[{"type": "reasoning_text", "text": "Let me think."}]),
                (ToolCallDelta, 0, "{}"),
                ForeignBlock("openai-responses", {"type": "quantum_call", "id": "q_1", "status": "completed"}),
                usage(7, 9, None, None),
                Finished("tool_calls", "completed", "default"),
            ],
            id="odd but readable",
        ),
        pytest.param(
            "items_only_when_done",
            [
                ToolCallStarted(0, "call_1", "look"),
                (ToolCallDelta, 0, '{"a":1}'),
                (TextDelta, None, "Done."),
                usage(3, 4),
                Finished("tool_calls", "completed", "default"),
            ],
            id="items that come only when they are done",
        ),
    ],
)
def test_a_stream_is_told(name: str, expected: list[Any]) -> None:
    events = folded(events_of(payloads(name)))
    assert [event for event in events if not isinstance(event, Started)] == expected
    begun = [event for event in events if isinstance(event, Started)]
    assert begun == ([Started(), STARTED] if name == "odd_but_readable" else [STARTED])


def test_log_probabilities() -> None:
    yes = TokenLogprob(
        "Yes",
        -0.25,
        (TokenLogprob("Yes", -0.25, (), (89, 101, 115)), TokenLogprob("x", -3.5, (), (120,))),
        (89, 101, 115),
    )
    events = events_of(payloads("logprobs"))
    assert events[1:3] == [TextDelta("Yes"), Logprobs((yes,))]
    assert sum(isinstance(event, Logprobs) for event in events) == 2
    tokens = [
        token.token
        for event in whole(payloads("logprobs")[-1]["response"])
        if isinstance(event, Logprobs)
        for token in event.tokens
    ]
    assert tokens == ["Yes", "."]


@pytest.mark.parametrize("name", sorted({*COMPLETE} - {*ODD, "logprobs"}))
def test_a_whole_answer_is_told_as_its_stream(name: str) -> None:
    events = payloads(name)
    assert folded(whole(events[-1]["response"])) == folded(events_of(events))
    assert noted(whole(events[-1]["response"])) == noted(events_of(events))


@pytest.mark.parametrize("name", sorted({*COMPLETE} - {*ODD}))
def test_the_recordings_are_what_the_sdk_reads(name: str) -> None:
    for payload in payloads(name):
        PAYLOADS.validate_python(payload)
    Response.model_validate(payloads(name)[-1]["response"])


@pytest.mark.parametrize("name", sorted({*COMPLETE} - {*ODD, "logprobs"}))
@pytest.mark.parametrize(
    "keep",
    [
        pytest.param(
            ("response.output_item.", "response.completed", "response.incomplete"), id="no deltas, no created"
        ),
        pytest.param(("response.completed", "response.incomplete"), id="only the end"),
        pytest.param((".delta", "output_item.added", ".completed", ".incomplete", ".annotation.added"), id="no done"),
        pytest.param((".done", ".completed", ".incomplete"), id="only what is done"),
    ],
)
def test_what_is_missing_in_between_is_made_up_for(name: str, keep: tuple[str, ...]) -> None:
    events = payloads(name)
    some = [event for event in events if any(word in event["type"] for word in keep)]
    loose, full = ([each for each in folded(events_of(all)) if not isinstance(each, Started)] for all in (some, events))
    assert sorted(map(repr, loose)) == sorted(map(repr, full))


def test_ids_that_change_with_every_event() -> None:
    events = payloads("reasoning_and_parallel_calls")
    for number, event in enumerate(events):
        if "item_id" in event:
            event["item_id"] = f"x{number}"
        if "item" in event:
            event["item"]["id"] = f"x{number}"
    loose, full = (folded(events_of(some)) for some in (events, payloads("reasoning_and_parallel_calls")))
    calm = [event for event in loose if not isinstance(event, ReasoningSigned)]
    assert calm == [event for event in full if not isinstance(event, ReasoningSigned)]


def test_places_that_are_all_the_same() -> None:
    events = payloads("reasoning_and_parallel_calls")
    expected = folded(events_of(payloads("reasoning_and_parallel_calls")))
    for event in events:
        if "output_index" in event:
            event["output_index"] = 0
    assert folded(events_of(events)) == expected


def test_an_interleaved_pair_of_calls_stays_apart() -> None:
    def added(index: int) -> dict[str, Any]:
        item = {"type": "function_call", "id": f"fc_{index}", "call_id": f"c{index}", "name": "f", "arguments": ""}
        return {"type": "response.output_item.added", "output_index": index, "item": item}

    def piece(index: int, text: str) -> dict[str, Any]:
        kind = "response.function_call_arguments.delta"
        return {"type": kind, "output_index": index, "item_id": f"fc_{index}", "delta": text}

    events = events_of(
        [added(3), added(5), piece(5, '{"b'), piece(3, '{"a'), piece(5, '":2}'), piece(3, '":1}'), ended()]
    )
    texts = {0: "", 1: ""}
    for event in events:
        if isinstance(event, ToolCallDelta):
            texts[event.index] += event.arguments
    assert texts == {0: '{"a":1}', 1: '{"b":2}'}


@pytest.mark.parametrize(
    ("response", "expected", "notes"),
    [
        pytest.param(
            {"incomplete_details": {"reason": "max_output_tokens"}}, ("length", "max_output_tokens"), [], id="1"
        ),
        pytest.param({"incomplete_details": {"reason": "max_messages"}}, ("length", "max_messages"), [], id="2"),
        pytest.param({"incomplete_details": {"reason": "content_filter"}}, ("content_filter",) * 2, [], id="3"),
        pytest.param({"incomplete_details": {"reason": "novel"}}, ("length", "novel"), ["status"], id="4"),
        pytest.param({"incomplete_details": None}, ("length", "incomplete"), ["status"], id="5"),
    ],
)
def test_why_an_answer_is_incomplete(response: Any, expected: Any, notes: Any) -> None:
    output = [{"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a'}]
    events = events_of([ended(status="incomplete", output=output, **response)])
    assert isinstance(events[-1], Finished)
    assert (events[-1].reason, events[-1].native) == expected
    assert [path for path in noted(events) if "arguments" not in path] == notes


@pytest.mark.parametrize(
    ("output", "expected", "notes"),
    [
        pytest.param(
            [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{oops"}],
            [ToolCallStarted(0, "c", "f"), (ToolCallDelta, 0, "{oops")],
            ["tool_calls[0].arguments"],
            id="broken arguments pass",
        ),
        pytest.param(
            [{"type": "function_call", "name": "f", "arguments": "  "}],
            [ToolCallStarted(0, "call_0", "f"), (ToolCallDelta, 0, "{}")],
            ["tool_calls[0].id"],
            id="no arguments and no id",
        ),
        pytest.param(
            [{"type": "function_call", "call_id": "c", "name": "f", "arguments": {"a": 1}}],
            [ToolCallStarted(0, "c", "f"), (ToolCallDelta, 0, '{"a": 1}')],
            [],
            id="arguments as an object",
        ),
        pytest.param(
            [{"type": "function_call", "call_id": "c", "name": "f", "arguments": {}}],
            [ToolCallStarted(0, "c", "f"), (ToolCallDelta, 0, "{}")],
            [],
            id="arguments as an empty object",
        ),
        pytest.param(
            [{"type": "function_call", "call_id": "c", "arguments": "{}"}],
            [],
            ["output.function_call.name"],
            id="no name",
        ),
        pytest.param(
            [{"type": "function_call", "call_id": "c", "name": "wire", "namespace": "n", "arguments": "{}"}],
            [ToolCallStarted(0, "c", "mcp.look"), (ToolCallDelta, 0, "{}")],
            ["output.namespace"],
            id="38: a name is restored",
        ),
        pytest.param(
            [{"type": "custom_tool_call", "call_id": "c", "name": "f", "input": ""}],
            [ToolCallStarted(0, "c", "f", "custom")],
            [],
            id="an empty text for a custom tool",
        ),
        pytest.param([message("a", "b"), message("c", id="msg_2")], [(TextDelta, None, "abc")], [], id="several texts"),
        pytest.param([{"no": "type"}], [], ["output.untyped"], id="no type"),
        pytest.param(
            [{"type": "image_generation_call", "status": "failed", "result": None}],
            [],
            ["output.image_generation_call"],
            id="no picture",
        ),
        pytest.param([{"type": "reasoning", "id": "rs", "summary": []}], [], [], id="reasoning that says nothing"),
        pytest.param(
            [
                message(
                    {
                        "type": "output_text",
                        "text": "a",
                        "annotations": [
                            5,
                            {"type": "url_citation", "start_index": 0, "end_index": 1, "url": "u", "title": None},
                        ],
                    }
                )
            ],
            [(TextDelta, None, "a"), Annotation(0, 1, "", "u")],
            [],
            id="a citation that is none",
        ),
        pytest.param(
            [
                message("Hm. "),
                message(cited("Hi there.", {"type": "url_citation", "url": "https://a.example/"}), id="msg_2"),
            ],
            [(TextDelta, None, "Hm. Hi there."), Annotation(4, 13, "", "https://a.example/")],
            [],
            id="a citation without title and place is of all its text",
        ),
        pytest.param(
            [
                message(
                    cited("Hi.", {"type": "url_citation", "url_citation": {"url": "u", "title": "T", "end_index": 2}})
                )
            ],
            [(TextDelta, None, "Hi."), Annotation(0, 2, "T", "u")],
            [],
            id="a citation as a chat has it",
        ),
        pytest.param(
            [message(cited("Hi.", {"type": "url_citation", "url": ""}))],
            [(TextDelta, None, "Hi.")],
            ["annotations.url_citation"],
            id="a citation of no address",
        ),
        pytest.param(
            [{"type": "message", "role": "assistant", "content": "Hi."}],
            [(TextDelta, None, "Hi.")],
            [],
            id="content that is a plain text",
        ),
    ],
)
def test_odd_items(output: Any, expected: Any, notes: Any) -> None:
    events = whole({"id": "r", "model": "m", "output": output}, Recall(MODEL, {"wire": "mcp.look"}))
    assert [event for event in folded(events) if not isinstance(event, Started | Finished)] == expected
    assert noted(events) == notes


def piece(kind: str, at: int, **more: Any) -> dict[str, Any]:
    """A payload about part `at` of the item at place 1."""
    index = "summary_index" if "summary" in kind else "content_index"
    return {"type": f"response.{kind}", "output_index": 1, index: at, **more}


def item(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": f"response.output_item.{kind}", "output_index": 1, "item": more}


@pytest.mark.parametrize(
    ("opened", "pieces", "expected"),
    [
        pytest.param(
            message(),
            [
                piece("output_text.delta", 1, delta="Hi"),
                piece("output_text.done", 1, text="Hi"),
                item("done", **message("Hi")),
            ],
            [(TextDelta, None, "Hi")],
            id="the text of a message",
        ),
        pytest.param(
            message(),
            [
                piece("output_text.delta", 1, delta="a"),
                piece("output_text.delta", 3, delta="b"),
                item("done", **message("a", "b!", "c")),
            ],
            [(TextDelta, None, "ab!c")],
            id="two texts, and a third that comes only at the end",
        ),
        pytest.param(
            message(),
            [piece("refusal.delta", 2, delta="No."), item("done", **message({"type": "refusal", "refusal": "No."}))],
            [(RefusalDelta, None, "No.")],
            id="a refusal",
        ),
        pytest.param(
            {"type": "reasoning", "summary": []},
            [
                piece("reasoning_summary_text.delta", 1, delta="Hm."),
                item("done", type="reasoning", summary=summary("Hm.")),
            ],
            [(ReasoningDelta, 0, "Hm.")],
            id="a summary",
        ),
        pytest.param(
            message(),
            [
                piece("output_text.delta", 1, delta="Hi"),
                piece("output_text.annotation.added", 1, annotation={"type": "url_citation", "url": "u"}),
                piece("output_text.delta", 1, delta=" you"),
                item("done", **message(cited("Hi you", {"type": "url_citation", "url": "u"}))),
            ],
            [(TextDelta, None, "Hi you"), Annotation(0, 6, "", "u")],
            id="a citation without a place",
        ),
    ],
)
def test_parts_that_are_counted_otherwise_than_in_their_item(opened: Any, pieces: Any, expected: Any) -> None:
    events = events_of([item("added", **opened), *pieces, ended()])
    assert [event for event in folded(events) if not isinstance(event, Started | Finished)] == expected


def test_pieces_before_a_name_wait_for_it() -> None:
    piece = {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": '{"a":'}
    item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":1}'}
    events = events_of([piece, {"type": "response.output_item.done", "output_index": 0, "item": item}, ended()])
    assert folded(events)[1:3] == [ToolCallStarted(0, "c", "f"), (ToolCallDelta, 0, '{"a":1}')]


@pytest.mark.parametrize("begun", ["", {}, None], ids=["a text", "an object", "nothing"])
def test_arguments_in_pieces_count_before_the_same_as_an_object(begun: Any) -> None:
    item = {"type": "function_call", "call_id": "c", "name": "f"}
    added = {"type": "response.output_item.added", "output_index": 0, "item": {**item, "arguments": begun}}
    piece = {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": '{"a":1}'}
    done = {"type": "response.output_item.done", "output_index": 0, "item": {**item, "arguments": {"a": 1}}}
    events = events_of([added, piece, done, ended()])
    assert folded(events)[1:3] == [ToolCallStarted(0, "c", "f"), (ToolCallDelta, 0, '{"a":1}')]


@pytest.mark.parametrize(("tier", "expected"), [("flex", "flex"), ("gold", None), (5, None)])
def test_a_tier_is_one_of_openais(tier: Any, expected: str | None) -> None:
    *_, end = whole({"status": "completed", "output": [], "service_tier": tier})
    assert end == Finished("stop", "completed", expected)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        pytest.param([("fc", "a"), ("fc", "b")], ["a", "b"], id="of items"),
        pytest.param([("fc_1", "a"), ("fc_2", "a")], ["a", "call_1"], id="of calls"),
        pytest.param([("", ""), ("", "")], ["call_0", "call_1"], id="none"),
    ],
)
def test_trap_24_calls_that_share_an_id_are_two(ids: list[tuple[str, str]], expected: list[str]) -> None:
    items = [
        {"type": "function_call", "id": id, "call_id": call_id, "name": "f", "arguments": '{"a":1}'}
        for id, call_id in ids
    ]
    events = whole({"status": "completed", "output": [message("One "), *items, message("two.")]})
    assert [event.id for event in events if isinstance(event, ToolCallStarted)] == expected
    assert [event.arguments for event in events if isinstance(event, ToolCallDelta)] == ['{"a":1}'] * 2
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "One two."


@pytest.mark.parametrize("kind", ["response.created", "response.in_progress", "response.completed"])
def test_names_that_come_late(kind: str) -> None:
    first = {"type": "response.output_item.added", "output_index": 0, "item": message()}
    named = {"id": "resp_1", "model": "m", "status": "completed", "output": []}
    events = events_of([first, {"type": kind, "response": named}, ended()])
    assert [event for event in events if isinstance(event, Started)] == [Started(), Started("resp_1", "m")]


def test_what_comes_after_the_end_is_ignored() -> None:
    machine = dialect.answer(Recall(MODEL))
    machine.on(ended())
    assert machine.on(ended(output=[message("x")])) == []


class Kept(dict[str, str]):
    def put(self, key: str, value: str) -> None:
        self[key] = value


@pytest.mark.parametrize("keeps", [True, False], ids=["the client keeps it", "the client forgets it"])
def test_a11_reasoning_makes_the_round_trip(keeps: bool) -> None:
    memory: Any = Kept()
    events = events_of(payloads("reasoning_and_parallel_calls"), Recall(MODEL, memory=memory))
    block = next(event for event in events if isinstance(event, ReasoningSigned))
    calls = [event for event in events if isinstance(event, ToolCallStarted)]
    stored = (Reasoning("whatever the client made of it", block.signature, block.issuer),) if keeps else ()
    parts = (*stored, *(ToolCall(call.id, call.name, "{}") for call in calls))
    results = [Turn("tool", (ToolResult(call.id, (Text("ok"),)),)) for call in calls]
    request = Conversation((Turn("user", (Text("Hi"),)), Turn("assistant", parts), *results))
    items = dialect.render(request, Model(MODEL, memory=memory)).body["input"]
    original = payloads("reasoning_and_parallel_calls")[-1]["response"]["output"][0]
    assert items[1] == original
    assert [item["type"] for item in items[2:5]] == ["function_call"] * 3
    assert sum(item["type"] == "reasoning" for item in items) == 1
