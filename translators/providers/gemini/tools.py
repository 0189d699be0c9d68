"""Tools and who must call them (https://ai.google.dev/gemini-api/docs/function-calling): `tools` and `toolConfig`."""

from typing import Any

from translators.conversation import (
    Conversation,
    CustomTool,
    FunctionTool,
    Knobs,
    Tool,
    ToolCall,
    WebSearch,
)
from translators.errors import BadRequest
from translators.notes import Note
from translators.providers.gemini.parts import AUTOMATIC
from translators.providers.gemini.profiles import Profile
from translators.providers.gemini.schemas import Subset
from translators.providers.shared.custom_tools import as_function
from translators.providers.shared.tool_choice import allowed, check, forbids
from translators.providers.shared.wire_names import ToolNames

_MOVED = "What Gemini does not know of JSON Schema went into descriptions, in {} places."
_MOST = 512
_NAME = r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}"

Config = dict[str, Any]


class Toolbox:
    """The tools of one request. Tools that only its history shows need not be declared."""

    def __init__(self, conversation: Conversation, profile: Profile, notes: list[Note]) -> None:
        self._conversation, self._profile, self._notes = conversation, profile, notes
        called = [part for turn in conversation.turns for part in turn.parts if isinstance(part, ToolCall)]
        self.custom = {tool.name for tool in conversation.tools if isinstance(tool, CustomTool)}
        self.names = ToolNames((*(tool.name for tool in conversation.tools), *(part.name for part in called)), _NAME)
        self._searches = False
        if len(conversation.tools) > _MOST:
            raise BadRequest(f"This model takes {_MOST} tools at most.", param="tools")

    def written(self, knobs: Knobs) -> list[Config]:
        """Return `tools`: `{"functionDeclarations": [...]}`, `{"googleSearch": {}}`. Raises `BadRequest`."""
        declared = [self._tool(tool) for tool in self._sent()]
        self._searches = self._web_search(knobs)
        functions = [{"functionDeclarations": declared}] if declared else []
        return [{"googleSearch": {}}, *functions] if self._searches else functions

    def config(self, knobs: Knobs) -> Config:
        """Return `toolConfig`, `{"functionCallingConfig": {"mode": ...}}`; empty for what is the default."""
        option = knobs.pop("parallel_tool_calls")
        if option is not None and option.value is False and self._conversation.tools:
            why = "This model cannot be told to call one tool at a time."
            self._notes.append(Note(option.at, "dropped", False, detail=why))
        config: Config = {}
        if self._searches and self._conversation.tools:
            config["includeServerSideToolInvocations"] = True
        if calling := self._calling():
            config["functionCallingConfig"] = calling
        return config

    def _sent(self) -> tuple[Tool, ...]:
        """Return all tools, or those that are allowed where no mode can keep the model to them."""
        choice = self._conversation.tool_choice
        if choice is None or choice.mode != "auto" or self._profile.validated:
            return self._conversation.tools
        return allowed(choice, self._conversation.tools, self._notes)

    def _calling(self) -> Config:
        """Return `functionCallingConfig`: `{"mode": "ANY", "allowedFunctionNames": [...]}`."""
        choice, profile = self._conversation.tool_choice, self._profile
        if choice is not None:
            check(choice, self._conversation.tools)
        if not self._conversation.tools:
            return {}
        if forbids(choice):
            return {"mode": "NONE"}
        names = [self.names[name] for name in dict.fromkeys(choice.names or ())] if choice else []
        strict = self._strict()
        if choice is not None and choice.mode == "required":
            return {"mode": "ANY"} | ({"allowedFunctionNames": names} if names else {})
        if not profile.validated or not (names or strict):
            return {}
        return {"mode": "VALIDATED"} | ({"allowedFunctionNames": names} if names else {})

    def _strict(self) -> bool:
        """Return whether the model must keep to a tool's schema. There is one switch for all tools."""
        strict = [tool for tool in self._conversation.tools if isinstance(tool, FunctionTool) and tool.strict]
        if strict and not self._profile.validated:
            why = "This model cannot enforce a tool's schema."
            self._notes += [Note(f"{tool.at}.strict", "dropped", True, detail=why) for tool in strict]
        return bool(strict)

    def _tool(self, tool: Tool) -> Config:
        function = as_function(tool, self._notes)
        written: Config = {"name": self.names[function.name]}
        if written["name"] != function.name:
            why = "The provider's names have no such characters; answers tell the client's own."
            self._notes.append(Note(f"{function.at}.name", "approximated", detail=why))
        if function.description:
            written["description"] = function.description
        if function.cache:
            self._notes.append(Note(function.at, "dropped", detail=AUTOMATIC))
        if schema := self._schema(function):
            written["parametersJsonSchema"] = schema
        return written

    def _schema(self, tool: FunctionTool) -> Config:
        """Return the parameters as an object's schema; nothing for a function without any. Raises `BadRequest`."""
        if not tool.parameters:
            return {}
        kind = tool.parameters.get("type")
        if kind not in (None, "object"):
            raise BadRequest("The parameters of a tool must be an object schema.", param=tool.at or "tools")
        if tool.parameters.get("properties") == {} and tool.parameters.keys() <= {
            "type",
            "properties",
            "required",
            "additionalProperties",
            "$schema",
        }:
            return {}
        subset = Subset()
        schema = subset.of(tool.parameters)
        if kind is None and "$ref" not in schema:
            schema = {"type": "object", **schema}
        if subset.moved:
            self._notes.append(Note(f"{tool.at}.parameters", "approximated", detail=_MOVED.format(subset.moved)))
        return schema

    def _web_search(self, knobs: Knobs) -> bool:
        option = knobs.pop("web_search")
        if option is None:
            return False
        wanted: WebSearch = option.value
        for name, value in (("search_context_size", wanted.size), ("user_location", wanted.location)):
            if value:
                self._notes.append(Note(f"{option.at}.{name}", "dropped", detail="Its search cannot be told so."))
        return True
