"""Ollama's errors in OpenAI's words."""

import json
from typing import Any

import pytest

from translators.errors import Failure
from translators.providers import ollama

NESTED = {"error": json.dumps({"error": {"code": 400, "message": "too long", "type": "exceed_context_size_error"}})}


def read(status: int, body: Any, **headers: str) -> Failure:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ollama.read_error(status, {name.replace("_", "-"): value for name, value in headers.items()}, data)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(
            404,
            {"error": "model 'x' not found"},
            Failure(404, "model 'x' not found", "invalid_request_error", "model", "model_not_found"),
            id="unknown model",
        ),
        pytest.param(
            404,
            b"404 page not found",
            Failure(502, "404 page not found", "server_error", None, "bad_provider_answer"),
            id="a wrong base URL",
        ),
        pytest.param(
            400,
            {"error": '"llama3.2" does not support thinking'},
            Failure(
                400,
                '"llama3.2" does not support thinking',
                "invalid_request_error",
                "reasoning_effort",
                "unsupported_parameter",
            ),
            id="a model that does not think",
        ),
        pytest.param(
            400,
            {"error": "registry.ollama.ai/library/x does not support tools"},
            Failure(
                400,
                "registry.ollama.ai/library/x does not support tools",
                "invalid_request_error",
                "tools",
                "unsupported_parameter",
            ),
            id="a model without tools",
        ),
        pytest.param(
            500,
            {"error": "the input length exceeds the context length"},
            Failure(
                400,
                "the input length exceeds the context length",
                "invalid_request_error",
                "messages",
                "context_length_exceeded",
            ),
            id="too long, of older versions",
        ),
        pytest.param(
            400,
            NESTED,
            Failure(
                400,
                "too long (exceed_context_size_error)",
                "invalid_request_error",
                "messages",
                "context_length_exceeded",
            ),
            id="too long, of newer versions",
        ),
        pytest.param(
            400,
            {"error": "invalid options"},
            Failure(400, "invalid options", "invalid_request_error"),
            id="any bad request",
        ),
        pytest.param(
            400,
            b'{"error":"invalid think value: "x" (must be "high")"}',
            Failure(400, '{"error":"invalid think value: "x" (must be "high")"}', "invalid_request_error"),
            id="JSON that is none",
        ),
        pytest.param(
            401,
            {"error": "unauthorized", "signin_url": "https://ollama.com/connect"},
            Failure(
                502,
                "The provider refused the gateway's credentials: unauthorized",
                "server_error",
                None,
                "upstream_authentication_error",
            ),
            id="a refused key",
        ),
        pytest.param(
            402,
            {"error": "pay"},
            Failure(429, "pay", "insufficient_quota", None, "insufficient_quota"),
            id="not paid",
        ),
        pytest.param(
            429,
            {"error": "slow down"},
            Failure(429, "slow down", "rate_limit_error", None, "rate_limit_exceeded"),
            id="too many requests",
        ),
        pytest.param(
            429,
            {"error": "you've reached your weekly usage limit"},
            Failure(429, "you've reached your weekly usage limit", "insufficient_quota", None, "insufficient_quota"),
            id="a quota",
        ),
        pytest.param(
            503,
            {"error": "server busy, please try again.  maximum pending requests exceeded"},
            Failure(
                503,
                "server busy, please try again.  maximum pending requests exceeded",
                "server_error",
                None,
                "server_overloaded",
            ),
            id="busy",
        ),
        pytest.param(500, {"error": "CUDA error"}, Failure(500, "CUDA error", "server_error"), id="its own fault"),
        pytest.param(
            502,
            b"<html>Bad Gateway</html>",
            Failure(502, "The provider answered 502, and said no more.", "server_error"),
            id="HTML",
        ),
        pytest.param(
            504,
            b"",
            Failure(504, "The provider answered 504, and said no more.", "server_error", None, "timeout"),
            id="late",
        ),
        pytest.param(
            413,
            {"error": "large"},
            Failure(413, "large", "invalid_request_error", None, "request_too_large"),
            id="too large",
        ),
        pytest.param(408, {"error": "late"}, Failure(408, "late", "timeout", None, "timeout"), id="timeout"),
    ],
)
def test_errors(status: int, body: Any, expected: Failure) -> None:
    assert read(status, body) == expected


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100_000, b'{"error": 5}', b"null", b'{"error":"{"}'])
def test_nothing_raises(body: bytes) -> None:
    assert read(500, body).status == 500


def test_a_message_shows_no_key_and_is_cut() -> None:
    assert "sk-secret123" not in read(400, {"error": "bad key sk-secret123 and Bearer abc.def"}).message
    assert "abc.def" not in read(400, {"error": "bad key sk-secret123 and Bearer abc.def"}).message
    assert len(read(400, {"error": "x" * 5000}).message) == 1000


def test_when_to_come_back_is_told() -> None:
    assert read(429, {"error": "x"}, retry_after="3", other="y").headers == {"retry-after": "3"}
    assert ollama.read_limits({"retry-after": "3", "x": "y"}, 0.0) == {"retry-after": "3"}
