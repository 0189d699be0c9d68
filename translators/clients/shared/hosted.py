"""Kinds of tools that only OpenAI's models and servers know, in chats and in Responses."""

from collections.abc import Iterable

from translators.clients.shared.findings import Findings

_ELSEWHERE = "is run by OpenAI's own servers, and there is no such tool here"
_BY_CLIENTS = "is a tool that only OpenAI's models know; declare a function instead"
_DROPPED = "Only OpenAI's models and servers know it: the model has the other tools alone."
_REFUSALS = {
    "file_search": _ELSEWHERE,
    "code_interpreter": _ELSEWHERE,
    "image_generation": _ELSEWHERE,
    "mcp": _ELSEWHERE,
    "computer": _BY_CLIENTS,
    "computer_use": _BY_CLIENTS,
    "computer_use_preview": _BY_CLIENTS,
    "local_shell": _BY_CLIENTS,
    "shell": _BY_CLIENTS,
    "apply_patch": _BY_CLIENTS,
    "programmatic_tool_calling": _ELSEWHERE,
}
_SEARCH_REFUSED = "is a tool of POST /v1/responses; send `web_search_options` in a chat"
_SEARCH_DROPPED = "A chat asks for a search with web_search_options: the model has the other tools alone."
HOSTED = tuple(_REFUSALS)
SEARCHES = ("web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11")


def settle_hosted(hosted: Iterable[tuple[str, str]], others: bool, findings: Findings) -> None:
    """Note or refuse tools, each a kind and a path: a model can do without them where it has `others`."""
    for kind, at in hosted:
        if others:
            findings.note(at, "dropped", _DROPPED if kind in _REFUSALS else _SEARCH_DROPPED)
        else:
            findings.problem(f"{at}.type", _REFUSALS.get(kind, _SEARCH_REFUSED), "unsupported_parameter")
