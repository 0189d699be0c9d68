"""What goes wrong at every kind of provider, in its own words, as OpenAI's SDK raises it."""

import json
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.e2e import claude
from tests.e2e.answers import BEDROCK, CLAUDE, OLLAMA, RESPONSES, Reply, Speech, data
from tests.e2e.every_provider import CANARIES
from tests.e2e.gateway_process import CLIENT_KEY
from tests.e2e.provider import LAST_CHUNK, Call, Provider, Script, chunk, head, sse, whole
from tests.e2e.provider_cases import CASES, FORMS, Case, asks
from tests.translators.providers.bedrock.bedrock_frames import framed

SAID = "said by the provider"
Refusal = tuple[Any, dict[str, str]]
"""A body and headers."""


def _google(status: int) -> Refusal:
    names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
    return {"error": {"code": status, "message": SAID, "status": names[status]}}, {}


def _claude(status: int) -> Refusal:
    kinds = {400: "invalid_request", 401: "authentication", 429: "rate_limit", 503: "overloaded"}
    return claude.error(f"{kinds[status]}_error", SAID), {}


def _aws(status: int) -> Refusal:
    names = {400: "Validation", 401: "UnrecognizedClient", 429: "Throttling", 503: "ServiceUnavailable"}
    return {"message": SAID}, {"x-amzn-errortype": f"{names[status]}Exception:http://internal.amazon.com/"}


def _openai(status: int) -> Refusal:
    kinds = {400: "invalid_request_error", 401: "invalid_request_error", 429: "requests", 503: "server_error"}
    codes = {400: "invalid_value", 401: "invalid_api_key", 429: "rate_limit_exceeded", 503: None}
    return {"error": {"message": SAID, "type": kinds[status], "param": None, "code": codes[status]}}, {}


def _ollama(status: int) -> Refusal:
    return {"error": SAID}, {}


REFUSALS: dict[str, Callable[[int], Refusal]] = {
    "gemini": _google,
    "express": _google,
    "vertex-gemini": _google,
    "vertex-claude": _claude,
    "bedrock": _aws,
    "bedrock-bearer": _aws,
    "relayed": _openai,
    "codex": _openai,
    "azure-dated": _openai,
    "ollama": _ollama,
}
KINDS = pytest.mark.parametrize("case", [pytest.param(CASES[name], id=name) for name in REFUSALS])


@FORMS
@pytest.mark.parametrize(
    ("status", "raised", "expected"),
    [
        pytest.param(400, openai.BadRequestError, 400, id="a-bad-request"),
        pytest.param(401, openai.InternalServerError, 502, id="the-gateway's-own-credential"),
        pytest.param(429, openai.RateLimitError, 429, id="a-limit"),
        pytest.param(503, openai.InternalServerError, 503, id="overloaded"),
    ],
)
@KINDS
def test_a_refusal(
    by: OpenAI,
    provider: Provider,
    case: Case,
    status: int,
    raised: type[openai.APIStatusError],
    expected: int,
    streamed: bool,
) -> None:
    body, headers = REFUSALS[case.model](status)
    provider.default = whole(body, status, {**headers, "retry-after": "7"})
    with pytest.raises(raised, match=SAID) as caught:
        asks(by, case, streamed)
    assert caught.value.status_code == expected
    assert (caught.value.code == "upstream_authentication_error") == (status == 401)
    if status == 429:
        assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.response.headers["x-gateway-model"].startswith(f"{case.provider}/")
    several_keys = case is CASES["relayed"] and status != 400
    assert len(provider.calls) == (2 if several_keys else 1)


BROKEN: dict[str, bytes] = {
    "gemini": data(_google(503)[0]),
    "vertex-claude": sse(claude.error("overloaded_error", SAID)),
    "bedrock": framed({":exception": "throttlingException", "message": SAID}),
    "relayed": data(_openai(503)[0]),
    "codex": sse({"type": "error", "code": "server_error", "message": SAID, "param": None, "sequence_number": 9}),
    "azure": data(_openai(503)[0]),
    "ollama": b'{"error": "said by the provider"}\n',
}
DIALECTS = pytest.mark.parametrize("case", [pytest.param(CASES[name], id=name) for name in BROKEN])


