"""Answers as events: the recordings, every reason to stop, and what no recording shows."""

import json
from typing import Any

import pytest
from gemini_streams import COMPLETE, ISSUER, MODEL, calm, chunk, events_of, noted, payloads, recorded
from google.genai import types

from translators.dialects import Recall
from translators.errors import BadAnswer
from translators.events import (
    Event,
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
from translators.providers import gemini as dialect
from translators.providers.gemini.answer import _BARE, _BROKEN, _FILTERED, _LENGTH

STEP = "c2lnbmF0dXJlIG9mIHRoZSBzdGVwLCBxdWl0ZSBsb25n"
TEXT = "c2lnbmF0dXJlIG9mIHRoZSB0ZXh0"


@pytest.mark.parametrize("name", [name for name in COMPLETE if name != "odd_but_readable"])
def test_recordings_are_what_the_sdk_reads(name: str) -> None:
    for payload in payloads(name):
        types.GenerateContentResponse.model_validate(drop_tier(payload))


def drop_tier(payload: dict[str, Any]) -> dict[str, Any]:
    """Which the Gemini API's own document has, and the SDK's type has not."""
    payload.get("usageMetadata", {}).pop("serviceTier", None)
    return payload


@pytest.mark.parametrize("name", ["text", "parallel_tools_after_thinking", "signed_text", "grounded_search"])
def test_texts_and_calls_are_those_of_the_sdk(name: str) -> None:
    responses = [types.GenerateContentResponse.model_validate(drop_tier(payload)) for payload in payloads(name)]
    events = events_of(payloads(name))
    parts = [part for response in responses for part in (response.parts or [])]
    text = "".join(part.text for part in parts if part.text and not part.thought)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == text
    thoughts = "".join(part.text for part in parts if part.text and part.thought)
    assert "".join(event.text for event in events if isinstance(event, ReasoningDelta)) == thoughts
    expected = [call for response in responses for call in response.function_calls or ()]
    arguments = [json.loads(event.arguments) for event in events if isinstance(event, ToolCallDelta)]
    assert arguments == [call.args or {} for call in expected]
    assert [event.name for event in events if isinstance(event, ToolCallStarted)] == [call.name for call in expected]


def test_text() -> None:
    events = events_of(payloads("text"))
    assert calm(events) == [
        Started("zW1jaTextFixture", "gemini-2.5-flash"),
        TextDelta("Hello"),
        TextDelta(", wörld"),
        TextDelta(" 👋 and"),
        TextDelta(" goodbye."),
        Finished("stop", "STOP", "default"),
    ]
    assert [event for event in events if isinstance(event, UsageReported)][-1] == UsageReported(Usage(7, 8, 4))
    assert noted(events) == []


def test_parallel_calls_after_thinking() -> None:
    events = events_of(payloads("parallel_tools_after_thinking"))
    *before, third, no_arguments, end = calm(events)
    assert before == [
        Started("par-1", MODEL),
        ReasoningDelta(0, "**Planning**\n\nTwo cities"),
        ReasoningDelta(0, " need two calls."),
        TextDelta("I will look both up."),
        ToolCallStarted(0, "fc_a1", "weather", signature=STEP, issuer=ISSUER),
        ToolCallDelta(0, '{"city": "Zürich", "days": 3}'),
        ToolCallStarted(1, "fc_a2", "weather"),
        ToolCallDelta(1, '{"city": "Oslo", "nested": {"a": [1, 2.5, null]}}'),
    ]
    assert isinstance(third, ToolCallStarted)
    assert (third.index, third.name, third.id[:5], len(third.id)) == (2, "now", "call_", 29)
    assert no_arguments == ToolCallDelta(2, "{}")
    assert end == Finished("tool_calls", "STOP")
    usage = [event.usage for event in events if isinstance(event, UsageReported)][-1]
    assert usage == Usage(80, 75, reasoning=31)


def test_signed_text() -> None:
    assert calm(events_of(payloads("signed_text")))[1:] == [
        ReasoningDelta(0, "Let me see."),
        TextDelta("Forty"),
        TextDelta("-two."),
        ReasoningSigned(0, TEXT, ISSUER),
        Finished("stop", "STOP"),
    ]


def test_a_signature_without_thoughts_signs_an_empty_block() -> None:
    signed = {"text": "A", "thoughtSignature": TEXT}
    events = events_of([chunk(signed), chunk({"text": "B", "thoughtSignature": TEXT}, finish="STOP")])
    assert calm(events)[1:-1] == [
        TextDelta("A"),
        ReasoningSigned(0, TEXT, ISSUER),
        TextDelta("B"),
        ReasoningSigned(1, TEXT, ISSUER),
    ]


def test_a_call_cut_at_its_length_is_no_finished_call() -> None:
    assert calm(events_of(payloads("cut_at_its_length")))[-1] == Finished("length", "MAX_TOKENS")


def test_a_filtered_answer() -> None:
    events = calm(events_of(payloads("safety_stop")))
    assert events[1:] == [
        TextDelta("Well, "),
        RefusalDelta("The answer was found to be unsafe."),
        Finished("content_filter", "SAFETY"),
    ]


def test_a_blocked_prompt() -> None:
    events = events_of(payloads("blocked_prompt"))
    assert calm(events)[1:] == [
        RefusalDelta("The prompt was blocked."),
        Finished("content_filter", "PROHIBITED_CONTENT"),
    ]
    assert noted(events) == [("promptFeedback.blockReason", "dropped")]
    assert UsageReported(Usage(11, 0)) in events


def test_a_blocked_prompt_with_an_empty_candidate() -> None:
    payload = {"candidates": [{"index": 0}], "promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "No."}}
    assert calm(events_of([payload]))[1:] == [RefusalDelta("No."), Finished("content_filter", "SAFETY")]


def test_its_own_tools() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "print(6*7)"}}
    ran = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42\n"}}
    assert calm(events_of(payloads("code_execution")))[1:] == [
        TextDelta("I compute.\n"),
        ForeignBlock("gemini", code),
        ForeignBlock("gemini", ran),
        TextDelta("It is 42."),
        Finished("stop", "STOP"),
    ]


