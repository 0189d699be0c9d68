"""What providers really say of a failure, and what every client gets of it, whole or in a stream."""

import json
from typing import Any

import pytest
from samples import CONTENT_TYPES, ENVELOPE, READINGS

from translators.dialects import Recall
from translators.passthrough import chat, completions, responses
from translators.pipe import Pipe
from translators.registry import CLIENTS, PROVIDERS

OPENAI = (PROVIDERS["openai"], PROVIDERS["openai-responses"], chat, completions, responses)


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


TOO_LONG = [
    pytest.param("openai", error("This endpoint's maximum context length is 8 tokens.", code=400), id="OpenRouter"),
    pytest.param("openai", error("Prompt has 9 tokens.", type="too_many_prompt_tokens", code=400), id="Perplexity"),
    pytest.param("openai", {"object": "error", "type": "BadRequestError", "code": 400,
                            "message": "This model's maximum context length is 8 tokens. However, you requested 9."},
                 id="vLLM"),
    pytest.param("openai", error("The decoder prompt (length 9) is longer than the maximum model length of 8."),
                 id="newer vLLM"),
    pytest.param("openai", error("The input (9 tokens) is longer than the model's context length (8 tokens)."),
                 id="SGLang"),
    pytest.param("openai", error("the request exceeds the available context size, try increasing it", code=400,
                                 type="exceed_context_size_error"), id="llama.cpp"),
    pytest.param("openai", error("Please reduce the length of the messages or completion.",
                                 type="invalid_request_error", code="context_length_exceeded"), id="Groq"),
    pytest.param("openai", {"object": "error", "type": "invalid_request_error", "code": "3051",
                            "message": "Prompt contains 9 tokens, too large for model with 8 maximum context length"},
                 id="Mistral"),
    pytest.param("openai", error("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8. Given: 9."),
                 id="Together"),
    pytest.param("openai", error("This model's maximum context length is 8 tokens. However, you requested 9 tokens.",
                                 type="invalid_request_error", code="invalid_request_error"), id="DeepSeek"),
    pytest.param("openai", {"code": "invalid-argument", "error": "This model's maximum prompt length is 8 but the "
                            "request contains 9 tokens."}, id="xAI"),
    pytest.param("openai", error("Invalid request: Your request exceeded model token limit: 8"), id="Moonshot"),
    pytest.param("openai", error("Prompt exceeds max length", code="1261"), id="Z.ai"),
    pytest.param("openai", error("<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 8]"),
                 id="Alibaba"),
    pytest.param("openai", error("prompt token count of 9 exceeds the limit of 8",
                                 code="model_max_prompt_tokens_exceeded"), id="Copilot"),
    pytest.param("openai", error("Provider returned error", code=400, metadata={
        "raw": json.dumps(error("prompt is too long: 9 tokens > 8 maximum")), "provider_name": "Anthropic"}),
                 id="behind OpenRouter"),
    pytest.param("openai", error("Input tokens exceed the configured limit of 8 tokens."), id="OpenAI"),
    pytest.param("openai-responses", error("Your input exceeds the context window of this model."), id="Responses"),
    pytest.param("bedrock", {"message": "Input is too long for requested model."}, id="Bedrock"),
    pytest.param("bedrock", {"message": "Input Tokens Exceeded: Number of input tokens exceeds maximum length."},
                 id="Nova"),
    pytest.param("bedrock", {"message": "Too many input tokens. Max input tokens: 8, request input token count: 9"},
                 id="Titan"),
    pytest.param("gemini", error("The input token count (9) exceeds the maximum number of tokens allowed (8).",
                                 status="INVALID_ARGUMENT", code=400), id="Gemini"),
    pytest.param("anthropic", {"type": "error", **error("prompt is too long: 9 tokens > 8 maximum",
                                                        type="invalid_request_error")}, id="Anthropic"),
    pytest.param("ollama", {"error": "prompt too long; exceeded max context length by 1 tokens"}, id="Ollama"),
    pytest.param("ollama", {"error": "the input length exceeds the context length"}, id="older Ollama"),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "body"), TOO_LONG)
def test_a_prompt_that_does_not_fit(provider: str, body: dict[str, Any]) -> None:
    for dialect in OPENAI if provider == "openai" else (PROVIDERS[provider],):
        failure = dialect.read_error(400, {}, json.dumps(body).encode())
        assert (failure.status, failure.type, failure.code) == (400, "invalid_request_error", "context_length_exceeded")


