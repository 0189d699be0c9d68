import json
from typing import Any

import pytest

from translators.providers import openai as dialect

BAD, QUOTA = "invalid_request_error", "insufficient_quota"
KEY = (502, "server_error", None, "upstream_authentication_error")


def error_body(message: str = "No.", **more: Any) -> bytes:
    return json.dumps({"error": {"message": message, "type": BAD, "param": None, "code": None, **more}}).encode()


AZURE = error_body(
    "The response was filtered.",
    code="content_filter",
    param="prompt",
    type=None,
    status=400,
    innererror={"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"jailbreak": {"filtered": True}}},
)
VLLM = b'{"object":"error","message":"maximum context length is 8","type":"BadRequestError","code":400}'
MISTRAL = b'{"object":"error","message":{"detail":[{"loc":["body"],"msg":"extra"}]},"type":"invalid_request_error"}'
TABLE = [
    pytest.param(
        400,
        error_body(param="temperature", code="unsupported_value"),
        (400, BAD, "temperature", "unsupported_value"),
        id="handed on",
    ),
    pytest.param(
        400,
        error_body(code="context_length_exceeded", param="messages", message="maximum context length is 8"),
        (400, BAD, "messages", "context_length_exceeded"),
        id="too long",
    ),
    pytest.param(400, VLLM, (400, BAD, "messages", "context_length_exceeded"), id="too long at vLLM"),
    pytest.param(400, AZURE, (400, BAD, "prompt", "content_filter"), id="Azure's filter"),
    pytest.param(401, error_body(code="invalid_api_key"), KEY, id="401 is our key"),
    pytest.param(403, error_body(), KEY, id="403 is our key"),
    pytest.param(
        403,
        error_body(code=403, metadata={"reasons": ["violence"]}),
        (400, BAD, None, "content_filter"),
        id="OpenRouter's moderation",
    ),
    pytest.param(402, error_body(code=402), (429, QUOTA, None, QUOTA), id="OpenRouter's credits"),
    pytest.param(
        404,
        error_body("The model `x` does not exist", code="model_not_found"),
        (404, BAD, "model", "model_not_found"),
        id="404 model",
    ),
    pytest.param(
        404,
        error_body("gone", code="DeploymentNotFound"),
        (404, BAD, "model", "model_not_found"),
        id="404 Azure's deployment",
    ),
    pytest.param(404, b'{"detail":"Not Found"}', (404, BAD, None, "not_found"), id="404 path"),
    pytest.param(404, b"<html>nginx</html>", (502, "server_error", None, "bad_provider_answer"), id="404 of a proxy"),
    pytest.param(408, b"", (408, "timeout", None, "timeout"), id="408"),
    pytest.param(409, b"", (409, BAD, None, "conflict"), id="409"),
    pytest.param(413, b"<html>", (413, BAD, None, "request_too_large"), id="413"),
    pytest.param(422, MISTRAL, (422, BAD, None, None), id="Mistral's 422"),
    pytest.param(
        429,
        error_body(type="tokens", code="rate_limit_exceeded"),
        (429, "tokens", None, "rate_limit_exceeded"),
        id="429 its own type",
    ),
    pytest.param(429, error_body(type=QUOTA, code=QUOTA), (429, QUOTA, None, QUOTA), id="429 spent"),
    pytest.param(429, b"", (429, "rate_limit_error", None, "rate_limit_exceeded"), id="429 bare"),
    pytest.param(498, b"", (503, "server_error", None, "server_overloaded"), id="Groq's 498"),
    pytest.param(500, error_body(), (500, "server_error", None, None), id="500"),
    pytest.param(502, b"<html>", (502, "server_error", None, None), id="502"),
    pytest.param(503, error_body(), (503, "server_error", None, "server_overloaded"), id="503"),
    pytest.param(504, b"", (504, "server_error", None, "timeout"), id="504"),
    pytest.param(529, b"", (503, "server_error", None, "server_overloaded"), id="529"),
    pytest.param(302, b"", (502, "server_error", None, None), id="302"),
]


@pytest.mark.parametrize(("status", "body", "expected"), TABLE)
def test_statuses(status: int, body: bytes, expected: tuple[Any, ...]) -> None:
    failure = dialect.read_error(status, {}, body)
    assert (failure.status, failure.type, failure.param, failure.code) == expected
    assert failure.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(error_body("Sorry."), "Sorry.", id="OpenAI's"),
        pytest.param(b'{"error":"Sorry."}', "Sorry.", id="a string"),
        pytest.param(b'{"message":"Sorry."}', "Sorry.", id="a message"),
        pytest.param(b'{"detail":[{"loc":[],"msg":"Sorry."}]}', "Sorry.", id="FastAPI's"),
        pytest.param(b'[{"error":{"message":"Sorry.","code":400}}]', "Sorry.", id="in a list"),
        pytest.param(b"Sorry.", "Sorry.", id="plain text"),
        pytest.param(b"<html>Sorry.</html>", "The provider answered 500, and said no more.", id="a page"),
        pytest.param(b"null", "The provider answered 500, and said no more.", id="null"),
        pytest.param(b'{"error":{"message":5}}', "The provider answered 500, and said no more.", id="a number"),
        pytest.param(b"[" * 100_000, "[" * 999 + "…", id="a deep trap"),
        pytest.param(error_body("a" * 2000), "a" * 999 + "…", id="a long story"),
        pytest.param(
            error_body("Incorrect API key provided: sk-proj-ab*cd_12."), "Incorrect API key provided: ***.", id="a key"
        ),
        pytest.param(error_body("key gsk_abcdef123456 is bad"), "key *** is bad", id="Groq's key"),
        pytest.param(error_body("Authorization: Bearer abc.def"), "Authorization: ***", id="a bearer"),
    ],
)
def test_messages(body: bytes, message: str) -> None:
    assert dialect.read_error(500, {}, body).message == message


def test_limits_are_handed_on() -> None:
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-reset-tokens": "6m0s",
        "retry-after": "7",
        "retry-after-ms": "6500",
        "openai-organization": "org-1",
        "set-cookie": "a",
    }
    limits = dict(list(headers.items())[:4])
    assert dialect.read_limits(headers, 0.0) == limits
    failure = dialect.read_error(429, headers, error_body())
    assert failure.headers == {"retry-after": "7", "retry-after-ms": "6500"}
