import copy
from typing import Any

import pytest
from openai_answers import calls, calm, chunk, events_of, noted, payloads, stream, text

from translators.dialects import Recall
from translators.errors import BadAnswer
from translators.events import (
    Annotation,
    Finished,
    ForeignBlock,
    ImageMade,
    Logprobs,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from translators.framing import sse
from translators.providers import openai as dialect

USAGE = UsageReported(Usage(19, 10, 4, None, 0))


def test_text() -> None:
    assert events_of(payloads("text")) == [
        Started("chatcmpl-C1x", "gpt-5.5-2026-08-01"),
        TextDelta("Hello"),
        TextDelta(" wörld 👋"),
        USAGE,
        Finished("stop", "stop", "default"),
    ]


def test_parallel_calls() -> None:
    emitted = events_of(payloads("parallel_tools"))
    assert calls(emitted) == [("call_a", "look", '{"place":"Köln"}'), ("call_b", "now", "{}")]
    assert emitted[-1] == Finished("tool_calls", "tool_calls", "default")


def test_trap_9_a_cut_call_stays_cut() -> None:
    emitted = events_of(payloads("cut_inside_a_call"))
    assert calls(emitted) == [("call_a", "look", '{"place":"K')]
    assert (emitted[-1], noted(emitted)) == (Finished("length", "length", "default"), [])


def test_two_choices() -> None:
    emitted = calm(events_of(payloads("two_choices_with_logprobs"), Recall("m", choices=2)))
    assert [(event.choice, event.text) for event in emitted if isinstance(event, TextDelta)] == [
        (0, "Yes"),
        (1, "No"),
        (0, "."),
        (1, "!"),
    ]
    half = TokenLogprob("�", -4.5, bytes=(240, 159))
    first = TokenLogprob("Yes", -0.1, (TokenLogprob("Yes", -0.1), half))
    assert next(event for event in emitted if isinstance(event, Logprobs)) == Logprobs((first,))
    assert emitted[-2:] == [Finished("stop", "stop", "default", n) for n in (0, 1)]


DIALECTS = [
    pytest.param("deepseek_reasoning", "The user greets.", "Hi there", Usage(8, 22, 0, None, 14), id="DeepSeek"),
    pytest.param("groq_usage_beside", "", "Hello", Usage(5, 2), id="Groq's usage in x_groq"),
    pytest.param("azure_filter_results", "", "Hello.", Usage(19, 10, 4, None, 0), id="Azure's first chunk"),
    pytest.param("llama_cpp_timings", "Hm.", "Hi", Usage(70, 7), id="llama.cpp"),
    pytest.param("mistral_thinking_parts", "Let me see.", "Fine.", Usage(8, 12), id="Mistral's parts"),
    pytest.param("moonshot_usage_in_the_choice", "So.", "Ok", Usage(6, 3, 2), id="Moonshot's usage in the choice"),
    pytest.param("openrouter_reasoning_and_tools", "Need tools.", "Looking.", Usage(50, 40, reasoning=12), id="OR"),
    pytest.param("vllm_roles_and_ids_repeated", "Hmm.", "", Usage(9, 6), id="vLLM's usage in every chunk"),
]


@pytest.mark.parametrize(("name", "thought", "content", "usage"), DIALECTS)
def test_compatible_servers(name: str, thought: str, content: str, usage: Usage) -> None:
    emitted = events_of(payloads(name))
    assert "".join(event.text for event in emitted if isinstance(event, ReasoningDelta)) == thought
    assert text(emitted) == content
    assert [event.usage for event in emitted if isinstance(event, UsageReported)][-1] == usage


CALLS = [
    pytest.param("openrouter_reasoning_and_tools", [("toolu_1", "Rome"), ("toolu_2", "Oslo")], id="from index 1"),
    pytest.param("mistral_whole_calls_without_index", [("D681PevKs", "Paris"), ("aBcDeFgHi", "Lyon")], id="no index"),
    pytest.param("vllm_roles_and_ids_repeated", [("chatcmpl-tool-1", "Bonn")], id="an id in every fragment"),
]


@pytest.mark.parametrize(("name", "expected"), CALLS)
def test_calls_of_compatible_servers(name: str, expected: list[tuple[str, str]]) -> None:
    emitted = events_of(payloads(name))
    assert calls(emitted) == [(id, "look", f'{{"place": "{place}"}}') for id, place in expected]
    assert isinstance(emitted[-1], Finished)
    assert emitted[-1].reason == "tool_calls"


def fragment(index: int | None, id: str | None, name: str | None, arguments: Any = "") -> dict[str, Any]:
    place_of_call: dict[str, Any] = {} if index is None else {"index": index}
    return {**place_of_call, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        pytest.param(
            [[fragment(0, "a", "f", "{}")], [fragment(0, "b", "g", "{}")]],
            [("a", "f", "{}"), ("b", "g", "{}")],
            id="one index for all",
        ),
        pytest.param(
            [[fragment(0, "", "f", "{}"), fragment(0, "", "f", "{}")]],
            [("call_x1_0_0", "f", "{}"), ("call_x1_0_1", "f", "{}")],
            id="twice the same, without ids",
        ),
        pytest.param(
            [[fragment(0, "a", "f", "{"), fragment(1, "a", "f", "{")], [fragment(1, "a", "f", "}")],
             [fragment(0, None, None, "}")]],
            [("a", "f", "{}"), ("call_x1_0_1", "f", "{}")],
            id="one id for all",
        ),
        pytest.param(
            [[fragment(None, "a", "f", "{")], [fragment(None, "a", None, "}")]], [("a", "f", "{}")], id="by its id"
        ),
        pytest.param(
            [[fragment(None, "a", "f", "{")], [fragment(None, None, None, "}")]], [("a", "f", "{}")], id="the last one"
        ),
        pytest.param(
            [[fragment(0, "a", "f", "{")], [fragment(0, "a", "f", "}")]], [("a", "f", "{}")], id="its head repeated"
        ),
        pytest.param(
            [[fragment(0, "a", None, "{")], [fragment(0, None, "f", "}")]], [("a", "f", "{}")], id="its name came late"
        ),
        pytest.param(
            [[fragment(3, "a", "f", "{")], [fragment(5, "b", "g", "{")], [fragment(3, None, None, "}")],
             [fragment(5, None, None, "}")]],
            [("a", "f", "{}"), ("b", "g", "{}")],
            id="interleaved, with gaps",
        ),
        pytest.param([[fragment(0, "a", "f", {"x": 1})]], [("a", "f", '{"x": 1}')], id="arguments as an object"),
        pytest.param([[fragment(0, "a", "f", " \n")]], [("a", "f", "{}")], id="arguments of white space"),
        pytest.param([[fragment(0, "a", "f", None)]], [("a", "f", "{}")], id="no arguments"),
        pytest.param(
            [[fragment(0, "a", None, "{}")], [fragment(1, "b", "g", "{}")]], [("b", "g", "{}")], id="no name at all"
        ),
        pytest.param([["junk", fragment(0, "a", "f", "{}")]], [("a", "f", "{}")], id="no object"),
    ],
)  # fmt: skip
def test_which_call_a_fragment_belongs_to(deltas: list[Any], expected: list[tuple[str, str, str]]) -> None:
    emitted = events_of(stream(*({"tool_calls": delta} for delta in deltas), finish="tool_calls"))
    assert calls(emitted) == expected
    assert emitted[-1] == Finished("tool_calls", "tool_calls")


