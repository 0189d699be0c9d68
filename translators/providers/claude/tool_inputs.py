"""The inputs of tools as Claude takes them: `input_schema` and the inputs of calls.

It refuses alternatives, references and unusual keys at the root of a schema, and takes them inside.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from translators.conversation import FunctionTool, Tool
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.claude.object_schemas import KeyNames, NoObject, plain_object

_KEY, _LONGEST_KEY = r"[a-zA-Z0-9_.-]{1,64}", 64
_ANY_KEY, _NO_LIMIT = r"(?s:.*)", 2**31
_MERGED = "Alternatives cannot stand at the root: they are merged into one object, whose description tells them."
_RESPELLED = "The provider's keys have no such characters, or are shorter; answers tell the client's own."


class ToolInputs:
    """The inputs of one request's tools. `any_key`: the model takes keys of any characters."""

    def __init__(self, tools: Iterable[Tool], notes: list[Note], *, any_key: bool = False) -> None:
        self._notes = notes
        self._spelling = (_ANY_KEY, _NO_LIMIT) if any_key else (_KEY, _LONGEST_KEY)
        self._keys = {tool.name: self._names(tool) for tool in tools if isinstance(tool, FunctionTool)}

    def schema(self, tool: FunctionTool) -> dict[str, Any]:
        """Return the parameters as a plain object under the wire's keys. Raises `BadRequest`."""
        at = tool.at or "tools"
        try:
            plain, loosened = plain_object(tool.parameters or {"type": "object", "properties": {}})
        except NoObject:
            raise BadRequest("The parameters of a tool must be an object schema.", param=at) from None
        if loosened:
            self._notes.append(Note(f"{at}.parameters", "approximated", detail=_MERGED))
        keys = self._keys.get(tool.name) or self._names(tool)
        self._keys[tool.name] = keys
        if keys.restored:
            self._notes.append(Note(f"{at}.parameters.properties", "approximated", detail=_RESPELLED))
        return keys.schema(plain)

    def given(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the arguments of an earlier call of the tool `name` under the wire's keys."""
        return self._keys[name].arguments(arguments) if name in self._keys else arguments

    def restored(self) -> dict[str, dict[str, str]]:
        """Return `Recall.keys`: by tool, the wire's keys and the client's, where they differ."""
        return {name: keys.restored for name, keys in self._keys.items() if keys.restored}

    def _names(self, tool: FunctionTool) -> KeyNames:
        try:
            plain, _ = plain_object(tool.parameters or {})
        except NoObject:
            plain = {}
        return KeyNames(plain, *self._spelling)