def begun(speech: Speech, *then: bytes, end: bytes = LAST_CHUNK) -> Script:
    """The first half of a stream, and what comes instead of the other."""
    pieces = speech.stream(Reply())

    async def script(call: Call) -> None:
        await call.send(head(200, {"content-type": speech.content_type, "transfer-encoding": "chunked"}))
        for piece in (*pieces[: len(pieces) // 2], *then):
            await call.send(chunk(piece))
        await call.send(end)
        call.cut()

    return script


@DIALECTS
@pytest.mark.parametrize(
    "what",
    [
        pytest.param("told", id="an-error-in-the-stream"),
        pytest.param("over", id="over-without-its-end"),
        pytest.param("cut", id="the-connection-cut"),
    ],
)
def test_a_broken_stream(by: OpenAI, provider: Provider, case: Case, what: str) -> None:
    broken = (BROKEN[case.model],) if what == "told" else ()
    provider.default = begun(case.speech, *broken, end=b"" if what == "cut" else LAST_CHUNK)
    chunks: list[Any] = []
    request: Any = {"model": case.model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 100}
    with pytest.raises(openai.APIError, match=SAID if broken else "stream|connection|answer") as caught:
        chunks.extend(by.chat.completions.create(**request, stream=True))
    choices = [choice for each in chunks for choice in each.choices]
    assert "Hello there".startswith("".join(choice.delta.content or "" for choice in choices))
    assert [choice.finish_reason for choice in choices] == [None] * len(choices)
    assert caught.value.type


@FORMS
@DIALECTS
def test_no_answer_at_all(by: OpenAI, provider: Provider, case: Case, streamed: bool) -> None:
    provider.default = whole(b"<html>a page of somebody's</html>", headers={"content-type": "text/html"})
    with pytest.raises(openai.InternalServerError) as caught:
        asks(by, case, streamed)
    assert (caught.value.status_code, caught.value.code) == (502, "bad_provider_answer")
    assert CLIENT_KEY not in caught.value.message


@pytest.mark.parametrize("where", ["whole", "in-the-stream"])
@KINDS
def test_our_credentials_said_back_to_us(by: OpenAI, provider: Provider, case: Case, where: str) -> None:
    """By an error's text, which otherwise goes on to the client."""
    quoted = ("authorization", "x-goog-api-key", "api-key", "x-amz-security-token")

    async def script(call: Call) -> None:
        headers_quoted = " and ".join(call.headers[name] for name in quoted if name in call.headers)
        body, headers = REFUSALS[case.model](503)
        error = json.loads(json.dumps(body).replace(SAID, f"{SAID}: {headers_quoted} is no good"))
        if where == "whole":
            await whole(error, 503, headers)(call)
        elif case.speech is CLAUDE:
            await begun(case.speech, sse(error))(call)
        elif case.speech is BEDROCK:
            await begun(case.speech, framed({":exception": "throttlingException", **error}))(call)
        elif case.speech is RESPONSES:
            await begun(case.speech, sse({**error["error"], "type": "error"}))(call)
        elif case.speech is OLLAMA:
            await begun(case.speech, json.dumps(error).encode() + b"\n")(call)
        else:
            await begun(case.speech, data(error))(call)

    provider.default = script
    with pytest.raises(openai.APIError, match=SAID) as caught:
        asks(by, case, where != "whole")
    received = json.dumps([caught.value.message, caught.value.body])
    assert [canary for canary in (*CANARIES, "Signature=") if canary in received] == []
    assert [name for call in provider.calls for name in quoted if call.headers.get(name, "nowhere") in received] == []