@pytest.mark.parametrize(
    "fragment",
    [
        pytest.param(fragment(0, "a", None, "{}"), id="an id"),
        pytest.param(fragment(0, None, None, '{"x": 1}'), id="arguments"),
        pytest.param(fragment(0, "a", "", '{"x": 1}'), id="an empty name"),
    ],
)
def test_a_call_without_a_name_is_none(fragment: Any) -> None:
    """No client could send it back."""
    emitted = events_of(stream({"content": "So."}, {"tool_calls": [fragment]}, finish="tool_calls"))
    assert calls(emitted) == []
    assert emitted[-1] == Finished("stop", "tool_calls")
    assert noted(emitted) == ["finish_reason", "tool_calls.function.name"]


def test_a_custom_call() -> None:
    native = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "w", "input": "x "}}
    emitted = events_of(stream({"tool_calls": [native]}, {"tool_calls": [{"index": 0, "custom": {"input": "y"}}]}))
    assert emitted[1:4] == [ToolCallStarted(0, "a", "w", "custom"), ToolCallDelta(0, "x "), ToolCallDelta(0, "y")]
    emulated = fragment(0, "a", "w", '{"input": "x y"}')
    emitted = events_of(stream({"tool_calls": [emulated]}), Recall("m", custom=frozenset({"w"})))
    assert emitted[1:3] == [ToolCallStarted(0, "a", "w", "custom"), ToolCallDelta(0, "x y")]


