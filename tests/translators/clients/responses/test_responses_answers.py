"""How a response is written, whole and streamed: the documented order of events, and OpenAI's own readers of it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response
from pydantic_core import from_json
from responses_oracles import ENVELOPE, EVENT, SEEN, check, folded, form, payloads, schema, streamed, whole, write

from translators.clients import responses
from translators.clients.responses.encrypted_content import EncryptedContent, decode, encode
from translators.errors import BadAnswer, Failure
from translators.events import (
    Annotation,
    Event,
    Finished,
    ForeignBlock,
    ImageMade,
    Logprobs,
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

STOP, CALLS = Finished("stop", "end_turn"), Finished("tool_calls", "tool_use")
LENGTH, FILTER = Finished("length", "max_tokens"), Finished("content_filter", "refusal")
USAGE = UsageReported(Usage(10, 5, 4, 2, 3))
SIGNER = "anthropic:claude"

TEXT: list[Event] = [Started(), TextDelta(""), TextDelta("Hel"), TextDelta("lo"), USAGE, STOP]
TURN: list[Event] = [
    Started(),
    ReasoningDelta(0, "Two "),
    ReasoningDelta(0, "calls."),
    ReasoningSigned(0, "sig0", SIGNER),
    TextDelta("Let me."),
    ToolCallStarted(0, "call_a", "look"),
    ToolCallDelta(0, '{"at":'),
    ToolCallDelta(0, "1}"),
    ToolCallStarted(1, "call_b", "sql", "custom"),
    ToolCallDelta(1, "select "),
    ToolCallDelta(1, "1"),
    USAGE,
    CALLS,
]
EVERYTHING: list[Event] = [
    Started(),
    ReasoningRedacted(0, "ZGF0YQ==", SIGNER),
    ReasoningDelta(1, "Hm."),
    TextDelta("Yes é"),
    Logprobs((TokenLogprob("Yes", -0.1, (TokenLogprob("No", -2.0),)), TokenLogprob("�", -0.2, (), (195, 169)))),
    Annotation(0, 3, "Title", "https://a.example/"),
    ForeignBlock("anthropic", {"type": "server_tool_use", "id": "s1"}),
    TextDelta("again"),
    Annotation(5, 10, "Other", "https://b.example/"),
    ImageMade("image/png", "iVBORw0KGgo="),
    ToolCallStarted(0, "call_a", "look", signature="gsig", issuer="gemini:g"),
    ToolCallDelta(0, "{}"),
    RefusalDelta("But "),
    RefusalDelta("no."),
    USAGE,
    Finished("stop", "end_turn", "default"),
]


def kinds(sent: list[Any]) -> list[str]:
    return [payload["type"].removeprefix("response.") for payload in sent]


# --- the order ----------------------------------------------------------------------------------

BEGUN = ["created", "in_progress"]
ADDED, DONE, PART = ["output_item.added"], ["output_item.done"], ["content_part.added"]
TEXT_DONE = ["output_text.done", "content_part.done", *DONE]
SUMMARY_BEGUN = [*ADDED, "reasoning_summary_part.added"]
SUMMARY_DONE = ["reasoning_summary_text.done", "reasoning_summary_part.done", *DONE]


def test_the_order_of_a_text() -> None:
    middle = [*ADDED, *PART, *["output_text.delta"] * 2, *TEXT_DONE]
    assert kinds(streamed(TEXT, SEEN)) == [*BEGUN, *middle, "completed"]


def test_the_order_of_a_turn_with_calls() -> None:
    assert kinds(streamed(TURN, SEEN)) == [
        *BEGUN,
        *[*SUMMARY_BEGUN, *["reasoning_summary_text.delta"] * 2, *SUMMARY_DONE],
        *[*ADDED, *PART, "output_text.delta", *TEXT_DONE],
        *[*ADDED, *["function_call_arguments.delta"] * 2, "function_call_arguments.done", *DONE],
        *[*ADDED, *["custom_tool_call_input.delta"] * 2, "custom_tool_call_input.done", *DONE],
        "completed",
    ]


def test_the_order_of_a_refusal() -> None:
    events = [Started(), RefusalDelta("I "), RefusalDelta("won't."), STOP]
    refusal = [*PART, *["refusal.delta"] * 2, "refusal.done", "content_part.done"]
    assert kinds(streamed(events, SEEN)) == [*BEGUN, *ADDED, *refusal, *DONE, "completed"]


def test_the_whole_of_a_text_stream() -> None:
    item = {"id": "msg_1_0", "type": "message", "role": "assistant"}
    place = {"item_id": "msg_1_0", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
    full = {**item, "status": "completed", "content": [{**part, "text": "Hello"}]}
    created, begun, *middle, completed = streamed(TEXT, form())
    for number, payload in enumerate(middle, 2):
        assert payload.pop("sequence_number") == number
    assert middle == [
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **place, "part": part},
        {"type": "response.output_text.delta", **place, "logprobs": [], "delta": "Hel"},
        {"type": "response.output_text.delta", **place, "logprobs": [], "delta": "lo"},
        {"type": "response.output_text.done", **place, "text": "Hello", "logprobs": []},
        {"type": "response.content_part.done", **place, "part": {**part, "text": "Hello"}},
        {"type": "response.output_item.done", "output_index": 0, "item": full},
    ]
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 15,
    }
    assert created["response"] == begun["response"]
    assert created["response"] | {"usage": usage} == {**completed["response"], "status": "in_progress", "output": []}
    assert completed["response"] == {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "alias",
        "output": [full],
        "instructions": None,
        "max_output_tokens": None,
        "previous_response_id": None,
        "temperature": None,
        "top_p": None,
        "background": False,
        "max_tool_calls": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "truncation": "disabled",
        "usage": usage,
    }


# --- the oracles --------------------------------------------------------------------------------

SEQUENCES = [
    pytest.param(TEXT, id="text"),
    pytest.param(TURN, id="reasoning, text and calls"),
    pytest.param(EVERYTHING, id="everything"),
    pytest.param([Started(), STOP], id="nothing"),
    pytest.param([Started(), RefusalDelta("No."), FILTER], id="a refusal"),
    pytest.param([Started(), TextDelta("Cut"), LENGTH], id="cut"),
    pytest.param([Started(), ToolCallStarted(0, "a", "f"), ToolCallDelta(0, '{"x'), LENGTH], id="a cut call"),
]


@pytest.mark.parametrize("events", SEQUENCES)
@pytest.mark.parametrize("requested", [pytest.param(form(), id="plain"), pytest.param(SEEN, id="with all")])
def test_the_oracles_take_it(events: list[Event], requested: Any) -> None:
    sent = streamed(events, requested)
    check(sent)
    for payload in sent:
        assert [error.message for error in schema("ResponseStreamEvent").iter_errors(payload)] == []
    final = whole(events, requested)
    assert final == sent[-1]["response"]
    assert [error.message for error in schema("Response").iter_errors(final)] == []


REQUEST: dict[str, Any] = {
    "instructions": "Be brief.",
    "max_output_tokens": 100,
    "metadata": {"a": "b"},
    "parallel_tool_calls": False,
    "prompt_cache_key": "k",
    "reasoning": {"effort": "low", "summary": "auto"},
    "safety_identifier": "s",
    "temperature": 0.5,
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}, "verbosity": "low"},
    "tool_choice": {"type": "function", "name": "look"},
    "tools": [
        {"type": "function", "name": "look", "parameters": {"type": "object"}},
        {"type": "custom", "name": "patch", "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"}},
        {"type": "web_search", "search_context_size": "low"},
    ],
    "top_logprobs": 2,
    "top_p": 0.9,
    "truncation": "auto",
    "max_tool_calls": 3,
    "store": True,
    "user": "u",
}


def test_what_an_answer_repeats_of_its_request() -> None:
    final = whole(TEXT, form(**REQUEST))
    Response.model_validate(final)
    changed = {
        "reasoning": {"effort": "low", "summary": "auto"},
        "tools": [{"parameters": None, "strict": None, **REQUEST["tools"][0]}, *REQUEST["tools"][1:]],
        "truncation": "disabled",
        "max_tool_calls": None,
        "store": False,
    }
    assert {name: final[name] for name in REQUEST} == {**REQUEST, **changed}


texts = st.sampled_from(["", "a", "é\n", " ", "😀"])
pieces: st.SearchStrategy[Event] = st.one_of(
    texts.map(TextDelta),
    texts.map(RefusalDelta),
    st.builds(ReasoningDelta, st.integers(0, 3), texts),
    st.builds(ReasoningSigned, st.integers(0, 3), st.just("sig")),
    st.builds(ReasoningRedacted, st.integers(4, 5), st.just("data")),
    st.just(ForeignBlock("anthropic", {"type": "x"})),
    st.just(ImageMade("image/png", "AAAA")),
    st.builds(Annotation, st.integers(0, 9), st.integers(0, 9), st.just("t"), st.just("u")),
    st.just(Logprobs((TokenLogprob("a", -1.0),))),
    st.just(USAGE),
)


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """Every order that the contract of events allows, calls one after another."""
    events: list[Event] = [Started()]
    calls = 0
    for piece in draw(st.lists(pieces, max_size=12)):
        events.append(piece)
        if draw(st.booleans()):
            kind = "custom" if draw(st.booleans()) else "function"
            signature = draw(st.sampled_from([None, "gsig"]))
            events.append(ToolCallStarted(calls, f"call_{calls}", "f", kind, signature))  # type: ignore[arg-type]
            events += [ToolCallDelta(calls, part) for part in draw(st.sampled_from([["{}"], ['{"a":', " 1}"]]))]
            calls += 1
    return [*events, draw(st.sampled_from([STOP, CALLS, LENGTH, FILTER]))]


@given(answers(), st.sampled_from([form(), SEEN]))
@settings(max_examples=100, deadline=None)
def test_any_answer(events: list[Event], requested: Any) -> None:
    sent = streamed(events, requested)
    final = sent[-1]["response"]
    assert whole(events, requested) == final
    late = [event for event in events if isinstance(event, Annotation)]
    if not late:  # a citation that comes after its text was done is in the final output only
        check(sent)
    texts = folded(sent)
    for index, item in enumerate(final["output"]):
        expected = {
            "message": [part.get("text", part.get("refusal")) for part in item.get("content", ())],
            "reasoning": [part["text"] for part in item.get("summary", ())],
        }.get(item["type"], [item.get("arguments", item.get("input"))])
        if item["type"] != "image_generation_call":
            assert list(texts.get(index, {}).values()) == expected


EARLY = [
    pytest.param([Annotation(0, 0, "t", "u"), TextDelta("Hi")], [(0, 0)], id="before the text, of nothing"),
    pytest.param([Annotation(0, 2, "t", "u"), TextDelta("Hi")], [(0, 2)], id="before the text"),
    pytest.param([TextDelta("H"), Annotation(0, 2, "t", "u"), TextDelta("i")], [(0, 2)], id="in the middle of it"),
    pytest.param([TextDelta("Hi"), Annotation(0, 2, "t", "u")], [(0, 2)], id="after it"),
    pytest.param([Annotation(-3, 99, "t", "u"), TextDelta("Hi")], [(0, 2)], id="of more than there is"),
    pytest.param([TextDelta("Hi"), Annotation(7, 9, "t", "u")], [(2, 2)], id="of what never came"),
    pytest.param([Annotation(0, 2, "t", "u")], [(0, 0)], id="without any text"),
    pytest.param([Annotation(0, 2, "t", "u"), RefusalDelta("No"), TextDelta("Hi")], [(0, 2)], id="before a refusal"),
]


@pytest.mark.parametrize(("events", "places"), EARLY)
def test_a_citation_waits_for_its_text(events: list[Event], places: list[tuple[int, int]]) -> None:
    """It is emitted before its part is done, and an item that is done is what the response has."""
    sent = streamed([Started(), *events, STOP], SEEN)
    kinds = [each["type"].removeprefix("response.") for each in sent]
    assert kinds.index("output_text.annotation.added") < kinds.index("output_text.done")
    done = [each["item"] for each in sent if each["type"] == "response.output_item.done"]
    assert done == sent[-1]["response"]["output"] == whole([Started(), *events, STOP], SEEN)["output"]
    cited = [
        (each["start_index"], each["end_index"])
        for item in done
        for part in item["content"]
        for each in part.get("annotations", ())
    ]
    assert cited == places


# --- how it ends --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "status", "reason", "items"),
    [
        pytest.param([TextDelta("x"), STOP], "completed", None, "completed", id="stop"),
        pytest.param([TextDelta("x"), CALLS], "completed", None, "completed", id="calls"),
        pytest.param([TextDelta("x"), LENGTH], "incomplete", "max_output_tokens", "incomplete", id="length"),
        pytest.param([TextDelta("x"), FILTER], "incomplete", "content_filter", "incomplete", id="filtered"),
        pytest.param([RefusalDelta("x"), FILTER], "incomplete", "content_filter", "incomplete", id="refused"),
        pytest.param([RefusalDelta("x"), STOP], "completed", None, "completed", id="the model's own refusal"),
    ],
)
def test_how_it_ends(events: list[Event], status: str, reason: str | None, items: str) -> None:
    sent = streamed([Started(), *events], SEEN)
    final = sent[-1]["response"]
    assert sent[-1]["type"] == f"response.{status}"
    assert final["status"] == status
    assert final["incomplete_details"] == (None if reason is None else {"reason": reason})
    assert [item["status"] for item in final["output"]] == [items]


def test_only_the_last_item_is_cut() -> None:
    events = [Started(), TextDelta("x"), ToolCallStarted(0, "a", "f"), ToolCallDelta(0, '{"x'), LENGTH]
    assert [item["status"] for item in whole(events, SEEN)["output"]] == ["completed", "incomplete"]


def test_a_failure_in_a_stream_carries_the_response() -> None:
    writer = responses.streamed(SEEN, ENVELOPE)
    sent = b"".join(writer.on(event) for event in (*TURN[:6], ToolCallDelta(0, '{"at":')))
    sent += writer.fail(Failure(503, "Too busy.", "server_error", None, "server_overloaded"))
    *_, last = payloads(sent)
    assert last["type"] == "response.failed"
    EVENT.validate_python(last)
    final = last["response"]
    assert (final["status"], final["error"]) == ("failed", {"code": "server_error", "message": "Too busy."})
    assert [item["type"] for item in final["output"]] == ["reasoning", "message", "function_call"]
    assert final["output"][2]["status"] == "incomplete"
    assert final["output"][2]["arguments"] == '{"at":'
    assert sum(payload["type"] == "response.output_item.done" for payload in payloads(sent)) == 2
    assert writer.response == final  # type: ignore[attr-defined]


def test_a_text_that_breaks_off_is_in_the_failed_response() -> None:
    writer = responses.streamed(SEEN, ENVELOPE)
    sent = writer.on(TextDelta("Hal")) + writer.fail(Failure(502, "Broke.", "server_error"))
    message = payloads(sent)[-1]["response"]["output"][0]
    assert (message["status"], message["content"][0]["text"]) == ("incomplete", "Hal")


def test_a_failure_before_everything_begins_and_fails() -> None:
    sent = responses.streamed(SEEN, ENVELOPE).fail(Failure(429, "Slow down.", "rate_limit_error"))
    assert kinds(payloads(sent)) == ["created", "in_progress", "failed"]


@pytest.mark.parametrize(
    ("failure", "code", "message"),
    [
        pytest.param(Failure(500, "m.", "t"), "server_error", "m.", id="ours"),
        pytest.param(Failure(400, "m.", "t", None, "x"), "invalid_prompt", "m.", id="the prompt"),
        pytest.param(Failure(429, "m.", "t", None, "insufficient_quota"), "insufficient_quota", "m.", id="no money"),
        pytest.param(
            Failure(400, "m.", "t", None, "context_length_exceeded"), "context_length_exceeded", "m.", id="long"
        ),
        pytest.param(
            Failure(429, "Slow.", "t", headers={"retry-after": "7"}),
            "rate_limit_exceeded",
            "Slow. Please try again in 7s.",
            id="a limit with a time",
        ),
        pytest.param(
            Failure(429, "Slow.", "t", headers={"retry-after": "1", "retry-after-ms": "350.5"}),
            "rate_limit_exceeded",
            "Slow. Please try again in 350.5ms.",
            id="a limit with an exact time",
        ),
        pytest.param(
            Failure(429, "Slow.", "t", headers={"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}),
            "rate_limit_exceeded",
            "Slow.",
            id="a limit with a date",
        ),
    ],
)
def test_the_code_of_a_failure(failure: Failure, code: str, message: str) -> None:
    sent = responses.streamed(SEEN, ENVELOPE).fail(failure)
    assert payloads(sent)[-1]["response"]["error"] == {"code": code, "message": message}


def test_a_whole_answer_that_fails_is_an_error() -> None:
    failure = Failure(502, "Broke.", "server_error")
    assert from_json(responses.whole(SEEN, ENVELOPE).fail(failure)) == failure.body()


# --- reasoning ----------------------------------------------------------------------------------


def encrypted(item: dict[str, Any]) -> EncryptedContent:
    what = decode(item["encrypted_content"])
    assert what is not None
    assert what.response == item["id"].split("_")[1]
    return replace(what, response="")


THINKING = EncryptedContent("thinking", SIGNER, text="Two calls.", signature="sig0")


def test_a_signature_is_in_the_item_that_is_done_and_in_the_final_output() -> None:
    sent = streamed(TURN, SEEN)
    done = next(payload["item"] for payload in sent if payload["type"] == "response.output_item.done")
    assert done == sent[-1]["response"]["output"][0]
    assert done["summary"] == [{"type": "summary_text", "text": "Two calls."}]
    assert encrypted(done) == THINKING


def test_a_client_that_asks_for_no_summary_gets_the_signature_alone() -> None:
    sent = streamed(TURN, form(reasoning={"effort": "low"}))
    assert not any("summary" in payload["type"] for payload in sent)
    first = sent[-1]["response"]["output"][0]
    assert (first["type"], first["summary"], encrypted(first)) == ("reasoning", [], THINKING)
    added = next(payload["item"] for payload in sent if payload["type"] == "response.output_item.added")
    assert added == {"id": "rs_1_0", "type": "reasoning", "summary": []}


@pytest.mark.parametrize("requested", [form(), SEEN], ids=["unseen", "seen"])
def test_unsigned_reasoning_is_handed_back_too(requested: Any) -> None:
    """DeepSeek refuses a call that comes back without the reasoning before it, and many clients send reasoning back
    only where it has encrypted content."""
    events: list[Event] = [Started(), ReasoningDelta(0, "H"), ReasoningDelta(0, "m."), ToolCallStarted(0, "c", "f")]
    events += [ToolCallDelta(0, "{}"), ReasoningDelta(0, "So."), TextDelta("x"), CALLS]
    sent = streamed(events, requested)
    check(sent)
    output = sent[-1]["response"]["output"]
    assert output == whole(events, requested)["output"]
    assert [item["type"] for item in output] == ["reasoning", "function_call", "reasoning", "message"]
    summaries = [[part["text"] for part in item["summary"]] for item in output[::2]]
    assert summaries == ([["Hm."], ["So."]] if requested is SEEN else [[], []])
    assert [encrypted(item) for item in output[::2]] == [
        EncryptedContent("thinking", text=text) for text in ("Hm.", "So.")
    ]


def test_a_signature_that_comes_late_has_an_item_of_its_own() -> None:
    events = [Started(), ReasoningDelta(0, "Hm."), TextDelta("x"), ReasoningSigned(0, "s", SIGNER), STOP]
    *_, last = whole(events, SEEN)["output"]
    assert encrypted(last) == EncryptedContent("thinking", SIGNER, text="Hm.", signature="s")


def test_interleaved_thinking_keeps_its_order() -> None:
    events: list[Event] = [Started()]
    for block in range(2):
        events += [ReasoningDelta(block, f"{block}"), ReasoningSigned(block, f"s{block}")]
        events += [ToolCallStarted(block, f"c{block}", "f"), ToolCallDelta(block, "{}")]
    output = whole([*events, CALLS], SEEN)["output"]
    assert [item["type"] for item in output] == ["reasoning", "function_call"] * 2
    assert [encrypted(item).text for item in output[::2]] == ["0", "1"]


def test_what_a_provider_wants_back_comes_before_what_it_belongs_to() -> None:
    output = whole(EVERYTHING, SEEN)["output"]
    blobs = [encrypted(item) for item in output if "encrypted_content" in item]
    assert blobs == [
        EncryptedContent("redacted", SIGNER, data="ZGF0YQ=="),
        EncryptedContent("thinking", text="Hm."),
        EncryptedContent("foreign", "anthropic", block={"type": "server_tool_use", "id": "s1"}),
        EncryptedContent("call", "gemini:g", signature="gsig", call_id="call_a"),
    ]
    assert [item["type"] for item in output] == [
        *["reasoning", "reasoning", "message", "reasoning", "message", "image_generation_call"],
        *["reasoning", "function_call", "message"],
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("gAAAAABo", id="OpenAI's own"),
        pytest.param("gw1.", id="nothing"),
        pytest.param("gw1.%%%", id="no base64"),
        pytest.param("gw1.eyJraW5kIjoi", id="cut"),
        pytest.param("gw1.W10", id="a list"),
        pytest.param(encode(EncryptedContent("thinking", "anthropic:m")), id="no signature and no text"),
        pytest.param("gw1.eyJraW5kIjoib3RoZXIifQ", id="another kind"),
    ],
)
def test_what_is_not_ours_is_not_decoded(text: str) -> None:
    assert decode(text) is None


# --- calls --------------------------------------------------------------------------------------


def test_a_tool_of_a_namespace_has_its_own_name_back() -> None:
    tools = [{"type": "namespace", "name": "crm", "description": "", "tools": [{"type": "function", "name": "find"}]}]
    events = [Started(), ToolCallStarted(0, "c", "crm__find"), ToolCallDelta(0, "{}"), CALLS]
    (call,) = whole(events, form(tools=tools))["output"]
    assert (call["namespace"], call["name"]) == ("crm", "find")


FINDER = form(tools=[{"type": "tool_search", "execution": "client", "parameters": {"type": "object"}}])


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        pytest.param(['{"query"', ': "x"}'], {"query": "x"}, id="in pieces"),
        pytest.param([], {}, id="none"),
        pytest.param(['{"query'], '{"query', id="no JSON"),
    ],
)
def test_a_search_for_tools_is_an_item_of_its_own_kind(pieces: list[str], arguments: Any) -> None:
    """It has no deltas."""
    events: list[Event] = [Started(), ToolCallStarted(0, "c", "tool_search")]
    events += [*(ToolCallDelta(0, piece) for piece in pieces), CALLS]
    sent = streamed(events, FINDER)
    check(sent)
    assert kinds(sent)[2:] == ["output_item.added", "output_item.done", "completed"]
    item = {"type": "tool_search_call", "execution": "client", "call_id": "c"}
    item |= {"id": "tsc_1_0", "status": "completed", "arguments": arguments}
    assert sent[-1]["response"]["output"] == [item] == whole(events, FINDER)["output"]


def test_a_search_for_tools_that_breaks_off() -> None:
    writer = responses.streamed(FINDER, ENVELOPE)
    sent = writer.on(ToolCallStarted(0, "c", "tool_search")) + writer.on(ToolCallDelta(0, '{"que'))
    (item,) = payloads(sent + writer.fail(Failure(502, "Gone.", "server_error")))[-1]["response"]["output"]
    assert (item["status"], item["arguments"]) == ("incomplete", {})


def test_calls_that_come_at_the_same_time_stay_apart() -> None:
    events: list[Event] = [Started(), ToolCallStarted(0, "a", "f"), ToolCallStarted(1, "b", "f")]
    events += [ToolCallDelta(0, '{"x":'), ToolCallDelta(1, '{"y":'), ToolCallDelta(0, "1}"), ToolCallDelta(1, "2}")]
    sent = streamed([*events, CALLS], SEEN)
    calls = [payload["item"] for payload in sent if payload["type"] == "response.output_item.done"]
    assert [call["arguments"] for call in calls] == ['{"x":1}', '{"y":2}']
    assert sent[-1]["response"]["output"] == calls


def test_a_call_that_goes_on_after_its_end_is_no_answer() -> None:
    writer = responses.streamed(SEEN, ENVELOPE)
    for event in (ToolCallStarted(0, "a", "f"), ToolCallDelta(0, "{}"), TextDelta("x"), ToolCallDelta(0, " \n")):
        writer.on(event)
    with pytest.raises(BadAnswer):
        writer.on(ToolCallDelta(0, "{}"))


# --- what goes with a text ----------------------------------------------------------------------


def test_a_citation_counts_the_characters_of_its_part() -> None:
    output = [item for item in whole(EVERYTHING, SEEN)["output"] if item["type"] == "message"]
    cited = [part["annotations"] for item in output for part in item["content"] if "text" in part]
    assert [[(each["start_index"], each["end_index"]) for each in part] for part in cited] == [[(0, 3)], [(0, 5)]]
    assert cited[0][0]["type"] == "url_citation"


def test_a_citation_that_comes_late_is_told_all_the_same() -> None:
    events = [Started(), TextDelta("One"), ToolCallStarted(0, "a", "f"), ToolCallDelta(0, "{}")]
    sent = streamed([*events, Annotation(0, 3, "t", "u"), CALLS], SEEN)
    added = next(p for p in sent if p["type"] == "response.output_text.annotation.added")
    assert (added["output_index"], added["annotation"]["end_index"]) == (0, 3)
    assert sent[-1]["response"]["output"][0]["content"][0]["annotations"] == [added["annotation"]]


def test_there_is_one_answer() -> None:
    assert whole([*TEXT[:-1], TextDelta("other", choice=1), STOP], SEEN) == whole(TEXT, SEEN)


def test_probabilities_are_told_to_who_asked() -> None:
    sent = streamed(EVERYTHING, SEEN)
    tokens = [
        {
            "token": "Yes",
            "bytes": [89, 101, 115],
            "logprob": -0.1,
            "top_logprobs": [{"token": "No", "bytes": [78, 111], "logprob": -2.0}],
        },
        {"token": "�", "bytes": [195, 169], "logprob": -0.2, "top_logprobs": []},
    ]
    deltas = [payload["logprobs"] for payload in sent if payload["type"] == "response.output_text.delta"]
    assert deltas == [[], tokens, []]
    assert next(p["logprobs"] for p in sent if p["type"] == "response.output_text.done") == tokens
    part = next(item for item in sent[-1]["response"]["output"] if item["type"] == "message")["content"][0]
    assert part["logprobs"] == tokens
    plain = streamed(EVERYTHING, form())
    assert [p["logprobs"] for p in plain if p["type"] == "response.output_text.delta"] == [[], []]


def test_a_picture_is_an_item() -> None:
    (picture,) = [item for item in whole(EVERYTHING, SEEN)["output"] if item["type"] == "image_generation_call"]
    assert picture == {
        "id": "ig_1_5",
        "type": "image_generation_call",
        "status": "completed",
        "result": "iVBORw0KGgo=",
        "output_format": "png",
    }


def test_the_finished_response_is_there_to_be_kept() -> None:
    for make in (responses.streamed, responses.whole):
        writer = make(SEEN, ENVELOPE)
        assert writer.response is None  # type: ignore[attr-defined]
        write(writer, TEXT)
        assert writer.response == whole(TEXT, SEEN)  # type: ignore[attr-defined]


def test_a_keepalive_is_a_comment() -> None:
    assert responses.keepalive() == b": ping\n\n"