def test_log_probabilities() -> None:
    yes = TokenLogprob("Yes", -0.1)
    assert [event for event in events_of(payloads("logprobs")) if isinstance(event, Logprobs)] == [
        Logprobs((yes._replace(top=(yes, TokenLogprob("No", -2.5))),)),
        Logprobs((TokenLogprob(".", 0.0, (TokenLogprob(".", 0.0),)),)),
    ]


def test_a_picture() -> None:
    assert calm(events_of(payloads("picture")))[2:] == [
        ImageMade("image/png", "iVBORw0KGgo="),
        Finished("stop", "STOP"),
    ]


def test_what_is_merely_odd_is_noted() -> None:
    events = events_of(payloads("odd_but_readable"))
    assert calm(events)[1:] == [TextDelta("Fine"), TextDelta("."), Finished("stop", "SOMETHING_NEW")]
    assert noted(events) == [
        ("response.brandNew", "dropped"),
        ("parts.shinyNewPart", "dropped"),
        ("candidates.urlContextMetadata", "dropped"),
        ("parts.inlineData", "dropped"),
        ("candidates.finishReason", "approximated"),
    ]


ALTERNATIVES = [
    pytest.param({"text": "", "functionCall": {"name": "f"}}, ["ToolCallStarted", "ToolCallDelta"], id="empty text"),
    pytest.param({"text": None, "functionCall": {"name": "f"}}, ["ToolCallStarted", "ToolCallDelta"], id="no text"),
    pytest.param(
        {"functionCall": {"name": "f", "args": None, "id": None}, "text": "a", "thought": None},
        ["TextDelta", "ToolCallStarted", "ToolCallDelta"],
        id="a text and a call",
    ),
    pytest.param({"text": "a", "functionCall": None, "executableCode": None}, ["TextDelta"], id="others as null"),
    pytest.param(
        {"text": "a", "thoughtSignature": "c2ln", "functionCall": None}, ["TextDelta", "ReasoningSigned"], id="signed"
    ),
    pytest.param(
        {"executableCode": {"code": "1"}, "inlineData": {"mimeType": "image/png", "data": "YQ=="}},
        ["ImageMade", "ForeignBlock"],
        id="a picture and code",
    ),
    pytest.param({"somethingNew": {}, "text": "a"}, ["TextDelta", "Noted"], id="a text and something unknown"),
    pytest.param({"functionCall": "f"}, ["Noted"], id="a call that is none"),
    pytest.param({}, [], id="nothing"),
]


@pytest.mark.parametrize(("part", "kinds"), ALTERNATIVES)
@pytest.mark.parametrize("listed", [True, False], ids=["in a list", "alone"])
def test_of_two_alternatives_none_is_lost(part: dict[str, Any], kinds: list[str], listed: bool) -> None:
    for keys in (list(part), list(reversed(part))):
        ordered = {key: part[key] for key in keys}
        content = {"role": "model", "parts": [ordered] if listed else ordered}
        events = events_of([{"candidates": [{"content": content, "finishReason": "STOP"}]}])
        assert [type(event).__name__ for event in events] == ["Started", *kinds, "Finished"]


