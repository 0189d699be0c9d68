"""Answers that break off, fail or make no sense: never a crash, and never a short answer that looks complete."""

import contextlib
from typing import Any

import pytest
from anthropic_answers import COMPLETE, MODEL, events_of, payloads, read, recorded
from hypothesis import given
from hypothesis import strategies as st

from translators.dialects import Recall
from translators.errors import BadAnswer
from translators.events import (
    Finished,
)
from translators.providers import anthropic as dialect


@pytest.mark.parametrize("name", COMPLETE)
def test_a33_a_stream_cut_between_events_is_an_error(name: str) -> None:
    events = payloads(name)
    for cut in range(len(events)):
        machine = dialect.answer(Recall(MODEL))
        for payload in events[:cut]:
            assert not any(isinstance(event, Finished) for event in machine.on(payload))
        with pytest.raises(BadAnswer) as caught:
            machine.close()
        assert caught.value.failure.code == "incomplete_answer"


@pytest.mark.parametrize("name", COMPLETE)
def test_a33_a_stream_cut_at_any_byte_is_an_error(name: str) -> None:
    data = recorded(name)
    for cut in range(len(data)):
        with pytest.raises(BadAnswer):
            read(data[:cut], 100_000)


def test_trap_4_an_error_in_the_middle_is_an_error() -> None:
    with pytest.raises(BadAnswer) as caught:
        events_of(payloads("failing_overloaded_midway"))
    failure = caught.value.failure
    assert (failure.status, failure.code, failure.message) == (503, "server_overloaded", "Overloaded")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("invalid_request_error", 400),
        ("authentication_error", 502),
        ("billing_error", 429),
        ("permission_error", 502),
        ("not_found_error", 404),
        ("conflict_error", 409),
        ("request_too_large", 413),
        ("rate_limit_error", 429),
        ("api_error", 500),
        ("timeout_error", 504),
        ("overloaded_error", 503),
        ("novel_error", 500),
    ],
)
def test_trap_40_errors_in_a_stream_have_their_own_status(kind: str, status: int) -> None:
    with pytest.raises(BadAnswer) as caught:
        events_of([{"type": "error", "error": {"type": kind, "message": "m"}}])
    assert caught.value.failure.status == status


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="a list"),
        pytest.param({}, id="empty"),
        pytest.param({"content": "text"}, id="content is no list"),
        pytest.param({"content": ["text"]}, id="a block is no object"),
        pytest.param({"content": [{"type": "text", "text": 5}]}, id="text is no text"),
        pytest.param({"type": "error", "error": {"type": "api_error", "message": "m"}}, id="an error"),
        pytest.param({"error": "m"}, id="a proxy's error"),
    ],
)
def test_whole_answers_that_are_none(body: Any) -> None:
    with pytest.raises(BadAnswer):
        dialect.answer(Recall()).whole(body)


@pytest.mark.parametrize("payload", [None, [], "x", {"error": {"message": "m"}}])
def test_payloads_that_are_none(payload: Any) -> None:
    with pytest.raises(BadAnswer):
        dialect.answer(Recall()).on(payload)


def test_what_comes_after_the_end_is_not_told() -> None:
    machine = dialect.answer(Recall(MODEL))
    for payload in payloads("text"):
        machine.on(payload)
    assert [*machine.on({"type": "error"}), *machine.close()] == []


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)
NAMES = st.sampled_from(
    ["text", "thinking", "signature", "data", "id", "name", "input", "citations", "partial_json", "citation"]
)
KINDS = st.sampled_from(
    [
        "text",
        "thinking",
        "redacted_thinking",
        "tool_use",
        "server_tool_use",
        "text_delta",
        "thinking_delta",
        "signature_delta",
        "input_json_delta",
        "citations_delta",
    ]
)
INNER = st.builds(lambda kind, rest: {**rest, "type": kind}, KINDS | ANY, st.dictionaries(NAMES, ANY, max_size=3)) | ANY
EVENTS = st.sampled_from(
    [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "odd",
    ]
)
FIELDS = st.sampled_from(["index", "delta", "content_block", "message", "usage"])
PAYLOAD = st.builds(lambda kind, rest: {**rest, "type": kind}, EVENTS | ANY, st.dictionaries(FIELDS, INNER, max_size=4))


@given(st.lists(PAYLOAD, max_size=6))
def test_nonsense_is_told_or_refused_but_never_a_crash(events: list[Any]) -> None:
    machine = dialect.answer(Recall("m", {}, frozenset({"x"})))
    with contextlib.suppress(BadAnswer):
        for payload in events:
            list(machine.on(payload))
