"""Amazon Bedrock's Converse with a Claude behind it, as they object."""

import base64
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from tests.e2e.strict import anthropic
from tests.e2e.strict.request import Called, Objection, Prompt, Request, Result, Saying, flat

_BEHIND = "The model returned the following errors: "


@cache
def _shape() -> Any:
    return botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape


def check(request: Request) -> None:
    body = request.body
    report = ParamValidator().validate({"modelId": request.model, **body}, _shape())
    if report.has_errors():
        raise Objection(report.generate_report(), code="ValidationException")
    messages = body["messages"]
    if messages[0]["role"] != "user":
        raise Objection(
            "A conversation must start with a user message. Try again with a conversation that starts with a user "
            "message.",
            code="ValidationException",
        )
    for at, message in enumerate(messages):
        _check_message(message, at, messages[at - 1]["role"] if at else None)
    _check_pairs(messages)
    kinds = {kind for message in messages for block in message["content"] for kind in block}
    if kinds & {"toolUse", "toolResult"} and "toolConfig" not in body:
        raise Objection(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
            code="ValidationException",
        )
    _check_behind(request)


def error(objection: Objection) -> Any:
    return {"message": objection.message, "__type": objection.code}


def _check_message(message: dict[str, Any], at: int, before: str | None) -> None:
    if message["role"] == before:
        raise Objection(
            "A conversation must alternate between user and assistant roles. Make sure the conversation alternates "
            "between user and assistant roles and try again.",
            code="ValidationException",
        )
    for place, block in enumerate(message["content"]):
        if "text" in block and not block["text"].strip():
            raise Objection(
                f"The text field in the ContentBlock object at messages.{at}.content.{place} is blank. Add text to the "
                "text field, and try again.",
                code="ValidationException",
            )


def _check_pairs(messages: list[dict[str, Any]]) -> None:
    calls: list[str] = []
    for at, message in enumerate([*messages, {"content": []}]):
        results = [block["toolResult"]["toolUseId"] for block in message["content"] if "toolResult" in block]
        if missing := [id for id in calls if id not in results]:
            raise Objection(
                f"Expected toolResult blocks at messages.{at}.content for the following Ids: {', '.join(missing)}",
                code="ValidationException",
            )
        if len(results) > len(calls):
            raise Objection(
                f"The number of toolResult blocks at messages.{at}.content exceeds the number of toolUse blocks of "
                "previous turn.",
                code="ValidationException",
            )
        calls = [block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block]


def _check_behind(request: Request) -> None:
    """What Claude itself objects to, of settings and thoughts."""
    model = name(request.model)
    more, config = request.body.get("additionalModelRequestFields", {}), request.body.get("inferenceConfig", {})
    renamed = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p"}
    settings = {new: config[old] for old, new in renamed.items() if old in config}
    body = {"max_tokens": 4096, **settings, **more, "messages": messages(request)}
    seen = Request(model, body, request.streamed, request.given)
    try:
        for at, tool in enumerate(request.body.get("toolConfig", {}).get("tools", [])):
            if "toolSpec" in tool:
                schema = tool["toolSpec"]["inputSchema"]["json"]
                anthropic.check_schema(schema, f"tools.{at}.custom.input_schema")
        thinks = anthropic.check_settings(body, anthropic.MODELS[model])
        anthropic.check_thoughts(seen, anthropic.merged(body["messages"]), thinks)
        anthropic._check_end(body["messages"][-1], anthropic.MODELS[model])
    except Objection as objection:
        raise Objection(_BEHIND + objection.message, code="ValidationException") from None


def name(model: str) -> str:
    return model.removeprefix("us.").removeprefix("anthropic.")


def messages(request: Request) -> list[dict[str, Any]]:
    """As Claude reads them."""
    return [
        {"role": message["role"], "content": [_block(block) for block in message["content"]]}
        for message in request.body["messages"]
    ]


def _block(block: dict[str, Any]) -> dict[str, Any]:
    match block:
        case {"reasoningContent": {"reasoningText": thought}}:
            return {"type": "thinking", "thinking": thought["text"], "signature": thought.get("signature")}
        case {"reasoningContent": {"redactedContent": data}}:
            return {"type": "redacted_thinking", "data": base64.b64decode(data).decode()}
        case {"toolUse": call}:
            return {"type": "tool_use", "id": call["toolUseId"], "name": call["name"], "input": call["input"]}
        case {"toolResult": result}:
            return {"type": "tool_result", "tool_use_id": result["toolUseId"], "content": flat(result["content"])}
    return {"type": "text", **block}


def sayings(request: Request) -> Iterator[Saying]:
    for message in request.body["messages"]:
        for block in message["content"]:
            match block:
                case {"text": text} if message["role"] == "user":
                    yield Prompt(text)
                case {"toolUse": call}:
                    yield Called(call["toolUseId"], call["name"], call["input"])
                case {"toolResult": result}:
                    yield Result(result["toolUseId"], str(result["content"]))


def tools(request: Request) -> list[dict[str, Any]]:
    declared = [tool["toolSpec"] for tool in request.body.get("toolConfig", {}).get("tools", []) if "toolSpec" in tool]
    return [{"name": each["name"], "schema": each["inputSchema"]["json"]} for each in declared]


def thinks(request: Request) -> bool:
    thinking = request.body.get("additionalModelRequestFields", {}).get("thinking", {})
    return thinking.get("type", "disabled") != "disabled"