# --- why it stopped ---------------------------------------------------------------------------------

NATIVE = [reason.value for reason in types.FinishReason if reason.value != "FINISH_REASON_UNSPECIFIED"]
CALL = {"functionCall": {"id": "c", "name": "f", "args": {}}}


def test_every_reason_is_known() -> None:
    assert {"STOP"} | _LENGTH | _FILTERED | _BROKEN | _BARE >= set(NATIVE)


REASONS = {
    "stop": ["STOP", "OTHER", "IMAGE_OTHER", "NO_IMAGE"],
    "length": ["MAX_TOKENS", "CONTINUATION"],
    "content_filter": ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY",
                       "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "ESCALATION",
                       "PUP_LIMITED_DISABLED"],
}  # fmt: skip


def test_traps_1_and_2_reasons_with_text() -> None:
    assert {native for several in REASONS.values() for native in several} | _BROKEN >= set(NATIVE)
    for expected, several in REASONS.items():
        for native in several:
            *_, end = events_of([chunk("A"), chunk(finish=native)])
            assert end == Finished(expected, native)  # type: ignore[arg-type]


@pytest.mark.parametrize("native", sorted(set(NATIVE) - _BROKEN))
def test_reasons_with_a_call(native: str) -> None:
    *_, end = events_of([chunk(CALL), chunk("", finish=native)])  # in a later chunk than the call
    expected = "length" if native in _LENGTH else "content_filter" if native in _FILTERED else "tool_calls"
    assert isinstance(end, Finished)
    assert end.reason == expected


BROKEN = ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE",
          "MALFORMED_RESPONSE"]  # fmt: skip


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "stream"])
@pytest.mark.parametrize("part", [{"text": "Let me look."}, CALL], ids=["text", "a call"])
@pytest.mark.parametrize("native", BROKEN)
def test_a_broken_end_is_an_error_whatever_came_before(native: str, part: dict[str, Any], whole: bool) -> None:
    with pytest.raises(BadAnswer) as caught:
        events_of([chunk(part, finish=native)] if whole else [chunk(part), {"candidates": [{"finishReason": native}]}])
    assert (caught.value.failure.status, caught.value.failure.code) == (502, native.lower())