@pytest.mark.parametrize(
    "message",
    ["messages[0].content is too long", "The tool's description is too long.", "Invalid 'user': string too long.",
     "max_tokens is too large: 9. This model supports at most 8 completion tokens."],
)  # fmt: skip
def test_something_else_that_is_too_long(message: str) -> None:
    for dialect in (*OPENAI, PROVIDERS["anthropic"], PROVIDERS["gemini"], PROVIDERS["bedrock"]):
        body = {"message": message} if dialect.name == "bedrock" else error(message, type="invalid_request_error")
        failure = dialect.read_error(400, {}, json.dumps(body).encode())
        assert (failure.status, failure.code) == (400, None), dialect


KEYS = [
    pytest.param({"code": "invalid-argument", "error": "Incorrect API key provided: xa***. Obtain one."}, id="xAI"),
    pytest.param(error("Invalid API key.", code="invalid_api_key"), id="by its code"),
    pytest.param(error("API key not valid. Please pass a valid API key.", status="INVALID_ARGUMENT"), id="Google's"),
    pytest.param(error("No.", type="authentication_error"), id="by its type"),
]


@pytest.mark.parametrize("body", KEYS)
def test_a_key_that_is_refused_with_a_400(body: dict[str, Any]) -> None:
    for dialect in OPENAI:
        failure = dialect.read_error(400, {}, json.dumps(body).encode())
        assert (failure.status, failure.type, failure.code) == (502, "server_error", "upstream_authentication_error")


RAW = [
    pytest.param(json.dumps(error("Overloaded, try later.")), "Overloaded, try later.", id="JSON"),
    pytest.param(error("Overloaded, try later."), "Overloaded, try later.", id="an object"),
    pytest.param('{"error": "Overloaded."}', "Overloaded.", id="a text in it"),
    pytest.param("upstream connect error", "upstream connect error", id="a text"),
    pytest.param('{"status": 5}', '{"status": 5}', id="JSON of another form"),
    pytest.param("<html>503</html>", None, id="a page"),
    pytest.param(None, None, id="nothing"),
    pytest.param(5, None, id="a number"),
]


@pytest.mark.parametrize("status", [429, 502, 503])
@pytest.mark.parametrize(("raw", "text"), RAW)
def test_what_is_behind_a_providers_error(raw: Any, text: str | None, status: int) -> None:
    body = error("Provider returned error", code=status, metadata={"raw": raw, "provider_name": "Somebody"})
    expected = "Provider returned error" + (f": {text}" if text else "")
    for dialect in OPENAI:
        assert dialect.read_error(status, {}, json.dumps(body).encode()).message == expected


def test_what_is_behind_it_is_bounded() -> None:
    body = error("Provider returned error", metadata={"raw": "a" * 5000})
    for dialect in OPENAI:
        assert len(dialect.read_error(502, {}, json.dumps(body).encode()).message) <= 1000


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "data",
    [b"", b"data: {}\n\n", b"data: [DONE]\n\n", b"data: x\n\n",
     b'data: {"error": {"message": "No.", "type": "odd"}}\n\n',
     b'data: {"error": {"message": "No.", "code": 503}}\n\n', b'data: {"error": "Incorrect API key provided"}\n\n'],
    ids=["nothing", "an empty object", "an end", "no JSON", "an odd error", "a status", "a key"],
)  # fmt: skip
def test_what_breaks_a_stream_is_a_servers_error(data: bytes, client: str) -> None:
    """At which clients try again."""
    dialects = {"translated": (PROVIDERS["openai"], CLIENTS[client], READINGS[client].form)}
    if client != "responses":
        passthrough = chat if client == "chat" else completions
        dialects["passed through"] = (passthrough, passthrough, chat.Form(True))
    for name, (machine, writers, form) in dialects.items():
        writer = writers.streamed(form, ENVELOPE)
        made = Pipe(machine.answer(Recall("m")), writer, content_type=CONTENT_TYPES["sse"])
        made.feed(data)
        made.close()
        assert made.failure is not None, name
        assert (made.failure.status >= 500, made.failure.type) == (True, "server_error"), name
        kind = "code" if client == "responses" else "type"
        assert f'"{kind}":"server_error"' in writer.fail(made.failure).decode()


@pytest.mark.parametrize("status", [302, 401, 403, 500, 501, 502, 503, 504, 520, 529])
@pytest.mark.parametrize("body", [b"", b"<html>", json.dumps(error("No.", type="odd", code="odd")).encode()])
def test_a_whole_error_of_5xx_is_a_servers_error(status: int, body: bytes) -> None:
    for dialect in (*PROVIDERS.values(), chat, completions, responses):
        failure = dialect.read_error(status, {}, body)
        assert (failure.status >= 500, failure.type) == (True, "server_error"), dialect
