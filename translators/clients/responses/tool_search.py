"""A search for tools that the client does itself, which a model knows as a function.

The client declares `tool_search` and holds most of its tools back; a call of it is an item of its own kind, and so is
its result, whose tools are declared from then on (openai/types/responses/response_tool_search_call.py).
"""

from collections.abc import Iterator
from typing import Any

from translators.clients.responses.shapes.items import TOOL_SEARCH_CALL, TOOL_SEARCH_OUTPUT
from translators.clients.responses.tools import SEARCH, Tools
from translators.framing.json_text import to_json


def as_function(item: dict[str, Any], at: str, tools: Tools) -> dict[str, Any]:
    """Return an item of a search by the client, `{"type": "tool_search_call", ...}` or `{"type": "tool_search_output",
    "tools": [...]}`, as an item of a function; any other item as it is. Declares the tools."""
    kind = item.get("type")
    if kind not in (TOOL_SEARCH_CALL, TOOL_SEARCH_OUTPUT) or item.get("execution") != "client":
        return item
    del item["execution"]
    if kind == TOOL_SEARCH_CALL:
        item |= {"type": "function_call", "name": SEARCH, "arguments": to_json(item["arguments"]).decode()}
        return item
    tools_found = item.pop("tools")
    item |= {"type": "function_call_output", "output": to_json({"tools": list(_names(tools_found, tools))}).decode()}
    tools.parse(tools_found, f"{at}.tools", again=True)
    return item


def _names(declared: list[dict[str, Any]], tools: Tools) -> Iterator[str]:
    for tool in declared:
        match tool:
            case {"type": "namespace", "name": str(space), "tools": list(inner)}:
                yield from (tools.name_of(space, each["name"]) for each in inner)
            case {"name": str(name)}:
                yield name