@pytest.mark.parametrize("native", sorted(_BROKEN | _BARE))
def test_reasons_without_anything(native: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        events_of([chunk({"text": "Hm.", "thought": True}), chunk(finish=native)])
    assert (caught.value.failure.status, caught.value.failure.code) == (502, native.lower())


def test_nothing_said_is_an_answer_too() -> None:
    assert calm(events_of([chunk(finish="STOP")]))[1:] == [Finished("stop", "STOP")]


# --- several candidates -----------------------------------------------------------------------------


def test_candidates_are_choices() -> None:
    both = {"candidates": [chunk(CALL)["candidates"][0], chunk("B", index=1)["candidates"][0]]}
    ends = {"candidates": [{"finishReason": "MAX_TOKENS", "index": 1}, {"finishReason": "STOP", "index": 0}]}
    thinks = chunk({"text": "Hm.", "thought": True}, {"functionCall": {"name": "g"}}, index=1)
    events = calm(events_of([both, thinks, ends]))
    assert [getattr(event, "choice", None) for event in events] == [None, 0, 0, 1, 1, 1, 1, 0, 1]
    assert events[-2:] == [Finished("tool_calls", "STOP"), Finished("length", "MAX_TOKENS", choice=1)]
    assert [event.index for event in events if isinstance(event, ToolCallStarted)] == [0, 0]


def test_candidates_without_an_index() -> None:
    two = [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"} for text in "AB"]
    events = calm(list(dialect.answer(Recall(MODEL)).whole({"candidates": two})))
    assert events[1:3] == [TextDelta("A"), TextDelta("B", 1)]


def test_one_broken_candidate_does_not_break_the_other() -> None:
    events = events_of(
        [{"candidates": [{"finishReason": "OTHER", "index": 1}, chunk("A", finish="STOP")["candidates"][0]]}]
    )
    assert calm(events)[-2:] == [Finished("stop", "STOP"), Finished("stop", "OTHER", choice=1)]


# --- calls ------------------------------------------------------------------------------------------


def calls(events: list[Event]) -> list[ToolCallStarted]:
    return [event for event in events if isinstance(event, ToolCallStarted)]


def test_minted_ids_do_not_collide() -> None:
    nameless = {"functionCall": {"name": "f"}}
    payload = chunk(nameless, nameless, finish="STOP")
    ids = [call.id for call in calls(events_of([payload]))]
    ids += [call.id for call in calls(events_of([payload | {"responseId": "r-2"}]))]
    unnamed = {**payload, "responseId": None}
    ids += [call.id for call in calls(events_of([unnamed | {"usageMetadata": {"promptTokenCount": 5}}]))]
    ids += [call.id for call in calls(events_of([unnamed | {"usageMetadata": {"promptTokenCount": 9}}]))]
    assert len(set(ids)) == 8
    assert ids[:2] == [call.id for call in calls(events_of([payload]))]


def test_an_id_that_comes_twice() -> None:
    first, second = calls(events_of([chunk(CALL, CALL, finish="STOP")]))
    assert first.id == "c"
    assert second.id not in ("", "c")


def test_names_are_restored_and_custom_tools_unwrapped() -> None:
    recall = Recall(MODEL, {"my_sql": "my sql"}, frozenset({"my sql"}))
    good = {"functionCall": {"id": "1", "name": "my_sql", "args": {"input": "SELECT 'ü'"}}}
    odd = {"functionCall": {"id": "2", "name": "my_sql", "args": {"query": "x"}}}
    events = events_of([chunk(good, odd, finish="STOP")], recall)
    assert calm(events)[1:-1] == [
        ToolCallStarted(0, "1", "my sql", "custom"),
        ToolCallDelta(0, "SELECT 'ü'"),
        ToolCallStarted(1, "2", "my sql", "custom"),
        ToolCallDelta(1, '{"query": "x"}'),
    ]
    assert noted(events) == [("tool_calls[1].arguments", "approximated")]


ODD_CALLS = [
    pytest.param({"name": "f", "args": [1]}, "[1]", ("tool_calls[0].arguments", "approximated"), id="a list"),
    pytest.param({"name": "f", "args": "{}"}, "{}", ("tool_calls[0].arguments", "approximated"), id="a text"),
    pytest.param(
        {"name": "f", "args": {"a": float("inf")}}, '{"a":null}', ("tool_calls[0].arguments", "approximated"), id="huge"
    ),
    pytest.param(
        {"name": "f", "partialArgs": [{"jsonPath": "$.a"}]},
        "{}",
        ("parts.functionCall.partialArgs", "dropped"),
        id="in pieces",
    ),
    pytest.param({"args": {}}, None, ("parts.functionCall.name", "dropped"), id="no name"),
]


@pytest.mark.parametrize(("call", "arguments", "note"), ODD_CALLS)
def test_odd_calls(call: dict[str, Any], arguments: str | None, note: Any) -> None:
    events = events_of([chunk({"functionCall": call}, finish="STOP")])
    assert [event.arguments for event in events if isinstance(event, ToolCallDelta)] == (
        [arguments] if arguments else []
    )
    assert noted(events) == [note]


# --- usage ------------------------------------------------------------------------------------------

USAGES = [
    pytest.param(
        {"promptTokenCount": 5, "candidatesTokenCount": 2, "thoughtsTokenCount": 50},
        Usage(5, 52, reasoning=50),
        id="cached tokens are counted once",
    ),
    pytest.param(
        {"promptTokenCount": 5, "candidatesTokenCount": 60, "thoughtsTokenCount": 50, "totalTokenCount": 65},
        Usage(5, 60, reasoning=50),
        id="candidates that include thoughts",
    ),
    pytest.param({"promptTokenCount": 5, "toolUsePromptTokenCount": 7}, Usage(12, 0), id="what its tools read"),
    pytest.param({"promptTokenCount": 5, "cachedContentTokenCount": 9}, Usage(5, 0, 5), id="more cached than there is"),
    pytest.param({"promptTokenCount": "many", "candidatesTokenCount": -1}, Usage(0, 0), id="no numbers"),
]


COUNTED = {"promptTokenCount": 87, "candidatesTokenCount": 21, "totalTokenCount": 108, "cachedContentTokenCount": 40}


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        pytest.param(
            {"promptTokenCount": 87, "thoughtsTokenCount": 78, "totalTokenCount": 165},
            Usage(87, 78, 40, reasoning=78),
            id="its total says that it is whole",
        ),
        pytest.param({"thoughtsTokenCount": 78}, Usage(87, 99, 40, reasoning=78), id="what it lacks was told before"),
        pytest.param(
            {"promptTokenCount": 87, "thoughtsTokenCount": 78, "totalTokenCount": 186},
            Usage(87, 99, 40, reasoning=78),
            id="its total says that it is not whole",
        ),
        pytest.param({**COUNTED, "candidatesTokenCount": None}, Usage(87, 21, 40), id="a null"),
        pytest.param({"promptTokenCount": 80, "candidatesTokenCount": 9}, Usage(80, 9, 40), id="it is the last"),
    ],
)
def test_the_last_usage_counts(last: dict[str, Any], expected: Usage) -> None:
    events = events_of([chunk("A") | {"usageMetadata": COUNTED}, chunk("B", finish="STOP") | {"usageMetadata": last}])
    assert [event.usage for event in events if isinstance(event, UsageReported)][-1] == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, Finished("stop", "STOP")),
        (2, Finished("length", "MAX_TOKENS")),
        (3, Finished("content_filter", "SAFETY")),
        (9, Finished("stop", "9")),
    ],
)
def test_a_reason_as_a_number(number: Any, expected: Finished) -> None:
    events = events_of([chunk("A", finish=number)])
    assert events[-1] == expected
    assert (number == 9) == (noted(events) == [("candidates.finishReason", "approximated")])


