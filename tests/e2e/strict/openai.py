"""OpenAI's chat completions and Responses, as they object."""

import json
from collections.abc import Iterator
from typing import Any

from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionDeveloperMessageParam,
    ChatCompletionFunctionMessageParam,
    ChatCompletionSystemMessageParam,
    ChatCompletionToolMessageParam,
    ChatCompletionUserMessageParam,
)
from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from openai.types.responses import (
    EasyInputMessageParam,
    ResponseFunctionToolCallParam,
    ResponseOutputMessageParam,
    ResponseReasoningItemParam,
)
from openai.types.responses.response_create_params import ResponseCreateParamsBase
from openai.types.responses.response_input_item_param import FunctionCallOutput

from tests.e2e.strict.request import (
    Called,
    Objection,
    Prompt,
    Request,
    Result,
    Saying,
    fits,
    flat,
    is_genuine,
    repeated,
)

_MESSAGES = {
    "user": ChatCompletionUserMessageParam,
    "assistant": ChatCompletionAssistantMessageParam,
    "system": ChatCompletionSystemMessageParam,
    "developer": ChatCompletionDeveloperMessageParam,
    "tool": ChatCompletionToolMessageParam,
    "function": ChatCompletionFunctionMessageParam,
}
_ITEMS = {
    "reasoning": ResponseReasoningItemParam,
    "function_call": ResponseFunctionToolCallParam,
    "function_call_output": FunctionCallOutput,
}
_PREFIXES = {"reasoning": "rs", "function_call": "fc", "message": "msg", "function_call_output": "fc"}
_NAME = "[a-zA-Z0-9_-]{1,64}"


def error(objection: Objection) -> Any:
    kind = "invalid_request_error" if objection.status < 500 else "server_error"
    fields = {"message": objection.message, "type": kind, "param": objection.param}
    return {"error": {**fields, "code": None if objection.code == "invalid_request_error" else objection.code}}


def _unknown(fields: dict[str, Any], kind: Any, path: str = "") -> None:
    for name in fields:
        if name not in kind.__annotations__:
            raise Objection(f"Unknown parameter: '{path}{name}'.", code="unknown_parameter", param=path + name)


def _unsupported(body: dict[str, Any]) -> None:
    """Of models that think: none of these."""
    for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty", "logit_bias", "stop"):
        if name in body and body[name] != 1:
            complaint = f"Unsupported parameter: '{name}' is not supported with this model."
            raise Objection(complaint, code="unsupported_parameter", param=name)


def _invalid(path: str, words: str, code: str = "invalid_value") -> Objection:
    return Objection(f"Invalid '{path}': {words}", code=code, param=path)


def _too_long(path: str, text: str, most: int) -> Objection:
    words = f"string too long. Expected a string with maximum length {most}, but got a string with length {len(text)}"
    return _invalid(path, f"{words} instead.", "string_above_max_length")


# --- chat completions -------------------------------------------------------------------------------------


def check_chat(request: Request) -> None:
    body = {name: value for name, value in request.body.items() if name != "stream"}
    _unknown(body, CompletionCreateParamsBase)
    if "max_tokens" in body:
        complaint = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        raise Objection(complaint, code="unsupported_parameter", param="max_tokens")
    _unsupported(body)
    _check_names([tool["function"]["name"] for tool in body.get("tools", []) if "function" in tool], "function.name")
    if not body["messages"]:
        raise _invalid(
            "messages", "empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
    for at, message in enumerate(body["messages"]):
        _check_message(message, f"messages[{at}]")
    _check_chat_pairs(body["messages"])


def _check_names(names: list[str], field: str) -> None:
    for at, name in enumerate(names):
        if not fits(_NAME, name):
            words = "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
            raise _invalid(f"tools[{at}].{field}", words)
    if name := repeated(names):
        raise Objection(f"Duplicate function name: {name}", param="tools")


def _check_message(message: dict[str, Any], path: str) -> None:
    role = message["role"]
    if role not in _MESSAGES:
        raise Objection(
            f"Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and "
            "'developer'.",
            code="invalid_value",
            param=f"{path}.role",
        )
    _unknown(message, _MESSAGES[role], f"{path}.")
    if message.get("tool_calls") == []:
        raise _invalid(f"{path}.tool_calls", "empty array. Expected an array with minimum length 1", "empty_array")
    content = message.get("content")
    if not isinstance(content, str | list) and not (role == "assistant" and message.get("tool_calls")):
        raise Objection(
            f"Invalid value for 'content': expected a string, got {'null' if content is None else type(content)}.",
            param=f"{path}.content",
        )
    for at, call in enumerate(message.get("tool_calls", [])):
        _check_call(call, f"{path}.tool_calls[{at}]")


def _check_call(call: dict[str, Any], path: str) -> None:
    for name in call:
        if name not in ("id", "type", "function", "custom"):
            raise Objection(f"Unknown parameter: '{path}.{name}'.", code="unknown_parameter", param=f"{path}.{name}")
    if len(call["id"]) > 40:
        raise _too_long(f"{path}.id", call["id"], 40)
    if "function" in call and not isinstance(call["function"]["arguments"], str):
        words = "expected a string, but got an object instead."
        raise Objection(f"Invalid type for '{path}.function.arguments': {words}", code="invalid_type")


def _check_chat_pairs(messages: list[dict[str, Any]]) -> None:
    waiting: list[str] = []
    for at, message in enumerate([*messages, {"role": "end"}]):
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                raise Objection(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                    "'tool_calls'.",
                    param=f"messages.[{at}].role",
                )
            waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            raise Objection(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(waiting)}",
                param=f"messages.[{at}].role",
            )
        waiting = [call["id"] for call in message.get("tool_calls") or []]