def test_a13_the_signature_of_a_call() -> None:
    signed = {**fragment(0, "a", "f", "{}"), "extra_content": {"google": {"thought_signature": "s"}}}
    emitted = events_of(stream({"tool_calls": [signed]}))
    assert emitted[1] == ToolCallStarted(0, "a", "f", "function", "s", "openai:m")


def test_reasoning_is_never_doubled() -> None:
    both = {"reasoning": "Hm.", "reasoning_content": "Hm.", "reasoning_details": [{"type": "reasoning.text"}]}
    emitted = events_of(stream({"content": "So.", **both}))
    assert emitted[1:3] == [ReasoningDelta(0, "Hm."), TextDelta("So.")]
    alone = {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm.", "index": 0}]}
    emitted = events_of(stream(alone))
    assert emitted[1] == ReasoningDelta(0, "Hm.")
    assert emitted[-2] == ForeignBlock("openai", alone)


def test_what_is_wanted_back_is_kept() -> None:
    stored = [
        event for event in events_of(payloads("openrouter_reasoning_and_tools")) if isinstance(event, ForeignBlock)
    ]
    entry = {"type": "reasoning.text", "text": "Need tools.", "format": "anthropic-claude-v1", "index": 0}
    assert stored == [ForeignBlock("openai", {"reasoning_details": [{**entry, "signature": "c2ln"}]})]


def test_other_content() -> None:
    cited = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 2}}
    image = {"type": "image_url", "image_url": {"url": "data:image/webp;base64,AA"}}
    emitted = events_of(
        stream(
            {"content": "So"}, {"annotations": [cited, {"type": "file"}]}, {"annotations": [cited]}, {"images": [image]}
        )
    )
    assert calm(emitted)[2:4] == [Annotation(0, 2, "t", "u"), ImageMade("image/webp", "AA")]
    assert noted(emitted) == ["delta.annotations"]


def test_a_refusal() -> None:
    emitted = events_of(payloads("refusal"))
    assert emitted[1:3] == [RefusalDelta("I cannot"), RefusalDelta(" help with that.")]


@pytest.mark.parametrize(
    ("native", "reason", "notes"),
    [
        pytest.param("stop", "stop", [], id="stop"),
        pytest.param("length", "length", [], id="length"),
        pytest.param("content_filter", "content_filter", [], id="filter"),
        pytest.param("eos", "stop", [], id="Together's end"),
        pytest.param("model_length", "length", [], id="Mistral's context"),
        pytest.param("MAX_TOKENS", "length", [], id="Gemini's"),
        pytest.param("SAFETY", "content_filter", [], id="Gemini's filter"),
        pytest.param("tool_calls", "stop", ["finish_reason"], id="calls that are none"),
        pytest.param("whatever", "stop", ["finish_reason"], id="not known"),
    ],
)
def test_reasons(native: str, reason: str, notes: list[str]) -> None:
    emitted = events_of(stream({"content": "x"}, finish=native))
    assert isinstance(emitted[-1], Finished)
    assert (emitted[-1].reason, emitted[-1].native, noted(emitted)) == (reason, native, notes)


def test_a26_a_call_is_the_reason() -> None:
    emitted = events_of(stream({"tool_calls": [fragment(0, "a", "f", "{}")]}, finish="stop"))
    assert emitted[-1] == Finished("tool_calls", "stop")