@pytest.mark.parametrize(("usage", "expected"), USAGES)
def test_usage(usage: dict[str, Any], expected: Usage) -> None:
    events = events_of([chunk("A", finish="STOP") | {"usageMetadata": usage}])
    assert [event.usage for event in events if isinstance(event, UsageReported)] == [expected]
    assert (expected.cache_read or 0) <= expected.input
    assert (expected.reasoning or 0) <= expected.output


@pytest.mark.parametrize(
    ("counts", "tier"),
    [
        ({"serviceTier": "flex"}, "flex"),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "priority"),
        ({"serviceTier": 5}, None),
    ],
)
def test_service_tier(counts: dict[str, Any], tier: str | None) -> None:
    *_, end = events_of([chunk("A", finish="STOP") | {"usageMetadata": counts}])
    assert end == Finished("stop", "STOP", tier)


# --- what is no answer ------------------------------------------------------------------------------


def test_an_error_in_the_stream() -> None:
    machine = dialect.answer(Recall(MODEL))
    first, error = payloads("failing_overloaded_midway")
    assert calm(machine.on(first))[-1] == TextDelta("The first half")
    with pytest.raises(BadAnswer) as caught:
        machine.on(error)
    assert caught.value.failure.status == 503


def test_a_malformed_call_is_an_error() -> None:
    with pytest.raises(BadAnswer) as caught:
        events_of(payloads("failing_malformed_call"))
    assert caught.value.failure.code == "malformed_function_call"


NO_ANSWERS = [
    pytest.param([], id="nothing"),
    pytest.param([{"usageMetadata": {"promptTokenCount": 1}}], id="only usage"),
    pytest.param([{"promptFeedback": {"safetyRatings": []}}], id="feedback that blocks nothing"),
    pytest.param([chunk("A")], id="no reason"),
    pytest.param([chunk("A", finish="FINISH_REASON_UNSPECIFIED")], id="no reason said"),
    pytest.param([chunk("A", finish="STOP"), chunk("B", index=1)], id="one of two"),
]


@pytest.mark.parametrize("events", NO_ANSWERS)
def test_incomplete(events: list[Any]) -> None:
    with pytest.raises(BadAnswer) as caught:
        events_of(events)
    assert (caught.value.failure.status, caught.value.failure.code) == (502, "incomplete_answer")


@pytest.mark.parametrize("name", COMPLETE)
def test_a_whole_array_is_the_same(name: str) -> None:
    """What `streamGenerateContent` answers without `alt=sse`."""
    assert list(dialect.answer(Recall(MODEL)).whole(payloads(name))) == events_of(payloads(name))


def test_google_ends_its_lines_with_crlf() -> None:
    assert b"\r\n" in recorded("safety_stop")


ODD_SHAPES = [
    {"candidates": 5},
    {"candidates": [5]},
    {"candidates": [{"content": 5, "index": "x"}]},
    {"candidates": [{"content": {"parts": [5, {"text": 7}, {"functionCall": 5}, {"inlineData": {}}]}}]},
    {"candidates": [{"groundingMetadata": 5, "citationMetadata": 5, "logprobsResult": 5, "finishMessage": 5}]},
    {"candidates": [{"logprobsResult": {"chosenCandidates": [5], "topCandidates": 5}}], "promptFeedback": 5},
    {"usageMetadata": 5, "responseId": 5, "modelVersion": 5},
]


@pytest.mark.parametrize("payload", ODD_SHAPES, ids=json.dumps)
def test_odd_shapes_pass(payload: Any) -> None:
    assert calm(events_of([payload, chunk("A", finish="STOP")]))[-1] == Finished("stop", "STOP")
