"""Tool choice, as far as all providers read the client's alike: the tools that a model may call, and must."""

from translators.conversation import Tool, ToolChoice
from translators.errors import BadRequest
from translators.notes import Note

NO_SEARCH = "Where no tool may be called, the model cannot search the web either."


def check(choice: ToolChoice, tools: tuple[Tool, ...]) -> None:
    """Validate the choice. Raises `BadRequest` for one that none of `tools` can fulfil."""
    if choice.mode == "required" and not tools:
        raise BadRequest("A tool call is required, but no tool is declared.", param=choice.at)
    if choice.mode == "required" and choice.names is not None and not choice.names:
        raise BadRequest("A tool call is required, but no tool is allowed.", param=choice.at)
    check_names(choice, tools)


def check_names(choice: ToolChoice, tools: tuple[Tool, ...]) -> None:
    """Validate the names in the choice. Raises `BadRequest` for one that none of `tools` has."""
    known = {tool.name for tool in tools}
    for name in choice.names or ():
        if name not in known:
            raise BadRequest(f"The tool '{name[:128]}' is not declared in tools.", param=choice.at)


def forbids(choice: ToolChoice | None) -> bool:
    """Return whether no tool may be called."""
    return choice is not None and (choice.mode == "none" or (choice.names is not None and not choice.names))


def allowed(choice: ToolChoice | None, tools: tuple[Tool, ...], notes: list[Note]) -> tuple[Tool, ...]:
    """Return `tools` less those that the choice leaves out, where the provider's own choice cannot say so."""
    if choice is None or choice.names is None or choice.single:
        return tools
    chosen = choice.among(tools)
    if 0 < len(chosen) < len(tools):
        notes.append(Note(choice.at, "moved", detail="Tools that are not allowed are not sent."))
    return chosen or tools
