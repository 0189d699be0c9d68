"""What an answer of Ollama's says: recordings and single lines, whole and streamed, compared as events."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.clients import chat
from translators.dialects import Envelope, Recall
from translators.errors import BadAnswer, Failure
from translators.events import (
    Event,
    Finished,
    Logprobs,
    Noted,
    ReasoningDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from translators.notes import Note
from translators.pipe import Pipe
from translators.providers import ollama

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures/ollama"


def lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (FIXTURES / name).read_text("utf-8").splitlines() if line.strip()]


def events(*payloads: Any, recall: Recall | None = None) -> list[Event]:
    machine = ollama.answer(recall or Recall())
    emitted = [event for payload in payloads for event in machine.on(payload)]
    return emitted + list(machine.close())


def line(done: bool = True, **message: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", **message}, "done": done, "done_reason": "stop", "eval_count": 1}


def failure(*payloads: Any) -> Failure:
    with pytest.raises(BadAnswer) as caught:
        events(*payloads)
    return caught.value.failure


def minted(emitted: list[Event]) -> list[str]:
    return [event.id for event in emitted if isinstance(event, ToolCallStarted)]


def test_text() -> None:
    assert events(*lines("text.ndjson")) == [
        Started(None, "llama3.2"),
        TextDelta("Hel"),
        TextDelta("lo, 你好"),
        TextDelta(" 🎈"),
        UsageReported(Usage(26, 9)),
        Finished("stop", "stop"),
    ]


def test_thinking_and_parallel_calls() -> None:
    emitted = events(*lines("thinking_and_parallel_tools.ndjson"))
    first, second, _ = minted(emitted)
    assert emitted == [
        Started(None, "qwen3:8b"),
        ReasoningDelta(0, "Two cities,"),
        ReasoningDelta(0, " two calls."),
        TextDelta("I look."),
        ToolCallStarted(0, first, "weather"),
        ToolCallDelta(0, '{"city": "Rome", "days": 3, "near": {"km": 1.5}}'),
        ToolCallStarted(1, second, "weather"),
        ToolCallDelta(1, '{"city": "Oslo"}'),
        ToolCallStarted(2, "call_a1b2c3d4", "now"),
        ToolCallDelta(2, "{}"),
        UsageReported(Usage(169, 48)),
        Finished("tool_calls", "stop"),
    ]


def test_a_cut_answer_stays_cut_though_it_has_a_call() -> None:
    emitted = events(*lines("cut_at_its_length.ndjson"))
    assert emitted[1:] == [
        ToolCallStarted(0, minted(emitted)[0], "look"),
        ToolCallDelta(0, "{}"),
        TextDelta("Once upon"),
        UsageReported(Usage(12, 16)),
        Finished("length", "length"),
    ]


def test_log_probabilities() -> None:
    yes = TokenLogprob("Yes", -0.25, (), (89, 101, 115))
    assert events(*lines("logprobs.ndjson")) == [
        Started(None, "llama3.2"),
        TextDelta("Yes"),
        Logprobs((yes._replace(top=(yes, TokenLogprob("No", -1.5, (), (78, 111)))),)),
        TextDelta("!"),
        Logprobs((TokenLogprob("!", -0.5),)),
        UsageReported(Usage(5, 2)),
        Finished("stop", "stop"),
    ]


def test_what_is_odd_is_read_and_noted() -> None:
    emitted = events(*lines("odd_but_readable.ndjson"))
    assert [event for event in emitted if not isinstance(event, Noted)] == [
        Started(None, "next"),
        TextDelta("A"),
        ToolCallStarted(0, minted(emitted)[0], "draw"),
        ToolCallDelta(0, '{"x": 1}'),
        TextDelta("B"),
        UsageReported(Usage(0, 4)),
        Finished("tool_calls", "weariness"),
    ]
    unknown = "A field of this name is not known."
    assert [event.note for event in emitted if isinstance(event, Noted)] == [
        Note("message.mood", "dropped", detail=unknown),
        Note("carbon_mg", "dropped", detail=unknown),
        Note("progress", "dropped", detail=unknown),
        Note("message.tool_calls", "dropped", detail="A call without a name cannot be told."),
        Note("done_reason", "approximated", "weariness", "stop", "This reason to stop is not known."),
        Note("prompt_eval_count", "defaulted", None, 0, "The provider did not count it."),
    ]


def test_a_whole_answer_is_a_stream_of_one_line() -> None:
    body = {"model": "m", "created_at": "t", **line(content="Hi", thinking="Hm", tool_calls=[call("look", {"a": 1})])}
    whole = ollama.answer(Recall()).whole(body)
    assert whole == events(body)
    assert [type(event) for event in whole] == [
        Started,
        ReasoningDelta,
        TextDelta,
        ToolCallStarted,
        ToolCallDelta,
        Noted,
        UsageReported,
        Finished,
    ]


def call(name: str, arguments: Any, **more: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **more}


# --- calls ----------------------------------------------------------------------------------------


def test_minted_ids_are_the_same_every_time_and_never_twice() -> None:
    twins = line(tool_calls=[call("look", {"a": 1}), call("look", {"a": 1})])
    first, second = minted(events({**twins, "created_at": "2026-01-01T00:00:00.1Z"}))
    assert first != second
    assert minted(events({**twins, "created_at": "2026-01-01T00:00:00.1Z"})) == [first, second]
    assert not {first, second} & set(minted(events({**twins, "created_at": "2026-01-01T00:00:00.2Z"})))


def test_an_id_that_comes_twice_is_used_once() -> None:
    ids = minted(events(line(tool_calls=[call("a", {}, id="x"), call("b", {}, id="x"), call("c", {}, id=7)])))
    assert ids[0] == "x"
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("given", "emitted", "noted"),
    [
        pytest.param({"b": 1, "a": 2}, '{"b": 1, "a": 2}', False, id="an object keeps its order"),
        pytest.param({"n": 12345678901234567890123}, '{"n": 12345678901234567890123}', False, id="a long number"),
        pytest.param({"t": "é\n"}, '{"t": "é\\n"}', False, id="characters"),
        pytest.param(None, "{}", False, id="nothing"),
        pytest.param('{"a":1}', '{"a":1}', False, id="an object as text"),
        pytest.param('{"a":', '{"a":', True, id="half an object as text"),
        pytest.param([1], "[1]", True, id="a list"),
        pytest.param({"n": float("inf")}, '{"n":null}', True, id="a number beyond all floats"),
    ],
)
def test_arguments(given: Any, emitted: str, noted: bool) -> None:
    result = events(line(tool_calls=[call("f", given)]))
    assert [event.arguments for event in result if isinstance(event, ToolCallDelta)] == [emitted]
    paths = [event.note.path for event in result if isinstance(event, Noted)]
    assert ("tool_calls[0].arguments" in paths) == noted


@pytest.mark.parametrize(
    ("given", "emitted", "noted"),
    [
        pytest.param({"input": "x = 1\n"}, "x = 1\n", False, id="as it should be"),
        pytest.param({"input": "x", "more": 1}, "x", True, id="more beside it"),
        pytest.param({"text": "x"}, '{"text": "x"}', True, id="another form"),
    ],
)
def test_a_custom_tool_gets_its_text(given: Any, emitted: str, noted: bool) -> None:
    result = events(line(tool_calls=[call("patch", given)]), recall=Recall(custom=frozenset({"patch"})))
    assert [event.kind for event in result if isinstance(event, ToolCallStarted)] == ["custom"]
    assert [event.arguments for event in result if isinstance(event, ToolCallDelta)] == [emitted]
    assert any(isinstance(event, Noted) and event.note.path == "tool_calls[0].arguments" for event in result) == noted


# --- the rest -------------------------------------------------------------------------------------


@pytest.mark.parametrize("native", [None, "", "weariness", "load"])
def test_a_reason_that_tells_nothing_is_noted(native: str | None) -> None:
    emitted = events({**line(content="x"), "done_reason": native})
    assert emitted[-1] == Finished("stop", native or None)
    assert any(isinstance(event, Noted) and event.note.path == "done_reason" for event in emitted)


@pytest.mark.parametrize("native", ["load", "unload"])
def test_a_model_that_was_only_loaded_gave_no_answer(native: str) -> None:
    result = failure({**line(content=""), "done_reason": native})
    assert (result.status, result.code) == (502, "empty_answer")


def test_nothing_is_an_answer_too() -> None:
    assert events({**line(content=""), "prompt_eval_count": 3})[1:] == [
        UsageReported(Usage(3, 1)),
        Finished("stop", "stop"),
    ]


def test_usage_that_nobody_counted_is_unknown() -> None:
    emitted = events({"message": {"content": "x"}, "done": True, "done_reason": "stop"})
    assert emitted == [Started(), TextDelta("x"), Finished("stop", "stop")]


def test_log_probabilities_of_reasoning_are_not_told_as_the_texts() -> None:
    odds = [{"token": "Hm", "logprob": -1}]
    emitted = events({**line(False, thinking="Hm"), "logprobs": odds}, {**line(content="x"), "logprobs": odds})
    assert emitted[1:5] == [
        ReasoningDelta(0, "Hm"),
        Noted(Note("logprobs", "dropped", detail="Log probabilities of reasoning are not told.")),
        TextDelta("x"),
        Logprobs((TokenLogprob("Hm", -1.0),)),
    ]


@pytest.mark.parametrize(
    ("payloads", "status", "code"),
    [
        pytest.param([], 502, "incomplete_answer", id="nothing"),
        pytest.param([line(False, content="half")], 502, "incomplete_answer", id="no last line"),
        pytest.param([5], 502, "bad_provider_answer", id="a number"),
        pytest.param([{"message": {"content": 5}, "done": True}], 502, "bad_provider_answer", id="a text of numbers"),
        pytest.param([{"error": "CUDA error"}], 500, None, id="an error"),
        pytest.param([line(False, content="half"), {"error": "CUDA error"}], 500, None, id="an error midway"),
        pytest.param([{"error": {"message": "CUDA error"}}], 500, None, id="an error as an object"),
        pytest.param([{"error": {"a": 1}}], 500, None, id="an error without words"),
        pytest.param([{"error": ""}], 500, None, id="an empty error"),
        pytest.param(
            [{"error": "the input length exceeds the context length"}], 400, "context_length_exceeded", id="too long"
        ),
    ],
)
def test_broken_answers(payloads: list[Any], status: int, code: str | None) -> None:
    result = failure(*payloads)
    assert (result.status, result.code) == (status, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param([], "bad_provider_answer", id="a list"),
        pytest.param({"models": []}, "bad_provider_answer", id="something else"),
        pytest.param(line(False, content="half"), "incomplete_answer", id="half an answer"),
        pytest.param({"error": "CUDA error"}, None, id="an error"),
    ],
)
def test_broken_whole_answers(body: Any, code: str | None) -> None:
    with pytest.raises(BadAnswer) as caught:
        ollama.answer(Recall()).whole(body)
    assert caught.value.failure.code == code


_LEAVES = (
    st.none() | st.booleans() | st.integers(-1, 300) | st.floats(allow_nan=False) | st.sampled_from(["", "x", "{}"])
)
_KEYS = st.sampled_from(
    ["content", "thinking", "tool_calls", "function", "name", "arguments", "id", "token", "logprob", "bytes", "more"]
)
_ANY = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4))
_FIELDS = st.sampled_from(
    ["model", "created_at", "message", "done", "done_reason", "logprobs", "prompt_eval_count", "eval_count", "error"]
)


@given(st.lists(st.dictionaries(_FIELDS, _ANY) | _ANY, max_size=4), st.booleans())
def test_whatever_comes_it_is_read_or_refused(payloads: list[Any], custom: bool) -> None:
    machine = ollama.answer(Recall(custom=frozenset({"x"}) if custom else frozenset()))
    with contextlib.suppress(BadAnswer):
        for payload in payloads:
            machine.on(payload)
        machine.close()
    with contextlib.suppress(BadAnswer):
        ollama.answer(Recall()).whole(payloads[0] if payloads else None)


# --- on its way -----------------------------------------------------------------------------------


def piped(data: bytes, content_type: str, *, streamed: bool = True) -> tuple[bytes, Pipe]:
    writer = (chat.streamed if streamed else chat.whole)(chat.Form(), Envelope("chatcmpl-1", 0, "m"))
    pipe = Pipe(ollama.answer(Recall()), writer, framing=ollama.framing, content_type=content_type)
    return pipe.feed(data) + pipe.close(), pipe


NDJSON, JSON = "application/x-ndjson", "application/json; charset=utf-8"
TEXT = (FIXTURES / "text.ndjson").read_bytes()
WHOLE = json.dumps({"model": "m", **line(content="Hi")}).encode()


@pytest.mark.parametrize("content_type", [NDJSON, ""])
def test_the_last_line_may_lack_its_end(content_type: str) -> None:
    expected, _ = piped(TEXT, content_type)
    emitted, pipe = piped(TEXT.removesuffix(b"\n"), content_type)
    assert (emitted, pipe.done, pipe.failure) == (expected, True, None)
    assert emitted.count(b"[DONE]") == 1


def test_half_a_last_line_is_a_failure() -> None:
    emitted, pipe = piped(TEXT[:-3], NDJSON)
    assert b"[DONE]" not in emitted
    assert pipe.failure is not None
    assert pipe.failure.code == "incomplete_answer"


def test_an_error_without_its_line_end_is_told() -> None:
    _, pipe = piped(b'{"error":"CUDA error"}', NDJSON)
    assert pipe.failure == Failure(500, "CUDA error", "server_error")


def test_an_error_in_the_middle_ends_the_stream() -> None:
    emitted, pipe = piped((FIXTURES / "failing_midway.ndjson").read_bytes(), NDJSON)
    assert pipe.failure is not None
    assert pipe.failure.status == 500
    assert b"Half an" in emitted
    assert b"[DONE]" not in emitted


@pytest.mark.parametrize("content_type", [JSON, NDJSON, ""])
@pytest.mark.parametrize("streamed", [True, False])
def test_a_whole_answer_under_any_name(content_type: str, streamed: bool) -> None:
    emitted, pipe = piped(WHOLE, content_type, streamed=streamed)
    assert (pipe.done, pipe.failure, b'"content":"Hi"' in emitted) == (True, None, True)


def test_a_whole_answer_on_many_lines() -> None:
    emitted, pipe = piped(json.dumps(json.loads(WHOLE), indent=2).encode(), JSON, streamed=False)
    assert pipe.done
    assert json.loads(emitted)["choices"][0]["message"]["content"] == "Hi"
