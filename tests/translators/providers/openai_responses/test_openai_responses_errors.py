"""What goes wrong at the provider, in the client's words."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openai_responses_answers import COMPLETE, MODEL, events_of, payloads, whole

from translators.dialects import Recall
from translators.errors import BadAnswer, Failure
from translators.events import Finished
from translators.passthrough import responses as passthrough
from translators.providers import openai_responses as dialect


def error(message: str = "No.", **more: Any) -> bytes:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", "param": None, **more}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(
            400,
            error(param="input[3].content", code="invalid_value"),
            (400, "invalid_request_error", "messages", "invalid_value"),
            id="a place in the input",
        ),
        pytest.param(
            400, error(param="temperature"), (400, "invalid_request_error", "temperature", None), id="a field of ours"
        ),
        pytest.param(
            400,
            error(param="text.format.schema"),
            (400, "invalid_request_error", "response_format", None),
            id="the schema",
        ),
        pytest.param(
            400,
            error("Your input exceeds the context window of this model."),
            (400, "invalid_request_error", None, "context_length_exceeded"),
            id="too long",
        ),
        pytest.param(
            400,
            error(code="content_filter"),
            (400, "invalid_request_error", None, "content_filter"),
            id="Azure's filter",
        ),
        pytest.param(401, error(), (502, "server_error", None, "upstream_authentication_error"), id="our key"),
        pytest.param(403, error(), (502, "server_error", None, "upstream_authentication_error"), id="our rights"),
        pytest.param(
            404, error(code="model_not_found"), (404, "invalid_request_error", "model", "model_not_found"), id="model"
        ),
        pytest.param(
            404,
            error(code="DeploymentNotFound"),
            (404, "invalid_request_error", "model", "model_not_found"),
            id="Azure's",
        ),
        pytest.param(404, error("No such file."), (404, "invalid_request_error", None, "not_found"), id="a file"),
        pytest.param(404, b"<html>", (502, "server_error", None, "bad_provider_answer"), id="the wrong URL"),
        pytest.param(
            429,
            error(type="tokens", code="rate_limit_exceeded"),
            (429, "rate_limit_error", None, "rate_limit_exceeded"),
            id="too fast",
        ),
        pytest.param(
            429,
            error(type="insufficient_quota"),
            (429, "insufficient_quota", None, "insufficient_quota"),
            id="no money",
        ),
        pytest.param(
            429,
            error(type="usage_limit_reached"),
            (429, "insufficient_quota", None, "insufficient_quota"),
            id="Codex's limit",
        ),
        pytest.param(500, error(), (500, "server_error", None, None), id="500"),
        pytest.param(503, b"", (503, "server_error", None, "server_overloaded"), id="503"),
        pytest.param(504, b"", (504, "server_error", None, "timeout"), id="504"),
        pytest.param(502, b"\xff", (502, "server_error", None, None), id="502"),
        pytest.param(422, b'{"detail": "Bad."}', (422, "invalid_request_error", None, None), id="a proxy's words"),
        pytest.param(
            422,
            b'{"detail": [{"msg": "Your input exceeds the context window"}]}',
            (400, "invalid_request_error", None, "context_length_exceeded"),
            id="FastAPI's words",
        ),
        pytest.param(413, b"", (413, "invalid_request_error", None, "request_too_large"), id="413"),
        pytest.param(408, b"", (408, "timeout", None, "timeout"), id="408"),
    ],
)
def test_statuses(status: int, body: bytes, expected: Any) -> None:
    failure = dialect.read_error(status, {"retry-after": "3", "x-secret": "1"}, body)
    assert (failure.status, failure.type, failure.param, failure.code) == expected
    assert failure.headers == {"retry-after": "3"}


def test_a_client_of_the_same_dialect_is_told_the_same_place() -> None:
    assert passthrough.read_error(400, {}, error(param="input[3].content")).param == "input[3].content"


def test_secrets_are_masked_and_long_messages_cut() -> None:
    message = dialect.read_error(400, {}, error("Key sk-proj-abcdef123456 " + "x" * 2000)).message
    assert "sk-proj" not in message
    assert len(message) == 1000


@given(st.integers(300, 599), st.binary(max_size=200))
def test_no_body_is_too_odd(status: int, body: bytes) -> None:
    failure = dialect.read_error(status, {}, body)
    assert isinstance(failure, Failure)
    assert failure.message


def test_limits_are_openais_already() -> None:
    limits = {"x-ratelimit-limit-requests": "10", "x-ratelimit-reset-tokens": "6m0s", "retry-after": "3"}
    assert dialect.read_limits({**limits, "openai-organization": "o", "set-cookie": "c"}, 0.0) == limits


# --- inside an answer -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "type"),
    [
        ("server_error", 500, "server_error"),
        ("rate_limit_exceeded", 429, "rate_limit_error"),
        ("insufficient_quota", 429, "insufficient_quota"),
        ("server_overloaded", 503, "server_error"),
        ("vector_store_timeout", 504, "server_error"),
        ("invalid_prompt", 400, "invalid_request_error"),
        ("image_too_large", 400, "invalid_request_error"),
        ("context_length_exceeded", 400, "invalid_request_error"),
        ("bio_policy", 400, "invalid_request_error"),
        ("novel", 500, "server_error"),
    ],
)
@pytest.mark.parametrize("form", ["failed", "error", "nested"])
def test_40_codes_tell_the_status(code: str, status: int, type: str, form: str) -> None:
    details = {"code": code, "message": "No."}
    payload = {
        "failed": {"type": "response.failed", "response": {"status": "failed", "error": details}},
        "error": {"type": "error", "param": None, **details},
        "nested": {"type": "error", "error": {"type": "", **details}},
    }[form]
    with pytest.raises(BadAnswer) as caught:
        events_of([payload])
    assert (caught.value.failure.status, caught.value.failure.type) == (status, type)
    assert caught.value.failure.message == "No."


@pytest.mark.parametrize("name", ["failing_midway", "failing_rate_limit"])
def test_trap_4_an_error_in_the_middle_is_an_error(name: str) -> None:
    with pytest.raises(BadAnswer):
        events_of(payloads(name))


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


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([], id="a list"),
        pytest.param({"object": "response"}, id="no output"),
        pytest.param({"output": [], "error": {"code": "server_error", "message": "No."}}, id="an error"),
        pytest.param({"output": [], "status": "failed"}, id="failed"),
        pytest.param({"output": [], "status": "cancelled"}, id="cancelled"),
        pytest.param({"output": [], "status": "in_progress"}, id="not finished"),
    ],
)
def test_no_answer(body: Any) -> None:
    with pytest.raises(BadAnswer):
        whole(body)


KINDS = sorted({payload["type"] for name in COMPLETE for payload in payloads(name)})
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "item", "part", "delta", "text", "output", "content", "id", "call_id", "name", "error"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "item",
        "part",
        "delta",
        "response",
        "output_index",
        "item_id",
        "annotation",
        "text",
        "arguments",
        "logprobs",
        "summary_index",
        "content_index",
    ]
)


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.dictionaries(FIELDS, JUNK, max_size=5)), max_size=6))
@example([("response.reasoning_summary_text.delta", {"summary_index": [], "delta": "x"})])
def test_no_payload_is_a_crash(events: list[tuple[str, dict[str, Any]]]) -> None:
    for machine in (dialect.answer(Recall(MODEL)), passthrough.answer(Recall(MODEL))):
        with contextlib.suppress(BadAnswer):
            for kind, fields in events:
                list(machine.on({"type": kind, **fields}))
            list(machine.close())
