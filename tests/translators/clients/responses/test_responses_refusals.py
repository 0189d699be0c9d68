"""What a Responses request must not be: every problem by its path, and none with a prompt in it."""

import copy
from typing import Any

import pytest

from translators.clients import responses
from translators.clients.responses.shapes import items as item_shapes
from translators.clients.shared.hosted import HOSTED
from translators.errors import BadRequest, Failure

HI = {"role": "user", "content": "hi"}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "x"}
FUNCTION = {"type": "function", "name": "f"}
SECRET = "the prompt that nobody may read"


def refused(body: Any) -> Failure:
    before = copy.deepcopy(body)
    with pytest.raises(BadRequest) as caught:
        responses.parse(body)
    assert body == before
    failure = caught.value.failure
    assert (failure.status, failure.type) == (400, "invalid_request_error")
    assert SECRET not in failure.message
    return failure


def items(*entries: Any) -> dict[str, Any]:
    return {"input": list(entries)}


def part(**fields: Any) -> dict[str, Any]:
    return items({"role": "user", "content": [fields]})


def tools(*tools: Any, **fields: Any) -> dict[str, Any]:
    return {"input": "x", "tools": list(tools), **fields}


UNSUPPORTED, BAD = "unsupported_parameter", "invalid_value"
P = "input[0].content[0]"
CASES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "input", "missing_required_parameter"),
    ({"input": 5}, "input", "invalid_type"),
    ({"input": []}, "input", "invalid_value"),
    (items(5), "input[0]", "invalid_type"),
    (items({}), "input[0].type", "missing_required_parameter"),
    (items({"type": "other"}), "input[0].type", "invalid_value"),
    (items({"role": "tool", "content": "x"}), "input[0].role", "invalid_value"),
    (items({"role": "user"}), "input[0].content", "missing_required_parameter"),
    (items({"role": "user", "content": [{"type": "x"}]}), f"{P}.type", "invalid_value"),
    (part(type="input_text"), f"{P}.text", "missing_required_parameter"),
    (part(type="input_image"), P, "invalid_value"),
    (part(type="input_image", image_url="ftp://x"), f"{P}.image_url", "invalid_value"),
    (part(type="input_image", image_url="data:audio/wav;base64,AAAA"), f"{P}.image_url", "invalid_value"),
    (part(type="input_file"), P, "invalid_value"),
    (part(type="input_file", file_id="f", file_url="https://a/b"), P, "invalid_value"),
    (part(type="input_file", file_url="b"), f"{P}.file_url", "invalid_value"),
    (part(type="input_file", file_data="%"), f"{P}.file_data", "invalid_value"),
    (part(type="input_audio", input_audio={"data": "%", "format": "wav"}), f"{P}.input_audio.data", "invalid_value"),
    (items(CALL), "input[0]", "invalid_value"),
    (items(CALL, HI), "input[0]", "invalid_value"),
    (items(OUTPUT), "input[0].call_id", "invalid_value"),
    (items(OUTPUT, CALL), "input[0].call_id", "invalid_value"),
    (
        items({"type": "tool_search_output", "execution": "client", "call_id": "c", "tools": [{"type": "mcp"}]}),
        "input[0].call_id",
        "invalid_value",
    ),
    (tools({"type": "tool_search", "execution": "client"}, {**FUNCTION, "name": "tool_search"}), "tools[1].name", BAD),
    (items(CALL, OUTPUT, CALL), "input[2]", "invalid_value"),
    (items(CALL, CALL, OUTPUT), "input[1].call_id", "invalid_value"),
    (items({**OUTPUT, "call_id": None}), "input[0].call_id", "invalid_type"),
    (items({**CALL, "arguments": {}}), "input[0].arguments", "invalid_type"),
    (items({"type": "item_reference", "id": "msg_1"}), "input[0].id", "item_not_found"),
    (items({"id": "msg_1"}), "input[0].id", "item_not_found"),
    *((items({"type": kind}), "input[0].type", UNSUPPORTED) for kind in item_shapes.CLIENTS),
    *((items({"type": kind}), "input[0].type", UNSUPPORTED) for kind in item_shapes.COMPACTED),
    (items({"type": "additional_tools", "tools": [{"type": "mcp"}]}, HI), "input[0].tools[0].type", UNSUPPORTED),
    *((tools({"type": kind}), "tools[0].type", UNSUPPORTED) for kind in HOSTED),
    (tools({"type": "other"}), "tools[0].type", "invalid_value"),
    (tools({"type": "function", "function": {"name": "f"}}), "tools[0].name", "missing_required_parameter"),
    (tools(FUNCTION, {**FUNCTION, "description": "Another."}), "tools[1].name", "invalid_value"),
    (tools(FUNCTION, {"type": "custom", "name": FUNCTION["name"]}), "tools[1].name", "invalid_value"),
    (
        tools(
            {"type": "function", "name": "a__b"},
            {"type": "namespace", "name": "a", "tools": [{**FUNCTION, "name": "b"}]},
        ),
        "tools[1].tools[0].name",
        "invalid_value",
    ),
    (tools({"type": "namespace", "name": "a", "tools": [{"type": "mcp"}]}), "tools[0].tools[0].type", "invalid_value"),
    (tools({"type": "web_search", "external_web_access": False}), "tools[0].external_web_access", UNSUPPORTED),
    (tools({"type": "web_search", "filters": {"type": "x"}}), "tools[0].filters", UNSUPPORTED),
    (
        tools({"type": "web_search", "filters": {"allowed_domains": "a"}}),
        "tools[0].filters.allowed_domains",
        "invalid_type",
    ),
    ({"input": "x", "prompt_cache_options": {"prewarm": True}}, "prompt_cache_options.prewarm", UNSUPPORTED),
    (tools({**FUNCTION, "allowed_callers": ["programmatic"]}), "tools[0].allowed_callers", UNSUPPORTED),
    (tools(tool_choice="required"), "tool_choice", "invalid_value"),
    (tools(tool_choice="any"), "tool_choice", "invalid_value"),
    (tools(FUNCTION, tool_choice={"type": "function", "name": "g"}), "tool_choice.name", "invalid_value"),
    (tools({"type": "web_search"}, tool_choice={"type": "web_search"}), "tool_choice.type", UNSUPPORTED),
    (
        tools(tool_choice={"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp"}]}),
        "tool_choice.tools[0].type",
        "invalid_value",
    ),
    (
        tools(
            {"type": "web_search"},
            tool_choice={"type": "allowed_tools", "mode": "required", "tools": [{"type": "web_search"}]},
        ),
        "tool_choice.tools",
        UNSUPPORTED,
    ),
    ({"input": "x", "background": True}, "background", UNSUPPORTED),
    ({"input": "x", "conversation": "conv_1"}, "conversation", UNSUPPORTED),
    ({"input": "x", "conversation": {"id": "conv_1"}}, "conversation", UNSUPPORTED),
    ({"input": "x", "prompt": {"id": "p"}}, "prompt", UNSUPPORTED),
    ({"input": "x", "context_management": [{"type": "compaction"}]}, "context_management", UNSUPPORTED),
    ({"input": "x", "context_management": "auto"}, "context_management", UNSUPPORTED),
    ({"input": "x", "previous_response_id": "resp_1"}, "previous_response_id", UNSUPPORTED),
    ({"input": "x", "max_output_tokens": 0}, "max_output_tokens", "invalid_value"),
    ({"input": "x", "temperature": 3}, "temperature", "invalid_value"),
    ({"input": "x", "stream": "yes"}, "stream", "invalid_type"),
    ({"input": "x", "text": {"format": {"type": "json_schema"}}}, "text.format.name", "missing_required_parameter"),
    ({"input": "x", "text": {"format": {"type": "xml"}}}, "text.format.type", "invalid_value"),
    ({"input": "x", "reasoning": {"effort": "huge"}}, "reasoning.effort", "invalid_value"),
    ({"input": "x", "messages": [HI]}, "messages", "unknown_parameter"),
    ({"input": "x", "max_tokens": 5}, "max_tokens", "unknown_parameter"),
    ({"input": "x", "stop": "END"}, "stop", "unknown_parameter"),
    ({"input": "x", "n": 2}, "n", "unknown_parameter"),
    ({"input": "x", "response_format": {"type": "json_object"}}, "response_format", "unknown_parameter"),
]


@pytest.mark.parametrize(
    ("fields", "param", "code"), CASES, ids=[f"{index} {case[1]}" for index, case in enumerate(CASES)]
)
def test_a_refusal(fields: dict[str, Any], param: str, code: str) -> None:
    failure = refused({"model": "m", **fields})
    assert (failure.param, failure.code) == (param, code)


@pytest.mark.parametrize("body", [None, 5, "x", []], ids=repr)
def test_the_body_must_be_an_object(body: Any) -> None:
    assert refused(body).code == "invalid_type"


def test_a_model_is_needed() -> None:
    assert refused({"input": "x"}).param == "model"


def test_all_problems_are_told_at_once() -> None:
    failure = refused({"model": "m", "input": [{"role": "user", "content": SECRET}], "background": True, "top_p": 7})
    assert failure.param == "background"
    assert "top_p must be at most 1" in failure.message


def test_all_problems_of_the_meaning_are_told_at_once() -> None:
    fields = tools({"type": "mcp", "server_label": SECRET}, tool_choice="required")
    failure = refused({"model": "m", **fields, "input": [CALL]})
    assert failure.message.count(";") == 3
