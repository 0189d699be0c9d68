"""The tools that a request declares, each name once."""

from dataclasses import replace

from translators.clients.shared.findings import Findings
from translators.conversation import FunctionTool, Tool

TAKEN = "is the name of another tool, too; give each its own"
_TWICE = "The same tool is declared before: it is sent once."


class Declared:
    """The tools in the order in which they are declared. Whoever calls `f` cannot say which of two tools `f` it
    means."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._tools: dict[str, Tool] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def add(self, tool: Tool, path: str) -> None:
        """Add a tool whose name stands at `path`. One that was added before is noted, another of its name is a
        problem."""
        known = self._tools.setdefault(tool.name, tool)
        if known is tool:
            return
        if _defined(known) != _defined(tool):
            self._findings.problem(path, TAKEN)
            return
        self._findings.note(tool.at, "dropped", _TWICE)
        if isinstance(known, FunctionTool) and isinstance(tool, FunctionTool) and known.cache is None:
            self._tools[tool.name] = replace(known, cache=tool.cache)

    @property
    def tools(self) -> tuple[Tool, ...]:
        return tuple(self._tools.values())


def _defined(tool: Tool) -> Tool:
    """Return a tool without the fields that the model does not see."""
    return replace(tool, at="", cache=None) if isinstance(tool, FunctionTool) else replace(tool, at="")