def chat_sayings(request: Request) -> Iterator[Saying]:
    for message in request.body["messages"]:
        match message:
            case {"role": "user", "content": content}:
                yield Prompt(flat(content))
            case {"role": "tool", "tool_call_id": id, "content": content}:
                yield Result(id, flat(content))
            case {"role": "assistant", "tool_calls": list(calls)}:
                for call in calls:
                    yield Called(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))


def chat_tools(request: Request) -> list[dict[str, Any]]:
    declared = [tool["function"] for tool in request.body.get("tools", []) if "function" in tool]
    return [{"name": each["name"], "schema": each.get("parameters")} for each in declared]


# --- Responses --------------------------------------------------------------------------------------------


def check_responses(request: Request) -> None:
    body = {name: value for name, value in request.body.items() if name not in ("stream", "client_metadata")}
    _unknown(body, ResponseCreateParamsBase)
    _unsupported(body)
    _check_names([tool["name"] for tool in body.get("tools", []) if tool["type"] == "function"], "name")
    items = _items(body)
    for at, item in enumerate(items):
        _check_item(item, f"input[{at}]")
    _check_response_pairs(items)
    _check_company(items, request)


def _items(body: dict[str, Any]) -> list[dict[str, Any]]:
    value = body["input"]
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


def _check_item(item: dict[str, Any], path: str) -> None:
    kind, by_model = item.get("type", "message"), item.get("role") == "assistant"
    message = ResponseOutputMessageParam if by_model else EasyInputMessageParam
    if kind in ("message", *_ITEMS):
        told = {name: value for name, value in item.items() if name != "id"}  # Codex gives one to every item
        _unknown(told, _ITEMS.get(kind, message), f"{path}.")
    if (id := item.get("id")) is not None and kind in _PREFIXES:
        if not id.startswith(_PREFIXES[kind]):
            raise _invalid(f"{path}.id", f"'{id}'. Expected an ID that begins with '{_PREFIXES[kind]}'.")
        if len(id) > 64:
            raise _too_long(f"{path}.id", id, 64)
    _check_stored(item, kind)
    parts = item["content"] if kind == "message" and isinstance(item["content"], list) else []
    wanted = ("output_text", "refusal") if by_model else ("input_text", "input_image", "input_file")
    for at, part in enumerate(parts):
        if part["type"] not in wanted:
            values = " and ".join(f"'{each}'" for each in wanted)
            told = f"Invalid value: '{part['type']}'. Supported values are: {values}."
            raise Objection(told, code="invalid_value", param=f"{path}.content[{at}]")


def _check_stored(item: dict[str, Any], kind: str) -> None:
    """Nothing is stored here between requests, and encrypted content is opened."""
    sealed = item.get("encrypted_content")
    if sealed is not None and not is_genuine(sealed, "openai", "reasoning"):
        raise Objection(
            f"The encrypted content {sealed[:4]}...{sealed[-4:]} could not be verified. Reason: Encrypted content "
            "could not be decrypted or parsed.",
            code="invalid_encrypted_content",
        )
    if kind == "item_reference" or (kind == "reasoning" and sealed is None):
        raise Objection(
            f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to false. Try again "
            "with `store` set to true, or remove this item from your input.",
            404,
            param="input",
        )


def _check_response_pairs(items: list[dict[str, Any]]) -> None:
    calls = [item["call_id"] for item in items if item.get("type") == "function_call"]
    answered = [item["call_id"] for item in items if item.get("type") == "function_call_output"]
    for id in calls:
        if id not in answered:
            raise Objection(f"No tool output found for function call {id}.", param="input")
    for id in answered:
        if id not in calls:
            raise Objection(f"No tool call found for function call output with call_id {id}.", param="input")
    if id := repeated(calls) or repeated(answered):
        raise Objection(
            f"Duplicate item found with call_id {id}. Remove duplicate items from your input and try again."
        )


def _check_company(items: list[dict[str, Any]], request: Request) -> None:
    """A thought goes before what followed it, and what followed it not without it, if it comes under its own id.

    Codex ends with a thought when the rest of the answer was cut.
    """
    for at, item in enumerate(items):
        kind, id = item.get("type", "message"), item.get("id")
        following = items[at + 1] if at + 1 < len(items) else {"type": "end"}
        if kind == "reasoning" and not _may_follow(following):
            complaint = f"Item '{id}' of type 'reasoning' was provided without its required following item."
            raise Objection(complaint, param="input")
        thought = request.given.get(id) if id else None
        if thought is not None and not any(each.get("id") == thought for each in items[:at]):
            complaint = f"Item '{id}' of type '{kind}' was provided without its required 'reasoning' item: '{thought}'."
            raise Objection(complaint, param="input")


def _may_follow(item: dict[str, Any]) -> bool:
    """A thought."""
    by_model = item.get("type", "message") in ("message", "function_call", "reasoning", "end")
    return by_model and item.get("role") != "user"


def responses_sayings(request: Request) -> Iterator[Saying]:
    for item in _items(request.body):
        match item:
            case {"role": "user", "content": content}:
                yield Prompt(flat(content))
            case {"type": "function_call", "call_id": id, "name": name, "arguments": given}:
                yield Called(id, name, json.loads(given))
            case {"type": "function_call_output", "call_id": id, "output": output}:
                yield Result(id, flat(output))


def responses_tools(request: Request) -> list[dict[str, Any]]:
    declared = [tool for tool in request.body.get("tools", []) if tool["type"] == "function"]
    return [{"name": tool["name"], "schema": tool.get("parameters")} for tool in declared]
