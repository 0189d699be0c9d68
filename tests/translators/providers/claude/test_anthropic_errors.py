import json
from typing import Any

import pytest

from translators.errors import Failure
from translators.providers import anthropic as dialect

NOW = 1_795_374_000.0  # 2026-11-22T19:00:00Z


def error_body(kind: str, message: str = "No.", **more: Any) -> bytes:
    return json.dumps(
        {"type": "error", "error": {"type": kind, "message": message, **more}, "request_id": "r"}
    ).encode()


def spent(code: str) -> dict[str, Any]:
    return {"details": {"error_code": code}}


LONG = (400, "invalid_request_error", "messages", "context_length_exceeded")
KEY = (502, "server_error", None, "upstream_authentication_error")
LIMIT = (429, "rate_limit_error", None, "rate_limit_exceeded")
BAD, QUOTA = "invalid_request_error", "insufficient_quota"
OURS = "The provider refused the gateway's credentials: No."
TABLE = [
    pytest.param(400, error_body(BAD), (400, BAD, None, None), id="400"),
    pytest.param(400, error_body(BAD, "prompt is too long: 9 > 8"), LONG, id="too long"),
    pytest.param(
        400, error_body(BAD, "input length and `max_tokens` exceed context limit"), LONG, id="too long with max_tokens"
    ),
    pytest.param(
        400,
        error_body("exceed_context_size_error", "exceeds the available context size"),
        LONG,
        id="too long, llama.cpp",
    ),
    pytest.param(
        400, error_body(BAD, **spent("organization_spend_limit_reached")), (429, QUOTA, None, QUOTA), id="400 spent"
    ),
    pytest.param(400, error_body(BAD, "Your credit balance is too low"), (429, QUOTA, None, QUOTA), id="400 no credit"),
    pytest.param(401, error_body("authentication_error"), KEY, id="401 is our key"),
    pytest.param(403, error_body("permission_error"), KEY, id="403 is our key"),
    pytest.param(402, error_body("billing_error"), (429, QUOTA, None, QUOTA), id="402"),
    pytest.param(
        404, error_body("not_found_error", "model: x"), (404, BAD, "model", "model_not_found"), id="404 model"
    ),
    pytest.param(404, error_body("not_found_error", "file x"), (404, BAD, None, "not_found"), id="404 file"),
    pytest.param(404, b"<html>nginx</html>", (502, "server_error", None, "bad_provider_answer"), id="404 of a proxy"),
    pytest.param(408, b"", (408, "timeout", None, "timeout"), id="408"),
    pytest.param(499, b"", (499, "timeout", None, "timeout"), id="499"),
    pytest.param(409, error_body("conflict_error"), (409, BAD, None, "conflict"), id="409"),
    pytest.param(413, error_body("request_too_large"), (413, BAD, None, "request_too_large"), id="413"),
    pytest.param(413, b"<html>", (413, BAD, None, "request_too_large"), id="413 of a proxy"),
    pytest.param(422, b"{}", (422, BAD, None, None), id="422"),
    pytest.param(429, error_body("rate_limit_error"), LIMIT, id="429"),
    pytest.param(429, error_body("rate_limit_error", **spent("ramp_limit_exceeded")), LIMIT, id="429 ramp"),
    pytest.param(
        429,
        error_body("rate_limit_error", **spent("enforced_spend_limit_reached")),
        (429, QUOTA, None, QUOTA),
        id="429 spent",
    ),
    pytest.param(
        429,
        error_body("rate_limit_error", **spent("contract_spend_limit_reached")),
        (429, QUOTA, None, QUOTA),
        id="429 contract",
    ),
    pytest.param(500, error_body("api_error"), (500, "server_error", None, None), id="500"),
    pytest.param(502, b"<html>bad gateway", (502, "server_error", None, None), id="502"),
    pytest.param(503, b"", (503, "server_error", None, "server_overloaded"), id="503"),
    pytest.param(504, error_body("timeout_error"), (504, "server_error", None, "timeout"), id="504"),
    pytest.param(520, b"<html>cloudflare", (502, "server_error", None, None), id="520"),
    pytest.param(529, error_body("overloaded_error"), (503, "server_error", None, "server_overloaded"), id="529"),
    pytest.param(302, b"", (502, "server_error", None, None), id="302"),
]


@pytest.mark.parametrize(("status", "body", "expected"), TABLE)
def test_statuses(status: int, body: bytes, expected: tuple[Any, ...]) -> None:
    failure = dialect.read_error(status, {}, body)
    assert (failure.status, failure.type, failure.param, failure.code) == expected
    assert failure.message