def test_xai_counts_reasoning_beside_the_completion() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 35,
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    emitted = events_of([chunk({"content": "x"}, "stop"), {**chunk(), "choices": [], "usage": usage}, sse.DONE])
    assert UsageReported(Usage(10, 25, reasoning=20)) in emitted


LONG = "context_length_exceeded"


@pytest.mark.parametrize(
    ("stream", "status", "code"),
    [
        pytest.param([chunk({"content": "x"})], 502, "incomplete_answer", id="cut"),
        pytest.param([chunk({}, error={"code": 504, "message": "m"})], 504, "timeout", id="in a choice"),
        pytest.param([chunk({}, "error", error="m")], 500, None, id="a text in a choice"),
        pytest.param([sse.DONE], 502, "incomplete_answer", id="only the end"),
        pytest.param([chunk({}, "error")], 502, "provider_error", id="OpenRouter's reason"),
        pytest.param([chunk({}, "abort")], 502, "incomplete_answer", id="vLLM's reason"),
        pytest.param([chunk({}, "insufficient_system_resource")], 503, "server_overloaded", id="DeepSeek's reason"),
        pytest.param([{"error": {"message": "m", "code": 429}}], 429, "rate_limit_exceeded", id="a status as code"),
        pytest.param([{"error": {"message": "m", "code": "502"}}], 502, None, id="a status as text"),
        pytest.param([{"error": {"type": "overloaded_error", "message": "m"}}], 503, "server_overloaded", id="a type"),
        pytest.param([{"error": {"message": "m", "code": LONG}}], 400, LONG, id="too long"),
        pytest.param([{"object": "error", "message": "m", "code": 404}], 404, "not_found", id="vLLM's form"),
        pytest.param([{"error": "text"}], 500, None, id="a text"),
        pytest.param([{"error": {"message": "m", "code": 401}}], 502, "upstream_authentication_error", id="our key"),
        pytest.param([{"error": {"message": "m", "code": 10**20}}], 500, None, id="no status"),
        pytest.param([{"choices": 5}], 502, "bad_provider_answer", id="choices that are no list"),
    ],
)  # fmt: skip
def test_what_is_no_answer(stream: list[Any], status: int, code: str | None) -> None:
    with pytest.raises(BadAnswer) as caught:
        events_of(stream)
    assert (caught.value.failure.status, caught.value.failure.code) == (status, code)


def test_without_a_terminator() -> None:
    emitted = events_of([chunk({"content": "x"}), chunk({}, "stop")])
    assert noted(emitted) == ["[DONE]"]
    with pytest.raises(BadAnswer):
        events_of([chunk({"content": "x"}), chunk({}, "stop")], Recall("m", choices=2))


MESSAGE = {
    "role": "assistant",
    "content": "So.",
    "refusal": None,
    "reasoning_content": "Hm.",
    "annotations": [],
    "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"id": "a2", "index": 0, "type": "function", "function": {"name": "f", "arguments": "{}"}},
    ],
}


def body(message: Any, finish: Any = "stop") -> dict[str, Any]:
    return {
        **chunk(),
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }


def test_a_whole_answer() -> None:
    answer = body(MESSAGE)
    before = copy.deepcopy(answer)
    emitted = list(dialect.answer(Recall("m")).whole(answer))
    assert answer == before
    assert emitted[1:3] == [ReasoningDelta(0, "Hm."), TextDelta("So.")]
    assert calls(emitted) == [("a", "f", "{}"), ("a2", "f", "{}")]
    assert emitted[-1] == Finished("tool_calls", "stop")


def test_a_whole_answer_that_does_not_say_why() -> None:
    emitted = list(dialect.answer(Recall("m")).whole(body({"content": "x"}, None)))
    assert (emitted[-1], noted(emitted)) == (Finished("stop", None, approximated=True), ["finish_reason"])


@pytest.mark.parametrize("answer", [5, [], {}, {"choices": []}, {"choices": None}, {"error": {"message": "m"}}])
def test_what_is_no_whole_answer(answer: Any) -> None:
    with pytest.raises(BadAnswer):
        dialect.answer(Recall()).whole(answer)
