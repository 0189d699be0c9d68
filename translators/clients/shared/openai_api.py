"""The surroundings of an answer that the dialects of OpenAI's API have in common: the client's key, errors, lists of
models."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import to_json

from translators.dialects import Counted, Listed
from translators.errors import Failure

JSON = ("content-type", "application/json")
PING = b": ping\n\n"
"""A comment, which every reader of server-sent events skips."""


def presented_key(headers: Mapping[str, str]) -> str | Failure:
    """Return the key of `Authorization: Bearer KEY` (RFC 9110: the scheme in any case), without that header the one of
    `x-api-key: KEY`, or the 401 that says what is wrong."""
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    key = key.strip()
    if scheme.lower() == "bearer" and key:
        return key
    if not scheme and (key := headers.get("x-api-key", "").strip()):
        return key
    if not scheme:
        return unauthorized("You did not provide an API key. Send it as a header: Authorization: Bearer KEY.")
    return unauthorized("The Authorization header is not of the form: Authorization: Bearer KEY.")


def unauthorized(message: str) -> Failure:
    return Failure(401, message, "invalid_request_error", None, "invalid_api_key", {"www-authenticate": "Bearer"})


def error(failure: Failure) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Return headers and body of an answer that is an error: `{"error": {"message", "type", "param", "code"}}`, with
    the headers that the failure brings."""
    return (JSON, *failure.headers.items()), to_json(failure.body())


def model(listed: Listed) -> dict[str, Any]:
    """Return OpenAI's `Model`: `{"id", "object": "model", "created", "owned_by"}`, and where they are known
    `display_name` and `context_length`, as other makers' lists have them."""
    known = {"display_name": listed.display_name, "context_length": listed.context_length}
    more = {name: value for name, value in known.items() if value is not None}
    return {"id": listed.id, "object": "model", "created": listed.created, "owned_by": listed.owned_by, **more}


def models(listed: Iterable[Listed]) -> dict[str, Any]:
    """Return `{"object": "list", "data": [Model, ...]}`."""
    return {"object": "list", "data": [model(each) for each in listed]}


def keepalive() -> bytes:
    """Return what may be sent between any two events of a stream and means nothing."""
    return PING


def counted(body: Mapping[str, Any]) -> Counted:
    """Return what limits count of a body in OpenAI's format: `messages` or `input`, and every list of tools."""
    items = {name: body.get(name) for name in ("messages", "input")}
    entries = items["input"] if isinstance(items["input"], list) else []
    late = [each.get("tools") for each in entries if isinstance(each, dict)]
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and "allowed_tools" in choice:
        choice = choice["allowed_tools"]
    chosen = choice.get("tools") if isinstance(choice, dict) else None
    tools = {"tools": [body.get("tools")], "functions": [body.get("functions")], "tool_choice": [chosen], "input": late}
    return Counted(items, tools)