def test_our_key_is_not_the_clients() -> None:
    assert dialect.read_error(401, {}, error_body("authentication_error")).message == OURS


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(error_body("api_error", "Sorry."), "Sorry.", id="Anthropic's"),
        pytest.param(b'{"error":{"message":"Sorry.","type":"x","param":null,"code":"y"}}', "Sorry.", id="OpenAI's"),
        pytest.param(b'{"error":"Sorry."}', "Sorry.", id="a string"),
        pytest.param(b'{"message":"Sorry."}', "Sorry.", id="a message"),
        pytest.param(b'{"detail":"Sorry."}', "Sorry.", id="a detail"),
        pytest.param(b'[{"error":{"message":"Sorry."}}]', "Sorry.", id="in a list"),
        pytest.param(b"Sorry.", "Sorry.", id="plain text"),
        pytest.param(b"<html>Sorry.</html>", "The provider answered 500, and said no more.", id="a page"),
        pytest.param(b"", "The provider answered 500, and said no more.", id="nothing"),
        pytest.param(b"null", "The provider answered 500, and said no more.", id="null"),
        pytest.param(b"\xff\xfe", "��", id="no text"),
        pytest.param(b"[" * 100_000, "[" * 999 + "…", id="a deep trap"),
        pytest.param(error_body("x", "a" * 2000), "a" * 999 + "…", id="a long story"),
        pytest.param(error_body("x", "key sk-ant-api03-abcDEF_123-x is bad"), "key *** is bad", id="a key"),
        pytest.param(error_body("x", "Authorization: Bearer abc.def"), "Authorization: ***", id="a bearer"),
        pytest.param(error_body("x", "x-api-key: hunter2, sorry"), "x-api-key: ***, sorry", id="a header"),
    ],
)
def test_messages(body: bytes, message: str) -> None:
    assert dialect.read_error(500, {}, body).message == message


def test_when_to_come_back_is_kept() -> None:
    headers = {"retry-after": "7", "retry-after-ms": "6500", "request-id": "x"}
    failure = dialect.read_error(429, headers, error_body("rate_limit_error"))
    retry = {"retry-after": "7", "retry-after-ms": "6500"}
    assert failure == Failure(429, "No.", "rate_limit_error", None, "rate_limit_exceeded", retry)


LIMITS = [
    pytest.param({}, {}, id="none"),
    pytest.param(
        {
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-requests-reset": "2026-11-22T19:00:01Z",
            "anthropic-ratelimit-tokens-limit": "1000",
            "anthropic-ratelimit-tokens-remaining": "900",
            "anthropic-ratelimit-tokens-reset": "2026-11-22T19:06:00Z",
            "anthropic-ratelimit-input-tokens-limit": "1",
            "anthropic-organization-id": "secret",
            "retry-after": "3",
        },
        {
            "retry-after": "3",
            "x-ratelimit-limit-requests": "50",
            "x-ratelimit-remaining-requests": "49",
            "x-ratelimit-reset-requests": "1s",
            "x-ratelimit-limit-tokens": "1000",
            "x-ratelimit-remaining-tokens": "900",
            "x-ratelimit-reset-tokens": "6m0s",
        },
        id="all limits",
    ),
    pytest.param(
        {
            "anthropic-ratelimit-input-tokens-limit": "10",
            "anthropic-ratelimit-input-tokens-reset": "2026-11-22T21:00:59.5+00:00",
        },
        {"x-ratelimit-limit-tokens": "10", "x-ratelimit-reset-tokens": "2h1m0s"},
        id="input tokens only",
    ),
    pytest.param(
        {"anthropic-ratelimit-requests-limit": "5", "anthropic-ratelimit-requests-reset": "2020-01-01T00:00:00Z"},
        {"x-ratelimit-limit-requests": "5", "x-ratelimit-reset-requests": "0s"},
        id="long ago",
    ),
    pytest.param(
        {"anthropic-ratelimit-requests-limit": "5", "anthropic-ratelimit-requests-reset": "soon"},
        {"x-ratelimit-limit-requests": "5"},
        id="no time",
    ),
    pytest.param(
        {"anthropic-ratelimit-requests-limit": "5", "anthropic-ratelimit-requests-reset": "2026-11-22T19:00:00"},
        {"x-ratelimit-limit-requests": "5"},
        id="no time zone",
    ),
]


@pytest.mark.parametrize(("headers", "expected"), LIMITS)
def test_limits(headers: dict[str, str], expected: dict[str, str]) -> None:
    assert dialect.read_limits(headers, NOW) == expected
