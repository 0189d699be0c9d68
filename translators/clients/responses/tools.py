"""Parses `tools` and `tool_choice`. A tool in a namespace gets a name of its own on the way to a model:
`namespace__tool`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from translators.clients.shared.declared import TAKEN, Declared
from translators.clients.shared.findings import Findings
from translators.clients.shared.hosted import SEARCHES, settle_hosted
from translators.clients.shared.parts import cache_of
from translators.conversation import CustomTool, FunctionTool, Option, Tool, ToolChoice, WebSearch

_NO_DEFERRING = "All tools are sent at once, so there is nothing to search or to load later."
_LIVE_ONLY = "Every provider's search goes to the web, so the model has the other tools alone."
SEARCH = "tool_search"
"""The tool that a model calls to find tools that the client has not declared yet."""


@dataclass(slots=True)
class Tools:
    """The tools that `tools` and items of type `additional_tools` declare: `{"type": "function", "name": ...,
    "parameters": ...}`, `{"type": "custom", ...}`, `{"type": "namespace", "name": ..., "tools": [...]}`, `{"type":
    "web_search", ...}`."""

    findings: Findings
    spaced: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The namespace of a tool and its name there, by its name on its way to a model."""
    search: Option | None = None
    search_kinds: set[str] = field(default_factory=set)
    tool_search: str | None = None
    """The name on its way to a model of the search for tools that the client does itself."""
    _hosted: list[tuple[str, str]] = field(default_factory=list)
    """The kinds and paths of tools that only OpenAI has."""
    _cached_only: str | None = None
    """The place where a web search is declared that must not go to the web."""
    _within: dict[str, set[str]] = field(default_factory=dict)
    """The names of a tool on its way to a model, by its name in its namespace."""
    _declared: Declared = field(init=False)

    def __post_init__(self) -> None:
        self._declared = Declared(self.findings)

    @property
    def declared(self) -> tuple[Tool, ...]:
        return self._declared.tools

    def parse(self, tools: Iterable[dict[str, Any]], path: str, *, again: bool = False) -> None:
        """Declare tools. `again`: they are the result of a search, and may be declared already."""
        for index, tool in enumerate(tools):
            at = f"{path}[{index}]"
            match kind := tool.pop("type"):
                case "function" | "custom":
                    self._declare(kind, tool, at, again=again)
                case "namespace":
                    self._namespace(tool, at, again)
                case "tool_search":
                    self._tool_search(tool, at)
                case _ if kind in SEARCHES:
                    self.search_kinds.add(kind)
                    if tool.get("external_web_access") is False:
                        self._cached_only = at
                    else:
                        self.search = Option(self._web_search(tool, at), at)
                case _:
                    self._hosted.append((kind, at))

    def settle(self) -> None:
        """Refuse or drop the tools that only OpenAI has, when all tools are parsed: a model can do without them beside
        others."""
        settle_hosted(self._hosted, bool(self.declared), self.findings)

    def web_search(self) -> Option | None:
        """Return the web search, when all tools are parsed: beside tools of the client's own it is an offer, which a
        model need not use and a provider need not have."""
        if self._cached_only is not None:
            if self.declared:
                self.findings.note(self._cached_only, "dropped", _LIVE_ONLY)
                return None
            sentence = "cannot be false: every provider's search goes to the web"
            self.findings.problem(f"{self._cached_only}.external_web_access", sentence, "unsupported_parameter")
        if self.search is None or not self.declared:
            return self.search
        return replace(self.search, value=replace(self.search.value, offered=True))

    def name_of(self, namespace: str | None, name: str) -> str:
        """Return the name on the way to a model."""
        return f"{namespace}__{name}" if namespace else name

    def choice(self, wanted: Any) -> ToolChoice | None:
        """Return the choice; None is what every provider does by itself: free choice among the tools there are."""
        match wanted:
            case None | "auto":
                return None
            case "none":
                return ToolChoice("none") if self.declared else None
            case "required" | "any":  # the latter is Mistral's
                if not self.declared:
                    self.findings.problem("tool_choice", "needs at least one function or custom tool in tools")
                return ToolChoice("required")
            case {"type": "allowed_tools"}:
                return self._allowed(wanted)
            case {"type": "function" | "custom"}:
                wanted.pop("type")
                name = self._known(wanted, "tool_choice")
                return ToolChoice("required", (name,), single=True)
            case _:
                sentence = "cannot be forced; only functions and custom tools can"
                self.findings.problem("tool_choice.type", sentence, "unsupported_parameter")
                return None

    def _declare(
        self, kind: str, tool: dict[str, Any], at: str, namespace: str | None = None, *, again: bool = False
    ) -> None:
        wire = tool.pop("name")
        name = self.name_of(namespace, wire)
        space = (namespace, wire) if namespace else None
        known = name in self._declared
        if known and again:
            return
        if known and (name == self.tool_search or self.spaced.get(name) != space):
            self.findings.problem(f"{at}.name", TAKEN)
        if space:
            self.spaced[name] = space
            self._within.setdefault(wire, set()).add(name)
        if tool.pop("defer_loading", None) and not again:
            self.findings.note(f"{at}.defer_loading", "dropped", _NO_DEFERRING)
        _direct_only(tool, at, self.findings)
        description = tool.pop("description", None)
        if kind == "function":
            parameters, strict = tool.pop("parameters", None), tool.pop("strict", None)
            cache = cache_of(tool, at, self.findings) if tool else None
            declared: Tool = FunctionTool(name, description, parameters, strict, at, cache)
        else:
            syntax, grammar = self._format(tool.pop("format", None), f"{at}.format")
            declared = CustomTool(name, description, syntax, grammar, at)
        self._declared.add(declared, f"{at}.name")
        self.findings.unknown(at, tool)

    def _namespace(self, tool: dict[str, Any], at: str, again: bool) -> None:
        name = tool.pop("name")
        if tool.pop("description", None):
            self.findings.note(f"{at}.description", "dropped", "Tools of a namespace are sent one by one.")
        for index, inner in enumerate(tool.pop("tools")):
            self._declare(inner.pop("type"), inner, f"{at}.tools[{index}]", name, again=again)
        self.findings.unknown(at, tool)

    def _tool_search(self, tool: dict[str, Any], at: str) -> None:
        if tool.pop("execution", None) == "client":
            self.tool_search = SEARCH
            self._declare("function", {**tool, "name": SEARCH}, at)
        else:
            self.findings.note(at, "dropped", _NO_DEFERRING)

    def _web_search(self, tool: dict[str, Any], at: str) -> WebSearch:
        location = tool.pop("user_location", None)
        place = None
        if location is not None:
            location.pop("type", None)
            fields = {name: location.pop(name, None) for name in ("city", "country", "region", "timezone")}
            place = {name: value for name, value in fields.items() if value is not None} or None
            self.findings.unknown(f"{at}.user_location", location)
        filters = tool.pop("filters", None) or {}
        allowed, blocked = (tuple(filters.pop(name, None) or ()) for name in ("allowed_domains", "blocked_domains"))
        if any(filters.values()):
            sentence = "has a filter that no provider's search keeps to; send allowed_domains or blocked_domains"
            self.findings.problem(f"{at}.filters", sentence, "unsupported_parameter")
        if tool.get("external_web_access") is True:
            del tool["external_web_access"]
        search = WebSearch(tool.pop("search_context_size", None), place, allowed=allowed, blocked=blocked)
        self.findings.unknown(at, tool)
        return search

    def _format(self, shape: dict[str, Any] | None, at: str) -> tuple[str | None, str | None]:
        if shape is None:
            return None, None
        if shape.pop("type") == "text":
            self.findings.unknown(at, shape)
            return None, None
        syntax, grammar = shape.pop("syntax"), shape.pop("definition")
        self.findings.unknown(at, shape)
        return syntax, grammar

    def _allowed(self, wanted: dict[str, Any]) -> ToolChoice | None:
        names = []
        for index, tool in enumerate(wanted.pop("tools")):
            at = f"tool_choice.tools[{index}]"
            kind = tool.pop("type")
            if kind in ("function", "custom"):
                names.append(self._known(tool, at))
            elif kind not in self.search_kinds and kind not in dict(self._hosted):
                self.findings.problem(f"{at}.type", "is the type of no tool in this request; declare it in tools")
        mode = wanted.pop("mode")
        wanted.pop("type")
        self.findings.unknown("tool_choice", wanted)
        if names:
            return ToolChoice(mode, tuple(dict.fromkeys(names)))
        if mode == "required":
            sentence = "needs a function or a custom tool, since only these can be forced"
            self.findings.problem("tool_choice.tools", sentence, "unsupported_parameter")
        return ToolChoice("none") if self.declared else None

    def _known(self, named: dict[str, Any], at: str) -> str:
        name = self.name_of(named.pop("namespace", None), named.pop("name"))
        self.findings.unknown(at, named)
        if name in self._declared:
            return name
        inside = self._within.get(name, set())
        if len(inside) == 1:
            return next(iter(inside))
        self.findings.problem(f"{at}.name", "is the name of no tool in this request; declare it in tools")
        return name


def _direct_only(tool: dict[str, Any], at: str, findings: Findings) -> None:
    """Refuse a tool that only a program may call: it cannot be called at all here."""
    callers = tool.pop("allowed_callers", None)
    if isinstance(callers, list) and callers and "direct" not in callers:
        findings.problem(
            f"{at}.allowed_callers", "must have direct: programs are not run here", "unsupported_parameter"
        )


def echoed(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool as the answer repeats it, with the fields that the SDK's models require."""
    if tool.get("type") == "function":
        return {"parameters": None, "strict": None, **tool}
    return dict(tool)
