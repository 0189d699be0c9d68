"""What a chat request must not be: every problem by its path, all of them at once, and none with a prompt in it."""

import copy
from typing import Any

import pytest

from translators.clients import chat
from translators.errors import BadRequest, Failure

HI = {"role": "user", "content": "hi"}
WEATHER = {"type": "function", "function": {"name": "weather"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
SECRET = "the prompt that nobody may read"


def refused(body: Any) -> Failure:
    before = copy.deepcopy(body)
    with pytest.raises(BadRequest) as caught:
        chat.parse(body)
    assert body == before
    failure = caught.value.failure
    assert (failure.status, failure.type) == (400, "invalid_request_error")
    assert SECRET not in failure.message
    return failure


def user(*parts: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}]}


def image(url: Any) -> dict[str, Any]:
    return user({"type": "image_url", "image_url": {"url": url}})


def file(**fields: Any) -> dict[str, Any]:
    return user({"type": "file", "file": fields})


def assistant(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", **fields}]}


def messages(*turns: Any) -> dict[str, Any]:
    return {"messages": list(turns)}


def allowed(*tools: Any) -> dict[str, Any]:
    return {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": list(tools)}}


@pytest.mark.parametrize("body", [pytest.param(body, id=repr(body)) for body in ([], None, "x", 1)])
def test_the_body_must_be_an_object(body: Any) -> None:
    assert refused(body) == Failure(
        400, "The request body must be a JSON object.", "invalid_request_error", None, "invalid_type"
    )


P0 = "messages[0].content[0]"
WRONG_TYPES: list[tuple[dict[str, Any], str]] = [
    ({name: SECRET}, name)
    for name in (
        *("temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "n", "max_tokens", "top_k"),
        *("max_completion_tokens", "top_logprobs", "logprobs", "parallel_tool_calls", "store", "stream"),
        *("stream_options", "logit_bias", "metadata", "modalities", "audio", "prediction", "moderation", "tools"),
        *("functions", "prompt_cache_options", "web_search_options", "response_format", "reasoning", "thinking"),
        *("tool_choice", "function_call", "verbosity", "service_tier", "reasoning_effort", "prompt_cache_retention"),
        *("messages", "extra_body"),
    )
] + [
    ({"model": 3}, "model"),
    ({"model": None}, "model"),
    ({"model": ""}, "model"),
    ({"messages": []}, "messages"),
    ({"user": 3}, "user"),
    ({"stop": 3}, "stop"),
    ({"stop": ["a", 3]}, "stop[1]"),
    ({"stop": list("abcde")}, "stop"),
    ({"temperature": "0.5"}, "temperature"),
    ({"temperature": True}, "temperature"),
    ({"temperature": 2.1}, "temperature"),
    ({"temperature": float("nan")}, "temperature"),
    ({"top_p": -0.1}, "top_p"),
    ({"frequency_penalty": 3}, "frequency_penalty"),
    ({"presence_penalty": -3}, "presence_penalty"),
    ({"n": 0}, "n"),
    ({"n": True}, "n"),
    ({"n": 1.5}, "n"),
    ({"seed": 2**63}, "seed"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ({"top_logprobs": 2}, "top_logprobs"),
    ({"logit_bias": {"1": 101}}, "logit_bias.1"),
    ({"metadata": {str(i): "x" for i in range(17)}}, "metadata"),
    ({"metadata": {"k": 3}}, "metadata.k"),
    ({"modalities": ["video"]}, "modalities[0]"),
    ({"audio": {"voice": "alloy"}}, "audio.format"),
    ({"prediction": {"type": "content", "content": 3}}, "prediction.content"),
    ({"moderation": {"model": "m", "policy": {"input": {"mode": "x"}}}}, "moderation.policy.input.mode"),
    ({"response_format": {}}, "response_format.type"),
    ({"response_format": {"type": "xml"}}, "response_format.type"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
    ({"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}, "response_format.json_schema.name"),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": []}}},
        "response_format.json_schema.schema",
    ),
    (
        {"web_search_options": {"user_location": {"type": "approximate"}}},
        "web_search_options.user_location.approximate",
    ),
    ({"reasoning": {"effort": "some"}}, "reasoning.effort"),
    ({"extra_body": {"top_k": "x"}}, "extra_body.top_k"),
    ({"extra_body": {"reasoning": {"max_tokens": 0}}}, "extra_body.reasoning.max_tokens"),
    ({"stream_options": {"include_usage": True}}, "stream_options"),
    ({"stream": True, "stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
    ({"tools": [3]}, "tools[0]"),
    ({"tools": [{}]}, "tools[0].type"),
    ({"tools": [{"type": "teleport"}]}, "tools[0].type"),
    ({"tools": [{"type": "function", "name": "f"}]}, "tools[0].function"),
    ({"tools": [WEATHER, {"type": "function", "function": {"name": "a b"}}]}, "tools[1].function.name"),
    ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0].function.name"),
    ({"tools": [{"type": "function", "function": {"name": "a" * 129}}]}, "tools[0].function.name"),
    ({"tools": [{"type": "function", "function": {"name": "a", "parameters": "x"}}]}, "tools[0].function.parameters"),
    ({"tools": [{"type": "function", "function": {"name": "a", "strict": "x"}}]}, "tools[0].function.strict"),
    ({"tools": [{"type": "custom", "custom": {"name": "a", "format": {"type": "x"}}}]}, "tools[0].custom.format.type"),
    (
        {"tools": [{"type": "custom", "custom": {"name": "a", "format": {"type": "grammar", "grammar": {}}}}]},
        "tools[0].custom.format.grammar.definition",
    ),
    ({"tools": [WEATHER], "functions": [{"name": "f"}]}, "functions"),
    ({"tools": [WEATHER, {"type": "custom", "custom": {"name": "weather"}}]}, "tools[1].custom.name"),
    (
        {"tools": [WEATHER, {"type": "function", "function": {"name": "weather", "description": "x"}}]},
        "tools[1].function.name",
    ),
    ({"functions": [{"name": "f"}, {"name": "f", "parameters": {"type": "object"}}]}, "functions[1].name"),
    ({"functions": [{}]}, "functions[0].name"),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"tool_choice": 3}, "tool_choice"),
    ({"tool_choice": {"type": "x"}}, "tool_choice.type"),
    ({"tool_choice": WEATHER}, "tool_choice.function.name"),
    ({"tools": [WEATHER], "tool_choice": {"type": "custom", "custom": {"name": "x"}}}, "tool_choice.custom.name"),
    ({"tools": [WEATHER], "tool_choice": allowed()}, "tool_choice.allowed_tools.tools"),
    (
        {"tools": [WEATHER], "tool_choice": allowed(WEATHER, {"type": "function", "function": {"name": "x"}})},
        "tool_choice.allowed_tools.tools[1].function.name",
    ),
    ({"tools": [WEATHER], "tool_choice": "auto", "function_call": "auto"}, "function_call"),
    ({"functions": [{"name": "f"}], "function_call": {"name": "g"}}, "function_call.name"),
    (messages(3), "messages[0]"),
    (messages({"content": "x"}), "messages[0].role"),
    (messages(HI, {"role": SECRET, "content": "x"}), "messages[1].role"),
    (messages({"role": ["user"], "content": "x"}), "messages[0].role"),
    (messages({"role": "user"}), "messages[0].content"),
    (messages({"role": "user", "content": None}), "messages[0].content"),
    (messages({"role": "user", "content": 3}), "messages[0].content"),
    (messages({"role": "user", "content": "x", "name": 3}), "messages[0].name"),
    (messages({"role": "system", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}), f"{P0}.type"),
    (messages({"role": "tool", "content": "x"}), "messages[0].tool_call_id"),
    (messages({"role": "function", "content": "x"}), "messages[0].name"),
    (user(3), P0),
    (user({"text": SECRET}), f"{P0}.type"),
    (user({"type": "video"}), f"{P0}.type"),
    (user({"type": "refusal", "refusal": "x"}), f"{P0}.type"),
    (user({"type": "text", "text": 3}), f"{P0}.text"),
    (user({"type": "text", "text": "x", "cache_control": {"type": "x"}}), f"{P0}.cache_control.type"),
    ({"prompt_cache_options": {"prewarm": True}}, "prompt_cache_options.prewarm"),
    (
        {"messages": [{"role": "user", "content": "x", "prompt_cache_breakpoint": "x"}]},
        "messages[0].prompt_cache_breakpoint",
    ),
    (
        {"tools": [{"type": "function", "function": {"name": "f"}, "prompt_cache_breakpoint": "x"}]},
        "tools[0].prompt_cache_breakpoint",
    ),
    (
        user({"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "1h"}}),
        f"{P0}.prompt_cache_breakpoint.ttl",
    ),
    (user({"type": "image_url", "image_url": 3}), f"{P0}.image_url"),
    (user({"type": "image_url", "image_url": "x"}), f"{P0}.image_url"),
    (user({"type": "image_url", "image_url": {"url": "http://x", "detail": "x"}}), f"{P0}.image_url.detail"),
    (image(3), f"{P0}.image_url.url"),
    (image(""), f"{P0}.image_url"),
    (image("https://"), f"{P0}.image_url"),
    (image("ftp://x/y.png"), f"{P0}.image_url"),
    (image("file:///etc/passwd"), f"{P0}.image_url"),
    (image("data:image/png;base64"), f"{P0}.image_url"),
    (image("data:image/png;base64,"), f"{P0}.image_url"),
    (image("data:image/png;base64,A"), f"{P0}.image_url"),
    (image("data:image/png;base64,AA AA"), f"{P0}.image_url"),
    (image("data:image/png;base64,\u00e4\u00f6\u00fc\u00e4"), f"{P0}.image_url"),
    (image("data:image/svg+xml,%3Csvg"), f"{P0}.image_url"),
    (image("data:video/mp4;base64,AAAA"), f"{P0}.image_url"),
    (user({"type": "input_audio", "input_audio": {"data": "A", "format": "wav"}}), f"{P0}.input_audio.data"),
    (user({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "ogg"}}), f"{P0}.input_audio.format"),
    (file(), f"{P0}.file"),
    (file(file_id="a", file_data="AAAA"), f"{P0}.file"),
    (file(file_id=""), f"{P0}.file.file_id"),
    (file(file_data="%%"), f"{P0}.file.file_data"),
    (file(file_data="data:application/pdf,xx"), f"{P0}.file.file_data"),
    (assistant(content=[{"type": "input_audio"}]), f"{P0}.type"),
    (assistant(audio={"id": "a"}), "messages[0].audio"),
    (assistant(audio={}), "messages[0].audio.id"),
    (assistant(thinking_blocks=[{"type": "x"}]), "messages[0].thinking_blocks[0].type"),
    (assistant(thinking_blocks=[{"type": "thinking"}]), "messages[0].thinking_blocks[0].thinking"),
    (assistant(provider_content=[{"dialect": "d"}]), "messages[0].provider_content[0].block"),
    (assistant(tool_calls=[{"id": "a"}]), "messages[0].tool_calls[0].function"),
    (assistant(tool_calls=[{**CALL, "type": "x"}]), "messages[0].tool_calls[0].type"),
    (assistant(tool_calls=[{**CALL, "id": ""}]), "messages[0].tool_calls[0].id"),
    (
        assistant(tool_calls=[{**CALL, "function": {"name": "f", "arguments": {}}}]),
        "messages[0].tool_calls[0].function.arguments",
    ),
]


@pytest.mark.parametrize(
    ("fields", "param"), [pytest.param(*row, id=f"{row[1]}-{i}") for i, row in enumerate(WRONG_TYPES)]
)
def test_a_wrong_field_is_named(fields: dict[str, Any], param: str) -> None:
    failure = refused({"model": "m", "messages": [HI], **fields})
    assert failure.param == param
    assert failure.message.startswith(f"{param} ")
    assert "pydantic" not in failure.message
    assert "<" not in failure.message
    assert ";" not in failure.message.replace("; ", "", 1)


RESULT = {"role": "tool", "tool_call_id": "c1", "content": "x"}
ASKED = {"role": "assistant", "tool_calls": [CALL]}
LEGACY = {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}
RETURNED = {"role": "function", "name": "f", "content": "x"}


@pytest.mark.parametrize(
    ("turns", "param", "problem"),
    [
        pytest.param((HI, RESULT), "messages[1].tool_call_id", "no tool call before", id="result-without-call"),
        pytest.param((ASKED, HI), "messages[0].tool_calls[0]", "has no result", id="call-without-result"),
        pytest.param((HI, ASKED), "messages[1].tool_calls[0]", "has no result", id="call-at-the-end"),
        pytest.param((ASKED, HI, RESULT), "messages[0].tool_calls[0]", "other messages separate", id="result-too-late"),
        pytest.param((ASKED, RESULT, RESULT), "messages[2].tool_call_id", "answered already", id="result-twice"),
        pytest.param(
            ({"role": "assistant", "tool_calls": [CALL, CALL]}, RESULT),
            "messages[0].tool_calls[1].id",
            "give each its own",
            id="id-twice",
        ),
        pytest.param(
            ({"role": "assistant", "tool_calls": [CALL, {**CALL, "id": "c2"}]}, RESULT),
            "messages[0].tool_calls[1]",
            "has no result",
            id="one-of-two",
        ),
        pytest.param((RETURNED,), "messages[0]", "answers no function_call", id="function-without-call"),
        pytest.param((LEGACY, HI), "messages[0].function_call", "has no result", id="function-call-unanswered"),
        pytest.param((LEGACY, RETURNED, RETURNED), "messages[2]", "answers no function_call", id="function-twice"),
        pytest.param(
            ({**ASKED, **LEGACY}, RESULT, RETURNED),
            "messages[0].function_call",
            "beside tool_calls",
            id="both-forms-of-call",
        ),
    ],
)
def test_calls_and_results_are_pairs(turns: tuple[Any, ...], param: str, problem: str) -> None:
    failure = refused({"model": "m", "messages": list(turns)})
    assert failure.param == param
    assert problem in failure.message


def test_ids_may_come_again_in_a_later_message() -> None:
    request = chat.parse({"model": "m", "messages": [ASKED, RESULT, ASKED, RESULT]})
    assert [turn.role for turn in request.conversation.turns] == ["assistant", "tool", "assistant", "tool"]


@pytest.mark.parametrize(
    "name",
    [
        *("input", "instructions", "previous_response_id", "conversation", "max_output_tokens", "text", "include"),
        *("truncation", "background", "max_tool_calls", "context_management", "prompt"),
    ],
)
def test_fields_of_other_endpoints(name: str) -> None:
    failure = refused({"model": "m", "messages": [HI], name: SECRET})
    assert (failure.param, failure.code) == (name, "unknown_parameter")
    assert "POST /v1/responses" in failure.message
    inside = refused({"model": "m", "messages": [HI], "extra_body": {name: SECRET}})
    assert inside.param == f"extra_body.{name}"


def test_all_problems_are_told_at_once() -> None:
    failure = refused(
        {
            "messages": [{"role": "user", "content": [{"type": "text", "text": 3}, {"type": "x"}]}],
            "input": SECRET,
            "temperature": SECRET,
        }
    )
    assert failure == Failure(
        400,
        "input belongs to POST /v1/responses; send `messages`; model is required; "
        "messages[0].content[0].text must be a string; "
        "messages[0].content[1].type must be one of text, image_url, file, input_audio; "
        "temperature must be a number.",
        "invalid_request_error",
        "input",
        "unknown_parameter",
    )


def test_what_only_the_meaning_shows_is_told_at_once() -> None:
    failure = refused({"model": "m", "tool_choice": "required", "top_logprobs": 1, **image("ftp://x")})
    assert failure.message == (
        "messages[0].content[0].image_url must be a data: URL in base64 or an http(s) URL; "
        "tool_choice needs at least one entry in tools; top_logprobs needs logprobs to be true."
    )


def test_a_tool_of_the_responses_form() -> None:
    failure = refused({"model": "m", "messages": [HI], "tools": [{"type": "function", "name": "f"}]})
    assert failure.message == (
        "tools[0].function is required and holds the name and the parameters (POST /v1/responses has them outside)."
    )


def test_a_message_stays_short() -> None:
    failure = refused({"model": "m", "messages": [{"role": "user"}] * 1000, "metadata": {SECRET * 1000: 3}})
    assert "and 962 more problems" in failure.message
    assert len(failure.message) < 4000


def test_a_made_up_key_is_cut_and_cleaned() -> None:
    assert refused({"model": "m", "messages": [HI], "metadata": {"a\n b" + "c" * 99: 3}}).param == (
        "metadata.a__b" + "c" * 60
    )


@pytest.mark.parametrize("kind", ["image_generation", "code_interpreter", "mcp", "local_shell", "web_search"])
def test_a_hosted_tool_alone_is_refused(kind: str) -> None:
    failure = refused({"model": "m", "messages": [HI], "tools": [{"type": kind}, {"type": kind}]})
    assert (failure.param, failure.code) == ("tools[0].type", "unsupported_parameter")
    assert ("web_search_options" in failure.message) == (kind == "web_search")


@pytest.mark.parametrize("value", [[{"type": "compaction"}], "auto"], ids=["a list", "a word"])
def test_what_manages_context_in_responses_is_no_field_of_a_chat(value: Any) -> None:
    failure = refused({"model": "m", "messages": [HI], "context_management": value})
    assert (failure.param, failure.code) == ("context_management", "unknown_parameter")
