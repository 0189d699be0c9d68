"""Google's errors in OpenAI's words (matrix 7)."""

import json
from typing import Any

import pytest

from translators.providers import gemini as dialect
from translators.providers.gemini.errors import streamed_error


def body(status: str, message: str = "No.", code: int = 400, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "36.2s"}
QUOTA = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
}
KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
LONG = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."

ERRORS = [
    pytest.param(400, body("INVALID_ARGUMENT"), 400, "invalid_request_error", None, id="invalid"),
    pytest.param(
        400, body("INVALID_ARGUMENT", LONG), 400, "invalid_request_error", "context_length_exceeded", id="long"
    ),
    pytest.param(
        400,
        body("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", 400, KEY),
        502,
        "server_error",
        "upstream_authentication_error",
        id="a bad key is a 400 at Google",
    ),
    pytest.param(400, body("FAILED_PRECONDITION"), 400, "invalid_request_error", "failed_precondition", id="region"),
    pytest.param(
        401, body("UNAUTHENTICATED"), 502, "server_error", "upstream_authentication_error", id="unauthenticated"
    ),
    pytest.param(403, body("PERMISSION_DENIED"), 502, "server_error", "upstream_authentication_error", id="denied"),
    pytest.param(
        404,
        body("NOT_FOUND", "models/gemini-x is not found for API version v1beta"),
        404,
        "invalid_request_error",
        "model_not_found",
        id="no such model",
    ),
    pytest.param(404, body("NOT_FOUND", "File x"), 404, "invalid_request_error", "not_found", id="no such file"),
    pytest.param(409, body("ABORTED"), 409, "invalid_request_error", "conflict", id="aborted"),
    pytest.param(429, body("RESOURCE_EXHAUSTED"), 429, "rate_limit_error", "rate_limit_exceeded", id="too often"),
    pytest.param(
        429,
        body("RESOURCE_EXHAUSTED", "No.", 429, QUOTA),
        429,
        "insufficient_quota",
        "insufficient_quota",
        id="enough for today",
    ),
    pytest.param(499, body("CANCELLED"), 499, "timeout", "timeout", id="cancelled"),
    pytest.param(500, body("INTERNAL"), 500, "server_error", None, id="internal"),
    pytest.param(503, body("UNAVAILABLE"), 503, "server_error", "server_overloaded", id="overloaded"),
    pytest.param(504, body("DEADLINE_EXCEEDED"), 504, "server_error", "timeout", id="too late"),
    pytest.param(501, body("UNIMPLEMENTED"), 502, "server_error", None, id="unimplemented"),
]


@pytest.mark.parametrize(("status", "answer", "expected", "type_", "code"), ERRORS)
def test_errors(status: int, answer: dict[str, Any], expected: int, type_: str, code: str | None) -> None:
    for form in (answer, [answer]):  # a stream without alt=sse wraps it
        failure = dialect.read_error(status, {}, json.dumps(form).encode())
        assert (failure.status, failure.type, failure.code) == (expected, type_, code)
        assert failure.message.endswith(answer["error"]["message"])
    assert streamed_error(answer).status == expected


def test_when_to_come_back() -> None:
    answer = json.dumps(body("RESOURCE_EXHAUSTED", "No.", 429, QUOTA, RETRY)).encode()
    assert dialect.read_error(429, {}, answer).headers == {"retry-after": "37"}
    assert dialect.read_error(429, {"retry-after": "5", "x": "y"}, answer).headers == {"retry-after": "5"}
    assert dialect.read_limits({"retry-after": "5", "x-other": "1"}, 0) == {"retry-after": "5"}


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        pytest.param(502, b"<html>Bad Gateway</html>", 502, id="HTML"),
        pytest.param(404, b"nothing here", 502, id="an unreadable 404 is a wrong address"),
        pytest.param(400, b'{"error": "text"}', 400, id="a text"),
        pytest.param(500, b'{"error": {"message": 5, "details": 7, "code": "x"}}', 500, id="odd types"),
        pytest.param(418, b"", 418, id="nothing"),
        pytest.param(500, b"[" * 100_000, 500, id="deep"),
    ],
)
def test_unreadable(status: int, answer: bytes, expected: int) -> None:
    failure = dialect.read_error(status, {}, answer)
    assert failure.status == expected
    assert "<" not in failure.message


def test_secrets_are_masked() -> None:
    text = "Key AIzaSyD-0123456789abcdefghij of project:123456 (projects/my-proj-1/locations/x) with Bearer ya29.a0Af"
    message = dialect.read_error(400, {}, json.dumps(body("INVALID_ARGUMENT", text)).encode()).message
    assert message == "Key *** of project:*** (projects/***/locations/x) with ***"


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        pytest.param({"error": {"code": 503, "message": "x"}}, 503, id="by its code"),
        pytest.param({"error": {"code": 200, "message": "x"}}, 500, id="no error's code"),
        pytest.param({"error": "x"}, 500, id="a text"),
    ],
)
def test_in_a_stream(payload: dict[str, Any], status: int) -> None:
    assert streamed_error(payload).status == status
