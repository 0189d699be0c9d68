"""Bedrock's errors in OpenAI's words."""

import json
from typing import Any

import pytest
from bedrock_oracles import service

from translators.errors import Failure
from translators.providers.bedrock import read_error, read_limits

COMMON = "http://internal.amazon.com/coral/com.amazon.bedrock/"
ERRORS = [
    pytest.param(400, "ValidationException", "Bad.", (400, "invalid_request_error", None, None), id="validation"),
    pytest.param(
        400,
        "ValidationException",
        "Input is too long for requested model.",
        (400, "invalid_request_error", "messages", "context_length_exceeded"),
        id="too long",
    ),
    pytest.param(
        400,
        "ValidationException",
        "The model returned the following errors: prompt is too long: 213 tokens > 200 maximum",
        (400, "invalid_request_error", "messages", "context_length_exceeded"),
        id="too long for a Claude",
    ),
    pytest.param(
        400,
        "ValidationException",
        "The provided model identifier is invalid.",
        (404, "invalid_request_error", "model", "model_not_found"),
        id="no such model",
    ),
    pytest.param(
        403, "AccessDeniedException", "No.", (502, "server_error", None, "upstream_authentication_error"), id="denied"
    ),
    pytest.param(
        403,
        "UnrecognizedClientException",
        "No.",
        (502, "server_error", None, "upstream_authentication_error"),
        id="unknown key",
    ),
    pytest.param(
        400,
        "ExpiredTokenException",
        "No.",
        (502, "server_error", None, "upstream_authentication_error"),
        id="expired",
    ),
    pytest.param(
        404,
        "ResourceNotFoundException",
        "No.",
        (404, "invalid_request_error", "model", "model_not_found"),
        id="not found",
    ),
    pytest.param(
        429, "ThrottlingException", "Slow.", (429, "rate_limit_error", None, "rate_limit_exceeded"), id="throttled"
    ),
    pytest.param(
        429, "ModelNotReadyException", "Wait.", (429, "rate_limit_error", None, "rate_limit_exceeded"), id="not ready"
    ),
    pytest.param(
        400,
        "ServiceQuotaExceededException",
        "Quota.",
        (429, "insufficient_quota", None, "insufficient_quota"),
        id="quota, told as 400",
    ),
    pytest.param(400, "ConflictException", "Busy.", (409, "invalid_request_error", None, "conflict"), id="conflict"),
    pytest.param(408, "ModelTimeoutException", "Late.", (504, "server_error", None, "timeout"), id="timeout"),
    pytest.param(424, "ModelErrorException", "Oh.", (502, "server_error", None, "model_error"), id="model error"),
    pytest.param(424, "ModelStreamErrorException", "Oh.", (502, "server_error", None, "model_error"), id="in a stream"),
    pytest.param(500, "InternalServerException", "Oh.", (500, "server_error", None, None), id="internal"),
    pytest.param(
        503, "ServiceUnavailableException", "Oh.", (503, "server_error", None, "server_overloaded"), id="busy"
    ),
    pytest.param(418, "NewException", "Tea.", (418, "invalid_request_error", None, None), id="unknown, the client's"),
    pytest.param(599, "NewException", "Oh.", (502, "server_error", None, None), id="unknown, theirs"),
]


def parts(failure: Failure) -> tuple[Any, ...]:
    return failure.status, failure.type, failure.param, failure.code


@pytest.mark.parametrize(("status", "kind", "message", "expected"), ERRORS)
@pytest.mark.parametrize("form", ["header", "header with its place", "body"])
def test_errors(status: int, kind: str, message: str, expected: Any, form: str) -> None:
    headers = {"header": kind, "header with its place": f"{kind}:{COMMON}"}
    body = {"Message": message} if form == "body" else {"message": message}
    if form == "body":
        body["__type"] = f"com.amazon.coral.service#{kind}"
    failure = read_error(
        status, {"x-amzn-errortype": headers[form]} if form in headers else {}, json.dumps(body).encode()
    )
    assert parts(failure) == expected
    assert message in failure.message


def test_every_error_of_the_service_is_tried() -> None:
    tried = {str(row.values[1]) for row in ERRORS}
    known = {
        shape.name for name in ("Converse", "ConverseStream") for shape in service().operation_model(name).error_shapes
    }
    assert known <= tried


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(502, b"<html>Bad Gateway</html>", (502, "server_error", None, None), id="HTML"),
        pytest.param(
            404, b"<html>Not Found</html>", (502, "server_error", None, "bad_provider_answer"), id="no Bedrock"
        ),
        pytest.param(500, b"", (500, "server_error", None, None), id="nothing"),
        pytest.param(400, b"[1]", (400, "invalid_request_error", None, None), id="a list"),
        pytest.param(413, b'{"message": 5}', (413, "invalid_request_error", None, "request_too_large"), id="no text"),
        pytest.param(400, b"[" * 100_000, (400, "invalid_request_error", None, None), id="too deep"),
    ],
)
def test_what_is_no_error_of_bedrocks(status: int, body: bytes, expected: Any) -> None:
    failure = read_error(status, {}, body)
    assert parts(failure) == expected
    assert failure.message
    assert "<" not in failure.message


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("The key AKIASECRETSECRET1 is off.", id="access key"),
        pytest.param("Bearer SECRET0123 is off.", id="bearer"),
        pytest.param("ABSKSECRET0123456789= is off.", id="Bedrock key"),
        pytest.param("x-amz-security-token:SECRET0123", id="session token"),
        pytest.param("arn:aws:iam::123456789012:user/x", id="account"),
        pytest.param("Signature does not match.\n\nThe Canonical String was SECRET", id="what was signed"),
    ],
)
def test_nothing_secret_is_told(message: str) -> None:
    failure = read_error(
        403, {"x-amzn-errortype": "InvalidSignatureException"}, json.dumps({"message": message}).encode()
    )
    assert "SECRET" not in failure.message
    assert "123456789012" not in failure.message


def test_long_messages_are_cut() -> None:
    assert len(read_error(400, {}, json.dumps({"message": "x" * 5000}).encode()).message) == 1000


def test_limits_are_only_when_to_come_back() -> None:
    headers = {"retry-after": "7", "x-amzn-requestid": "r"}
    assert read_limits(headers, 0.0) == {"retry-after": "7"}
    assert read_error(429, headers, b"{}").headers == {"retry-after": "7"}
