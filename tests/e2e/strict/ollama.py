"""Ollama's /api/chat, as it objects."""

from collections.abc import Iterator
from typing import Any

from tests.e2e.strict.request import Called, Objection, Prompt, Request, Result, Saying

_ROLES = ("system", "user", "assistant", "tool")


def check(request: Request) -> None:
    for message in request.body["messages"]:
        if message["role"] not in _ROLES:
            raise Objection(f"invalid role: {message['role']}, must be one of {list(_ROLES)}")
        if not isinstance(message.get("content", ""), str):
            raise Objection(
                "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string"
            )
        for call in message.get("tool_calls", []):
            if not isinstance(call["function"]["arguments"], dict):
                raise Objection(
                    "json: cannot unmarshal string into Go struct field "
                    "ChatRequest.messages.tool_calls.function.arguments of type api.ToolCallFunctionArguments"
                )


def error(objection: Objection) -> Any:
    return {"error": objection.message}


def sayings(request: Request) -> Iterator[Saying]:
    """Results come in the order of their calls."""
    waiting: list[str] = []
    for turn, message in enumerate(request.body["messages"]):
        for place, call in enumerate(message.get("tool_calls", [])):
            waiting.append(f"{turn}.{place}")
            yield Called(waiting[-1], call["function"]["name"], call["function"]["arguments"])
        if message["role"] == "tool":
            if not waiting:
                raise Objection("a tool's message answers no call")
            yield Result(waiting.pop(0), message["content"])
        if message["role"] == "user":
            yield Prompt(message["content"])


def tools(request: Request) -> list[dict[str, Any]]:
    declared = [tool["function"] for tool in request.body.get("tools", [])]
    return [{"name": each["name"], "schema": each.get("parameters")} for each in declared]
